import Foundation
import GatewayPlugin
import Testing

/// Where handlers run, and what happens when there is no room.
@Suite(.timeLimit(.minutes(5)))
struct ThreadTests {
  private let journal = Journal()

  @Test func anAsyncHandlerStaysOnItsLoop() async throws {
    let configuration = "routes: [{ match: GET /, handler: p.where }]"
    try await withGateway(configuration) { plugin in
      plugin.handler("where") { _ in
        var threads = [thread()]
        await Task.yield()
        threads.append(thread())
        await Elsewhere().visit()
        threads.append(thread())
        await withCheckedContinuation { wake in DispatchQueue.global().async { wake.resume() } }
        threads.append(thread())
        return .text(threads.map(String.init).joined(separator: " "))
      }
    } body: { client in
      let loop = try await loopThread(client)
      let expected = Array(repeating: String(loop), count: 4).joined(separator: " ")
      #expect(try await client.get("/").text == expected)
    }
  }

  @Test func inlineRunsOnTheLoopAndBlockingDoesNot() async throws {
    let configuration = """
      routes:
        - { match: GET /inline, handler: p.inline }
        - { match: GET /blocking, handler: p.blocking }
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineHandler("inline") { _ in .text("\(thread())") }
      plugin.blockingHandler("blocking") { _ in .text("\(thread())") }
    } body: { client in
      let loop = try await loopThread(client)
      #expect(try await client.get("/inline").text == "\(loop)")
      #expect(try await client.get("/blocking").text != "\(loop)")
    }
  }

  @Test func aFullPoolAnswers503ButTearsDown() async throws {
    let configuration = """
      dependencies:
        value: { provider: p.value }
      routes:
        - { match: GET /hold, handler: p.hold }
        - { match: GET /use, handler: p.use }
      """
    let journal = journal
    let gate = DispatchSemaphore(value: 0)
    try await withGateway(configuration) { plugin in
      plugin.blockingHandler("hold") { _ in
        journal.note("held")
        gate.wait()
        return .noContent
      }
      plugin.blockingProvider("value", scope: .handler) { _ in
        Tracked("value", journal)
      } teardown: { _, outcome in
        journal.note("end value \(outcome)")
      }
      plugin.handler("use", needs: Dependency<Tracked>("value")) { _, _ in
        journal.note("using")
        await journal.wait(for: "go")
        return .text("used")
      }
    } body: { client in
      let using = ManualStream(client)
      try await using.start("GET /use")
      await journal.wait(for: "using")
      // As many as the pool of a test gateway takes: four that run, 256 that wait.
      let holding = (0..<260).map { _ in ManualStream(client) }
      for stream in holding { try await stream.start("GET /hold") }
      await journal.wait(for: "held", count: 4)
      let refused = try await client.get("/hold")
      #expect(refused.status == 503)
      #expect(refused.header("retry-after") == "1")
      journal.note("go")
      for _ in holding { gate.signal() }
      try await using.waitForEnd()
      #expect(try await using.on { $0.events } == ["200"])
      for stream in holding { try await stream.waitForEnd() }
    }
    #expect(journal.count("end value succeeded") == 1)
    #expect(journal.count("freed value") == 1)
  }

  @Test func blockingHandlersThatWaitForEachOtherAreNoDeadlock() async throws {
    let gate = DispatchSemaphore(value: 0)
    let configuration = """
      dependencies:
        value: { provider: p.value }
      routes:
        - { match: GET /wait, handler: p.wait }
        - { match: GET /wake, handler: p.wake, needs: { value: value } }
      """
    try await withGateway(configuration) { plugin in
      plugin.blockingHandler("wait") { _ in
        gate.wait()
        return .text("woken")
      }
      // Its dependency, itself and its teardown need a thread, one after the other.
      plugin.blockingProvider("value", scope: .handler) { _ in 4 } teardown: { _, _ in }
      plugin.blockingHandler("wake", needs: Dependency<Int>("value")) { _, count in
        for _ in 0..<count { gate.signal() }
        return .text("woke")
      }
    } body: { client in
      // All four threads of a test gateway are held.
      let waiting = (0..<4).map { _ in ManualStream(client) }
      for stream in waiting { try await stream.start("GET /wait") }
      let answer = try await client.get("/wake")
      #expect(answer.text == "woke")
      for stream in waiting { try await stream.waitForEnd() }
    }
  }
}

private actor Elsewhere {
  func visit() {}
}
