import GatewayConfiguration
import GatewayJSON
import Testing

@testable import Gateway

/// What a plugin says of a handler, read from the JSON of its descriptor.
@Suite struct PluginDeclarationTests {
  @Test func schemasOfAPluginAreKnownByTheirFullNames() throws {
    let text = ##"""
      {"parameters":{"tag":{"in":"query","$ref":"#/schemas/Tag"}},"body":{"schema":"Book"},
       "responses":{"200":{"$ref":"#/schemas/Book"},"404":{"$ref":"#/schemas/Elsewhere"}}}
      """##
    var diagnostics = Diagnostics()
    let read = try #require(RouteDeclaration.read(Array(text.utf8), name: "d", diagnostics: &diagnostics))
    let renamed = read.renamed(plugin: "shop", names: JSONObject([("Book", .bool(true)), ("Tag", .bool(true))]))
    #expect(renamed.parameters.first?.schema.value["$ref"] == .string("#/schemas/shop.Tag"))
    let references = [renamed.body?.schema, renamed.responses[0].schema, renamed.responses[1].schema]
    let targets = references.map { reference -> String? in
      if case .inline(let json)? = reference { json.value["$ref"]?.string } else { nil }
    }
    #expect(targets == ["#/schemas/shop.Book", "#/schemas/shop.Book", "#/schemas/Elsewhere"])
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
