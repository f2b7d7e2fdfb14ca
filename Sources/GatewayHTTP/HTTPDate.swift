import NIOCore

/// Dates of RFC 9110 §5.6.7, without Foundation: written as IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`, and read in
/// all three forms.
///
/// Seconds are counted from 1970-01-01 00:00:00 UTC, leap seconds left out. Years 0000 to 9999.
public enum HTTPDate {
  /// Bytes of a date as it is written.
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

  /// Seconds since the epoch; nil where `bytes` is in none of the three forms that RFC 9110 §5.6.7 wants read, or names
  /// a day that does not exist or another weekday. (To a condition with an unreadable date, §13.1.3 says "ignore".)
  ///
  /// The two digits of an RFC 850 year are 1970 to 2069: "not more than 50 years ahead" would need a clock, and moves.
  public static func parse(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 24, bytes.count <= 33 else { return nil }
    if bytes[3] == UInt8(ascii: ",") { return parseFixed(bytes) }
    return bytes[3] == 0x20 ? parseAsctime(bytes) : parseRFC850(bytes)
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`
  private static func parseFixed(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count == length, bytes[4] == 0x20, bytes[7] == 0x20, bytes[11] == 0x20, bytes[16] == 0x20,
      isGMT(bytes, 25), let weekday = index(days, bytes, 0), let day = number(bytes, 5),
      let month = index(months, bytes, 8), let century = number(bytes, 12), let years = number(bytes, 14),
      let time = time(bytes, 17)
    else { return nil }
    return seconds(weekday, year: century * 100 + years, month: month + 1, day: day, time)
  }

  /// `Sunday, 06-Nov-94 08:49:37 GMT`
  private static func parseRFC850(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let weekday = index(days, bytes, 0) else { return nil }
    let rest = longDays[weekday].utf8CodeUnitCount
    guard bytes.count == rest + 24, bytes[rest] == UInt8(ascii: ","), bytes[rest + 1] == 0x20,
      (0..<rest).allSatisfy({ longDays[weekday].utf8Start[$0] == bytes[$0] }), let day = number(bytes, rest + 2),
      bytes[rest + 4] == UInt8(ascii: "-"), let month = index(months, bytes, rest + 5),
      bytes[rest + 8] == UInt8(ascii: "-"), let years = number(bytes, rest + 9), bytes[rest + 11] == 0x20,
      let time = time(bytes, rest + 12), isGMT(bytes, rest + 20)
    else { return nil }
    return seconds(weekday, year: years < 70 ? 2000 + years : 1900 + years, month: month + 1, day: day, time)
  }

  /// `Sun Nov  6 08:49:37 1994`
  private static func parseAsctime(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count == 24, bytes[7] == 0x20, bytes[10] == 0x20, bytes[19] == 0x20,
      let weekday = index(days, bytes, 0), let month = index(months, bytes, 4),
      let day = bytes[8] == 0x20 ? digit(bytes[9]) : number(bytes, 8), let time = time(bytes, 11),
      let century = number(bytes, 20), let years = number(bytes, 22)
    else { return nil }
    return seconds(weekday, year: century * 100 + years, month: month + 1, day: day, time)
  }

  private static let longDays: [StaticString] = [
    "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday",
  ]

  /// ` GMT` at `at`; the caller has checked that `bytes` is long enough.
  private static func isGMT(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Bool {
    bytes[at] == 0x20 && bytes[at + 1] == UInt8(ascii: "G") && bytes[at + 2] == UInt8(ascii: "M")
      && bytes[at + 3] == UInt8(ascii: "T")
  }

  /// Seconds of the day from `08:49:37`; a leap second is the next minute.
  private static func time(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int? {
    guard bytes[at + 2] == UInt8(ascii: ":"), bytes[at + 5] == UInt8(ascii: ":"), let hour = number(bytes, at),
      let minute = number(bytes, at + 3), let second = number(bytes, at + 6), hour < 24, minute < 60, second <= 60
    else { return nil }
    return hour * 3600 + minute * 60 + second
  }

  private static func seconds(_ weekday: Int, year: Int, month: Int, day: Int, _ time: Int) -> Int? {
    let dayNumber = daysSinceEpoch(year: year, month: month, day: day)
    // Rejects the 31st of a short month and the 0th, because those come back as another date.
    guard civil(day: dayNumber) == (year, month, day), dayNumber.flooredDivision(by: 7).remainder == weekday else {
      return nil
    }
    return dayNumber * 86_400 + time
  }

  private static func digit(_ byte: UInt8) -> Int? { byte &- 0x30 < 10 ? Int(byte &- 0x30) : nil }

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
