/// Reads the code points of a string's raw text, escapes resolved, without copying it.
///
/// The text must come from a parsed document: escapes and UTF-8 are known to be well formed, so nothing is checked
/// twice. Should that not hold, reading still stays inside the buffer and yields U+FFFD.
public struct JSONScalarCursor {
  @usableFromInline var p: UnsafePointer<UInt8>
  @usableFromInline let end: UnsafePointer<UInt8>
  /// False for text that holds no escapes by definition (a query parameter): a backslash is then a backslash.
  @usableFromInline let hasEscapes: Bool

  // Inlinable: the cursor is made and stepped in the schema's inner loops, in another module.
  @inlinable
  public init(_ start: UnsafeRawPointer, count: Int, hasEscapes: Bool) {
    p = start.assumingMemoryBound(to: UInt8.self)
    end = p + count
    self.hasEscapes = hasEscapes
  }

  /// The next code point; nil at the end.
  @inlinable
  public mutating func next() -> UInt32? {
    guard p < end else { return nil }
    let byte = p.pointee
    if byte < 0x80 {
      if byte == UInt8(ascii: "\\") && hasEscapes { return nextEscape() }
      p += 1
      return UInt32(byte)
    }
    return nextMultibyte(byte)
  }

  @usableFromInline
  mutating func nextMultibyte(_ lead: UInt8) -> UInt32 {
    let available = end - p
    func tail(_ i: Int) -> UInt32 { UInt32(p[i] & 0x3F) }
    if lead < 0xE0 {
      guard lead >= 0xC0, available >= 2 else { return malformed() }
      defer { p += 2 }
      return UInt32(lead & 0x1F) << 6 | tail(1)
    }
    if lead < 0xF0 {
      guard available >= 3 else { return malformed() }
      defer { p += 3 }
      return UInt32(lead & 0x0F) << 12 | tail(1) << 6 | tail(2)
    }
    guard available >= 4 else { return malformed() }
    defer { p += 4 }
    return UInt32(lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3)
  }

  @usableFromInline
  mutating func nextEscape() -> UInt32 {
    guard end - p >= 2 else { return malformed() }
    let letter = p[1]
    switch letter {
    case UInt8(ascii: "u"):
      guard let unit = hexUnit(at: 2) else { return malformed() }
      guard unit >= 0xD800 && unit < 0xDC00, end - p >= 12, let low = hexUnit(at: 8) else {
        p += 6
        return unit
      }
      p += 12
      return 0x10000 + ((unit - 0xD800) << 10 | (low & 0x3FF))
    case UInt8(ascii: "b"):
      p += 2
      return 0x08
    case UInt8(ascii: "f"):
      p += 2
      return 0x0C
    case UInt8(ascii: "n"):
      p += 2
      return 0x0A
    case UInt8(ascii: "r"):
      p += 2
      return 0x0D
    case UInt8(ascii: "t"):
      p += 2
      return 0x09
    default:
      p += 2
      return UInt32(letter)
    }
  }

  private func hexUnit(at offset: Int) -> UInt32? {
    guard end - p >= offset + 4 else { return nil }
    return JSONScalarCursor.hexUnit(p + offset)
  }

  private mutating func malformed() -> UInt32 {
    p += 1
    return 0xFFFD
  }

  /// The value of four hexadecimal digits; nil where one is not.
  static func hexUnit(_ p: UnsafePointer<UInt8>) -> UInt32? {
    var unit: UInt32 = 0
    for i in 0..<4 {
      let byte = p[i]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}

/// Decoding of a string's raw text into UTF-8.
public enum JSONText {
  /// Writes the decoded text to `output`, which must have room for `raw.count` bytes: an escape never decodes to more
  /// bytes than it is written in. Returns the bytes written.
  public static func decode(_ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer) -> Int {
    guard let base = raw.baseAddress else { return 0 }
    var out = output.assumingMemoryBound(to: UInt8.self)
    let first = out
    var p = base.assumingMemoryBound(to: UInt8.self)
    let end = p + raw.count
    while p < end {
      let byte = p.pointee
      if byte != UInt8(ascii: "\\") {
        out.pointee = byte
        out += 1
        p += 1
        continue
      }
      var cursor = JSONScalarCursor(p, count: end - p, hasEscapes: true)
      guard let scalar = cursor.next() else { break }
      p = cursor.p
      out += encode(scalar, to: out)
    }
    return out - first
  }

  /// Writes one code point as UTF-8 and returns the bytes written, at most 4.
  static func encode(_ scalar: UInt32, to out: UnsafeMutablePointer<UInt8>) -> Int {
    func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift) & 0x3F) }
    switch scalar {
    case 0..<0x80:
      out[0] = UInt8(truncatingIfNeeded: scalar)
      return 1
    case 0x80..<0x800:
      out[0] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
      out[1] = tail(0)
      return 2
    case 0x800..<0x10000:
      out[0] = UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
      out[1] = tail(6)
      out[2] = tail(0)
      return 3
    default:
      out[0] = UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
      out[1] = tail(12)
      out[2] = tail(6)
      out[3] = tail(0)
      return 4
    }
  }
}
