import Foundation
import Testing

@testable import GatewayHTTP

@Suite struct HTTPDateTests {
  private func parse(_ text: String) -> Int? { Array(text.utf8).withUnsafeBytes { HTTPDate.parse($0) } }

  @Test(arguments: [
    (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
  ])
  func `a time is written and read in the preferred form`(seconds: Int, text: String) {
    #expect(HTTPDate.string(seconds) == text)
    #expect(parse(text) == seconds)
  }

  @Test func `a time outside four-digit years is moved inside`() {
    #expect(HTTPDate.string(.max) == "Fri, 31 Dec 9999 23:59:59 GMT")
    #expect(HTTPDate.string(.min) == "Sat, 01 Jan 0000 00:00:00 GMT")
  }

  @Test func `every day of four centuries agrees with Foundation`() throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    for day in stride(from: -25_567, to: 120_000, by: 17) {
      let seconds = day * 86_400 + (day &* 7919 & 0xFFFF)
      let text = HTTPDate.string(seconds)
      #expect(text == formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds))))
      #expect(parse(text) == seconds)
    }
  }

  @Test(arguments: [
    "", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun, 06 Nov 1994 08:49:37 UTC",
    "Monday, 06-Nov-94 08:49:37 GMT", "Sundax, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 UTC",
    "Sun Nov 06 08:49:37 94", "Sun Nov  6 08:49:37 199x", "Mon Nov  6 08:49:37 1994", "Sun Nov    08:49:37 1994",
    "Sun, +6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 19x4 08:49:37 GMT",
  ])
  func `anything else is no date`(text: String) { #expect(parse(text) == nil) }

  @Test(arguments: [
    (784_111_777, "Sunday, 06-Nov-94 08:49:37 GMT"), (784_111_777, "Sun Nov  6 08:49:37 1994"),
    (951_782_400, "Tue Feb 29 00:00:00 2000"), (3_155_759_999, "Tuesday, 31-Dec-69 23:59:59 GMT"),
    (0, "Thursday, 01-Jan-70 00:00:00 GMT"), (1_483_228_800, "Saturday, 31-Dec-16 23:59:60 GMT"),
    (784_716_577, "Sun Nov 13 08:49:37 1994"),
    (1_700_000_000 - 1_700_000_000 % 86_400, "Tuesday, 14-Nov-23 00:00:00 GMT"),
  ])
  func `the two obsolete forms are read`(seconds: Int, text: String) { #expect(parse(text) == seconds) }

  @Test func `a leap second is the next minute`() {
    #expect(parse("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_800)
  }
}
