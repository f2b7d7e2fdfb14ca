import GatewayPlugin
import GatewayTesting
import Testing

/// Dependencies: made once, in order, and torn down in the reverse order with what became of the exchange.
@Suite(.timeLimit(.minutes(5)))
struct DependencyTests {
  private let journal = Journal()

  /// a (app) ← b (request) ← c (handler); each way to run is used once.
  private func withChain(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      dependencies:
        a: { provider: p.a }
        b: { provider: p.b }
        c: { provider: p.c }
      routes:
        - { match: GET /use, parameters: { end: string }, handler: p.use }
        - { match: GET /without, handler: p.without }
        - { match: GET /twice, handler: p.twice, needs: { first: c, second: c } }
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      let a = Dependency<Tracked>("a")
      let b = Dependency<Tracked>("b")
      let c = Dependency<Tracked>("c")
      plugin.provider("a", scope: .app) { _ in
        Tracked("a", journal)
      } teardown: { _, outcome in
        journal.note("end a \(outcome)")
      }
      plugin.blockingProvider("b", scope: .request, needs: a) { provision, _ in
        if try provision.withRequest({ $0.text("end") }) == "stop" { throw HTTPError(403, detail: "stop") }
        return Tracked("b", journal)
      } teardown: { _, outcome in
        journal.note("end b \(outcome)")
        if journal.count("b fails") > 0 { throw Unexpected() }
      }
      plugin.inlineProvider("c", scope: .handler, needs: b) { _, _ in
        Tracked("c", journal)
      } teardown: { _, outcome in
        journal.note("end c \(outcome)")
        if journal.count("c fails") > 0 { throw Unexpected() }
        if journal.count("c conflicts") > 0 { throw HTTPError(409, detail: "somebody was faster") }
      }
      plugin.handler("use", needs: a, b, c) { request, a, b, c in
        let end = request.text("end")
        journal.note("use \(a.name)\(b.name)\(c.name)")
        await Task.yield()
        switch end {
        case "throw": throw Unexpected()
        case "refuse": throw HTTPError(404)
        case "503": return Response(status: 503)
        default: return .text("used")
        }
      }
      plugin.inlineHandler("without") { _ in .noContent }
      plugin.inlineHandler("twice", needs: Dependency<Tracked>("first"), Dependency<Tracked>("second")) { _, one, two in
        .text(one === two ? "same" : "different")
      }
    } body: {
      try await body($0)
    }
  }

  @Test func valuesEndInReverseOrderAndGoOnce() async throws {
    try await withChain { client in
      #expect(journal.entries == ["made a"])
      let answer = try await client.get("/use")
      #expect(answer.text == "used")
      await journal.wait(for: "freed b")
    }
    #expect(journal.count("freed a") == 1)
    #expect(
      journal.entries.filter { !$0.hasPrefix("freed") } == [
        "made a", "made b", "made c", "use abc", "end c succeeded", "end b succeeded", "end a succeeded",
      ])
    for name in ["a", "b", "c"] { #expect(journal.count("freed \(name)") == 1) }
  }

  @Test(arguments: ["throw", "refuse", "503"])
  func aFailureReachesEveryTeardown(end: String) async throws {
    try await withChain { client in
      let answer = try await client.get("/use?end=\(end)")
      #expect(answer.status != 200)
      await journal.wait(for: "freed b")
    }
    #expect(journal.count("end c failed") == 1)
    #expect(journal.count("end b failed") == 1)
    #expect(journal.count("end a succeeded") == 1)
  }

  @Test func aProviderMayEndTheExchange() async throws {
    try await withChain { client in
      let answer = try await client.get("/use?end=stop")
      #expect(answer.status == 403)
      #expect(answer.text == #"{"detail":"stop"}"#)
    }
    #expect(journal.entries == ["made a", "end a succeeded", "freed a"])
  }

  @Test func aHandlerScopeTeardownThatFailsBecomesTheAnswer() async throws {
    journal.note("c fails")
    try await withChain { client in
      let answer = try await client.get("/use")
      #expect(answer.status == 500)
      #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
      await journal.wait(for: "end b failed")
    }
    #expect(journal.count("freed c") == 1)
  }

  @Test func aHandlerScopeTeardownMayRefuse() async throws {
    journal.note("c conflicts")
    try await withChain { client in
      let answer = try await client.get("/use")
      #expect(answer.status == 409)
      #expect(answer.text == #"{"detail":"somebody was faster"}"#)
      #expect(answer.header("content-type") == "application/json")
    }
  }

  @Test func aRequestScopeTeardownThatFailsLeavesTheAnswer() async throws {
    journal.note("b fails")
    try await withChain { client in
      let answer = try await client.get("/use")
      #expect(answer.text == "used")
      await journal.wait(for: "freed b")
    }
    #expect(journal.count("freed a") == 1)
  }

  @Test func whatARouteDoesNotNeedIsNotMade() async throws {
    try await withChain { client in
      let answer = try await client.get("/without")
      #expect(answer.status == 204)
    }
    #expect(journal.entries == ["made a", "end a succeeded", "freed a"])
  }

  @Test func aValueIsMadeOnceForAnExchange() async throws {
    try await withChain { client in
      let answer = try await client.get("/twice")
      #expect(answer.text == "same")
      await journal.wait(for: "freed b")
    }
    #expect(journal.count("made c") == 1)
  }

  @Test func twoHundredExchangesAtOnceEachHaveTheirOwn() async throws {
    try await withChain { client in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 1...200 { group.addTask { try await client.get("/use").status } }
        for try await status in group { #expect(status == 200) }
      }
      await journal.wait(for: "freed b", count: 200)
      await journal.wait(for: "freed c", count: 200)
    }
    for entry in ["made b", "made c", "end c succeeded", "end b succeeded", "freed b", "freed c"] {
      #expect(journal.count(entry) == 200)
    }
  }

  @Test func aDependencyThatDoesNotStartEndsThoseThatDid() async throws {
    let configuration = """
      dependencies:
        a: { provider: p.a }
        b: { provider: p.b }
      routes:
        - { match: GET /, handler: p.use }
      """
    let journal = journal
    let error = await #expect(throws: TestGatewayError.self) {
      try await withGateway(configuration) { plugin in
        plugin.provider("a", scope: .app) { _ in
          Tracked("a", journal)
        } teardown: { _, outcome in
          journal.note("end a \(outcome)")
        }
        plugin.provider("b", scope: .app, needs: Dependency<Tracked>("a")) { _, _ -> Tracked in throw Unexpected() }
        plugin.inlineHandler("use", needs: Dependency<Tracked>("b")) { _, _ in .noContent }
      } body: { _ in
        Issue.record("it started")
      }
    }
    #expect(error?.text.contains("dependency 'b' could not be made") == true)
    #expect(journal.entries == ["made a", "end a failed", "freed a"])
  }
}
