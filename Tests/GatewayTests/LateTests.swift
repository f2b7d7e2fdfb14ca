import GatewayHTTP
import GatewayPlugin
import NIOCore
import Testing

@testable import Gateway
@testable import GatewayTesting

/// What comes when it is too late: behind a refusal that an error handler still words, behind an answer, behind the end.
@Suite(.timeLimit(.minutes(5)))
struct LateTests {
  private let journal = Journal()
  private let log = TestLog()

  private func run(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      errors:
        handler_timeout: 60s
        responses: { 408: { handler: p.explain }, 504: { handler: p.explain } }
      dependencies: { user: { provider: p.user } }
      routes:
        - { match: GET /stubborn, use: [p.stubborn], handler: p.use }
        - { match: POST /whole, use: [p.whole], handler: p.use }
        - { match: POST /holds, use: [p.holds], respond: 200 }
        - { match: POST /early, handler: p.early }
        - { match: GET /plain, handler: p.plain }
      """
    let journal = journal
    try await withGateway(configuration, log: log, plugin: { plugin in
      plugin.policy("stubborn") { request, next in
        journal.note("in policy")
        await journal.wait(for: "go")
        journal.note("proceeds")
        return try await next(request)
      }
      plugin.policy("whole", bufferedRequest: true) { request, next in
        journal.note("has body")
        return try await next(request)
      }
      plugin.policy("holds") { request, next in
        let response = try await next(request)
        journal.note("has answer")
        await journal.wait(for: "go")
        return response
      }
      plugin.securityProvider("user", scope: .handler) { _ in Tracked("user", journal) } teardown: { _, _ in
        journal.note("ends")
        await journal.wait(for: "go")
      }
      plugin.inlineHandler("use") { _ in
        journal.note("handled")
        return .noContent
      }
      plugin.inlineHandler("early", needs: Dependency<Tracked>("user")) { _, _ in .noContent }
      plugin.inlineHandler("plain") { _ in .noContent }
      plugin.errorHandler("explain") { error, _ in
        journal.note("explaining")
        await journal.wait(for: "explain")
        return .text("explained \(error.status)", status: error.status)
      }
    }, body: body)
  }

  private func rest(_ client: TestClient) async throws {
    while try await client.active() > 0 { await Task.yield() }
  }

  @Test func aPolicyThatLetsTheRequestGoOnBehindItsTimeoutIsNotHeard() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /stubborn")
      await journal.wait(for: "in policy")
      try await stream.tick()
      await journal.wait(for: "explaining")
      journal.note("go")
      await journal.wait(for: "proceeds")
      for _ in 0..<20 { #expect(try await client.get("/plain").status == 204) }
      journal.note("explain")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events } == ["504"])
      #expect(try await stream.on { $0.body } == "explained 504")
      try await rest(client)
    }
    #expect(journal.count("handled") == 0)
  }

  @Test func aBodyThatIsWholeBehindItsTimeoutIsShownToNoPolicy() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("POST /whole", headers: ["content-length: 5"])
      try await stream.tick()
      await journal.wait(for: "explaining")
      try await stream.on { $0.consumer?.requestBody(ByteBuffer(string: "hello")) }
      for _ in 0..<20 { #expect(try await client.get("/plain").status == 204) }
      journal.note("explain")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events.last } == "408")
      try await rest(client)
    }
    #expect(journal.count("has body") == 0)
    #expect(journal.count("handled") == 0)
  }

  @Test func aBodyThatFailsBehindAWholeAnswerLeavesItAsItIs() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("POST /holds", headers: ["content-length: 5"])
      await journal.wait(for: "has answer")
      try await stream.on { $0.consumer?.requestFailed(HTTPError(400, closes: true)) }
      journal.note("go")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events } == ["closes", "200"])
      try await rest(client)
    }
  }

  @Test func aTeardownBehindASlowBodyHasALimitToo() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("POST /early", headers: ["content-length: 5", "content-type: text/plain"])
      await journal.wait(for: "made user")
      while try await stream.on({ $0.events.isEmpty }) { await Task.yield() }
      try await stream.tick()
      await journal.wait(for: "ends")
      try await stream.on { $0.consumer?.tick(.now() + .hours(2)) }
      await journal.wait(for: "explaining")
      journal.note("explain")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events.last } == "504")
      journal.note("go")
      try await rest(client)
    }
  }

  @Test func aTaskThatBeginsBehindTheDrainIsCutToo() async throws {
    let journal = journal
    try await withGateway("routes: [ { match: GET /use, handler: p.use } ]", log: log) { plugin in
      plugin.handler("use") { request in
        journal.note("in use")
        await journal.wait(for: "go")
        try request.background().add { journal.note("ran") }
        return .noContent
      }
    } body: { (client: TestClient) async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /use")
      await journal.wait(for: "in use")
      let (instance, loop) = (client.instance, client.loop)
      async let problems = instance.stop(within: .seconds(30), drain: .zero)
      while try await stream.on({ _ in
        (instance.responder(on: loop) as? LoopResponder)?.runtime.areTasksCut == false
      }) { await Task.yield() }
      journal.note("go")
      #expect(await problems == ["1 background task cut off, still not done when the time to drain was over"])
    }
    #expect(journal.count("ran") == 0)
  }
}
