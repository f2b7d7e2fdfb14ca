/// The parser's scanners. None reads at or beyond `end`.
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
    guard p < end, p.pointee <= 0x20 else { return }
    // One blank behind a colon or comma is how most writers space their texts.
    if p.pointee == 0x20 {
      p += 1
      guard p < end, p.pointee <= 0x20 else { return }
    }
    while p < end {
      switch p.pointee {
      case 0x20, 0x0A, 0x0D, 0x09: p += 1
      default: return
      }
    }
  }

  // Whole words are compared as the integers their bytes are in memory.
  @inline(__always)
  private static func word(_ p: UnsafePointer<UInt8>) -> UInt32 {
    UInt32(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self))
  }

  @inline(__always)
  static func isTrue(_ p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
    end - p >= 4 && word(p) == 0x6575_7274
  }

  @inline(__always)
  static func isNull(_ p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
    end - p >= 4 && word(p) == 0x6C6C_756E
  }

  @inline(__always)
  static func isFalse(_ p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
    end - p >= 5 && word(p + 1) == 0x6573_6C61
  }

  @inline(never)
  static func hashDecoded(_ start: UnsafePointer<UInt8>, count: Int) -> UInt32 {
    withUnsafeTemporaryAllocation(byteCount: max(count, 1), alignment: 8) { scratch in
      guard let out = scratch.baseAddress else { return 0 }
      let length = JSONText.decode(UnsafeRawBufferPointer(start: start, count: count), into: out)
      return JSONKeyHash.of(out, count: length)
    }
  }

  /// The first byte from `p` on that is a quote, backslash, control or not ASCII; or one before it where fewer than
  /// eight bytes are left.
  @inline(__always)
  static func firstMark(_ p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
    var q = p
    while end - q >= 8 {
      let marks = JSONParser.marks(UnsafeRawPointer(q).loadUnaligned(as: UInt64.self))
      if marks != 0 { return q + (marks.trailingZeroBitCount >> 3) }
      q += 8
    }
    return q
  }

  /// The top bit of the first byte that is a quote, backslash, control or not ASCII; bits above that mean nothing.
  ///
  /// In bytes below 0x80, adding 0x7F carries into the top bit unless the byte is zero, and adding 0x60 does unless it
  /// is below 0x20. Only bytes above that, marked themselves, carry further, into bytes behind them.
  /// (The standard library's SIMD types compare lane by lane in a loop: five times slower.)
  @inline(__always)
  static func marks(_ word: UInt64) -> UInt64 {
    let word = UInt64(littleEndian: word)
    let notQuote = (word ^ 0x2222_2222_2222_2222) &+ 0x7F7F_7F7F_7F7F_7F7F
    let notSlash = (word ^ 0x5C5C_5C5C_5C5C_5C5C) &+ 0x7F7F_7F7F_7F7F_7F7F
    let notControl = word &+ 0x6060_6060_6060_6060
    return (~(notQuote & notSlash & notControl) | word) & 0x8080_8080_8080_8080
  }

  /// A member's name of any kind, from the `quote` on; what comes before `start` is known to be plain.
  @inline(never)
  static func scanName(
    from start: UnsafePointer<UInt8>, quote: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
    _ end: UnsafePointer<UInt8>, _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> JSONNode {
    var node = try scanString(from: start, quote: quote, base, end, text)
    let hash =
      node.isEscaped
      ? hashDecoded(quote + 1, count: node.stringLength) : JSONKeyHash.of(quote + 1, count: node.stringLength)
    node.payload |= UInt64(hash) << 32
    return node
  }

  /// A string of any kind, from the `quote` on; what comes before `start` is known to be plain.
  @inline(never)
  static func scanString(
    from start: UnsafePointer<UInt8>, quote: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
    _ end: UnsafePointer<UInt8>, _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> JSONNode {
    var q = start
    var flags: UInt32 = 0
    while true {
      q = firstMark(q, end)
      guard q < end else { throw failure(.unterminatedString, at: quote, text) }
      let byte = q.pointee
      switch byte {
      case UInt8(ascii: "\""):
        return JSONNode(
          head: UInt32(JSONKind.string.rawValue) | flags, offset: UInt32(truncatingIfNeeded: quote - base + 1),
          payload: UInt64(truncatingIfNeeded: q - quote - 1))
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

  /// The number at `p` where it is `-?digits(.digits)?` with at most 18 of them, as nearly all are; else nil.
  @inline(__always)
  static func plainNumber(
    _ p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>
  ) -> JSONNode? {
    let negative = p.pointee == UInt8(ascii: "-")
    var q = negative ? p + 1 : p
    let firstDigit = q
    var mantissa: UInt64 = 0
    readDigits(&q, end, &mantissa)
    var digits = q - firstDigit
    guard digits > 0, firstDigit.pointee != UInt8(ascii: "0") || digits == 1 else { return nil }
    var head = UInt32(JSONKind.number.rawValue) | JSONNode.small | JSONNode.integerText
    if q < end && q.pointee == UInt8(ascii: ".") {
      q += 1
      let firstFraction = q
      readDigits(&q, end, &mantissa)
      let scale = q - firstFraction
      guard scale > 0 else { return nil }
      digits &+= scale
      head =
        UInt32(JSONKind.number.rawValue) | JSONNode.small
        | UInt32(truncatingIfNeeded: scale) << JSONNode.detailShift
    }
    guard digits <= 18, q == end || q.pointee | 0x20 != UInt8(ascii: "e") else { return nil }
    let value = Int64(truncatingIfNeeded: mantissa)
    return JSONNode(
      head: head | UInt32(truncatingIfNeeded: q - p) << 13, offset: UInt32(truncatingIfNeeded: p - base),
      payload: UInt64(bitPattern: negative ? 0 &- value : value))
  }

  /// `start` is at a minus or digit. Reads the longest number (RFC 8259 §6); what follows (`01`, `1.`, `1e`) is the
  /// next token's mistake.
  @inline(never)
  static func scanNumber(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
    _ text: UnsafeRawBufferPointer
  ) throws(JSONSyntaxError) -> JSONNode {
    let negative = start.pointee == UInt8(ascii: "-")
    var q = negative ? start + 1 : start
    let firstDigit = q
    var mantissa: UInt64 = 0
    readDigits(&q, end, &mantissa)
    var digits = q - firstDigit
    guard digits > 0 else { throw failure(.expectedValue, at: start, text) }
    if firstDigit.pointee == UInt8(ascii: "0") && digits > 1 {
      // A zero ends the number; another digit behind it is the next token.
      q = firstDigit + 1
      digits = 1
      mantissa = 0
    }
    var scale = 0
    var isPlain = true
    var isIntegerText = true
    if q < end && (q.pointee == UInt8(ascii: ".") || q.pointee | 0x20 == UInt8(ascii: "e")) {
      if q.pointee == UInt8(ascii: "."), end - q >= 2, q[1] &- UInt8(ascii: "0") < 10 {
        isIntegerText = false
        q += 1
        let firstFraction = q
        readDigits(&q, end, &mantissa)
        scale = q - firstFraction
        digits &+= scale
      }
      if q < end && q.pointee | 0x20 == UInt8(ascii: "e"), try scanExponent(&q, start, end, text) {
        isPlain = false
        isIntegerText = false
      }
    }
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

  /// Reads digits behind those that `mantissa` holds; beyond 19 of them it means nothing.
  @inline(__always)
  private static func readDigits(
    _ q: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ mantissa: inout UInt64
  ) {
    while q < end {
      let digit = q.pointee &- UInt8(ascii: "0")
      guard digit < 10 else { return }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      q += 1
    }
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
