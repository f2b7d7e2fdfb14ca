/// How text from outside is made safe.
enum Escaping {
  /// Inside a JSON string (RFC 8259 §7); invalid UTF-8 becomes U+FFFD, and what terminals act on or what reorders text
  /// on a screen (C1 controls, DEL, bidirectional controls, U+2028/2029) is escaped too.
  case json
  /// As nginx does in `combined`: `\xHH` for quotes, backslash, controls and everything outside ASCII.
  case combined

  /// No byte takes more than this many bytes when escaped.
  static let worstCase = 6
  /// What a cut text ends in.
  static let ellipsis = 3
}

extension LineCursor {
  /// Writes text of unknown content, cut to `limit` bytes.
  mutating func write(_ text: UnsafeRawBufferPointer, limit: Int, _ escaping: Escaping) {
    if text.count <= limit {
      if !writePlain(text) { writeEscaped(text, escaping) }
      return
    }
    writeCut(text, limit, escaping)
  }

  @inline(never)
  private mutating func writeCut(_ text: UnsafeRawBufferPointer, _ limit: Int, _ escaping: Escaping) {
    var end = limit
    // Not inside a UTF-8 sequence: continuation bytes, at most three, belong to what is cut.
    while end > 0, limit - end < 4, text[end] & 0xC0 == 0x80 { end -= 1 }
    writeEscaped(UnsafeRawBufferPointer(rebasing: text[..<end]), escaping)
    write("...")
  }

  mutating func write(_ text: String, limit: Int, _ escaping: Escaping) {
    var text = text
    text.withUTF8 { write(UnsafeRawBufferPointer($0), limit: limit, escaping) }
  }

  @inline(never)
  private mutating func writeEscaped(_ text: UnsafeRawBufferPointer, _ escaping: Escaping) {
    switch escaping {
    case .json: writeJSON(text)
    case .combined: writeCombined(text)
    }
  }

  private mutating func writeJSON(_ text: UnsafeRawBufferPointer) {
    var at = 0
    while at < text.count {
      let byte = text[at]
      switch byte {
      case UInt8(ascii: "\""): write("\\\"")
      case UInt8(ascii: "\\"): write("\\\\")
      case 0x0A: write("\\n")
      case 0x0D: write("\\r")
      case 0x09: write("\\t")
      case 0..<0x20, 0x7F: writeUnicode(UInt32(byte))
      case 0x20..<0x7F: write(byte)
      default:
        let (scalar, length) = PlainText.scalar(text, at)
        if scalar == nil {
          write("\\ufffd")
        } else if let scalar, PlainText.isSteering(scalar) {
          writeUnicode(scalar)
        } else {
          write(UnsafeRawBufferPointer(rebasing: text[at..<(at + length)]))
        }
        at += length
        continue
      }
      at += 1
    }
  }

  /// `\uHHHH`; only for the basic plane, where all steering characters are.
  private mutating func writeUnicode(_ scalar: UInt32) {
    write("\\u")
    writeHex(UInt8(truncatingIfNeeded: scalar >> 8))
    writeHex(UInt8(truncatingIfNeeded: scalar))
  }

  private mutating func writeCombined(_ text: UnsafeRawBufferPointer) {
    for byte in text {
      if byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        write("\\x")
        writeHex(byte)
      } else {
        write(byte)
      }
    }
  }
}

enum PlainText {
  /// Whether a byte needs no second look: printable ASCII without `"` and `\`.
  @inline(__always)
  static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// The same for eight bytes at once; a carry between them can only flag a word whose lower byte is flagged already.
  @inline(__always)
  static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let flags =
      word  // 0x80 and above
      | (word &+ ones)  // 0x7F
      | (word &- ones &* 0x20)  // below 0x20
      | ((word ^ ones &* 0x22) &- ones)  // quote
      | ((word ^ ones &* 0x5C) &- ones)  // backslash
    return flags & (ones &* 0x80) == 0
  }

  /// The same for sixteen bytes, as two words side by side (comparing a `SIMD16<UInt8>` byte by byte is not turned
  /// into vector instructions and took ten times as long).
  @inline(__always)
  static func isPlain(_ words: SIMD2<UInt64>) -> Bool {
    let ones = SIMD2<UInt64>(repeating: 0x0101_0101_0101_0101)
    let flags =
      words | (words &+ ones) | (words &- SIMD2(repeating: 0x2020_2020_2020_2020))
      | ((words ^ SIMD2(repeating: 0x2222_2222_2222_2222)) &- ones)
      | ((words ^ SIMD2(repeating: 0x5C5C_5C5C_5C5C_5C5C)) &- ones)
    return (flags[0] | flags[1]) & 0x8080_8080_8080_8080 == 0
  }

  /// The scalar that begins at `index` (a byte of 0x80 or more) and its length; nil and the length of the invalid part
  /// where the bytes are not UTF-8 (RFC 3629 §4).
  static func scalar(_ text: UnsafeRawBufferPointer, _ index: Int) -> (UInt32?, Int) {
    let lead = text[index]
    let length: Int
    var value: UInt32
    var lowest: UInt8 = 0x80
    var highest: UInt8 = 0xBF
    switch lead {
    case 0xC2...0xDF: (length, value) = (2, UInt32(lead & 0x1F))
    case 0xE0...0xEF:
      (length, value) = (3, UInt32(lead & 0x0F))
      // No overlong forms, no surrogates.
      if lead == 0xE0 { lowest = 0xA0 }
      if lead == 0xED { highest = 0x9F }
    case 0xF0...0xF4:
      (length, value) = (4, UInt32(lead & 0x07))
      if lead == 0xF0 { lowest = 0x90 }
      if lead == 0xF4 { highest = 0x8F }
    default: return (nil, 1)
    }
    for offset in 1..<length {
      guard index + offset < text.count else { return (nil, offset) }
      let byte = text[index + offset]
      guard byte >= lowest, byte <= highest else { return (nil, offset) }
      (lowest, highest) = (0x80, 0xBF)
      value = value << 6 | UInt32(byte & 0x3F)
    }
    return (value, length)
  }

  /// Characters that are valid JSON but make a terminal or a viewer do something.
  static func isSteering(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x80...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
