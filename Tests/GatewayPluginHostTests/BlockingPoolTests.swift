import Dispatch
import Synchronization
import Testing

@testable import GatewayPluginHost

/// The blocking pool with real threads.
@Suite(.timeLimit(.minutes(5)))
struct BlockingPoolTests {
  private static func shutdown(_ pool: BlockingPool) async {
    await withCheckedContinuation { done in pool.shutdown { done.resume() } }
  }

  @Test func workThatWaitsForQueuedWorkIsNotADeadlock() async {
    let events = Mutex<[BlockingPool.Event]>([])
    let pool = BlockingPool(threads: 2, queue: 10, extraThreads: 1) { event in events.withLock { $0.append(event) } }
    let gate = DispatchSemaphore(value: 0)
    let (ended, end) = AsyncStream<Void>.makeStream()
    for _ in 0..<2 {
      #expect(
        pool.submit {
          gate.wait()
          end.yield()
        })
    }
    // Behind the two that hold both threads, and what they wait for.
    #expect(
      pool.submit {
        gate.signal()
        gate.signal()
        end.yield()
      })
    var iterator = ended.makeAsyncIterator()
    for _ in 0..<3 { await iterator.next() }
    await Self.shutdown(pool)
    #expect(events.withLock { $0 } == [.starved(threads: 3, queued: 1)])
    #expect(pool.statistics.injected == 1)
    #expect(pool.statistics.threads == 0)
    #expect(pool.statistics.queueTimes.count == 3)
  }

  @Test func moreThanTheBoundIsToldOf() async {
    let (told, tell) = AsyncStream<BlockingPool.Event>.makeStream()
    let pool = BlockingPool(threads: 1, queue: 10, extraThreads: 1) { tell.yield($0) }
    let gate = DispatchSemaphore(value: 0)
    for _ in 0..<4 { #expect(pool.submit { gate.wait() }) }
    var iterator = told.makeAsyncIterator()
    #expect(await iterator.next() == .starved(threads: 2, queued: 3))
    #expect(await iterator.next() == .exhausted(threads: 2, queued: 2))
    for _ in 0..<4 { gate.signal() }
    await Self.shutdown(pool)
  }

  @Test func everythingRunsOnceHoweverManySubmit() async {
    let pool = BlockingPool(threads: 4, queue: 100_000)
    let count = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<2000 where !pool.submit({ count.add(1) }) {
            Issue.record("refused")
          }
        }
      }
    }
    await Self.shutdown(pool)
    #expect(count.value == 16_000)
    #expect(pool.load == 0)
    #expect(pool.statistics.threads == 0)
  }

  @Test func afterTheEndOnlyWhatIsOwedRunsAndOnTheCallersThread() async {
    let pool = BlockingPool(threads: 1, queue: 1)
    await Self.shutdown(pool)
    let count = Counter()
    #expect(!pool.submit { count.add(1) })
    #expect(pool.submit(isOwed: true) { count.add(10) })
    #expect(count.value == 10)
  }

  @Test func shutdownWaitsForWhatRunsAndForWhatWaits() async {
    let pool = BlockingPool(threads: 1, queue: 5)
    let gate = DispatchSemaphore(value: 0)
    let count = Counter()
    #expect(
      pool.submit {
        gate.wait()
        count.add(1)
      })
    #expect(pool.submit { count.add(1) })
    await withCheckedContinuation { done in
      pool.shutdown { done.resume() }
      gate.signal()
    }
    #expect(count.value == 2)
  }
}

private final class Counter: Sendable {
  private let count = Atomic(0)
  func add(_ number: Int) { count.add(number, ordering: .relaxed) }
  var value: Int { count.load(ordering: .relaxed) }
}
