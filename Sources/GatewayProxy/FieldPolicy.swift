import GatewayHTTP

/// Which fields cross the gateway, by name alone.
enum FieldPolicy {
  /// A set of known fields as bits, so that the usual field costs one test.
  struct Names {
    let bits: UInt64

    init(_ fields: KnownField...) {
      bits = fields.reduce(0) { bits, field in
        precondition(field.rawValue < 64, "the set has 64 places; more known fields need a wider one")
        return bits | 1 << UInt64(field.rawValue)
      }
    }

    @inline(__always)
    func contains(_ field: KnownField) -> Bool { bits >> UInt64(field.rawValue) & 1 == 1 }
  }

  /// Between two neighbours only (RFC 9110 §7.6.1), or rebuilt from parsed framing (RFC 9112 §6), so never copied.
  /// `Expect` is met here; credentials for a proxy are for this one (RFC 9110 §11.7.1).
  static let hopByHop = Names(
    .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .contentLength, .upgrade, .expect,
    .proxyAuthenticate, .proxyAuthorization)

  /// What tells the upstream who the client is and how it came: ours to say, unless the peer is trusted.
  static let forwarding = Names(.forwarded, .forwardedFor, .forwardedProto, .forwardedHost, .forwardedPort, .realIP)

  private static let protected = Names(
    .host, .forwarded, .forwardedFor, .forwardedProto, .forwardedHost, .forwardedPort, .realIP, .requestID, .via,
    .authorization, .cookie, .setCookie, .traceparent, .contentType, .contentEncoding, .contentLength, .origin, .date,
    .location, .vary, .etag, .range, .ifNoneMatch, .ifModifiedSince, .strictTransportSecurity)

  /// Fields that no `Connection` may remove: those that the gateway writes, and those that decide what the message
  /// means or who sent it.
  static func isEssential(_ known: KnownField, _ name: UnsafeRawBufferPointer) -> Bool {
    if known != .other { return protected.contains(known) }
    return hasPrefix(name, "x-forwarded-") || hasPrefix(name, "content-") || hasPrefix(name, "access-control-")
      || FieldSyntax.isSameName(name, "cache-control") || FieldSyntax.isSameName(name, "tracestate")
      || FieldSyntax.isSameName(name, "baggage")
  }

  /// Other spellings of forwarding fields, known to common frameworks (`X-Forwarded-Prefix`, `-Ssl`, `-Server`, …).
  static func isForwarding(_ name: UnsafeRawBufferPointer) -> Bool {
    // Most names begin with another letter.
    guard let first = name.first, first | 0x20 == UInt8(ascii: "x") else { return false }
    return hasPrefix(name, "x-forwarded-") || FieldSyntax.isSameName(name, "x-original-url")
      || FieldSyntax.isSameName(name, "x-rewrite-url")
  }

  /// `X_Forwarded_For` and `X-Forwarded-For` are one variable to CGI, WSGI and their kin (RFC 3875 §4.1.18), so a name
  /// with an underscore gets round every rule about the name with a hyphen.
  static func hasUnderscore(_ name: UnsafeRawBufferPointer) -> Bool {
    for byte in name where byte == UInt8(ascii: "_") { return true }
    return false
  }

  private static func hasPrefix(_ name: UnsafeRawBufferPointer, _ prefix: StaticString) -> Bool {
    guard name.count >= prefix.utf8CodeUnitCount else { return false }
    return FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: name[..<prefix.utf8CodeUnitCount]), prefix)
  }
}
