import CGatewayPlugin
import GatewayConfiguration
import GatewayPlugin
import NIOCore
import Testing

@testable import Gateway
@testable import GatewayPluginHost
@testable import GatewayTesting

/// A snapshot takes the place of another one: what both have alike lives on, the rest ends after the last exchange.
@Suite(.timeLimit(.minutes(5)))
struct ReplaceTests {
  private let journal = Journal()

  private func text(b: Int = 1, more: String = "") -> String {
    """
    plugins: { p: { library: P } }
    dependencies:
      a: { provider: p.a }
      b: { provider: p.b, config: { number: \(b) } }
      c: { provider: p.c }
    routes:
      - { match: GET /use, handler: p.use }
      - { match: GET /wait, handler: p.wait }
      \(more)
    """
  }

  /// A value `a`, a `b` with a config that is made of it, and a `c` that is made of `b`.
  private func declare(_ plugin: inout Plugin) {
    let journal = journal
    plugin.onStart { _ in journal.note("start") }
    plugin.onStop { journal.note("stop") }
    let a = Dependency<Tracked>("a")
    let b = Dependency<Tracked>("b")
    let c = Dependency<Tracked>("c")
    let schema = #"{"type":"object","properties":{"number":{"type":"integer"}}}"#
    plugin.provider("a", scope: .app) { _ in Tracked("a", journal) } teardown: { _, _ in journal.note("end a") }
    plugin.provider("b", scope: .app, config: schema, needs: a) { _, _ in
      if journal.count("b fails") > 0 { throw Unexpected() }
      return Tracked("b", journal)
    } teardown: { _, _ in
      journal.note("end b")
    }
    plugin.provider("c", scope: .app, needs: b) { _, _ in Tracked("c", journal) } teardown: { _, _ in journal.note("end c") }
    plugin.handler("use", needs: a, c) { _, a, c in .text("\(a.name)\(c.name)") }
    plugin.handler("wait", needs: a, c) { _, a, c in
      journal.note("waits")
      await journal.wait(for: "go on")
      return .text("\(a.name)\(c.name)")
    }
  }

  /// The same plugin with another configuration.
  private func replace(_ client: TestClient, _ text: String) async throws -> Lifecycle {
    let snapshot = client.instance.snapshot
    let plan = ReloadPlan(request: .everything, snapshot: snapshot, ledger: client.instance.ledger)
    let read = ConfigurationLoader.load(Array("version: 1\n\(text)".utf8), path: "gateway.yaml", environment: .process())
    let linked = Dictionary(uniqueKeysWithValues: snapshot.plugins.map { ($0.name, $0.plugin.descriptor.pointer) })
    let loaded = GatewayLoader.assemble(read, .serve, linked, plan: plan)
    let next = try #require(loaded.snapshot, Comment(rawValue: loaded.text()))
    let lifecycle = try await client.instance.replace(with: next, drain: .seconds(30))
    client.instance.ledger.serves(next.plugins, after: .everything)
    return lifecycle
  }

  private func serving(_ body: (TestClient) async throws -> Void) async throws {
    let whole = text()
    try await withGateway(String(whole.drop { $0 != "\n" }), plugin: declare, body: body)
  }

  @Test func nothingIsMadeAnewWhereNothingChanged() async throws {
    try await serving { client in
      let lifecycle = try await replace(client, text(more: "- { match: GET /new, respond: { status: 204 } }"))
      #expect(lifecycle.adopted == ["a", "b", "c"])
      #expect(lifecycle.remade == [])
      #expect(try await client.get("/new").status == 204)
      #expect(try await client.get("/use").text == "ac")
    }
    #expect(journal.entries == [
      "start", "made a", "made b", "made c", "end c", "freed c", "end b", "freed b", "end a", "freed a", "stop",
    ])
  }

  @Test func whatIsMadeOfSomethingNewIsMadeAnewToo() async throws {
    try await serving { client in
      let lifecycle = try await replace(client, text(b: 2))
      #expect(lifecycle.adopted == ["a"])
      #expect(lifecycle.remade == ["b", "c"])
      await journal.wait(for: "freed b")
      #expect(journal.entries == [
        "start", "made a", "made b", "made c", "made b", "made c", "end c", "freed c", "end b", "freed b",
      ])
    }
    #expect(journal.entries.suffix(7) == ["end c", "freed c", "end b", "freed b", "end a", "freed a", "stop"])
  }

  @Test func theOldValuesEndAfterTheLastExchangeThatHasThem() async throws {
    try await serving { client in
      async let waiting = client.get("/wait")
      await journal.wait(for: "waits")
      _ = try await replace(client, text(b: 2))
      #expect(client.instance.ledger.draining.count == 1)
      #expect(try await client.get("/use").text == "ac")
      #expect(journal.count("end c") == 0)
      journal.note("go on")
      #expect(try await waiting.text == "ac")
      await journal.wait(for: "freed b")
    }
    #expect(journal.count("start") == 1)
    #expect(journal.count("end a") == 1)
    #expect(journal.count("end b") == 2)
  }

  @Test func threeSnapshotsInARowKeepWhatOneOfThemHas() async throws {
    try await serving { client in
      async let waiting = client.get("/wait")
      await journal.wait(for: "waits")
      _ = try await replace(client, text(b: 2))
      _ = try await replace(client, text(b: 3))
      // The second one had no exchange: its own values are gone, those of the first are not.
      await journal.wait(for: "freed b")
      #expect(journal.count("end b") == 1)
      #expect(journal.count("end a") == 0)
      journal.note("go on")
      #expect(try await waiting.text == "ac")
      await journal.wait(for: "freed b", count: 2)
      #expect(journal.count("end a") == 0)
    }
    #expect(journal.count("end a") == 1)
    #expect(journal.count("end b") == 3)
    #expect(journal.count("stop") == 1)
  }

  @Test func aFailureEndsWhatWasMadeForItAndNothingElse() async throws {
    try await serving { client in
      journal.note("b fails")
      await #expect(throws: Lifecycle.Failure.self) { _ = try await replace(client, text(b: 2)) }
      let answer = try await client.get("/use")
      #expect(answer.text == "ac")
      #expect(client.instance.ledger.draining.count == 0)
    }
    #expect(journal.count("made a") == 1)
    #expect(journal.count("end a") == 1)
    #expect(journal.count("made b") == 1)
    #expect(journal.count("stop") == 1)
  }

  @Test func theEndWaitsForAReplacedSnapshotToo() async throws {
    try await serving { client in
      async let waiting = client.get("/wait")
      await journal.wait(for: "waits")
      _ = try await replace(client, text(b: 2))
      async let problems = client.instance.stop(within: .seconds(30))
      journal.note("go on")
      #expect(try await waiting.text == "ac")
      #expect(await problems == [])
    }
    #expect(journal.count("end a") == 1)
    #expect(journal.count("end b") == 2)
    #expect(journal.entries.last == "stop")
  }
}
