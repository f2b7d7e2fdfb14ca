/// A decimal in the sense of Python's `Decimal`: digits and an exponent, both as written.
struct LaxDecimal {
  var isNegative = false
  /// Without leading zeros, but one for zero itself.
  var digits: [UInt8] = []
  var exponent = 0

  enum Failure: Error { case malformed, notFinite }

  /// Blanks around, underscores anywhere, a sign, a point, an exponent.
  init(_ text: UnsafeRawBufferPointer) throws(Failure) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    for byte in ParameterText.trimmed(text) where byte != UInt8(ascii: "_") { bytes.append(byte) }
    var position = 0
    if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      position = 1
    }
    var places = 0
    var seen = 0
    var isFraction = false
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else if byte &- UInt8(ascii: "0") < 10 {
        if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
        if isFraction { places += 1 }
        seen += 1
      } else {
        break
      }
      position += 1
    }
    guard seen > 0 else {
      let word = String(decoding: bytes[position...], as: UTF8.self).lowercased()
      let stem = word.prefix { $0.isLetter }
      let isNaN = (stem == "nan" || stem == "snan") && word.dropFirst(stem.count).allSatisfy { $0.isNumber }
      throw word == "inf" || word == "infinity" || isNaN ? .notFinite : .malformed
    }
    if position < bytes.count {
      guard bytes[position] | 0x20 == UInt8(ascii: "e") else { throw .malformed }
      position += 1
      var isDown = false
      if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
        isDown = bytes[position] == UInt8(ascii: "-")
        position += 1
      }
      guard position < bytes.count else { throw .malformed }
      var value = 0
      for byte in bytes[position...] {
        guard byte &- UInt8(ascii: "0") < 10 else { throw .malformed }
        // Larger ones could not be compared exactly (`JSONLimits.maximumExponent`).
        value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 10_000_000_000)
      }
      guard value <= 999_999_999 else { throw .malformed }
      exponent = isDown ? -value : value
    }
    exponent -= places
    if digits.isEmpty { digits = [UInt8(ascii: "0")] }
  }

  var isZero: Bool { digits.count == 1 && digits[0] == UInt8(ascii: "0") }

  /// Python's `str`: scientific where the exponent is positive or the value below 10⁻⁶.
  var text: [UInt8] {
    var result: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
    let leftDigits = exponent + digits.count
    if exponent <= 0 && leftDigits > -6 {
      if exponent == 0 {
        result += digits
      } else if leftDigits <= 0 {
        result += "0.".utf8
        result += repeatElement(UInt8(ascii: "0"), count: -leftDigits)
        result += digits
      } else {
        result += digits[..<leftDigits]
        result.append(UInt8(ascii: "."))
        result += digits[leftDigits...]
      }
      return result
    }
    result.append(digits[0])
    if digits.count > 1 {
      result.append(UInt8(ascii: "."))
      result += digits[1...]
    }
    let scientific = leftDigits - 1
    result += "E\(scientific >= 0 ? "+" : "")\(scientific)".utf8
    return result
  }
}
