import Foundation
@testable import GatewayPlugin
@testable import GatewayPluginHost
import Synchronization
import Testing

@testable import Gateway
@testable import GatewayTesting

/// Functions that hold an event loop are named. They hold it until the watchdog has seen them, so no time is guessed.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct WatchdogTests {
  /// Holds of one test's loop, and the wish to go on.
  private final class Watch: Sendable {
    private let holds = Mutex<[LoopHold]>([])
    private let journal = Journal()
    /// What functions under test wait for, on the loop.
    let found = DispatchSemaphore(value: 0)

    func take(_ hold: LoopHold) {
      holds.withLock { $0.append(hold) }
      journal.note(hold.isOver ? "over" : "held")
      if !hold.isOver { found.signal() }
    }

    func wait(for entry: String, count: Int = 1) async { await journal.wait(for: entry, count: count) }
    var all: [LoopHold] { holds.withLock { $0 } }
  }

  private func watched(
    _ configuration: String, stack: Bool = true, plugin declare: (inout Plugin, Watch) -> Void,
    body: (TestClient, Watch) async throws -> Void
  ) async throws {
    let watch = Watch()
    try await withGateway(configuration) { plugin in
      declare(&plugin, watch)
    } body: { client in
      let loop = client.loop
      let index = try await loop.submit { LoopRegistry.shared.current ?? 0 }.get()
      try Watchdog.shared.watch(index, .init(threshold: .milliseconds(20), wantsStack: stack)) { watch.take($0) }
      do { try await body(client, watch) } catch {
        Watchdog.shared.unwatch(index)
        throw error
      }
      Watchdog.shared.unwatch(index)
    }
  }

  @Test func anAsyncHandlerThatBlocksIsNamedWithRouteRequestAndStack() async throws {
    let configuration = """
      routes: [{ match: GET /slow, name: slowRoute, handler: p.slow, use: [{ request_id: { header: x-request-id } }] }]
      """
    let before = Watchdog.holds.load(ordering: .relaxed)
    try await watched(configuration) { plugin, watch in
      plugin.handler("slow") { _ in
        blockHere(watch.found)
        return .text("done")
      }
    } body: { client, watch in
      let answer = try await client.get("/slow")
      #expect(answer.text == "done")
      await watch.wait(for: "over")
      let hold = try #require(watch.all.first)
      #expect(hold.function == "p.slow")
      #expect(hold.plugin == "p")
      #expect(hold.route == "slowRoute")
      #expect(hold.requestID == answer.header("x-request-id"))
      #expect(hold.nanoseconds >= 20_000_000)
      #expect(hold.stack.contains { $0.contains("blockHere") })
      let over = try #require(watch.all.last)
      #expect(over.isOver)
      #expect(over.function == "p.slow")
      #expect(over.nanoseconds >= hold.nanoseconds)
      #expect(watch.all.count == 2)
    }
    #expect(Watchdog.holds.load(ordering: .relaxed) > before)
  }

  @Test func aRequestWithoutIdGetsOneWhenItsHandlerIsFound() async throws {
    try await watched("routes: [{ match: GET /slow, handler: p.slow }]") { plugin, watch in
      plugin.inlineHandler("slow") { _ in
        watch.found.wait()
        return .text("done")
      }
    } body: { client, watch in
      _ = try await client.get("/slow")
      await watch.wait(for: "over")
      #expect(watch.all.map { $0.requestID.isEmpty } == [true, false])
      #expect(watch.all.first?.function == "p.slow")
      #expect(watch.all.first?.route == "/slow")
    }
  }

  @Test func aHandlerThatBlocksAfterItAwaitedIsStillTheOneThatIsNamed() async throws {
    let configuration = """
      routes:
        - { match: GET /slow, handler: p.slow, use: [{ request_id: { header: x-request-id } }] }
        - { match: GET /other, handler: p.other }
      """
    try await watched(configuration) { plugin, watch in
      plugin.handler("slow") { _ in
        await Elsewhere().visit()
        watch.found.wait()
        return .text("done")
      }
      plugin.handler("other") { _ in
        await Elsewhere().visit()
        return .text("other")
      }
    } body: { client, watch in
      async let other = client.get("/other")
      let answer = try await client.get("/slow")
      _ = try await other
      await watch.wait(for: "over")
      #expect(watch.all.map(\.function) == ["p.slow", "p.slow"])
      #expect(watch.all.first?.requestID == answer.header("x-request-id"))
    }
  }

  @Test func aChildTaskThatBlocksNamesItsLibrary() async throws {
    try await watched("routes: [{ match: GET /slow, handler: p.slow }]") { plugin, watch in
      plugin.handler("slow") { _ in
        await withTaskGroup(of: Void.self) { group in group.addTask { watch.found.wait() } }
        return .text("done")
      }
    } body: { client, watch in
      _ = try await client.get("/slow")
      await watch.wait(for: "over")
      #expect(watch.all.first?.function.hasPrefix("a task of ") == true)
    }
  }

  @Test func aBackgroundTaskIsNamedByWhatLeftItWhateverItsLabel() async throws {
    try await watched("routes: [{ match: GET /use, handler: p.use }]") { plugin, watch in
      plugin.handler("use") { request in
        try request.background().add("receipt \(UInt64.random(in: 0...(.max)))") { watch.found.wait() }
        return .noContent
      }
    } body: { client, watch in
      _ = try await client.get("/use")
      await watch.wait(for: "over")
      #expect(watch.all.first?.function == "p.use")
    }
  }

  @Test func providersTeardownsAndReleasesAreNamedToo() async throws {
    let configuration = """
      dependencies:
        value: { provider: p.value }
        refusing: { provider: p.refusing, needs: { value: value } }
      routes: [{ match: GET /use, handler: p.use, needs: { value: refusing } }]
      """
    try await watched(configuration) { plugin, watch in
      plugin.provider("value", scope: .handler) { _ in
        watch.found.wait()
        return Closing(watch.found)
      } teardown: { _, _ in
        watch.found.wait()
      }
      // So that nobody but the gateway has the value in the end.
      plugin.provider("refusing", scope: .handler, needs: Dependency<Closing>("value")) { _, _ -> Int in throw HTTPError(409) }
      plugin.handler("use", needs: Dependency<Int>("value")) { _, _ in .text("used") }
    } body: { client, watch in
      let answer = try await client.get("/use")
      #expect(answer.status == 409)
      await watch.wait(for: "over", count: 3)
      #expect(watch.all.filter { !$0.isOver }.map(\.function) == ["p.value", "p.value.teardown", "p.value"])
    }
  }

  @Test func aHandlerThatGoesOnBehindItsAnswerIsNotMistakenForWhatFollows() async throws {
    let configuration = """
      dependencies:
        value: { provider: p.value }
      routes: [{ match: GET /slow, handler: p.slow, needs: { value: value } }]
      """
    try await watched(configuration) { plugin, watch in
      plugin.provider("value", scope: .handler) { _ in 1 } teardown: { _, _ in }
      plugin.handlers.append(
        HandlerDeclaration(
          name: "slow", needs: [Dependency<Int>("value").declaration],
          work: .inline { _, completion in
            // The answer, with its teardowns, runs inside of this; the slot is free for others after it.
            completion.respond(.text("done"))
            watch.found.wait()
            return nil
          }))
    } body: { client, watch in
      let answer = try await client.get("/slow")
      #expect(answer.text == "done")
      await watch.wait(for: "over")
      #expect(watch.all.first?.function == "p.slow")
    }
  }

  @Test func withoutStacksTheFunctionIsNamedAllTheSame() async throws {
    try await watched("routes: [{ match: GET /slow, handler: p.slow }]", stack: false) { plugin, watch in
      plugin.handler("slow") { _ in
        watch.found.wait()
        return .text("done")
      }
    } body: { client, watch in
      _ = try await client.get("/slow")
      #expect(watch.all.first?.function == "p.slow")
      #expect(watch.all.first?.stack == [])
    }
  }

  @Test func aBlockingHandlerHoldsNoLoop() async throws {
    try await watched("routes: [{ match: GET /slow, handler: p.slow }, { match: GET /hold, handler: p.hold }]") { plugin, watch in
      let gate = DispatchSemaphore(value: 0)
      plugin.blockingHandler("slow") { _ in
        gate.wait()
        return .text("done")
      }
      plugin.handler("hold") { _ in
        watch.found.wait()
        gate.signal()
        return .text("held")
      }
    } body: { client, watch in
      let slow = ManualStream(client)
      try await slow.start("GET /slow")
      _ = try await client.get("/hold")
      try await slow.waitForEnd()
      await watch.wait(for: "over")
      #expect(watch.all.map(\.function) == ["p.hold", "p.hold"])
    }
  }

  @Test func theHoldLimitOfATestFailsIt() async throws {
    let held = Watchdog.holds
    var plugin = Plugin("p", version: "1.0.0")
    plugin.handler("slow") { _ in
      let before = held.load(ordering: .relaxed)
      while held.load(ordering: .relaxed) == before { usleep(1000) }
      return .text("done")
    }
    plugin.handler("quick") { _ in .text("done") }
    let text = """
      version: 1
      plugins: { p: { library: P } }
      routes: [{ match: GET /slow, handler: p.slow }, { match: GET /quick, handler: p.quick }]
      """
    let error = await #expect(throws: TestGatewayError.self) {
      try await TestGateway.run(text: text, plugins: ["p": plugin], holdLimit: .milliseconds(20)) { client in
        let answer = try await client.get("/slow")
      #expect(answer.text == "done")
      }
    }
    #expect(error?.text.hasPrefix("p.slow (route /slow) held an event loop for ") == true)
    #expect(error?.text.contains("declare the function blocking") == true)
    try await TestGateway.run(text: text, plugins: ["p": plugin], holdLimit: .seconds(60)) { client in
      let answer = try await client.get("/quick")
      #expect(answer.text == "done")
    }
  }

  @Test func theLogHasTheFactsAndTheRemedy() throws {
    let log = TestLog()
    var hold = LoopHold(
      loop: 3, function: "shop.list", route: "/books", requestID: "r-1", nanoseconds: 250_000_000,
      processorNanoseconds: 0, stack: ["usleep (libc.so.6)", "list (libShop.so)"], isOver: false)
    log.logger.log(hold)
    hold.isOver = true
    hold.nanoseconds = 900_000_000
    hold.processorNanoseconds = 2_000_000
    log.logger.log(hold)
    let held = try #require(log.lines("event loop is held by a plugin").first)
    #expect(
      held.facts == [
        "plugin": "shop", "function": "shop.list", "route": "/books", "request_id": "r-1", "held_ms": "250", "loop": "3",
        "stack": "usleep (libc.so.6) < list (libShop.so)", "remedy": LoopHold.remedy,
      ])
    let over = try #require(log.lines("event loop is free again").first)
    #expect(
      over.facts == [
        "plugin": "shop", "function": "shop.list", "route": "/books", "request_id": "r-1", "held_ms": "900", "cpu_ms": "2",
        "loop": "3",
      ])
  }
}

private actor Elsewhere {
  func visit() {}
}

/// Closes something slow when it goes.
private final class Closing: Sendable {
  private let found: DispatchSemaphore
  init(_ found: DispatchSemaphore) { self.found = found }
  deinit { found.wait() }
}

/// A name to look for in a stack.
@inline(never)
public func blockHere(_ found: DispatchSemaphore) { found.wait() }
