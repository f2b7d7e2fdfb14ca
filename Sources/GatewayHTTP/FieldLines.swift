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
    name.withUTF8Buffer { n in
      value.withUTF8Buffer { v in writeLine(UnsafeRawBufferPointer(n), UnsafeRawBufferPointer(v)) }
    }
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
    writeLine(name, value)
    return true
  }

  /// Adds a field with a decimal value.
  public mutating func append(_ name: StaticString, _ value: Int) {
    withDecimal(value) { digits in
      name.withUTF8Buffer { writeLine(UnsafeRawBufferPointer($0), digits) }
    }
  }

  /// Adds lines that another `FieldLines` holds.
  public mutating func append(contentsOf other: FieldLines) {
    bytes.writeImmutableBuffer(other.bytes)
  }

  /// Whether a field of that name (any letter case) is there.
  public func contains(_ name: String) -> Bool {
    withName(name) { lines, name in
      for (n, _) in lines where FieldSyntax.sameName(lines.bytes, n, name) { return true }
      return false
    }
  }

  /// The first value under that name (any letter case).
  public func first(_ name: String) -> String? {
    withName(name) { lines, name in
      for (n, v) in lines where FieldSyntax.sameName(lines.bytes, n, name) {
        return String(decoding: lines.bytes[v], as: UTF8.self)
      }
      return nil
    }
  }

  /// Every value under that name (any letter case), in order.
  public func all(_ name: String) -> [String] {
    withName(name) { lines, name in
      lines.compactMap { n, v in
        FieldSyntax.sameName(lines.bytes, n, name) ? String(decoding: lines.bytes[v], as: UTF8.self) : nil
      }
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

  /// Calls `body` with name and value of every line, in order, without copying them. The bytes are valid during the
  /// call only.
  public func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
    bytes.withUnsafeReadableBytes { p in
      for (n, v) in FieldLineRanges(p) {
        body(UnsafeRawBufferPointer(rebasing: p[n]), UnsafeRawBufferPointer(rebasing: p[v]))
      }
    }
  }

  /// Removes every field of that name (any letter case); true where there was one.
  @discardableResult
  public mutating func remove(_ name: String) -> Bool {
    // Looking first keeps a shared buffer shared where there is nothing to remove.
    guard contains(name) else { return false }
    var name = name
    let kept = name.withUTF8 { name in
      bytes.withUnsafeMutableReadableBytes { p in
        let name = UnsafeRawBufferPointer(name)
        var kept = 0
        var lines = FieldLineRanges(UnsafeRawBufferPointer(p))
        while true {
          let start = lines.position
          guard let (n, _) = lines.next() else { return kept }
          let line = start..<lines.position
          if FieldSyntax.sameName(lines.bytes, n, name) { continue }
          // Lines only move towards the front, and the walk has passed the place they move to.
          if kept != start {
            UnsafeMutableRawBufferPointer(rebasing: p[kept...]).copyMemory(
              from: UnsafeRawBufferPointer(rebasing: lines.bytes[line]))
          }
          kept += line.count
        }
      }
    }
    bytes.moveWriterIndex(to: bytes.readerIndex + kept)
    return true
  }

  /// Replaces every field of that name by one at the end; false, and nothing changed, where name or value is not
  /// allowed on the wire.
  @discardableResult
  public mutating func set(_ name: String, _ value: String) -> Bool {
    var name = name
    var value = value
    let allowed = name.withUTF8 { n in
      value.withUTF8 { v in
        FieldSyntax.isName(UnsafeRawBufferPointer(n)) && FieldSyntax.isValue(UnsafeRawBufferPointer(v))
      }
    }
    guard allowed else { return false }
    remove(name)
    return append(name: name, value: value)
  }

  /// One write for the whole line: each write to a `ByteBuffer` costs about 150 instructions before the first byte is
  /// copied (callgrind: exclusivity and capacity checks).
  @inline(__always)
  private mutating func writeLine(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    let count = name.count + value.count + 4
    bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { line in
      // `line` has room for at least `count` bytes: that is what minimumWritableBytes promises.
      line.copyMemory(from: name)
      line[name.count] = UInt8(ascii: ":")
      line[name.count + 1] = 0x20
      UnsafeMutableRawBufferPointer(rebasing: line[(name.count + 2)...]).copyMemory(from: value)
      line[count - 2] = carriageReturn
      line[count - 1] = lineFeed
      return count
    }
  }

  private func withName<T>(_ name: String, _ body: (FieldLineRanges, UnsafeRawBufferPointer) -> T) -> T {
    var name = name
    return name.withUTF8 { name in
      bytes.withUnsafeReadableBytes { body(FieldLineRanges($0), UnsafeRawBufferPointer(name)) }
    }
  }
}

/// Walks well-formed lines and yields the ranges of name and value.
struct FieldLineRanges: Sequence, IteratorProtocol {
  let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func next() -> (Range<Int>, Range<Int>)? {
    let count = bytes.count
    guard position < count else { return nil }
    let colon = ByteScan.byte(UInt8(ascii: ":"), bytes, from: position, to: count)
    let end = ByteScan.byte(carriageReturn, bytes, from: colon, to: count)
    guard end + 2 <= count else { return nil }
    let name = position..<colon
    position = end + 2
    return (name, Swift.min(colon + 2, end)..<end)
  }
}

/// What RFC 9110 §5.1 and §5.5 allow in names and values.
public enum FieldSyntax {
  /// token (RFC 9110 §5.6.2), at least one character.
  public static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
    !bytes.isEmpty && ByteClass.end(ByteClass.token, bytes, from: 0, to: bytes.count) == bytes.count
  }

  /// Visible characters, blanks, tabs and obs-text; no control character, so no CR, LF or NUL.
  public static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = ByteScan.control(bytes, from: 0, to: bytes.count)
    while at < bytes.count {
      guard bytes[at] == 0x09 else { return false }
      at = ByteScan.control(bytes, from: at + 1, to: bytes.count)
    }
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

  /// Whether `range` of `bytes` is `name`, letter case aside.
  static func sameName(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: UnsafeRawBufferPointer) -> Bool {
    guard range.count == name.count, range.upperBound <= bytes.count else { return false }
    for i in 0..<name.count where lowercased(bytes[range.lowerBound + i]) != lowercased(name[i]) { return false }
    return true
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
    withDecimal(value) { _ = writeBytes($0) }
  }
}

/// The decimal digits of a number, valid during the call.
func withDecimal(_ value: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
    // 2⁶³ has 19 digits; the sign is the twentieth.
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
    body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: digits[at...])))
  }
}
