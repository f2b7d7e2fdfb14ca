import GatewayJSON
import GatewayOpenAPI
import Testing

@Suite struct SchemaCatalogTests {
  /// The document with `schemas`, and an operation of `plugin` whose answer is `schema`.
  private func make(
    _ schemas: [APINamedSchema], _ schema: APISchema = APISchema(true), plugin: String = "p"
  ) -> OpenAPIDocument.Result {
    var operation = handler("GET", path: "/", name: "get", plugin: plugin)
    operation.responses = [APIResponse(200, content: [APIMediaType("application/json", schema: schema)])]
    var description = api(operation)
    description.schemas = schemas
    return OpenAPIDocument.make(from: description)
  }

  private func schema(_ result: OpenAPIDocument.Result) -> JSONValue? {
    result.document.at("/paths/~1/get/responses/200/content/application~1json/schema")
  }

  @Test func theFilesSchemasAreAllListedAndPluginsOnlyWhereReferredTo() {
    let result = make(
      [
        APINamedSchema("A", true), APINamedSchema("B", ["$ref": "C"], plugin: "p"),
        APINamedSchema("C", true, plugin: "p"),
        APINamedSchema("D", true, plugin: "p"),
      ], .named("B"))
    #expect(result.document.at("/components/schemas")?.names == ["A", "B", "C"])
    #expect(result.document.at("/components/schemas/B") == ["$ref": "#/components/schemas/C"])
  }

  @Test func schemasOfOneNameInTwoPluginsAreBothThere() {
    let schemas = [
      APINamedSchema("Book", ["const": 1], plugin: "bookshop"), APINamedSchema("Book", ["const": 2], plugin: "other"),
    ]
    #expect(schema(make(schemas, .named("Book"), plugin: "bookshop")) == ["$ref": "#/components/schemas/Book"])
    #expect(schema(make(schemas, .named("Book"), plugin: "other")) == ["$ref": "#/components/schemas/other_Book"])
    #expect(schema(make(schemas, .named("bookshop.Book"), plugin: "other")) == ["$ref": "#/components/schemas/Book"])
  }

  @Test func aNameIsLookedForWhereItWasWrittenFirst() {
    let schemas = [APINamedSchema("Book", ["const": 0]), APINamedSchema("Book", ["const": 1], plugin: "p")]
    #expect(schema(make(schemas, .named("Book"))) == ["$ref": "#/components/schemas/Book"])
    #expect(schema(make(schemas, .named("Book", plugin: "p"))) == ["$ref": "#/components/schemas/p_Book"])
  }

  @Test(arguments: ["Book", "#/schemas/Book", "#/components/schemas/Book", "https://x.example/book"])
  func referencesInEverySpellingAreRewritten(reference: String) {
    let book = APINamedSchema("Book", ["$id": "https://x.example/book", "type": "object"])
    let result = make([book], APISchema(["type": "array", "items": ["$ref": .string(reference)]]))
    #expect(schema(result) == ["type": "array", "items": ["$ref": "#/components/schemas/Book"]])
    #expect(result.document.at("/components/schemas/Book") == ["type": "object"])
    #expect(result.problems.isEmpty)
  }

  @Test func definitionsBecomeComponentsOfTheirOwn() {
    let book: JSONValue = [
      "properties": [
        "author": ["$ref": "#/$defs/Author"], "self": ["$ref": "#"], "first": ["$ref": "#/properties/self"],
      ],
      "$defs": ["Author": ["properties": ["books": ["items": ["$ref": "#"]], "next": ["$ref": "#/$defs/Author"]]]],
    ]
    let result = make([APINamedSchema("Book", book)])
    #expect(result.document.at("/components/schemas")?.names == ["Author", "Book"])
    #expect(result.document.at("/components/schemas/Book/$defs") == nil)
    #expect(result.document.at("/components/schemas/Book/properties/author/$ref") == "#/components/schemas/Author")
    #expect(
      result.document.at("/components/schemas/Book/properties/first/$ref")
        == "#/components/schemas/Book/properties/self")
    #expect(result.document.at("/components/schemas/Author/properties/books/items/$ref") == "#/components/schemas/Book")
    #expect(result.document.at("/components/schemas/Author/properties/next/$ref") == "#/components/schemas/Author")
    #expect(result.problems.isEmpty)
  }

  @Test func equalDefinitionsAreOneComponentAndDifferentOnesTwo() {
    func schema(_ author: JSONValue) -> JSONValue {
      ["properties": ["author": ["$ref": "#/$defs/Author"]], "$defs": ["Author": author]]
    }
    let same = make([
      APINamedSchema("A", schema(["type": "string"])), APINamedSchema("B", schema(["type": "string"])),
    ])
    #expect(same.document.at("/components/schemas")?.names == ["A", "Author", "B"])
    let different = make([
      APINamedSchema("A", schema(["type": "string"])), APINamedSchema("B", schema(["type": "integer"])),
    ])
    #expect(different.document.at("/components/schemas")?.names == ["A", "Author", "B", "B_Author"])
    #expect(different.document.at("/components/schemas/B/properties/author/$ref") == "#/components/schemas/B_Author")
  }

  @Test func definitionsThatLookEqualButMeanDifferentThingsAreTwo() {
    func schema(_ leaf: JSONValue) -> JSONValue {
      ["$ref": "#/$defs/Node", "$defs": ["Node": ["items": ["$ref": "#/$defs/Leaf"]], "Leaf": leaf]]
    }
    let result = make([
      APINamedSchema("A", schema(["type": "string"])), APINamedSchema("B", schema(["type": "integer"])),
    ])
    #expect(result.document.at("/components/schemas/B_Node/items/$ref") == "#/components/schemas/B_Leaf")
    #expect(result.document.at("/components/schemas/Node/items/$ref") == "#/components/schemas/Leaf")
  }

  @Test func aSchemaInPlaceThatRefersToItselfBecomesAComponent() {
    let result = make([], APISchema(["type": "array", "items": ["$ref": "#"]]))
    #expect(schema(result) == ["$ref": "#/components/schemas/Response_200_get__get"])
    #expect(
      result.document.at("/components/schemas/Response_200_get__get/items/$ref")
        == "#/components/schemas/Response_200_get__get")
  }

  @Test func anchorsBecomePointers() {
    let result = make([
      APINamedSchema("A", ["properties": ["x": ["$anchor": "here", "type": "string"], "y": ["$ref": "#here"]]])
    ])
    #expect(result.document.at("/components/schemas/A/properties/y/$ref") == "#/components/schemas/A/properties/x")
    #expect(result.document.at("/components/schemas/A/properties/x/$anchor") == nil)
  }

  @Test func aReferenceThatLeadsNowhereIsAProblemAndNotInTheDocument() {
    let result = make([APINamedSchema("A", ["properties": ["x": ["$ref": "#/schemas/Nobody", "title": "X"]]])])
    #expect(result.document.at("/components/schemas/A/properties/x") == ["title": "X"])
    #expect(result.problems.map(\.pointer) == ["/schemas/A/properties/x/$ref"])
  }

  @Test func dataIsNotTakenForSchemas() {
    let data: JSONValue = ["$ref": "#/schemas/Nobody", "x-gateway-a": 1]
    let schema: JSONValue = [
      "default": data, "examples": [data], "const": data, "properties": ["default": ["type": "string"], "$ref": true],
      "x-gateway-b": 1, "x-other": 2,
    ]
    let result = make([APINamedSchema("A", schema)])
    #expect(result.problems.isEmpty)
    let published = result.document.at("/components/schemas/A")
    #expect(published?["default"] == data)
    #expect(published?["x-other"] == 2)
    #expect(published?["x-gateway-b"] == nil)
    #expect(published?.at("/properties/$ref") == true)
  }

  @Test func discriminatorsLeadToComponents() {
    let pet: JSONValue = [
      "oneOf": [["$ref": "#/schemas/Cat"]],
      "discriminator": ["propertyName": "kind", "mapping": ["cat": "#/schemas/Cat"]],
    ]
    let result = make([APINamedSchema("Pet", pet), APINamedSchema("Cat", true)])
    #expect(result.document.at("/components/schemas/Pet/discriminator/mapping/cat") == "#/components/schemas/Cat")
  }

  @Test func namesThatComponentsCannotHaveAreChanged() {
    let result = make([APINamedSchema("Büch er", true)], .named("Büch er"))
    #expect(schema(result) == ["$ref": "#/components/schemas/B_ch_er"])
    #expect(result.problems.isEmpty)
  }
}
