import Foundation
import Testing

@testable import GatewayPlugin
@testable import GatewayPluginFoundation

struct JSONWriterTests {
  private func text(_ value: some SchemaType) -> String { JSONWriter.text(value) }

  @Test func scalarsAreCompact() {
    #expect(text(true) + text(false) == "truefalse")
    #expect([Int.min, -1, 0, 7, .max].map(text) == ["-9223372036854775808", "-1", "0", "7", "9223372036854775807"])
    #expect(text(UInt64.max) == "18446744073709551615")
    #expect(text(Int8.min) == "-128")
    #expect(text(Int?.none) == "null")
  }

  @Test(arguments: [0.1, 1.0 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -0.0, 1e16, 123456789.125, 100])
  func doublesAreTheShortestThatReadBack(value: Double) throws {
    #expect(Double(text(value)) == value)
    #expect(try decode(Double.self, text(value)) == value)
  }

  @Test func whatJSONCannotWriteIsNull() {
    #expect([Double.nan, .infinity, -.infinity].map(text) == ["null", "null", "null"])
    #expect(text(Float.nan) == "null")
  }

  @Test func floatsHaveTheirOwnShortestDigits() { #expect(text(Float(0.1)) == "0.1") }

  @Test(arguments: [
    "", "plain", "é€😀", "\"\\/", "\u{0}\u{1}\u{1f}\u{7f}\u{80}", "\n\r\t\u{8}\u{c}", "\u{2028}\u{2029}\u{feff}", "</script>", "e\u{301}",
    "\u{FFFD}", "👨‍👩‍👧‍👦", "'; DROP TABLE book; --", "‮rtl", String(repeating: "\\\"", count: 1000), "\u{10FFFF}",
  ])
  func stringsComeBackAsTheyWere(value: String) throws {
    let json = text(value)
    #expect(Array(try decode(String.self, json).utf8) == Array(value.utf8))
    let reference = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed) as? String
    #expect(reference.map { Array($0.utf8) } == Array(value.utf8))
  }

  @Test func onlyWhatMustBeIsEscaped() {
    #expect(text("é/\u{7f}\"\\\u{1b}\n") == "\"é/\u{7f}\\\"\\\\\\u001b\\n\"")
  }

  @Test func containersNest() throws {
    #expect(text([[1], [], [2, 3]]) == "[[1],[],[2,3]]")
    #expect(text(["b": [1: 2].count, "a": 0]) == #"{"a":0,"b":1}"#)
    #expect(text([Int?.none, 1]) == "[null,1]")
    #expect(try decode(Set<Int>.self, text(Set([3, 4]))) == [3, 4])
  }

  @Test func foundationsTypesComeBack() throws {
    let id = UUID()
    #expect(try decode(UUID.self, text(id)) == id)
    #expect(text(Date(timeIntervalSince1970: 1_709_210_096.25)) == #""2024-02-29T12:34:56.25Z""#)
    #expect(try decode(Date.self, #""1969-12-31T23:59:59.5Z""#) == Date(timeIntervalSince1970: -0.5))
    #expect(text(Date(timeIntervalSince1970: -0.5)) == #""1969-12-31T23:59:59.5Z""#)
    #expect(text(Date.distantFuture) == #""4001-01-01T00:00:00Z""#)
    #expect(text(Date(timeIntervalSince1970: 1e300)) == "null")
    #expect(text(try decode(Decimal.self, "12345678901234567890.12345")) == "12345678901234567890.12345")
    #expect(text(try decode(URL.self, #""https://a.example/x?y#z""#)) == #""https://a.example/x?y#z""#)
    #expect(try failure(UUID.self, #""x""#) == "expected a UUID")
  }
}
