#if canImport(Glibc)
  import Glibc
#endif

/// A number as Unix time: whole seconds (or milliseconds, see `LaxDateTime`) and the fraction.
struct UnixTime {
  var seconds: Int
  var microsecond: Int

  init(seconds: Int) {
    self.seconds = seconds
    microsecond = 0
  }

  /// Whole text of an optional sign, digits, and at most one point. Nil for anything else, or beyond `Int`.
  init?(_ text: UnsafeRawBufferPointer) {
    var position = 0
    var isNegative = false
    if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      position = 1
    }
    var magnitude = 0
    var digits = 0
    while position < text.count, text[position] &- UInt8(ascii: "0") < 10 {
      let (tenfold, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tenfold.addingReportingOverflow(Int(text[position] - UInt8(ascii: "0")))
      guard !overflowed, !carried else { return nil }
      magnitude = sum
      digits += 1
      position += 1
    }
    guard position < text.count else {
      guard digits > 0 else { return nil }
      self.init(seconds: isNegative ? -magnitude : magnitude)
      return
    }
    guard text[position] == UInt8(ascii: ".") else { return nil }
    var fraction = 0.0
    var weight = 0.1
    for byte in text[(position + 1)...] {
      guard byte &- UInt8(ascii: "0") < 10 else { return nil }
      fraction += Double(byte - UInt8(ascii: "0")) * weight
      weight /= 10
      digits += 1
    }
    guard digits > 0 else { return nil }
    self.init(whole: isNegative ? -magnitude : magnitude, fraction: isNegative ? -fraction : fraction)
  }

  init(_ value: Double) {
    guard value.magnitude < 9e18 else {
      // Far beyond the last year either way, which is all that matters.
      self.init(seconds: value < 0 ? -9_000_000_000_000_000_000 : 9_000_000_000_000_000_000)
      return
    }
    let whole = value.rounded(.towardZero)
    self.init(whole: Int(whole), fraction: value - whole)
  }

  private init(whole: Int, fraction: Double) {
    // Away from zero at one half; a negative fraction borrows a second.
    var micros = Int((fraction * 1_000_000).rounded())
    var seconds = whole
    if micros < 0 {
      micros += 1_000_000
      seconds &-= 1
    }
    if micros >= 1_000_000 {
      micros -= 1_000_000
      seconds &+= 1
    }
    self.seconds = seconds
    microsecond = micros
  }
}
