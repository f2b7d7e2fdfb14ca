/// Field names the gateway itself reads, recognised once while a head is parsed, so that a later look-up compares
/// one byte per field instead of text.
public enum KnownField: UInt8, Sendable, CaseIterable {
  case other
  case host, connection, expect, upgrade, te, trailer, date, server, via, origin, cookie, accept, range, etag, vary,
    allow, location, forwarded, authorization
  case contentLength, contentType, contentEncoding, transferEncoding, keepAlive, proxyConnection, proxyAuthenticate,
    proxyAuthorization
  case acceptEncoding, userAgent, referer, requestID, traceparent, setCookie, retryAfter, ifNoneMatch, ifModifiedSince
  case forwardedFor, forwardedProto, forwardedHost, forwardedPort, realIP
  case accessControlRequestMethod, accessControlRequestHeaders, strictTransportSecurity

  /// The name in lower case, as it goes on the wire; empty for `other`.
  public var name: String {
    switch self {
    case .other: ""
    case .host: "host"
    case .connection: "connection"
    case .expect: "expect"
    case .upgrade: "upgrade"
    case .te: "te"
    case .trailer: "trailer"
    case .date: "date"
    case .server: "server"
    case .via: "via"
    case .origin: "origin"
    case .cookie: "cookie"
    case .accept: "accept"
    case .range: "range"
    case .etag: "etag"
    case .vary: "vary"
    case .allow: "allow"
    case .location: "location"
    case .forwarded: "forwarded"
    case .authorization: "authorization"
    case .contentLength: "content-length"
    case .contentType: "content-type"
    case .contentEncoding: "content-encoding"
    case .transferEncoding: "transfer-encoding"
    case .keepAlive: "keep-alive"
    case .proxyConnection: "proxy-connection"
    case .proxyAuthenticate: "proxy-authenticate"
    case .proxyAuthorization: "proxy-authorization"
    case .acceptEncoding: "accept-encoding"
    case .userAgent: "user-agent"
    case .referer: "referer"
    case .requestID: "x-request-id"
    case .traceparent: "traceparent"
    case .setCookie: "set-cookie"
    case .retryAfter: "retry-after"
    case .ifNoneMatch: "if-none-match"
    case .ifModifiedSince: "if-modified-since"
    case .forwardedFor: "x-forwarded-for"
    case .forwardedProto: "x-forwarded-proto"
    case .forwardedHost: "x-forwarded-host"
    case .forwardedPort: "x-forwarded-port"
    case .realIP: "x-real-ip"
    case .accessControlRequestMethod: "access-control-request-method"
    case .accessControlRequestHeaders: "access-control-request-headers"
    case .strictTransportSecurity: "strict-transport-security"
    }
  }
}
