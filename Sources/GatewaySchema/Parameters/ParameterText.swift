import GatewayJSON

#if canImport(Glibc)
  import Glibc
#endif

/// Text that stands for a value: paths, queries, fields and cookies carry nothing else. The grammar is Pydantic's lax
/// mode, read byte by byte, nothing allocated.
enum ParameterText {
  enum Integer {
    case value(Int64)
    case outOfRange
    case malformed
  }

  /// Blanks around, a sign, leading zeros, single underscores between digits, and a fraction of zeros.
  @inline(__always)
  static func integer(_ text: UnsafeRawBufferPointer) -> Integer {
    // The usual text first: one to eighteen digits and nothing else.
    if let start = text.baseAddress, text.count > 0, text.count <= 18 {
      var p = start.assumingMemoryBound(to: UInt8.self)
      let end = p + text.count
      var value: Int64 = 0
      while p < end, p.pointee &- UInt8(ascii: "0") < 10 {
        value = value &* 10 &+ Int64(p.pointee &- UInt8(ascii: "0"))
        p += 1
      }
      if p == end { return .value(value) }
    }
    return unusualInteger(text)
  }

  @inline(never)
  private static func unusualInteger(_ text: UnsafeRawBufferPointer) -> Integer {
    let text = trimmed(text)
    var position = 0
    var isNegative = false
    if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      position = 1
    }
    var magnitude: UInt64 = 0
    var overflows = false
    var previousIsDigit = false
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "_"), previousIsDigit {
        previousIsDigit = false
      } else if byte &- UInt8(ascii: "0") < 10 {
        let (tenfold, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, carried) = tenfold.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
        overflows = overflows || overflowed || carried
        magnitude = sum
        previousIsDigit = true
      } else {
        break
      }
      position += 1
    }
    guard previousIsDigit else { return .malformed }
    if position < text.count {
      guard text[position] == UInt8(ascii: "."), position + 1 < text.count,
        text[(position + 1)...].allSatisfy({ $0 == UInt8(ascii: "0") })
      else { return .malformed }
    }
    guard !overflows else { return .outOfRange }
    if isNegative { return magnitude <= 1 << 63 ? .value(Int64(truncatingIfNeeded: 0 &- magnitude)) : .outOfRange }
    return Int64(exactly: magnitude).map { .value($0) } ?? .outOfRange
  }

  enum Number {
    /// `decimal` is the text as a JSON-like number, valid only during the call that hands it out.
    case value(Double, decimal: JSONDecimal)
    case notFinite
    case malformed
  }

  /// Blanks around, a sign, an exponent, `.5`, `5.`, single underscores between digits. NaN and infinities are told
  /// apart from nonsense, because the answer names them.
  static func number<R>(_ text: UnsafeRawBufferPointer, _ body: (Number) -> R) -> R {
    let text = trimmed(text)
    guard text.count > 0 else { return body(.malformed) }
    // Cleaned of underscores, and ended by a zero byte for `strtod`.
    return withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { buffer in
      guard let length = cleanNumber(text, into: buffer), let start = buffer.baseAddress else {
        return body(isNotFinite(text) ? .notFinite : .malformed)
      }
      buffer[length] = 0
      // `strtod` minds the process's locale, and the gateway never sets one, so the point is a point.
      let value = strtod(start.assumingMemoryBound(to: CChar.self), nil)
      guard value.isFinite else { return body(.notFinite) }
      return body(.value(value, decimal: JSONDecimal(UnsafeRawBufferPointer(start: start, count: length))))
    }
  }

  /// The bytes written; nil where the text is no number.
  private static func cleanNumber(_ text: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    var length = 0
    var position = 0
    func put(_ byte: UInt8) {
      buffer[length] = byte
      length += 1
      position += 1
    }
    /// Digits with single underscores inside; false for an underscore elsewhere.
    func digits() -> (count: Int, isWellFormed: Bool) {
      var count = 0
      while position < text.count {
        let byte = text[position]
        if byte &- UInt8(ascii: "0") < 10 {
          put(byte)
          count += 1
        } else if byte == UInt8(ascii: "_") {
          guard count > 0, position + 1 < text.count, text[position + 1] &- UInt8(ascii: "0") < 10 else {
            return (count, false)
          }
          position += 1
        } else {
          break
        }
      }
      return (count, true)
    }
    func sign() {
      if position < text.count, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
        put(text[position])
      }
    }
    sign()
    let whole = digits()
    var fraction = (count: 0, isWellFormed: true)
    if position < text.count, text[position] == UInt8(ascii: ".") {
      put(text[position])
      fraction = digits()
    }
    guard whole.isWellFormed, fraction.isWellFormed, whole.count + fraction.count > 0 else { return nil }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      put(text[position])
      sign()
      let exponent = digits()
      guard exponent.isWellFormed, exponent.count > 0 else { return nil }
    }
    return position == text.count ? length : nil
  }

  private static func isNotFinite(_ text: UnsafeRawBufferPointer) -> Bool {
    var rest = text[...]
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let bytes = UnsafeRawBufferPointer(rebasing: rest)
    return isWord(bytes, "nan") || isWord(bytes, "inf") || isWord(bytes, "infinity")
  }

  /// `true t yes y on 1` and `false f no n off 0` in any case, not trimmed.
  static func boolean(_ text: UnsafeRawBufferPointer) -> Bool? {
    switch text.count {
    case 1:
      switch text[0] | 0x20 {
      case UInt8(ascii: "t"), UInt8(ascii: "y"): return true
      case UInt8(ascii: "f"), UInt8(ascii: "n"): return false
      default: return text[0] == UInt8(ascii: "1") ? true : (text[0] == UInt8(ascii: "0") ? false : nil)
      }
    case 2: return isWord(text, "on") ? true : (isWord(text, "no") ? false : nil)
    case 3: return isWord(text, "yes") ? true : (isWord(text, "off") ? false : nil)
    case 4: return isWord(text, "true") ? true : nil
    case 5: return isWord(text, "false") ? false : nil
    default: return nil
    }
  }

  /// `word` in lower-case letters.
  private static func isWord(_ text: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    guard text.count == word.utf8CodeUnitCount else { return false }
    for position in 0..<text.count where text[position] | 0x20 != word.utf8Start[position] { return false }
    return true
  }

  /// Without ASCII blanks at both ends.
  static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    var rest = text[...]
    while let first = rest.first, isBlank(first) { rest = rest.dropFirst() }
    while let last = rest.last, isBlank(last) { rest = rest.dropLast() }
    return UnsafeRawBufferPointer(rebasing: rest)
  }
}
