import GatewayConfiguration
import GatewayJSON
import Testing

@testable import GatewayOpenAPI

@Suite struct OpenAPIImporterTests {
  static let document = """
    openapi: 3.0.3
    info: { title: "Shop: the API", version: "1.0", termsOfService: https://shop.example/terms }
    servers: [{ url: "http://stock.internal:9001/v2" }, { url: "https://other.example" }]
    tags: [{ name: books, description: Books }]
    security: [{ token: [] }]
    paths:
      /books/{book-id}:
        parameters:
          - { name: book-id, in: path, required: true, schema: { type: integer, minimum: 1, exclusiveMinimum: true } }
        get:
          operationId: getBook
          tags: [books]
          summary: One book
          deprecated: true
          parameters:
            - $ref: "#/components/parameters/Fields"
            - { name: book-id, in: query, schema: { type: string }, description: "Price in ${currency}" }
            - { name: X-Trace, in: header, required: true, schema: { type: string }, example: abc }
            - { name: Authorization, in: header, schema: { type: string } }
            - { name: filter, in: query, style: deepObject, explode: true, schema: { type: object, required: [a], properties: { a: { type: string } } } }
          responses:
            "200": { description: The book, content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } }
            "204": { description: Nothing, content: { application/json: { schema: { type: string } } } }
            "404": { $ref: "#/components/responses/NotFound" }
            default: { description: Else }
        put:
          security: []
          requestBody: { $ref: "#/components/requestBodies/Book" }
          responses: { "200": { description: "" } }
      /upload:
        post:
          operationId: up.load
          security: [{ login: [write] }]
          requestBody:
            content:
              multipart/form-data:
                schema: { type: object, properties: { file: { type: string, format: binary } } }
              text/plain; charset=utf-8: { schema: { type: string } }
          callbacks: { done: { "{$request.body#/url}": { post: { responses: { "200": { description: ok } } } } } }
          responses: { "201": { description: Created } }
        trace: { responses: { "200": { description: ok } } }
      /a{b}{c}: { get: { responses: { "200": { description: ok } } } }
    components:
      schemas:
        Book:
          type: object
          nullable: true
          example: { title: x }
          properties: { title: { type: string }, author: { allOf: [{ $ref: "#/components/schemas/Author.Name" }], nullable: true } }
        Author.Name: { type: string }
      parameters:
        Fields: { name: fields, in: query, explode: false, schema: { type: array, items: { type: string } } }
      requestBodies:
        Book: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } }
      responses:
        NotFound: { description: Not found }
      securitySchemes:
        token: { type: http, scheme: bearer, bearerFormat: JWT, x-own: 1 }
        login: { type: oauth2, flows: { authorizationCode: { authorizationUrl: https://a.example, tokenUrl: https://t.example, scopes: { write: Write } } } }
    """

  private func imported(_ options: OpenAPIImporter.Options = .init()) throws -> (OpenAPIImporter.Result, JSONValue) {
    let (document, problems) = OpenAPISource.parse(Array(Self.document.utf8), name: "api.yaml")
    #expect(problems.isEmpty)
    let result = OpenAPIImporter.routes(from: try #require(document), options: options)
    return (result, try #require(OpenAPISource.parse(Array(result.yaml.utf8), name: "gateway.yaml").document))
  }

  @Test func routesCarryWhatOperationsSay() throws {
    let (result, file) = try imported()
    #expect(
      file.at("/routes/0")
        == (try json(
          """
          {"match": "GET /v2/books/{book_id}", "operation_id": "getBook", "tags": ["books"], "summary": "One book",
           "deprecated": true, "security": [{"token": []}],
           "parameters": {
             "fields": {"in": "query", "explode": false, "type": "array", "items": {"type": "string"}},
             "book-id": {"in": "query", "type": "string", "description": "Price in $${currency}"},
             "X-Trace": {"in": "header", "required": true, "type": "string", "examples": ["abc"]},
             "filter": {"in": "query", "style": "deepObject", "explode": true,
                        "allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}]},
             "book_id": {"type": "integer", "exclusiveMinimum": 1}},
           "proxy": "api",
           "responses": {"200": {"description": "The book", "schema": "Book"}, "204": {"description": "Nothing"},
                         "404": {"description": "Not found"}}}
          """)),
      "\(result.yaml)")
    #expect(file.at("/routes/1/body") == "Book")
    #expect(file.at("/routes/1/security") == nil)
    #expect(file["routes"]?.array?.count == 3)
    #expect(
      file.at("/routes/2/body")
        == [
          "content": [
            "multipart/form-data": [
              "type": "object",
              "properties": ["file": ["type": "string", "contentMediaType": "application/octet-stream"]],
            ], "text/plain": ["type": "string"],
          ], "required": false,
        ])
  }

  @Test func schemasAreBroughtUpTo202012() throws {
    let (_, file) = try imported()
    #expect(
      file["schemas"]
        == [
          "Book": [
            "type": ["object", "null"], "examples": [["title": "x"]],
            "properties": [
              "title": ["type": "string"],
              "author": ["anyOf": [["allOf": [["$ref": "#/schemas/Author_Name"]]], ["type": "null"]]],
            ],
          ], "Author_Name": ["type": "string"],
        ])
  }

  @Test func whatCannotBeCarriedOverIsAProblemAndAComment() throws {
    let (result, _) = try imported()
    let pointers = Set(result.problems.map(\.pointer))
    for pointer in [
      "/servers/1", "/paths/~1books~1{book-id}/get/responses/default", "/paths/~1upload/post/callbacks",
      "/paths/~1upload/trace", "/paths/~1a{b}{c}/get", "/components/schemas/Author.Name",
    ] {
      #expect(pointers.contains(pointer), "\(pointer)")
    }
    #expect(result.yaml.contains("# callbacks are not carried over\n  - match: POST /v2/upload\n"))
    #expect(result.yaml.contains("# another server: https://other.example"))
  }

  @Test func withAPluginRoutesCallHandlers() throws {
    let (_, file) = try imported(.init(plugin: "shop"))
    #expect(file.at("/routes/0/handler") == "shop.getBook")
    #expect(file.at("/routes/1/handler") == "shop.put_books__book_id__")
    #expect(file.at("/routes/2/handler") == "shop.up_load")
    #expect(file["plugins"] == ["shop": ["library": "shop"]])
    #expect(file["upstreams"] == nil)
  }

  @Test(arguments: [nil, "shop"]) func theGatewayReadsTheFileWithoutAMistake(plugin: String?) throws {
    let (result, _) = try imported(.init(plugin: plugin))
    try expectReadable(result.yaml)
  }

  private func expectReadable(_ yaml: String, _ name: String = "") throws {
    let loaded = ConfigurationLoader.load(Array(yaml.utf8), path: "gateway.yaml", environment: Environment())
    #expect(loaded.file != nil)
    for diagnostic in loaded.diagnostics.all where diagnostic.severity == .error {
      Issue.record("\(name): \(diagnostic.message) at \(diagnostic.keyPath)\n\(yaml)")
    }
  }

  @Test(.enabled(if: Corpora.openAPI != nil, "corpora absent: set GATEWAY_CORPORA"))
  func officialDocumentsAreImportedAndRead() throws {
    let documents = Corpora.documents("pass")
    #expect(documents.count > 20)
    for (name, document) in documents {
      let result = OpenAPIImporter.routes(from: document)
      try expectReadable(result.yaml, name)
    }
    for (_, document) in Corpora.documents("fail") { _ = OpenAPIImporter.routes(from: document) }
  }

  @Test func whatIsNoOpenAPIDocumentIsAProblem() throws {
    for text in ["[]", "1", "{}", "{\"swagger\": \"2.0\"}", "{\"openapi\": 3.1}"] {
      let result = OpenAPIImporter.routes(from: try json(text))
      #expect(result.yaml.isEmpty)
      #expect(result.problems.map(\.pointer) == ["/openapi"])
    }
    for text in ["{\"a\": 1]", "a: [", "a: 1\na: 2", ""] {
      let (document, problems) = OpenAPISource.parse(Array(text.utf8), name: "x")
      #expect(document == nil)
      #expect(!problems.isEmpty)
    }
  }

  @Test func importedAndDescribedAgainAnAPIIsTheSame() throws {
    // The other direction needs the gateway; here the parts that both have are held against each other.
    let (_, file) = try imported()
    #expect(file.at("/openapi")?.names == ["title", "version", "terms_of_service", "tags", "security_schemes"])
    #expect(file.at("/openapi/security_schemes/token") == ["type": "http", "scheme": "bearer", "bearer_format": "JWT"])
    #expect(
      file.at("/openapi/security_schemes/login/flows/authorization_code")?.names == [
        "authorization_url", "token_url", "scopes",
      ])
    #expect(file.at("/upstreams/api/targets") == ["http://stock.internal:9001"])
  }
}
