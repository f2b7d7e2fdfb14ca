import NIOCore

/// Percent-encoding (RFC 3986 §2.1) and the form variant of it (`+` for a blank).
public enum PercentCoding {
  /// The value of a hex digit in either case.
  @inlinable
  public static func hexDigit(_ byte: UInt8) -> UInt8? {
    if byte &- 0x30 < 10 { return byte &- 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : nil
  }

  /// The byte that the escape at `at` stands for; nil where there is no whole escape.
  static func escape(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt8? {
    guard at + 2 < bytes.count, bytes[at] == UInt8(ascii: "%"), let high = hexDigit(bytes[at + 1]),
      let low = hexDigit(bytes[at + 2])
    else { return nil }
    return high << 4 | low
  }

  /// RFC 3986 §2.3: means the same with and without escape.
  static func isUnreserved(_ byte: UInt8) -> Bool {
    ByteClass.contains(ByteClass.unreserved, byte)
  }

  /// Whether decoding would change anything.
  public static func isPlain(_ bytes: UnsafeRawBufferPointer, plusAsSpace: Bool = false) -> Bool {
    ByteScan.byte(UInt8(ascii: "%"), bytes, from: 0, to: bytes.count) == bytes.count
      && (!plusAsSpace || ByteScan.byte(UInt8(ascii: "+"), bytes, from: 0, to: bytes.count) == bytes.count)
  }

  /// The text of a component; nil where an escape is malformed or the result is not UTF-8.
  /// For path segments, which are refused rather than repaired.
  public static func decode(_ bytes: UnsafeRawBufferPointer, plusAsSpace: Bool = false) -> String? {
    if isPlain(bytes, plusAsSpace: plusAsSpace) { return String(validating: bytes, as: UTF8.self) }
    return withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 1) { space in
      guard let count = decode(bytes, plusAsSpace: plusAsSpace, keepsMalformed: false, into: space) else { return nil }
      return String(validating: UnsafeRawBufferPointer(rebasing: space[..<count]), as: UTF8.self)
    }
  }

  /// The text of a name or value of a query or form, as FastAPI reads it: `+` is a blank, a malformed escape stays as
  /// it is, bytes that are not UTF-8 become U+FFFD. Never fails.
  public static func decodeForm(_ bytes: UnsafeRawBufferPointer) -> String {
    if isPlain(bytes, plusAsSpace: true) { return String(decoding: bytes, as: UTF8.self) }
    return withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 1) { space in
      let count = decode(bytes, plusAsSpace: true, keepsMalformed: true, into: space) ?? 0
      return String(decoding: UnsafeRawBufferPointer(rebasing: space[..<count]), as: UTF8.self)
    }
  }

  /// Appends the bytes of a name or value of a form: `+` is a blank, a malformed escape stays as it is. Not checked for
  /// UTF-8. The number of bytes appended.
  @discardableResult
  public static func decodeForm(_ bytes: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) -> Int {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count) { space in
      decode(bytes, plusAsSpace: true, keepsMalformed: true, into: space) ?? 0
    }
  }

  /// Appends the decoded bytes of a component, not checked for UTF-8; false, and nothing appended, where an escape is
  /// malformed.
  @discardableResult
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, plusAsSpace: Bool = false, into buffer: inout ByteBuffer
  ) -> Bool {
    var whole = true
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count) { space in
      guard let count = decode(bytes, plusAsSpace: plusAsSpace, keepsMalformed: false, into: space) else {
        whole = false
        return 0
      }
      return count
    }
    return whole
  }

  /// Appends a text as one path segment: everything but unreserved characters is escaped.
  public static func encodeSegment(_ bytes: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
    for byte in bytes {
      if isUnreserved(byte) { buffer.writeInteger(byte) } else { writeEscape(byte, into: &buffer) }
    }
  }

  static func writeEscape(_ byte: UInt8, into buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt8(ascii: "%"))
    buffer.writeInteger(upperHex(byte >> 4))
    buffer.writeInteger(upperHex(byte & 15))
  }

  /// `digit` is 0-15.
  private static func upperHex(_ digit: UInt8) -> UInt8 { digit < 10 ? digit + 0x30 : digit + 0x37 }

  /// The number of bytes written; nil at a malformed escape unless those are kept. `space` has at least
  /// `bytes.count` bytes, and decoding never makes a component longer.
  private static func decode(
    _ bytes: UnsafeRawBufferPointer, plusAsSpace: Bool, keepsMalformed: Bool, into space: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var at = 0
    var written = 0
    while at < bytes.count {
      var byte = bytes[at]
      at += 1
      if byte == UInt8(ascii: "%") {
        if let decoded = escape(bytes, at - 1) {
          byte = decoded
          at += 2
        } else if !keepsMalformed {
          return nil
        }
      } else if plusAsSpace, byte == UInt8(ascii: "+") {
        byte = 0x20
      }
      space[written] = byte
      written += 1
    }
    return written
  }
}
