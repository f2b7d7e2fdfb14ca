import GatewayPlugin
import Testing

@testable import GatewayTesting

/// What handlers answer is held against what the route promises.
@Suite(.timeLimit(.minutes(5)))
struct ResponseTests {
  private static let book =
    "{ type: object, required: [title], properties: { title: { type: string }, year: { type: [integer, \"null\"], default: 1969 } } }"

  private func withMode(
    _ mode: String, extra: String = "", log: TestLog = TestLog(), journal: Journal = Journal(),
    _ body: (TestClient) async throws -> Void
  ) async throws {
    let configuration = """
      validation: { responses: \(mode) }
      dependencies: { unit: { provider: p.unit } }
      routes:
        - match: "GET /{what}"
          handler: p.say
          needs: { unit: unit }
          responses: { 200: { schema: \(Self.book)\(extra) }, 201: \(Self.book) }
      """
    try await withGateway(configuration, log: log) { plugin in
      let unit = Dependency<String>("unit")
      plugin.inlineProvider("unit", scope: .handler) { _ in "unit" } teardown: { _, outcome in journal.note("\(outcome)") }
      plugin.handler("say", needs: unit) { request, _ in
        switch request.text("what") ?? "" {
        case "good": return .json(text: #"{"title":"x","year":null}"#)
        case "more": return .json(text: #"{ "title": "x", "password": "hunter2", "year": 1969 }"#)
        case "bad": return .json(text: #"{"title":5,"password":"hunter2"}"#)
        case "malformed": return .json(text: #"{"title":"#)
        case "text": return .text(#"{"title":5}"#)
        case "bytes": return Response(bytes: [0, 255])
        case "created": return .json(text: #"{"title":5}"#, status: 201)
        case "other": return .json(text: #"{"nothing":"known"}"#, status: 202)
        case "error": throw HTTPError(404, detail: "no book")
        default: return .noContent
        }
      }
    } body: { try await body($0) }
  }

  @Test func offLetsEverythingPass() async throws {
    let log = TestLog()
    try await withMode("off", log: log) { client async throws in
      expect(try await client.get("/bad").text, #"{"title":5,"password":"hunter2"}"#)
      expect(try await client.get("/malformed").text, #"{"title":"#)
    }
    #expect(log.lines.isEmpty)
  }

  @Test func logLetsThePassAndSaysSo() async throws {
    let log = TestLog()
    try await withMode("log", log: log) { client async throws in
      let answer = try await client.get("/bad")
      #expect(answer.status == 200)
      expect(answer.text, #"{"title":5,"password":"hunter2"}"#)
      #expect(try await client.get("/malformed").status == 200)
      #expect(try await client.get("/good").status == 200)
    }
    let lines = log.lines("response does not fit its schema")
    #expect(lines.count == 2)
    #expect(lines.first?.facts["violations"]?.contains(#""loc":["response","title"]"#) == true)
    #expect(lines.first?.facts["status"] == "200")
    #expect(lines.first?.facts["handler"] == "p.say")
  }

  @Test(arguments: ["bad", "malformed", "created"])
  func enforceAnswers500WithoutInternals(what: String) async throws {
    let log = TestLog()
    let journal = Journal()
    try await withMode("enforce", log: log, journal: journal) { client async throws in
      let answer = try await client.get("/\(what)")
      #expect(answer.status == 500)
      expect(answer.text, #"{"detail":"Internal Server Error"}"#)
      #expect(try await client.get("/good").status == 200)
    }
    #expect(log.lines("response does not fit its schema").count == 1)
    #expect(journal.entries == ["failed", "succeeded"])
  }

  @Test func whatIsNotDeclaredIsLeftOut() async throws {
    for mode in ["log", "enforce"] {
      try await withMode(mode) { client async throws in
        let answer = try await client.get("/more")
        expect(answer.text, #"{"title":"x","year":1969}"#)
        #expect(answer.header("content-length") == "\(answer.body.count)")
        #expect(answer.header("content-type") == "application/json")
      }
    }
  }

  @Test func nullMayBeLeftOut() async throws {
    try await withMode("off", extra: ", exclude_none: true") { client async throws in
      expect(try await client.get("/good").text, #"{"title":"x"}"#)
    }
    try await withMode("enforce", extra: ", exclude_none: true") { client async throws in
      expect(try await client.get("/good").text, #"{"title":"x"}"#)
    }
    try await withMode("enforce") { client async throws in
      expect(try await client.get("/good").text, #"{"title":"x","year":null}"#)
    }
  }

  @Test func defaultsMayBeLeftOut() async throws {
    try await withMode("off", extra: ", exclude_defaults: true") { client async throws in
      expect(try await client.get("/more").text, #"{"title":"x"}"#)
      expect(try await client.get("/good").text, #"{"title":"x","year":null}"#)
    }
  }

  @Test(arguments: [("text", #"{"title":5}"#), ("other", #"{"nothing":"known"}"#)])
  func whatNoSchemaDescribesPasses(what: String, text: String) async throws {
    let log = TestLog()
    try await withMode("enforce", log: log) { client async throws in
      expect(try await client.get("/\(what)").text, text)
      #expect(try await client.get("/bytes").body == [0, 255])
      #expect(try await client.get("/error").status == 404)
      #expect(try await client.get("/none").status == 204)
    }
    #expect(log.lines.isEmpty)
  }

  @Test func headIsShapedAsGet() async throws {
    try await withMode("enforce") { client async throws in
      let answer = try await client.ask("HEAD /more")
      #expect(answer.header("content-length") == "\(#"{"title":"x","year":1969}"#.utf8.count)")
      #expect(try await client.ask("HEAD /bad").status == 500)
    }
  }

  @Test func aRouteMayDecideForItself() async throws {
    let configuration = """
      validation: { responses: enforce }
      routes:
        - { match: GET /off, validation: { responses: off }, handler: p.bad, responses: { 200: { type: string } } }
        - { match: GET /on, handler: p.bad, responses: { 200: { type: string } } }
      """
    try await withGateway(configuration) { $0.inlineHandler("bad") { _ in .json(text: "5") } } body: { client async throws in
      #expect(try await client.get("/off").status == 200)
      #expect(try await client.get("/on").status == 500)
    }
  }

  @Test func whatATypedHandlerDeclaresIsHeldToo() async throws {
    let configuration = """
      validation: { responses: enforce }
      routes:
        - { match: GET /narrow, handler: p.give, responses: { 200: { properties: { count: { maximum: 5 } } } } }
        - { match: GET /wide, handler: p.give }
      """
    try await withGateway(configuration) { plugin in
      plugin.handler("give", returns: Counted.self) { _ in Counted(count: 9) }
    } body: { client async throws in
      expect(try await client.get("/wide").text, #"{"count":9}"#)
      #expect(try await client.get("/narrow").status == 500)
    }
  }
}
