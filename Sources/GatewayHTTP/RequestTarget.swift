import NIOCore

/// A request target taken apart: the path in its one normal spelling, and the query as received.
public struct NormalizedTarget: Sendable {
  /// The path where its normal spelling differs from the received one; nil where it stands in the received bytes.
  public var rewritten: ByteBuffer?
  /// The path: a range into `rewritten` where that is there, else into the bytes that were given.
  public var path: ByteRange
  /// The query without `?`, a range into the bytes that were given; empty where there is none.
  public var query: ByteRange
  /// Tells `/a?` from `/a`.
  public var hasQuery: Bool
}

/// Splits path and query, and brings the path into the one spelling that routes, policies, logs and upstreams all see,
/// so that nothing is allowed by one spelling and done by another.
///
/// The result stays percent-encoded. Escapes of unreserved characters are decoded; every other escape stays, in upper
/// case; visible characters that no path may have (`"<>^{|}` and the like) are escaped. `//` and `;` stay: empty segments
/// and parameters are literal. Refused with 400, because implementations disagree about them: dot segments in any
/// spelling (also behind `%2F`, also with parameters), backslashes, encoded control characters, malformed escapes,
/// escapes that are not UTF-8 (overlong ones too), fragments, raw bytes that are not visible ASCII.
///
/// `%2F` and double escapes (`%252e`) are data here and stay as they are: an upstream that decodes twice has to be
/// protected by its own rules.
public enum RequestTarget {
  /// `bytes` is path and query (origin-form), or `*`; an empty path (absolute-form without one) becomes `/`. The
  /// authority-form of CONNECT is refused: such a request has no path.
  /// The result's ranges are counted from the start of `bytes`.
  public static func normalize(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> NormalizedTarget {
    do throws(MessageFault) { return try normalized(bytes) } catch { throw error.requestError }
  }

  static func normalized(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) -> NormalizedTarget {
    // One pass over the path that most requests have: plain characters, no segment that begins with a dot.
    var at = 0
    while true {
      at = ByteClass.end(ByteClass.plainPath, bytes, from: at, to: bytes.count)
      if at == bytes.count || bytes[at] == UInt8(ascii: "?") { break }
      guard bytes[at] == UInt8(ascii: "."), at > 0, bytes[at &- 1] != UInt8(ascii: "/") else {
        return try normalizedSlowly(bytes)
      }
      at &+= 1
    }
    guard at > 0, bytes[0] == UInt8(ascii: "/") else { return try normalizedSlowly(bytes) }
    return try finish(bytes, pathEnd: at, rewritten: nil)
  }

  private static func finish(
    _ bytes: UnsafeRawBufferPointer, pathEnd: Int, rewritten: ByteBuffer?
  ) throws(MessageFault) -> NormalizedTarget {
    let count = bytes.count
    var query = ByteRange(from: pathEnd, to: pathEnd)
    if pathEnd < count {
      query = ByteRange(from: pathEnd + 1, to: count)
      let bad = ByteScan.nonVisible(bytes, from: pathEnd, to: count)
      guard bad == count else { throw .malformed("byte \(MessageFault.show(bytes[bad])) in the query") }
      guard ByteScan.byte(UInt8(ascii: "#"), bytes, from: pathEnd, to: count) == count else { throw fragment }
    }
    let pathCount = rewritten?.readableBytes ?? pathEnd
    return NormalizedTarget(
      rewritten: rewritten, path: ByteRange(from: 0, to: pathCount), query: query, hasQuery: pathEnd < count)
  }

  private static var fragment: MessageFault { .malformed("fragment in the request target") }

  private static func normalizedSlowly(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) -> NormalizedTarget {
    let end = ByteScan.byte(UInt8(ascii: "?"), bytes, from: 0, to: bytes.count)
    if end == 0 { return try finish(bytes, pathEnd: 0, rewritten: ByteBuffer(staticString: "/")) }
    if bytes[0] != UInt8(ascii: "/") {
      guard bytes.count == 1, bytes[0] == UInt8(ascii: "*") else {
        throw .malformed("request target does not begin with /")
      }
      return try finish(bytes, pathEnd: 1, rewritten: nil)
    }
    let path = UnsafeRawBufferPointer(rebasing: bytes[..<end])
    guard try check(path) else { return try finish(bytes, pathEnd: end, rewritten: nil) }
    return try finish(bytes, pathEnd: end, rewritten: rewrite(path))
  }

  /// Refuses what has no agreed meaning; true where the normal spelling differs.
  private static func check(_ path: UnsafeRawBufferPointer) throws(MessageFault) -> Bool {
    var changes = false
    var dots = DotSegment()
    var text = UTF8Sequence()
    var at = 0
    while at < path.count {
      var byte = path[at]
      if byte == UInt8(ascii: "%") {
        guard let decoded = PercentCoding.escape(path, at) else { throw .malformed("malformed escape in the path") }
        if decoded < 0x20 || decoded == 0x7F { throw .malformed("encoded control character in the path") }
        if PercentCoding.isUnreserved(decoded) || isLowerHex(path[at + 1]) || isLowerHex(path[at + 2]) {
          changes = true
        }
        byte = decoded
        at += 3
      } else {
        guard byte > 0x20, byte < 0x7F else {
          throw .malformed("byte \(MessageFault.show(byte)) in the path; percent-encode it")
        }
        if byte == UInt8(ascii: "#") { throw fragment }
        if !ByteClass.contains(ByteClass.path, byte) { changes = true }
        at += 1
      }
      if byte == UInt8(ascii: "\\") { throw .malformed("backslash in the path") }
      switch text.take(byte) {
      case .fits: break
      case .control: throw .malformed("encoded control character in the path")
      case .broken: throw .malformed("escapes in the path are not UTF-8")
      }
      if dots.take(byte) { throw .malformed("dot segment in the path") }
    }
    if !text.isComplete { throw .malformed("escapes in the path are not UTF-8") }
    if dots.take(UInt8(ascii: "/")) { throw .malformed("dot segment in the path") }
    return changes
  }

  /// Of a path that passed `check`.
  private static func rewrite(_ path: UnsafeRawBufferPointer) -> ByteBuffer {
    var out = ByteBuffer()
    out.reserveCapacity(path.count + 16)
    var at = 0
    while at < path.count {
      if let decoded = PercentCoding.escape(path, at) {
        if PercentCoding.isUnreserved(decoded) {
          out.writeInteger(decoded)
        } else {
          PercentCoding.writeEscape(decoded, into: &out)
        }
        at += 3
      } else {
        let byte = path[at]
        if ByteClass.contains(ByteClass.path, byte) {
          out.writeInteger(byte)
        } else {
          PercentCoding.writeEscape(byte, into: &out)
        }
        at += 1
      }
    }
    return out
  }

  private static func isLowerHex(_ byte: UInt8) -> Bool { byte &- 0x61 < 6 }
}

/// Finds `.` and `..` between slashes, encoded or not, with or without parameters: `/..;a=b/` is a parent segment to
/// servers that cut parameters off (CVE-2026-73551's class), `..%2F` to those that decode before they split.
private struct DotSegment {
  /// Dots of the segment in hand; more than two where it has anything else in it.
  private var dots = 0

  /// True where `byte`, decoded, ends a dot segment.
  mutating func take(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."):
      dots = min(dots + 1, 3)
      return false
    case UInt8(ascii: "/"):
      defer { dots = 0 }
      return dots == 1 || dots == 2
    case UInt8(ascii: ";"):
      defer { dots = 3 }
      return dots == 1 || dots == 2
    default:
      dots = 3
      return false
    }
  }
}

/// Checks that a run of bytes is well-formed UTF-8 (RFC 3629 §4: no overlong forms, no surrogates, nothing above
/// U+10FFFF), one byte at a time.
private struct UTF8Sequence {
  enum Outcome {
    case fits
    /// U+0080-U+009F: control characters to terminals and log readers.
    case control
    case broken
  }

  private var missing = 0
  private var low: UInt8 = 0x80
  private var high: UInt8 = 0xBF
  private var lead: UInt8 = 0

  var isComplete: Bool { missing == 0 }

  mutating func take(_ byte: UInt8) -> Outcome {
    if missing > 0 {
      guard byte >= low, byte <= high else { return .broken }
      if lead == 0xC2, byte < 0xA0 { return .control }
      low = 0x80
      high = 0xBF
      missing -= 1
      return .fits
    }
    lead = byte
    switch byte {
    case 0x00...0x7F: return .fits
    case 0xC2...0xDF: missing = 1
    case 0xE0...0xEF:
      missing = 2
      if byte == 0xE0 { low = 0xA0 }
      if byte == 0xED { high = 0x9F }
    case 0xF0...0xF4:
      missing = 3
      if byte == 0xF0 { low = 0x90 }
      if byte == 0xF4 { high = 0x8F }
    default: return .broken
    }
    return .fits
  }
}

extension RequestHead {
  /// Path and query as `RequestContext` holds them: the path a slice of the head's bytes where it is in normal spelling
  /// already, the query a range into them. Throws 400 for what `RequestTarget` refuses.
  public func normalizedTarget() throws(HTTPError) -> (path: ByteBuffer, query: ByteRange) {
    let start = pathAndQuery.start
    let target = try bytes.withUnsafeReadableBytes { (bytes) throws(HTTPError) in
      try RequestTarget.normalize(bytes[pathAndQuery])
    }
    let query = ByteRange(start: start &+ target.query.start, count: target.query.count)
    if let path = target.rewritten { return (path, query) }
    let index = bytes.readerIndex + Int(start) + target.path.lowerBound
    return (bytes.getSlice(at: index, length: Int(target.path.count)) ?? ByteBuffer(), query)
  }
}
