import Gateway
import GatewayHTTP
import GatewayPluginHost
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// A gateway under test, beside what its clients see.
public struct TestedGateway: Sendable {
  let instance: Instance
  private let loops: LoopGroup?
  let time: GatewayTime
  /// What the gateway and its plugins have written to the process log.
  public let log: TestLog
  /// The port that it listens on; nil in process.
  public internal(set) var port: Int?

  init(instance: Instance, loops: LoopGroup?, time: GatewayTime?, log: TestLog) {
    self.instance = instance
    self.loops = loops
    self.time = time ?? GatewayTime()
    self.log = log
  }

  /// Its clock, where it was made with `clock: .manual`.
  public var clock: TestClock { TestClock(time: time, loops: loops) }

  /// What its plugins have counted.
  public var metrics: TestMetrics { TestMetrics(registry: loops?.metrics ?? GatewayMetrics()) }

  /// From now on it says that it wants no requests, as a gateway does that was told to stop.
  public func beginDrain() { instance.beginDrain() }
}

/// Time that a test moves: timers, sleeps on `GatewayClock`, the gateway's timeouts and cookies' ages follow it.
public struct TestClock: Sendable {
  let time: GatewayTime
  let loops: LoopGroup?

  /// Moves on, from timer to timer: each fires at its own time, and what it wakes runs before the next one. Work on other
  /// threads is not waited for.
  public func advance(by duration: Duration) async throws {
    guard let manual = time.manual, let loops else {
      throw TestGatewayError(text: "this gateway's clock is the system's: run it with `clock: .manual`")
    }
    let target = manual.now + TimeAmount(duration)
    while true {
      var next = target
      for member in loops.members {
        if let due = try await member.loop.submit({ member.services.nextTimer }).get() { next = min(next, due) }
      }
      manual.move(to: next)
      try await moved(loops, to: next)
      if next >= target { return }
    }
  }

  private func moved(_ loops: LoopGroup, to now: NIODeadline) async throws {
    for member in loops.members { try await member.loop.submit { member.services.timeHasMoved(to: now) }.get() }
    // What was woken runs on the loop, and may queue more there.
    for _ in 0..<8 { for member in loops.members { try await member.loop.submit {}.get() } }
  }

  /// Waits until so many timers are pending: until a handler sleeps, say, and time may be moved. Throws after a minute.
  public func waitForTimers(_ count: Int = 1) async throws {
    let began = ContinuousClock.now
    while try await pendingTimers < count {
      guard .now - began < .seconds(60) else {
        throw TestGatewayError(text: "after 60 s there are \(try await pendingTimers) timers, not \(count)")
      }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// Timers that have not fired, health checks included.
  public var pendingTimers: Int {
    get async throws {
      var count = 0
      for member in loops?.members ?? [] { count += try await member.loop.submit { member.services.timerCount }.get() }
      return count
    }
  }

  /// Sets the time of day, in seconds since 1970.
  public func setDate(_ seconds: Int64) throws {
    guard let manual = time.manual else {
      throw TestGatewayError(text: "this gateway's clock is the system's: run it with `clock: .manual`")
    }
    let (nanoseconds, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !isOver else { throw TestGatewayError(text: "the clock knows the years 1678 to 2262, and \(seconds) s is in none of them") }
    manual.setWallClock(nanoseconds)
  }
}

/// Which clock a gateway under test goes by.
public enum TestTime: Sendable {
  case system
  /// Time stands still until `gateway.clock.advance(by:)`.
  case manual
}

/// What plugins have counted.
public struct TestMetrics: Sendable {
  let registry: GatewayMetrics

  /// The value of a counter or gauge, the sum of a histogram; nil where there is no such series. Labels are all its labels.
  public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? { sample(name, labels)?.value }

  /// How many values a histogram has.
  public func count(_ name: String, _ labels: [String: String] = [:]) -> Int? {
    sample(name, labels).map { Int(clamping: $0.count) }
  }

  /// All of them, as Prometheus gets them.
  public var text: String { registry.prometheusText() }

  private func sample(_ name: String, _ labels: [String: String]) -> GatewayMetrics.Sample? {
    registry.samples.first { sample in
      sample.name == name && sample.labels.count == labels.count
        && sample.labels.allSatisfy { labels[$0.name] == $0.value }
    }
  }
}

/// The process log of a gateway under test.
public final class TestLog: Sendable {
  public struct Line: Sendable {
    /// `debug`, `info`, `warning`, `error`, …
    public var level: String
    public var message: String
    public var facts: [String: String]
  }

  private struct State {
    var lines: [Line] = []
    var isClosed = false
  }

  private let state = NIOLockedValueBox(State())

  init() {}

  public var lines: [Line] { state.withLockedValue { $0.lines } }

  public func lines(_ message: String) -> [Line] { lines.filter { $0.message == message } }

  /// Waits until that message was written so many times; the last of these lines, or nil where the gateway has ended without.
  /// Throws after a minute, and where the task is cancelled.
  public func line(_ message: String, count: Int = 1) async throws -> Line? {
    let began = ContinuousClock.now
    while true {
      let (found, isClosed) = state.withLockedValue { state in
        (state.lines.filter { $0.message == message }, state.isClosed)
      }
      if found.count >= max(count, 1) { return found[max(count, 1) - 1] }
      if isClosed { return nil }
      guard .now - began < .seconds(60) else {
        throw TestGatewayError(text: "after 60 s the log has `\(message)` \(found.count) times, not \(count)")
      }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// Nobody waits in vain for what will not be written any more.
  func close() { state.withLockedValue { $0.isClosed = true } }

  private func write(_ line: Line) { state.withLockedValue { $0.lines.append(line) } }

  var logger: Logger { Logger(label: "gateway") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: TestLog
    var logLevel = Logger.Level.debug
    var metadata = Logger.Metadata()

    init(log: TestLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let facts = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
      log.write(Line(level: event.level.rawValue, message: "\(event.message)", facts: facts))
    }
  }
}
