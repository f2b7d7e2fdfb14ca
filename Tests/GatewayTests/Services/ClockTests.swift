import GatewayPlugin
import GatewayTesting
import Testing

/// The clock that plugins go by, and the hand that moves it in tests.
@Suite(.timeLimit(.minutes(5)))
struct ClockTests {
  private let journal = Journal()

  @Test func aSleepEndsOnItsLoopWhenItsTimeHasCome() async throws {
    try await serving("routes: [{ match: GET /, handler: p.nap }]", clock: .manual) { plugin in
      plugin.handler("nap") { request in
        let clock = request.clock
        let began = clock.now
        let before = thread()
        try await clock.sleep(for: .seconds(5))
        return .text("\(began.duration(to: clock.now).components.seconds) \(thread() == before)")
      }
    } body: { client in
      async let answer = client.get("/")
      try await client.gateway.clock.waitForTimers()
      try await client.gateway.clock.advance(by: .seconds(4))
      #expect(try await client.gateway.clock.pendingTimers == 1)
      try await client.gateway.clock.advance(by: .seconds(1))
      #expect(try await answer.text == "5 true")
    }
  }

  @Test func sleepsFollowEachOtherWithinOneAdvance() async throws {
    try await serving("routes: [{ match: GET /, handler: p.naps }]", clock: .manual) { plugin in
      plugin.handler("naps") { request in
        let clock = request.clock
        let began = clock.now
        for _ in 1...10 { try await clock.sleep(for: .seconds(1)) }
        return .text("\(began.duration(to: clock.now).components.seconds)")
      }
    } body: { client in
      async let answer = client.get("/")
      try await client.gateway.clock.waitForTimers()
      try await client.gateway.clock.advance(by: .seconds(10))
      #expect(try await answer.text == "10")
    }
  }

  @Test func aRoutesTimeoutFollowsTheHandAndCancelsTheSleep() async throws {
    let journal = journal
    try await serving(
      "routes: [{ match: GET /, handler: p.nap, limits: { timeout: 30s } }]", clock: .manual
    ) { plugin in
      plugin.handler("nap") { request in
        do { try await request.clock.sleep(for: .seconds(3600)) } catch is CancellationError { journal.note("cancelled") }
        return .noContent
      }
    } body: { client in
      async let answer = client.get("/")
      try await client.gateway.clock.waitForTimers()
      try await client.gateway.clock.advance(by: .seconds(29))
      #expect(journal.entries.isEmpty)
      try await client.gateway.clock.advance(by: .seconds(1))
      #expect(try await answer.status == 504)
      await journal.wait(for: "cancelled")
      #expect(try await client.gateway.clock.pendingTimers == 0)
    }
  }

  @Test func aSleepFromAnotherThreadEndsToo() async throws {
    try await serving("routes: [{ match: GET /, handler: p.nap }]", clock: .manual) { plugin in
      plugin.handler("nap") { request in
        let clock = request.clock
        try await Task.detached { try await clock.sleep(for: .seconds(5)) }.value
        return .noContent
      }
    } body: { client in
      async let answer = client.get("/")
      try await client.gateway.clock.waitForTimers()
      try await client.gateway.clock.advance(by: .seconds(5))
      #expect(try await answer.status == 204)
    }
  }

  @Test func aCancelledTaskStopsSleepingWithoutTime() async throws {
    try await serving("routes: [{ match: GET /, handler: p.cancel }]", clock: .manual) { plugin in
      plugin.handler("cancel") { request in
        let clock = request.clock
        let sleeper = Task { try await clock.sleep(for: .seconds(5)) }
        for _ in 1...20 { await Task.yield() }
        sleeper.cancel()
        do { try await sleeper.value } catch is CancellationError { return .text("cancelled") }
        return .text("slept")
      }
    } body: { client in
      let answer = try await client.get("/")
      #expect(answer.text == "cancelled")
      #expect(try await client.gateway.clock.pendingTimers == 0)
    }
  }

  @Test func theEndOfTheGatewayEndsSleepsThatNobodyWaitsFor() async throws {
    let journal = journal
    try await serving("routes: [{ match: GET /, handler: p.leave }]") { plugin in
      plugin.handler("leave") { request in
        let clock = request.clock
        Task {
          do { try await clock.sleep(for: .seconds(3600)) } catch { journal.note("\(type(of: error))") }
        }
        return .noContent
      }
    } body: { client in
      _ = try await client.get("/")
      try await client.gateway.clock.waitForTimers()
    }
    await journal.wait(for: "CancellationError")
  }

  @Test func theSystemsClockWakesToo() async throws {
    try await serving("routes: [{ match: GET /, handler: p.nap }]") { plugin in
      plugin.handler("nap") { request in
        let clock = request.clock
        let taken = try await clock.measure { try await clock.sleep(for: .milliseconds(2)) }
        return .text("\(taken >= .milliseconds(2))")
      }
    } body: { client in
      let seen = try await client.get("/").text
      #expect(seen == "true")
    }
  }

  @Test func theTimeOfDayIsTheHandsToo() async throws {
    try await serving("routes: [{ match: GET /, handler: p.date }]", clock: .manual) { plugin in
      plugin.blockingHandler("date") { request in .text("\(request.clock.timestamp.seconds)") }
    } body: { client in
      try client.gateway.clock.setDate(1_000_000)
      #expect(try await client.get("/").text == "1000000")
      try await client.gateway.clock.advance(by: .seconds(60))
      #expect(try await client.get("/").text == "1000060")
    }
  }

  @Test func anAdvanceOfTheSystemsClockIsAnError() async throws {
    try await serving("routes: [{ match: GET /, respond: 204 }]") { client in
      await #expect(throws: TestGatewayError.self) { try await client.gateway.clock.advance(by: .seconds(1)) }
    }
  }

  @Test func instantsAreHeldToWhatFits() {
    let start = GatewayClock.Instant(nanoseconds: 10)
    #expect(start.advanced(by: .seconds(-1)).nanoseconds == 0)
    #expect(start.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
    #expect(start.advanced(by: .nanoseconds(5)).nanoseconds == 15)
    #expect(start.duration(to: .init(nanoseconds: 4)) == .nanoseconds(-6))
  }
}
