import CGatewayPlugin

/// What `authorization` holds: `Bearer abc` is the scheme `Bearer` with the credentials `abc`.
public struct HTTPCredentials: Sendable, Equatable {
  /// As the client wrote it.
  public var scheme: String
  public var credentials: String

  public init(scheme: String, credentials: String) {
    self.scheme = scheme
    self.credentials = credentials
  }
}

/// A name and a password as RFC 7617 encodes them.
public struct BasicCredentials: Sendable, Equatable {
  public var username: String
  public var password: String

  public init(username: String, password: String) {
    self.username = username
    self.password = password
  }

  /// Nil where it is not the base64 of ASCII with a colon in it. The first colon ends the name (RFC 7617 §2).
  init?(base64 text: Substring) {
    guard let bytes = Base64.decode(text.utf8), bytes.allSatisfy({ $0 < 0x80 }),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    username = String(decoding: bytes[..<colon], as: UTF8.self)
    password = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
  }
}

/// What the routes ask of a security provider: everything on the way from the route to it, outermost first, each once.
///
/// A parameter of this type of a `@Provider` function gets them; closures find them in `provision.scopes`.
public struct SecurityScopes: Sendable, Equatable {
  public let all: [String]

  public init(_ scopes: [String]) { all = scopes }

  /// Joined by spaces, as RFC 6749 §3.3 has them.
  public var text: String { all.joined(separator: " ") }

  /// - Parameter granted: what the client's token allows.
  public func isCovered(by granted: some Sequence<String>) -> Bool { Set(granted).isSuperset(of: all) }
}

extension HTTPError {
  /// 401: the client did not say who it is.
  ///
  /// - Parameter challenge: for `www-authenticate`, such as `Bearer` (RFC 9110 §11.6.1).
  public static func notAuthenticated(challenge: String) -> HTTPError {
    HTTPError(401, detail: "Not authenticated", headers: ["www-authenticate": challenge])
  }
}

/// The first `authorization` of a request, taken apart.
struct Authorization {
  let value: String
  private let scheme: Substring
  let parameter: Substring

  /// Nil where there is none, or an empty one.
  init?(_ request: borrowing Request) {
    guard let value = request.header("authorization"), !value.isEmpty else { return nil }
    self.value = value
    let space = value.firstIndex(of: " ") ?? value.endIndex
    scheme = value[..<space]
    parameter = Self.trimmed(value[space...])
  }

  func isScheme(_ name: String) -> Bool {
    scheme.utf8.count == name.utf8.count && scheme.lowercased() == name
  }

  /// Nil where the scheme is another one, or nothing stands behind it.
  func credentials(of name: String) -> HTTPCredentials? {
    guard isScheme(name), !parameter.isEmpty else { return nil }
    return HTTPCredentials(scheme: String(scheme), credentials: String(parameter))
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.utf8.first == 0x20 || text.utf8.first == 0x09 { text.removeFirst() }
    while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text.removeLast() }
    return text
  }
}

/// RFC 4648 §4, strictly: nothing but the alphabet, and padding to groups of four.
enum Base64 {
  static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    var padding = 0
    for byte in text {
      let value: UInt32
      switch byte {
      case _ where padding > 0 && byte != UInt8(ascii: "="): return nil
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte - UInt8(ascii: "a")) + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte - UInt8(ascii: "0")) + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="):
        value = 0
        padding += 1
      default: return nil
      }
      bits = bits << 6 | value
      count += 1
      if count % 4 == 0 {
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bits = 0
      }
    }
    guard count % 4 == 0, padding <= 2 else { return nil }
    bytes.removeLast(padding)
    return bytes
  }
}

extension Request {
  /// A declared parameter of that place as sent; nil where it is absent.
  func text(_ name: String, in place: ParameterPlace) -> String? {
    let location: gw_parameter_location =
      switch place {
      case .path: GW_IN_PATH
      case .query: GW_IN_QUERY
      case .header: GW_IN_HEADER
      case .cookie: GW_IN_COOKIE
      }
    let all = UnsafeBufferPointer(start: request.pointee.parameters, count: request.pointee.parameter_count)
    for parameter in all
    where parameter.location == location.rawValue && parameter.kind != GW_PARAMETER_ABSENT.rawValue
      && parameter.name.equals(name)
    {
      return String(parameter.text)
    }
    return nil
  }
}
