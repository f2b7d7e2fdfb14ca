import Foundation
import GatewayPlugin
import Testing

@testable import GatewayPlugin
@testable import GatewayTesting

/// Answers in parts: in order, as fast as the client takes them and no faster, and visibly broken off where they fail.
@Suite(.timeLimit(.minutes(5)))
struct StreamTests {
  private let journal = Journal()
  private let log = TestLog()

  /// Handlers that stream; `unit` is of handler scope and fails to end where the path says so.
  private func withStreams(
    timeout: String = "1m", _ body: (TestClient) async throws -> Void
  ) async throws {
    let configuration = """
      server: { timeouts: { exchange: \(timeout) } }
      dependencies:
        unit: { provider: p.unit }
        outer: { provider: p.outer }
      routes:
        - { match: GET /steps, handler: p.steps }
        - { match: GET /endless, handler: p.endless, needs: { unit: unit, outer: outer } }
        - { match: GET /sleeping, handler: p.sleeping, needs: { unit: unit, outer: outer } }
        - { match: GET /fails, handler: p.fails, needs: { unit: unit, outer: outer } }
        - { match: GET /commit, handler: p.commit, needs: { unit: unit, outer: outer } }
        - { match: GET /lines, handler: p.lines }
        - { match: GET /events, handler: p.events }
        - { match: GET /blocking, handler: p.blocking }
        - { match: GET /threads, handler: p.threads }
        - { match: GET /twice, handler: p.twice }
        - { match: GET /empty, handler: p.empty }
        - { match: GET /status, handler: p.status }
        - { match: GET /plain, handler: p.plain }
      """
    let journal = journal
    try await withGateway(configuration, log: log) { plugin in
      let unit = Dependency<Tracked>("unit")
      let outer = Dependency<Tracked>("outer")
      plugin.provider("unit", scope: .handler) { provision in
        Tracked(try provision.withRequest { $0.path }, journal)
      } teardown: { unit, outcome in
        journal.note("unit \(outcome)")
        if unit.name == "/commit" { throw Unexpected() }
      }
      plugin.provider("outer", scope: .request) { _ in Tracked("outer", journal) } teardown: { _, outcome in
        journal.note("outer \(outcome)")
      }
      plugin.handler("steps") { _ in
        .stream(status: 203, contentType: "text/csv", headers: ["x-a": "b"]) { writer in
          try await writer.write("one,")
          journal.note("first")
          await journal.wait(for: "go")
          try await writer.write([UInt8]())
          try await writer.write(Array("two".utf8))
        }
      }
      plugin.handler("endless", needs: unit, outer) { _, _, _ in
        .stream { writer in
          do {
            let part = [UInt8](repeating: 0x61, count: 10_000)
            while true {
              try await writer.write(part)
              journal.note("written")
            }
          } catch {
            journal.note("ended by \(type(of: error))")
            throw error
          }
        }
      }
      plugin.handler("sleeping", needs: unit, outer) { _, _, _ in
        .stream { _ in try await Task.sleep(for: .seconds(3600)) }
      }
      plugin.handler("fails", needs: unit, outer) { _, _, _ in
        .stream { writer in
          try await writer.write("half")
          throw Unexpected()
        }
      }
      plugin.handler("commit", needs: unit, outer) { _, _, _ in .stream { try await $0.write("whole") } }
      plugin.handler("lines") { _ in .jsonLines([1, 2, 3].map { Counted(count: $0) }) }
      plugin.handler("events") { _ in
        .events(keepAlive: .zero) { events in
          try await events.send(try ServerSentEvent(text: "a\nb", event: "tick", id: "1"))
          try await events.send(Counted(count: 7))
        }
      }
      plugin.blockingHandler("blocking") { _ in .stream { try await $0.write("never") } }
      plugin.handler("threads") { _ in
        .stream { writer in
          // From wherever the task happens to run, one after the other.
          try await Task.detached {
            for number in 0..<500 {
              try await writer.write("\(number),")
              if number % 7 == 0 { await Task.yield() }
            }
          }.value
          for number in 500..<600 { try await writer.write("\(number),") }
        }
      }
      plugin.handlers.append(
        HandlerDeclaration(
          name: "twice", needs: [],
          work: .async { _, completion in
            await completion.stream(Response(bytes: [])) { writer in
              try await writer.write("begun")
              completion.respond(.text("another"))
              try await writer.write("more")
            }
          }))
      plugin.handler("empty") { _ in .stream { _ in } }
      plugin.handler("status") { _ in .stream(status: 204) { try await $0.write("none may be") } }
      plugin.inlineHandler("plain") { _ in .text("plain") }
    } body: { try await body($0) }
  }

  private func served(_ client: TestClient) async throws {
    expect(try await client.get("/plain").text, "plain")
    #expect(try await client.active() == 0)
  }

  // MARK: parts

  @Test func partsArriveBeforeTheEnd() async throws {
    try await withStreams { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /steps")
      await journal.wait(for: "first")
      #expect(try await stream.on { $0.events } == ["head 203", "part"])
      let sent = try await stream.fieldLines()
      #expect(sent.contains("content-type: text/csv"), "\(sent)")
      #expect(sent.contains("x-a: b"), "\(sent)")
      journal.note("go")
      try await stream.waitForEnd()
      expect(try await stream.text(), "one,two")
      #expect(try await stream.on { $0.events } == ["head 203", "part", "part"])
      try await served(client)
    }
  }

  @Test func jsonLinesAreOneDocumentALine() async throws {
    try await withStreams { client async throws in
      let answer = try await client.get("/lines")
      expect(answer.text, "{\"count\":1}\n{\"count\":2}\n{\"count\":3}\n")
      #expect(answer.header("content-type") == "application/jsonl")
      #expect(answer.header("content-length") == nil)
    }
  }

  @Test func eventsAreWrittenAsTheStandardHasThem() async throws {
    try await withStreams { client async throws in
      let answer = try await client.get("/events")
      expect(answer.text, "event: tick\ndata: a\ndata: b\nid: 1\n\ndata: {\"count\":7}\n\n")
      #expect(answer.header("content-type") == "text/event-stream; charset=utf-8")
      #expect(answer.header("cache-control") == "no-cache")
    }
  }

  @Test func aStreamWithoutPartsIsAnAnswer() async throws {
    try await withStreams { client async throws in
      let answer = try await client.get("/empty")
      #expect(answer.status == 200)
      #expect(answer.body.isEmpty)
    }
  }

  @Test func partsFromOtherThreadsKeepTheirOrder() async throws {
    try await withStreams { client async throws in
      let wanted = (0..<600).map { "\($0)," }.joined()
      for _ in 0..<5 { expect(try await client.get("/threads").text, wanted) }
      try await served(client)
    }
  }

  // MARK: a slow client

  @Test func aSlowClientPausesTheWriter() async throws {
    try await withStreams { client async throws in
      let stream = ManualStream(client)
      try await stream.on { $0.takesBytes = 50_000 }
      try await stream.start("GET /endless")
      // Five parts, and then the writer hears that it has to wait.
      await stream.journal.wait(for: "part", count: 5)
      for _ in 0..<20 { try await served(client, busy: 1) }
      #expect(try await stream.on { $0.takenBytes } <= 60_000)
      #expect(journal.count("written") <= 6)
      let before = try await stream.on { $0.takenBytes }
      try await stream.takeMore(100_000)
      await stream.journal.wait(for: "part", count: before / 10_000 + 10)
      for _ in 0..<20 { try await served(client, busy: 1) }
      #expect(try await stream.on { $0.takenBytes } <= before + 110_000)
      try await stream.leave()
      await journal.wait(for: "freed outer")
      try await served(client)
    }
  }

  private func served(_ client: TestClient, busy: Int) async throws {
    expect(try await client.get("/plain").text, "plain")
    #expect(try await client.active() == busy)
  }

  // MARK: the client leaves

  @Test(arguments: [true, false])
  func aClientThatLeavesCancelsTheHandler(isWaiting: Bool) async throws {
    try await withStreams { client async throws in
      let stream = ManualStream(client)
      try await stream.on { $0.takesBytes = isWaiting ? 50_000 : 500_000 }
      try await stream.start("GET /endless")
      await stream.journal.wait(for: "part", count: 5)
      try await stream.leave()
      await journal.wait(for: "unit cancelled")
      await journal.wait(for: "outer cancelled")
      await journal.wait(for: "freed outer")
      #expect(journal.entries.contains { $0 == "ended by CancellationError" || $0 == "ended by ClientGone" })
      #expect(journal.count("unit cancelled") == 1)
      #expect(journal.count("outer cancelled") == 1)
      // What the handler held goes when its body has returned, which is after its completion.
      await journal.wait(for: "freed /endless")
      #expect(journal.count("freed /endless") == 1)
      try await served(client)
    }
  }

  // MARK: what fails behind the head

  @Test func anErrorInTheMiddleBreaksTheAnswerOff() async throws {
    try await withStreams { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /fails")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events } == ["head 200", "part", "abort"])
      await journal.wait(for: "freed outer")
      #expect(journal.entries.contains("unit failed"))
      #expect(journal.entries.contains("outer failed"))
      await #expect(throws: TestGatewayError.self) { try await client.get("/fails") }
      try await served(client)
    }
    #expect(log.lines("plugin failed").count == 2)
    #expect(log.lines("plugin failed").first?.facts["error"] == "the password is swordfish")
  }

  @Test func aTeardownThatFailsBehindTheLastPartBreaksTheAnswerOff() async throws {
    try await withStreams { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /commit")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events } == ["head 200", "part", "abort"])
      await journal.wait(for: "freed outer")
      #expect(journal.entries.contains("unit succeeded"))
      #expect(journal.entries.contains("outer failed"))
      try await served(client)
    }
    #expect(log.lines("plugin failed").count == 1)
  }

  @Test func aSecondAnswerBehindTheFirstIsAFault() async throws {
    try await withStreams { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /twice")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events.last } == "abort")
      #expect(try await !stream.text().contains("another"))
      try await served(client)
    }
    #expect(log.lines("plugin failed").first?.facts["handler"] == "p.twice")
  }

  @Test func aBlockingHandlerCannotStreamAndIsTold() async throws {
    try await withStreams { client async throws in
      #expect(try await client.get("/blocking").status == 500)
      try await served(client)
    }
    #expect(log.lines("plugin failed").first?.facts["error"]?.contains("needs an async handler") == true)
  }

  @Test func aStatusWithoutABodyCannotBeStreamed() async throws {
    try await withStreams { client async throws in
      #expect(try await client.get("/status").status == 500)
      try await served(client)
    }
    #expect(log.lines("plugin failed").first?.facts["error"]?.contains("204") == true)
  }

  // MARK: HEAD, and time

  @Test func headOfAStreamIsTheHeadAlone() async throws {
    try await withStreams { client async throws in
      let answer = try await client.ask("HEAD /lines")
      #expect(answer.status == 200)
      #expect(answer.header("content-type") == "application/jsonl")
      #expect(answer.body.isEmpty)
      try await served(client)
    }
  }

  @Test func headOfAnEndlessStreamEnds() async throws {
    try await withStreams { client async throws in
      let answer = try await client.ask("HEAD /endless")
      #expect(answer.status == 200)
      #expect(answer.body.isEmpty)
      await journal.wait(for: "freed outer")
      try await served(client)
    }
  }

  @Test func headOfAStreamThatOnlyWaitsIsCancelled() async throws {
    try await withStreams { client async throws in
      #expect(try await client.ask("HEAD /sleeping").status == 200)
      // Cancelled although it was given up before its task was known.
      await journal.wait(for: "freed outer")
      try await served(client)
    }
  }

  @Test func silenceForTheWholeTimeoutBreaksTheAnswerOff() async throws {
    try await withStreams { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /steps")
      await journal.wait(for: "first")
      try await stream.tick()
      #expect(try await stream.on { $0.events } == ["head 203", "part", "abort"])
      journal.note("go")
      _ = try await log.line("handler given up, its memory is kept until it completes")
      try await stream.waitForEnd()
      while try await stream.active() > 0 { expect(try await client.get("/plain").text, "plain") }
    }
  }

  @Test func theTimeoutCountsFromTheLastPart() async throws {
    try await withStreams(timeout: "90m") { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /steps")
      await journal.wait(for: "first")
      // An hour later nothing is over; the deadline stands ninety minutes behind the last part.
      try await stream.tick()
      #expect(try await stream.on { $0.events } == ["head 203", "part"])
      journal.note("go")
      try await stream.waitForEnd()
      expect(try await stream.text(), "one,two")
    }
  }
}
