import GatewayPluginHost
import NIOConcurrencyHelpers
import NIOCore

/// A snapshot whose plugins and app-scope dependencies are started, with what each loop needs to answer with it: from its
/// start to the teardown after its last exchange.
final class RunningSnapshot: Sendable {
  let snapshot: Snapshot
  let lifecycle: Lifecycle
  let runtimes: [NIOLoopBound<LoopRuntime>]
  let background: BackgroundQuota
  /// One for each loop: its last exchange has ended.
  private let idle: [EventLoopPromise<Void>]

  private struct State {
    var isRetired = false
    var ending: Task<[String], Never>?
  }
  private let state = NIOLockedValueBox(State())

  init(
    _ snapshot: Snapshot, _ lifecycle: Lifecycle, _ runtimes: [NIOLoopBound<LoopRuntime>], _ background: BackgroundQuota
  ) {
    self.snapshot = snapshot
    self.lifecycle = lifecycle
    self.runtimes = runtimes
    self.background = background
    idle = runtimes.map { $0.eventLoop.makePromise(of: Void.self) }
  }

  deinit {
    // Where it was never retired nobody waits.
    if !state.withLockedValue({ $0.isRetired }) { for promise in idle { promise.succeed() } }
  }

  /// No exchange begins on it any more.
  func retire() {
    let isFirst = state.withLockedValue { state in
      defer { state.isRetired = true }
      return !state.isRetired
    }
    guard isFirst else { return }
    for (runtime, promise) in zip(runtimes, idle) {
      runtime.eventLoop.execute { runtime.value.retire { promise.succeed() } }
    }
  }

  /// Whether the last exchange has ended within that time; after `retire`.
  func isIdle(within patience: TimeAmount?) async -> Bool {
    guard let loop = runtimes.first?.eventLoop else { return true }
    let all = EventLoopFuture.andAllSucceed(idle.map(\.futureResult), on: loop)
    guard let patience else {
      try? await all.get()
      return true
    }
    let answer = loop.makePromise(of: Bool.self)
    loop.execute {
      let isAnswered = NIOLoopBoundBox(false, eventLoop: loop)
      let timer = loop.scheduleTask(in: patience) {
        if !isAnswered.value {
          isAnswered.value = true
          answer.succeed(false)
        }
      }
      all.hop(to: loop).whenSuccess {
        guard !isAnswered.value else { return }
        isAnswered.value = true
        timer.cancel()
        answer.succeed(true)
      }
    }
    return (try? await answer.futureResult.get()) ?? true
  }

  /// Exchanges that have not ended.
  func exchanges() async -> Int {
    var count = 0
    for runtime in runtimes { count += (try? await runtime.eventLoop.submit { runtime.value.active }.get()) ?? 0 }
    return count
  }

  /// Tears down and stops what no other snapshot has; what did not end cleanly. Once: who comes later waits for the first.
  func end(releasesValues: Bool) async -> [String] {
    let task = state.withLockedValue { state in
      if let ending = state.ending { return ending }
      let task = Task { [self] in
        let problems = await lifecycle.stop(releasesValues: releasesValues).map(\.description)
        await shutdown()
        // Also where an exchange never ended: nobody is to wait for it any more.
        for promise in idle { promise.succeed() }
        return problems
      }
      state.ending = task
      return task
    }
    return await task.value
  }

  func shutdown() async {
    for runtime in runtimes { try? await runtime.eventLoop.submit { runtime.value.shutdown() }.get() }
  }

  // MARK: background tasks

  /// Waits for background tasks, at most `patience`. What exchanges that end later leave behind has until then too: the
  /// timers go on.
  func drainTasks(within patience: TimeAmount) async -> [Scheduled<Void>] {
    let timers = runtimes.map { runtime in
      runtime.eventLoop.scheduleTask(in: patience) { runtime.value.cutTasks() }
    }
    for runtime in runtimes {
      let promise = runtime.eventLoop.makePromise(of: Void.self)
      runtime.eventLoop.execute { runtime.value.rest { promise.succeed() } }
      try? await promise.futureResult.get()
    }
    return timers
  }

  /// How many background tasks were cut off.
  func cutTasks() async -> Int {
    var cut = 0
    for runtime in runtimes { cut += (try? await runtime.eventLoop.submit { runtime.value.takeCutTaskCount() }.get()) ?? 0 }
    return cut
  }
}
