/// Reads UTF-8 one code point at a time.
enum UTF8Scalar {
  /// The code point at `position`, which moves behind it; nil where the bytes are not well-formed (RFC 3629 §3).
  static func at(_ text: UnsafeRawBufferPointer, _ position: inout Int) -> UInt32? {
    guard position < text.count else { return nil }
    let first = text[position]
    let length =
      first < 0x80 ? 1 : (first < 0xC2 ? 0 : (first < 0xE0 ? 2 : (first < 0xF0 ? 3 : (first < 0xF5 ? 4 : 0))))
    guard length > 0, position + length <= text.count else { return nil }
    var value = length == 1 ? UInt32(first) : UInt32(first) & (0x7F >> UInt32(length))
    for offset in 1..<max(length, 1) {
      let byte = text[position + offset]
      guard byte & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    // Overlong forms, surrogates, and what lies beyond Unicode.
    guard length < 3 || value >= (length == 3 ? 0x800 : 0x10000), Unicode.Scalar(value) != nil else { return nil }
    position += length
    return value
  }
}
