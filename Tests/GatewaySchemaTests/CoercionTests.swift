import GatewayJSON
import GatewaySchema
import Testing

/// The value as compact JSON, or the types of the violations.
func coerced(_ schema: Schema, _ text: String, _ mode: CoercionMode = .lax, _ output: inout CoercedDocument) throws
  -> String
{
  let document = try JSONDocument(Array(text.utf8), limits: JSONLimits(duplicateKeys: .lastWins))
  var writer = JSONWriter()
  switch schema.coerce(document, mode: mode, into: &output) {
  case .unchanged: writer.value(document.value())
  case .rewritten: writer.value(output.document.value())
  case .invalid(let violations):
    writer.beginArray()
    FastAPIViolationFormat(profile: .fastapi).write(violations, of: document, location: [], into: &writer)
    writer.endArray()
    return try (JSONValue(parsing: writer.bytes).array ?? []).map { $0["type"]?.string ?? "" }.joined(separator: " ")
  }
  return String(decoding: writer.bytes, as: UTF8.self)
}

func coerced(_ schema: String, _ text: String, _ mode: CoercionMode = .lax) throws -> String {
  var output = CoercedDocument()
  return try coerced(try compiled(schema), text, mode, &output)
}

/// Each row of the table of Pydantic 2.14's lax mode; the differential test asks Pydantic itself.
struct CoercionTests {
  @Test(arguments: [
    ("true", "1"), ("false", "0"), ("12", "12"), ("-0", "0"),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
    ("4.0", "4"), ("1e3", "1000"), ("1.5", "int_from_float"), ("9.3e18", "int_parsing_size"),
    ("1e400", "finite_number"),
    (#"" 5 ""#, "5"), (#""+007""#, "7"), (#""1_000""#, "1000"), (#""5.00""#, "5"), (#""1e3""#, "int_parsing"),
    (#""0x1""#, "int_parsing"), (#""""#, "int_parsing"), (#""-99999999999999999999.0""#, "-99999999999999999999"),
    ("null", "int_type"), ("[]", "int_type"), ("{}", "int_type"),
  ])
  func integers(text: String, outcome: String) throws {
    #expect(try coerced(#"{"type":"integer"}"#, text) == outcome)
  }

  @Test func integersBeyond4300DigitsAreRefused() throws {
    #expect(try coerced(#"{"type":"integer"}"#, "\"\(String(repeating: "9", count: 4300))\"").count == 4300)
    #expect(try coerced(#"{"type":"integer"}"#, "\"\(String(repeating: "9", count: 4301))\"") == "int_parsing_size")
  }

  @Test(arguments: [
    ("true", "1.0"), ("3", "3.0"), ("1.50", "1.5"), ("-0.0", "-0.0"), ("1e15", "1000000000000000.0"), ("1e16", "1e+16"),
    ("1e-5", "0.00001"), ("1.2345e-7", "1.2345e-7"), ("5e-324", "5e-324"), (#"".5""#, "0.5"), (#"" 5. ""#, "5.0"),
    (#""1e3""#, "1000.0"), (#""1_0""#, "10.0"), (#""nan""#, "finite_number"), (#""x""#, "float_parsing"),
    ("null", "float_type"),
    ("12345678901234567890", "1.2345678901234567e+19"),
  ])
  func numbers(text: String, outcome: String) throws {
    #expect(try coerced(#"{"type":"number"}"#, text) == outcome)
  }

  @Test(arguments: [
    ("true", "true"), ("1", "true"), ("0", "false"), ("0.0", "false"), ("1.0", "true"), ("2", "bool_parsing"),
    ("1000.0", "bool_parsing"), ("1.5", "bool_type"), (#""On""#, "true"), (#""NO""#, "false"),
    (#"" yes""#, "bool_parsing"),
    ("null", "bool_type"),
  ])
  func booleans(text: String, outcome: String) throws {
    #expect(try coerced(#"{"type":"boolean"}"#, text) == outcome)
  }

  @Test(arguments: ["1", "1.5", "true", "null", "[]", "{}"])
  func nothingBecomesAString(text: String) throws {
    #expect(try coerced(#"{"type":"string"}"#, text) == "string_type")
  }

  @Test(arguments: [
    (#""2024-02-29""#, #""2024-02-29""#), (#""2024-01-01T00:00Z""#, #""2024-01-01""#), ("1704067200", #""2024-01-01""#),
    (#""1704067200""#, #""2024-01-01""#), ("1704067201", "date_from_datetime_inexact"),
    ("1704067200000", #""2024-01-01""#),
    (#""0000-01-01""#, "date_parsing"), (#""2024-02-30""#, "date_from_datetime_parsing"), ("true", "date_type"),
    ("-86400", #""1969-12-31""#), ("1e300", "date_from_datetime_parsing"),
    (#""-9223372036854775807""#, "date_from_datetime_parsing"),
    (#""9223372036854775807""#, "date_from_datetime_parsing"), ("-9223372036854775808", "date_from_datetime_parsing"),
    (#""-9223372036854775807.5""#, "date_from_datetime_parsing"),
  ])
  func dates(text: String, outcome: String) throws {
    #expect(try coerced(#"{"type":"string","format":"date"}"#, text) == outcome)
  }

  @Test(arguments: [
    (#""2024-01-01""#, #""2024-01-01T00:00:00""#), (#""2024-01-01_01:02:03,5Z""#, #""2024-01-01T01:02:03.500000Z""#),
    (#""2024-01-01 01:02+0530""#, #""2024-01-01T01:02:00+05:30""#), ("1.5", #""1970-01-01T00:00:01.500000Z""#),
    ("-1.5", #""1969-12-31T23:59:58.500000Z""#), (#""2024-01-01T01:02:03.1234567""#, #""2024-01-01T01:02:03.123456""#),
    (#""2024-02-29T25:00:00""#, "datetime_from_date_parsing"), (#""0000-01-01T00:00""#, "datetime_parsing"),
    (#""2024-01-01T01:02:03+24:00""#, "datetime_from_date_parsing"), ("20000000001", #""1970-08-20T11:33:20.001000Z""#),
    ("null", "datetime_type"), (#""-9223372036854775807""#, "datetime_from_date_parsing"),
    ("-9223372036854775808", "datetime_parsing"), ("9223372036854775807", "datetime_parsing"),
    ("253402300799999", #""9999-12-31T23:59:59.999000Z""#), ("253402300800000", "datetime_parsing"),
    ("-62167219200000", "datetime_parsing"), ("-62135596800000", #""0001-01-01T00:00:00Z""#),
    ("-62167219200001", "datetime_parsing"),
  ])
  func dateTimes(text: String, outcome: String) throws {
    #expect(try coerced(#"{"type":"string","format":"date-time"}"#, text) == outcome)
  }

  @Test(arguments: [
    (#""01:02""#, #""01:02:00""#), (#""01:02:03.5+01:00""#, #""01:02:03.500000+01:00""#), ("3600", #""01:00:00Z""#),
    ("86400", "time_parsing"), ("-1", "time_parsing"), (#""3600""#, "time_parsing"), ("true", "time_type"),
  ])
  func times(text: String, outcome: String) throws {
    #expect(try coerced(#"{"type":"string","format":"time"}"#, text) == outcome)
  }

  @Test(arguments: [
    ("true", #""PT1S""#), ("1.5", #""PT1.5S""#), ("-90061", #""-P1DT1H1M1S""#), (#""P1Y2M""#, #""P1Y60D""#),
    (#""P1DT""#, #""P1D""#), (#""2 days, 01:02:03""#, #""P2DT1H2M3S""#), (#""1:02:03""#, #""PT1H2M3S""#),
    ("0", #""PT0S""#),
    (#""60""#, "time_delta_parsing"), (#""3 days 25:00:00""#, "time_delta_parsing"),
    (#""12:30:15.123456Z""#, #""PT12H30M15.123456S""#), (#""P1000000000D""#, "time_delta_parsing"),
    ("null", "time_delta_type"),
    ("1e300", "time_delta_parsing"),
  ])
  func durations(text: String, outcome: String) throws {
    #expect(try coerced(#"{"type":"string","format":"duration"}"#, text) == outcome)
  }

  /// Each part fits, and with the fraction of the last they reach beyond `Int`.
  @Test func manyPartsOfADurationCannotOverflow() throws {
    let years = 365 * 86_400
    let part = 4_294_967_295
    let rest = (Int.max - 68 * part * years) / years
    let text = "P" + String(repeating: "\(part)Y", count: 68) + "\(rest)Y0.999999Y"
    let duration = #"{"type":"string","format":"duration"}"#
    #expect(try coerced(duration, "\"\(text)\"") == "time_delta_parsing")
    #expect(try coerced(duration, #""P999999999DT23H59M59.5S""#) == #""P2739726Y9DT23H59M59.5S""#)
    #expect(try coerced(duration, #""P999999999DT23H59M59S1S""#) == "time_delta_parsing")
  }

  @Test(arguments: [
    "12345678-1234-5678-1234-56781234ABCD", "1234567812345678123456781234abcd",
    "{12345678-1234-5678-1234-56781234abcd}",
    "urn:uuid:12345678-1234-5678-1234-56781234abcd",
  ])
  func uuidsAreReadInFourSpellings(text: String) throws {
    #expect(
      try coerced(#"{"type":"string","format":"uuid"}"#, "\"\(text)\"") == #""12345678-1234-5678-1234-56781234abcd""#)
  }

  @Test(arguments: [
    ("1", #""1""#), ("1.50", #""1.5""#), (#""1.50""#, #""1.50""#), (#""1e2""#, #""1E+2""#), ("1e22", #""1E+22""#),
    (#""0.0000001""#, #""1E-7""#), (#"" 1_0 ""#, #""10""#), ("true", "decimal_type"), (#""x""#, "decimal_parsing"),
    (#""NaN""#, "finite_number"), ("-0.0", #""-0.0""#), ("0", "greater_than_equal"),
  ])
  func decimalsAreNumbersOrTextsAsPydanticWritesThem(text: String, outcome: String) throws {
    let minimum = outcome == "greater_than_equal" ? #","minimum":1"# : ""
    #expect(try coerced(#"{"anyOf":[{"type":"number"\#(minimum)},{"type":"string"}]}"#, text) == outcome)
  }

  @Test(arguments: [
    (##"{"$ref":"#/$defs/C","$defs":{"C":{"enum":["a","b"],"type":"string"}}}"##, #""a""#, #""a""#),
    (##"{"$ref":"#/$defs/C","$defs":{"C":{"enum":["a","b"],"type":"string"}}}"##, #""A""#, "enum"),
    (##"{"$ref":"#/$defs/L","$defs":{"L":{"enum":[1,2],"type":"integer"}}}"##, #""2.0""#, "2"),
    (##"{"$ref":"#/$defs/L","$defs":{"L":{"enum":[1,2],"type":"integer"}}}"##, "true", "1"),
    (##"{"$ref":"#/$defs/L","$defs":{"L":{"enum":[1,2],"type":"integer"}}}"##, "3", "enum"),
    (#"{"enum":[1,2],"type":"integer"}"#, "1.0", "1"), (#"{"enum":[1,2],"type":"integer"}"#, "true", "1"),
    (#"{"enum":[1,2],"type":"integer"}"#, #""1""#, "literal_error"), (#"{"const":true}"#, "1.0", "true"),
  ])
  func enumerationsAndLiterals(schema: String, text: String, outcome: String) throws {
    #expect(try coerced(schema, text) == outcome)
  }

  @Test(arguments: [
    (#"{"type":"array","items":{"type":"integer"}}"#, #"["1",2.0]"#, "[1,2]"),
    (#"{"type":"array","items":{"type":"integer"}}"#, #""1""#, "list_type"),
    (#"{"type":"array","items":{"type":"integer"},"maxItems":1}"#, #"["x","y"]"#, "too_long"),
    (#"{"type":"array","items":{"type":"integer"},"minItems":3}"#, #"["x"]"#, "int_parsing"),
    (#"{"type":"array","items":{"type":"integer"},"uniqueItems":true}"#, #"["1",1,1.0,2]"#, "[1,2]"),
    (#"{"type":"array","items":{"type":"integer"},"uniqueItems":true,"minItems":2}"#, #"["1",1]"#, "too_short"),
    (#"{"type":"array","items":{"type":"integer"},"uniqueItems":true,"maxItems":1}"#, #"["x",1,2]"#, "too_long"),
    (
      #"{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"minItems":2,"maxItems":2}"#,
      #"["1","a"]"#, #"[1,"a"]"#
    ),
    (
      #"{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"minItems":2,"maxItems":2}"#, "[1]",
      "missing"
    ),
    (#"{"type":"array","prefixItems":[{"type":"integer"}],"minItems":1,"maxItems":1}"#, #"["x",2]"#, "too_long"),
    (
      #"{"type":"object","additionalProperties":{"type":"integer"},"propertyNames":{"format":"date"}}"#,
      #"{"1704067200":"1"}"#, #"{"2024-01-01":1}"#
    ),
    (#"{"type":"object","additionalProperties":{"type":"integer"}}"#, "[]", "dict_type"),
    (
      #"{"type":"object","properties":{"b":{"type":"integer"},"a":{"default":[1]}},"required":["b"]}"#,
      #"{"x":1,"b":"2"}"#, #"{"b":2,"a":[1]}"#
    ),
    (#"{"type":"object","properties":{"b":{}},"additionalProperties":true}"#, #"{"x":1,"b":2}"#, #"{"b":2,"x":1}"#),
    (
      #"{"type":"object","properties":{"b":{"type":"integer"}},"additionalProperties":false}"#,
      #"{"x":1,"b":"z","y":2}"#, "int_parsing extra_forbidden extra_forbidden"
    ),
    (#"{"type":"object","properties":{"b":{"anyOf":[{"type":"integer"},{"type":"null"}]}}}"#, "{}", #"{"b":null}"#),
  ])
  func containers(schema: String, text: String, outcome: String) throws {
    #expect(try coerced(schema, text) == outcome)
  }

  @Test(arguments: [
    (#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, #""1""#, #""1""#),
    (#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, "1", "1"),
    (#"{"anyOf":[{"type":"integer"},{"type":"number"}]}"#, "1.0", "1.0"),
    (#"{"anyOf":[{"type":"boolean"},{"type":"integer"}]}"#, #""1""#, "true"),
    (#"{"anyOf":[{"type":"integer"},{"type":"string"}]}"#, "null", "int_type string_type"),
    (#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, #""x""#, "int_parsing"),
    (
      #"{"anyOf":[{"type":"object","properties":{"a":{"type":"integer"}}},{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}]}"#,
      #"{"a":"1","b":"2"}"#, #"{"a":1,"b":2}"#
    ),
    (#"{"type":["integer","string"]}"#, #""1""#, #""1""#),
    // A model is closer than a map whose values had to be converted.
    (
      #"{"anyOf":[{"type":"object","additionalProperties":{"type":"integer"}},{"type":"object","properties":{"b":{"default":2}},"additionalProperties":true}]}"#,
      #"{"a":"1"}"#, #"{"b":2,"a":"1"}"#
    ),
  ])
  func unionsTakeTheExactAlternativeElseTheBest(schema: String, text: String, outcome: String) throws {
    #expect(try coerced(schema, text) == outcome)
  }

  static let pets = #"""
    {"oneOf":[{"$ref":"#/$defs/Cat"},{"$ref":"#/$defs/Dog"}],
     "discriminator":{"propertyName":"kind","mapping":{"cat":"#/$defs/Cat","dog":"#/$defs/Dog"}},
     "$defs":{"Cat":{"type":"object","properties":{"kind":{"const":"cat"},"lives":{"type":"integer","default":9}},"required":["kind"]},
              "Dog":{"type":"object","properties":{"kind":{"const":"dog"},"age":{"type":"integer"}},"required":["kind","age"]}}}
    """#

  @Test(arguments: [
    (#"{"kind":"cat"}"#, #"{"kind":"cat","lives":9}"#), (#"{"kind":"dog","age":"3"}"#, #"{"kind":"dog","age":3}"#),
    (#"{"kind":"cow"}"#, "union_tag_invalid"), ("{}", "union_tag_not_found"), ("[]", "model_attributes_type"),
    (#"{"kind":"dog"}"#, "missing"),
  ])
  func taggedUnionsAreDecidedByTheirTag(text: String, outcome: String) throws {
    #expect(try coerced(CoercionTests.pets, text) == outcome)
  }

  @Test func whatOnlyJSONSchemaCanSayIsCheckedAsSent() throws {
    let schema =
      #"{"type":"object","properties":{"a":{"type":"integer"}},"not":{"required":["b"]},"dependentRequired":{"a":["c"]}}"#
    #expect(try coerced(schema, #"{"a":"1","c":1}"#) == #"{"a":1}"#)
    #expect(try coerced(schema, #"{"a":"1"}"#) == "missing")
    #expect(try coerced(schema, #"{"b":1}"#) == "value_error")
  }

  @Test func allOfIsReadAsOneSchema() throws {
    let schema = #"""
      {"allOf":[{"$ref":"#/$defs/Base"},{"properties":{"b":{"type":"integer","default":2}}}],"unevaluatedProperties":false,
       "$defs":{"Base":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}}
      """#
    // Until the compiler knows the word, closing is said as `additionalProperties` says it.
    let open = schema.replacing(#","unevaluatedProperties":false"#, with: "")
    #expect(try coerced(open, #"{"a":"1"}"#) == #"{"a":1,"b":2}"#)
    #expect(try coerced(open, "{}") == "missing")
  }

  @Test func aMemberInSeveralPartsIsCheckedByAll() throws {
    let schema =
      #"{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}}},{"properties":{"a":{"maximum":3}}}]}"#
    #expect(try coerced(schema, #"{"a":2}"#) == #"{"a":2}"#)
    #expect(try coerced(schema, #"{"a":5}"#) == "less_than_equal")
  }

  @Test func recursionFollowsTheValue() throws {
    let schema =
      ##"{"$ref":"#/$defs/N","$defs":{"N":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/N"},{"type":"null"}]}},"required":["v"]}}}"##
    #expect(try coerced(schema, #"{"v":"1","next":{"v":"2"}}"#) == #"{"v":1,"next":{"v":2,"next":null}}"#)
  }

  @Test func aDeepBodyCannotMakeAlternativesExplode() throws {
    let schema =
      ##"{"$ref":"#/$defs/N","$defs":{"N":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/N"}},{"type":"array","items":{"$ref":"#/$defs/N"},"maxItems":9},{"type":"integer","minimum":5}]}}}"##
    let body = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    let bad = String(repeating: "[", count: 100) + "1" + String(repeating: "]", count: 100)
    #expect(try !coerced(schema, body).isEmpty)
    #expect(try coerced(schema, bad) == "value_error")
  }

  // MARK: strict

  @Test func strictModeFillsInDefaultsAndChangesNothingElse() throws {
    let schema =
      #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"default":{"c":[1]}},"d":{"type":"array","items":{"type":"object","properties":{"e":{"default":null}}}}},"required":["a"]}"#
    #expect(try coerced(schema, #"{"x": "é\n", "a": 1.0}"#, .strict) == #"{"x":"é\n","a":1.0,"b":{"c":[1]}}"#)
    #expect(
      try coerced(schema, #"{"a":1,"b":2,"d":[{},{"e":1}]}"#, .strict) == #"{"a":1,"b":2,"d":[{"e":null},{"e":1}]}"#)
    #expect(try coerced(schema, #"{"a":"1"}"#, .strict) == "int_type")
    #expect(try coerced(CoercionTests.pets, #"{"kind":"cat"}"#, .strict) == #"{"kind":"cat","lives":9}"#)
  }

  @Test(arguments: [
    (#"{ "a": 1, "b": 2 }"#, true), (#"{ "b": 2, "o": { "c": 1 } }"#, true), (#"{ "a": 1 }"#, false),
    (#"{ "b": 2, "o": {} }"#, false), (#"{ "a": 1, "b": 1, "b": 2 }"#, false), (#"{ "b": 2, "n": null }"#, true),
    (#"{ "b": 2, "n": { "c": 1 } }"#, true), (#"{ "b": 2, "n": {} }"#, false),
  ])
  func aDocumentThatLacksNothingIsNotWrittenAnew(text: String, isUnchanged: Bool) throws {
    let inner = #"{"type":"object","properties":{"c":{"default":1}}}"#
    let schema = try compiled(
      #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"default":1},"o":"#
        + inner + #","n":{"anyOf":["# + inner + #",{"type":"null"}]}}}"#)
    let document = try JSONDocument(Array(text.utf8), limits: JSONLimits(duplicateKeys: .lastWins))
    var output = CoercedDocument()
    switch schema.coerce(document, mode: .strict, into: &output) {
    case .unchanged: #expect(isUnchanged)
    case .rewritten: #expect(!isUnchanged)
    case .invalid: Issue.record("\(text) is valid")
    }
  }

  @Test func whereAValueMayBeAListOrAnObjectEachKeepsItsKind() throws {
    for kind in ["items", "prefixItems", "uniqueItems"] {
      let items = #"{"type":"object","properties":{"c":{"default":1}}}"#
      let list = kind == "prefixItems" ? "\"prefixItems\":[\(items)]" : "\"items\":\(items)"
      let schema =
        "{\"type\":[\"array\",\"object\"],\(list)\(kind == "uniqueItems" ? ",\"uniqueItems\":true" : "")}"
      #expect(try coerced(schema, #"{"a":[],"b":{}}"#, .strict) == #"{"a":[],"b":{}}"#)
      #expect(try coerced(schema, #"[{}]"#, .strict) == #"[{"c":1}]"#)
    }
  }

  @Test func defaultsAreFilledInByTheAlternativeOfTheValuesKind() throws {
    let schema = #"{"type":["string","object"],"properties":{"c":{"default":1}}}"#
    #expect(try coerced(schema, "{}", .strict) == #"{"c":1}"#)
    #expect(try coerced(schema, #""a""#, .strict) == #""a""#)
  }

  @Test func itIsKnownAtLoadWhetherValuesAreRewritten() throws {
    let plain = try compiled(#"{"type":"array","items":{"type":"integer"}}"#)
    #expect(!plain.needsRewriting(.strict))
    #expect(plain.needsRewriting(.lax))
    #expect(try !compiled(#"{"type":"array","items":{"type":"string"}}"#).needsRewriting(.lax))
    #expect(try compiled(#"{"type":"object","properties":{"a":{"default":1}}}"#).needsRewriting(.strict))
  }

  @Test func memoryIsReused() throws {
    let schema = try compiled(#"{"type":"integer"}"#)
    var output = CoercedDocument()
    #expect(try coerced(schema, #""1""#, .lax, &output) == "1")
    #expect(try coerced(schema, #""x""#, .lax, &output) == "int_parsing")
    let isEmpty = output.document.isEmpty
    #expect(isEmpty)
    #expect(try coerced(schema, #""22""#, .lax, &output) == "22")
    let long = "[" + repeatElement("\"1\"", count: 5000).joined(separator: ",") + "]"
    #expect(try coerced(try compiled(#"{"items":{"type":"integer"}}"#), long, .lax, &output).utf8.count == 10_001)
    output.reset(keepingAtMost: 64)
    #expect(try coerced(schema, #""3""#, .lax, &output) == "3")
  }
}
