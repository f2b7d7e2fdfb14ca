import GatewayConfiguration
import GatewayJSON
import Testing

@testable import Gateway

/// What a plugin says of a handler, read from the JSON of its descriptor.
@Suite struct PluginDeclarationTests {
  private func read(_ text: String) -> (PluginDeclaration, [String]) {
    var problems: [PluginDeclaration.Problem] = []
    let declaration = PluginDeclaration(Array(text.utf8), rename: \.self, problems: &problems)
    return (declaration, problems.map { "\($0.pointer) \($0.message)" })
  }

  @Test func everyPartIsRead() throws {
    let (declaration, problems) = read(
      ##"""
      {"summary":"Makes a book","description":"And keeps it.","tags":["books"],"deprecated":true,
       "parameters":{"bookID":{"in":"path","alias":"book_id","type":"integer"},
                     "tag":{"in":"query","required":true,"style":"form","explode":false,"type":"array"}},
       "body":{"schema":{"$ref":"#/schemas/NewBook"},"required":false},
       "responses":{"201":{"schema":{"$ref":"#/schemas/Book"},"description":"Made"},"200":{"type":"string"},"204":{"description":"Nothing"}}}
      """##)
    #expect(problems.isEmpty)
    #expect(declaration.summary == "Makes a book")
    #expect(declaration.tags == ["books"])
    #expect(declaration.isDeprecated)
    #expect(declaration.parameters.map(\.wireName) == ["book_id", "tag"])
    #expect(declaration.parameters.map(\.place) == [.path, .query])
    #expect(declaration.parameters[0].schema.value == .object(JSONObject([("type", .string("integer"))])))
    #expect(declaration.parameters[1].explodes == false)
    #expect(declaration.body?.isRequired?.value == false)
    #expect(declaration.responses.map(\.status.value) == [201, 200, 204])
    #expect(declaration.responses[2].schema == nil)
  }

  @Test func nothingDeclaredIsNothing() {
    let (declaration, problems) = read("")
    #expect(problems.isEmpty)
    #expect(declaration.parameters.isEmpty && declaration.body == nil)
  }

  @Test(arguments: [
    ("{", " is not JSON"), ("[]", " must be an object, found an array"),
    (#"{"parameters":{"a":{"in":"form"}}}"#, "/parameters/a/in must be path, query, header or cookie"),
    (#"{"parameters":{"a":{"in":"header","style":"form"}}}"#, "/parameters/a/style must be one of simple"),
    (#"{"responses":{"ok":true}}"#, "/responses/ok must be named by a status from 100 to 599"),
    (#"{"body":{"shape":true}}"#, "/body/shape is not known here"),
    (#"{"tags":[1]}"#, "/tags/0 must be a string, found a number"),
  ])
  func whatDoesNotFitIsToldWithItsPlace(_ text: String, _ expected: String) {
    let problems = read(text).1
    #expect(problems.count == 1)
    #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
  }

  @Test func pluginsKeepTheirNamesApart() throws {
    var names = SchemaNames()
    names.add("Book", .bool(true))
    let schemas = JSONObject([
      ("Book", try JSONValue(parsing: Array(##"{"properties":{"shelf":{"$ref":"#/schemas/Shelf"}}}"##.utf8))),
      ("Shelf", try JSONValue(parsing: Array(##"{"const":{"$ref":"#/schemas/Shelf"},"items":{"$ref":"#/schemas/Other"}}"##.utf8))),
    ])
    names.add(plugin: "shop", schemas)
    #expect(names.order == ["Book", "shop.Book", "shop.Shelf"])
    #expect(names.all["shop.Book"]?["properties"]?["shelf"]?["$ref"] == .string("#/schemas/shop.Shelf"))
    // Data stays data, and a name that is not the plugin's stays what it was.
    #expect(names.all["shop.Shelf"]?["const"]?["$ref"] == .string("#/schemas/Shelf"))
    #expect(names.all["shop.Shelf"]?["items"]?["$ref"] == .string("#/schemas/Other"))
    #expect(names.resolve("Book", plugin: "shop") == "Book")
    #expect(names.resolve("Shelf", plugin: "shop") == "shop.Shelf")
    #expect(names.resolve("Shelf", plugin: nil) == nil)
  }
}
