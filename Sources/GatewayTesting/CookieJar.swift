import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore

/// The cookies of a client, kept as a browser keeps those of one site (RFC 6265 §5.3, §5.4).
public final class CookieJar: Sendable {
  public struct Cookie: Sendable, Equatable {
    public var name: String
    public var value: String
    public var path: String
    public var isSecure: Bool
    public var isHTTPOnly: Bool
    /// Seconds since 1970; nil: as long as the jar.
    public var expires: Int?
  }

  private let cookies = NIOLockedValueBox<[Cookie]>([])
  private let now: @Sendable () -> Int

  init(now: @escaping @Sendable () -> Int) { self.now = now }

  /// Those that have not expired.
  public var all: [Cookie] {
    let now = now()
    return cookies.withLockedValue { $0.filter { cookie in cookie.expires.map { $0 > now } ?? true } }
  }

  /// The value of the first cookie of that name.
  public subscript(name: String) -> String? {
    get { all.first { $0.name == name }?.value }
    set {
      cookies.withLockedValue { cookies in
        cookies.removeAll { $0.name == name }
        guard let newValue else { return }
        cookies.append(Cookie(name: name, value: newValue, path: "/", isSecure: false, isHTTPOnly: false))
      }
    }
  }

  public func removeAll() { cookies.withLockedValue { $0 = [] } }

  /// Takes a `set-cookie` field of an answer for `path`.
  func take(_ field: String, path: String) {
    let parts = field.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed }
    guard let pair = parts.first, let equals = pair.firstIndex(of: "="), equals != pair.startIndex else { return }
    var cookie = Cookie(
      name: String(pair[..<equals]), value: String(pair[pair.index(after: equals)...]), path: Self.directory(of: path),
      isSecure: false, isHTTPOnly: false)
    var age: Int?
    for part in parts.dropFirst() {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimmed }
      let value = sides.count > 1 ? sides[1] : ""
      switch sides.first?.lowercased() {
      case "path" where value.hasPrefix("/"): cookie.path = value
      case "secure": cookie.isSecure = true
      case "httponly": cookie.isHTTPOnly = true
      case "max-age": age = Int(value)
      case "expires":
        var value = value
        cookie.expires = value.withUTF8 { HTTPDate.parse(UnsafeRawBufferPointer($0)) }
      default: break
      }
    }
    // The age counts before the date.
    if let age { cookie.expires = age <= 0 ? Int.min : now() &+ age }
    cookies.withLockedValue { cookies in
      cookies.removeAll { $0.name == cookie.name && $0.path == cookie.path }
      if cookie.expires.map({ $0 > now() }) ?? true { cookies.append(cookie) }
    }
  }

  /// The `cookie` field of a request for `path`; nil where there is none. Longer paths come first.
  func field(for path: String, isSecure: Bool) -> String? {
    let fitting = all.filter { ($0.isSecure ? isSecure : true) && Self.covers($0.path, path) }
      .enumerated().sorted { ($1.element.path.utf8.count, $0.offset) < ($0.element.path.utf8.count, $1.offset) }
    guard !fitting.isEmpty else { return nil }
    return fitting.map { "\($0.element.name)=\($0.element.value)" }.joined(separator: "; ")
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  private static func covers(_ cookiePath: String, _ path: String) -> Bool {
    path == cookiePath || (path.hasPrefix(cookiePath) && (cookiePath.hasSuffix("/") || path.dropFirst(cookiePath.count).first == "/"))
  }
}

extension StringProtocol {
  var trimmed: String {
    var text = Substring(self)
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}
