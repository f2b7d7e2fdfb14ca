import GatewayJSON
import GatewayOpenAPI
import Testing

@Suite struct UpstreamMergeTests {
  static let stock = """
    {"openapi": "3.0.3", "info": {"title": "Stock", "version": "1"}, "servers": [{"url": "https://stock.example/api/"}],
     "security": [{"key": []}], "tags": [{"name": "items", "description": "Items"}, {"name": "unused"}],
     "paths": {
       "/items/{id}": {
         "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
         "get": {"operationId": "getItem", "tags": ["items"],
           "parameters": [{"$ref": "#/components/parameters/Lang"}],
           "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}},
                                 "links": {"self": {"operationId": "getItem"}, "gone": {"operationId": "nobody"}}},
                         "404": {"$ref": "#/components/responses/NotFound"}}},
         "delete": {"operationId": "deleteItem", "responses": {"204": {"description": "gone"}}}},
       "/health": {"get": {"responses": {"200": {"description": "ok"}}}}},
     "components": {
       "schemas": {"Book": {"type": "object", "properties": {"stock": {"type": "integer", "nullable": true, "minimum": 0, "exclusiveMinimum": true},
                                                             "parent": {"$ref": "#/components/schemas/Book"}}},
                   "Unused": {"type": "string"}},
       "parameters": {"Lang": {"name": "lang", "in": "query", "schema": {"type": "string"}, "example": "en"}},
       "responses": {"NotFound": {"description": "none"}},
       "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-key"}}}}
    """

  private func route(_ path: String = "/stock/{rest:path}", to proxy: String? = "/api/{rest}", methods: [String] = [])
    throws -> APIOperation
  {
    var route = APIOperation(methods: methods, path: path, source: .proxy(upstream: "stock"))
    route.upstreamDocument = APIUpstreamDocument(name: "stock", document: try json(Self.stock), path: proxy)
    return route
  }

  @Test func anUpstreamsOperationsAppearUnderTheGatewaysPaths() throws {
    let result = OpenAPIDocument.make(from: api(try route()))
    #expect(result.document["paths"]?.names == ["/stock/items/{id}", "/stock/health"])
    #expect(result.document.at("/paths/~1stock~1items~1{id}")?.names == ["get", "delete"])
    let get = result.document.at("/paths/~1stock~1items~1{id}/get")
    #expect(get?["operationId"] == "getItem")
    #expect(get?.at("/parameters/0/name") == "id")
    #expect(get?.at("/parameters/1/$ref") == "#/components/parameters/Lang")
    #expect(get?["security"] == nil)
    #expect(get?["responses"]?.names == ["200", "404", "502", "503", "504"])
    #expect(result.document.at("/paths/~1stock~1health/get/operationId") == "stock_stock_health_get")
    #expect(result.document["tags"] == [["name": "items", "description": "Items"]])
    #expect(result.problems.map(\.severity) == [.note])
  }

  @Test func componentsOfTheUpstreamMakeWayForTheGatewaysOwn() throws {
    var description = api(try route())
    description.schemas = [APINamedSchema("Book", ["const": "own"])]
    let document = OpenAPIDocument.make(from: description).document
    #expect(document.at("/components/schemas/Book") == ["const": "own"])
    #expect(document.at("/components/schemas")?.names == ["Book", "HTTPError", "stock_Book"])
    #expect(
      document.at("/components/schemas/stock_Book")
        == [
          "type": "object",
          "properties": [
            "stock": ["type": ["integer", "null"], "exclusiveMinimum": 0],
            "parent": ["$ref": "#/components/schemas/stock_Book"],
          ],
        ])
    #expect(document.at("/components/responses/stock_NotFound/description") == "none")
    #expect(
      document.at("/paths/~1stock~1items~1{id}/get/responses/404/$ref") == "#/components/responses/stock_NotFound")
    #expect(document.at("/paths/~1stock~1items~1{id}/get/responses/200/links")?.names == ["self"])
  }

  @Test func pathsAreMappedThroughBothTemplates() throws {
    let cases: [(String, String?, String?, [String])] = [
      ("/stock/{rest:path}", "/api/{rest}", nil, ["/stock/items/{id}", "/stock/health"]),
      ("/api/{rest:path}", nil, nil, ["/api/items/{id}", "/api/health"]),
      ("/things/{thing}", "/api/items/{thing}", nil, ["/things/{id}"]),
      ("/{lang}/{rest:path}", "/api/{rest}", nil, ["/{lang}/items/{id}", "/{lang}/health"]),
      ("/t/{id}/{rest:path}", "/api/{rest}", nil, ["/t/{id}/items/{id_2}", "/t/{id}/health"]),
      ("/health", "/api/health", nil, ["/health"]),
      ("/{id}", nil, "/items", ["/{id}"]),
      ("/nothing", "/elsewhere", nil, []),
    ]
    for (path, proxy, prefix, expected) in cases {
      var route = try route(path, to: proxy)
      route.upstreamDocument?.prefix = prefix
      let document = OpenAPIDocument.make(from: api(route)).document
      #expect(document["paths"]?.names == expected, "\(path)")
      for item in document["paths"]?.object?.members ?? [] {
        for operation in item.value.object?.members ?? [] {
          let names = (operation.value["parameters"]?.array ?? []).filter { $0["in"] == "path" }.compactMap {
            $0["name"]?.string
          }
          #expect(names.allSatisfy { item.name.contains("{\($0)}") })
          #expect(names.count == item.name.split(separator: "{").count - 1)
        }
      }
    }
  }

  @Test func onlyTheRoutesMethodsAndWhatNoOtherRouteTakesAreThere() throws {
    #expect(
      OpenAPIDocument.make(from: api(try route(methods: ["DELETE"]))).document["paths"]?.names == ["/stock/items/{id}"])
    var own = handler("GET", path: "/stock/items/{number:int}", name: "own")
    for isHidden in [false, true] {
      own.isHidden = isHidden
      let document = OpenAPIDocument.make(from: api(try route(), own)).document
      #expect(document.at("/paths/~1stock~1items~1{id}/get/operationId") == nil || !isHidden)
      #expect(document.at("/paths/~1stock~1items~1{id}/delete/operationId") == "deleteItem")
    }
  }

  @Test func securityIsKeptWhereAskedFor() throws {
    var route = try route()
    route.upstreamDocument?.keepsSecurity = true
    var description = api(route)
    var document = OpenAPIDocument.make(from: description).document
    #expect(document.at("/paths/~1stock~1health/get/security") == [["key": []]])
    #expect(document.at("/components/securitySchemes/key/name") == "x-key")
    description.securitySchemes = [APISecurityScheme(name: "key", value: ["type": "http", "scheme": "basic"])]
    description.operations[0].security = [APISecurityRequirement([.init("key")])]
    document = OpenAPIDocument.make(from: description).document
    #expect(document.at("/paths/~1stock~1health/get/security") == [["key": [], "stock_key": []]])
  }

  @Test(arguments: [
    ("{\"swagger\": \"2.0\"}", "/openapi"), ("[]", "/openapi"), ("{\"openapi\": \"4.0.0\"}", "/openapi"),
    ("{\"openapi\": \"3.1.0\"}", "/paths"), ("{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": 1}}", "/paths/~1a"),
    ("{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": []}}}", "/paths/~1a/get"),
    (
      "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": {\"parameters\": [{\"name\": \"x\"}]}}}}",
      "/paths/~1a/get/parameters/0"
    ),
    (
      "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": {\"responses\": {\"200\": {\"$ref\": \"#/components/responses/X\"}}}}}}",
      "/paths/~1a/get/responses/200/$ref"
    ),
    (
      "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": {\"requestBody\": {\"content\": {\"a/b\": {\"schema\": {\"items\": {\"$ref\": \"other.yaml\"}}}}}}}}}",
      "/paths/~1a/get/requestBody/content/a~1b/schema/items/$ref"
    ),
    (
      "{\"openapi\": \"3.1.0\", \"paths\": {\"/a\": {\"get\": {\"responses\": {\"20\": {}}}}}}",
      "/paths/~1a/get/responses/200/description"
    ),
  ])
  func aBrokenFileIsAListOfProblemsWithPointers(document: String, pointer: String) throws {
    var route = APIOperation(methods: [], path: "/{rest:path}", source: .proxy(upstream: "u"))
    let text = document.replacing("\"20\"", with: "\"200\"")
    route.upstreamDocument = APIUpstreamDocument(name: "u.json", document: try json(text), path: "/{rest}")
    let result = OpenAPIDocument.make(from: api(route))
    let problem = try #require(result.problems.first { $0.severity == .error }, "\(result.problems)")
    #expect(problem.document == "u.json")
    // A response without a description is told at the response.
    #expect(problem.pointer == pointer.replacing("/description", with: ""))
  }

  @Test func referencesThatGoRoundInCirclesEnd() throws {
    let text = """
      {"openapi": "3.1.0", "paths": {"/a": {"get": {
        "parameters": [{"$ref": "#/components/parameters/A"}],
        "responses": {"200": {"$ref": "#/components/responses/R"}}, "callbacks": {"c": {"$ref": "#/components/callbacks/C"}}}}},
       "components": {"parameters": {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}},
         "responses": {"R": {"$ref": "#/components/responses/R"}},
         "callbacks": {"C": {"x": {"get": {"callbacks": {"again": {"$ref": "#/components/callbacks/C"}}}}}}}}
      """
    var route = APIOperation(methods: [], path: "/{rest:path}", source: .proxy(upstream: "u"))
    route.upstreamDocument = APIUpstreamDocument(name: "u.json", document: try json(text), path: "/{rest}")
    let result = OpenAPIDocument.make(from: api(route))
    #expect(result.document.at("/paths/~1a/get/responses")?.names == ["200", "502", "503", "504"])
  }
}
