/// The parser's scanners. Each leaves `p` after what it read, and never reads at or beyond `end`.
enum JSONParser {
  /// Off the fast path. A text that is not UTF-8 is not JSON at all (RFC 8259 §8.1), so that comes before any other
  /// reason.
  @inline(never)
  static func failure(
    _ reason: JSONSyntaxError.Reason, at p: UnsafePointer<UInt8>, _ text: UnsafeRawBufferPointer
  ) -> JSONSyntaxError {
    if let invalid = UTF8Validation.firstInvalidOffset(in: text) {
      return JSONSyntaxError(.invalidUTF8, at: invalid, in: text)
    }
    let offset = text.baseAddress.map { UnsafeRawPointer(p) - $0 } ?? 0
    return JSONSyntaxError(reason, at: offset, in: text)
  }

  @inline(__always)
  static func skipBlanks(_ p: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
    while p < end, p.pointee <= 0x20 {
      switch p.pointee {
      case 0x20, 0x0A, 0x0D, 0x09: p += 1
      default: return
      }
    }
  }

  @inline(__always)
  static func has(_ word: StaticString, at p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
    let length = word.utf8CodeUnitCount
    guard end - p >= length else { return false }
    return JSONKeyHash.equal(p, word.utf8Start, count: length)
  }

  @inline(never)
  static func hashDecoded(_ start: UnsafePointer<UInt8>, count: Int) -> UInt32 {
    withUnsafeTemporaryAllocation(byteCount: max(count, 1), alignment: 8) { scratch in
      guard let out = scratch.baseAddress else { return 0 }
      let length = JSONText.decode(UnsafeRawBufferPointer(start: start, count: count), into: out)
      return JSONKeyHash.of(out, count: length)
    }
  }

  /// `p` is at the opening quote; afterwards behind the closing one. Answers the word's flags.
  @inline(__always)
  static func scanString(
    _ p: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> UInt32 {
    let quote = p
    var q = p + 1
    // Eight bytes at a time up to the first quote, backslash, control or non-ASCII byte. Borrows travel upwards only,
    // so the lowest mark is exact.
    while end - q >= 8 {
      let word = UnsafeRawPointer(q).loadUnaligned(as: UInt64.self)
      let marks = JSONParser.marks(word)
      if marks == 0 {
        q += 8
        continue
      }
      q += marks.trailingZeroBitCount >> 3
      if q.pointee == UInt8(ascii: "\"") {
        p = q + 1
        return 0
      }
      break
    }
    return try scanStringSlowly(&p, from: q, quote, end, text)
  }

  @inline(__always)
  static func marks(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ 0x2222_2222_2222_2222
    let slashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
    let special = (quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes | (word &- 0x2020_2020_2020_2020) & ~word
    return (special | word) & 0x8080_8080_8080_8080
  }

  @inline(never)
  static func scanStringSlowly(
    _ p: inout UnsafePointer<UInt8>, from start: UnsafePointer<UInt8>, _ quote: UnsafePointer<UInt8>,
    _ end: UnsafePointer<UInt8>, _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> UInt32 {
    var q = start
    var flags: UInt32 = 0
    while true {
      if end - q >= 8 {
        let marks = JSONParser.marks(UnsafeRawPointer(q).loadUnaligned(as: UInt64.self))
        if marks == 0 {
          q += 8
          continue
        }
        q += marks.trailingZeroBitCount >> 3
      }
      guard q < end else { throw failure(.unterminatedString, at: quote, text) }
      let byte = q.pointee
      switch byte {
      case UInt8(ascii: "\""):
        p = q + 1
        return flags
      case UInt8(ascii: "\\"):
        flags |= JSONNode.escaped
        try skipEscape(&q, quote, end, text)
      case 0..<0x20:
        throw failure(.controlCharacter, at: q, text)
      case 0x80...:
        flags |= JSONNode.nonASCII
        repeat {
          let length = UTF8Validation.sequenceLength(q, end)
          guard length > 0 else { throw failure(.invalidUTF8, at: q, text) }
          q += length
        } while q < end && q.pointee >= 0x80
      default:
        q += 1
      }
    }
  }

  private static func skipEscape(
    _ q: inout UnsafePointer<UInt8>, _ quote: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
    _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) {
    guard end - q >= 2 else { throw failure(.unterminatedString, at: quote, text) }
    switch q[1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      q += 2
    case UInt8(ascii: "u"):
      let unit = try hexUnit(q, end, text)
      guard unit & 0xF800 == 0xD800 else {
        q += 6
        return
      }
      // A surrogate counts only as a high one with a low one right behind it.
      guard unit < 0xDC00, end - q > 12, q[6] == UInt8(ascii: "\\"), q[7] == UInt8(ascii: "u"),
        let low = JSONScalarCursor.hexUnit(q + 8), low & 0xFC00 == 0xDC00
      else { throw failure(.loneSurrogate, at: q, text) }
      q += 12
    default:
      throw failure(.invalidEscape, at: q, text)
    }
  }

  private static func hexUnit(
    _ q: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> UInt32 {
    // A closing quote must still follow, hence 7: an escape cut off by the end is a bad escape first.
    guard end - q >= 7, let unit = JSONScalarCursor.hexUnit(q + 2) else {
      throw failure(.invalidUnicodeEscape, at: q + 1, text)
    }
    return unit
  }

  /// `p` is at a minus or digit. Reads the longest number (RFC 8259 §6); what follows (`01`, `1.`, `1e`) is the next
  /// token's mistake.
  @inline(__always)
  static func scanNumber(
    _ p: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
    _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> JSONNode {
    let start = p
    var q = p
    let negative = q.pointee == UInt8(ascii: "-")
    if negative { q += 1 }
    var mantissa: UInt64 = 0
    let firstDigit = q
    if q < end && q.pointee == UInt8(ascii: "0") {
      q += 1
    } else {
      while q < end {
        let digit = q.pointee &- UInt8(ascii: "0")
        guard digit < 10 else { break }
        mantissa = mantissa &* 10 &+ UInt64(digit)
        q += 1
      }
    }
    var digits = q - firstDigit
    guard digits > 0 else { throw failure(.expectedValue, at: start, text) }
    var scale = 0
    var isPlain = true
    var isIntegerText = true
    if q < end && (q.pointee == UInt8(ascii: ".") || q.pointee | 0x20 == UInt8(ascii: "e")) {
      if q.pointee == UInt8(ascii: "."), end - q >= 2, q[1] &- UInt8(ascii: "0") < 10 {
        isIntegerText = false
        q += 1
        let firstFraction = q
        while q < end {
          let digit = q.pointee &- UInt8(ascii: "0")
          guard digit < 10 else { break }
          mantissa = mantissa &* 10 &+ UInt64(digit)
          q += 1
        }
        scale = q - firstFraction
        digits &+= scale
      }
      if q < end && q.pointee | 0x20 == UInt8(ascii: "e"), try scanExponent(&q, start, end, text) {
        isPlain = false
        isIntegerText = false
      }
    }
    p = q
    let offset = UInt32(truncatingIfNeeded: start - base)
    let kind = UInt32(JSONKind.number.rawValue) | (isIntegerText ? JSONNode.integerText : 0)
    // 18 digits always fit; a whole number of 19 may.
    let fits = digits <= 18 || (digits == 19 && scale == 0 && mantissa <= UInt64(Int64.max))
    if isPlain && fits {
      let value = Int64(truncatingIfNeeded: mantissa)
      let length = UInt32(truncatingIfNeeded: q - start)
      return JSONNode(
        head: kind | JSONNode.small | UInt32(truncatingIfNeeded: scale) << JSONNode.detailShift | length << 13,
        offset: offset, payload: UInt64(bitPattern: negative ? 0 &- value : value))
    }
    return JSONNode(head: kind, offset: offset, payload: UInt64(truncatingIfNeeded: q - start))
  }

  /// `q` is at the `e`. False (and unmoved) where no digits follow.
  private static func scanExponent(
    _ q: inout UnsafePointer<UInt8>, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
    _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> Bool {
    var r = q + 1
    if r < end && (r.pointee == UInt8(ascii: "+") || r.pointee == UInt8(ascii: "-")) { r += 1 }
    guard r < end, r.pointee &- UInt8(ascii: "0") < 10 else { return false }
    var exponent = 0
    while r < end {
      let digit = r.pointee &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      exponent = min(exponent * 10 + Int(digit), JSONLimits.maximumExponent + 1)
      r += 1
    }
    guard exponent <= JSONLimits.maximumExponent else { throw failure(.numberOutOfRange, at: start, text) }
    q = r
    return true
  }
}
