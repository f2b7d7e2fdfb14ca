/// A cookie to set, and its `Set-Cookie` value (RFC 6265bis §4.1).
public struct ResponseCookie: Sendable, Equatable {
  public enum SameSite: String, Sendable {
    case lax = "Lax"
    case strict = "Strict"
    case none = "None"
  }

  public enum Problem: Error, Sendable, Equatable {
    /// Not a token.
    case name
    /// A byte above 0x7F or a control character: browsers disagree about them.
    case value
    /// A `;` or a byte that is not visible ASCII.
    case domain, path
    /// Name and value beyond 4096 bytes, or an attribute beyond 1024: browsers drop such a cookie silently
    /// (RFC 6265bis §5.6).
    case size
    /// `SameSite=None` and `Partitioned` need `Secure`.
    case needsSecure
    /// `__Secure-` needs `Secure`.
    case securePrefix
    /// `__Host-` needs `Secure`, `Path=/` and no `Domain`.
    case hostPrefix
  }

  public var name: String
  public var value: String
  public var domain: String?
  public var path: String? = "/"
  /// Seconds from now; 0 and less delete the cookie.
  public var maxAge: Int?
  /// Seconds since the epoch.
  public var expires: Int?
  public var isSecure = false
  public var isHTTPOnly = false
  public var isPartitioned = false
  /// Nil leaves the attribute out.
  public var sameSite: SameSite? = .lax

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// A cookie that makes the browser forget the one of that name, path and domain.
  public static func deleting(_ name: String, path: String? = "/", domain: String? = nil) -> ResponseCookie {
    var cookie = ResponseCookie(name: name, value: "")
    cookie.path = path
    cookie.domain = domain
    cookie.maxAge = 0
    cookie.expires = 0
    let lower = name.lowercased()
    cookie.isSecure = lower.hasPrefix("__host-") || lower.hasPrefix("__secure-")
    return cookie
  }

  /// The field value. A cookie that browsers would refuse is a problem here, where its author sees it.
  public func fieldValue() throws(Problem) -> String {
    try check()
    var text = "\(name)=\(Self.quoted(value))"
    // The `=` between them does not count; quoting can have made the value longer.
    guard text.utf8.count - 1 <= 4096 else { throw .size }
    if let domain { text += "; Domain=\(domain)" }
    if let path { text += "; Path=\(path)" }
    if let maxAge { text += "; Max-Age=\(max(maxAge, 0))" }
    if let expires { text += "; Expires=\(HTTPDate.string(expires))" }
    if isHTTPOnly { text += "; HttpOnly" }
    if isSecure { text += "; Secure" }
    if let sameSite { text += "; SameSite=\(sameSite.rawValue)" }
    if isPartitioned { text += "; Partitioned" }
    return text
  }

  private func check() throws(Problem) {
    guard Array(name.utf8).withUnsafeBytes({ FieldSyntax.isName($0) }) else { throw .name }
    guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { throw .value }
    guard (domain ?? "").utf8.count <= 1024, (path ?? "").utf8.count <= 1024
    else { throw .size }
    if let domain {
      guard !domain.isEmpty, domain.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") }) else {
        throw .domain
      }
    }
    if let path {
      guard path.utf8.first == UInt8(ascii: "/"),
        path.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") })
      else { throw .path }
    }
    if !isSecure && (sameSite == SameSite.none || isPartitioned) { throw .needsSecure }
    // Browsers compare the prefixes without letter case (RFC 6265bis §5.7), and servers must not differ from them.
    let lower = name.lowercased()
    if lower.hasPrefix("__secure-") && !isSecure { throw .securePrefix }
    if lower.hasPrefix("__host-") && (!isSecure || path != "/" || domain != nil) { throw .hostPrefix }
  }

  /// As it is where it is made of cookie-octets (RFC 6265bis §4.1.1); else in double quotes with octal escapes, which
  /// `RequestCookies.unquoted` and Python read back.
  private static func quoted(_ value: String) -> String {
    let isPlain = value.utf8.allSatisfy { byte in
      byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",") && byte != UInt8(ascii: ";")
        && byte != UInt8(ascii: "\\")
    }
    if isPlain { return value }
    var text = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case ";": text += "\\073"
      case ",": text += "\\054"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
