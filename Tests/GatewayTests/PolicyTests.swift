import Foundation
import GatewayPlugin
import Testing

@testable import GatewayTesting

/// Policies of plugins: an onion among the built-in ones, with every answer on its way out.
@Suite(.timeLimit(.minutes(5)))
struct PolicyTests {
  private let journal = Journal()
  private let log = TestLog()

  @Schema struct Mark: Sendable {
    @Field(.minLength(1)) var name: String
    var status: Int = 0
  }

  /// `mark` notes its turns; `stop` answers by itself; `late` only looks at answers.
  private func declare(_ plugin: inout Plugin) {
    let journal = journal
    plugin.policy("mark", config: Mark.self) { request, mark, next in
      journal.note("\(mark.name) in")
      do {
        var response = try await next(request)
        journal.note("\(mark.name) out \(response.status)")
        response.addHeader("x-turn", mark.name)
        if mark.status != 0 { response.status = mark.status }
        return response
      } catch {
        journal.note("\(mark.name) threw \(type(of: error))")
        throw error
      }
    }
    plugin.policy("stop", config: Mark.self) { request, mark, _ in
      if request.header("x-pass") == nil { return PolicyResponse(.text("stopped by \(mark.name)", status: 403)) }
      throw HTTPError(418, detail: "teapot", headers: ["x-tea": "green"])
    }
    plugin.policy("broken") { _, _ in throw Unexpected() }
    plugin.inlineHandler("plain") { request in .text("plain\(request.header("x-user").map { " for \($0)" } ?? "")") }
    plugin.handler("fails") { _ in throw HTTPError(404, detail: "none") }
    plugin.handler("slow") { _ in
      await journal.wait(for: "go")
      return .text("slow")
    }
  }

  private func run(_ configuration: String, _ body: (TestClient) async throws -> Void) async throws {
    try await withGateway(configuration, log: log, plugin: declare, body: body)
  }

  // MARK: order

  @Test func requestsPassInOrderAndAnswersInReverseAmongTheBuiltInOnes() async throws {
    let configuration = """
      use:
        - p.mark: { name: a }
        - request_id
      routes:
        - match: GET /plain
          use: [security_headers, { plugin: { policy: p.mark, config: { name: b } } }]
          handler: p.plain
      """
    try await run(configuration) { client async throws in
      let answer = try await client.get("/plain")
      expect(answer.text, "plain")
      #expect(journal.entries == ["a in", "b in", "b out 200", "a out 200"])
      let names = answer.headers.map(\.name).filter { ["x-turn", "x-request-id", "x-frame-options"].contains($0) }
      // The inner policy saw no security headers yet, the outer one saw all.
      #expect(names == ["x-turn", "x-frame-options", "x-request-id", "x-turn"])
      #expect(answer.headers.filter { $0.name == "x-turn" }.map(\.value) == ["b", "a"])
      #expect(try await client.active() == 0)
    }
  }

  @Test func anAnswerOfAPolicyIsSeenByThoseBeforeItAndByNoneBehind() async throws {
    let configuration = """
      use: [{ p.mark: { name: a } }, security_headers]
      routes:
        - { match: GET /plain, use: [{ p.stop: { name: s } }, { p.mark: { name: b } }], handler: p.plain }
      """
    try await run(configuration) { client async throws in
      let stopped = try await client.get("/plain")
      #expect(stopped.status == 403)
      expect(stopped.text, "stopped by s")
      #expect(stopped.header("x-frame-options") == "DENY")
      #expect(stopped.header("x-turn") == "a")
      let thrown = try await client.get("/plain", headers: ["x-pass": "1"])
      #expect(thrown.status == 418)
      expect(thrown.text, #"{"detail":"teapot"}"#)
      #expect(thrown.header("x-tea") == "green")
      #expect(journal.entries == ["a in", "a out 403", "a in", "a out 418"])
    }
  }

  @Test(arguments: [
    ("GET /fails", 404), ("GET /nowhere", 404), ("POST /plain", 405), ("OPTIONS /plain", 204), ("GET /typed?n=x", 422),
    ("GET /fixed", 200), ("GET /moved", 308),
  ])
  func everyAnswerBehindAPolicyIsShownToIt(line: String, status: Int) async throws {
    let configuration = """
      use: [{ p.mark: { name: a } }, security_headers]
      routes:
        - { match: GET /plain, handler: p.plain }
        - { match: GET /fails, handler: p.fails }
        - { match: GET /typed, parameters: { n: { in: query, type: integer } }, handler: p.plain }
        - { match: GET /fixed, respond: 200 }
        - { match: GET /moved, redirect: { to: /plain, status: 308 } }
      """
    try await run(configuration) { client async throws in
      let answer = try await client.ask(line)
      #expect(answer.status == status)
      #expect(answer.header("x-turn") == "a")
      #expect(answer.header("x-frame-options") == "DENY")
      #expect(journal.entries == ["a in", "a out \(status)"])
    }
  }

  @Test func anAnswerMadeBeforeAPolicyIsNotShownToIt() async throws {
    let configuration = """
      use: [{ cors: { origins: ["https://shop.example"] } }, { p.mark: { name: a } }]
      routes:
        - { match: GET /plain, handler: p.plain }
      """
    try await run(configuration) { client async throws in
      let answer = try await client.ask(
        "OPTIONS /plain", ["origin: https://shop.example", "access-control-request-method: GET"])
      #expect(answer.status == 204)
      #expect(answer.header("access-control-allow-origin") == "https://shop.example")
      #expect(journal.entries.isEmpty)
    }
  }

  // MARK: failures

  @Test func anErrorOfAPolicyIsA500ThatNamesItInTheLog() async throws {
    let configuration = """
      routes:
        - { match: GET /plain, use: [{ p.mark: { name: a } }, security_headers, p.broken], handler: p.plain }
      """
    try await run(configuration) { client async throws in
      let answer = try await client.get("/plain")
      #expect(answer.status == 500)
      expect(answer.text, #"{"detail":"Internal Server Error"}"#)
      #expect(answer.header("x-frame-options") == "DENY")
      #expect(journal.entries == ["a in", "a out 500"])
      let line = log.lines("policy failed").first
      #expect(line?.facts["policy"] == "p.broken")
      #expect(line?.facts["error"] == "the password is swordfish")
    }
  }

  @Test func theLogSaysWhenAPolicyRefused() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).log").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let configuration = """
      policies: { log: [access_log: { format: json, path: "\(file)" }] }
      use: [log]
      routes: [{ match: GET /plain, use: [{ p.stop: { name: s } }], handler: p.plain }]
      """
    try await run(configuration) { client async throws in
      #expect(try await client.get("/plain").status == 403)
    }
    let lines = try String(contentsOfFile: file, encoding: .utf8)
    #expect(lines.contains(#""refused""#), "\(lines)")
  }

  @Test func aFailureWithTheAnswerInHandReplacesIt() async throws {
    let configuration = """
      routes:
        - { match: GET /plain, use: [{ p.mark: { name: a } }, { p.mark: { name: b, status: 700 } }, security_headers], handler: p.plain }
      """
    try await run(configuration) { client async throws in
      let answer = try await client.get("/plain")
      #expect(answer.status == 500)
      #expect(answer.headers.filter { $0.name == "x-turn" }.map(\.value) == ["a"])
      #expect(answer.headers.filter { $0.name == "x-frame-options" }.count == 1)
      #expect(journal.entries == ["a in", "b in", "b out 200", "a out 500"])
      #expect(log.lines("policy failed").first?.facts["error"]?.contains("status 700") == true)
    }
  }

  @Test func aHandlerThatIsTooSlowIsA504ThatPoliciesSee() async throws {
    let configuration = """
      routes: [{ match: GET /slow, use: [{ p.mark: { name: a } }], handler: p.slow }]
      """
    try await run(configuration) { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /slow")
      await journal.wait(for: "a in")
      try await stream.tick()
      try await stream.waitForAnswer()
      #expect(try await stream.on { $0.events } == ["504"])
      await journal.wait(for: "a out 504")
      journal.note("go")
    }
  }

  // MARK: load

  @Test(arguments: [
    ("p.mrk: { name: a }", "no policy `mrk`", "`mark`"), ("p.mark: { nam: a }", "config of policy `p.mark`", "Field required"),
    ("p.broken: { name: a }", "policy `p.broken` takes no config", "config"),
    ("plugin: { polcy: p.mark }", "unknown key `polcy`", "`policy`"), ("q.mark: { name: a }", "no plugin `q`", "`p`"),
  ])
  func mistakesAreToldAtLoad(entry: String, message: String, hint: String) async throws {
    let configuration = "routes: [{ match: GET /plain, use: [{ \(entry) }], handler: p.plain }]\n"
    let error = await #expect(throws: TestGatewayError.self) { try await run(configuration) { _ in } }
    #expect(error?.text.contains(message) == true, "\(error?.text ?? "")")
    #expect(error?.text.contains(hint) == true, "\(error?.text ?? "")")
    #expect(error?.text.contains("routes[0].use[0]") == true || error?.text.contains("gateway.yaml:3") == true)
  }

  @Test func aValueIsMadeOnceForEachPlaceAndGivenBackAfterTheLastExchange() async throws {
    let journal = journal
    let configuration = """
      policies: { counted: [{ p.counted: { name: shared } }] }
      routes:
        - { match: GET /a, use: [counted], handler: p.plain }
        - { match: GET /b, use: [counted, { p.counted: { name: own } }], handler: p.plain }
      """
    try await withGateway(configuration, log: log) { plugin in
      plugin.inlineHandler("plain") { _ in .text("plain") }
      plugin.policy("counted", config: Mark.self, make: { Tracked($0.name, journal) }) { request, tracked, next in
        journal.note("use \(tracked.name)")
        return try await next(request)
      }
    } body: { client async throws in
      #expect(journal.entries.sorted() == ["made own", "made shared"])
      _ = try await client.get("/a")
      _ = try await client.get("/b")
      #expect(journal.entries.suffix(3) == ["use shared", "use shared", "use own"])
    }
    await journal.wait(for: "freed own")
    await journal.wait(for: "freed shared")
    #expect(journal.entries.count == 7)
  }
}
