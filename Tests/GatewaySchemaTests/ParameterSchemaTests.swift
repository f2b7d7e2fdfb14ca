import GatewayJSON
import GatewaySchema
import Testing

struct ParameterSchemaTests {
  static func schema(_ text: String, named: [String: JSONValue] = [:]) throws -> ParameterSchema {
    let compilation = ParameterSchema.compile(try JSONValue(parsing: text), named: named)
    #expect(compilation.problems.isEmpty)
    return try #require(compilation.schema)
  }

  /// The value, or the type of FastAPI's error.
  static func outcome(_ schema: ParameterSchema, _ text: String) throws -> String {
    try Array(text.utf8).withUnsafeBytes { bytes in
      let value = schema.coerce(bytes)
      let violation = schema.violation(bytes)
      #expect((value == nil) == (violation != nil), "the two paths disagree on '\(text)'")
      switch value {
      case .text: return "text"
      case .integer(let value): return "\(value)"
      case .number(let value): return "\(value)"
      case .boolean(let value): return "\(value)"
      case nil:
        var writer = JSONWriter()
        FastAPIViolationFormat().write(try #require(violation), location: ["query", "x"], text: bytes, into: &writer)
        return try JSONValue(parsing: writer.bytes)["type"]?.string ?? ""
      }
    }
  }

  @Test(arguments: [
    ("1", "1"), ("0", "0"), ("007", "7"), ("-5", "-5"), ("+5", "5"), (" 5 ", "5"), ("\t5\n", "5"), ("1_000", "1000"),
    ("1__0", "int_parsing"),
    ("_1", "int_parsing"), ("1_", "int_parsing"), ("5.0", "5"), ("5.000", "5"), ("5.", "int_parsing"),
    ("5.1", "int_parsing"), ("1e3", "int_parsing"),
    ("0x1", "int_parsing"), ("", "int_parsing"), (" ", "int_parsing"), ("-", "int_parsing"), ("abc", "int_parsing"),
    ("٣", "int_parsing"),
    ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
    ("9223372036854775808", "int_parsing_size"),
    ("99999999999999999999999", "int_parsing_size"), ("1 2", "int_parsing"), ("--1", "int_parsing"),
    ("999999999999999999", "999999999999999999"),
  ])
  func integersAreReadAsPydanticReadsThem(text: String, outcome: String) throws {
    #expect(try Self.outcome(try Self.schema(#"{"type":"integer"}"#), text) == outcome)
  }

  @Test(arguments: [
    ("1", "1.0"), ("-1.5", "-1.5"), (".5", "0.5"), ("5.", "5.0"), ("1e3", "1000.0"), (" 2 ", "2.0"), ("1_0.5", "10.5"),
    ("1_.5", "float_parsing"),
    ("1._5", "float_parsing"), ("nan", "finite_number"), ("-Infinity", "finite_number"), ("INF", "finite_number"),
    ("1e999", "finite_number"), ("", "float_parsing"),
    (".", "float_parsing"), ("1e", "float_parsing"), ("0x10", "float_parsing"), ("abc", "float_parsing"),
    ("1,5", "float_parsing"), ("+.5e-1", "0.05"),
  ])
  func numbersAreReadAsPydanticReadsThem(text: String, outcome: String) throws {
    #expect(try Self.outcome(try Self.schema(#"{"type":"number"}"#), text) == outcome)
  }

  @Test(arguments: [
    ("true", "true"), ("TRUE", "true"), ("t", "true"), ("yes", "true"), ("Y", "true"), ("on", "true"), ("1", "true"),
    ("false", "false"), ("F", "false"),
    ("no", "false"), ("n", "false"), ("Off", "false"), ("0", "false"), ("", "bool_parsing"), (" true", "bool_parsing"),
    ("2", "bool_parsing"), ("tru", "bool_parsing"),
    ("\u{11}", "bool_parsing"),
  ])
  func booleansAreReadAsPydanticReadsThem(text: String, outcome: String) throws {
    #expect(try Self.outcome(try Self.schema(#"{"type":"boolean"}"#), text) == outcome)
  }

  @Test(arguments: [
    (#"{"type":"integer","minimum":1}"#, "0", "greater_than_equal"), (#"{"type":"integer","minimum":1}"#, "1", "1"),
    (#"{"type":"integer","exclusiveMinimum":1}"#, "1", "greater_than"),
    (#"{"type":"integer","maximum":10}"#, "11", "less_than_equal"),
    (#"{"type":"integer","exclusiveMaximum":10}"#, "10", "less_than"),
    (#"{"type":"integer","exclusiveMaximum":10}"#, "9", "9"),
    (#"{"type":"integer","multipleOf":5}"#, "7", "multiple_of"), (#"{"type":"integer","multipleOf":5}"#, "-10", "-10"),
    (#"{"type":"integer","minimum":0.5}"#, "0", "greater_than_equal"), (#"{"type":"integer","minimum":0.5}"#, "1", "1"),
    (#"{"type":"integer","maximum":1e30}"#, "9", "9"),
    (#"{"type":"integer","minimum":1e30}"#, "9", "greater_than_equal"),
    (#"{"type":"integer","enum":[1,2]}"#, "2.0", "2"), (#"{"type":"integer","enum":[1,2]}"#, "3", "literal_error"),
    (#"{"type":"integer","enum":[1,2]}"#, "x", "literal_error"), (#"{"type":"integer","const":4}"#, "5", "literal_error"),
    (#"{"type":"number","exclusiveMinimum":0}"#, "0.0", "greater_than"),
    (#"{"type":"number","maximum":0.1}"#, "0.1", "0.1"),
    (#"{"type":"number","multipleOf":0.01}"#, "1.234", "multiple_of"),
    (#"{"type":"number","enum":[0.5]}"#, ".5", "0.5"),
    (#"{"type":"string","minLength":2}"#, "é", "string_too_short"), (#"{"type":"string","maxLength":2}"#, "éé", "text"),
    (#"{"type":"string","maxLength":2}"#, "abc", "string_too_long"),
    (#"{"type":"string","pattern":"^a"}"#, "ba", "string_pattern_mismatch"),
    (#"{"type":"string","format":"date"}"#, "2024-02-30", "date_from_datetime_parsing"),
    (#"{"type":"string","format":"date"}"#, "2024-02-29", "text"),
    (#"{"type":"string","format":"uuid"}"#, "x", "uuid_parsing"),
    (#"{"type":"string","enum":["asc","desc"]}"#, "desc", "text"),
    (#"{"type":"string","enum":["asc","desc"]}"#, "DESC", "literal_error"), (#"{"enum":["","a"]}"#, "", "text"),
    (#"{"type":["integer","null"],"minimum":3}"#, "2", "greater_than_equal"),
    (#"{"type":["integer","string"]}"#, "x", "text"), ("{}", "x", "text"), ("true", "", "text"),
    (#"{"type":"boolean","const":true}"#, "no", "literal_error"), (#"{"$ref":"Id"}"#, "0", "greater_than_equal"),
    (#"{"$ref":"Order"}"#, "DESC", "enum"), (##"{"$ref":"#/$defs/O","$defs":{"O":{"enum":["a"]}}}"##, "b", "enum"),
  ])
  func constraintsAreChecked(schema: String, text: String, outcome: String) throws {
    let named: [String: JSONValue] = ["Id": ["type": "integer", "minimum": 1], "Order": ["enum": ["asc", "desc"]]]
    #expect(try Self.outcome(try Self.schema(schema, named: named), text) == outcome)
  }

  @Test func textThatIsNotUTF8IsRefused() throws {
    let schema = try Self.schema(#"{"type":"string"}"#)
    let kind = [UInt8]([0x61, 0xFF]).withUnsafeBytes { schema.violation($0) }
    #expect(kind == .notUnicode)
  }

  @Test(arguments: [
    #"{"type":"array"}"#, #"{"type":"object"}"#, #"{"anyOf":[{"type":"integer"}]}"#, #"{"type":["integer","boolean"]}"#,
  ])
  func whatIsMissingIsAProblem(schema: String) throws {
    let compilation = ParameterSchema.compile(try JSONValue(parsing: schema))
    #expect(compilation.schema == nil)
    #expect(compilation.problems.allSatisfy { $0.message.contains("scalar") })
    #expect(!compilation.problems.isEmpty)
  }

  @Test func defaultsAndSecretsAreKnown() throws {
    let schema = try Self.schema(#"{"type":"integer","default":20}"#)
    #expect(schema.defaultValue == 20)
    #expect(!schema.isSecret)
    #expect(try Self.schema(#"{"type":"string","format":"password"}"#).isSecret)
  }
}
