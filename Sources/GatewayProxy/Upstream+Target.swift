import GatewayHTTP
import NIOCore

extension Upstream {
  /// One address of an upstream.
  public struct Target: Sendable, CustomStringConvertible {
    enum Endpoint: Sendable {
      /// Needs no resolver.
      case address(SocketAddress)
      /// Resolved at every connect, so that a changed name needs no reload.
      case name(String, port: Int)
      case unixSocket(path: String)
    }

    let endpoint: Endpoint
    /// What `Host` says where the upstream's own name is sent: host, and port where it is not 80.
    public let authority: String
    /// `host: …` and line end, ready to be written.
    let hostLine: ByteBuffer
    /// As logs show it.
    public let description: String

    /// A target reached by TCP. `host` is an IPv4 or IPv6 address (without brackets) or a DNS name.
    /// Nil where host or port cannot be one, or `authority` may not stand in a field.
    public init?(host: String, port: Int, authority: String? = nil) {
      guard !host.isEmpty, (1...65535).contains(port) else { return nil }
      let bracketed = host.contains(":") ? "[\(host)]" : host
      if let address = try? SocketAddress(ipAddress: host, port: port) {
        endpoint = .address(address)
      } else {
        guard !host.contains(":"), Target.isHost(host) else { return nil }
        endpoint = .name(host, port: port)
      }
      description = "\(bracketed):\(port)"
      self.authority = authority ?? (port == 80 ? bracketed : description)
      guard let line = Target.hostLine(self.authority) else { return nil }
      hostLine = line
    }

    /// A target reached through a Unix domain socket. Nil where the path does not fit the system's address (107 bytes).
    public init?(unixSocket path: String, authority: String = "localhost") {
      guard let address = try? SocketAddress(unixDomainSocketPath: path), case .unixDomainSocket = address,
        let line = Target.hostLine(authority)
      else { return nil }
      endpoint = .unixSocket(path: path)
      self.authority = authority
      hostLine = line
      description = "unix:\(path)"
    }

    static func hostLine(_ authority: String) -> ByteBuffer? {
      var lines = FieldLines(capacity: authority.utf8.count + 8)
      guard isHost(authority), lines.append("host", authority) else { return nil }
      return lines.bytes
    }

    /// Characters of a host and port (RFC 3986 §3.2.2): no blanks, no delimiters of other parts of a URL.
    static func isHost(_ text: String) -> Bool {
      !text.isEmpty && text.utf8.count <= 255
        && text.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "@"), UInt8(ascii: "\\"),
            UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: ","):
            false
          default: byte > 0x20 && byte < 0x7F
          }
        }
    }
  }
}
