/// A cookie for the client to keep, as RFC 6265bis has it. Safe unless said otherwise: sent over TLS only, not readable
/// by scripts, not sent along from other sites.
public struct SetCookie: Sendable {
  /// Whether requests that other sites cause carry the cookie.
  public enum SameSite: String, Sendable {
    case strict = "Strict"
    case lax = "Lax"
    /// Needs `isSecure`.
    case none = "None"
  }

  /// A token of RFC 9110; `__Secure-` and `__Host-` ask for what their names say.
  public var name: String
  /// Without blanks, quotes, commas, semicolons, backslashes and what is not ASCII: encode those.
  public var value: String
  /// Sent along below this path only. Nil: below the path of the request.
  public var path: String? = "/"
  /// Nil: for this host only.
  public var domain: String?
  /// Nil: until the browser is closed. Zero or less: forget it now.
  public var maxAge: Duration?
  /// Until then; `maxAge` counts where both are given.
  public var expires: Timestamp?
  /// Sent over TLS only.
  public var isSecure = true
  /// Scripts cannot read it.
  public var isHTTPOnly = true
  /// Sent along from other sites: never, on top-level navigation, or always.
  public var sameSite = SameSite.lax
  /// Kept apart for each top-level site. Needs `isSecure`.
  public var isPartitioned = false

  /// A safe cookie for this host, until the browser is closed.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// Makes the client forget a cookie; path and domain must be those it was set with.
  public static func deleting(_ name: String, path: String? = "/", domain: String? = nil) -> SetCookie {
    var cookie = SetCookie(name, "")
    cookie.path = path
    cookie.domain = domain
    cookie.maxAge = .zero
    cookie.expires = Timestamp(seconds: 0)
    return cookie
  }

  /// The field's value. Throws where browsers would refuse or misread the cookie.
  public func fieldValue() throws(CookieInvalid) -> String {
    try check()
    var text = "\(name)=\(value)"
    if let domain { text += "; Domain=\(domain)" }
    if let path { text += "; Path=\(path)" }
    if let maxAge { text += "; Max-Age=\(Swift.max(0, maxAge.components.seconds))" }
    if let expires { text += "; Expires=\(expires.httpDate)" }
    if isSecure { text += "; Secure" }
    if isHTTPOnly { text += "; HttpOnly" }
    text += "; SameSite=\(sameSite.rawValue)"
    if isPartitioned { text += "; Partitioned" }
    return text
  }

  private func check() throws(CookieInvalid) {
    func demand(_ condition: Bool, _ message: String) throws(CookieInvalid) {
      guard condition else { throw CookieInvalid(description: "cookie '\(name)': \(message)") }
    }
    // RFC 9110 §5.6.2.
    let isToken = { (byte: UInt8) in
      (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
    // RFC 6265bis §4.1.1, cookie-octet.
    let isOctet = { (byte: UInt8) in (0x21...0x7E).contains(byte) && ![0x22, 0x2C, 0x3B, 0x5C].contains(byte) }
    let isAttribute = { (byte: UInt8) in (0x20...0x7E).contains(byte) && byte != 0x3B }
    try demand(!name.isEmpty && name.utf8.allSatisfy(isToken), "its name is no token")
    try demand(
      value.utf8.allSatisfy(isOctet),
      "its value has characters that a cookie cannot carry (blanks, quotes, commas, semicolons, backslashes, non-ASCII); encode it")
    try demand(name.utf8.count + value.utf8.count <= 4096, "name and value have more than 4096 bytes")
    for attribute in [path, domain] {
      guard let attribute else { continue }
      try demand(attribute.utf8.allSatisfy(isAttribute) && attribute.utf8.count <= 1024, "an attribute cannot be sent")
    }
    if let path { try demand(path.hasPrefix("/"), "its path does not begin with /") }
    try demand(isSecure || sameSite != .none, "SameSite=None needs Secure")
    try demand(isSecure || !isPartitioned, "Partitioned needs Secure")
    // Browsers compare the prefixes without regard to case (§5.4).
    let lower = name.lowercased()
    try demand(isSecure || !lower.hasPrefix("__secure-"), "__Secure- needs Secure")
    if lower.hasPrefix("__host-") {
      try demand(isSecure && path == "/" && domain == nil, "__Host- needs Secure, the path / and no domain")
    }
  }
}

/// A cookie that browsers would refuse or misread.
public struct CookieInvalid: Error, Sendable, CustomStringConvertible {
  public let description: String
}

extension Headers {
  /// Adds a `set-cookie` field; each cookie has one of its own.
  public mutating func set(_ cookie: SetCookie) throws(CookieInvalid) {
    append("set-cookie", try cookie.fieldValue())
  }
}

extension Timestamp {
  /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7); fractions are cut.
  public var httpDate: String {
    let (whole, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let days = Int(rest < 0 ? whole - 1 : whole)
    let inDay = Int(rest < 0 ? rest + 86_400 : rest)
    let date = CalendarDate(daysSince1970: days)
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let two = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
    let year = String(date.description.dropLast(6))
    return "\(weekdays[(days % 7 + 7) % 7]), \(two(date.day)) \(months[date.month - 1]) \(year) "
      + "\(two(inDay / 3600)):\(two(inDay / 60 % 60)):\(two(inDay % 60)) GMT"
  }
}
