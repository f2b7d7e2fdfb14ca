/// Where a listener waits for connections.
public enum ListenAddress: Sendable, Hashable {
  /// An IPv4 or IPv6 address, or a name (every address it has), and a port; port 0 lets the kernel choose.
  /// The host `*` means every address of the machine, IPv4 and IPv6; `0.0.0.0` IPv4 only, `::` IPv6 only.
  case tcp(host: String, port: Int)
  /// A Unix socket at a path, made with `mode`.
  case unix(path: String, mode: UInt16 = 0o660)
}

extension ListenAddress: LosslessStringConvertible {
  /// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `*:8080`, `:8080` (same as `*`) or `unix:/run/gateway.sock`;
  /// nil for anything else. A port is 0…65535.
  public init?(_ text: String) {
    if let path = text.dropping(prefix: "unix:") {
      guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
      self = .unix(path: String(path))
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = ListenAddress.port(text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.first == "[" {
      guard host.last == "]", host.count > 2 else { return nil }
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil  // An IPv6 address without brackets: its last group would be taken for the port.
    }
    self = .tcp(host: host.isEmpty ? "*" : String(host), port: port)
  }

  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path, _): "unix:\(path)"
    }
  }

  private static func port(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text), port <= 65535
    else { return nil }
    return port
  }
}

extension String {
  fileprivate func dropping(prefix: String) -> Substring? {
    hasPrefix(prefix) ? dropFirst(prefix.count) : nil
  }
}
