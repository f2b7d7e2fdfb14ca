import GatewayPlugin
import GatewayTesting
import NIOCore
import Testing

@testable import Gateway

/// `max_concurrency` and `queue`: how many values there are at once, and who waits for one.
@Suite(.timeLimit(.minutes(5)))
struct LimitTests {
  private let journal = Journal()

  /// /hold waits for "go N" with a value in hand, N being the query; /fail's provider throws.
  private func withLimit(_ options: String, _ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      dependencies:
        slot: { provider: p.slot, \(options) }
      routes:
        - { match: GET /hold, parameters: { n: string }, handler: p.hold }
        - { match: GET /twice, handler: p.twice, needs: { first: slot, second: slot } }
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      plugin.provider("slot") { provision in
        let number = try provision.withRequest { $0.text("n") } ?? ""
        journal.note("make \(number)")
        if number == "fails" { throw HTTPError(409) }
        if number == "stuck" { await journal.wait(for: "go stuck") }
        return Tracked("slot", journal)
      } teardown: { _, _ in
        journal.note("end")
        if journal.count("slow end") > 0 { await journal.wait(for: "go end") }
      }
      plugin.handler("hold", needs: Dependency<Tracked>("slot")) { request, _ in
        let number = request.text("n") ?? ""
        journal.note("hold \(number)")
        await journal.wait(for: "go \(number)")
        return .text(number)
      }
      plugin.handler("twice", needs: Dependency<Tracked>("first"), Dependency<Tracked>("second")) { _, _, _ in .noContent }
    } body: { client in
      try await body(client)
      // Whatever happened, every permit came back.
      journal.note("go last")
      #expect(try await client.get("/hold?n=last").text == "last")
    }
    #expect(journal.count("made slot") == journal.count("freed slot"))
  }

  @Test func whoComesWhenAllAreTakenWaitsInTheOrderOfArrival() async throws {
    try await withLimit("max_concurrency: 1, queue: 5") { client in
      var streams: [ManualStream] = []
      for number in 1...3 {
        let stream = ManualStream(client)
        try await stream.start("GET /hold?n=\(number)")
        streams.append(stream)
      }
      for number in 1...3 {
        await journal.wait(for: "hold \(number)")
        if number < 3 { #expect(journal.count("make \(number + 1)") == 0) }
        journal.note("go \(number)")
        try await streams[number - 1].waitForEnd()
      }
    }
  }

  @Test func aFullQueueIs503AndTheNameOfTheDependencyStaysInside() async throws {
    try await withLimit("max_concurrency: 1, queue: 1") { client in
      let first = ManualStream(client)
      try await first.start("GET /hold?n=1")
      await journal.wait(for: "hold 1")
      let second = ManualStream(client)
      try await second.start("GET /hold?n=2")
      let refused = try await client.get("/hold?n=3")
      #expect(refused.status == 503)
      #expect(refused.header("retry-after") == "1")
      #expect(!refused.text.contains("slot"))
      for number in 1...2 { journal.note("go \(number)") }
      try await second.waitForEnd()
      #expect(try await second.on { $0.body } == "2")
    }
    #expect(journal.count("make 3") == 0)
  }

  @Test func withoutAQueueNobodyWaits() async throws {
    try await withLimit("max_concurrency: 1, queue: 0") { client in
      let first = ManualStream(client)
      try await first.start("GET /hold?n=1")
      await journal.wait(for: "hold 1")
      #expect(try await client.get("/hold?n=2").status == 503)
      journal.note("go 1")
      try await first.waitForEnd()
      await journal.wait(for: "freed slot")
    }
  }

  @Test(arguments: ["leaves", "runs out of time"])
  func whoeverWaitsNoLongerLeavesTheQueue(how: String) async throws {
    try await withLimit("max_concurrency: 1, queue: 1") { client in
      let first = ManualStream(client)
      try await first.start("GET /hold?n=1")
      await journal.wait(for: "hold 1")
      let second = ManualStream(client)
      try await second.start("GET /hold?n=2")
      if how == "leaves" { try await second.leave() } else { try await second.tick() }
      #expect(try await second.on { $0.events } == [how == "leaves" ? "gone" : "504"])
      // Its place is free again, and it holds nothing.
      #expect(try await second.active() == 1)
      let third = ManualStream(client)
      try await third.start("GET /hold?n=3")
      for number in [1, 3] { journal.note("go \(number)") }
      try await third.waitForEnd()
    }
    #expect(journal.count("make 2") == 0)
  }

  @Test func aPermitIsHeldToTheEndOfTheTeardown() async throws {
    journal.note("slow end")
    try await withLimit("max_concurrency: 1") { client in
      journal.note("go 1")
      #expect(try await client.get("/hold?n=1").text == "1")
      await journal.wait(for: "end")
      let second = ManualStream(client)
      try await second.start("GET /hold?n=2")
      try await second.on { _ in }
      #expect(journal.count("make 2") == 0)
      journal.note("go end")
      journal.note("go 2")
      try await second.waitForEnd()
    }
  }

  @Test func aProviderThatFailsGivesItsPermitBack() async throws {
    try await withLimit("max_concurrency: 1, queue: 0") { client in
      for _ in 0..<3 {
        let answer = try await client.get("/hold?n=fails")
        #expect(answer.status == 409)
      }
    }
  }

  @Test func aProviderThatIsGivenUpGivesItsPermitBackWhenItEnds() async throws {
    try await withLimit("max_concurrency: 1, queue: 0") { client in
      let first = ManualStream(client)
      try await first.start("GET /hold?n=stuck")
      await journal.wait(for: "make stuck")
      try await first.tick()
      #expect(try await client.get("/hold?n=2").status == 503)
      journal.note("go stuck")
      await journal.wait(for: "freed slot")
    }
  }

  @Test func aSharedValueCountsOnce() async throws {
    try await withLimit("max_concurrency: 1, queue: 0") { client in
      let answer = try await client.get("/twice")
      #expect(answer.status == 204)
      await journal.wait(for: "freed slot")
    }
  }

  @Test func aRequestThatWouldWaitForItselfIsRefusedAtLoad() async throws {
    let failure = await #expect(throws: TestGatewayError.self) {
      try await withLimit("max_concurrency: 1, cache: false") { _ in }
    }
    #expect(failure?.description.contains("would wait for itself") == true, "\(failure?.description ?? "")")
  }
}
