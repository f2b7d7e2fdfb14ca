/// A JSON number with every digit it was written with. Equality, order and hashing go by value: 1 == 1.0 == 10e-1.
public struct JSONNumber: Sendable {
  /// The number as JSON text.
  public let text: String

  /// Nil unless `text` is one JSON number (RFC 8259 §6) with an exponent within `JSONLimits.maximumExponent`.
  public init?(_ text: String) {
    var text = text
    let isNumber = text.withUTF8 { bytes in
      guard let p = bytes.baseAddress, bytes.count > 0 else { return false }
      let end = p + bytes.count
      guard p.pointee == UInt8(ascii: "-") || p.pointee &- UInt8(ascii: "0") < 10 else { return false }
      let node = try? JSONParser.scanNumber(p, end, p, UnsafeRawBufferPointer(bytes))
      return node?.length == bytes.count
    }
    guard isNumber else { return nil }
    self.text = text
  }

  public init(_ value: some FixedWidthInteger) { text = "\(value)" }

  /// Nil for NaN and infinities, which JSON cannot write.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = "\(value)"
  }

  /// For text that is known to be a JSON number.
  init(validated text: String) { self.text = text }

  public func withDecimal<R>(_ body: (JSONDecimal) -> R) -> R {
    var text = text
    return text.withUTF8 { body(JSONDecimal(UnsafeRawBufferPointer($0))) }
  }

  /// True for 1, 1.0 and 10e-1.
  public var isInteger: Bool { withDecimal { $0.isInteger } }
  /// The value where it is whole and fits.
  public var int64: Int64? { withDecimal { $0.int64 } }
  public var int: Int? { int64.flatMap(Int.init(exactly:)) }
  /// The nearest double; nil where it would be infinite.
  public var double: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }
  public var isZero: Bool { withDecimal { $0.isZero } }
  public var isNegative: Bool { withDecimal { $0.isNegative } }

  /// Without a needless fraction or exponent: `1` for 1.0, `0.5` for 5e-1. Very large or small ones as written.
  public var plainText: String {
    withDecimal { decimal in
      guard !decimal.isZero else { return "0" }
      guard decimal.exponent < 21, decimal.lastExponent > -21 else { return text }
      var digits = ""
      decimal.forEachDigit { digits.unicodeScalars.append(Unicode.Scalar(UInt8(ascii: "0") + $0)) }
      let sign = decimal.isNegative ? "-" : ""
      if decimal.lastExponent >= 0 { return sign + digits + String(repeating: "0", count: decimal.lastExponent) }
      if decimal.exponent < 0 { return sign + "0." + String(repeating: "0", count: -decimal.exponent - 1) + digits }
      return sign + digits.prefix(decimal.exponent + 1) + "." + digits.dropFirst(decimal.exponent + 1)
    }
  }
}

extension JSONNumber: Hashable, Comparable {
  public static func == (a: JSONNumber, b: JSONNumber) -> Bool {
    a.text == b.text || a.compare(b) == 0
  }

  public static func < (a: JSONNumber, b: JSONNumber) -> Bool { a.compare(b) < 0 }

  private func compare(_ other: JSONNumber) -> Int {
    withDecimal { a in other.withDecimal { b in a.compare(b) } }
  }

  public func hash(into hasher: inout Hasher) { withDecimal { $0.hash(into: &hasher) } }
}

extension JSONNumber: ExpressibleByIntegerLiteral, CustomStringConvertible {
  public init(integerLiteral value: Int64) { self.init(value) }
  public var description: String { text }
}

extension JSONNumber {
  /// The value as `mantissa / 10^scale` with both small; nil for numbers with an exponent or more than 18 digits.
  public var small: (mantissa: Int64, scale: Int)? {
    var text = text
    return text.withUTF8 { bytes in
      guard let p = bytes.baseAddress, bytes.count > 0 else { return nil }
      let node = try? JSONParser.scanNumber(p, p + bytes.count, p, UnsafeRawBufferPointer(bytes))
      guard let node, node.isSmall else { return nil }
      return (node.mantissa, node.scale)
    }
  }
}
