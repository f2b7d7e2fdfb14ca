import NIOCore
import Testing

@testable import GatewayProxy

struct ExchangeClockTests {
  private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds) }
  private let timeouts = Upstream.Timeouts(
    connect: .seconds(1), responseHead: .seconds(2), idle: .seconds(3), total: .seconds(10))

  @Test func waitBeginsAtTheTickThatSeesItFirst() {
    var clock = ExchangeClock()
    #expect(clock.tick(at(100), wait: .head, timeouts) == nil)
    #expect(clock.tick(at(101), wait: .head, timeouts) == nil)
    #expect(clock.tick(at(102), wait: .head, timeouts) == .responseHeadTimeout)
  }

  @Test func everyWaitHasItsLimit() {
    for (wait, seconds, kind) in [
      (ExchangeClock.Wait.connection, 1, UpstreamFailure.Kind.connectTimeout), (.queue, 1, .queueTimeout),
      (.head, 2, .responseHeadTimeout), (.progress, 3, .idleTimeout),
    ] as [(ExchangeClock.Wait, Int64, UpstreamFailure.Kind)] {
      var clock = ExchangeClock()
      #expect(clock.tick(at(0), wait: wait, timeouts) == nil)
      #expect(clock.tick(at(seconds), wait: wait, timeouts) == kind)
    }
  }

  @Test func anotherWaitBeginsAnew() {
    var clock = ExchangeClock()
    _ = clock.tick(at(0), wait: .connection, timeouts)
    #expect(clock.tick(at(1), wait: .head, timeouts) == nil)
    #expect(clock.tick(at(2), wait: .head, timeouts) == nil)
    #expect(clock.tick(at(3), wait: .head, timeouts) == .responseHeadTimeout)
  }

  @Test func movementBeginsTheWaitAnew() {
    var clock = ExchangeClock()
    _ = clock.tick(at(0), wait: .progress, timeouts)
    clock.moved = true
    #expect(clock.tick(at(3), wait: .progress, timeouts) == nil)
    #expect(clock.tick(at(6), wait: .progress, timeouts) == .idleTimeout)
  }

  @Test func totalRunsThroughEveryWait() {
    var clock = ExchangeClock()
    for second in 0..<10 as Range<Int64> {
      clock.moved = true
      #expect(clock.tick(at(second), wait: .nothing, timeouts) == nil)
    }
    clock.moved = true
    #expect(clock.tick(at(10), wait: .nothing, timeouts) == .totalTimeout)
  }

  @Test func limitsMayBeAbsent() {
    let none = Upstream.Timeouts(connect: nil, responseHead: nil, idle: nil, total: nil)
    for wait in [ExchangeClock.Wait.connection, .queue, .head, .progress, .nothing] {
      var clock = ExchangeClock()
      _ = clock.tick(at(0), wait: wait, none)
      #expect(clock.tick(at(1_000_000), wait: wait, none) == nil)
    }
  }
}
