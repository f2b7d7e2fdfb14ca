import NIOCore

/// What the blocking pool decides: who runs, who waits, who is refused, when more threads are due. A value without threads and
/// without a clock.
struct BlockingPoolState<Work> {
  struct Limits: Equatable {
    /// Threads that are kept.
    var threads: Int
    /// Work that may wait beside them.
    var queue: Int
    /// Threads that may be added while nothing moves.
    var extraThreads: Int
    /// Nanoseconds without any work taken up after which nothing moves.
    var patience: UInt64 = 250_000_000
    /// Nanoseconds in the queue that are worth a log line.
    var slow: UInt64 = 1_000_000_000
    /// At most one such line in that time.
    var silence: UInt64 = 10_000_000_000
  }

  enum Submission: Equatable {
    case refused
    /// Whether a waiting thread is to be woken.
    case queued(wakes: Bool)
    /// A thread more is to be started; it is counted already.
    case spawn
  }

  enum Next {
    /// `waited`: nanoseconds in the queue. `isSlow`: they deserve a line.
    case run(Work, waited: UInt64, isSlow: Bool)
    case wait
    case exit
  }

  enum Examination: Equatable {
    case nothing
    /// All threads are held by work that does not end, so that what waits cannot begin: one more is to be started; it is
    /// counted already. `isFirst`: since the queue was last empty.
    case inject(isFirst: Bool)
    /// The same, with no thread left to add. Told once until the queue is empty again.
    case exhausted
  }

  let limits: Limits
  private(set) var statistics = BlockingPool.Statistics()
  private var queue = CircularBuffer<(work: Work, since: UInt64)>()
  private(set) var isOver = false
  private var idle = 0
  /// When work was last taken up.
  private var lastStart: UInt64 = 0
  private var hasInjected = false
  private var isExhausted = false
  private var lastSlow: UInt64?

  init(limits: Limits) { self.limits = limits }

  private var outstanding: Int { statistics.running + queue.count }

  /// Whether work waits that no thread is free for: somebody has to look after it.
  var isCrowded: Bool { queue.count > idle && statistics.threads >= limits.threads }

  /// - Parameter isOwed: has to run, over the limit too.
  mutating func submit(_ work: Work, isOwed: Bool, now: UInt64) -> Submission {
    guard isOwed || outstanding < limits.threads + limits.queue else {
      statistics.refused += 1
      return .refused
    }
    queue.append((work, now))
    statistics.queued = queue.count
    if queue.count > idle, statistics.threads < limits.threads {
      statistics.threads += 1
      return .spawn
    }
    return .queued(wakes: idle > 0)
  }

  /// A thread asks what to do.
  mutating func next(now: UInt64) -> Next {
    if let (work, since) = queue.popFirst() {
      statistics.queued = queue.count
      if queue.isEmpty {
        hasInjected = false
        isExhausted = false
      }
      statistics.running += 1
      lastStart = now
      let waited = now > since ? now - since : 0
      statistics.queueTimes.add(waited)
      var isSlow = false
      if waited >= limits.slow, lastSlow.map({ now &- $0 >= limits.silence }) ?? true {
        lastSlow = now
        isSlow = true
      }
      return .run(work, waited: waited, isSlow: isSlow)
    }
    // Threads that were added go as soon as nothing waits.
    if isOver || statistics.threads > limits.threads {
      statistics.threads -= 1
      return .exit
    }
    idle += 1
    return .wait
  }

  /// A thread that was told to wait is awake again.
  mutating func woke() { idle -= 1 }

  mutating func finished() { statistics.running -= 1 }

  /// Looks whether anything moves.
  mutating func examine(now: UInt64) -> Examination {
    guard let oldest = queue.first, idle == 0, statistics.threads >= limits.threads else { return .nothing }
    let still = now &- max(lastStart, oldest.since)
    guard now >= max(lastStart, oldest.since), still >= limits.patience else { return .nothing }
    guard statistics.threads < limits.threads + limits.extraThreads else {
      guard !isExhausted else { return .nothing }
      isExhausted = true
      return .exhausted
    }
    statistics.threads += 1
    statistics.injected += 1
    defer { hasInjected = true }
    return .inject(isFirst: !hasInjected)
  }

  /// A thread that was counted could not be started. What waits is taken by the others.
  mutating func spawnFailed() { statistics.threads -= 1 }

  /// No thread could be started, and there is none: what waits would wait for ever.
  mutating func takeStranded() -> Work? {
    guard statistics.threads == 0, let (work, _) = queue.popFirst() else { return nil }
    statistics.queued = queue.count
    return work
  }

  mutating func shutdown() { isOver = true }
}
