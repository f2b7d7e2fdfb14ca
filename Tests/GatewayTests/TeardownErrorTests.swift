import GatewayPlugin

import Testing

@testable import Gateway
@testable import GatewayTesting

/// What teardowns learn of the end of an exchange, and what they may do about it.
@Suite(.timeLimit(.minutes(5))) struct TeardownErrorTests {
  private let journal = Journal()

  private static let configuration = """
    dependencies: { b: { provider: p.b }, c: { provider: p.c } }
    routes: [ { match: "GET /use/{how}", handler: p.use } ]
    """

  /// Of request scope `b`, of handler scope `c`; `c` throws what `replace` makes.
  private func run(
    _ how: String, replace: @escaping @Sendable () throws -> Void = {}, inB: @escaping @Sendable () throws -> Void = {},
    log: TestLog = TestLog()
  ) async throws -> TestAnswer {
    let journal = journal
    nonisolated(unsafe) var answer: TestAnswer?
    try await withGateway(Self.configuration, log: log) { plugin in
      let b = Dependency<Tracked>("b")
      let c = Dependency<Int>("c")
      plugin.provider("b", make: { _ in Tracked("b", journal) }, teardown: { _, outcome, error in
        journal.note("b \(outcome) \(Self.text(error))")
        try inB()
      })
      plugin.provider("c", scope: .handler, make: { _ in 1 }, teardown: { _, outcome, error in
        journal.note("c \(outcome) \(Self.text(error))")
        try replace()
      })
      plugin.onError(StillOpen.self) { _, _ in .text("open", status: 423) }
      plugin.handler("use", needs: b, c) { request, _, _ in
        switch request.text("how") {
        case "http": throw HTTPError(404, detail: "no such book")
        case "own": throw Unexpected()
        case "mapped": throw StillOpen()
        case "500": return .text("bad", status: 500)
        default: return .text("good")
        }
      }
    } body: { (client: TestClient) async throws in
      answer = try await client.get("/use/\(how)")
      await journal.wait(for: "freed b")
    }
    return try #require(answer)
  }

  private static func text(_ error: (any Error)?) -> String {
    switch error {
    case nil: "nothing"
    case let error as HTTPError: "HTTPError \(error.status) \(error.detailJSON)"
    case let error as GatewayError: "GatewayError \(error.status) \(error.type) \(error.description)"
    case let error?: "\(type(of: error))"
    }
  }

  private var seen: [String] { journal.entries.filter { $0.hasPrefix("b ") || $0.hasPrefix("c ") } }

  @Test(arguments: [
    ("good", 200, ["c succeeded nothing", "b succeeded nothing"]),
    ("http", 404, ["c failed HTTPError 404 \"no such book\"", "b failed HTTPError 404 \"no such book\""]),
    ("own", 500, ["c failed Unexpected", "b failed Unexpected"]),
    ("mapped", 423, ["c failed StillOpen", "b failed StillOpen"]),
    ("500", 500, ["c failed nothing", "b failed nothing"]),
  ])
  func theyGetTheVeryErrorThatWasThrown(how: String, status: Int, expected: [String]) async throws {
    let answer = try await run(how)
    #expect(answer.status == status)
    #expect(seen == expected)
  }

  @Test func inHandlerScopeWhatATeardownThrowsBecomesTheAnswer() async throws {
    let answer = try await run("good", replace: { throw HTTPError(409, detail: "taken") })
    #expect(answer.status == 409)
    #expect(answer.text == #"{"detail":"taken"}"#)
    #expect(seen == ["c succeeded nothing", "b failed HTTPError 409 \"taken\""])
  }

  @Test(arguments: ["http", "own", "mapped"])
  func itAlsoReplacesAnError(how: String) async throws {
    let answer = try await run(how, replace: { throw HTTPError(410) })
    #expect(answer.status == 410)
    #expect(seen.last == "b failed HTTPError 410 ")
  }

  @Test func aTeardownThatThrowsNothingDoesNotMakeASuccessOfAFailure() async throws {
    let answer = try await run("own")
    #expect(answer.status == 500)
    #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
    #expect(seen.last == "b failed Unexpected")
  }

  @Test func inRequestScopeItIsLogged() async throws {
    let log = TestLog()
    let answer = try await run("good", inB: { throw Unexpected() }, log: log)
    #expect(answer.status == 200)
    #expect(log.lines("plugin failed").map { $0.facts["error"] } == ["the password is swordfish"])
  }

  @Test func aResponseThatItThrowsIsAnErrorAndNoAnswer() async throws {
    let log = TestLog()
    let answer = try await run("good", inB: { throw Response.text("late", status: 410) }, log: log)
    #expect(answer.status == 200)
    #expect(
      log.lines("plugin failed").map { $0.facts["error"] }
        == ["a response with status 410 was thrown where no answer is awaited"])
  }

  @Test func stepsOfOneTeardownHandTheErrorOn() async throws {
    let journal = journal
    let configuration = """
      dependencies: { b: { provider: p.b } }
      routes: [ { match: GET /use, handler: p.use } ]
      """
    try await withGateway(configuration) { plugin in
      plugin.asyncProvider("b", scope: .handler, hasTeardown: true, { _ in }) { _, teardown in
        teardown { outcome, error in journal.note("first \(outcome) \(Self.text(error))") }
        teardown { _, _ in throw HTTPError(409) }
        teardown { outcome in journal.note("last \(outcome)") }
        return 1
      }
      plugin.handler("use", needs: Dependency<Int>("b")) { _, _ in .noContent }
    } body: { (client: TestClient) async throws in
      let answer = try await client.get("/use")
      #expect(answer.status == 409)
    }
    #expect(journal.entries == ["last succeeded", "first failed HTTPError 409 "])
  }

  @Test func aProviderThatThrowsEndsWhatItRegistered() async throws {
    let journal = journal
    let configuration = """
      dependencies: { b: { provider: p.b }, c: { provider: p.c } }
      routes: [ { match: GET /b, handler: p.ofB }, { match: GET /c, handler: p.ofC } ]
      """
    try await withGateway(configuration) { plugin in
      for (name, replacement) in [("b", nil), ("c", HTTPError(409))] as [(String, HTTPError?)] {
        plugin.blockingProvider(name, scope: .request, hasTeardown: true, { _ in }) { _, teardown -> Int in
          teardown { outcome, error in
            journal.note("\(name) \(outcome) \(Self.text(error))")
            if let replacement { throw replacement }
          }
          throw HTTPError(403)
        }
      }
      plugin.handler("ofB", needs: Dependency<Int>("b")) { _, _ in .noContent }
      plugin.handler("ofC", needs: Dependency<Int>("c")) { _, _ in .noContent }
    } body: { (client: TestClient) async throws in
      let thrown = try await client.get("/b")
      #expect(thrown.status == 403)
      let replaced = try await client.get("/c")
      #expect(replaced.status == 409)
    }
    #expect(journal.entries == ["b failed HTTPError 403 ", "c failed HTTPError 403 "])
  }

  @Test(arguments: [("time", "b cancelled GatewayError 504 GatewayError "), ("client", "b cancelled GatewayError 0 ClientGone ")])
  func whatWasCutShortIsToldToo(what: String, expected: String) async throws {
    let journal = journal
    let configuration = """
      dependencies: { b: { provider: p.b } }
      routes: [ { match: GET /use, handler: p.use } ]
      """
    try await withGateway(configuration) { plugin in
      plugin.provider("b", make: { _ in 1 }, teardown: { _, outcome, error in
        journal.note("b \(outcome) \(Self.text(error))")
        journal.note("ended")
      })
      plugin.handler("use", needs: Dependency<Int>("b")) { _, _ in
        journal.note("in use")
        await journal.wait(for: "go")
        return .noContent
      }
    } body: { (client: TestClient) async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /use")
      await journal.wait(for: "in use")
      if what == "time" { try await stream.tick() } else { try await stream.leave() }
      journal.note("go")
      await journal.wait(for: "ended")
    }
    #expect(seen == [expected])
  }
}
