import GatewayJSON
import GatewaySchema
import Testing

/// What references lead to: resources by `$id`, other documents, anchors and dynamic anchors.
struct SchemaReferenceTests {
  private func compile(
    _ text: String, documents: [String: String] = [:], address: String = "", named: [String: JSONValue] = [:]
  ) throws -> SchemaCompilation {
    SchemaCompiler.compile(
      try JSONValue(parsing: text), named: named, documents: try documents.mapValues { try JSONValue(parsing: $0) },
      address: address)
  }

  @Test(arguments: [
    ("schemas/book.json", "author.json", "schemas/author.json"),
    ("schemas/book.json", "./author.json", "schemas/author.json"),
    ("schemas/book.json", "../common/author.json", "common/author.json"),
    ("schemas/book.json", "../../author.json", "../author.json"),
    ("book.json", "../author.json", "../author.json"),
    ("schemas/book.json", "/author.json", "/author.json"),
    ("", "author.json", "author.json"),
    ("http://a/b/c/d?q", "g", "http://a/b/c/g"), ("http://a/b/c/d?q", "../../../g", "http://a/g"),
    ("http://a/b/c/d?q", "//g/x", "http://g/x"), ("http://a/b/c/d?q", "?y", "http://a/b/c/d?y"),
    ("http://a/b/c/d?q", "g;x=1/../y", "http://a/b/c/y"), ("http://a", "g", "http://a/g"),
    ("http://a/b/c/d?q", "g:h", "g:h"), ("http://a/b/c/d?q", "g?y/./x", "http://a/b/c/g?y/./x"),
    ("http://a/b/c/d?q", "..", "http://a/b/"), ("http://a/b/c/d?q", ".", "http://a/b/c/"),
  ])
  func addressesAreResolvedAsRFC3986Says(base: String, reference: String, address: String) throws {
    let schema = try compile(
      "{\"$ref\":\"\(reference)\"}", documents: [address: #"{"type":"integer"}"#], address: base)
    #expect(schema.problems.isEmpty)
    #expect(try #require(schema.schema).accepts("1"))
    #expect(try !#require(schema.schema).accepts("\"1\""))
  }

  @Test func documentsMayReferToEachOtherAndBack() throws {
    let compilation = try compile(
      ##"{"type":"object","properties":{"author":{"$ref":"author.json#/$defs/author"}},"$defs":{"id":{"type":"integer"}}}"##,
      documents: [
        "schemas/author.json":
          ##"{"$defs":{"author":{"properties":{"id":{"$ref":"book.json#/$defs/id"},"books":{"items":{"$ref":"book.json"}}}}}}"##
      ],
      address: "schemas/book.json")
    let schema = try #require(compilation.schema)
    #expect(try schema.accepts(#"{"author":{"id":1,"books":[{"author":{"id":2}}]}}"#))
    #expect(try !schema.accepts(#"{"author":{"id":1,"books":[{"author":{"id":"2"}}]}}"#))
  }

  @Test func aDocumentIsFoundByItsIdentifierWhereverItCameFrom() throws {
    let documents = ["some/file.json": #"{"$id":"https://example.com/a","$defs":{"b":{"$id":"b","type":"null"}}}"#]
    for reference in ["https://example.com/b", "some/file.json#/$defs/b", "https://example.com/a#/$defs/b"] {
      let compilation = try compile("{\"$ref\":\"\(reference)\"}", documents: documents)
      #expect(try #require(compilation.schema).accepts("null"), "\(reference)")
      #expect(try !#require(compilation.schema).accepts("1"), "\(reference)")
    }
  }

  @Test func partsThatAreNoSchemaDocumentCanBeReferredTo() throws {
    let compilation = try compile(
      ##"{"$ref":"api.yaml#/components/schemas/Book"}"##,
      documents: [
        "api.yaml": ##"""
        {"openapi":"3.1.0","components":{"schemas":{"Book":{"properties":{"author":{"$ref":"#/components/schemas/Author"}}},
        "Author":{"$anchor":"author","required":["name"]}}}}
        """##
      ])
    #expect(try !#require(compilation.schema).accepts(#"{"author":{}}"#))
  }

  @Test func unknownDocumentsAndPartsAreProblemsWithTheNearestWord() throws {
    let documents = ["author.json": #"{"$anchor":"author","$defs":{"a":{}}}"#]
    func message(_ reference: String) throws -> [String] {
      try compile("{\"items\":{\"$ref\":\"\(reference)\"}}", documents: documents).problems.map(\.description)
    }
    #expect(
      try message("auhtor.json") == ["#/items/$ref: unknown document 'auhtor.json'; did you mean 'author.json'?"])
    #expect(try message("author.json#authro") == ["#/items/$ref: no anchor 'authro'; did you mean '#author'?"])
    #expect(try message("author.json#/$defs/b") == ["#/items/$ref: 'author.json#/$defs/b' leads nowhere"])
  }

  @Test func twoSchemasMustNotShareAnIdentifier() throws {
    let compilation = try compile(
      ##"{"anyOf":[{"$ref":"a.json"},{"$ref":"b.json"}]}"##,
      documents: ["a.json": #"{"$id":"x:y","type":"null"}"#, "b.json": #"{"$id":"x:y","type":"string"}"#])
    #expect(
      compilation.problems.map(\.description) == [
        "b.json#/$id: '$id' 'x:y' is that of 'a.json#', which is another schema"
      ])
    let same = try compile(
      ##"{"anyOf":[{"$ref":"a.json"},{"$ref":"b.json"}]}"##,
      documents: ["a.json": #"{"$id":"x:y","type":"null"}"#, "b.json": #"{"$id":"x:y","type":"null"}"#])
    #expect(same.problems.isEmpty)
  }

  @Test func aProblemInADocumentNamesIt() throws {
    let compilation = try compile(
      ##"{"$ref":"other.json"}"##, documents: ["other.json": #"{"items":{"minLength":"1"}}"#])
    #expect(
      compilation.problems.map(\.description) == [
        "other.json#/items/minLength: 'minLength' must be a whole number from 0, found a string"
      ])
  }

  @Test func aDynamicReferenceFindsTheOutermostAnchorOfEachWayIn() throws {
    let list =
      ##"{"$id":"list","type":"array","items":{"$dynamicRef":"#item"},"$defs":{"any":{"$dynamicAnchor":"item"}}}"##
    let schema = try compile(
      ##"""
      {"$id":"http://x/root","properties":{"numbers":{"$ref":"numbers"},"texts":{"$ref":"texts"},"all":{"$ref":"list"}},
      "$defs":{"list":\##(list),
      "numbers":{"$id":"numbers","$ref":"list","$defs":{"n":{"$dynamicAnchor":"item","type":"number"}}},
      "texts":{"$id":"texts","$ref":"list","$defs":{"t":{"$dynamicAnchor":"item","type":"string"}}}}}
      """##
    ).schema
    let compiled = try #require(schema)
    #expect(try compiled.accepts(#"{"numbers":[1],"texts":["a"],"all":[1,"a"]}"#))
    #expect(try !compiled.accepts(#"{"numbers":["a"]}"#))
    #expect(try !compiled.accepts(#"{"texts":[1]}"#))
    #expect(
      try compiled.complaints(about: #"{"numbers":["a"]}"#).entries.map(\.instancePointer) == ["/numbers/0"])
  }

  @Test(arguments: [
    ##"{"$dynamicRef":"#a","$dynamicAnchor":"a"}"##,
    ##"{"$defs":{"a":{"$dynamicAnchor":"a","allOf":[{"$dynamicRef":"#a"}]}}}"##,
    ##"{"unevaluatedProperties":false,"$ref":"#"}"##,
    ##"{"$id":"a:b","anyOf":[{"$id":"c:d","$ref":"a:b"}]}"##,
  ])
  func endlessReferencesAreProblems(schema: String) throws {
    #expect(try !problems(schema).isEmpty)
  }

  @Test func manyDynamicScopesAreLimited() throws {
    // Each resource binds one more name, and each may come before or after each other: more scopes than anyone can
    // count.
    let names = (0..<24).map { "n\($0)" }
    var definitions = JSONObject()
    for name in names {
      let next = names.filter { $0 != name }.map { JSONValue.object(JSONObject([("$ref", .string($0))])) }
      definitions[name] = [
        "$id": .string(name), "$dynamicAnchor": .string(name), "properties": ["x": ["anyOf": .array(next)]],
        "additionalProperties": ["$dynamicRef": .string("#\(name)")],
      ]
    }
    let root: JSONValue = ["$id": "http://x/", "$defs": .object(definitions), "$ref": "n0"]
    let compilation = SchemaCompiler.compile(root, options: SchemaCompiler.Options(maximumNodes: 2000))
    #expect(compilation.problems.map(\.message) == ["schema is too large: more than 2000 parts"])
  }

  /// A combining mark merges with the delimiter before it into one `Character`, and equivalent texts are equal as
  /// `String`s; JSON knows neither.
  @Test func namesAreComparedByCodePoints() throws {
    let schema = try compiled(
      ##"""
      {"properties":{"a":{"$ref":"#/$defs/́x"},"é":{"type":"integer"},"é":{"type":"string"}},
      "$defs":{"́x":{"type":"null"}}}
      """##)
    #expect(try schema.accepts(#"{"a":null,"é":1,"é":"x"}"#))
    #expect(try !schema.accepts(#"{"a":1}"#))
    #expect(try !schema.accepts(#"{"é":1}"#))
    #expect(try !schema.accepts(#"{"é":"x"}"#))
  }

  @Test func vocabulariesSwitchKeywordsOff() throws {
    let core = SchemaVocabularyAddress.all(["core": true, "applicator": true])
    let documents = ["x:meta": "{\"$id\":\"x:meta\",\"$vocabulary\":{\(core)}}"]
    let schema = try #require(
      compile(
        ##"{"$schema":"x:meta","properties":{"a":{"minimum":5}},"required":["b"],"not":false}"##, documents: documents
      )
      .schema)
    #expect(try schema.accepts(#"{"a":1}"#))
    let unknown = ["x:meta": #"{"$vocabulary":{"x:mine":true,"x:other":false}}"#]
    #expect(
      try compile(#"{"$schema":"x:meta"}"#, documents: unknown).problems.map(\.message) == [
        "dialect 'x:meta' requires the vocabulary 'x:mine', which is not known"
      ])
  }
}

private enum SchemaVocabularyAddress {
  static func all(_ names: [String: Bool]) -> String {
    names.map { "\"https://json-schema.org/draft/2020-12/vocab/\($0)\":\($1)" }.joined(separator: ",")
  }
}
