import Foundation
import Testing

@testable import GatewayPlugin

struct ValueTests {
  // MARK: times

  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0, 0), ("1969-12-31T23:59:59.25Z", -1, 250_000_000), ("2024-02-29t12:34:56z", 1_709_210_096, 0),
    ("2024-02-29T14:34:56.000000001+02:00", 1_709_210_096, 1), ("2016-12-31T23:59:60Z", 1_483_228_800, 0),
    ("0000-01-01T00:00:00Z", -62_167_219_200, 0), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
  ])
  func timestampsAreRead(text: String, seconds: Int64, nanoseconds: UInt32) {
    #expect(Timestamp(text) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
  }

  @Test(arguments: [
    "", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00",
    "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+1:00", "2024-1-1T00:00:00Z", "2024-01-01T00:00:00Zx", "２024-01-01T00:00:00Z",
  ])
  func whatIsNoTimestampIsNone(text: String) { #expect(Timestamp(text) == nil) }

  @Test func timestampsAreWrittenInUTC() {
    #expect(Timestamp(seconds: -1, nanoseconds: 250_000_000).description == "1969-12-31T23:59:59.25Z")
    #expect(Timestamp(seconds: 1_709_210_096, nanoseconds: 1).description == "2024-02-29T12:34:56.000000001Z")
    #expect(Timestamp(seconds: 784_111_777).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
  }

  @Test func daysAgreeWithFoundationsCalendar() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    for days in stride(from: -100_000, through: 200_000, by: 37) {
      let parts = calendar.dateComponents([.year, .month, .day], from: Date(timeIntervalSince1970: Double(days) * 86_400))
      let date = CalendarDate(daysSince1970: days)
      #expect(date.year == parts.year && date.month == parts.month && date.day == parts.day)
      #expect(date.daysSince1970 == days)
      #expect(CalendarDate(date.description) == date)
    }
  }

  // MARK: durations

  @Test(arguments: [
    ("PT0S", Duration.zero), ("PT1M30.5S", .milliseconds(90_500)), ("-P1DT2H", .seconds(-93_600)), ("P2W", .seconds(1_209_600)),
    ("PT0.000000000000000001S", Duration(secondsComponent: 0, attosecondsComponent: 1)),
  ])
  func durationsAreRead(text: String, value: Duration) {
    #expect(DurationText.parse(text) == value)
    #expect(DurationText.parse(DurationText.text(value)) == value)
  }

  @Test(arguments: ["", "P", "PT", "P1Y", "P1M", "PT1.5H", "PT1S1M", "P1", "1S", "PT1.S", "P1DT", "PT99999999999999999999S", "PT9999999999999999H"])
  func whatIsNoDurationIsNone(text: String) { #expect(DurationText.parse(text) == nil) }

  @Test func durationsAreWrittenShort() {
    #expect(DurationText.text(.milliseconds(90_500)) == "PT1M30.5S")
    #expect(DurationText.text(.seconds(-93_600)) == "-P1DT2H")
    #expect(DurationText.text(.seconds(86_400)) == "P1D")
  }

  // MARK: identifiers and decimals

  @Test func uniqueIDsAreReadInEveryFormAndWrittenInOne() throws {
    let text = "0190163d-8694-739b-aea5-966c26f8ad91"
    let id = try #require(UniqueID(text))
    #expect(id.description == text)
    for form in [text.uppercased(), "urn:uuid:\(text)", "{\(text)}", text.replacingOccurrences(of: "-", with: "")] {
      #expect(UniqueID(form) == id)
    }
    for wrong in ["", "x", text + "0", String(text.dropLast()), text.replacingOccurrences(of: "-", with: "+")] {
      #expect(UniqueID(wrong) == nil)
    }
    #expect(UUID(uuidString: UniqueID.random().description)?.uuidString.dropFirst(14).first == "4")
  }

  @Test func decimalsKeepEveryDigit() throws {
    let text = "123456789012345678901234567890.1234567890"
    #expect(try decode(ExactDecimal.self, text).text == text)
    for number in ["0", "-0", "1e5", "1E+5", "0.10"] { #expect(ExactDecimal(number)?.text == number) }
    for wrong in ["", "+1", "01", "1.", ".5", "1e", "NaN", "1_000", "0x1", "--1"] { #expect(ExactDecimal(wrong) == nil) }
  }
}
