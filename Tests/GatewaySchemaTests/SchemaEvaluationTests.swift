import GatewayJSON
import GatewaySchema
import Testing

struct SchemaEvaluationTests {
  @Test func namesAreFoundHoweverTheyAreEscaped() throws {
    let schema = try compiled(
      #"{"required":["title"],"properties":{"title":{"type":"string"}},"additionalProperties":false}"#)
    #expect(try schema.accepts(#"{"t\u0069tle":"x"}"#))
    #expect(try !schema.accepts(#"{"t\u0069tle":1}"#))
    #expect(try !schema.accepts(#"{"t\u0069tles":"x"}"#))
    #expect(try schema.entries(for: #"{"t\u0069tle":1}"#).first?.contains(#""loc":["body","title"]"#) == true)
  }

  @Test func manyNamesAreAllFound() throws {
    let names =
      (0..<300).map { "property_with_a_common_prefix_\($0)_and_a_common_suffix" } + [""]
      + (0..<20).map { String(repeating: "x", count: $0 + 1) }
    var properties = JSONObject()
    for name in names { properties[name] = ["const": .string(name)] }
    let schema = try #require(
      SchemaCompiler.compile([
        "properties": .object(properties), "required": .array(names.map { .string($0) }), "additionalProperties": false,
      ]).schema)
    var writer = JSONWriter()
    writer.value(.object(JSONObject(names.map { ($0, .string($0)) })))
    #expect(try schema.accepts(String(decoding: writer.bytes, as: UTF8.self)))
    var wrong = JSONObject(names.map { ($0, JSONValue.string($0)) })
    wrong["property_with_a_common_prefix_7_and_a_common_suffix"] = "?"
    wrong["property_with_a_common_prefix_X_and_a_common_suffix"] = 1
    wrong["xx"] = nil
    writer = JSONWriter()
    writer.value(.object(wrong))
    let kinds = try schema.complaints(about: String(decoding: writer.bytes, as: UTF8.self)).entries.map(\.kind)
    #expect(kinds.count == 3)
  }

  @Test(arguments: [
    (#"{"maximum":9007199254740992}"#, "9007199254740993", false),
    (#"{"maximum":0.1}"#, "0.1000000000000000000001", false),
    (#"{"minimum":1e400}"#, "1e401", true), (#"{"minimum":1e400}"#, "1e399", false),
    (#"{"exclusiveMinimum":-0.0}"#, "0", false),
    (#"{"multipleOf":0.01}"#, "4.35", true), (#"{"multipleOf":0.01}"#, "4.355", false),
    (#"{"multipleOf":1e-20}"#, "1e-19", true),
    (#"{"type":"integer"}"#, "1e400", true), (#"{"type":"integer"}"#, "1.0", true),
    (#"{"type":"integer"}"#, "10.50", false),
    (#"{"type":"integer"}"#, "-9223372036854775809", true), (#"{"const":1.0}"#, "1", true),
    (#"{"enum":[100]}"#, "1e2", true),
    (#"{"maximum":5.5}"#, "5", true), (#"{"maximum":999999999999999999}"#, "999999999999999999.1", false),
  ])
  func numbersAreExact(schema: String, value: String, isValid: Bool) throws {
    #expect(try compiled(schema).accepts(value) == isValid)
    #expect(try compiled(schema).complaints(about: value).isEmpty == isValid)
  }

  @Test func lengthsCountCodePoints() throws {
    let schema = try compiled(#"{"minLength":2,"maxLength":2}"#)
    for text in [#""ab""#, #""é😀""#, #""\u00e9\ud83d\ude00""#, #""\\\"""#, #""a\n""#] {
      #expect(try schema.accepts(text), "\(text)")
    }
    for text in [#""😀""#, #""\ud83d\ude00""#, #""e\u0301x""#, #""""#] { #expect(try !schema.accepts(text), "\(text)") }
  }

  @Test func theLastOfRepeatedMembersCounts() throws {
    let schema = try compiled(#"{"properties":{"a":{"type":"integer"}},"maxProperties":1,"required":["a"]}"#)
    let limits = JSONLimits(duplicateKeys: .lastWins)
    let good = try JSONDocument(Array(#"{"a":"x","a":1}"#.utf8), limits: limits)
    let isGood = schema.isValid(good)
    #expect(isGood)
    let bad = try JSONDocument(Array(#"{"a":1,"a":"x"}"#.utf8), limits: limits)
    let isBad = schema.isValid(bad)
    #expect(!isBad)
  }

  @Test func uniquenessOfManyItemsIsNotQuadratic() throws {
    let schema = try compiled(#"{"uniqueItems":true}"#)
    let items = (0..<50_000).map { #"{"id":\#($0),"name":"x"}"# }
    #expect(try schema.accepts("[" + items.joined(separator: ",") + "]"))
    #expect(try !schema.accepts("[" + (items + [#"{"name":"x","id":777.0}"#]).joined(separator: ",") + "]"))
    let violation = try schema.complaints(about: "[" + (items + [items[777]]).joined(separator: ",") + "]").entries
      .first
    #expect(violation?.kind == .uniqueItems(first: 777, second: 50_000))
    #expect(try schema.complaints(about: "[1,2,1.0]").entries.first?.kind == .uniqueItems(first: 0, second: 2))
  }

  @Test func largeObjectsAreNotComparedByWalking() throws {
    let members = (0..<20_000).map { "\"k\($0)\":\($0)" }
    let text = "[{" + members.joined(separator: ",") + "},{" + members.reversed().joined(separator: ",") + "}]"
    #expect(try !compiled(#"{"uniqueItems":true}"#).accepts(text))
  }

  @Test func aHostileBodyCannotMakeARecursiveSchemaExplode() throws {
    // Two ways down at each level: without a bound the deepest mistake is looked at 2^120 times.
    let schema = try compiled(
      ##"{"anyOf":[{"type":"array","items":{"$ref":"#"}},{"type":"array","items":{"$ref":"#"},"minItems":0}]}"##)
    let text = String(repeating: "[", count: 120) + "1" + String(repeating: "]", count: 120)
    #expect(try !schema.accepts(text))
    #expect(try schema.complaints(about: text).entries.map(\.kind) == [.tooComplex])
    #expect(try schema.accepts("[[],[]]"))
  }

  @Test func anEmptyDocumentIsNotValid() throws {
    let schema = try compiled("true")
    let empty = JSONDocument()
    let isValid = schema.isValid(empty)
    #expect(!isValid)
    #expect(try schema.accepts("null"))
  }

  @Test func partsOfADocumentCanBeAskedAbout() throws {
    let schema = try compiled(#"{"type":"string"}"#)
    let document = try JSONDocument(Array(#"{"a":"x","b":1}"#.utf8))
    let answers = ["a", "b"].map { name in document.member(name).map { schema.isValid(document, at: $0) } }
    #expect(answers == [true, false])
    let outside = schema.isValid(document, at: JSONIndex(position: 99))
    #expect(!outside)
  }

  /// Random documents: both paths give the same answer, and so does a second, simple implementation for small schemas.
  @Test func bothPathsAgreeOnRandomDocuments() throws {
    let schema = try compiled(
      """
      {"type":"object","properties":{"a":{"type":["integer","null"],"minimum":0},"b":{"type":"array","items":{"type":"string"},
      "maxItems":2,"uniqueItems":true},"c":{"anyOf":[{"type":"string"},{"$ref":"#"}]}},"required":["a"],"patternProperties":
      {"^x":{"type":"boolean"}},"additionalProperties":{"not":{"type":"null"}},"if":{"required":["b"]},"then":{"required":["c"]}}
      """)
    var generator = SystemRandomNumberGenerator()
    func value(_ depth: Int) -> String {
      switch Int.random(in: 0..<(depth > 3 ? 5 : 8), using: &generator) {
      case 0: return "null"
      case 1: return "true"
      case 2: return "\(Int.random(in: -1...2, using: &generator))"
      case 3: return "\"s\""
      case 4: return "1.5"
      case 5:
        return "[" + (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth + 1) }.joined(separator: ",")
          + "]"
      default:
        let names = ["a", "b", "c", "x1", "y"].filter { _ in Bool.random(using: &generator) }
        return "{" + names.map { "\"\($0)\":\(value(depth + 1))" }.joined(separator: ",") + "}"
      }
    }
    for _ in 0..<2000 {
      let text = value(0)
      #expect(try schema.accepts(text) == schema.complaints(about: text).isEmpty, "\(text)")
    }
  }
}
