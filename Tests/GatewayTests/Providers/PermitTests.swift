import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

/// Counting permits: as values, and in the hands of several threads.
@Suite(.timeLimit(.minutes(5)))
struct PermitTests {
  @Test func permitsAreTakenUpToTheLimit() {
    var count = PermitCount()
    for taken in 1...3 {
      count = count.taking(of: 3) ?? PermitCount()
      #expect(count == PermitCount(taken: UInt32(taken)))
    }
    #expect(count.taking(of: 3) == nil)
    #expect(count.releasing() == PermitCount(taken: 2))
    #expect(PermitCount().releasing() == nil)
  }

  @Test func whileSomebodyWaitsNoPermitIsFree() {
    let full = PermitCount(taken: 2)
    let waiting = full.joining(queue: 1)
    #expect(waiting == PermitCount(taken: 2, waiting: 1))
    #expect(waiting?.joining(queue: 1) == nil)
    // Handed on, not given back: nobody who comes later is faster.
    #expect(waiting?.releasing() == nil)
    #expect(waiting?.taking(of: 3) == nil)
    #expect(waiting?.leaving() == full)
    #expect(full.leaving() == nil)
    #expect(full.joining(queue: 0) == nil)
  }

  @Test func bothCountsFitIntoOneWord() {
    for count in [PermitCount(), PermitCount(taken: .max), PermitCount(taken: 7, waiting: .max), PermitCount(taken: 1, waiting: 2)] {
      #expect(PermitCount(word: count.word) == count)
    }
  }

  @Test func theLineServesInTheOrderOfArrivalAndPassesOverThoseWhoLeft() {
    var line = WaitLine<Int>()
    let tickets = (0..<5).map { line.join($0) }
    let left = [line.leave(tickets[1]), line.leave(tickets[3]), line.leave(tickets[1])]
    #expect(left == [true, true, false])
    let first = line.popFirst()
    let isLate = !line.leave(tickets[0])
    #expect(first == 0 && isLate)
    let rest = [line.popFirst(), line.popFirst(), line.popFirst()]
    #expect(rest == [2, 4, nil])
    #expect(line.count == 0)
  }

  @Test func aLineThatNobodyServesDoesNotGrowWithThoseWhoComeAndLeave() {
    var line = WaitLine<Int>()
    let first = line.join(-1)
    var left = 0
    for index in 0..<10_000 {
      let ticket = line.join(index)
      if line.leave(ticket) { left += 1 }
    }
    #expect(left == 10_000)
    #expect(line.places < 100)
    _ = line.join(7)
    let served = [line.popFirst(), line.popFirst()]
    #expect(served == [-1, 7])
    let isThere = line.leave(first)
    #expect(!isThere)
  }

  /// Threads take, wait, leave and give back at random; in the end nothing is taken and nobody waits.
  @Test func noPermitIsLostAndNeverAreThereMoreThanTheLimit() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 4)
    let limit = ProviderLimit(concurrency: 3, queue: 5)
    let journal = Counters()
    await withTaskGroup(of: Void.self) { tasks in
      for (number, loop) in Array(group.makeIterator()).enumerated() {
        tasks.addTask {
          for round in 0..<400 {
            try? await loop.submit {
              if limit.take() {
                journal.enter(3)
                loop.execute {
                  journal.leave()
                  limit.release()
                }
                return
              }
              let waiter = LimitWaiter(limit, on: loop) {
                journal.enter(3)
                journal.leave()
                limit.release()
              }
              switch limit.join(waiter) {
              case .granted:
                journal.enter(3)
                journal.leave()
                limit.release()
              case .waits: if (round + number) % 3 == 0 { waiter.leave() }
              case .refused: break
              }
            }.get()
          }
        }
      }
    }
    // Grants that were on their way when the last round ended.
    while limit.load != PermitCount() {
      for loop in group.makeIterator() { try await loop.submit {}.get() }
    }
    #expect(journal.overruns == 0)
    #expect(journal.entered > 400)
    try await group.shutdownGracefully()
  }
}

/// How many hold a permit at once.
private final class Counters: Sendable {
  private let state = Mutex((inside: 0, entered: 0, overruns: 0))

  var overruns: Int { state.withLock { $0.overruns } }
  var entered: Int { state.withLock { $0.entered } }

  func enter(_ limit: Int) {
    state.withLock { state in
      state.inside += 1
      state.entered += 1
      if state.inside > limit { state.overruns += 1 }
    }
  }

  func leave() { state.withLock { $0.inside -= 1 } }
}
