import Testing

@testable import GatewayPluginHost

/// The blocking pool's decisions, without threads and without a clock.
struct BlockingPoolStateTests {
  private typealias State = BlockingPoolState<Int>

  private static func state(threads: Int = 2, queue: Int = 3, extra: Int = 2) -> State {
    State(limits: .init(threads: threads, queue: queue, extraThreads: extra, patience: 100, slow: 1000, silence: 5000))
  }

  /// What a thread is told, as text.
  private static func told(_ next: State.Next) -> String {
    switch next {
    case .run(let work, let waited, let isSlow): "run \(work) after \(waited)\(isSlow ? " slow" : "")"
    case .wait: "wait"
    case .exit: "exit"
    }
  }

  /// Two threads that run 1 and 2 for ever.
  private static func held() -> State {
    var state = state()
    #expect(state.submit(1, isOwed: false, now: 0) == .spawn)
    #expect(state.submit(2, isOwed: false, now: 0) == .spawn)
    #expect(told(state.next(now: 0)) == "run 1 after 0")
    #expect(told(state.next(now: 0)) == "run 2 after 0")
    return state
  }

  @Test func threadsAreStartedWhenNeededAndThenWoken() {
    var state = Self.state()
    #expect(state.submit(1, isOwed: false, now: 0) == .spawn)
    #expect(Self.told(state.next(now: 7)) == "run 1 after 7")
    state.finished()
    #expect(Self.told(state.next(now: 8)) == "wait")
    #expect(state.submit(2, isOwed: false, now: 9) == .queued(wakes: true))
    #expect(state.statistics.threads == 1)
  }

  @Test func workComesInTheOrderInWhichItCame() {
    var state = Self.held()
    for work in 3...5 { #expect(state.submit(work, isOwed: false, now: 10) == .queued(wakes: false)) }
    for work in 3...5 {
      state.finished()
      #expect(Self.told(state.next(now: 20)) == "run \(work) after 10")
    }
  }

  @Test func aFullQueueRefusesButNotWhatIsOwed() {
    var state = Self.held()
    for work in 3...5 { #expect(state.submit(work, isOwed: false, now: 0) == .queued(wakes: false)) }
    #expect(state.submit(6, isOwed: false, now: 0) == .refused)
    #expect(state.submit(7, isOwed: true, now: 0) == .queued(wakes: false))
    #expect(state.statistics.refused == 1)
    #expect(state.statistics.queued == 4)
  }

  @Test func nothingMovesSoThreadsAreAddedUpToTheBound() {
    var state = Self.held()
    for work in 3...5 { _ = state.submit(work, isOwed: false, now: 0) }
    #expect(state.examine(now: 99) == .nothing)
    #expect(state.examine(now: 100) == .inject(isFirst: true))
    #expect(Self.told(state.next(now: 101)) == "run 3 after 101")
    #expect(state.examine(now: 200) == .nothing)
    #expect(state.examine(now: 201) == .inject(isFirst: false))
    #expect(Self.told(state.next(now: 202)) == "run 4 after 202")
    #expect(state.examine(now: 302) == .exhausted)
    #expect(state.examine(now: 500) == .nothing)
    #expect(state.statistics.threads == 4)
    #expect(state.statistics.injected == 2)
  }

  @Test func whileWorkIsTakenUpNoThreadIsAdded() {
    var state = Self.held()
    for work in 3...5 { _ = state.submit(work, isOwed: false, now: 0) }
    for step in 1...3 {
      state.finished()
      _ = state.next(now: UInt64(step * 90))
      #expect(state.examine(now: UInt64(step * 90 + 89)) == .nothing)
    }
  }

  @Test func addedThreadsGoWhenNothingWaits() {
    var state = Self.held()
    _ = state.submit(3, isOwed: false, now: 0)
    #expect(state.examine(now: 100) == .inject(isFirst: true))
    #expect(Self.told(state.next(now: 100)) == "run 3 after 100")
    state.finished()
    #expect(Self.told(state.next(now: 101)) == "exit")
    #expect(state.statistics.threads == 2)
    state.finished()
    #expect(Self.told(state.next(now: 102)) == "wait")
  }

  @Test func longWaitsAreToldOfNowAndThen() {
    var state = Self.state(threads: 1, queue: 10)
    for work in 1...4 { _ = state.submit(work, isOwed: false, now: 0) }
    #expect(Self.told(state.next(now: 999)) == "run 1 after 999")
    #expect(Self.told(state.next(now: 1000)) == "run 2 after 1000 slow")
    #expect(Self.told(state.next(now: 5999)) == "run 3 after 5999")
    #expect(Self.told(state.next(now: 6000)) == "run 4 after 6000 slow")
  }

  @Test func waitsAreCountedByLength() {
    var times = BlockingPool.QueueTimes()
    for nanoseconds: UInt64 in [0, 999_999, 1_000_000, 50_000_000, 999_999_999, 1_000_000_000] { times.add(nanoseconds) }
    #expect(times.buckets == [2, 1, 1, 1, 1])
    #expect(times.count == 6)
    #expect(times.longestNanoseconds == 1_000_000_000)
    #expect(times.totalNanoseconds == 2_051_999_998)
  }

  @Test func afterShutdownWhatWaitsStillRuns() {
    var state = Self.held()
    _ = state.submit(3, isOwed: false, now: 0)
    state.shutdown()
    state.finished()
    #expect(Self.told(state.next(now: 1)) == "run 3 after 1")
    state.finished()
    #expect(Self.told(state.next(now: 2)) == "exit")
    state.finished()
    #expect(Self.told(state.next(now: 3)) == "exit")
    #expect(state.statistics.threads == 0)
  }

  @Test func withoutAnyThreadTheCallerTakesWhatWaits() {
    var state = Self.state()
    #expect(state.submit(1, isOwed: false, now: 0) == .spawn)
    state.spawnFailed()
    #expect(state.takeStranded() == 1)
    #expect(state.takeStranded() == nil)
  }
}
