/// Wall-clock time as text, in UTC, without Foundation. Keeps the text of the last second: most lines share it.
struct ClockText {
  private var second: Int64 = .min
  private var rfc3339: SIMD32<UInt8> = .zero
  private var common: SIMD32<UInt8> = .zero

  /// `23/Nov/2026:00:49:01 +0000` (common log format).
  static let commonLength = 26

  init() {}

  /// Writes the time with milliseconds, `2026-11-23T00:49:01.123Z` (RFC 3339).
  mutating func writeRFC3339(_ nanoseconds: Int64, to line: inout LineCursor) {
    let milliseconds = refresh(nanoseconds)
    withUnsafeBytes(of: rfc3339) { line.write(UnsafeRawBufferPointer(rebasing: $0[..<20])) }
    line.write(milliseconds, digits: 3)
    line.write(UInt8(ascii: "Z"))
  }

  /// Writes the time as `combined` has it.
  mutating func writeCommon(_ nanoseconds: Int64, to line: inout LineCursor) {
    _ = refresh(nanoseconds)
    withUnsafeBytes(of: common) { line.write(UnsafeRawBufferPointer(rebasing: $0[..<Self.commonLength])) }
  }

  /// Brings the texts to this second; gives its milliseconds.
  private mutating func refresh(_ nanoseconds: Int64) -> Int {
    let (wanted, rest) = Self.floored(nanoseconds, by: 1_000_000_000)
    if wanted != second {
      second = wanted
      render()
    }
    return Int(rest / 1_000_000)
  }

  private mutating func render() {
    let (days, secondOfDay) = Self.floored(second, by: 86_400)
    let date = CivilDate(daysSinceEpoch: days)
    let (hour, minute, second) = (Int(secondOfDay / 3600), Int(secondOfDay / 60 % 60), Int(secondOfDay % 60))
    let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    withUnsafeMutableBytes(of: &rfc3339) { memory in
      guard var text = LineCursor(memory) else { return }
      text.write(date.year, digits: 4)
      text.write("-")
      text.write(date.month, digits: 2)
      text.write("-")
      text.write(date.day, digits: 2)
      text.write("T")
      text.write(hour, digits: 2)
      text.write(":")
      text.write(minute, digits: 2)
      text.write(":")
      text.write(second, digits: 2)
      text.write(".")
    }
    withUnsafeMutableBytes(of: &common) { memory in
      guard var text = LineCursor(memory) else { return }
      text.write(date.day, digits: 2)
      text.write("/")
      months.withUTF8Buffer { names in
        let start = (date.month - 1) * 3
        text.write(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: names[start..<(start + 3)])))
      }
      text.write("/")
      text.write(date.year, digits: 4)
      text.write(":")
      text.write(hour, digits: 2)
      text.write(":")
      text.write(minute, digits: 2)
      text.write(":")
      text.write(second, digits: 2)
      text.write(" +0000")
    }
  }

  private static func floored(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

/// A date of the Gregorian calendar, from days since 1970-01-01.
///
/// Years are counted from March so that the leap day ends a year; 400 years have 146,097 days.
struct CivilDate: Equatable {
  var year: Int
  /// 1...12
  var month: Int
  /// 1...31
  var day: Int

  init(daysSinceEpoch: Int64) {
    // From 0000-03-01.
    let days = Int(daysSinceEpoch) + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shifted + 2) / 5 + 1
    month = shifted < 10 ? shifted + 3 : shifted - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}
