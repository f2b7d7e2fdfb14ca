import Atomics
import NIOConcurrencyHelpers
import NIOCore

/// `max_concurrency` of a dependency: how many of its values may be there at once, in the whole process.
///
/// A permit is one atomic exchange while one is free; the lock is for those who wait. They wait without a thread, and are
/// told on their own event loop.
final class ProviderLimit: Sendable {
  let concurrency: Int
  let queue: Int
  private let count = ManagedAtomic<UInt64>(0)
  private let line = NIOLockedValueBox(WaitLine<LimitWaiter>())

  enum Answer {
    case granted
    case waits
    /// The queue is full.
    case refused
  }

  init(concurrency: Int, queue: Int) {
    self.concurrency = concurrency
    self.queue = queue
  }

  /// What is taken, and who waits, now.
  var load: PermitCount { PermitCount(word: count.load(ordering: .relaxed)) }

  /// Takes a permit where one is free.
  func take() -> Bool { change { $0.taking(of: UInt32(clamping: concurrency)) } }

  /// Takes a permit, or waits for one in the queue.
  func join(_ waiter: LimitWaiter) -> Answer {
    line.withLockedValue { line in
      while true {
        let current = PermitCount(word: count.load(ordering: .acquiring))
        // From a full house either one waits more or, where a permit came back meanwhile, it is taken.
        if let taking = current.taking(of: UInt32(clamping: concurrency)) {
          if replace(current, taking) { return .granted }
        } else if let joining = current.joining(queue: UInt32(clamping: queue)) {
          guard replace(current, joining) else { continue }
          waiter.ticket = line.join(waiter)
          return .waits
        } else {
          return .refused
        }
      }
    }
  }

  /// Gives a permit back, or hands it to whoever waits longest.
  func release() {
    while true {
      if change({ $0.releasing() }) { return }
      let (waiter, isOver) = line.withLockedValue { line -> (LimitWaiter?, Bool) in
        let current = PermitCount(word: count.load(ordering: .acquiring))
        guard current.waiting > 0 else { return (nil, current.taken == 0) }
        // The count of waiters changes under this lock only, and nobody takes or releases past them.
        guard let leaving = current.leaving(), replace(current, leaving) else { return (nil, false) }
        return (line.popFirst(), true)
      }
      if let waiter { return waiter.grant() }
      if isOver { return }
    }
  }

  /// False where a permit is on its way to it.
  func leave(_ ticket: UInt64) -> Bool {
    line.withLockedValue { line in
      guard line.leave(ticket) else { return false }
      _ = change { $0.leaving() }
      return true
    }
  }

  /// False where `next` gives nil.
  private func change(_ next: (PermitCount) -> PermitCount?) -> Bool {
    var word = count.load(ordering: .acquiring)
    while let wanted = next(PermitCount(word: word)) {
      let result = count.compareExchange(expected: word, desired: wanted.word, ordering: .acquiringAndReleasing)
      if result.exchanged { return true }
      word = result.original
    }
    return false
  }

  private func replace(_ current: PermitCount, _ next: PermitCount) -> Bool {
    count.compareExchange(expected: current.word, desired: next.word, ordering: .acquiringAndReleasing).exchanged
  }
}

/// One place in the queue of a limit. Used on its loop only.
final class LimitWaiter: @unchecked Sendable {
  // Proof for @unchecked: `ticket` is written under the limit's lock before `join` returns to the loop that reads it; all
  // else is used on `loop`, to which `grant` hops.
  private let loop: any EventLoop
  private let limit: ProviderLimit
  private var whenGranted: (() -> Void)?
  fileprivate(set) var ticket: UInt64 = 0

  /// - Parameter whenGranted: runs on the loop, with the permit taken, unless the waiter has left.
  init(_ limit: ProviderLimit, on loop: any EventLoop, whenGranted: @escaping () -> Void) {
    self.limit = limit
    self.loop = loop
    self.whenGranted = whenGranted
  }

  /// Gives up waiting.
  func leave() {
    whenGranted = nil
    // Where the permit is on its way already, its arrival passes it on.
    _ = limit.leave(ticket)
  }

  fileprivate func grant() {
    loop.execute { [self] in
      guard let whenGranted else { return limit.release() }
      self.whenGranted = nil
      whenGranted()
    }
  }
}
