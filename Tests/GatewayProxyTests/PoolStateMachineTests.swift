import NIOCore
import Testing

@testable import GatewayProxy

/// The pool's decisions as stories, with a clock by hand and without a network.
struct PoolStateMachineTests {
  final class Connection {}
  final class Waiter {}
  typealias Machine = UpstreamPool.StateMachine<Connection, Waiter>

  /// The machine behind a reference, because expectations may not change values.
  final class Story {
    private var machine: Machine

    init(targets: Int, limits: Upstream.Limits, offset: Int) {
      machine = Machine(targets: targets, limits: limits, offset: offset)
    }

    var targets: [Machine.Target] { machine.targets }
    var waiting: CircularBuffer<Waiter> { machine.waiting }

    func assign(_ waiter: Waiter, fresh: Bool = false, now: @autoclosure () -> NIODeadline) -> Machine.Assignment {
      machine.assign(waiter, fresh: fresh, now: now())
    }
    func cancel(_ waiter: Waiter) -> Bool { machine.cancel(waiter) }
    func next(now: NIODeadline) -> (Waiter, Machine.Assignment)? { machine.next(now: now) }
    func connected(target: Int) { machine.connected(target: target) }
    func connectFailed(target: Int, now: NIODeadline) -> [Waiter] { machine.connectFailed(target: target, now: now) }
    func release(_ connection: Connection, target: Int, keepFor: TimeAmount = .seconds(10)) -> Machine.Release {
      machine.release(connection, target: target, keepFor: keepFor)
    }
    func closed(_ connection: Connection, target: Int) { machine.closed(connection, target: target) }
    func expire(now: NIODeadline) -> [Connection] { machine.expire(now: now) }
    func retire() -> [Connection] { machine.retire() }
  }

  static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
  var now = Self.start

  private func machine(targets: Int, offset: Int = 0, _ change: (inout Upstream.Limits) -> Void = { _ in }) -> Story {
    var limits = Upstream.Limits()
    change(&limits)
    return Story(targets: targets, limits: limits, offset: offset)
  }

  private func connecting(_ assignment: Machine.Assignment?) -> Int? {
    if case .connect(let target) = assignment { return target }
    return nil
  }

  private func reused(_ assignment: Machine.Assignment?) -> Connection? {
    if case .reuse(let connection) = assignment { return connection }
    return nil
  }

  private func isWaiting(_ assignment: Machine.Assignment) -> Bool {
    if case .wait = assignment { return true }
    return false
  }

  private func refusal(_ assignment: Machine.Assignment) -> UpstreamFailure.Kind? {
    if case .refuse(let kind) = assignment { return kind }
    return nil
  }

  private func isParked(_ release: Machine.Release) -> Bool {
    if case .park = release { return true }
    return false
  }

  @Test func targetsTakeTurns() {
    let machine = machine(targets: 3)
    #expect((0..<5).map { _ in connecting(machine.assign(Waiter(), now: now)) } == [0, 1, 2, 0, 1])
  }

  @Test func loopsBeginWithDifferentTargets() {
    for offset in 0..<5 {
      let machine = machine(targets: 3, offset: offset)
      #expect(connecting(machine.assign(Waiter(), now: now)) == offset % 3)
    }
  }

  @Test func connectionParkedLastIsUsedFirst() {
    let machine = machine(targets: 1)
    let connections = [Connection(), Connection()]
    for _ in connections {
      _ = machine.assign(Waiter(), now: now)
      machine.connected(target: 0)
    }
    for connection in connections { #expect(isParked(machine.release(connection, target: 0))) }
    #expect(reused(machine.assign(Waiter(), now: now)) === connections[1])
    #expect(reused(machine.assign(Waiter(), now: now)) === connections[0])
    #expect(connecting(machine.assign(Waiter(), now: now)) == 0)
  }

  @Test func usualPathReadsNoClock() {
    let machine = machine(targets: 2)
    var reads = 0
    let clock = { () -> NIODeadline in
      reads += 1
      return Self.start
    }
    _ = machine.assign(Waiter(), now: clock())
    machine.connected(target: 0)
    let connection = Connection()
    _ = machine.release(connection, target: 0)
    _ = machine.assign(Waiter(), now: clock())
    _ = machine.assign(Waiter(), now: clock())
    #expect(reads == 0)
  }

  @Test mutating func targetThatFailedIsPassedOverAndComesBack() {
    let machine = machine(targets: 2) { $0.backoff = .seconds(1) }
    #expect(connecting(machine.assign(Waiter(), now: now)) == 0)
    #expect(machine.connectFailed(target: 0, now: now).isEmpty)
    for _ in 0..<4 { #expect(connecting(machine.assign(Waiter(), now: now)) == 1) }
    now = now + .seconds(1)
    // One attempt finds out whether it is back; the others do not wait for it.
    #expect([0, 1].map { _ in connecting(machine.assign(Waiter(), now: now)) } == [0, 1])
    #expect(connecting(machine.assign(Waiter(), now: now)) == 1)
    machine.connected(target: 0)
    #expect(connecting(machine.assign(Waiter(), now: now)) == 0)
  }

  @Test mutating func pauseDoublesUpToItsLimit() {
    let machine = machine(targets: 2) {
      $0.backoff = .seconds(1)
      $0.longestBackoff = .seconds(5)
    }
    for expected in [1, 2, 4, 5, 5] as [Int64] {
      while connecting(machine.assign(Waiter(), now: now)) != 0 {}
      _ = machine.connectFailed(target: 0, now: now)
      now = now + .seconds(expected) - .nanoseconds(1)
      #expect([0, 1].map { _ in connecting(machine.assign(Waiter(), now: now)) } == [1, 1])
      now = now + .nanoseconds(1)
    }
  }

  @Test func whenAllFailedOneAttemptIsLetThroughAtATime() {
    let machine = machine(targets: 2)
    for target in 0..<2 {
      #expect(connecting(machine.assign(Waiter(), now: now)) == target)
      _ = machine.connectFailed(target: target, now: now)
    }
    let waiters = [Waiter(), Waiter()]
    #expect(connecting(machine.assign(Waiter(), now: now)) == 0)
    #expect(connecting(machine.assign(Waiter(), now: now)) == 1)
    for waiter in waiters { #expect(isWaiting(machine.assign(waiter, now: now))) }
    // One still tries, so there is hope.
    #expect(machine.connectFailed(target: 0, now: now).isEmpty)
    let hopeless = machine.connectFailed(target: 1, now: now)
    #expect(hopeless.count == 2 && hopeless[0] === waiters[0] && hopeless[1] === waiters[1])
    #expect(machine.waiting.isEmpty)
  }

  @Test func successOfTheProbeServesThoseThatWaited() throws {
    let machine = machine(targets: 1)
    _ = machine.assign(Waiter(), now: now)
    _ = machine.connectFailed(target: 0, now: now)
    _ = machine.assign(Waiter(), now: now)
    let waiter = Waiter()
    #expect(isWaiting(machine.assign(waiter, now: now)))
    #expect(machine.next(now: now) == nil)
    machine.connected(target: 0)
    let next = try #require(machine.next(now: now))
    #expect(next.0 === waiter && connecting(next.1) == 0)
  }

  @Test func connectionsAreLimitedAndTheRestWaitsInOrder() throws {
    let machine = machine(targets: 1) {
      $0.connections = 1
      $0.waiting = 2
    }
    _ = machine.assign(Waiter(), now: now)
    machine.connected(target: 0)
    let waiters = [Waiter(), Waiter()]
    for waiter in waiters { #expect(isWaiting(machine.assign(waiter, now: now))) }
    #expect(refusal(machine.assign(Waiter(), now: now)) == .queueFull)
    let connection = Connection()
    guard case .use(let first) = machine.release(connection, target: 0) else {
      Issue.record("the waiting request was not served")
      return
    }
    #expect(first === waiters[0])
    machine.closed(connection, target: 0)
    let next = try #require(machine.next(now: now))
    #expect(next.0 === waiters[1] && connecting(next.1) == 0)
  }

  @Test func cancelledRequestIsNotServed() {
    let machine = machine(targets: 1) { $0.connections = 1 }
    _ = machine.assign(Waiter(), now: now)
    machine.connected(target: 0)
    let waiter = Waiter()
    _ = machine.assign(waiter, now: now)
    #expect(machine.cancel(waiter))
    #expect(!machine.cancel(waiter))
    #expect(isParked(machine.release(Connection(), target: 0)))
  }

  @Test func surplusIsClosedInsteadOfParked() {
    let machine = machine(targets: 1) { $0.idleConnections = 1 }
    for _ in 0..<2 {
      _ = machine.assign(Waiter(), now: now)
      machine.connected(target: 0)
    }
    #expect(isParked(machine.release(Connection(), target: 0)))
    #expect(!isParked(machine.release(Connection(), target: 0)))
  }

  @Test mutating func connectionParkedTooLongExpires() {
    let machine = machine(targets: 1)
    let connections = [Connection(), Connection()]
    for connection in connections {
      _ = machine.assign(Waiter(), now: now)
      machine.connected(target: 0)
      _ = connection
    }
    _ = machine.release(connections[0], target: 0)
    #expect(machine.expire(now: now).isEmpty)
    now = now + .seconds(5)
    _ = machine.release(connections[1], target: 0)
    #expect(machine.expire(now: now).isEmpty)
    now = now + .seconds(5)
    let expired = machine.expire(now: now)
    #expect(expired.count == 1 && expired[0] === connections[0])
    machine.closed(connections[0], target: 0)
    #expect(machine.targets[0].open == 1)
  }

  @Test mutating func connectionIsParkedForItsOwnTime() {
    let machine = machine(targets: 1)
    for _ in 0..<3 {
      _ = machine.assign(Waiter(), now: now)
      machine.connected(target: 0)
    }
    let long = Connection()
    let short = Connection()
    #expect(isParked(machine.release(long, target: 0, keepFor: .seconds(10))))
    #expect(isParked(machine.release(short, target: 0, keepFor: .seconds(4))))
    #expect(!isParked(machine.release(Connection(), target: 0, keepFor: .zero)))
    _ = machine.expire(now: now)
    now = now + .seconds(4)
    let expired = machine.expire(now: now)
    #expect(expired.count == 1 && expired[0] === short)
  }

  @Test func closedConnectionIsNotHandedOut() {
    let machine = machine(targets: 1)
    _ = machine.assign(Waiter(), now: now)
    machine.connected(target: 0)
    let connection = Connection()
    _ = machine.release(connection, target: 0)
    machine.closed(connection, target: 0)
    #expect(connecting(machine.assign(Waiter(), now: now)) == 0)
    #expect(machine.targets[0].open == 1)
  }

  @Test func freshConnectionIsNeverAParkedOne() {
    let machine = machine(targets: 1) { $0.connections = 1 }
    _ = machine.assign(Waiter(), now: now)
    machine.connected(target: 0)
    let parked = Connection()
    _ = machine.release(parked, target: 0)
    guard case .replace(let old, target: 0) = machine.assign(Waiter(), fresh: true, now: now) else {
      Issue.record("no room was made")
      return
    }
    #expect(old === parked)
    #expect(machine.targets[0].open == 1 && machine.targets[0].connecting == 1)
    machine.connected(target: 0)
    #expect(machine.targets[0].open == 1 && machine.targets[0].connecting == 0)
  }

  @Test func retiredPoolParksNothing() {
    let machine = machine(targets: 1)
    for _ in 0..<2 {
      _ = machine.assign(Waiter(), now: now)
      machine.connected(target: 0)
    }
    let parked = Connection()
    _ = machine.release(parked, target: 0)
    let closed = machine.retire()
    #expect(closed.count == 1 && closed[0] === parked)
    #expect(!isParked(machine.release(Connection(), target: 0)))
  }

  @Test func noTargetsIsAnAnswer() {
    let machine = machine(targets: 0)
    #expect(refusal(machine.assign(Waiter(), now: now)) == .noneAvailable)
  }
}
