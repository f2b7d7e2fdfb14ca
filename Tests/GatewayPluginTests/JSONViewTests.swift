import CGatewayPlugin
import Testing

@testable import GatewayPlugin

struct JSONViewTests {
  @Test(arguments: [
    ("0", 0), ("-0", 0), ("7", 7), ("-9223372036854775808", Int.min), ("9223372036854775807", Int.max), ("1.0", 1),
    ("10e-1", 1), ("1.50e2", 150), ("100e-2", 1), ("0e99", 0), ("0.000e5", 0), ("12300000000000000000000e-20", 123),
    ("1" + String(repeating: "0", count: 30) + "e-30", 1),
  ])
  func wholeNumbersAreIntegersHoweverTheyAreWritten(text: String, value: Int) throws {
    #expect(try decode(Int.self, text) == value)
  }

  @Test(arguments: ["1.5", "1e-1", "-0.1", "123456789012345678901234567890.5", "15e-1"])
  func fractionsAreNoIntegers(text: String) throws {
    #expect(try failure(Int.self, text) == "expected an integer, found a number")
  }

  @Test(arguments: ["9223372036854775808", "-9223372036854775809", "1e400", "1e19", "99999999999999999999999"])
  func integersThatDoNotFitAreRefused(text: String) throws {
    #expect(try failure(Int.self, text) == "the number does not fit into Int")
  }

  @Test func narrowAndUnsignedIntegersKeepTheirBounds() throws {
    #expect(try decode(UInt64.self, "18446744073709551615") == .max)
    #expect(try decode(Int8.self, "-128") == -128)
    #expect(try failure(Int8.self, "128") == "the number does not fit into Int8")
    #expect(try failure(UInt.self, "-1") == "the number does not fit into UInt")
    #expect(try failure(UInt64.self, "18446744073709551616") == "the number does not fit into UInt64")
    #expect(try decode(UInt64.self, "1844674407370955161500e-2") == .max)
  }

  @Test(arguments: [
    "0.1", "1e23", "5e-324", "1.7976931348623157e308", "-2.5", "123456789.123456789", "0.3", "9007199254740993", "1e-7",
    "2.2250738585072011e-308", "72057594037927945", "0.000001", "8.41e21",
  ])
  func doublesAreTheNearest(text: String) throws { #expect(try decode(Double.self, text) == Double(text)) }

  @Test func minusZeroKeepsItsSign() throws {
    #expect(try decode(Double.self, "-0.0").sign == .minus)
    #expect(try decode(Double.self, "0.0").sign == .plus)
  }

  @Test func numbersBeyondDoubleAreRefused() throws {
    #expect(try failure(Double.self, "1e400") == "the number does not fit into Double")
    #expect(try failure(Float.self, "1e39") == "the number does not fit into Float")
  }

  @Test(arguments: [
    (#""""#, ""), (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"), (#""\u0000""#, "\0"),
    (#""\u00e9 \u20AC \ud83d\ude00""#, "é € 😀"), (#""é€😀""#, "é€😀"), (#""\ud83dx""#, "\u{FFFD}x"),
    (#""\ude00""#, "\u{FFFD}"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""e\u0301""#, "e\u{301}"),
  ])
  func stringsAreDecoded(json: String, text: String) throws {
    // The parser refuses lone surrogates by default, and the tape may hold them where it does not.
    guard let decoded = try? decode(String.self, json) else { return #expect(json.contains(#"\ud"#)) }
    #expect(Array(decoded.utf8) == Array(text.utf8))
  }

  @Test func ofMembersWithOneNameTheLastCounts() throws {
    #expect(try decode([String: Int].self, #"{"a":1,"b":2,"\u0061":3}"#) == ["a": 3, "b": 2])
    #expect(try decode(Circle.self, #"{"radius":1,"rad\u0069us":2}"#) == Circle(radius: 2))
  }

  @Test func nestingBeyondTheLimitIsAFailureAndNoCrash() throws {
    func comment(_ depth: Int) -> String {
      String(repeating: #"{"text":"","replies":["#, count: depth) + String(repeating: "]}", count: depth)
    }
    #expect(try failure(Comment.self, comment(200)) == nil)
    #expect(try failure(Comment.self, comment(300))?.hasSuffix("values are nested deeper than 512") == true)
  }

  @Test func anyJSONIsCopiedAsItStands() throws {
    let text = #"{"a":[1.50,-0,1e400,"\"é\n",true,false,null,{}],"b":{"c":[]}}"#
    #expect(try decode(JSONText.self, text).text == text)
  }

  @Test func textIsLentWithEscapesDecoded() throws {
    let count = try withTape(#""\u00e9\n""#) { tape in
      guard let view = JSONView(tape) else { return 0 }
      return try view.withText { (text) throws(DecodingFailure) in text.count }
    }
    #expect(count == 3)
  }
}
