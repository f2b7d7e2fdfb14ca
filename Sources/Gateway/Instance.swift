import CGatewayPlugin
import GatewayPluginHost
import GatewayPolicies
import GatewayServer
import GatewayTelemetry
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// A gateway in service: a snapshot whose plugins and app-scope dependencies are started, and with which every loop answers,
/// until another snapshot takes its place.
///
/// How requests arrive is somebody else's business: a server's connections, or a test's calls in process.
public final class Instance: Sendable {
  private struct State {
    var current: RunningSnapshot
    /// Replaced, with exchanges that have not ended.
    var draining: [RunningSnapshot] = []
    /// Those among them that have had more time than exchanges get.
    var overdue: [ObjectIdentifier] = []
    var isStopping = false
  }

  private let loops: LoopGroup
  private let seats: [NIOLoopBound<LoopSeat>]
  private let responders: [NIOLoopBound<LoopResponder>]
  private let blocking: BlockingPool
  private let logger: Logger
  private let readiness: Readiness
  private let health: NIOLoopBound<HealthMonitor>
  private let state: NIOLockedValueBox<State>
  /// The generations of its plugins.
  let ledger: PluginLedger

  /// In service.
  public var snapshot: Snapshot { state.withLockedValue { $0.current.snapshot } }

  /// All that are in service or have exchanges.
  var snapshots: [Snapshot] { state.withLockedValue { ([$0.current] + $0.draining).map(\.snapshot) } }

  var blockingStatistics: BlockingPool.Statistics { blocking.statistics }
  var loopCount: Int { loops.members.count }

  /// Whether that plugin says that it can serve; nil where it has no hook to ask.
  func isHealthy(_ entry: ConfiguredPlugin) -> Bool? {
    entry.plugin.health == nil ? nil : !readiness.isFailing(entry.name)
  }

  var isReady: Bool { readiness.isReady }

  /// Starts plugins and app-scope dependencies; throws what did not start, with everything stopped again.
  public static func start(
    _ snapshot: Snapshot, loops: LoopGroup, blocking: BlockingPool, logger: Logger
  ) async throws -> Instance {
    guard let first = loops.members.first else { throw NoLoops() }
    let readiness = Readiness()
    loops.services.setLog { logger.log($0) }
    let ledger = PluginLedger(snapshot)
    var seats: [NIOLoopBound<LoopSeat>] = []
    for member in loops.members {
      seats.append(
        try await member.loop.submit { NIOLoopBound(LoopSeat(member.services, ledger), eventLoop: member.loop) }.get())
    }
    let health = try await first.loop.submit {
      NIOLoopBound(HealthMonitor(first.services, blocking, readiness, logger), eventLoop: first.loop)
    }.get()
    let running: RunningSnapshot
    do {
      running = try await start(
        snapshot, previous: nil, loops: loops, seats: seats, blocking: blocking, logger: logger, readiness: readiness,
        health: health)
    } catch {
      for seat in seats { try? await seat.eventLoop.submit { seat.value.close() }.get() }
      throw error
    }
    var responders: [NIOLoopBound<LoopResponder>] = []
    for runtime in running.runtimes {
      let responder = try await runtime.eventLoop.submit {
        runtime.value.seat.serve(runtime.value.pools)
        return NIOLoopBound(LoopResponder(runtime.value), eventLoop: runtime.eventLoop)
      }.get()
      responders.append(responder)
    }
    try await first.loop.submit { health.value.serve(snapshot) }.get()
    return Instance(
      running, responders, loops: loops, seats: seats, blocking: blocking, logger: logger, readiness: readiness,
      health: health, ledger: ledger)
  }

  private init(
    _ running: RunningSnapshot, _ responders: [NIOLoopBound<LoopResponder>], loops: LoopGroup,
    seats: [NIOLoopBound<LoopSeat>], blocking: BlockingPool, logger: Logger, readiness: Readiness,
    health: NIOLoopBound<HealthMonitor>, ledger: PluginLedger
  ) {
    self.responders = responders
    self.ledger = ledger
    state = NIOLockedValueBox(State(current: running))
    self.loops = loops
    self.seats = seats
    self.blocking = blocking
    self.logger = logger
    self.readiness = readiness
    self.health = health
  }

  private static func start(
    _ snapshot: Snapshot, previous: RunningSnapshot?, loops: LoopGroup, seats: [NIOLoopBound<LoopSeat>],
    blocking: BlockingPool, logger: Logger, readiness: Readiness, health: NIOLoopBound<HealthMonitor>
  ) async throws -> RunningSnapshot {
    guard let first = loops.members.first else { throw NoLoops() }
    let background: BackgroundQuota
    if let previous, previous.snapshot.background == snapshot.background {
      background = previous.background
    } else {
      background = BackgroundQuota(perRequest: snapshot.background.perRequest, total: snapshot.background.total)
    }
    let lifecycle = Lifecycle(
      snapshot: snapshot, loop: first.loop, loopIndex: first.index, pool: blocking, previous: previous?.lifecycle,
      processes: { try await $0.startProcesses(loops, snapshot.background, logger) }
    ) { entry in
      let left = health.eventLoop.makePromise(of: Bool.self)
      health.eventLoop.execute {
        let timer = health.eventLoop.scheduleTask(in: .seconds(30)) { left.succeed(false) }
        health.value.leave(entry) {
          timer.cancel()
          left.succeed(true)
        }
      }
      return (try? await left.futureResult.get()) ?? true
    }
    // Before anything starts: what starts may ask an upstream. The values that it makes are seen by the loops with the
    // first request, which comes later.
    var runtimes: [NIOLoopBound<LoopRuntime>] = []
    for seat in seats {
      let runtime = try await seat.eventLoop.submit {
        let runtime = LoopRuntime(
          snapshot: snapshot, seat: seat.value, blocking: blocking, appValues: lifecycle.values, background: background,
          events: EventLog(logger: logger), readiness: readiness, metrics: loops.metrics)
        runtime.startTicking()
        return NIOLoopBound(runtime, eventLoop: seat.eventLoop)
      }.get()
      runtimes.append(runtime)
    }
    let running = RunningSnapshot(snapshot, lifecycle, runtimes, background)
    if let failure = await lifecycle.start() {
      await running.shutdown()
      throw failure
    }
    return running
  }

  /// From now on it says that it wants no requests, and goes on answering those that come.
  public func beginDrain() { readiness.drain() }

  /// Who answers requests on that loop, with whatever snapshot is in service. Call it on the loop.
  public func responder(on loop: any EventLoop) -> (any Responder)? {
    responders.first { $0.eventLoop === loop }?.value
  }
}

// MARK: another snapshot

extension Instance {
  /// Starts what is new in `snapshot`, asks it whether it can serve, and puts the snapshot in the place of the present one:
  /// requests that come are answered with it, those under way end on the old one, which is torn down after its last.
  ///
  /// Throws, with everything as before, where something does not start or cannot serve. One at a time.
  ///
  /// - Parameter drain: after this time what is still under way on the old snapshot is told to the log. It goes on.
  func replace(with snapshot: Snapshot, drain: TimeAmount) async throws -> Lifecycle {
    let old = state.withLockedValue { $0.current }
    let new = try await Self.start(
      snapshot, previous: old, loops: loops, seats: seats, blocking: blocking, logger: logger, readiness: readiness,
      health: health)
    for entry in snapshot.plugins {
      guard let problem = await probe(entry, snapshot) else { continue }
      new.retire()
      _ = await new.end(releasesValues: true)
      throw CannotServe(plugin: entry.name, problem: problem)
    }
    let isStopping = state.withLockedValue { state in
      guard !state.isStopping else { return true }
      state.draining.append(state.current)
      state.current = new
      return false
    }
    guard !isStopping else {
      new.retire()
      _ = await new.end(releasesValues: true)
      throw Stopping()
    }
    // In one turn of each loop: what began before is the old one's, what comes after is the new one's.
    for (responder, runtime) in zip(responders, new.runtimes) {
      try? await responder.eventLoop.submit {
        responder.value.runtime = runtime.value
        runtime.value.seat.serve(runtime.value.pools)
      }.get()
    }
    old.retire()
    tellDraining()
    try? await health.eventLoop.submit { [health] in health.value.serve(snapshot) }.get()
    Task { await finish(old, drain) }
    return new.lifecycle
  }

  private func probe(_ entry: ConfiguredPlugin, _ snapshot: Snapshot) async -> String? {
    let answer = health.eventLoop.makePromise(of: String?.self)
    health.eventLoop.execute { [health] in health.value.probe(entry, snapshot) { answer.succeed($0) } }
    return (try? await answer.futureResult.get()) ?? nil
  }

  /// Ends a replaced snapshot after its last exchange.
  private func finish(_ old: RunningSnapshot, _ drain: TimeAmount) async {
    if await !old.isIdle(within: drain) {
      state.withLockedValue { $0.overdue.append(ObjectIdentifier(old)) }
      tellDraining()
      let exchanges = await old.exchanges()
      logger.warning(
        "replaced snapshot still has requests, its plugins are kept until they end",
        metadata: ["requests": "\(exchanges)", "plugins": "\(onlyOf(old).joined(separator: ", "))"])
      _ = await old.isIdle(within: nil)
    }
    for problem in await old.end(releasesValues: true) {
      logger.error("did not end cleanly", metadata: ["error": "\(problem)"])
    }
    let others = state.withLockedValue { state in
      state.draining.removeAll { $0 === old }
      state.overdue.removeAll { $0 == ObjectIdentifier(old) }
      return ([state.current] + state.draining).map(\.snapshot)
    }
    tellDraining()
    old.snapshot.closeLogs(keptBy: others)
  }

  private func tellDraining() {
    state.withLockedValue { ledger.drains($0.draining.count, overdue: $0.overdue.count) }
  }

  /// Generations that a replaced snapshot alone keeps.
  private func onlyOf(_ old: RunningSnapshot) -> [String] {
    let serving = snapshot.plugins
    return old.snapshot.plugins.filter { entry in !serving.contains { $0 === entry } }
      .map { "\($0.name) (generation \($0.generation))" }
  }
}

// MARK: the end

extension Instance {
  /// Waits for the exchanges in hand, at most `patience`, then tears down app-scope dependencies and stops the plugins.
  /// What did not end cleanly is told.
  ///
  /// - Parameter drain: how long background tasks may go on before those that run are cancelled and the others dropped.
  public func stop(within patience: TimeAmount = .seconds(30), drain: TimeAmount = .seconds(10)) async -> [String] {
    beginDrain()
    let all = state.withLockedValue { state in
      state.isStopping = true
      return [state.current] + state.draining
    }
    let checked = endOfHealthChecks(within: patience)
    // All at once: they share one patience.
    let parts = await withTaskGroup(of: (cut: Int, isIdle: Bool).self) { group in
      for running in all {
        group.addTask {
          let drains = await running.drainTasks(within: drain)
          running.retire()
          let isIdle = await running.isIdle(within: patience)
          drains.forEach { $0.cancel() }
          return (await running.cutTasks(), isIdle)
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var problems: [String] = []
    let cut = parts.reduce(0) { $0 + $1.cut }
    if cut > 0 { problems.append("\(cut) background task\(cut == 1 ? "" : "s") cut off, still not done when the time to drain was over") }
    for part in parts where !part.isIdle {
      problems.append("an exchange did not end: a plugin never completed what it was asked")
    }
    var isClean = parts.allSatisfy(\.isIdle)
    if (try? await checked.get()) == false {
      problems.append("a health check did not end")
      isClean = false
    }
    // A plugin that never completed may still use what it was lent. The oldest first: its plugins are the oldest.
    for running in all.dropFirst() + all.prefix(1) {
      problems += await running.end(releasesValues: isClean)
    }
    for seat in seats { try? await seat.eventLoop.submit { seat.value.close() }.get() }
    return problems
  }

  /// Whether those that were under way have ended.
  private func endOfHealthChecks(within patience: TimeAmount) -> EventLoopFuture<Bool> {
    let promise = health.eventLoop.makePromise(of: Bool.self)
    health.eventLoop.execute { [health] in
      let timer = health.eventLoop.scheduleTask(in: patience) { promise.succeed(false) }
      health.value.stop {
        timer.cancel()
        promise.succeed(true)
      }
    }
    return promise.futureResult
  }
}

struct NoLoops: Error, CustomStringConvertible {
  var description: String { "there is no event loop to run on" }
}

/// A new generation says that it cannot serve.
struct CannotServe: Error, CustomStringConvertible {
  let plugin: String
  let problem: String

  var description: String { "plugin '\(plugin)' cannot serve: \(problem)" }
}

struct Stopping: Error, CustomStringConvertible {
  var description: String { "the gateway stops" }
}
