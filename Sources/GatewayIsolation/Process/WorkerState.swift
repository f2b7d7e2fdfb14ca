import NIOCore

/// When one worker is started, and started again. A value: time is what it is told.
struct WorkerState {
  enum Phase: Equatable {
    case idle
    case starting
    case ready(since: NIODeadline)
    /// Dead; a new one is started then.
    case waiting(until: NIODeadline)
    /// Dead too often; one is tried then.
    case broken(until: NIODeadline)
    case closed
  }

  /// What is to be done after an end.
  enum Next: Equatable {
    case startNow
    case startAt(NIODeadline)
    /// It has come to nothing too often.
    case pauseUntil(NIODeadline)
    case nothing
  }

  let policy: IsolationOptions.Restart
  private(set) var phase = Phase.idle
  /// Starts in a row that came to nothing.
  private(set) var failures = 0

  init(_ policy: IsolationOptions.Restart) { self.policy = policy }

  mutating func started() { if phase != .closed { phase = .starting } }

  mutating func ready(at now: NIODeadline) { if phase == .starting { phase = .ready(since: now) } }

  /// - Parameters:
  ///   - calls: invocations that it has completed.
  ///   - jitter: 0 to 1, by chance: workers that died together do not start together.
  mutating func ended(at now: NIODeadline, calls: Int, jitter: Double) -> Next {
    guard phase != .closed else { return .nothing }
    var wasFine = false
    if case .ready(let since) = phase { wasFine = calls >= policy.stableCalls || now - since >= policy.stableAfter }
    if wasFine {
      failures = 0
      phase = .starting
      return .startNow
    }
    failures += 1
    if failures >= policy.attempts {
      let until = now + policy.pause
      phase = .broken(until: until)
      return .pauseUntil(until)
    }
    guard failures > 1 else {
      phase = .starting
      return .startNow
    }
    let doubled = Double(policy.delay.nanoseconds) * Double(UInt64(1) << min(UInt64(failures - 2), 32))
    let delay = min(doubled, Double(policy.longestDelay.nanoseconds)) * (0.75 + 0.5 * max(0, min(jitter, 1)))
    let until = now + .nanoseconds(Int64(delay))
    phase = .waiting(until: until)
    return .startAt(until)
  }

  /// The time has come to try again; false where nothing is to be done.
  mutating func isDue(at now: NIODeadline) -> Bool {
    switch phase {
    case .waiting(let until), .broken(let until):
      guard now >= until else { return false }
      phase = .starting
      return true
    default: return false
    }
  }

  mutating func close() { phase = .closed }

  var isReady: Bool { if case .ready = phase { true } else { false } }
  /// A request may wait for it.
  var isComing: Bool { phase == .starting }
}
