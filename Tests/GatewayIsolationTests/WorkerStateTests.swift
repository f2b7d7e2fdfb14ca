import NIOCore
import Testing

@testable import GatewayIsolation

@Suite struct WorkerStateTests {
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  private func state(_ change: (inout IsolationOptions.Restart) -> Void = { _ in }) -> WorkerState {
    var policy = IsolationOptions.Restart()
    change(&policy)
    return WorkerState(policy)
  }

  /// The macro would look at a copy.
  private func isDue(_ state: inout WorkerState, at time: NIODeadline) -> Bool { state.isDue(at: time) }

  @Test func aWorkerThatWasFineIsStartedAgainAtOnceHoweverOften() {
    var state = state()
    for _ in 0..<50 {
      state.started()
      state.ready(at: start)
      #expect(state.isReady)
      #expect(state.ended(at: start + .seconds(10), calls: 0, jitter: 0.5) == .startNow)
      #expect(state.isComing)
    }
    for _ in 0..<50 {
      state.ready(at: start)
      #expect(state.ended(at: start, calls: 100, jitter: 0.5) == .startNow)
    }
    #expect(state.failures == 0)
  }

  @Test func oneThatComesToNothingWaitsTwiceAsLongEachTimeUpToALimit() {
    var state = state { $0.attempts = 100 }
    #expect(state.ended(at: start, calls: 0, jitter: 0.5) == .startNow)
    var delays: [Int64] = []
    for _ in 0..<10 {
      state.started()
      guard case .startAt(let time) = state.ended(at: start, calls: 3, jitter: 0.5) else {
        Issue.record("no delay")
        return
      }
      delays.append((time - start).nanoseconds / 1_000_000)
    }
    #expect(delays == [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000])
  }

  @Test func chanceMovesADelayByAQuarterAtMost() {
    for (jitter, expected) in [(0.0, 75), (1.0, 125), (-4.0, 75), (9.0, 125)] {
      var state = state()
      _ = state.ended(at: start, calls: 0, jitter: jitter)
      #expect(state.ended(at: start, calls: 0, jitter: jitter) == .startAt(start + .milliseconds(Int64(expected))))
    }
  }

  @Test func afterSoManyInARowNoneIsStartedForAWhileAndThenOneIsTried() {
    var state = state { $0.attempts = 3 }
    _ = state.ended(at: start, calls: 0, jitter: 0.5)
    _ = state.ended(at: start, calls: 0, jitter: 0.5)
    #expect(state.ended(at: start, calls: 0, jitter: 0.5) == .pauseUntil(start + .seconds(30)))
    #expect(!state.isComing)
    #expect(isDue(&state, at: start + .seconds(29)) == false)
    #expect(isDue(&state, at: start + .seconds(30)))
    #expect(state.isComing)
    // The one that is tried comes to nothing too.
    #expect(state.ended(at: start + .seconds(31), calls: 0, jitter: 0.5) == .pauseUntil(start + .seconds(61)))
    #expect(isDue(&state, at: start + .seconds(61)))
    state.ready(at: start + .seconds(62))
    #expect(state.ended(at: start + .seconds(90), calls: 0, jitter: 0.5) == .startNow)
    #expect(state.failures == 0)
  }

  @Test func aRateLimitTakesSoManyInASecondAndCountsTheOthers() {
    var limit = RateLimit(perSecond: 3)
    var taken = 0
    for _ in 0..<10 where limit.take(now: start).isTaken { taken += 1 }
    #expect(taken == 3)
    let next = limit.take(now: start + .seconds(1))
    #expect(next.isTaken)
    #expect(next.before == 7)
    #expect(limit.take(now: start + .seconds(2)).before == 0)
  }

  @Test func aClosedOneIsNeverStartedAgain() {
    var state = state()
    state.started()
    state.close()
    #expect(state.ended(at: start, calls: 1000, jitter: 0.5) == .nothing)
    state.started()
    state.ready(at: start)
    #expect(!state.isReady)
    #expect(isDue(&state, at: .distantFuture) == false)
  }
}
