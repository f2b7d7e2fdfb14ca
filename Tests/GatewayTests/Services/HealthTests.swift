import GatewayPlugin
import Synchronization
import Testing

@testable import GatewayTesting

/// Plugins say whether they can serve, and the gateway says whether it wants requests.
@Suite(.timeLimit(.minutes(5)))
struct HealthTests {
  private let journal = Journal()

  private static let configuration = """
    server: { health: { interval: 5s, timeout: 2s } }
    routes:
      - { match: GET /live, health: live }
      - { match: GET /ready, health: ready }
    """

  @Test func readinessFollowsThePlugin() async throws {
    let journal = journal
    let well = Shared(Mutex(true))
    try await serving(Self.configuration, clock: .manual) { plugin in
      plugin.onHealth {
        journal.note("asked")
        if !well.value { throw Unexpected() }
      }
    } body: { client in
      let clock = client.gateway.clock
      await journal.wait(for: "asked")
      try await clock.waitForTimers()
      #expect(try await client.get("/ready").text == #"{"status":"ready"}"#)
      well.value = false
      try await clock.advance(by: .seconds(5))
      await journal.wait(for: "asked", count: 2)
      let line = try #require(try await client.gateway.log.line("plugin cannot serve"))
      #expect(line.facts["plugin"] == "p")
      #expect(line.facts["error"]?.contains(Unexpected().description) == true)
      let answer = try await client.get("/ready")
      #expect(answer.status == 503)
      // The name, and nothing of the error.
      #expect(answer.text == #"{"status":"not_ready","failing":["p"]}"#)
      #expect(answer.header("cache-control") == "no-store")
      #expect(try await client.get("/live").status == 200)
      // A second failure is no news.
      try await clock.advance(by: .seconds(5))
      await journal.wait(for: "asked", count: 3)
      well.value = true
      try await clock.advance(by: .seconds(5))
      _ = try await client.gateway.log.line("plugin can serve again")
      #expect(try await client.get("/ready").status == 200)
      #expect(client.gateway.log.lines("plugin cannot serve").count == 1)
    }
  }

  @Test func aPluginThatDoesNotAnswerIsNotAskedTwiceAtOnce() async throws {
    let journal = journal
    try await serving(Self.configuration, clock: .manual) { plugin in
      plugin.onHealth {
        journal.note("asked")
        // Takes no notice of being given up.
        await journal.wait(for: "answer")
      }
    } body: { client in
      let clock = client.gateway.clock
      await journal.wait(for: "asked")
      #expect(try await client.get("/ready").status == 503)
      try await clock.advance(by: .seconds(2))
      let line = try #require(try await client.gateway.log.line("plugin cannot serve"))
      #expect(line.facts["error"] == "it did not answer within 2000 ms")
      try await clock.advance(by: .seconds(60))
      #expect(journal.count("asked") == 1)
      journal.note("answer")
      try await clock.waitForTimers()
      try await clock.advance(by: .seconds(5))
      await journal.wait(for: "asked", count: 2)
      _ = try await client.gateway.log.line("plugin can serve again")
      #expect(try await client.get("/ready").status == 200)
    }
  }

  @Test func theEndWaitsForACheckThatIsUnderWay() async throws {
    let journal = journal
    let configuration = """
      dependencies: { store: { provider: p.store } }
      routes: [ { match: GET /ready, health: ready, depends: [store] } ]
      """
    try await serving(configuration) { plugin in
      plugin.provider("store", scope: .app) { _ in 1 } teardown: { _, _ in journal.note("store ended") }
      plugin.onHealth {
        await withTaskCancellationHandler {
          journal.note("asked")
          await journal.wait(for: "cancelled")
          // Long enough for an end that would not wait.
          try? await Task.detached { try await Task.sleep(for: .milliseconds(50)) }.value
          journal.note("check ended")
        } onCancel: { journal.note("cancelled") }
      }
    } body: { _ in
      await journal.wait(for: "asked")
    }
    #expect(journal.entries == ["asked", "cancelled", "check ended", "store ended"])
  }

  @Test func aCheckThatDoesNotEndIsTold() async throws {
    let journal = journal
    try await serving("routes: [ { match: GET /ready, health: ready } ]") { plugin in
      plugin.onHealth {
        journal.note("asked")
        await journal.wait(for: "answer")
      }
    } body: { client in
      await journal.wait(for: "asked")
      let problems = await client.instance.stop(within: .milliseconds(1))
      #expect(problems == ["a health check did not end"])
      journal.note("answer")
    }
  }

  @Test func aGatewayThatStopsIsNotReadyButAlive() async throws {
    try await serving(Self.configuration) { client in
      let before = try await client.get("/ready")
      #expect(before.status == 200)
      client.gateway.beginDrain()
      let answer = try await client.get("/ready")
      #expect(answer.status == 503)
      #expect(answer.text == #"{"status":"draining"}"#)
      #expect(try await client.get("/live").text == #"{"status":"live"}"#)
    }
  }
}

/// A value that a test and its plugin share.
final class Shared: Sendable {
  private let state: Mutex<Bool>
  init(_ state: consuming Mutex<Bool>) { self.state = state }
  var value: Bool {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
