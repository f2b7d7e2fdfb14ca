import Foundation
import GatewayPlugin
import GatewayTesting
import Testing

/// The client leaves, or time runs out, in each phase of an exchange. Whatever happens: at most one answer, every value
/// torn down and given back once, and the exchange given back in the end.
@Suite(.timeLimit(.minutes(5)))
struct EndingTests {
  private let journal = Journal()

  /// b (request) ← c (handler); whatever is named in `slow` waits for "go".
  private func withSlow(_ slow: String, _ body: (ManualStream) async throws -> Void) async throws {
    try await withSlow(slow, endsAtOnce: true, body)
  }

  private func withSlow(
    _ slow: String, endsAtOnce: Bool, _ body: (ManualStream) async throws -> Void
  ) async throws {
    let configuration = """
      dependencies:
        b: { provider: p.b }
        c: { provider: p.c }
      routes:
        - { match: GET /use, handler: p.use }
        - { match: POST /use, handler: p.use }
      """
    let journal = journal
    @Sendable func pause(_ name: String) async {
      guard name == slow else { return }
      journal.note("in \(name)")
      // Does not heed cancellation, so that everything ends late.
      await journal.wait(for: "go")
      if Task.isCancelled { journal.note("\(name) is cancelled") }
    }
    try await withGateway(configuration) { plugin in
      let b = Dependency<Tracked>("b")
      let c = Dependency<Tracked>("c")
      plugin.provider("b", scope: .request) { _ in
        await pause("make b")
        return Tracked("b", journal)
      } teardown: { _, outcome in
        await pause("end b")
        journal.note("end b \(outcome)")
      }
      plugin.provider("c", scope: .handler, needs: b) { _, _ in
        await pause("make c")
        return Tracked("c", journal)
      } teardown: { _, outcome in
        await pause("end c")
        journal.note("end c \(outcome)")
      }
      plugin.handler("use", needs: b, c) { _, _, _ in
        await pause("use")
        return .text("used")
      }
    } body: { client in
      let stream = ManualStream(client, endsAtOnce: endsAtOnce)
      try await body(stream)
      await journal.wait(for: "done")
      // The gateway serves on, with the same exchange and slot.
      if slow != "none" { journal.note("go") }
      #expect(try await client.get("/use").text == "used")
    }
    for name in ["b", "c"] { #expect(journal.count("made \(name)") == journal.count("freed \(name)")) }
  }

  // MARK: time runs out

  @Test func aBodyThatDoesNotComeIs408() async throws {
    try await withSlow("none") { stream in
      try await stream.start("POST /use", headers: ["content-length: 5"])
      try await stream.tick()
      #expect(try await stream.on { $0.events.last } == "408")
      #expect(try await stream.on { $0.events.contains("closes") })
      #expect(try await stream.active() == 0)
      journal.note("done")
    }
    #expect(journal.count("made b") == 1)
  }

  @Test(arguments: ["make b", "make c", "use"])
  func aPluginThatTakesTooLongIs504AndCancelled(slow: String) async throws {
    try await withSlow(slow) { stream in
      try await stream.start("GET /use")
      await journal.wait(for: "in \(slow)")
      try await stream.tick()
      #expect(try await stream.on { $0.events } == ["504"])
      #expect(try await stream.on { $0.body } == #"{"detail":"Gateway Timeout"}"#)
      // Its values are still in use.
      #expect(!journal.entries.contains { $0.hasPrefix("end ") })
      #expect(try await stream.active() == 1)
      try await stream.tick()
      journal.note("go")
      await journal.wait(for: "end b cancelled")
      await journal.wait(for: "freed b")
      #expect(try await stream.active() == 0)
      #expect(try await stream.on { $0.events } == ["504"])
      journal.note("done")
    }
    #expect(journal.count("\(slow) is cancelled") == 1)
    #expect(journal.count("end c cancelled") == (slow == "make b" ? 0 : 1))
  }

  @Test func aCommitThatTakesTooLongIs504() async throws {
    try await withSlow("end c") { stream in
      try await stream.start("GET /use")
      await journal.wait(for: "in end c")
      #expect(try await stream.on { $0.events.isEmpty })
      try await stream.tick()
      #expect(try await stream.on { $0.events } == ["504"])
      journal.note("go")
      await journal.wait(for: "freed b")
      #expect(journal.count("end b cancelled") == 1)
      journal.note("done")
    }
  }

  @Test func timeThatRunsOutWhileSendingIsAVisibleAbort() async throws {
    try await withSlow("none", endsAtOnce: false) { stream in
      try await stream.start("GET /use")
      try await stream.waitForAnswer()
      try await stream.tick()
      #expect(try await stream.on { $0.events } == ["200", "abort"])
      await journal.wait(for: "end b cancelled")
      journal.note("done")
    }
    #expect(journal.count("end c succeeded") == 2)
  }

  @Test func ticksAfterTheAnswerChangeNothing() async throws {
    try await withSlow("end b") { stream in
      try await stream.start("GET /use")
      await journal.wait(for: "in end b")
      try await stream.tick()
      #expect(try await stream.on { $0.events } == ["200"])
      journal.note("go")
      await journal.wait(for: "end b succeeded")
      journal.note("done")
    }
  }

  // MARK: the client leaves

  @Test func aClientThatLeavesBeforeItsBodyLeavesNothing() async throws {
    try await withSlow("none") { stream in
      try await stream.start("POST /use", headers: ["content-length: 5"])
      try await stream.leave()
      #expect(try await stream.active() == 0)
      journal.note("done")
    }
    #expect(journal.count("made b") == 1)
  }

  @Test(arguments: ["make b", "make c", "use"])
  func aClientThatLeavesCancelsThePlugin(slow: String) async throws {
    try await withSlow(slow) { stream in
      try await stream.start("GET /use")
      await journal.wait(for: "in \(slow)")
      try await stream.leave()
      #expect(try await stream.active() == 1)
      journal.note("go")
      await journal.wait(for: "freed b")
      #expect(try await stream.active() == 0)
      journal.note("done")
    }
    #expect(journal.count("\(slow) is cancelled") == 1)
    #expect(journal.count("end b cancelled") == 1)
    #expect(journal.count("end c cancelled") == (slow == "make b" ? 0 : 1))
  }

  @Test func aCommitIsNotCutShortWhenTheClientLeaves() async throws {
    try await withSlow("end c") { stream in
      try await stream.start("GET /use")
      await journal.wait(for: "in end c")
      try await stream.leave()
      journal.note("go")
      await journal.wait(for: "freed b")
      #expect(try await stream.on { $0.events } == ["gone"])
      journal.note("done")
    }
    #expect(journal.count("end c is cancelled") == 0)
    #expect(journal.count("end c succeeded") == 2)
    #expect(journal.count("end b cancelled") == 1)
  }

  @Test func aClientThatLeavesWhileItsAnswerIsSentCancelsWhatIsLeft() async throws {
    try await withSlow("none", endsAtOnce: false) { stream in
      try await stream.start("GET /use")
      try await stream.waitForAnswer()
      try await stream.leave()
      await journal.wait(for: "end b cancelled")
      journal.note("done")
    }
    #expect(journal.count("end c succeeded") == 2)
  }

  // MARK: both

  @Test func aClientThatLeavesAfterIts504ChangesNothing() async throws {
    try await withSlow("use", endsAtOnce: false) { stream in
      try await stream.start("GET /use")
      await journal.wait(for: "in use")
      try await stream.tick()
      try await stream.leave()
      #expect(try await stream.active() == 1)
      journal.note("go")
      await journal.wait(for: "freed b")
      #expect(try await stream.active() == 0)
      journal.note("done")
    }
    #expect(journal.count("end b cancelled") == 1)
  }

  @Test func aBlockingHandlerThatIsTooLateIsNotHeard() async throws {
    let journal = journal
    let gate = DispatchSemaphore(value: 0)
    try await withGateway("routes: [{ match: GET /, handler: p.slow }, { match: GET /ok, handler: p.ok }]") { plugin in
      plugin.blockingHandler("slow") { _ in
        journal.note("in slow")
        gate.wait()
        return .text("late")
      }
      plugin.inlineHandler("ok") { _ in .text("ok") }
    } body: { client in
      let stream = ManualStream(client)
      try await stream.start("GET /")
      await journal.wait(for: "in slow")
      try await stream.tick()
      #expect(try await client.get("/ok").text == "ok")
      gate.signal()
      #expect(try await client.get("/ok").text == "ok")
      #expect(try await stream.on { $0.events } == ["504"])
    }
  }

  // MARK: the log

  @Test func everyExchangeHasOneLogLineAsSoonAsItsStreamEnds() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).log").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let configuration = """
      policies: { log: [access_log: { format: json, path: "\(file)" }] }
      use: [log]
      routes: [{ match: "GET /{name}", handler: p.use }]
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      plugin.handler("use") { request in
        if request.text("name") == "fast" { return .noContent }
        journal.note("in use")
        await journal.wait(for: "go")
        return .noContent
      }
    } body: { client in
      #expect(try await client.get("/fast?q=1").status == 204)
      let late = ManualStream(client)
      try await late.start("GET /late?q=2")
      let left = ManualStream(client)
      try await left.start("GET /left?q=3")
      await journal.wait(for: "in use", count: 2)
      try await late.tick()
      try await left.leave()
      // A target that is refused must not be logged with what another request asked.
      #expect(try await client.get("/%zz?q=4").status == 400)
      #expect(try await client.get("/fast").status == 204)
      journal.note("go")
    }
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[0].contains("204") && lines[0].contains("q=1"))
    #expect(lines[1].contains("504") && lines[1].contains("plugin_timeout"))
    #expect(lines[2].contains("499") && lines[2].contains("client_abort"))
    #expect(lines[3].contains("400") && !lines[3].contains("q=3"))
    #expect(lines[4].contains("204"))
  }
}
