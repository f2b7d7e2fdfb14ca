import GatewayJSON
import Testing

struct JSONValueTests {
  @Test func equalityIsJSONs() throws {
    #expect(try JSONValue(parsing: #"{"a":1,"b":[1.0,"x"]}"#) == JSONValue(parsing: #"{"b":[1,"\u0078"],"a":1e0}"#))
    #expect(try JSONValue(parsing: "[1,2]") != JSONValue(parsing: "[2,1]"))
    #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
    #expect(JSONValue.bool(true) != 1)
    #expect(Set([JSONValue.number(1), try JSONValue(parsing: "1.0")]).count == 1)
    #expect(Set([try JSONValue(parsing: #"{"a":1,"b":2}"#), try JSONValue(parsing: #"{"b":2,"a":1}"#)]).count == 1)
  }

  @Test func membersKeepTheirOrder() {
    var object = JSONObject()
    for i in 0..<40 { object["k\(i)"] = .number(JSONNumber(i)) }
    object["k3"] = nil
    object["k5"] = "five"
    #expect(object.count == 39)
    #expect(object["k3"] == nil)
    #expect(object["k39"] == 39)
    #expect(object.members.map(\.name).prefix(5) == ["k0", "k1", "k2", "k4", "k5"])
  }

  @Test func tapesCompareWithValuesAndThemselves() throws {
    let document = try JSONDocument(
      Array(#"[{"a":[1,"é"],"b":null},{"b":null,"a":[1.0,"\u00e9"]},{"a":[1,"e"],"b":null}]"#.utf8))
    let wasRun: Void? = document.withTape { tape in
      let first = 1
      let second = tape.next(first)
      let third = tape.next(second)
      #expect(tape.equals(first, second))
      #expect(!tape.equals(first, third))
      #expect(tape.equals(first, ["a": [1, "é"], "b": nil]))
      #expect(!tape.equals(first, ["a": [1, "é"], "c": nil]))
      var a = Hasher()
      var b = Hasher()
      tape.hash(first, into: &a)
      tape.hash(second, into: &b)
      #expect(a.finalize() == b.finalize())
    }
    #expect(wasRun != nil)
  }

  @Test func writingIsCompactAndEscapesWhatItMust() throws {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("a\"b")
    writer.string("\\ / \u{8}\u{c}\n\r\t\u{1} \u{7f} é \u{2028}")
    writer.name("n")
    writer.beginArray()
    writer.number(1)
    writer.number(Double.nan)
    writer.number(1.5)
    writer.null()
    writer.bool(true)
    writer.beginObject()
    writer.endObject()
    writer.raw(Array("[1]".utf8))
    writer.endArray()
    writer.endObject()
    let expected =
      "{\"a\\\"b\":\"\\\\ / \\b\\f\\n\\r\\t\\u0001 \u{7f} é \u{2028}\",\"n\":[1,null,1.5,null,true,{},[1]]}"
    #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    #expect(throws: Never.self) { try Parsed(bytes: writer.bytes) }
  }

  @Test func illFormedTextIsRepairedNotPassedOn() throws {
    var writer = JSONWriter()
    [UInt8]([0x61, 0xFF, 0x62]).withUnsafeBytes { writer.string($0) }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "\"a\u{FFFD}b\"")
  }

  @Test func writersAppendWithoutTouchingWhatWasThere() {
    var writer = JSONWriter(appendingTo: Array("data: ".utf8))
    writer.value(["a": 1])
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "data: {\"a\":1}")
  }

  @Test func subtreesAreCopiedWithoutBlanks() throws {
    let document = try Parsed(#" { "a" : [ 1.50 , "\u00e9\/" , { } ] } "#)
    #expect(document.written() == #"{"a":[1.50,"é/",{}]}"#)
  }
}
