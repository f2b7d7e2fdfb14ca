/// A request method that the gateway can name (RFC 9110 §9, RFC 5789, RFC 4918, and the QUERY method).
///
/// Case-sensitive, as RFC 9110 §9.1 demands. `other` is any further token; its text is in the head's bytes.
public enum HTTPMethod: UInt8, Sendable, CaseIterable {
  case get, head, post, put, delete, patch, options, query
  case propfind, proppatch, mkcol, copy, move, lock, unlock, report, purge
  case connect, trace
  case other

  /// The method's token; empty for `other`.
  public var name: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .query: "QUERY"
    case .propfind: "PROPFIND"
    case .proppatch: "PROPPATCH"
    case .mkcol: "MKCOL"
    case .copy: "COPY"
    case .move: "MOVE"
    case .lock: "LOCK"
    case .unlock: "UNLOCK"
    case .report: "REPORT"
    case .purge: "PURGE"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other: ""
    }
  }

  public init(name: String) {
    self = HTTPMethod.allCases.first { $0 != .other && $0.name == name } ?? .other
  }

  /// Safe to send twice (RFC 9110 §9.2.2).
  public var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options, .trace, .query, .propfind, .report: true
    default: false
    }
  }
}

/// A set of methods, as a route accepts it.
public struct HTTPMethodSet: OptionSet, Sendable, Hashable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public init(_ method: HTTPMethod) { self.rawValue = 1 << UInt32(method.rawValue) }

  /// Method names in the order of `HTTPMethod`, as `Allow` prints them.
  public var names: [String] {
    HTTPMethod.allCases.filter { contains(HTTPMethodSet($0)) && $0 != .other }.map(\.name)
  }
}
