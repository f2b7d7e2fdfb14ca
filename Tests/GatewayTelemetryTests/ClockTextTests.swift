import Foundation
import NIOCore
import Testing

@testable import GatewayTelemetry

@Suite struct ClockTextTests {
  private func text(_ write: (inout LineCursor) -> Void) -> String {
    var buffer = ByteBuffer()
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 64) { memory in
      guard var line = LineCursor(memory) else { return 0 }
      write(&line)
      return line.count
    }
    return String(buffer: buffer)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z", "01/Jan/1970:00:00:00 +0000"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z", "29/Feb/2000:00:00:00 +0000"),
      (1_709_251_199_999, "2024-02-29T23:59:59.999Z", "29/Feb/2024:23:59:59 +0000"),
      (4_107_542_400_001, "2100-03-01T00:00:00.001Z", "01/Mar/2100:00:00:00 +0000"),
      (-1, "1969-12-31T23:59:59.999Z", "31/Dec/1969:23:59:59 +0000"),
      (253_402_300_799_000, "9999-12-31T23:59:59.000Z", "31/Dec/9999:23:59:59 +0000"),
    ] as [(Int64, String, String)])
  func timesAreWritten(milliseconds: Int64, rfc3339: String, common: String) {
    // Nanoseconds end in 2262; the clock's seconds do not.
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow else { return }
    var clock = ClockText()
    #expect(text { clock.writeRFC3339(nanoseconds, to: &$0) } == rfc3339)
    #expect(text { clock.writeCommon(nanoseconds, to: &$0) } == common)
  }

  @Test func aNewSecondRenewsTheText() {
    var clock = ClockText()
    #expect(text { clock.writeRFC3339(999_999_999, to: &$0) } == "1970-01-01T00:00:00.999Z")
    #expect(text { clock.writeRFC3339(1_000_000_000, to: &$0) } == "1970-01-01T00:00:01.000Z")
    #expect(text { clock.writeRFC3339(999_999_999, to: &$0) } == "1970-01-01T00:00:00.999Z")
  }

  @Test func datesAgreeWithTheCalendarForFourHundredYears() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    for day in stride(from: Int64(-36_525), to: 146_097, by: 11) {
      let date = Date(timeIntervalSince1970: Double(day) * 86_400)
      let parts = calendar.dateComponents([.year, .month, .day], from: date)
      let civil = CivilDate(daysSinceEpoch: day)
      #expect(civil.year == parts.year && civil.month == parts.month && civil.day == parts.day)
    }
  }
}
