/// Dates and times as RFC 3339 §5.6 writes them, ASCII digits only.
///
/// The order of checks follows the parser behind Pydantic, so that the first complaint is the one FastAPI's clients
/// know.
struct DateTimeText {
  private let text: UnsafeRawBufferPointer

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  func dateFailure() -> FormatFailure? {
    if let failure = calendarFailure() { return failure }
    return text.count == 10 ? nil : .extraCharacters
  }

  func timeFailure() -> FormatFailure? { clockFailure(from: 0) }

  func dateTimeFailure() -> FormatFailure? {
    if let failure = calendarFailure() { return failure }
    guard text.count > 10 else { return .tooShort }
    guard text[10] | 0x20 == UInt8(ascii: "t") else { return .dateTimeSeparator }
    return clockFailure(from: 11)
  }

  private func digit(_ position: Int) -> Int? {
    guard position < text.count else { return nil }
    let value = text[position] &- UInt8(ascii: "0")
    return value < 10 ? Int(value) : nil
  }

  private func pair(_ position: Int) -> Int? {
    guard let tens = digit(position), let ones = digit(position + 1) else { return nil }
    return tens * 10 + ones
  }

  /// The first ten characters.
  private func calendarFailure() -> FormatFailure? {
    guard text.count >= 10 else { return .tooShort }
    guard let century = pair(0), let yearOfCentury = pair(2) else { return .invalidCharacter(.year) }
    guard text[4] == UInt8(ascii: "-") else { return .dateSeparator }
    guard let month = pair(5) else { return .invalidCharacter(.month) }
    guard text[7] == UInt8(ascii: "-") else { return .dateSeparator }
    guard let day = pair(8) else { return .invalidCharacter(.day) }
    let year = century * 100 + yearOfCentury
    let lastDay: Int
    switch month {
    case 1, 3, 5, 7, 8, 10, 12: lastDay = 31
    case 4, 6, 9, 11: lastDay = 30
    case 2: lastDay = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: return .outOfRange(.month)
    }
    return day >= 1 && day <= lastDay ? nil : .outOfRange(.day)
  }

  /// `HH:MM:SS[.fraction](Z|±HH:MM)` up to the end.
  private func clockFailure(from start: Int) -> FormatFailure? {
    guard text.count - start >= 5 else { return .tooShort }
    guard let hour = pair(start) else { return .invalidCharacter(.hour) }
    guard text[start + 2] == UInt8(ascii: ":") else { return .timeSeparator }
    guard let minute = pair(start + 3) else { return .invalidCharacter(.minute) }
    guard hour <= 23 else { return .outOfRange(.hour) }
    guard minute <= 59 else { return .outOfRange(.minute) }
    guard text.count > start + 5 else { return .tooShort }
    guard text[start + 5] == UInt8(ascii: ":") else { return .timeSeparator }
    guard let second = pair(start + 6) else { return .invalidCharacter(.second) }
    guard second <= 60 else { return .outOfRange(.second) }
    var position = start + 8
    if position < text.count, text[position] == UInt8(ascii: ".") {
      position += 1
      let first = position
      while digit(position) != nil { position += 1 }
      guard position > first else { return .missingFraction }
    }
    guard position < text.count else { return .missingZone }
    var offset = 0
    switch text[position] {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"): position += 1
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      let sign = text[position] == UInt8(ascii: "-") ? -1 : 1
      guard let hours = pair(position + 1), position + 3 < text.count, text[position + 3] == UInt8(ascii: ":"),
        let minutes = pair(position + 4), hours <= 23, minutes <= 59
      else { return .invalidZone }
      offset = sign * (hours * 60 + minutes)
      position += 6
    default: return .invalidZone
    }
    guard position == text.count else { return .extraCharacters }
    // A leap second is the last one of a day in UTC (RFC 3339 §5.7).
    if second == 60 {
      let minuteOfDay = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440
      guard minuteOfDay == 1439 else { return .outOfRange(.second) }
    }
    return nil
  }
}
