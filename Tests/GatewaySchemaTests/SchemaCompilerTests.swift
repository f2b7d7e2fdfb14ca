import GatewayJSON
import GatewaySchema
import Testing

struct SchemaCompilerTests {
  @Test func allProblemsAreFoundAtOnce() throws {
    let found = try problems(
      """
      {"type":"strin","minLength":-1,"required":["a","a",1],"properties":{"x":5,"y":{"pattern":"("}},"multipleOf":0,
       "items":[{}],"enum":1,"$defs":{"unused":{"maximum":"9"}},"allOf":[],"$ref":"#/$defs/nope"}
      """)
    #expect(
      found == [
        "#/$defs/unused/maximum: 'maximum' must be a number, found a string",
        "#/$ref: '#/$defs/nope' leads nowhere",
        "#/type: unknown type 'strin'; did you mean 'string'?",
        "#/enum: 'enum' must be a list of values, found a number",
        "#/multipleOf: 'multipleOf' must be a number above 0, found 0",
        "#/minLength: 'minLength' must be a whole number from 0, found -1",
        "#/items: 'items' as a list is called 'prefixItems' since 2020-12",
        "#/properties/x: a schema must be an object or a boolean, found a number",
        "#/properties/y/pattern: pattern '(': missing ')' (at character 2)",
        "#/required/1: 'a' is listed twice",
        "#/required/2: a name must be a string, found a number",
        "#/allOf: 'allOf' must be a list of at least one schema, found an empty one",
      ])
  }

  @Test(arguments: [
    #"{"type":"strin","properties":{"x":5,"y":{"pattern":"("}},"minLenght":1}"#, ##"{"$ref":"#"}"##,
    ##"{"allOf":[{"$ref":"#"}]}"##, #"{"$ref":"Item"}"#, #"{"$ref":"Itm"}"#, #"{"properties":{"a":{"default":1}}}"#,
  ])
  func checkingTellsWhatCompilingTells(text: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    let named = ["Item": JSONValue.bool(true)]
    let compilation = SchemaCompiler.compile(value, named: named)
    let checked = SchemaCompiler.check(value, named: named)
    #expect(checked.problems == compilation.problems)
    #expect(checked.warnings == compilation.warnings)
    #expect(checked.problems.isEmpty == (compilation.schema != nil))
  }

  @Test(arguments: [
    ("{\"minLenght\":1}", "#/minLenght: unknown keyword 'minLenght' has no effect; did you mean 'minLength'?"),
    ("{\"Required\":[]}", "#/Required: unknown keyword 'Required' has no effect; did you mean 'required'?"),
    ("{\"proprties\":{}}", "#/proprties: unknown keyword 'proprties' has no effect; did you mean 'properties'?"),
    ("{\"nullable\":true}", "#/nullable: 'nullable' is no keyword of JSON Schema 2020-12: use \"type: […, 'null']\""),
    (
      "{\"type\":\"string\",\"format\":\"datetime\"}",
      "#/format: unknown format 'datetime' has no effect; did you mean 'date-time'?"
    ),
    ("{\"minimum\":5,\"maximum\":4}", "#: no number is at least 5 and at most 4"),
    ("{\"then\":{}}", "#: 'then' and 'else' have no effect without 'if'"),
    (
      "{\"minLength\":3,\"maxLength\":2}", "#: 'minLength' 3 is above 'maxLength' 2: nothing can be valid"
    ),
    (
      "{\"contains\":{},\"minContains\":3,\"maxContains\":2}",
      "#: 'minContains' 3 is above 'maxContains' 2: nothing can be valid"
    ),
    (
      "{\"dependencies\":{}}",
      "#/dependencies: 'dependencies' is no keyword of JSON Schema 2020-12: use 'dependentRequired' or 'dependentSchemas'"
    ),
  ])
  func slipsAreWarnings(schema: String, warning: String) throws {
    #expect(try warnings(schema) == [warning])
    #expect(try problems(schema).isEmpty)
  }

  @Test(arguments: [
    "{\"x-internal\":1}", "{\"somethingElse\":1}", "{\"example\":1,\"discriminator\":{}}", "{\"format\":\"int64\"}",
  ])
  func annotationsAreSilent(schema: String) throws {
    #expect(try warnings(schema).isEmpty)
    #expect(try problems(schema).isEmpty)
  }

  @Test(arguments: [
    (##"{"$dynamicRef":"#x"}"##, "#/$dynamicRef: no anchor 'x'"),
    (
      ##"{"$ref":"other.json"}"##,
      "#/$ref: unknown document 'other.json': nothing is fetched, documents have to be given beside the schema"
    ),
    (
      ##"{"$schema":"http://json-schema.org/draft-07/schema#"}"##,
      "#/$schema: dialect 'http://json-schema.org/draft-07/schema#' is not known: earlier drafts are not supported; "
        + "use 'https://json-schema.org/draft/2020-12/schema'"
    ),
    (##"{"properties":{"a":{"$id":5}}}"##, "#/properties/a/$id: '$id' must be a string, found a number"),
    (
      ##"{"$id":"a#b"}"##, "#/$id: '$id' must not have a fragment: '$anchor' names a part of a document"
    ),
    (
      ##"{"$defs":{"a":{"$id":"x:y"},"b":{"$id":"x:y"}}}"##, "#/$defs/b/$id: '$id' 'x:y' stands at '/$defs/a' already"
    ),
  ])
  func brokenNamesAndReferencesAreProblems(schema: String, problem: String) throws {
    #expect(try problems(schema) == [problem])
  }

  @Test func namedSchemasAreFoundInEveryForm() throws {
    let named: [String: JSONValue] = [
      "Author": ["type": "object", "properties": ["name": ["type": "string"], "books": ["items": ["$ref": "Book"]]]],
      "Book": [
        "type": "object", "required": ["title"], "properties": ["author": ["$ref": "#/components/schemas/Author"]],
        "$defs": ["isbn": ["$anchor": "isbn", "pattern": "^\\d{13}$"]],
      ],
    ]
    for reference in ["Book", "#/schemas/Book", "#/components/schemas/Book", "Book#"] {
      let schema = try compiled("{\"$ref\":\"\(reference)\"}", named: named)
      #expect(try schema.accepts(#"{"title":1,"author":{"name":"x","books":[{"title":2}]}}"#))
      #expect(try !schema.accepts(#"{"title":1,"author":{"name":"x","books":[{}]}}"#))
    }
    for reference in ["Book#/$defs/isbn", "Book#isbn", "#/schemas/Book/$defs/isbn"] {
      let schema = try compiled("{\"$ref\":\"\(reference)\"}", named: named)
      #expect(try schema.accepts("\"1234567890123\""))
      #expect(try !schema.accepts("\"123\""))
    }
    #expect(
      try problems(##"{"$ref":"Boook"}"##, named: named) == ["#/$ref: unknown schema 'Boook'; did you mean 'Book'?"])
    #expect(try problems(##"{"$ref":"Book#isb"}"##, named: named) == ["#/$ref: no anchor 'isb'; did you mean '#isbn'?"])
  }

  @Test func aProblemInANamedSchemaNamesIt() throws {
    let found = SchemaCompiler.compile(["$ref": "Bad"], named: ["Bad": ["properties": ["a": ["type": "int"]]]]).problems
    #expect(
      found == [
        SchemaProblem(
          resource: "Bad", pointer: "/properties/a/type", message: "unknown type 'int'; did you mean 'integer'?")
      ])
  }

  @Test(arguments: [
    ##"{"$ref":"#"}"##, ##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
    ##"{"allOf":[{"$ref":"#"}]}"##, ##"{"$defs":{"a":{"anyOf":[{"not":{"$ref":"#/$defs/a"}}]}}}"##,
    ##"{"if":{"$ref":"#"},"then":{}}"##,
    ##"{"dependentSchemas":{"a":{"$ref":"#"}}}"##,
  ])
  func endlessSchemasAreProblems(schema: String) throws {
    #expect(try !problems(schema).isEmpty)
  }

  @Test func recursionThroughThePartsOfAValueIsFine() throws {
    let schema = try compiled(
      ##"{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#"}}}}}"##)
    #expect(try schema.accepts(#"{"next":{"next":{}}}"#))
    #expect(try !schema.accepts(#"{"next":{"next":1}}"#))
  }

  @Test func aReferenceToItselfByNameIsTheSameSchema() throws {
    let tree: JSONValue = ["type": "object", "additionalProperties": ["$ref": "Tree"]]
    let compilation = SchemaCompiler.compile(tree, name: "Tree", named: ["Tree": tree])
    #expect(try #require(compilation.schema).accepts(#"{"a":{"b":{}}}"#))
    #expect(try !#require(compilation.schema).accepts(#"{"a":{"b":1}}"#))
  }

  @Test func longChainsOfNamedSchemasAreFine() throws {
    var named: [String: JSONValue] = [:]
    for i in 0..<2000 {
      named["M\(i)"] = ["type": "object", "properties": ["next": ["$ref": .string("M\((i + 1) % 2000)")]]]
    }
    let schema = try #require(SchemaCompiler.compile(["$ref": "M0"], named: named).schema)
    #expect(try schema.accepts(#"{"next":{"next":{"next":{}}}}"#))
    #expect(try !schema.accepts(#"{"next":{"next":{"next":1}}}"#))
  }

  @Test func deepAndLargeSchemasAreLimited() throws {
    var deep: JSONValue = true
    for _ in 0..<400 { deep = ["not": deep] }
    #expect(SchemaCompiler.compile(deep).problems.contains { $0.message.contains("deep") })
    let wide = JSONValue.object(JSONObject([("allOf", .array((0..<50).map { ["minimum": .number(JSONNumber($0))] }))]))
    let options = SchemaCompiler.Options(maximumNodes: 20)
    #expect(
      SchemaCompiler.compile(wide, options: options).problems.map(\.message) == [
        "schema is too large: more than 20 parts"
      ])
  }
}
