import GatewayConfiguration
import Testing

/// What a plugin declares is read by the rules of the file.
@Suite struct RouteDeclarationTests {
  private func read(_ text: String) -> (declaration: RouteDeclaration?, diagnostics: Diagnostics) {
    var diagnostics = ConfigurationLoader.load(
      Array("version: 1".utf8), path: "gateway.yaml", environment: Environment()
    ).diagnostics
    let declaration = RouteDeclaration.read(
      Array(text.utf8), name: "the declaration of `shop.create`", diagnostics: &diagnostics)
    return (declaration, diagnostics)
  }

  @Test func itHasTheKeysOfARoute() throws {
    let (read, diagnostics) = read(
      #"""
      {"summary": "Creates", "description": "costs ${5}", "tags": ["books"], "deprecated": true,
       "parameters": {"id": {"in": "path", "type": "integer"}, "x_token": {"in": "header", "required": true},
                      "q": {"type": "string", "default": "a\/b \u00e9 ${x}"}},
       "body": {"embed": {"book": "Book"}, "required": false},
       "responses": {"201": "Book", "204": {"description": "Nothing"}}}
      """#)
    #expect(diagnostics.all.filter { $0.severity == .error }.isEmpty, "\(diagnostics.all.map(\.message))")
    let declaration = try #require(read)
    #expect(declaration.summary == "Creates" && declaration.description == "costs ${5}")
    #expect(declaration.tags == ["books"] && declaration.isDeprecated == true)
    #expect(declaration.parameters.map(\.place) == [.path, .header, .query])
    #expect(declaration.parameters.map(\.writtenPlace?.value) == [.path, .header, nil])
    #expect(declaration.parameters.map(\.isRequired?.value) == [nil, true, nil])
    #expect(declaration.parameters.last?.schema.value["default"]?.string == "a/b é ${x}")
    #expect(declaration.body?.embed?.map(\.name) == ["book"] && declaration.body?.isRequired?.value == false)
    #expect(declaration.responses.map(\.status.value) == [201, 204])
  }

  @Test func itsPartsCanBePointedAt() throws {
    var (read, diagnostics) = read(#"{"responses": {"201": "Book"}}"#)
    let response = try #require(read?.responses.first)
    diagnostics.error(.conflict, "they disagree", at: response.status)
    let last = try #require(diagnostics.all.last)
    #expect(last.file == "the declaration of `shop.create`" && last.span?.column == 16)
    #expect(last.keyPath == "responses.201")
  }

  @Test(arguments: [
    ("{", "syntax"), ("[]", "wrong-type"), (#"{"match": "/a"}"#, "unknown-key"), (#"{"tags": "a"}"#, "wrong-type"),
    (#"{"parameters": {"id": {"in": "path", "default": 1}}}"#, "conflict"),
    (#"{"parameters": {"a": {"gather": true, "type": "object"}, "b": {"gather": true, "type": "object"}}}"#, "conflict"),
    (#"{"responses": {"204": true}}"#, "conflict"), (#"{"summary": "a", "summary": "b"}"#, "duplicate-key"),
    ("", "empty-file"),
  ])
  func aMistakeMakesNone(text: String, code: String) {
    let (declaration, diagnostics) = read(text)
    #expect(declaration == nil)
    #expect(diagnostics.all.contains { $0.code.rawValue == code && $0.file == "the declaration of `shop.create`" })
  }

  @Test func anEmptyObjectDeclaresNothing() throws {
    let declaration = try #require(read("{}").declaration)
    #expect(declaration.parameters.isEmpty && declaration.body == nil && declaration.responses.isEmpty)
  }
}
