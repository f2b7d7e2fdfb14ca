import NIOCore

/// A header section in wire form: `name: value` lines, each ended by CR LF, without the closing empty line.
///
/// Responses and upstream requests are put together in this form from the start, so sending one is a single copy
/// and no header array is ever built on the way. Every door in checks the bytes (RFC 9110 §5.1, §5.5): no value can
/// end the section or start another message.
public struct FieldLines: Sendable {
  public private(set) var bytes: ByteBuffer

  public init(capacity: Int = 256) {
    bytes = ByteBufferAllocator().buffer(capacity: capacity)
  }

  public var isEmpty: Bool { bytes.readableBytes == 0 }

  /// Empties the section and keeps its storage.
  public mutating func removeAll() { bytes.clear() }

  /// Adds a field whose text the program itself wrote.
  public mutating func append(_ name: StaticString, _ value: StaticString) {
    bytes.writeStaticString(name)
    bytes.writeStaticString(": ")
    bytes.writeStaticString(value)
    bytes.writeStaticString("\r\n")
  }

  /// Adds a field; false (and nothing added) where name or value is not allowed on the wire.
  @discardableResult
  public mutating func append(_ name: StaticString, _ value: String) -> Bool {
    var value = value
    return value.withUTF8 { text in
      name.withUTF8Buffer { append(name: UnsafeRawBufferPointer($0), value: UnsafeRawBufferPointer(text)) }
    }
  }

  /// Adds a field; false (and nothing added) where name or value is not allowed on the wire.
  @discardableResult
  public mutating func append(name: String, value: String) -> Bool {
    var name = name
    var value = value
    return name.withUTF8 { n in
      value.withUTF8 { v in append(name: UnsafeRawBufferPointer(n), value: UnsafeRawBufferPointer(v)) }
    }
  }

  /// Adds a field; false (and nothing added) where name or value is not allowed on the wire.
  @discardableResult
  public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Bool {
    guard FieldSyntax.isName(name), FieldSyntax.isValue(value) else { return false }
    bytes.reserveCapacity(minimumWritableBytes: name.count + value.count + 4)
    bytes.writeBytes(name)
    bytes.writeStaticString(": ")
    bytes.writeBytes(value)
    bytes.writeStaticString("\r\n")
    return true
  }

  /// Adds a field with a decimal value.
  public mutating func append(_ name: StaticString, _ value: Int) {
    bytes.writeStaticString(name)
    bytes.writeStaticString(": ")
    bytes.writeDecimal(value)
    bytes.writeStaticString("\r\n")
  }

  /// Adds lines that another `FieldLines` holds.
  public mutating func append(contentsOf other: FieldLines) {
    bytes.writeImmutableBuffer(other.bytes)
  }

  /// Whether a field of that name (any letter case) is there.
  public func contains(_ name: String) -> Bool { first(name) != nil }

  /// The first value under that name (any letter case).
  public func first(_ name: String) -> String? {
    for (n, v) in lines where FieldSyntax.sameName(n, name) {
      return bytes.getString(at: bytes.readerIndex + v.lowerBound, length: v.count)
    }
    return nil
  }

  /// Every value under that name, in order.
  public func all(_ name: String) -> [String] {
    lines.compactMap { n, v in
      FieldSyntax.sameName(n, name) ? bytes.getString(at: bytes.readerIndex + v.lowerBound, length: v.count) : nil
    }
  }

  /// Name and value of every line, in order.
  public var pairs: [(name: String, value: String)] {
    bytes.withUnsafeReadableBytes { p in
      FieldLineRanges(p).map { n, v in
        (String(decoding: p[n], as: UTF8.self), String(decoding: p[v], as: UTF8.self))
      }
    }
  }

  /// Removes every field of that name (any letter case); true where there was one.
  @discardableResult
  public mutating func remove(_ name: String) -> Bool {
    guard contains(name) else { return false }
    let old = pairs
    bytes.clear()
    for (n, v) in old where n.lowercased() != name.lowercased() { append(name: n, value: v) }
    return true
  }

  /// Replaces every field of that name by one; false where the value is not allowed on the wire.
  @discardableResult
  public mutating func set(_ name: String, _ value: String) -> Bool {
    remove(name)
    return append(name: name, value: value)
  }

  private var lines: [(name: String, value: Range<Int>)] {
    bytes.withUnsafeReadableBytes { p in
      FieldLineRanges(p).map { n, v in (String(decoding: p[n], as: UTF8.self), v) }
    }
  }
}

/// Walks well-formed lines and yields the ranges of name and value.
struct FieldLineRanges: Sequence, IteratorProtocol {
  let bytes: UnsafeRawBufferPointer
  var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func next() -> (Range<Int>, Range<Int>)? {
    guard position < bytes.count else { return nil }
    let rest = bytes[position...]
    guard let colon = rest.firstIndex(of: UInt8(ascii: ":")),
      let end = bytes[colon...].firstIndex(of: 13)
    else { return nil }
    let name = position..<colon
    let value = Swift.min(colon + 2, end)..<end
    position = end + 2
    return (name, value)
  }
}

/// What RFC 9110 §5.1 and §5.5 allow in names and values.
public enum FieldSyntax {
  /// token (RFC 9110 §5.6.2), at least one character.
  public static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard !bytes.isEmpty else { return false }
    for byte in bytes where !isTokenCharacter(byte) { return false }
    return true
  }

  /// Visible characters, blanks, tabs and obs-text; no control character, so no CR, LF or NUL.
  public static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where (byte < 0x20 && byte != 0x09) || byte == 0x7F { return false }
    return true
  }

  @inlinable
  public static func isTokenCharacter(_ byte: UInt8) -> Bool {
    // One bit a character: the table of RFC 9110 §5.6.2 for 0x00-0x3F and 0x40-0x7F.
    let low: UInt64 = 0x03FF_6CFA_0000_0000
    let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
    if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
    if byte < 128 { return high >> UInt64(byte - 64) & 1 == 1 }
    return false
  }

  static func sameName(_ a: String, _ b: String) -> Bool {
    a.utf8.elementsEqual(b.utf8) { lowercased($0) == lowercased($1) }
  }

  /// Whether `bytes` is `name` in any letter case; `name` must be lower case.
  public static func isSameName(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
    guard bytes.count == name.utf8CodeUnitCount else { return false }
    return name.withUTF8Buffer { expected in
      for i in 0..<bytes.count where lowercased(bytes[i]) != expected[i] { return false }
      return true
    }
  }

  @inlinable
  public static func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
  }
}

extension ByteBuffer {
  /// Writes a number in decimal without making a String.
  public mutating func writeDecimal(_ value: Int) {
    if value >= 0 && value < 10 {
      writeInteger(UInt8(truncatingIfNeeded: value) &+ 0x30)
      return
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = value.magnitude
      var at = 20
      repeat {
        at -= 1
        digits[at] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
        rest /= 10
      } while rest > 0
      if value < 0 {
        at -= 1
        digits[at] = UInt8(ascii: "-")
      }
      writeBytes(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: digits[at...])))
    }
  }
}
