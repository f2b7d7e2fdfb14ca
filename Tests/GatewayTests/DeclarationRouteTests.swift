import GatewayPlugin
import GatewayTesting
import Testing

@testable import Gateway
@testable import GatewayPlugin

/// What a plugin's code declares and what the file says of the same route: left out, referred to, tightened, or
/// contradicted, which is told when the file is loaded.
@Suite(.timeLimit(.minutes(5)))
struct DeclarationRouteTests {
  /// A shop whose code declares parameters, a body and a response.
  private static func shop() -> Plugin {
    var plugin = Plugin("shop", version: "1.0.0")
    plugin.handler(
      "create",
      parameters: [
        .path("shelf", Int.self, .minimum(1)), .query("limit", Int.self, isRequired: true, .maximum(100)),
        .query("sort", Sorting.self, default: .title),
      ], body: Novel.self, returns: Novel.self, status: 201
    ) { request, novel in
      let limit: Int? = try request.parameter("limit", in: .query)
      let sort: Sorting? = try request.parameter("sort", in: .query)
      return Novel(title: "\(novel.title) \(limit ?? -1) \(sort?.rawValue ?? "-")", pages: novel.pages)
    }
    plugin.handler("read") { request in .text(request.bodyText) }
    return plugin
  }

  private func load(_ routes: String, plugins: [String: Plugin]) async throws -> String {
    do {
      try await TestGateway.run(text: text(routes, plugins), plugins: plugins) { _ in }
      return ""
    } catch let error as TestGatewayError { return error.text }
  }

  private func text(_ routes: String, _ plugins: [String: Plugin]) -> String {
    let names = plugins.keys.sorted().map { "\($0): {}" }.joined(separator: ", ")
    return "version: 1\nplugins: { \(names) }\n\(routes)\n"
  }

  private func withRoutes(
    _ routes: String, plugins: [String: Plugin] = ["shop": Self.shop()], _ body: (TestClient) async throws -> Void
  ) async throws {
    try await TestGateway.run(text: text(routes, plugins), plugins: plugins) { try await body($0) }
  }

  private static let good = #"{"title":"x","pages":5}"#

  // MARK: no contradiction

  @Test func theFileMayLeaveAllOfItToTheCode() async throws {
    try await withRoutes("routes: [ { match: \"POST /{shelf}\", handler: shop.create } ]") { client async throws in
      let made = try await client.post("/1?limit=5", json: Self.good)
      #expect(made.status == 201)
      expect(made.text, #"{"title":"x 5 title","pages":5}"#)
      expect(
        try await client.post("/0?limit=101&sort=size", json: #"{"title":""}"#).summary,
        "greater_than_equal@path.shelf less_than_equal@query.limit enum@query.sort string_too_short@body.title missing@body.pages")
      expect(try await client.post("/1", json: Self.good).summary, "missing@query.limit")
      #expect(try await client.post("/1?limit=5", "text/plain", "x").status == 415)
      expect(try await client.post("/1?limit=5", json: "").summary, "missing@body")
    }
  }

  @Test func theFileMayTighten() async throws {
    let routes = """
      routes:
        - match: "POST /{shelf}"
          parameters: { shelf: { maximum: 3 }, limit: { minimum: 2, required: true }, extra: { type: integer, required: true } }
          body: { properties: { pages: { maximum: 9 } } }
          handler: shop.create
      """
    try await withRoutes(routes) { client async throws in
      #expect(try await client.post("/3?limit=2&extra=1", json: #"{"title":"x","pages":9}"#).status == 201)
      expect(
        try await client.post("/4?limit=1", json: #"{"title":"x","pages":10}"#).summary,
        "less_than_equal@path.shelf greater_than_equal@query.limit missing@query.extra less_than_equal@body.pages")
      // What the code says still holds.
      expect(
        try await client.post("/0?limit=101&extra=1", json: #"{"title":"","pages":5}"#).summary,
        "greater_than_equal@path.shelf less_than_equal@query.limit string_too_short@body.title")
    }
  }

  @Test func aDefaultOfTheFileMakesAParameterOptional() async throws {
    let routes = """
      routes:
        - match: "POST /{shelf}"
          parameters: { limit: { default: 7, required: false }, sort: { default: size-of } }
          handler: shop.create
      """
    try await withRoutes(routes) { client async throws in
      expect(try await client.post("/1", json: Self.good).text, #"{"title":"x 7 size-of","pages":5}"#)
    }
  }

  @Test(arguments: ["Novel", "shop.Novel", "{ $ref: \"#/schemas/shop.Novel\" }", "{ schema: Novel }"])
  func theFileMayReferToASchemaOfThePlugin(name: String) async throws {
    let routes = """
      routes:
        - { match: "POST /{shelf}", body: \(name), handler: shop.create }
        - { match: POST /read/all, body: \(name), handler: shop.read }
      """
    try await withRoutes(routes) { client async throws in
      for target in ["/1?limit=5", "/read/all"] {
        #expect(try await client.post(target, json: Self.good).status < 300)
        expect(try await client.post(target, json: #"{"title":"x","pages":"5"}"#).summary, "int_type@body.pages")
      }
    }
  }

  @Test func aRouteWithoutCodeNamesTheSchemaInFull() async throws {
    let routes = """
      routes:
        - { match: POST /fixed, body: shop.Novel, respond: { status: 204 } }
        - { match: GET /x, handler: shop.read }
      """
    try await withRoutes(routes) { client async throws in
      #expect(try await client.post("/fixed", json: Self.good).status == 204)
      expect(try await client.post("/fixed", json: #"{"title":"x"}"#).summary, "missing@body.pages")
    }
    let problem = try await load(
      "routes: [ { match: POST /fixed, body: Novel, respond: { status: 204 } } ]", plugins: ["shop": Self.shop()])
    #expect(problem.contains("there is no schema `Novel`"), "\(problem)")
  }

  @Test func theFilesOwnSchemaComesFirst() async throws {
    let routes = """
      schemas: { Novel: { type: object, required: [isbn] } }
      routes: [ { match: POST /read, body: Novel, handler: shop.read } ]
      """
    try await withRoutes(routes) { client async throws in
      expect(try await client.post("/read", json: Self.good).summary, "missing@body.isbn")
    }
  }

  // MARK: contradictions

  @Test(arguments: [
    ("{ limit: { type: string } }", "limit", "is string here and integer in the plugin"),
    ("{ limit: { minimum: 101 } }", "limit", "no value fits both"),
    ("{ sort: { enum: [colour] } }", "sort", "allows none of the values that the plugin takes"),
    ("{ limit: { required: false } }", "limit", "is required by handler `shop.create`"),
    ("{ limit: { in: header } }", "limit", "comes from the query in handler `shop.create`"),
  ])
  func aParameterThatCannotBothBeMeantIsTold(parameters: String, name: String, message: String) async throws {
    let routes = """
      routes:
        - match: "POST /{shelf}"
          parameters: \(parameters)
          handler: shop.create
      """
    let told = try await load(routes, plugins: ["shop": Self.shop()])
    #expect(told.contains("plugin-contradiction"), "\(told)")
    #expect(told.contains(message), "\(told)")
    #expect(told.contains("`\(name)`"), "\(told)")
    #expect(told.contains("gateway.yaml:5:"), "\(told)")
    #expect(told.contains("shop.create"), "\(told)")
  }

  @Test func aPathParameterThatThePatternDoesNotHaveIsTold() async throws {
    let routes = "routes:\n  - match: \"POST /{shelve}\"\n    handler: shop.create"
    let told = try await load(routes, plugins: ["shop": Self.shop()])
    #expect(told.contains("takes `shelf` from the path"), "\(told)")
    #expect(told.contains("gateway.yaml:4:"), "\(told)")
    #expect(told.contains("shelve"), "\(told)")
  }

  @Test(arguments: [
    ("{ type: array }", "is array here and object in the plugin"),
    ("{ properties: { pages: { type: string } } }", "is string here and integer in the plugin"),
    ("{ required: [isbn] }", "asks for `isbn`, which the plugin does not take"),
    ("{ properties: { title: true }, additionalProperties: false }", "shuts out `pages`, which the plugin requires"),
    ("{ schema: Novel, required: false }", "requires a body"),
    ("{ content: { text/plain: { type: string } } }", "is string here and object in the plugin"),
    ("{ embed: { novel: Novel } }", "object"),
  ])
  func aBodyThatCannotBothBeMeantIsTold(body: String, message: String) async throws {
    let routes = """
      routes:
        - match: "POST /{shelf}"
          body: \(body)
          handler: shop.create
      """
    let told = try await load(routes, plugins: ["shop": Self.shop()])
    #expect(told.contains("plugin-contradiction"), "\(told)")
    #expect(told.contains(message), "\(told)")
    #expect(told.contains("gateway.yaml:5:"), "\(told)")
  }

  @Test func aResponseThatCannotBothBeMeantIsTold() async throws {
    let routes = """
      routes:
        - match: "POST /{shelf}"
          handler: shop.create
          responses: { 201: { schema: { type: array } } }
      """
    let told = try await load(routes, plugins: ["shop": Self.shop()])
    #expect(told.contains("response 201 is array here and object in the plugin"), "\(told)")
    #expect(told.contains("gateway.yaml:6:"), "\(told)")
  }

  @Test func allOfThemAreToldInOneRun() async throws {
    let routes = """
      routes:
        - match: "POST /{shelf}"
          parameters: { limit: { type: string }, sort: { enum: [a] } }
          body: { type: array }
          handler: shop.create
      """
    let told = try await load(routes, plugins: ["shop": Self.shop()])
    #expect(told.ranges(of: "plugin-contradiction").count == 3, "\(told)")
  }

  // MARK: plugins that are wrong

  @Test(arguments: [
    "{", "[]", "5", #"{"parameters":5}"#, #"{"parameters":{"a":{"in":"body"}}}"#, #"{"body":{"schema":{"type":7}}}"#,
    ##"{"body":{"schema":{"$ref":"#/schemas/Nothing"}}}"##, #"{"unknown":true}"#, #"{"responses":{"abc":{}}}"#, "\u{0}",
  ])
  func aDeclarationThatCannotBeUsedIsADiagnostic(declaration: String) async throws {
    var plugin = Plugin("bad", version: "1.0.0")
    plugin.inlineHandler("h") { _ in .noContent }
    plugin.handlers[0].declaration = declaration
    let told = try await load("routes:\n  - match: GET /\n    handler: bad.h", plugins: ["bad": plugin])
    #expect(told.contains("error["), "\(declaration)")
    #expect(told.contains("bad.h") || told.contains("bad"), "\(told)")
  }

  @Test func twoPluginsMayNameTheirSchemasAlike() async throws {
    var first = Plugin("first", version: "1.0.0")
    first.handler("take", body: Paper.Leaf.self, returns: Paper.Leaf.self) { _, leaf in leaf }
    var second = Plugin("second", version: "1.0.0")
    second.handler("take", body: Tree.Leaf.self, returns: Tree.Leaf.self) { _, leaf in leaf }
    let routes = """
      openapi: {}
      routes:
        - { match: POST /first, handler: first.take }
        - { match: POST /second, handler: second.take }
        - { match: POST /named, body: second.Leaf, respond: { status: 204 } }
      """
    try await withRoutes(routes, plugins: ["first": first, "second": second]) { client async throws in
      expect(try await client.post("/first", json: #"{"lines":3}"#).text, #"{"lines":3}"#)
      expect(try await client.post("/second", json: #"{"lines":3}"#).summary, "missing@body.colour")
      expect(try await client.post("/second", json: #"{"colour":"red"}"#).text, #"{"colour":"red"}"#)
      expect(try await client.post("/named", json: #"{"lines":3}"#).summary, "missing@body.colour")
      let schemas = try await client.get("/openapi.json").json()["components"]?["schemas"]?.object
      let leaves = schemas?.members.filter { $0.name.contains("Leaf") } ?? []
      #expect(leaves.count == 2)
      #expect(Set(leaves.compactMap { $0.value["properties"]?.object?.members.first?.name }) == ["lines", "colour"])
    }
  }
}

@Schema(closed: true) struct Novel {
  @Field(.minLength(1)) var title: String
  var pages: Int
}

@Schema enum Sorting: String { case title, size = "size-of" }

enum Paper {
  @Schema struct Leaf { var lines: Int }
}

enum Tree {
  @Schema struct Leaf { var colour: String }
}
