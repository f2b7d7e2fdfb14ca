import GatewayJSON
import GatewaySchema
import Testing

/// Keywords beyond the everyday ones, as the answer to a client shows them.
struct SchemaKeywordTests {
  private func kinds(_ schema: String, _ value: String) throws -> [String] {
    try compiled(schema).complaints(about: value).entries.map { "\($0.instancePointer) \($0.message)" }
  }

  @Test func aPropertyThatNothingEvaluatesIsExtra() throws {
    let schema = ##"""
      {"type":"object","allOf":[{"$ref":"#/$defs/base"}],"properties":{"b":{"type":"integer"}},"unevaluatedProperties":false,
      "$defs":{"base":{"properties":{"a":{"type":"string"}},"required":["a"]}}}
      """##
    #expect(try compiled(schema).accepts(#"{"a":"x","b":1}"#))
    #expect(
      try compiled(schema).entries(for: #"{"a":"x","c":1}"#) == [
        #"{"type":"extra_forbidden","loc":["body","c"],"msg":"Extra inputs are not permitted","input":1}"#
      ])
    // By the letter nothing is evaluated where the rest fails; only what no part declares is reported.
    #expect(
      try kinds(schema, #"{"b":"x","c":1}"#).sorted() == [
        "/a Field required",
        "/b Input should be a valid integer",
        "/c Extra inputs are not permitted",
      ])
  }

  @Test func itemsThatNothingEvaluatesAreCheckedOneByOne() throws {
    let schema = #"{"prefixItems":[{"type":"string"}],"contains":{"const":7},"unevaluatedItems":{"type":"boolean"}}"#
    #expect(try compiled(schema).accepts(#"["a",7,true,7]"#))
    #expect(try kinds(schema, #"["a",7,true,8]"#) == ["/3 Input should be a valid boolean"])
    #expect(try kinds(#"{"prefixItems":[{}],"unevaluatedItems":false}"#, "[1,2,3]").count == 2)
  }

  @Test func unevaluatedKeywordsDoNotExplodeInRecursiveSchemas() throws {
    let schema = try compiled(
      ##"""
      {"type":"object","anyOf":[{"properties":{"next":{"$ref":"#"}},"required":["next"]},{"properties":{"end":true}}],
      "dependentSchemas":{"next":{"properties":{"side":{"$ref":"#"}}}},"unevaluatedProperties":false}
      """##)
    let deep = (0..<120).reduce(#"{"end":1}"#) { inner, _ in "{\"next\":\(inner)}" }
    #expect(try schema.accepts(deep))
    let broken = (0..<120).reduce(#"{"end":1,"x":2}"#) { inner, _ in "{\"next\":\(inner)}" }
    #expect(try !schema.accepts(broken))
    #expect(try !schema.complaints(about: broken).isEmpty)
  }

  @Test func theStackSufficesForTheDeepestEvaluation() throws {
    // As many levels of sets as the limit on depth allows, through alternatives of the same value.
    var definitions = JSONObject()
    for i in 0..<3000 {
      definitions["d\(i)"] = ["anyOf": [["$ref": .string("#/$defs/d\(i + 1)")], ["type": "null"]]]
    }
    definitions["d3000"] = ["required": ["x"]]
    let root: JSONValue = ["$ref": "#/$defs/d0", "unevaluatedProperties": false, "$defs": .object(definitions)]
    let schema = try #require(SchemaCompiler.compile(root).schema)
    let members = (0..<900).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    #expect(try !schema.accepts("{\(members)}"))
    #expect(try schema.complaints(about: "{\(members)}").entries.map(\.kind) == [.tooComplex])
  }

  @Test func manyMembersAreMarkedWithoutTroubleForTheStack() throws {
    let schema = try compiled(
      ##"{"anyOf":[{"patternProperties":{"^k":{"type":"integer"}}},{"properties":{"z":true}}],"unevaluatedProperties":false}"##
    )
    let members = (0..<20_000).map { "\"k\($0)\":\($0)" }
    #expect(try schema.accepts("{" + members.joined(separator: ",") + "}"))
    #expect(try !schema.accepts("{" + (members + ["\"y\":1"]).joined(separator: ",") + "}"))
  }

  private static let pets = ##"""
    {"oneOf":[{"$ref":"#/$defs/Cat"},{"$ref":"#/$defs/Dog"}],"discriminator":{"propertyName":"kind",
    "mapping":{"cat":"#/$defs/Cat","dog":"#/$defs/Dog","lion":"#/$defs/Cat"}},
    "$defs":{"Cat":{"type":"object","properties":{"kind":{"enum":["cat","lion"]},"lives":{"type":"integer"}},"required":["kind","lives"]},
    "Dog":{"type":"object","properties":{"kind":{"const":"dog"},"name":{"type":"string"}},"required":["kind","name"]}}}
    """##

  /// Pydantic's own answers.
  @Test(arguments: [
    (
      "{}",
      #"{"type":"union_tag_not_found","loc":["body"],"msg":"Unable to extract tag using discriminator 'kind'","input":{},"ctx":{"discriminator":"'kind'"}}"#
    ),
    (
      #"{"kind":"fish"}"#,
      #"{"type":"union_tag_invalid","loc":["body"],"msg":"Input tag 'fish' found using 'kind' does not match any of the expected tags: 'cat', 'lion', 'dog'","input":{"kind":"fish"},"ctx":{"discriminator":"'kind'","tag":"fish","expected_tags":"'cat', 'lion', 'dog'"}}"#
    ),
    (
      #"{"kind":null}"#,
      #"{"type":"union_tag_invalid","loc":["body"],"msg":"Input tag 'None' found using 'kind' does not match any of the expected tags: 'cat', 'lion', 'dog'","input":{"kind":null},"ctx":{"discriminator":"'kind'","tag":"None","expected_tags":"'cat', 'lion', 'dog'"}}"#
    ),
    (
      "5",
      #"{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":5}"#
    ),
    (
      #"{"kind":"lion","lives":"x"}"#,
      #"{"type":"int_parsing","loc":["body","lion","lives"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}"#
    ),
    (
      #"{"kind":"dog"}"#,
      #"{"type":"missing","loc":["body","dog","name"],"msg":"Field required","input":{"kind":"dog"}}"#
    ),
  ])
  func aDiscriminatorSelectsTheAlternative(value: String, entry: String) throws {
    #expect(try compiled(Self.pets).entries(for: value) == [entry])
    #expect(try !compiled(Self.pets).accepts(value))
    #expect(try compiled(Self.pets).accepts(#"{"kind":"cat","lives":9}"#))
  }

  @Test func tagsAreFoundWithoutMapping() throws {
    let byConstant =
      #"{"anyOf":[{"properties":{"t":{"const":"a"}}},{"properties":{"t":{"enum":["b","c"]}}}],"discriminator":{"propertyName":"t"}}"#
    for tag in ["a", "b", "c"] { #expect(try compiled(byConstant).accepts("{\"t\":\"\(tag)\"}")) }
    #expect(try !compiled(byConstant).accepts(#"{"t":"d"}"#))
    let named: [String: JSONValue] = ["Cat": ["required": ["lives"]], "Dog": ["required": ["name"]]]
    let byName = try compiled(
      ##"{"oneOf":[{"$ref":"#/components/schemas/Cat"},{"$ref":"Dog"}],"discriminator":{"propertyName":"t"}}"##,
      named: named)
    #expect(try byName.accepts(#"{"t":"Cat","lives":1}"#))
    #expect(try !byName.accepts(#"{"t":"Dog","lives":1}"#))
  }

  @Test(arguments: [
    (
      #"{"oneOf":[{}],"discriminator":{}}"#,
      "#/discriminator: 'discriminator' must be an object with a 'propertyName' that is a string"
    ),
    (
      #"{"oneOf":[{"type":"object"}],"discriminator":{"propertyName":"t"}}"#,
      "#/oneOf/0: no value of 't' selects this alternative: list it in the discriminator's 'mapping'"
    ),
    (
      ##"{"oneOf":[{"$ref":"#/$defs/A"}],"discriminator":{"propertyName":"t","mapping":{"a":"#/$defs/A","b":"#/$defs/B"}},"$defs":{"A":{},"B":{"type":"null"}}}"##,
      "#/discriminator/mapping/b: '#/$defs/B' is none of the alternatives in 'oneOf'"
    ),
    (
      #"{"oneOf":[{"properties":{"t":{"const":"a"}}},{"properties":{"t":{"const":"a"}}}],"discriminator":{"propertyName":"t"}}"#,
      "#/discriminator: tag 'a' stands for two alternatives"
    ),
  ])
  func brokenDiscriminatorsAreProblems(schema: String, problem: String) throws {
    #expect(try problems(schema) == [problem])
  }

  @Test func contentIsCheckedOnlyWhereAsked() throws {
    let text = #"{"contentEncoding":"base64","contentMediaType":"application/json","contentSchema":{"required":["a"]}}"#
    let value = try JSONValue(parsing: text)
    #expect(try compiled(text).accepts("\"???\""))
    let schema = try #require(
      SchemaCompiler.compile(value, options: SchemaCompiler.Options(assertsContent: true)).schema)
    // {"a":1}
    #expect(try schema.accepts("\"eyJhIjoxfQ==\""))
    #expect(try schema.accepts("12"))
    #expect(try schema.complaints(about: "\"eyJhIjoxfQ\"").entries.map(\.kind) == [.content(.notBase64)])
    #expect(try schema.complaints(about: "\"eyJhIjox\"").entries.map(\.kind) == [.content(.notJSON)])
    #expect(try schema.complaints(about: "\"e30=\"").entries.map(\.kind) == [.content(.notValid)])
    #expect(try schema.complaints(about: "\"e31=\"").entries.map(\.kind) == [.content(.notBase64)])
  }

  @Test func dependentSchemasAndConditionsSayWhatIsMissing() throws {
    #expect(try kinds(#"{"dependentSchemas":{"a":{"required":["b"]}}}"#, #"{"a":1}"#) == ["/b Field required"])
    #expect(try kinds(#"{"if":{"required":["a"]},"then":{"required":["b"]}}"#, #"{"a":1}"#) == ["/b Field required"])
    #expect(
      try kinds(#"{"propertyNames":{"maxLength":2}}"#, #"{"abc":1}"#) == [
        "/abc String should have at most 2 characters"
      ])
    #expect(
      try kinds(#"{"contains":{"const":1},"minContains":2,"maxContains":3}"#, "[1,2]") == [
        " Value error, 2 to 3 items should match the schema in 'contains', found 1"
      ])
  }

  @Test func secretsAreHiddenBelowEveryKeyword() throws {
    for schema in [
      #"{"unevaluatedProperties":{"writeOnly":true,"type":"integer"}}"#,
      #"{"dependentSchemas":{"a":{"properties":{"b":{"writeOnly":true}}}},"required":["z"]}"#,
      #"{"unevaluatedProperties":false,"allOf":[{"properties":{"b":{"writeOnly":true,"type":"integer"}}}]}"#,
    ] {
      let entries = try compiled(schema).entries(for: #"{"a":1,"b":"hush"}"#)
      #expect(!entries.isEmpty)
      #expect(!entries.joined().contains("hush"), "\(entries)")
    }
  }

  @Test(arguments: [
    (#"{"multipleOf":1e-300}"#, "1e300", true), (#"{"multipleOf":3}"#, "1e10000", false),
    (#"{"multipleOf":1e10000}"#, "3e10000", true), (#"{"multipleOf":0.3}"#, "0.9000000000000000000000000000", true),
    (#"{"multipleOf":0.3}"#, "0.9000000000000000000000000001", false),
    (#"{"multipleOf":0.1}"#, "123456789012345678901234567890.1", true),
  ])
  func multiplesAreExactWhateverTheExponent(schema: String, value: String, isValid: Bool) throws {
    #expect(try compiled(schema).accepts(value) == isValid)
  }
}
