import NIOCore

/// Dates in the preferred form of RFC 9110 §5.6.7 (IMF-fixdate), `Sun, 06 Nov 1994 08:49:37 GMT`, without Foundation.
///
/// Seconds are counted from 1970-01-01 00:00:00 UTC, leap seconds left out. Years 0000 to 9999.
public enum HTTPDate {
  /// Bytes of a date.
  public static let length = 29

  private static let days: StaticString = "ThuFriSatSunMonTueWed"
  private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
  /// 9999-12-31 23:59:59 and 0000-01-01 00:00:00: the years that four digits hold.
  private static let range = -62_167_219_200...253_402_300_799

  /// Appends the date; a time outside the years 0-9999 is moved to the nearest one inside.
  public static func write(_ secondsSinceEpoch: Int, into buffer: inout ByteBuffer) {
    let seconds = min(max(secondsSinceEpoch, range.lowerBound), range.upperBound)
    let (day, time) = seconds.flooredDivision(by: 86_400)
    let date = civil(day: day)
    let weekday = day.flooredDivision(by: 7).remainder
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { out in
      // `out` has at least `length` bytes, and every index below is less.
      text(days, weekday, out, 0)
      out[3] = UInt8(ascii: ",")
      out[4] = 0x20
      digits(date.day, out, 5)
      out[7] = 0x20
      text(months, date.month - 1, out, 8)
      out[11] = 0x20
      digits(date.year / 100, out, 12)
      digits(date.year % 100, out, 14)
      out[16] = 0x20
      digits(time / 3600, out, 17)
      out[19] = UInt8(ascii: ":")
      digits(time / 60 % 60, out, 20)
      out[22] = UInt8(ascii: ":")
      digits(time % 60, out, 23)
      out[25] = 0x20
      out[26] = UInt8(ascii: "G")
      out[27] = UInt8(ascii: "M")
      out[28] = UInt8(ascii: "T")
      return length
    }
  }

  /// The date as text.
  public static func string(_ secondsSinceEpoch: Int) -> String {
    var buffer = ByteBuffer()
    write(secondsSinceEpoch, into: &buffer)
    return String(buffer: buffer)
  }

  /// Seconds since the epoch; nil where `bytes` is not exactly an IMF-fixdate with the right day name. The two obsolete
  /// forms are not read: to a condition that carries one, as to any unreadable date, RFC 9110 §13.1.3 says "ignore".
  public static func parse(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count == length, bytes[3] == UInt8(ascii: ","), bytes[4] == 0x20, bytes[7] == 0x20, bytes[11] == 0x20,
      bytes[16] == 0x20, bytes[19] == UInt8(ascii: ":"), bytes[22] == UInt8(ascii: ":"), bytes[25] == 0x20,
      bytes[26] == UInt8(ascii: "G"), bytes[27] == UInt8(ascii: "M"), bytes[28] == UInt8(ascii: "T"),
      let weekday = index(days, bytes, 0), let day = number(bytes, 5), let month = index(months, bytes, 8),
      let century = number(bytes, 12), let years = number(bytes, 14), let hour = number(bytes, 17),
      let minute = number(bytes, 20), let second = number(bytes, 23), hour < 24, minute < 60, second <= 60
    else { return nil }
    let dayNumber = daysSinceEpoch(year: century * 100 + years, month: month + 1, day: day)
    // Rejects the 31st of a short month and the 0th, because those come back as another date.
    guard civil(day: dayNumber) == (century * 100 + years, month + 1, day),
      dayNumber.flooredDivision(by: 7).remainder == weekday
    else { return nil }
    return dayNumber * 86_400 + hour * 3600 + minute * 60 + second
  }

  /// Proleptic Gregorian calendar; years are counted from March so that the leap day is the last of its year.
  private static func civil(day: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (day + 719_468).flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
  }

  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredDivision(by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// `value` is 0-99.
  private static func digits(_ value: Int, _ out: UnsafeMutableRawBufferPointer, _ at: Int) {
    out[at] = UInt8(truncatingIfNeeded: value / 10 + 0x30)
    out[at + 1] = UInt8(truncatingIfNeeded: value % 10 + 0x30)
  }

  private static func text(_ names: StaticString, _ index: Int, _ out: UnsafeMutableRawBufferPointer, _ at: Int) {
    for i in 0..<3 { out[at + i] = names.utf8Start[index * 3 + i] }
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int? {
    let tens = bytes[at] &- 0x30
    let ones = bytes[at + 1] &- 0x30
    return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : nil
  }

  private static func index(_ names: StaticString, _ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int? {
    (0..<(names.utf8CodeUnitCount / 3)).first { name in
      (0..<3).allSatisfy { names.utf8Start[name * 3 + $0] == bytes[at + $0] }
    }
  }
}

extension Int {
  /// Division that rounds down, so that the remainder is never negative.
  fileprivate func flooredDivision(by divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
