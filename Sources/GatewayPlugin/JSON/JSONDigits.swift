/// Integers in number texts of any form (RFC 8259 §6): `18446744073709551615`, `1.50e2`.
enum JSONDigits {
  enum Result<Integer> {
    case value(Integer)
    case fraction
    case overflow
  }

  static func integer<Integer: FixedWidthInteger>(
    _ text: UnsafeBufferPointer<UInt8>, as type: Integer.Type
  ) -> Result<Integer> {
    var isNegative = false
    var magnitude: UInt64 = 0
    var isTooLarge = false
    var fractionDigits = 0
    // Zeros that may turn out to be at the end: they only count once another digit follows.
    var zeros = 0
    var sawPoint = false
    var exponent = 0
    var isExponentNegative = false
    var inExponent = false
    for byte in text {
      switch byte {
      case UInt8(ascii: "-"): if inExponent { isExponentNegative = true } else { isNegative = true }
      case UInt8(ascii: "."): sawPoint = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"): inExponent = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let digit = UInt64(byte &- UInt8(ascii: "0"))
        if inExponent {
          exponent = min(exponent &* 10 &+ Int(digit), 1 << 20)
        } else {
          if sawPoint { fractionDigits += 1 }
          zeros += 1
          guard digit != 0 else { continue }
          for _ in 0..<min(zeros, 20) {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            magnitude = product
            isTooLarge = isTooLarge || overflow
          }
          let (sum, overflow) = magnitude.addingReportingOverflow(digit)
          magnitude = sum
          isTooLarge = isTooLarge || overflow
          zeros = 0
        }
      default: break
      }
    }
    guard magnitude != 0 || isTooLarge else { return .value(0) }
    // The value is magnitude * 10^shift, and magnitude does not end with a zero digit.
    let shift = zeros - fractionDigits + (isExponentNegative ? -exponent : exponent)
    guard shift >= 0 else { return .fraction }
    for _ in 0..<min(shift, 20) {
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      magnitude = product
      isTooLarge = isTooLarge || overflow
    }
    guard !isTooLarge else { return .overflow }
    if !isNegative { return Integer(exactly: magnitude).map { .value($0) } ?? .overflow }
    // One below zero first: the least integer has no positive twin.
    guard let less = Int64(exactly: magnitude - 1), let value = Integer(exactly: -1 - less) else { return .overflow }
    return .value(value)
  }
}
