/// Dates and times as Pydantic's lax mode reads them: wider than RFC 3339 (`DateTimeText` holds to that), and in the
/// order of checks that decides which complaint comes first.
struct LaxDate: Equatable {
  var year = 1970
  var month = 1
  var day = 1
}

struct LaxTime: Equatable {
  var hour = 0
  var minute = 0
  var second = 0
  var microsecond = 0
  /// Seconds east of UTC; nil without a zone.
  var zone: Int?

  var isMidnight: Bool { hour == 0 && minute == 0 && second == 0 && microsecond == 0 }
}

struct LaxDateTime: Equatable {
  var date = LaxDate()
  var time = LaxTime()
}

extension LaxDate {
  /// `YYYY-MM-DD` and nothing after it.
  static func parse(_ text: UnsafeRawBufferPointer) throws(TemporalFailure) -> LaxDate {
    let date = try prefix(text)
    guard text.count == 10 else { throw .extraCharacters }
    return date
  }

  static func prefix(_ text: UnsafeRawBufferPointer) throws(TemporalFailure) -> LaxDate {
    guard text.count >= 10 else { throw .tooShort }
    var reader = DigitReader(text)
    guard let century = reader.pair(), let rest = reader.pair() else { throw .yearCharacter }
    guard reader.take("-") else { throw .dateSeparator }
    guard let month = reader.pair() else { throw .monthCharacter }
    guard reader.take("-") else { throw .dateSeparator }
    guard let day = reader.pair() else { throw .dayCharacter }
    guard (1...12).contains(month) else { throw .month }
    let year = century * 100 + rest
    guard day >= 1, day <= Calendar.daysInMonth(year, month) else { throw .day }
    return LaxDate(year: year, month: month, day: day)
  }
}

extension LaxTime {
  /// `HH:MM[:SS[(.|,)fraction]][Z|±HH:MM|±HHMM]`; digits of the fraction beyond six are cut.
  static func parse(_ text: UnsafeRawBufferPointer, from start: Int = 0) throws(TemporalFailure) -> LaxTime {
    guard text.count - start >= 5 else { throw .tooShort }
    var reader = DigitReader(text, at: start)
    var time = LaxTime()
    guard let hour = reader.pair() else { throw .hourCharacter }
    guard reader.take(":") else { throw .timeSeparator }
    guard let minute = reader.pair() else { throw .minuteCharacter }
    guard hour <= 23 else { throw .hour }
    guard minute <= 59 else { throw .minute }
    time.hour = hour
    time.minute = minute
    if reader.take(":") {
      guard let second = reader.pair() else { throw .secondCharacter }
      guard second <= 59 else { throw .second }
      time.second = second
      if reader.take(".") || reader.take(",") {
        var digits = 0
        while let digit = reader.digit() {
          if digits < 6 { time.microsecond = time.microsecond * 10 + digit }
          digits += 1
        }
        guard digits > 0 else { throw .fractionMissing }
        while digits < 6 {
          time.microsecond *= 10
          digits += 1
        }
      }
    }
    time.zone = try zone(&reader)
    guard reader.isAtEnd else { throw .extraCharacters }
    return time
  }

  private static func zone(_ reader: inout DigitReader) throws(TemporalFailure) -> Int? {
    if reader.isAtEnd { return nil }
    if reader.take("Z") || reader.take("z") { return 0 }
    let sign: Int
    if reader.take("+") {
      sign = 1
    } else if reader.take("-") || reader.take("\u{2212}") {
      // ISO 8601 allows the true minus sign.
      sign = -1
    } else {
      throw .zoneSign
    }
    guard let hours = reader.pair() else { throw .zoneHour }
    _ = reader.take(":")
    guard let minutes = reader.pair() else { throw .zoneMinute }
    guard minutes < 60 else { throw .zoneMinuteRange }
    guard hours < 24 else { throw .zoneRange }
    return sign * (hours * 3600 + minutes * 60)
  }

  /// Seconds of the day, UTC.
  init(seconds: Double) throws(TemporalFailure) {
    guard seconds >= 0 else { throw .timeNegative }
    // Rounded first: what rounds up to a full day is beyond it.
    let micros = seconds < 100_000 ? Int((seconds * 1_000_000).rounded()) : Int.max
    guard micros / 1_000_000 <= 86_399 else { throw .timeTooLarge }
    self.init(secondOfDay: micros / 1_000_000, microsecond: micros % 1_000_000)
  }

  init(secondOfDay: Int, microsecond: Int) {
    hour = secondOfDay / 3600
    minute = secondOfDay / 60 % 60
    second = secondOfDay % 60
    self.microsecond = microsecond
    zone = 0
  }
}

extension LaxDateTime {
  static func parse(_ text: UnsafeRawBufferPointer) throws(TemporalFailure) -> LaxDateTime {
    do {
      return try parseWritten(text)
    } catch {
      // Numeric text is Unix time; nothing else is said about text that is not.
      guard let stamp = UnixTime(text) else { throw error }
      return try LaxDateTime(stamp)
    }
  }

  private static func parseWritten(_ text: UnsafeRawBufferPointer) throws(TemporalFailure) -> LaxDateTime {
    let date = try LaxDate.prefix(text)
    guard text.count > 10 else { throw .tooShort }
    switch text[10] {
    case UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: "_"), UInt8(ascii: " "): break
    default: throw .dateTimeSeparator
    }
    return LaxDateTime(date: date, time: try LaxTime.parse(text, from: 11))
  }

  init(_ stamp: UnixTime) throws(TemporalFailure) {
    var seconds = stamp.seconds
    var microsecond = stamp.microsecond
    // Beyond this size a number counts milliseconds.
    if stamp.seconds.magnitude > 20_000_000_000 {
      // Before anything is reckoned with: a client may send any number that fits an `Int`.
      guard seconds >= -62_167_219_200_000 else { throw .beforeFirstYear }
      guard seconds <= 253_402_300_799_999 else { throw .afterLastYear }
      let quotient = seconds.dividingFloor(by: 1000)
      microsecond = (seconds - quotient * 1000) * 1000 + microsecond / 1000
      seconds = quotient
    }
    guard seconds >= -62_167_219_200 else { throw .beforeFirstYear }
    guard seconds <= 253_402_300_799 else { throw .afterLastYear }
    let days = seconds.dividingFloor(by: 86_400)
    let date = Calendar.date(daysSinceEpoch: days)
    self.init(
      date: LaxDate(year: date.year, month: date.month, day: date.day),
      time: LaxTime(secondOfDay: seconds - days * 86_400, microsecond: microsecond))
  }
}

extension Int {
  func dividingFloor(by divisor: Int) -> Int {
    let quotient = self / divisor
    return self < 0 && quotient * divisor != self ? quotient - 1 : quotient
  }
}

/// Reads ASCII digits and marks off a text.
struct DigitReader {
  let text: UnsafeRawBufferPointer
  var position: Int

  init(_ text: UnsafeRawBufferPointer, at position: Int = 0) {
    self.text = text
    self.position = position
  }

  var isAtEnd: Bool { position >= text.count }

  mutating func digit() -> Int? {
    guard position < text.count else { return nil }
    let value = text[position] &- UInt8(ascii: "0")
    guard value < 10 else { return nil }
    position += 1
    return Int(value)
  }

  mutating func pair() -> Int? {
    guard let tens = digit(), let ones = digit() else { return nil }
    return tens * 10 + ones
  }

  mutating func take(_ mark: StaticString) -> Bool {
    let count = mark.utf8CodeUnitCount
    guard position + count <= text.count else { return false }
    for offset in 0..<count where text[position + offset] != mark.utf8Start[offset] { return false }
    position += count
    return true
  }
}
