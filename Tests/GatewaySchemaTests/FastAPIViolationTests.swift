import GatewayJSON
import GatewaySchema
import Testing

/// The exact entries of FastAPI 0.163 (Pydantic 2.14) for values that it refuses too.
struct FastAPIViolationTests {
  @Test(arguments: [
    (
      #"{"type":"integer"}"#, #""abc""#,
      #"{"type":"int_parsing","loc":["body"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"abc"}"#
    ),
    (
      #"{"type":"integer"}"#, #""5""#,
      #"{"type":"int_type","loc":["body"],"msg":"Input should be a valid integer","input":"5"}"#
    ),
    (
      #"{"type":"integer"}"#, "1.5",
      #"{"type":"int_from_float","loc":["body"],"msg":"Input should be a valid integer, got a number with a fractional part","input":1.5}"#
    ),
    (
      #"{"type":"integer"}"#, "null",
      #"{"type":"int_type","loc":["body"],"msg":"Input should be a valid integer","input":null}"#
    ),
    (
      #"{"type":"number"}"#, #""x""#,
      #"{"type":"float_parsing","loc":["body"],"msg":"Input should be a valid number, unable to parse string as a number","input":"x"}"#
    ),
    (
      #"{"type":"number"}"#, "[]",
      #"{"type":"float_type","loc":["body"],"msg":"Input should be a valid number","input":[]}"#
    ),
    (
      #"{"type":"boolean"}"#, #""maybe""#,
      #"{"type":"bool_parsing","loc":["body"],"msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}"#
    ),
    (
      #"{"type":"boolean"}"#, "2",
      #"{"type":"bool_parsing","loc":["body"],"msg":"Input should be a valid boolean, unable to interpret input","input":2}"#
    ),
    (
      #"{"type":"boolean"}"#, "1.5",
      #"{"type":"bool_type","loc":["body"],"msg":"Input should be a valid boolean","input":1.5}"#
    ),
    (
      #"{"type":"string"}"#, "1",
      #"{"type":"string_type","loc":["body"],"msg":"Input should be a valid string","input":1}"#
    ),
    (#"{"type":"null"}"#, "1", #"{"type":"none_required","loc":["body"],"msg":"Input should be None","input":1}"#),
    (
      #"{"type":"array"}"#, "{}",
      #"{"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":{}}"#
    ),
    (
      #"{"type":"object"}"#, "[]",
      #"{"type":"dict_type","loc":["body"],"msg":"Input should be a valid dictionary","input":[]}"#
    ),
    (
      #"{"type":"object","properties":{"a":{}}}"#, "null",
      #"{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":null}"#
    ),
    (
      #"{"type":["string","null"]}"#, "1",
      #"{"type":"string_type","loc":["body"],"msg":"Input should be a valid string","input":1}"#
    ),
    (
      #"{"type":"integer","minimum":1}"#, "0",
      #"{"type":"greater_than_equal","loc":["body"],"msg":"Input should be greater than or equal to 1","input":0,"ctx":{"ge":1}}"#
    ),
    (
      #"{"type":"number","minimum":1}"#, "0.5",
      #"{"type":"greater_than_equal","loc":["body"],"msg":"Input should be greater than or equal to 1","input":0.5,"ctx":{"ge":1.0}}"#
    ),
    (
      #"{"type":"number","exclusiveMinimum":0}"#, "0",
      #"{"type":"greater_than","loc":["body"],"msg":"Input should be greater than 0","input":0,"ctx":{"gt":0.0}}"#
    ),
    (
      #"{"type":"number","maximum":0.5}"#, "1",
      #"{"type":"less_than_equal","loc":["body"],"msg":"Input should be less than or equal to 0.5","input":1,"ctx":{"le":0.5}}"#
    ),
    (
      #"{"type":"integer","exclusiveMaximum":10}"#, "10",
      #"{"type":"less_than","loc":["body"],"msg":"Input should be less than 10","input":10,"ctx":{"lt":10}}"#
    ),
    (
      #"{"type":"integer","multipleOf":3,"maximum":3}"#, "10",
      #"{"type":"multiple_of","loc":["body"],"msg":"Input should be a multiple of 3","input":10,"ctx":{"multiple_of":3}}"#
    ),
    (
      #"{"type":"string","minLength":1}"#, #""""#,
      #"{"type":"string_too_short","loc":["body"],"msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}}"#
    ),
    (
      #"{"type":"string","maxLength":2}"#, #""äöü""#,
      #"{"type":"string_too_long","loc":["body"],"msg":"String should have at most 2 characters","input":"äöü","ctx":{"max_length":2}}"#
    ),
    (
      #"{"type":"string","pattern":"^a+$"}"#, #""b""#,
      #"{"type":"string_pattern_mismatch","loc":["body"],"msg":"String should match pattern '^a+$'","input":"b","ctx":{"pattern":"^a+$"}}"#
    ),
    (
      #"{"type":"array","minItems":1}"#, "[]",
      #"{"type":"too_short","loc":["body"],"msg":"List should have at least 1 item after validation, not 0","input":[],"ctx":{"field_type":"List","min_length":1,"actual_length":0}}"#
    ),
    (
      #"{"type":"array","maxItems":1,"items":{"type":"string"}}"#, "[1,2]",
      #"{"type":"too_long","loc":["body"],"msg":"List should have at most 1 item after validation, not 2","input":[1,2],"ctx":{"field_type":"List","max_length":1,"actual_length":2}}"#
    ),
    (
      #"{"type":"object","minProperties":2}"#, "{}",
      #"{"type":"too_short","loc":["body"],"msg":"Dictionary should have at least 2 items after validation, not 0","input":{},"ctx":{"field_type":"Dictionary","min_length":2,"actual_length":0}}"#
    ),
    (
      #"{"enum":["a","b","c"]}"#, #""d""#,
      #"{"type":"enum","loc":["body"],"msg":"Input should be 'a', 'b' or 'c'","input":"d","ctx":{"expected":"'a', 'b' or 'c'"}}"#
    ),
    (
      #"{"type":"string","enum":["a"]}"#, "5",
      #"{"type":"enum","loc":["body"],"msg":"Input should be 'a'","input":5,"ctx":{"expected":"'a'"}}"#
    ),
    (
      #"{"const":1}"#, "2",
      #"{"type":"literal_error","loc":["body"],"msg":"Input should be 1","input":2,"ctx":{"expected":"1"}}"#
    ),
    (
      #"{"type":"string","format":"date"}"#, #""2024-13-01""#,
      #"{"type":"date_from_datetime_parsing","loc":["body"],"msg":"Input should be a valid date or datetime, month value is outside expected range of 1-12","input":"2024-13-01","ctx":{"error":"month value is outside expected range of 1-12"}}"#
    ),
    (
      #"{"type":"string","format":"date"}"#, "true",
      #"{"type":"date_type","loc":["body"],"msg":"Input should be a valid date","input":true}"#
    ),
    (
      #"{"type":"string","format":"ipv4"}"#, #""1.2.3""#,
      #"{"type":"ip_v4_address","loc":["body"],"msg":"Input is not a valid IPv4 address","input":"1.2.3"}"#
    ),
    (
      #"{"type":"string","format":"uri"}"#, #""x""#,
      #"{"type":"url_parsing","loc":["body"],"msg":"Input should be a valid URL, relative URL without a base","input":"x","ctx":{"error":"relative URL without a base"}}"#
    ),
  ])
  func oneRuleGivesOneEntry(schema: String, value: String, entry: String) throws {
    #expect(try compiled(schema).entries(for: value) == [entry])
  }

  static let book = """
    {"type":"object","required":["title","year","isbn"],"additionalProperties":false,"properties":{
      "title":{"type":"string","minLength":1},"author":{"type":"string"},"year":{"type":"integer","minimum":1450},
      "tags":{"type":"array","items":{"type":"string"}},"shelf":{"type":"object","required":["row"],"properties":
      {"row":{"type":"integer"}}}}}
    """

  @Test func membersAreReportedAsDeclaredThenOthersAsSent() throws {
    let entries = try compiled(Self.book).entries(
      for: #"{"zz":1,"year":3,"tags":["a",1,null],"aa":{},"shelf":{"row":"x"},"title":""}"#)
    let kinds = try entries.map { try JSONValue(parsing: $0) }.map {
      "\($0["type"]?.string ?? "") \(Self.text($0["loc"]))"
    }
    #expect(
      kinds == [
        #"string_too_short ["body","title"]"#, #"greater_than_equal ["body","year"]"#,
        #"string_type ["body","tags",1]"#,
        #"string_type ["body","tags",2]"#, #"int_parsing ["body","shelf","row"]"#, #"missing ["body","isbn"]"#,
        #"extra_forbidden ["body","zz"]"#, #"extra_forbidden ["body","aa"]"#,
      ])
  }

  static func text(_ value: JSONValue?) -> String {
    var writer = JSONWriter()
    writer.value(value ?? .null)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func aMissingMemberShowsTheObjectThatLacksIt() throws {
    let schema = try compiled(#"{"type":"object","required":["a"],"properties":{"a":{}}}"#)
    #expect(
      try schema.entries(for: #"{ "b" : [ 1 , 2.0 ] }"#) == [
        #"{"type":"missing","loc":["body","a"],"msg":"Field required","input":{"b":[1,2.0]}}"#
      ])
  }

  @Test func unionsReportEveryBranchUnderItsLabel() throws {
    let schema = try compiled(
      #"{"properties":{"x":{"anyOf":[{"type":"integer"},{"type":"array","items":{"type":"string"}},{"$ref":"Book"}]}}}"#,
      named: ["Book": ["type": "object", "required": ["title"]]])
    let locations = try schema.entries(for: #"{"x":"a"}"#).map { Self.text(try JSONValue(parsing: $0)["loc"]) }
    #expect(locations == [#"["body","x","int"]"#, #"["body","x","list[str]"]"#, #"["body","x","Book"]"#])
    let inner = try schema.entries(for: #"{"x":{}}"#).map { Self.text(try JSONValue(parsing: $0)["loc"]) }
    #expect(inner.last == #"["body","x","Book","title"]"#)
  }

  @Test func aNullableFieldIsNoUnion() throws {
    let schema = try compiled(#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#)
    #expect(
      try schema.entries(for: "[]") == [
        #"{"type":"int_type","loc":["body"],"msg":"Input should be a valid integer","input":[]}"#
      ])
  }

  @Test func badNamesAreMarkedAsKeys() throws {
    let schema = try compiled(#"{"propertyNames":{"pattern":"^[a-z]+$"}}"#)
    let entry = try JSONValue(parsing: try #require(try schema.entries(for: #"{"A1":1}"#).first))
    #expect(entry["loc"] == ["body", "A1", "[key]"])
    #expect(entry["input"] == "A1")
  }

  @Test func entriesAreLimited() throws {
    let schema = try compiled(#"{"items":{"type":"string"}}"#)
    let text = "[" + Array(repeating: "1", count: 5000).joined(separator: ",") + "]"
    #expect(try schema.entries(for: text).count == 101)
    #expect(try schema.complaints(about: text).isTruncated)
    #expect(try schema.entries(for: text, limit: 3).count == 4)
    #expect(try !schema.complaints(about: "[1,1]", limit: 2).isTruncated)
  }

  @Test func largeInputIsCut() throws {
    let format = FastAPIViolationFormat(maximumInputBytes: 10)
    let text = try compiled(#"{"maxLength":3}"#)
    #expect(
      try JSONValue(parsing: text.entries(for: #""aaaaaaaaäbbbbbb""#, format: format)[0])["input"] == "aaaaaaaaä…")
    #expect(
      try JSONValue(parsing: text.entries(for: #""aaaaaaaaaäbbbbbb""#, format: format)[0])["input"] == "aaaaaaaaa…")
    let list = try compiled(#"{"type":"object"}"#)
    #expect(
      try JSONValue(parsing: list.entries(for: "[1,2,3,4,5,6]", format: format)[0])["input"] == "<array of 13 bytes>")
  }

  @Test func secretsAreNeverEchoed() throws {
    let schema = try compiled(
      """
      {"type":"object","required":["name"],"properties":{"name":{"type":"string"},
        "password":{"type":"string","writeOnly":true,"minLength":8},
        "keys":{"type":"array","maxItems":1,"items":{"type":"object","properties":{"k":{"format":"password"}}}},
        "other":{"anyOf":[{"type":"integer"},{"$ref":"#/$defs/secret"}]}},
        "$defs":{"secret":{"type":"object","properties":{"token":{"type":"string","writeOnly":true}},"required":["x"]}}}
      """)
    let body = #"{"password":"hunter2","keys":[{"k":"key-1"},{"k":"key-2"}],"other":{"token":"tok-9"}}"#
    let entries = try schema.entries(for: body)
    #expect(entries.count == 5)
    for secret in ["hunter2", "key-1", "key-2", "tok-9"] {
      #expect(!entries.joined().contains(secret), "\(secret)")
    }
    #expect(entries[0].contains(#""password":"**********""#))
    let card = try compiled(#"{"properties":{"card":{"writeOnly":true,"properties":{"pin":{"type":"integer"}}}}}"#)
    #expect(try !card.entries(for: #"{"card":{"pin":"12x4"}}"#).joined().contains("12x4"))
  }

  @Test func malformedBodiesAreOneEntry() throws {
    do throws(JSONSyntaxError) {
      _ = try JSONDocument(Array("{\"a\": nope}".utf8))
      Issue.record("accepted")
    } catch {
      var writer = JSONWriter()
      FastAPIViolationFormat().write(error, into: &writer)
      #expect(
        String(decoding: writer.bytes, as: UTF8.self)
          == #"{"type":"json_invalid","loc":["body",6],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}"#
      )
    }
  }

  @Test func parametersAndAbsentValuesAreEntriesToo() throws {
    var writer = JSONWriter()
    writer.beginArray()
    FastAPIViolationFormat().writeMissing(location: ["query", "limit"], into: &writer)
    Array("x1".utf8).withUnsafeBytes {
      FastAPIViolationFormat().write(.integerText, location: ["path", "book_id"], text: $0, into: &writer)
      FastAPIViolationFormat().write(
        .integerText, location: ["header", "x-key"], text: $0, isSecret: true, into: &writer)
    }
    writer.endArray()
    #expect(
      String(decoding: writer.bytes, as: UTF8.self) == """
        [{"type":"missing","loc":["query","limit"],"msg":"Field required","input":null},\
        {"type":"int_parsing","loc":["path","book_id"],\
        "msg":"Input should be a valid integer, unable to parse string as an integer","input":"x1"},\
        {"type":"int_parsing","loc":["header","x-key"],\
        "msg":"Input should be a valid integer, unable to parse string as an integer","input":"**********"}]
        """)
  }

  @Test func violationsPointIntoValueAndSchema() throws {
    let schema = try compiled(
      #"{"properties":{"a/b":{"items":{"$ref":"Inner"}}}}"#,
      named: ["Inner": ["properties": ["x~": ["type": "string"]]]])
    let violation = try #require(try schema.complaints(about: #"{"a/b":[{"x~":1}]}"#).entries.first)
    #expect(violation.instancePointer == "/a~1b/0/x~0")
    #expect(violation.schemaName == "Inner")
    #expect(violation.schemaPointer == "/properties/x~0")
  }
}
