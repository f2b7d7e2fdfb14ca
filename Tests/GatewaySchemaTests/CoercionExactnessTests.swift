import GatewayJSON
import Testing

@testable import GatewaySchema

/// Lax coercion reads one schema out of several parts. Whatever a part says, it says of the value that comes out.
struct CoercionExactnessTests {
  static let prices =
    #"{"allOf":[{"properties":{"price":{"type":"number"}}},{"properties":{"price":{"maximum":1000}}}]}"#

  @Test(arguments: [
    (prices, #"{"price":"5000"}"#, "less_than_equal"), (prices, #"{"price":"50"}"#, #"{"price":50.0}"#),
    (#"{"allOf":[{"type":"string","enum":["red","green"]},{"enum":["red"]}]}"#, #""green""#, "literal_error"),
    (#"{"allOf":[{"type":"string","enum":["red","green"]},{"enum":["red"]}]}"#, #""red""#, #""red""#),
    (#"{"allOf":[{"enum":["a","b"]},{"enum":["a"]}]}"#, #""b""#, "literal_error"),
    (#"{"allOf":[{"enum":["a","b"]},{"const":"c"}]}"#, #""a""#, "literal_error"),
    (
      #"{"allOf":[{"type":"array","items":{"type":"string"}},{"items":{"maxLength":2}}]}"#, #"["abcdef"]"#,
      "string_too_long"
    ),
    (#"{"allOf":[{"type":"array","items":{"type":"integer"}},{"items":{"maximum":2}}]}"#, #"["1","2"]"#, "[1,2]"),
    (
      #"{"allOf":[{"type":"array","items":{"type":"integer"}},{"items":{"maximum":2}}]}"#, #"["1","3"]"#,
      "less_than_equal"
    ),
    (
      #"{"allOf":[{"type":"array","prefixItems":[{"type":"integer"}]},{"prefixItems":[{"maximum":2}]}]}"#, #"["3"]"#,
      "less_than_equal"
    ),
    (
      #"{"allOf":[{"anyOf":[{"type":"integer"},{"type":"boolean"}]},{"anyOf":[{"const":1},{"const":2}]}]}"#, #""3""#,
      "literal_error literal_error"
    ),
    (
      #"{"allOf":[{"anyOf":[{"type":"integer"},{"type":"boolean"}]},{"anyOf":[{"const":1},{"const":2}]}]}"#, #""2""#,
      "2"
    ),
    (#"{"anyOf":[{"type":"integer"},{"type":"string"}],"minimum":5,"maxLength":3}"#, "4", "greater_than_equal"),
    (#"{"anyOf":[{"type":"integer"},{"type":"string"}],"minimum":5,"maxLength":3}"#, #""abcd""#, "string_too_long"),
    (#"{"anyOf":[{"type":"integer"},{"type":"string"}],"minimum":5,"maxLength":3}"#, #""abc""#, #""abc""#),
    (
      #"{"allOf":[{"type":"array","items":{"type":"integer"}},{"prefixItems":[true,{"maximum":2}]}]}"#,
      #"["9","2","8"]"#,
      "[9,2,8]"
    ),
    (
      #"{"allOf":[{"type":"object","additionalProperties":{"type":"integer"}},{"additionalProperties":{"maximum":2}}]}"#,
      #"{"a":"3"}"#, "less_than_equal"
    ),
    (#"{"allOf":[{"type":"string","format":"email"},{"format":"ipv4"}]}"#, #""a@b.example""#, "ip_v4_address"),
    (#"{"type":"string","enum":["a",1]}"#, "1", "string_type"),
    (#"{"type":"string","enum":["aaa","b"],"maxLength":2}"#, #""aaa""#, "string_too_long"),
    (
      #"{"type":"array","prefixItems":[{"type":"integer"},{"type":"integer"}],"uniqueItems":true}"#, #"["1",1]"#,
      "value_error"
    ),
    (
      #"{"type":"object","properties":{"ab":{"type":"integer"}},"patternProperties":{"^a":{"maximum":2}}}"#,
      #"{"ab":"3"}"#, "less_than_equal"
    ),
    (
      #"{"type":"object","patternProperties":{"^a":{"type":"integer"},"b$":{"maximum":2}}}"#, #"{"ab":"3"}"#,
      "less_than_equal"
    ),
    (
      #"{"type":["object","null"],"properties":{"a":{}},"propertyNames":{"maxLength":2}}"#, #"{"abc":1}"#,
      "string_too_long"
    ),
    (#"{"type":"integer","not":{"const":5}}"#, #""5""#, "value_error"),
    (#"{"type":"integer","not":{"const":5}}"#, #""6""#, "6"),
    (#"{"type":"integer","if":{"minimum":5},"then":{"multipleOf":5}}"#, #""7""#, "multiple_of"),
    (#"{"type":"integer","anyOf":[{"type":"integer","minimum":5}]}"#, #""7""#, "7"),
    (
      #"{"properties":{"a":{"type":"integer"}},"not":{"properties":{"a":{"const":5}},"required":["a"]}}"#,
      #"{"a":"5"}"#, "value_error"
    ),
    (#"{"type":"string","format":"date-time","maxLength":5}"#, "0", "string_too_long"),
  ])
  func everyPartHoldsForWhatComesOut(schema: String, text: String, outcome: String) throws {
    #expect(try coerced(schema, text) == outcome)
  }

  @Test func moreThan64PartsHold() throws {
    let parts = (1...80).map { #"{"type":"integer","maximum":\#(1000 - $0)}"# }.joined(separator: ",")
    #expect(try coerced("{\"allOf\":[\(parts)]}", #""920""#) == "920")
    #expect(try coerced("{\"allOf\":[\(parts)]}", #""921""#) == "less_than_equal")
  }

  /// Each member meets another set of parts below it, and of n parts there are 2ⁿ sets.
  @Test func partsThatCombineAnewAtEachLevelAreBounded() throws {
    let count = 24
    let parts = (0..<count).map { part in
      let members = (0..<count).map { member -> String in
        let next = (part + member + 1) % count
        let other = (part * 7 + member * 5 + 3) % count
        return ##""m\##(member)":{"allOf":[{"$ref":"#/$defs/P\##(next)"},{"$ref":"#/$defs/P\##(other)"}]}"##
      }
      return "\"P\(part)\":{\"properties\":{\(members.joined(separator: ",")),\"v\":{\"type\":\"integer\"}}}"
    }
    let schema =
      ##"{"allOf":[{"$ref":"#/$defs/P0"},{"$ref":"#/$defs/P1"}],"$defs":{\##(parts.joined(separator: ","))}}"##
    let compilation = SchemaCompiler.compile(
      try JSONValue(parsing: schema), options: SchemaCompiler.Options(maximumNodes: 5000))
    #expect(compilation.problems.isEmpty)
    var output = CoercedDocument()
    #expect(
      try coerced(try #require(compilation.schema), #"{"m1":{"m2":{"v":"x"}}}"#, .lax, &output) == "int_parsing")
  }

  /// Converted values are judged, not how Pydantic spells them, nor what is filled in or left out.
  @Test(arguments: [
    (#"{"format":"date-time","type":"string"}"#, #""2024-01-01 01:02""#, #""2024-01-01T01:02:00""#),
    (#"{"format":"date","type":"string"}"#, "0", #""1970-01-01""#),
    (#"{"format":"time","type":"string"}"#, #""01:02""#, #""01:02:00""#),
    (#"{"format":"duration","type":"string"}"#, "1.5", #""PT1.5S""#),
    (#"{"format":"duration","type":"string"}"#, #""-P1Y2M""#, #""-P1Y60D""#),
    (#"{"format":"decimal","type":"number"}"#, #""1.50""#, #""1.50""#),
    (#"{"format":"decimal","type":"string"}"#, "1.5", #""1.5""#),
    (#"{"anyOf":[{"type":"number"},{"type":"string"}]}"#, #""1E+3""#, #""1E+3""#),
    (
      #"{"format":"uuid","type":"string"}"#, #""{12345678-1234-4678-9234-567812345678}""#,
      #""12345678-1234-4678-9234-567812345678""#
    ),
    (#"{"type":"array","items":{"type":"integer"},"uniqueItems":true}"#, #"[1,"1","2"]"#, "[1,2]"),
    (#"{"type":"boolean"}"#, #""yes""#, "true"),
  ])
  func conversionIsNoViolationOfAnInexactPlan(member: String, sent: String, value: String) throws {
    let schema =
      #"{"allOf":[{"type":"object","properties":{"a":"# + member
      + #","d":{"type":"integer","default":"x"}}},{"properties":{"a":true},"required":["e"]}]}"#
    #expect(try coerced(schema, #"{"a":\#(sent),"e":1,"u":2}"#) == #"{"a":\#(value),"d":"x","e":1}"#)
    #expect(try coerced(schema, #"{"a":\#(sent)}"#) == "missing")
  }

  /// What Pydantic writes is read exactly, so that it costs no second look.
  @Test(arguments: [
    (
      ##"{"type":"object","title":"A","required":["id"],"properties":{"id":{"type":"integer","minimum":1},"u":{"type":"string","format":"uuid"},"at":{"type":"string","format":"date-time","default":null},"b":{"type":"string","format":"binary","minLength":1},"url":{"type":"string","format":"uri","minLength":1,"maxLength":2083},"d":{"anyOf":[{"type":"number"},{"type":"string"},{"type":"null"}],"title":"D"},"n":{"$ref":"#/$defs/N","default":"x","description":"d"},"c":{"const":"a","type":"string"},"t":{"type":"array","prefixItems":[{"type":"integer"}],"minItems":1,"maxItems":1},"s":{"type":"array","uniqueItems":true,"items":{"$ref":"#/$defs/N"}},"m":{"type":"object","additionalProperties":{"type":"number"},"propertyNames":{"maxLength":3}},"one":{"allOf":[{"$ref":"#/$defs/N"}]}},"$defs":{"N":{"enum":["x","y"],"type":"string","title":"N"}}}"##,
      true
    ),
    (CoercionTests.pets, true), (prices, false), (#"{"type":"integer","not":{"const":5}}"#, false),
  ])
  func itIsKnownAtLoadWhetherAPlanIsExact(schema: String, isExact: Bool) throws {
    #expect(try compiled(schema).coercion.isExact == isExact)
  }

  @Test func violationsPointIntoWhatWasSent() throws {
    let schema = try compiled(
      #"{"allOf":[{"type":"object","properties":{"z":{"type":"integer"},"l":{"type":"array","items":{"type":"integer"}}},"unknown":{}},{"properties":{"l":{"contains":{"minimum":9}}},"maxProperties":9,"not":{"properties":{"z":{"const":4}},"required":["z"]}},{"properties":{"l":{"prefixItems":[true,{"maximum":3}]}}}]}"#
        .replacing(#","unknown":{}"#, with: ""))
    let text = #"{"x":[1,{"y":2}],"l":["9","7"],"z":"1"}"#
    let document = try JSONDocument(Array(text.utf8))
    var output = CoercedDocument()
    let violations = try #require(
      schema.coerce(document, mode: .lax, into: &output).violations)
    var writer = JSONWriter()
    writer.beginArray()
    FastAPIViolationFormat().write(violations, of: document, into: &writer)
    writer.endArray()
    let entry = try #require(try JSONValue(parsing: writer.bytes).array?.first)
    #expect(entry["type"] == "less_than_equal")
    #expect(entry["input"] == "7")
    let isEmpty = output.document.isEmpty
    #expect(isEmpty)
  }

  @Test(arguments: [
    (#"{"type":"integer","not":{"const":5}}"#, "5", "value_error@query.x"),
    (#"{"type":"integer","not":{"const":5}}"#, "6", "6"),
    (#"{"allOf":[{"type":"integer"},{"maximum":3}]}"#, "4", "less_than_equal@query.x"),
    (#"{"allOf":[{"type":"integer"},{"not":{"const":4}}]}"#, "4", "value_error@query.x"),
  ])
  func parametersAreJudgedAsTheirValue(schema: String, text: String, outcome: String) throws {
    #expect(try ParameterReaderTests.read(schema, .query, [("x", text)]) == outcome)
  }
}
