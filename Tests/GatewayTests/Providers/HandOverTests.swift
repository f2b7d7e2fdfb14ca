import GatewayPlugin
import GatewayTesting
import NIOCore
import Testing

@testable import Gateway

/// What comes next begins inside the completion of what came before, and once.
@Suite(.timeLimit(.minutes(5)))
struct HandOverTests {
  private let journal = Journal()

  /// `first` is made at once; `slot` says how many there may be. /hold waits for "go N".
  private func withSlot(
    _ dependencies: String, needs: String = "{ first: first, slot: slot }",
    _ body: (TestClient) async throws -> Void
  ) async throws {
    let configuration = """
      dependencies:
        \(dependencies)
      routes: [{ match: GET /hold, parameters: { n: string }, handler: p.hold, needs: \(needs) }]
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      plugin.securityProvider("token", scheme: .httpBearer())
      plugin.securityProvider("caller", needs: Dependency<HTTPCredentials>("token")) { _, _ in Tracked("first", journal) }
      plugin.provider("first") { _ in Tracked("first", journal) }
      plugin.provider("slot") { _ in Tracked("slot", journal) } teardown: { _, _ in }
      plugin.provider("other") { _ in Tracked("other", journal) } teardown: { _, _ in }
      plugin.handler("hold", needs: Dependency<Tracked>("first"), Dependency<Tracked>("slot")) { request, first, slot in
        let number = request.text("n") ?? ""
        journal.note("hold \(number)")
        await journal.wait(for: "go \(number)")
        return .text(number + first.name + slot.name)
      }
    } body: { client in
      try await body(client)
    }
    for name in ["first", "slot", "other"] {
      #expect(journal.count("made \(name)") == journal.count("freed \(name)"))
    }
  }

  /// One holds the slot, the others come while it does, and all are served in turn.
  private func serveInTurn(_ client: TestClient, _ count: Int, headers: [String] = []) async throws {
    var streams: [ManualStream] = []
    for number in 1...count {
      let stream = ManualStream(client)
      try await stream.start("GET /hold?n=\(number)", headers: headers)
      if number == 1 { await journal.wait(for: "hold 1") }
      streams.append(stream)
    }
    #expect(journal.count("hold 2") == 0)
    for number in 1...count {
      await journal.wait(for: "hold \(number)")
      journal.note("go \(number)")
      try await streams[number - 1].waitForEnd()
      #expect(try await streams[number - 1].on { $0.body } == "\(number)firstslot")
    }
    #expect(journal.count("made slot") == count)
  }

  @Test func whoWaitsBehindAStepThatIsMadeAtOnceHasOnePlaceInTheQueue() async throws {
    // With two places for each, the third would find the queue full.
    try await withSlot("first: { provider: p.first }\n  slot: { provider: p.slot, max_concurrency: 1, queue: 2 }") {
      try await serveInTurn($0, 3)
    }
  }

  @Test func severalThatWaitSideBySideAreWaitedFor() async throws {
    let dependencies = """
      first: { provider: p.first }
        slot: { provider: p.slot, parallel: true, max_concurrency: 1, queue: 5 }
        other: { provider: p.other, parallel: true, max_concurrency: 1, queue: 5 }
      """
    try await withSlot(dependencies) { try await serveInTurn($0, 3) }
  }

  @Test func whatIsMadeSideBySideAtOnceDoesNotHideWhatWaits() async throws {
    let dependencies = """
      first: { provider: p.first, parallel: true }
        slot: { provider: p.slot, parallel: true, max_concurrency: 1, queue: 5 }
      """
    try await withSlot(dependencies) { try await serveInTurn($0, 3) }
  }

  @Test func aRequestThatIsAllowedAtOnceStillWaitsForWhatIsLimited() async throws {
    let dependencies = """
      token: { provider: p.token }
        caller: { provider: p.caller, needs: { token: token } }
        slot: { provider: p.slot, max_concurrency: 1, queue: 2 }
      """
    try await withSlot(dependencies, needs: "{ first: caller, slot: slot }") {
      try await serveInTurn($0, 3, headers: ["authorization: Bearer a"])
    }
  }

  // MARK: chains

  private static let length = 40

  /// `link0` ← `link1` ← … in turn from `names`; the handler needs the last one.
  private static func chain(_ names: [String]) -> String {
    let links = (0..<length).map { index in
      let needs = index == 0 ? "" : ", needs: { previous: link\(index - 1) }"
      return "  link\(index): { provider: p.\(index == 0 ? "start" : names[index % names.count])\(needs) }"
    }
    return "dependencies:\n" + links.joined(separator: "\n")
      + "\nroutes: [{ match: GET /, handler: p.last, needs: { last: link\(length - 1) } }]"
  }

  private struct Link { let depth: Int }
  private struct Unused: Error {}

  /// Adds an async and an inline link. With a mapping of errors the inline one completes inside its function, and the gateway
  /// takes it for async: like a plugin in C that is never followed.
  private func links(_ plugin: inout Plugin, completesInside: Bool, _ journal: Journal) {
    let previous = Dependency<Link>("previous")
    plugin.provider("start") { _ in Link(depth: 0) } teardown: { link, _ in journal.note("end \(link.depth)") }
    plugin.provider("async", needs: previous) { _, previous in Link(depth: previous.depth + 1) } teardown: { link, _ in
      journal.note("end \(link.depth)")
    }
    plugin.inlineProvider("inside", needs: previous) { _, previous in Link(depth: previous.depth + 1) } teardown: { link, _ in
      journal.note("end \(link.depth)")
    }
    plugin.provider("waiting", needs: previous) { _, previous in
      await Task.yield()
      return Link(depth: previous.depth + 1)
    } teardown: { link, _ in
      await Task.yield()
      journal.note("end \(link.depth)")
    }
    plugin.handler("last", needs: Dependency<Link>("last")) { request, last in
      for number in 1...3 { try request.background().add("task \(number)") { journal.note("task \(number)") } }
      return .text("\(last.depth)")
    }
    if completesInside { plugin.onError(Unused.self) { _, _ in .noContent } }
  }

  @Test(
    arguments: [["async"], ["inside"], ["async", "inside"], ["async", "waiting", "inside", "inside"], ["waiting"]],
    TestMode.allCases)
  func aChainIsMadeInOrderAndTornDownInReverseOnce(names: [String], mode: TestMode) async throws {
    // Over a socket the exchange ends, and is used again, inside the sending of its answer.
    for completesInside in [false, true] {
      try await makeChains(names, completesInside: completesInside, mode: mode, journal: Journal())
    }
  }

  private func makeChains(_ names: [String], completesInside: Bool, mode: TestMode, journal: Journal) async throws {
    try await withGateway(Self.chain(names), mode: mode) {
      links(&$0, completesInside: completesInside, journal)
    } body: { client in
      for round in 1...3 {
        let answer = try await client.get("/")
        #expect(answer.text == "\(Self.length - 1)")
        for depth in 0..<Self.length { await journal.wait(for: "end \(depth)", count: round) }
      }
    }
    let ends = journal.entries.filter { $0.hasPrefix("end ") || $0.hasPrefix("task ") }
    let once = (1...3).map { "task \($0)" } + (0..<Self.length).reversed().map { "end \($0)" }
    #expect(ends == once + once + once)
  }

  @Test func aRequestThatBeginsInsideTheEndOfAnotherIsServedLikeIt() async throws {
    let journal = journal
    try await withGateway(Self.chain(["async", "inside"])) { links(&$0, completesInside: true, journal) } body: { client in
      let (first, second) = (ManualStream(client), ManualStream(client))
      try await first.on { stream in
        stream.onEnd = { try? second.startNow("GET /") }
        try stream.startNow("GET /")
      }
      try await first.waitForEnd()
      try await second.waitForEnd()
      #expect(try await second.on { $0.body } == "\(Self.length - 1)")
      for depth in 0..<Self.length { await journal.wait(for: "end \(depth)", count: 2) }
    }
    #expect(journal.entries.filter { $0.hasPrefix("end ") }.count == 2 * Self.length)
  }
}
