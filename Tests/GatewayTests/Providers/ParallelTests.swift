import Foundation
import GatewayPlugin
import GatewayTesting
import Testing

/// `parallel: true`: providers of one request side by side.
@Suite(.timeLimit(.minutes(5)))
struct ParallelTests {
  private let journal = Journal()

  /// a, b (handler scope), c (blocking) side by side, d behind a; each notes "in X" and waits for "go X".
  private func withParallel(
    _ options: String = "parallel: true", _ body: (TestClient) async throws -> Void
  ) async throws {
    let configuration = """
      dependencies:
        a: { provider: p.a, \(options) }
        b: { provider: p.b, \(options) }
        c: { provider: p.c, \(options) }
        d: { provider: p.d, \(options) }
      routes: [{ match: GET /, handler: p.use }]
      """
    let journal = journal
    @Sendable func work(_ name: String) async throws -> Tracked {
      journal.note("in \(name)")
      await journal.wait(for: "go \(name)")
      if journal.count("\(name) fails") > 0 { throw HTTPError(409, detail: name) }
      if journal.count("\(name) answers") > 0 { throw Response.text("by \(name)", status: 404) }
      if Task.isCancelled { journal.note("\(name) is cancelled") }
      return Tracked(name, journal)
    }
    try await withGateway(configuration) { plugin in
      plugin.provider("a") { _ in try await work("a") } teardown: { _, outcome in journal.note("end a \(outcome)") }
      plugin.provider("b", scope: .handler) { _ in try await work("b") } teardown: { _, outcome in
        journal.note("end b \(outcome)")
      }
      plugin.blockingProvider("c") { _ in
        journal.note("in c")
        return Tracked("c", journal)
      } teardown: { _, outcome in
        journal.note("end c \(outcome)")
      }
      plugin.provider("d", needs: Dependency<Tracked>("a")) { _, _ in try await work("d") } teardown: { _, outcome in
        journal.note("end d \(outcome)")
      }
      plugin.handler(
        "use", needs: Dependency<Tracked>("a"), Dependency<Tracked>("b"), Dependency<Tracked>("c"), Dependency<Tracked>("d")
      ) { _, a, b, c, d in
        .text(a.name + b.name + c.name + d.name)
      }
    } body: { client in
      try await body(client)
      for name in ["a", "b", "d"] { journal.note("go \(name)") }
    }
    for name in ["a", "b", "c", "d"] { #expect(journal.count("made \(name)") == journal.count("freed \(name)")) }
  }

  @Test func independentProvidersRunTogetherAndEndInReverseOrder() async throws {
    try await withParallel { client in
      let stream = ManualStream(client)
      try await stream.start("GET /")
      for name in ["a", "b", "c"] { await journal.wait(for: "in \(name)") }
      #expect(journal.count("in d") == 0)
      // The last one is ready first.
      journal.note("go b")
      journal.note("go a")
      await journal.wait(for: "in d")
      journal.note("go d")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.body } == "abcd")
      await journal.wait(for: "freed a")
    }
    let ends = journal.entries.filter { $0.hasPrefix("end") }
    #expect(ends == ["end b succeeded", "end d succeeded", "end c succeeded", "end a succeeded"])
  }

  @Test func withoutItTheyRunOneAfterTheOther() async throws {
    try await withParallel("parallel: false") { client in
      let stream = ManualStream(client)
      try await stream.start("GET /")
      await journal.wait(for: "in a")
      try await stream.on { _ in }
      #expect(journal.count("in b") == 0 && journal.count("in c") == 0)
      for name in ["a", "b", "d"] { journal.note("go \(name)") }
      try await stream.waitForEnd()
    }
  }

  @Test func theErrorOfTheFirstInThePlanCountsAlthoughALaterOneIsFaster() async throws {
    journal.note("a fails")
    journal.note("b fails")
    try await withParallel { client in
      let stream = ManualStream(client)
      try await stream.start("GET /")
      for name in ["a", "b", "c"] { await journal.wait(for: "in \(name)") }
      journal.note("go b")
      try await stream.on { _ in }
      #expect(try await stream.on { $0.events.isEmpty })
      journal.note("go a")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.body } == #"{"detail":"a"}"#)
    }
    #expect(journal.count("in d") == 0)
  }

  @Test func anAnswerDoesNotWaitForThoseBehindItAndTheirValuesStillEnd() async throws {
    journal.note("a answers")
    try await withParallel { client in
      let stream = ManualStream(client)
      try await stream.start("GET /")
      for name in ["a", "b"] { await journal.wait(for: "in \(name)") }
      journal.note("go a")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events } == ["404"])
      #expect(try await stream.on { $0.body } == "by a")
      // b is still busy.
      #expect(try await stream.active() == 1)
      journal.note("go b")
      await journal.wait(for: "freed b")
      #expect(try await stream.active() == 0)
    }
    #expect(journal.count("b is cancelled") == 1)
    #expect(journal.count("end b succeeded") + journal.count("end b failed") == 1)
  }

  @Test(arguments: ["leaves", "runs out of time"])
  func allAreGivenUpAndEndedOnce(how: String) async throws {
    try await withParallel { client in
      let stream = ManualStream(client)
      try await stream.start("GET /")
      for name in ["a", "b"] { await journal.wait(for: "in \(name)") }
      await journal.wait(for: "made c")
      if how == "leaves" { try await stream.leave() } else { try await stream.tick() }
      #expect(try await stream.active() == 1)
      #expect(!journal.entries.contains { $0.hasPrefix("end") })
      for name in ["a", "b"] { journal.note("go \(name)") }
      await journal.wait(for: "freed a")
      #expect(try await stream.active() == 0)
    }
    for name in ["a", "b", "c"] { #expect(journal.count("end \(name) cancelled") == 1) }
    #expect(journal.count("in d") == 0)
  }

  @Test func limitsHoldAmongThoseThatRunTogether() async throws {
    try await withParallel("parallel: true, max_concurrency: 1, queue: 1") { client in
      let first = ManualStream(client)
      try await first.start("GET /")
      for name in ["a", "b"] { await journal.wait(for: "in \(name)") }
      let second = ManualStream(client)
      try await second.start("GET /")
      try await second.on { _ in }
      #expect(journal.count("in a") == 1)
      let third = try await client.get("/")
      #expect(third.status == 503)
      try await second.leave()
      for name in ["a", "b", "d"] { journal.note("go \(name)") }
      try await first.waitForEnd()
      await journal.wait(for: "freed a")
      #expect(try await client.get("/").text == "abcd")
    }
  }

  // MARK: what they share with their exchange

  private func withTasks(_ count: Int, _ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      server: { background: { per_request: \(count) } }
      dependencies: { a: { provider: p.a, parallel: true }, b: { provider: p.b, parallel: true } }
      routes: [{ match: GET /, handler: p.use }]
      """
    let journal = journal
    @Sendable func leave(_ name: String, _ provision: borrowing Provision) -> Int {
      provision.log.info("by \(name)")
      do {
        let background = try provision.background()
        try background.add { journal.note("ran") }
      } catch { journal.note("refused") }
      return 1
    }
    try await serving(configuration) { plugin in
      plugin.blockingProvider("a") { leave("a", $0) }
      plugin.blockingProvider("b") { leave("b", $0) }
      plugin.handler("use", needs: Dependency<Int>("a"), Dependency<Int>("b")) { _, a, b in .text("\(a + b)") }
    } body: { client in
      try await body(client)
      while try await client.active() > 0 { await Task.yield() }
    }
  }

  @Test func eachRequestMayLeaveAsManyTasksAsTheFirst() async throws {
    try await withTasks(2) { client async throws in
      for _ in 1...5 { #expect(try await client.get("/").text == "2") }
    }
    #expect(journal.count("ran") == 10)
    #expect(journal.count("refused") == 0)
  }

  @Test func allOfOneRequestTogetherMayLeaveAsManyTasksAsOne() async throws {
    try await withTasks(1) { client async throws in
      for _ in 1...5 { #expect(try await client.get("/").text == "2") }
    }
    #expect(journal.count("ran") == 5)
    #expect(journal.count("refused") == 5)
  }

  @Test func whatTheyLogIsOfTheirRequest() async throws {
    try await withTasks(2) { client in
      _ = try await client.get("/")
      let line = try #require(await client.gateway.log.line("by b"))
      #expect(line.facts["handler"] == "p.use")
      #expect(line.facts["request_id"]?.isEmpty == false)
    }
  }
}
