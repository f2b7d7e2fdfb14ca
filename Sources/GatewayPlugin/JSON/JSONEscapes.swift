/// Escapes in the text of a string (RFC 8259 §7), which a parser has found to be well-formed.
enum JSONEscapes {
  /// Writes the decoded text, never longer than `raw`, and returns its length in bytes. Half of a surrogate pair
  /// becomes U+FFFD.
  static func decode(_ raw: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var count = 0
    var at = 0
    while at < raw.count {
      let byte = raw[at]
      guard byte == UInt8(ascii: "\\"), at + 1 < raw.count else {
        output[count] = byte
        count += 1
        at += 1
        continue
      }
      let letter = raw[at + 1]
      at += 2
      guard letter == UInt8(ascii: "u") else {
        output[count] = short(letter)
        count += 1
        continue
      }
      var scalar = unit(raw, at)
      at += 4
      if scalar & 0xFC00 == 0xD800, at + 6 <= raw.count, raw[at] == UInt8(ascii: "\\"), raw[at + 1] == UInt8(ascii: "u") {
        let low = unit(raw, at + 2)
        if low & 0xFC00 == 0xDC00 {
          scalar = 0x10000 + ((scalar & 0x3FF) << 10 | (low & 0x3FF))
          at += 6
        }
      }
      for byte in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter {
        output[count] = byte
        count += 1
      }
    }
    return count
  }

  private static func short(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: letter
    }
  }

  private static func unit(_ raw: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32 {
    guard at + 4 <= raw.count else { return 0xFFFD }
    return raw[at..<at + 4].reduce(0) { unit, byte in
      let digit = byte < 0x3A ? byte &- 0x30 : (byte | 0x20) &- 0x57
      return unit << 4 | UInt32(digit & 15)
    }
  }
}
