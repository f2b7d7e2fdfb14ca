import Atomics
import NIOPosix

/// The threads that run blocking plugin functions. Bounded: when the queue is full, work is refused, not delayed
/// without end.
public final class BlockingPool: Sendable {
  private let pool: NIOThreadPool
  private let outstanding = ManagedAtomic<Int>(0)
  private let capacity: Int

  /// - Parameters:
  ///   - threads: how many functions may run at once, at least 1.
  ///   - queue: how many more may wait for a thread.
  public init(threads: Int, queue: Int) {
    pool = NIOThreadPool(numberOfThreads: max(threads, 1))
    capacity = max(threads, 1) + max(queue, 0)
    pool.start()
  }

  /// Functions that run or wait now.
  public var load: Int { outstanding.load(ordering: .relaxed) }

  /// Runs `work` on a thread of the pool; false (and nothing is run) when the queue is full.
  ///
  /// - Parameter isOwed: work that must run, also over the limit, such as a teardown. There is only as much of it as
  ///   was accepted before.
  public func submit(isOwed: Bool = false, _ work: @escaping @Sendable () -> Void) -> Bool {
    if outstanding.wrappingIncrementThenLoad(ordering: .relaxed) > capacity, !isOwed {
      outstanding.wrappingDecrement(ordering: .relaxed)
      return false
    }
    pool.submit { [outstanding] _ in
      work()
      outstanding.wrappingDecrement(ordering: .relaxed)
    }
    return true
  }

  /// Ends the threads after the work that they hold.
  public func shutdown(_ done: @escaping @Sendable () -> Void) {
    pool.shutdownGracefully { _ in done() }
  }
}
