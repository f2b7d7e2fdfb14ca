/// The host and port that a request is for (RFC 3986 §3.2, RFC 9110 §4.2 and §7.2), as ranges into the head's bytes.
///
/// Narrower than RFC 3986 where its breadth only serves attacks: no user information (RFC 9110 §4.2.4), no escapes and
/// no `!$&'()*+,;=` in a host name, no empty labels, no empty port. So a host that passes can be compared, logged and
/// looked up byte by byte.
public struct Authority: Sendable, Equatable {
  /// Host name, IPv4 address, or IPv6 address in its brackets.
  public var host: ByteRange
  /// 1-65535; nil where none is named.
  public var port: UInt16?

  /// Longest host name (RFC 1035 §2.3.4 has 253 characters; one more for a trailing dot).
  static let maxHost = 254

  /// Reads `range` of `bytes` as a whole. `what` names the source in the error's detail.
  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, what: StaticString) throws(MessageFault) {
    let hostEnd = try Self.hostEnd(bytes, range, what)
    host = ByteRange(from: range.lowerBound, to: hostEnd)
    port = hostEnd < range.upperBound ? try Self.port(bytes, hostEnd..<range.upperBound, what) : nil
  }

  private static func hostEnd(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ what: StaticString
  ) throws(MessageFault) -> Int {
    guard range.lowerBound < range.upperBound else { throw .malformed("\(what) without a host name") }
    if bytes[range.lowerBound] == UInt8(ascii: "[") { return try literalEnd(bytes, range, what) }
    var at = range.lowerBound
    while true {
      let label = at
      at = ByteClass.end(ByteClass.host, bytes, from: at, to: range.upperBound)
      let byte = at < range.upperBound ? bytes[at] : UInt8(ascii: ":")
      if byte == UInt8(ascii: ":") { break }
      guard byte == UInt8(ascii: ".") else { throw .malformed("\(MessageFault.show(byte)) in \(what)") }
      if at == label { throw .malformed("empty label in the host name of \(what)") }
      at &+= 1
    }
    if at == range.lowerBound { throw .malformed("\(what) without a host name") }
    if at &- range.lowerBound > maxHost { throw .malformed("host name of \(what) is longer than \(maxHost) bytes") }
    return at
  }

  private static func literalEnd(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ what: StaticString
  ) throws(MessageFault) -> Int {
    let close = ByteScan.byte(UInt8(ascii: "]"), bytes, from: range.lowerBound, to: range.upperBound)
    guard close < range.upperBound else { throw .malformed("unclosed bracket in \(what)") }
    let inside = UnsafeRawBufferPointer(rebasing: bytes[(range.lowerBound + 1)..<close])
    guard IPAddress(v6: inside) != nil else { throw .malformed("no IPv6 address in the brackets of \(what)") }
    guard close + 1 == range.upperBound || bytes[close + 1] == UInt8(ascii: ":") else {
      throw .malformed("\(MessageFault.show(bytes[close + 1])) after the bracket in \(what)")
    }
    return close + 1
  }

  private static func port(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ what: StaticString
  ) throws(MessageFault) -> UInt16 {
    let digits = (range.lowerBound + 1)..<range.upperBound
    var value = 0
    for i in digits {
      let digit = bytes[i] &- 0x30
      guard digit < 10 else { throw .malformed("\(MessageFault.show(bytes[i])) in the port of \(what)") }
      value = value * 10 + Int(digit)
      if value > 65535 { break }
    }
    guard !digits.isEmpty, value > 0, value <= 65535 else { throw .malformed("port of \(what) is not 1-65535") }
    return UInt16(truncatingIfNeeded: value)
  }
}

extension RequestHead {
  /// Host and port of `authority`; nil only where that is empty (HTTP/1.0 without `Host`).
  public var hostAndPort: Authority? {
    if authority.isEmpty { return nil }
    let range = authority.range
    return bytes.withUnsafeReadableBytes { bytes in
      range.upperBound <= bytes.count ? try? Authority(bytes, range, what: "authority") : nil
    }
  }
}
