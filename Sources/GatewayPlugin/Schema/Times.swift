/// A point in time: RFC 3339 text in JSON (`format: date-time`), in UTC with `Z` when written.
public struct Timestamp: SchemaType, Hashable, Comparable {
  /// Since 1970-01-01T00:00:00Z, without leap seconds.
  public let seconds: Int64
  /// 0 to 999,999,999.
  public let nanoseconds: UInt32

  /// - Parameter nanoseconds: above 999,999,999 they carry over.
  public init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds &+ Int64(nanoseconds / 1_000_000_000)
    self.nanoseconds = nanoseconds % 1_000_000_000
  }

  /// Nil for what is no RFC 3339 text. A leap second counts as the second after it; more than nine digits of a fraction
  /// are cut.
  public init?(_ text: String) {
    var text = text
    guard let parsed = text.withUTF8({ Self.parse(UnsafeRawBufferPointer($0)) }) else { return nil }
    self = parsed
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"string\"", "format": "\"date-time\""])
  }

  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    let parsed = try value.withText { (text) throws(DecodingFailure) in Self.parse(text) }
    guard let parsed else { throw DecodingFailure("expected a date and time as in RFC 3339", type: "datetime_parsing") }
    self = parsed
  }

  public func write(to json: inout JSONWriter) { json.string(description) }

  private static func parse(_ text: UnsafeRawBufferPointer) -> Timestamp? {
    var cursor = DigitCursor(text)
    guard let day = CalendarDate.parse(&cursor), cursor.take("Tt ") != nil,
      let hour = cursor.number(2, 0...23), cursor.take(":") != nil, let minute = cursor.number(2, 0...59),
      cursor.take(":") != nil, let second = cursor.number(2, 0...60)
    else { return nil }
    var nanoseconds: UInt32 = 0
    if cursor.take(".") != nil {
      guard let fraction = cursor.nanoseconds() else { return nil }
      nanoseconds = fraction
    }
    var offset = 0
    switch cursor.take("Zz+-") {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"): break
    case let sign?:
      guard let hours = cursor.number(2, 0...23), cursor.take(":") != nil, let minutes = cursor.number(2, 0...59) else {
        return nil
      }
      offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)
    case nil: return nil
    }
    guard cursor.isAtEnd else { return nil }
    let inDay = hour * 3600 + minute * 60 + second - offset
    return Timestamp(seconds: Int64(day.daysSince1970 * 86400 + inDay), nanoseconds: nanoseconds)
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339, in UTC, with as many digits of a fraction as there are. Years beyond four digits have more.
  public var description: String {
    let (whole, rest) = seconds.quotientAndRemainder(dividingBy: 86400)
    let inDay = rest < 0 ? rest + 86400 : rest
    let day = CalendarDate(daysSince1970: Int(rest < 0 ? whole - 1 : whole))
    var text = "\(day)T\(two(inDay / 3600)):\(two(inDay / 60 % 60)):\(two(inDay % 60))"
    if nanoseconds > 0 {
      var digits = String(nanoseconds)
      digits = String(repeating: "0", count: 9 - digits.count) + digits
      while digits.hasSuffix("0") { digits.removeLast() }
      text += "." + digits
    }
    return text + "Z"
  }

  private func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

/// A day: `2024-02-29` in JSON (`format: date`), in the Gregorian calendar.
public struct CalendarDate: SchemaType, Hashable, Comparable, CustomStringConvertible {
  /// 0 to 9999.
  public let year: Int
  /// 1 to 12.
  public let month: Int
  /// 1 to 31.
  public let day: Int

  /// Nil for a day that does not exist. Years 0 to 9999.
  public init?(year: Int, month: Int, day: Int) {
    guard (0...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year) else {
      return nil
    }
    (self.year, self.month, self.day) = (year, month, day)
  }

  /// Nil for what is no `full-date` of RFC 3339.
  public init?(_ text: String) {
    var text = text
    let parsed = text.withUTF8 { bytes -> CalendarDate? in
      var cursor = DigitCursor(UnsafeRawBufferPointer(bytes))
      guard let day = CalendarDate.parse(&cursor), cursor.isAtEnd else { return nil }
      return day
    }
    guard let parsed else { return nil }
    self = parsed
  }

  public static func < (left: CalendarDate, right: CalendarDate) -> Bool {
    (left.year, left.month, left.day) < (right.year, right.month, right.day)
  }

  public var description: String {
    let digits = String(year.magnitude)
    let padded = String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
    return "\(year < 0 ? "-" : "")\(padded)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
  }

  public static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject(["type": "\"string\"", "format": "\"date\""])
  }

  public init(from value: borrowing JSONView) throws(DecodingFailure) {
    guard let parsed = CalendarDate(try value.string()) else {
      throw DecodingFailure("expected a date as in RFC 3339", type: "date_parsing")
    }
    self = parsed
  }

  public func write(to json: inout JSONWriter) { json.string(description) }

  static func parse(_ cursor: inout DigitCursor) -> CalendarDate? {
    guard let year = cursor.number(4, 0...9999), cursor.take("-") != nil, let month = cursor.number(2, 1...12),
      cursor.take("-") != nil, let day = cursor.number(2, 1...31)
    else { return nil }
    return CalendarDate(year: year, month: month, day: day)
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Years begin in March here, so that the leap day is the last; 400 of them have 146,097 days.
  var daysSince1970: Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  init(daysSince1970 days: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}

/// Fixed numbers of digits, one after the other.
struct DigitCursor {
  private let text: UnsafeRawBufferPointer
  private var at = 0

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  var isAtEnd: Bool { at == text.count }

  mutating func take(_ allowed: StaticString) -> UInt8? {
    guard at < text.count else { return nil }
    let byte = text[at]
    let set = UnsafeBufferPointer(start: allowed.utf8Start, count: allowed.utf8CodeUnitCount)
    guard set.contains(byte) else { return nil }
    at += 1
    return byte
  }

  mutating func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
    guard at + digits <= text.count else { return nil }
    var value = 0
    for byte in text[at..<at + digits] {
      let digit = Int(byte) - 0x30
      guard (0...9).contains(digit) else { return nil }
      value = value * 10 + digit
    }
    at += digits
    return range.contains(value) ? value : nil
  }

  /// The digits of a fraction; at least one.
  mutating func nanoseconds() -> UInt32? {
    var value: UInt32 = 0
    var count = 0
    while at < text.count, (0x30...0x39).contains(text[at]) {
      if count < 9 { value = value * 10 + UInt32(text[at] - 0x30) }
      count += 1
      at += 1
    }
    guard count > 0 else { return nil }
    for _ in Swift.min(count, 9)..<9 { value *= 10 }
    return value
  }
}
