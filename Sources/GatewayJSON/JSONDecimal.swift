/// A number as an exact decimal, read from text that someone else keeps: significant digits and a power of ten.
///
/// Comparison, integrality and divisibility work on the digits, so nothing is lost beyond 2^53, and nothing is
/// expanded: `1e999999999` costs what `1` costs. Reads valid JSON numbers, and `.5`, `5.`, `+5` too.
public struct JSONDecimal {
  public let isNegative: Bool
  /// Digits from the first to the last that is not zero; 0 for zero.
  public let digitCount: Int
  /// Power of ten of the first significant digit: 3 for 1234, -1 for 0.5.
  public let exponent: Int
  // First and last significant digit; a point may lie between.
  private let first: UnsafePointer<UInt8>
  private let last: UnsafePointer<UInt8>

  public init(_ text: UnsafeRawBufferPointer) {
    guard let base = text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count > 0 else {
      self = JSONDecimal.zero
      return
    }
    let end = base + text.count
    var p = base
    let negative = p.pointee == UInt8(ascii: "-")
    if negative || p.pointee == UInt8(ascii: "+") { p += 1 }

    var point: UnsafePointer<UInt8>?
    var first: UnsafePointer<UInt8>?
    var last = p
    while p < end {
      let byte = p.pointee
      if byte == UInt8(ascii: ".") {
        point = p
      } else if byte &- UInt8(ascii: "0") < 10 {
        if byte != UInt8(ascii: "0") {
          if first == nil { first = p }
          last = p
        }
      } else {
        break
      }
      p += 1
    }
    let integerEnd = point ?? p
    guard let first else {
      self = JSONDecimal.zero
      return
    }

    var power = 0
    if p < end, p.pointee | 0x20 == UInt8(ascii: "e") {
      p += 1
      let negativePower = p < end && p.pointee == UInt8(ascii: "-")
      if p < end, negativePower || p.pointee == UInt8(ascii: "+") { p += 1 }
      while p < end, p.pointee &- UInt8(ascii: "0") < 10 {
        // Bounded, so that sums below stay far from overflow.
        power = min(power * 10 + Int(p.pointee &- UInt8(ascii: "0")), 4_000_000_000)
        p += 1
      }
      if negativePower { power = -power }
    }

    isNegative = negative
    self.first = first
    self.last = last
    let spansPoint = point.map { first < $0 && $0 < last } ?? false
    digitCount = last - first + (spansPoint ? 0 : 1)
    // Before the point the first digit's place counts down to it, behind it places count on below zero.
    exponent = (first < integerEnd ? integerEnd - first - 1 : integerEnd - first) + power
  }

  private init(zero: Void) {
    isNegative = false
    digitCount = 0
    exponent = 0
    first = JSONDecimal.noDigits.utf8Start
    last = JSONDecimal.noDigits.utf8Start
  }

  private static let noDigits: StaticString = "0"
  static var zero: JSONDecimal { JSONDecimal(zero: ()) }

  public var isZero: Bool { digitCount == 0 }
  /// True for 1, 1.0 and 10e-1 (JSON Schema 2020-12 Validation §6.1.1).
  public var isInteger: Bool { isZero || lastExponent >= 0 }
  /// Power of ten of the last significant digit.
  var lastExponent: Int { exponent - digitCount + 1 }

  /// The value where it is whole and fits.
  public var int64: Int64? {
    guard !isZero else { return 0 }
    guard isInteger, exponent <= 18 else { return nil }
    var magnitude: UInt64 = 0
    forEachDigit { magnitude = magnitude &* 10 &+ UInt64($0) }
    for _ in 0..<lastExponent { magnitude = magnitude &* 10 }
    // At most 19 digits: below 10^19 < 2^64, so nothing has wrapped.
    if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
    return Int64(exactly: magnitude)
  }

  /// Calls `body` with each significant digit.
  func forEachDigit(_ body: (UInt8) -> Void) {
    guard !isZero else { return }
    var p = first
    while p <= last {
      if p.pointee != UInt8(ascii: ".") { body(p.pointee &- UInt8(ascii: "0")) }
      p += 1
    }
  }

  /// Negative, zero or positive as `self` is less than, equal to or greater than `other`.
  public func compare(_ other: JSONDecimal) -> Int {
    if isZero || other.isZero {
      let a = isZero ? 0 : (isNegative ? -1 : 1)
      let b = other.isZero ? 0 : (other.isNegative ? -1 : 1)
      return a - b
    }
    guard isNegative == other.isNegative else { return isNegative ? -1 : 1 }
    let magnitude = compareMagnitude(other)
    return isNegative ? -magnitude : magnitude
  }

  private func compareMagnitude(_ other: JSONDecimal) -> Int {
    guard exponent == other.exponent else { return exponent < other.exponent ? -1 : 1 }
    var a = first
    var b = other.first
    while a <= last && b <= other.last {
      if a.pointee == UInt8(ascii: ".") {
        a += 1
        continue
      }
      if b.pointee == UInt8(ascii: ".") {
        b += 1
        continue
      }
      if a.pointee != b.pointee { return a.pointee < b.pointee ? -1 : 1 }
      a += 1
      b += 1
    }
    // Neither ends in a zero, so what is left over is more.
    return digitCount - other.digitCount
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(isNegative)
    hasher.combine(exponent)
    forEachDigit { hasher.combine($0) }
  }

  /// Exact, whatever the size of either.
  public func isMultiple(of divisor: JSONDivisor) -> Bool {
    guard !isZero else { return true }
    let n = divisor.significand
    let shift = lastExponent - divisor.exponent
    // value / divisor = digits × 10^shift / n. Our last digit is not zero, so a negative shift cannot be made up for.
    guard shift >= 0 else { return false }
    var remainder: UInt64 = 0
    forEachDigit { remainder = JSONDecimal.multiplyAdd(remainder, 10, UInt64($0), modulo: n) }
    guard remainder != 0 else { return true }
    return JSONDecimal.multiplyAdd(remainder, JSONDecimal.power(of: 10, shift, modulo: n), 0, modulo: n) == 0
  }

  private static func multiplyAdd(_ a: UInt64, _ b: UInt64, _ c: UInt64, modulo n: UInt64) -> UInt64 {
    // Both factors are below n or ten, so the product's high half is below n and the division cannot overflow; n may be
    // smaller than ten, hence the reduction of the high half.
    let product = a.multipliedFullWidth(by: b)
    let (low, carry) = product.low.addingReportingOverflow(c)
    let high = (product.high &+ (carry ? 1 : 0)) % n
    return n.dividingFullWidth((high, low)).remainder
  }

  private static func power(of base: UInt64, _ exponent: Int, modulo n: UInt64) -> UInt64 {
    var result: UInt64 = 1 % n
    var factor = base % n
    var exponent = exponent
    while exponent > 0 {
      if exponent & 1 == 1 { result = multiplyAdd(result, factor, 0, modulo: n) }
      factor = multiplyAdd(factor, factor, 0, modulo: n)
      exponent >>= 1
    }
    return result
  }
}

/// A positive decimal to divide by: `significand × 10^exponent`, the significand not ending in a zero.
public struct JSONDivisor: Sendable, Hashable, BitwiseCopyable {
  public let significand: UInt64
  public let exponent: Int

  /// Nil for zero, negative numbers, and more than 19 significant digits.
  public init?(_ number: JSONNumber) {
    let parts = number.withDecimal { decimal -> (UInt64, Int)? in
      guard !decimal.isZero, !decimal.isNegative, decimal.digitCount <= 19 else { return nil }
      var significand: UInt64 = 0
      decimal.forEachDigit { significand = significand &* 10 &+ UInt64($0) }
      return (significand, decimal.lastExponent)
    }
    guard let parts else { return nil }
    significand = parts.0
    exponent = parts.1
  }
}
