import GatewayJSON
import GatewayPlugin
import GatewayPluginHost
import GatewayTesting
import Testing

@testable import Gateway

/// The OpenAPI document and its page as the gateway serves them.
@Suite(.timeLimit(.minutes(5)))
struct DocumentTests {
  private static let routes = """
    routes:
      - { match: "GET /books/{id}", parameters: { id: integer }, handler: p.book, responses: { 200: { type: object } } }
      - { match: POST /books, body: { type: object }, respond: { status: 204 } }
      - { match: GET /secret, hidden: true, respond: { status: 200, body: s } }
    """

  private func withDocuments(_ head: String, _ body: (TestClient) async throws -> Void) async throws {
    try await withGateway(head + "\n" + Self.routes) { plugin in
      plugin.inlineHandler("book") { _ in .json(text: "{}") }
    } body: { try await body($0) }
  }

  // MARK: where

  @Test func withoutTheSectionNothingIsServed() async throws {
    try await withDocuments("") { client async throws in
      #expect(try await client.get("/openapi.json").status == 404)
      #expect(try await client.get("/docs").status == 404)
    }
  }

  @Test func anEmptySectionServesBoth() async throws {
    try await withDocuments("openapi: {}") { client async throws in
      let document = try await client.get("/openapi.json")
      #expect(document.status == 200)
      #expect(document.header("content-type") == "application/json")
      #expect(try document.json()["openapi"]?.string?.hasPrefix("3.1") == true)
      let page = try await client.get("/docs")
      #expect(page.status == 200)
      #expect(page.header("content-type")?.hasPrefix("text/html") == true)
      #expect(page.header("content-security-policy")?.contains("default-src 'none'") == true)
      #expect(page.text.contains("/openapi.json"))
      #expect(try await client.ask("POST /docs").status == 405)
      #expect(try await client.ask("HEAD /docs").body.isEmpty)
    }
  }

  @Test func bothMayBeMoved() async throws {
    try await withDocuments("openapi: { path: /v1/api.json, docs: /help }") { client async throws in
      #expect(try await client.get("/v1/api.json").status == 200)
      #expect(try await client.get("/help").text.contains("/v1/api.json"))
      #expect(try await client.get("/openapi.json").status == 404)
      #expect(try await client.get("/docs").status == 404)
    }
  }

  @Test func eitherMayBeSwitchedOff() async throws {
    try await withDocuments("openapi: { docs: false }") { client async throws in
      #expect(try await client.get("/openapi.json").status == 200)
      #expect(try await client.get("/docs").status == 404)
    }
    try await withDocuments("openapi: { path: false, docs: false }") { client async throws in
      #expect(try await client.get("/openapi.json").status == 404)
      #expect(try await client.get("/docs").status == 404)
    }
  }

  @Test func aHostBindsThem() async throws {
    try await withDocuments("openapi: { host: docs.example }") { client async throws in
      #expect(try await client.get("/openapi.json").status == 404)
      #expect(try await client.get("/openapi.json", headers: ["host": "docs.example"]).status == 200)
    }
  }

  // MARK: caching

  @Test(arguments: ["/openapi.json", "/docs"])
  func aClientThatHasItIsTold(target: String) async throws {
    try await withDocuments("openapi: {}") { client async throws in
      let first = try await client.get(target)
      let tag = try #require(first.header("etag"))
      for list in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
        let answer = try await client.get(target, headers: ["if-none-match": list])
        #expect(answer.status == 304, "\(list)")
        #expect(answer.body.isEmpty)
        #expect(answer.header("etag") == tag)
      }
      #expect(try await client.get(target, headers: ["if-none-match": "\"other\""]).body == first.body)
    }
  }

  // MARK: who

  @Test func policiesProtectThem() async throws {
    try await withDocuments("openapi: { use: [ { addresses: { allow: [10.0.0.0/8] } } ] }") { client async throws in
      #expect(try await client.get("/openapi.json").status == 403)
      #expect(try await client.get("/docs").status == 403)
      #expect(try await client.get("/books/1").status == 200)
    }
  }

  @Test func policiesOfTheFileHoldForThemToo() async throws {
    try await withDocuments("use: [ { request_id: {} }, { security_headers: {} } ]\nopenapi: {}") { client async throws in
      for target in ["/openapi.json", "/docs"] {
        let answer = try await client.get(target)
        #expect(answer.header("x-request-id")?.isEmpty == false)
        #expect(answer.header("x-frame-options") == "DENY")
        #expect(answer.headers.count { $0.name == "x-content-type-options" } == 1)
      }
    }
  }

  // MARK: what

  @Test func hiddenRoutesStayHidden() async throws {
    try await withDocuments("openapi: {}") { client async throws in
      let document = try await client.get("/openapi.json")
      let paths = try #require(document.json()["paths"]?.object)
      #expect(Set(paths.members.map(\.name)) == ["/books/{id}", "/books"])
      #expect(!document.text.contains("secret"))
      #expect(!document.text.contains("\"/docs\""))
      #expect(try await client.get("/secret").text == "s")
    }
  }

  @Test(arguments: [("detail", "application/json"), ("problem", "application/problem+json")])
  func mistakesAreDescribedInTheShapeTheyHave(shape: String, type: String) async throws {
    try await withDocuments("errors: \(shape)\nopenapi: {}") { client async throws in
      let document = try await client.get("/openapi.json").json()
      let operation = document["paths"]?["/books/{id}"]?["get"]
      #expect(operation?["responses"]?["422"]?["content"]?[type] != nil)
      let answer = try await client.get("/books/x")
      #expect(answer.status == 422)
      #expect(answer.header("content-type") == type)
    }
  }

  @Test func whatAPluginsCodeDeclaresIsDescribed() async throws {
    let configuration = "openapi: { title: Shop, version: 2.0.0 }\nroutes: [ { match: \"POST /x\", handler: p.upload }, { match: \"PUT /x\", handler: p.fields } ]"
    try await withGateway(configuration) { $0 = Uploads.plugin() } body: { client async throws in
      let document = try await client.get("/openapi.json").json()
      #expect(document["info"]?["title"] == "Shop")
      let upload = document["paths"]?["/x"]?["post"]
      #expect(upload?["requestBody"]?["content"]?["multipart/form-data"] != nil)
      #expect(upload?["responses"]?["200"]?["content"]?["application/json"]?["schema"]?["type"] == "array")
      let fields = document["paths"]?["/x"]?["put"]?["requestBody"]?["content"]?.object
      #expect(Set(fields?.members.map(\.name) ?? []) == ["application/x-www-form-urlencoded", "multipart/form-data"])
    }
  }

  // MARK: conflicts

  @Test(arguments: ["/openapi.json", "/docs"])
  func aRouteOfTheFileForTheSamePathIsAConflict(path: String) async throws {
    let configuration = "openapi: {}\nroutes:\n  - { match: GET \(path), respond: { status: 200 } }"
    do {
      try await withGateway(configuration) { _ in } body: { _ in }
      Issue.record("must not load")
    } catch let error as TestGatewayError {
      #expect(error.text.contains("gateway.yaml:5:"), "\(error.text)")
      #expect(error.text.contains("gateway.yaml:3:1"), "the other side has to be shown: \(error.text)")
    }
  }

  // MARK: the command

  @Test func theCommandPrintsWhatIsServed() async throws {
    var plugin = Plugin("p", version: "1.0.0")
    plugin.inlineHandler("book") { _ in .json(text: "{}") }
    let text = "version: 1\nplugins: { p: { library: P } }\nopenapi: {}\n" + Self.routes
    let loaded = GatewayLoader.load(
      text: text, path: "gateway.yaml", variables: [:],
      linked: ["p": plugin.export(to: HostTable.shared.pointer)].compactMapValues(\.self), overrides: [])
    let compact = try #require(loaded.openAPIDocument(isCompact: true))
    let indented = try #require(loaded.openAPIDocument())
    try await withDocuments("openapi: {}") { client async throws in
      expect(try await client.get("/openapi.json").text, compact)
    }
    #expect(indented.contains("\n"))
    #expect(try JSONValue(parsing: Array(indented.utf8)) == JSONValue(parsing: Array(compact.utf8)))
  }
}
