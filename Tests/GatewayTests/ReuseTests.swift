import GatewayPlugin
import GatewayTesting
import Testing

/// Exchanges and call slots are used again; nothing of the last request reaches the next one.
@Suite(.timeLimit(.minutes(5)))
struct ReuseTests {
  private let journal = Journal()

  private func withHandlers(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      dependencies:
        a: { provider: p.a }
        b: { provider: p.b }
      routes:
        - { match: "GET /inline/{name}", handler: p.inline }
        - { match: "GET /async/{name}", handler: p.async }
        - { match: "GET /fails/{name}", handler: p.fails }
        - { match: GET /hold, handler: p.hold }
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      let a = Dependency<Tracked>("a")
      let b = Dependency<Tracked>("b")
      plugin.inlineProvider("a", scope: .request) { _ in
        Tracked("a", journal)
      } teardown: { _, outcome in
        journal.note("end a \(outcome)")
      }
      plugin.provider("b", scope: .handler, needs: a) { _, _ in
        Tracked("b", journal)
      } teardown: { _, outcome in
        journal.note("end b \(outcome)")
      }
      plugin.inlineHandler("inline", needs: a, b) { request, _, _ in .text(request.text("name") ?? "") }
      plugin.handler("async", needs: a, b) { request, _, _ in
        let name = request.text("name") ?? ""
        await Task.yield()
        return .text(name)
      }
      plugin.inlineHandler("fails", needs: a, b) { _, _, _ in throw Unexpected() }
      plugin.handler("hold") { _ in
        journal.note("held")
        await journal.wait(for: "go")
        return .noContent
      }
    } body: {
      try await body($0)
    }
  }

  @Test(arguments: ["inline", "async", "fails"], ["inline", "async", "fails"])
  func aRequestMayBeginInsideTheEndOfTheLast(first: String, next: String) async throws {
    try await withHandlers { client in
      // A chain of five, each begun where the last one ends.
      let streams = (0..<5).map { _ in ManualStream(client) }
      let lines = (0..<5).map { "GET /\($0.isMultiple(of: 2) ? first : next)/n\($0)" }
      for index in 0..<4 {
        try await streams[index].on { stream in
          stream.onEnd = { try? streams[index + 1].startNow(lines[index + 1]) }
        }
      }
      try await streams[0].start(lines[0])
      try await streams[4].waitForEnd()
      for (index, stream) in streams.enumerated() {
        let fails = (index.isMultiple(of: 2) ? first : next) == "fails"
        let (events, body) = try await stream.on { ($0.events, $0.body) }
        #expect(events == [fails ? "500" : "200"])
        #expect(body == (fails ? #"{"detail":"Internal Server Error"}"# : "n\(index)"))
      }
      await journal.wait(for: "freed a", count: 5)
      #expect(try await streams[0].active() == 0)
    }
    for entry in ["made a", "made b", "freed a", "freed b"] { #expect(journal.count(entry) == 5) }
  }

  @Test func burstsDoNotLoseSlots() async throws {
    try await withHandlers { client in
      var spare: [Int] = []
      // More than a loop keeps exchanges for.
      for burst in 1...3 {
        let streams = (0..<1100).map { _ in ManualStream(client) }
        for stream in streams { try await stream.start("GET /hold") }
        await journal.wait(for: "held", count: burst == 1 ? 1100 : 1)
        journal.note("go")
        for stream in streams { try await stream.waitForEnd() }
        #expect(try await streams[0].active() == 0)
        spare.append(try await spareSlots(client))
      }
      #expect(spare[0] > 0)
      #expect(spare.allSatisfy { $0 <= spare[0] })
    }
  }
}
