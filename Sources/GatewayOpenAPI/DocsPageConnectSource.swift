/// What `connect-src` must say for a server of the document (CSP Level 3, section 2.3.1). The answer is made of checked
/// characters only, so that no server's address can add a directive to the policy.
enum ConnectSource: Equatable {
  case ownOrigin
  case origin(String)
  case unnameable

  init(server: String) {
    let bytes = Array(server.utf8)
    let separator = Array("://".utf8)
    let scheme = bytes.prefix { Self.isSchemeByte($0) || Self.isBrace($0) }
    let afterScheme = bytes[scheme.endIndex...]
    if afterScheme.starts(with: separator) {
      let name = String(decoding: scheme, as: UTF8.self).lowercased()
      // A scheme that is a variable: left out, the source stands for the page's own scheme and its secure variant.
      guard name == "http" || name == "https" || (name.hasPrefix("{") && name.hasSuffix("}")) else {
        self = .unnameable
        return
      }
      self.init(authority: afterScheme.dropFirst(3), scheme: name.hasPrefix("{") ? "" : name + "://")
    } else if bytes.starts(with: Array("//".utf8)) {
      self.init(authority: bytes.dropFirst(2), scheme: "")
    } else if afterScheme.first == UInt8(ascii: ":") || server.isEmpty || bytes.contains(UInt8(ascii: "\\")) {
      // `mailto:…`, and what browsers read as a slash.
      self = .unnameable
    } else {
      self = .ownOrigin
    }
  }

  private init(authority rest: ArraySlice<UInt8>, scheme: String) {
    let authority = rest.prefix { !"/?#".utf8.contains($0) }
    var host = authority.prefix { $0 != UInt8(ascii: ":") }
    let port = authority[host.endIndex...]
    var prefix = ""
    // A variable in the leftmost label becomes a wildcard, if at least two labels follow: never a whole `*.com`.
    if host.contains(where: Self.isBrace) {
      let label = host.prefix { $0 != UInt8(ascii: ".") }
      host = host[label.endIndex...].dropFirst()
      guard host.contains(UInt8(ascii: ".")) else {
        self = .unnameable
        return
      }
      prefix = "*."
    }
    guard !host.isEmpty, host.allSatisfy(Self.isHostByte), let suffix = Self.port(port.dropFirst()) else {
      self = .unnameable
      return
    }
    self = .origin(scheme + prefix + String(decoding: host, as: UTF8.self).lowercased() + suffix)
  }

  private static func port(_ bytes: ArraySlice<UInt8>) -> String? {
    if bytes.isEmpty { return "" }
    if bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") { return ":*" }
    let isNumber = bytes.count <= 5 && bytes.allSatisfy { $0 &- 0x30 < 10 }
    return isNumber ? ":" + String(decoding: bytes, as: UTF8.self) : nil
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
  }
  private static func isBrace(_ byte: UInt8) -> Bool { byte == 0x7B || byte == 0x7D }
  private static func isSchemeByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "+-._".utf8.contains(byte) }
  private static func isHostByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "-._".utf8.contains(byte) }
}
