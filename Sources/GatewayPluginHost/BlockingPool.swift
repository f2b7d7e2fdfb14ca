import Glibc
import NIOCore

/// The threads that run blocking plugin functions. Bounded: when the queue is full, work is refused, not delayed
/// without end.
///
/// Threads are started when they are needed and then kept. Functions that wait for each other can take all of them while the
/// one they wait for is in the queue: when nothing has been taken up for a quarter of a second, a thread is added, up to
/// a bound, and goes again when the queue is empty.
public final class BlockingPool: @unchecked Sendable {
  // Proof for @unchecked: `state`, `whenOver` and the flags are used between lock and unlock of the one mutex only; mutex and
  // conditions live at addresses that are allocated in `init` and freed in `deinit`, when no thread is left.
  typealias Work = @Sendable () -> Void

  /// What somebody should know; told on threads of the pool.
  public enum Event: Sendable, Equatable {
    /// All threads were held and nothing began for a while, so threads were added. Once until the queue is empty again.
    case starved(threads: Int, queued: Int)
    /// As many threads as may be were added, and nothing moves still. Once until the queue is empty again.
    case exhausted(threads: Int, queued: Int)
    /// A function waited long for a thread. Not more often than every ten seconds.
    case slow(nanoseconds: UInt64, queued: Int)
  }

  /// How the pool is, and what it did since it was made.
  public struct Statistics: Sendable, Equatable {
    /// Threads that there are now.
    public var threads = 0
    public var running = 0
    public var queued = 0
    public var refused = 0
    /// Threads added because nothing moved.
    public var injected = 0
    public var queueTimes = QueueTimes()
  }

  /// How long functions waited for a thread.
  public struct QueueTimes: Sendable, Equatable {
    /// Upper bounds of all buckets but the last, in nanoseconds.
    public static let bounds: [UInt64] = [1_000_000, 10_000_000, 100_000_000, 1_000_000_000]
    /// How many waited less than each of `bounds` and not less than the one before; last, all others.
    public private(set) var buckets = [0, 0, 0, 0, 0]
    public private(set) var count = 0
    public private(set) var totalNanoseconds: UInt64 = 0
    public private(set) var longestNanoseconds: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64) {
      buckets[Self.bounds.firstIndex { nanoseconds < $0 } ?? Self.bounds.count] += 1
      count += 1
      totalNanoseconds &+= nanoseconds
      longestNanoseconds = max(longestNanoseconds, nanoseconds)
    }
  }

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// Work for a waiting thread.
  private let isWork = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// Work that no thread is free for.
  private let isCrowd = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: BlockingPoolState<Work>
  private let onEvent: @Sendable (Event) -> Void
  private var hasOverseer = false
  private var isOverseerWaiting = false
  private var whenOver: Work?

  /// - Parameters:
  ///   - threads: how many functions may run at once, at least 1.
  ///   - queue: how many more may wait for a thread.
  ///   - extraThreads: how many threads may be added while all are held and nothing moves.
  ///   - onEvent: must not block.
  public convenience init(
    threads: Int, queue: Int, extraThreads: Int? = nil, onEvent: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.init(
      limits: .init(threads: max(threads, 1), queue: max(queue, 0), extraThreads: max(extraThreads ?? threads, 0)),
      onEvent: onEvent)
  }

  init(limits: BlockingPoolState<Work>.Limits, onEvent: @escaping @Sendable (Event) -> Void) {
    state = BlockingPoolState(limits: limits)
    self.onEvent = onEvent
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    // Deadlines must not move when somebody sets the clock.
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    for condition in [isWork, isCrowd] {
      condition.initialize(to: pthread_cond_t())
      pthread_cond_init(condition, &attributes)
    }
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    for condition in [isWork, isCrowd] {
      pthread_cond_destroy(condition)
      condition.deallocate()
    }
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  public var statistics: Statistics { locked { state.statistics } }

  /// Functions that run or wait now.
  public var load: Int { locked { state.statistics.running + state.statistics.queued } }

  /// Runs `work` on a thread of the pool; false (and nothing is run) when the queue is full or the pool is shut down.
  ///
  /// - Parameter isOwed: work that must run, also over the limit, such as a teardown. There is only as much of it as
  ///   was accepted before. After `shutdown` it runs on the calling thread.
  public func submit(isOwed: Bool = false, _ work: @escaping @Sendable () -> Void) -> Bool {
    enum Decision { case done, refused, spawn, runHere }
    let decision: Decision = locked {
      guard !state.isOver else { return isOwed ? .runHere : .refused }
      let submission = state.submit(work, isOwed: isOwed, now: Self.now())
      if state.isCrowded { callOverseer() }
      switch submission {
      case .refused: return .refused
      case .spawn: return .spawn
      case .queued(let wakes):
        if wakes { pthread_cond_signal(isWork) }
        return .done
      }
    }
    switch decision {
    case .done: return true
    case .refused: return false
    case .spawn:
      spawn()
      return true
    case .runHere:
      work()
      return true
    }
  }

  /// Ends the threads after the work that they hold and that waits. `done` is called once, on the last of them.
  public func shutdown(_ done: @escaping @Sendable () -> Void) {
    let isOverAlready = locked {
      state.shutdown()
      pthread_cond_broadcast(isWork)
      pthread_cond_broadcast(isCrowd)
      guard state.statistics.threads > 0 || hasOverseer else { return true }
      whenOver = done
      return false
    }
    if isOverAlready { done() }
  }

  // MARK: threads

  private static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

  private func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Starts a thread that was counted.
  private func spawn() {
    guard !start({ $0.work() }) else { return }
    // The system gives no thread. Others go on with the queue; where there is none, this one has to.
    locked { state.spawnFailed() }
    while let work = locked({ state.takeStranded() }) { work() }
    // It was counted when `shutdown` looked: then nobody else is left to say that all is over.
    leave()
  }

  private func start(_ body: @escaping @Sendable (BlockingPool) -> Void) -> Bool {
    let argument = Unmanaged.passRetained(ThreadStart(pool: self, body: body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
        start.body(start.pool)
        return nil
      }, argument.toOpaque())
    guard code == 0 else {
      argument.release()
      return false
    }
    pthread_detach(thread)
    return true
  }

  private final class ThreadStart: Sendable {
    let pool: BlockingPool
    let body: @Sendable (BlockingPool) -> Void

    init(pool: BlockingPool, body: @escaping @Sendable (BlockingPool) -> Void) {
      self.pool = pool
      self.body = body
    }
  }

  private func work() {
    LoopSlot.adoptBlockingThread()
    var hasRun = false
    while runNext(hasRun) { hasRun = true }
    leave()
  }

  /// Waits for work and runs it, after the end of what ran before was noted; false: the thread has to go. A function of its own, so
  /// that the work and what it holds are gone before the lock is taken again.
  private func runNext(_ hasRun: Bool) -> Bool {
    pthread_mutex_lock(mutex)
    if hasRun { state.finished() }
    while true {
      switch state.next(now: Self.now()) {
      case .run(let work, let waited, let isSlow):
        let queued = state.statistics.queued
        pthread_mutex_unlock(mutex)
        if isSlow { onEvent(.slow(nanoseconds: waited, queued: queued)) }
        work()
        return true
      case .wait:
        pthread_cond_wait(isWork, mutex)
        state.woke()
      case .exit:
        pthread_mutex_unlock(mutex)
        return false
      }
    }
  }

  /// The last one says that all is over.
  private func leave() {
    let done: Work? = locked {
      guard state.isOver else { return nil }
      pthread_cond_signal(isCrowd)
      guard state.statistics.threads == 0, !hasOverseer else { return nil }
      defer { whenOver = nil }
      return whenOver
    }
    done?()
  }

  // MARK: the overseer

  /// Under the lock: somebody has to look whether anything moves. One more thread, from the first time that work has to wait.
  private func callOverseer() {
    if !hasOverseer {
      hasOverseer = start { $0.oversee() }
    } else if isOverseerWaiting {
      isOverseerWaiting = false
      pthread_cond_signal(isCrowd)
    }
  }

  private func oversee() {
    while let (spawns, event) = nextInjection() {
      if let event { onEvent(event) }
      if spawns != nil { spawn() }
    }
    locked { hasOverseer = false }
    leave()
  }

  /// Waits until a thread is due, or something has to be said; nil: the pool is over.
  private func nextInjection() -> (spawns: Void?, event: Event?)? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !state.isOver || state.statistics.queued > 0 {
      guard state.isCrowded else {
        isOverseerWaiting = true
        pthread_cond_wait(isCrowd, mutex)
        isOverseerWaiting = false
        continue
      }
      var deadline = Self.deadline(state.limits.patience / 2)
      pthread_cond_timedwait(isCrowd, mutex, &deadline)
      let examination = state.examine(now: Self.now())
      let (threads, queued) = (state.statistics.threads, state.statistics.queued)
      switch examination {
      case .nothing: continue
      case .inject(let isFirst): return ((), isFirst ? .starved(threads: threads, queued: queued) : nil)
      case .exhausted: return (nil, .exhausted(threads: threads, queued: queued))
      }
    }
    return nil
  }

  private static func deadline(_ nanoseconds: UInt64) -> timespec {
    let until = now() &+ nanoseconds
    return timespec(tv_sec: Int(until / 1_000_000_000), tv_nsec: Int(until % 1_000_000_000))
  }
}
