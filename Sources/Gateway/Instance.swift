import CGatewayPlugin
import GatewayPluginHost
import GatewayPolicies
import GatewayServer
import GatewayTelemetry
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// A snapshot in service: its plugins and app-scope dependencies are started, and every loop can answer with it.
///
/// How requests arrive is somebody else's business: a server's connections, or a test's calls in process.
public final class Instance: Sendable {
  public let snapshot: Snapshot
  private let loops: [any EventLoop]
  private let runtimes: [NIOLoopBound<LoopRuntime>]
  private let lifecycle: Lifecycle
  private let readiness: Readiness
  private let health: NIOLoopBound<HealthMonitor>

  /// Starts plugins and app-scope dependencies; throws what did not start, with everything stopped again.
  public static func start(
    _ snapshot: Snapshot, loops: LoopGroup, blocking: BlockingPool, logger: Logger
  ) async throws -> Instance {
    let values = AppValues(count: snapshot.appSteps.count)
    guard let first = loops.members.first else { throw NoLoops() }
    let background = BackgroundQuota(perRequest: snapshot.background.perRequest, total: snapshot.background.total)
    let readiness = Readiness()
    loops.services.setLog { logger.log($0) }
    // Before anything starts: what starts may ask an upstream. The values that it makes are seen by the loops with the
    // first request, which comes later.
    var runtimes: [NIOLoopBound<LoopRuntime>] = []
    for member in loops.members {
      let runtime = try await member.loop.submit {
        let runtime = LoopRuntime(
          snapshot: snapshot, services: member.services, blocking: blocking, appValues: values,
          background: background, events: EventLog(logger: logger), readiness: readiness, metrics: loops.metrics)
        runtime.startTicking()
        return NIOLoopBound(runtime, eventLoop: member.loop)
      }.get()
      runtimes.append(runtime)
    }
    let lifecycle = Lifecycle(
      snapshot: snapshot, values: values, loop: first.loop, loopIndex: first.index, pool: blocking)
    do { try await snapshot.startWorkers(loops, logger) } catch {
      await shutdown(runtimes)
      throw error
    }
    if let failure = await lifecycle.start() {
      await snapshot.endWorkers()
      await shutdown(runtimes)
      throw failure
    }
    let health = try await first.loop.submit {
      let monitor = HealthMonitor(snapshot, first.services, blocking, readiness, logger)
      monitor.start()
      return NIOLoopBound(monitor, eventLoop: first.loop)
    }.get()
    return Instance(
      snapshot: snapshot, loops: loops.members.map(\.loop), runtimes: runtimes, lifecycle: lifecycle,
      readiness: readiness, health: health)
  }

  private init(
    snapshot: Snapshot, loops: [any EventLoop], runtimes: [NIOLoopBound<LoopRuntime>], lifecycle: Lifecycle,
    readiness: Readiness, health: NIOLoopBound<HealthMonitor>
  ) {
    self.snapshot = snapshot
    self.loops = loops
    self.runtimes = runtimes
    self.lifecycle = lifecycle
    self.readiness = readiness
    self.health = health
  }

  /// From now on it says that it wants no requests, and goes on answering those that come.
  public func beginDrain() { readiness.drain() }

  /// Who answers requests on that loop. Call it on the loop.
  public func responder(on loop: any EventLoop) -> (any Responder)? {
    runtimes.first { $0.eventLoop === loop }.map { LoopResponder($0.value) }
  }

  /// Waits for the exchanges in hand, at most `patience`, then tears down app-scope dependencies and stops the plugins.
  /// What did not end cleanly is told.
  ///
  /// - Parameter drain: how long background tasks may go on before those that run are cancelled and the others dropped.
  public func stop(within patience: TimeAmount = .seconds(30), drain: TimeAmount = .seconds(10)) async -> [String] {
    beginDrain()
    let checked = endOfHealthChecks(within: patience)
    let drains = await drainTasks(within: drain)
    // All at once: the loops share one patience.
    let ended = runtimes.map { runtime in
      let promise = runtime.eventLoop.makePromise(of: Bool.self)
      runtime.eventLoop.execute {
        let timer = runtime.eventLoop.scheduleTask(in: patience) { promise.succeed(false) }
        runtime.value.retire {
          timer.cancel()
          promise.succeed(true)
        }
      }
      return promise.futureResult
    }
    var unended: [String] = []
    for future in ended where (try? await future.get()) == false {
      unended.append("an exchange did not end: a plugin never completed what it was asked")
    }
    if (try? await checked.get()) == false { unended.append("a health check did not end") }
    drains.forEach { $0.cancel() }
    var problems: [String] = []
    let cut = await cutTasks()
    if cut > 0 { problems.append("\(cut) background task\(cut == 1 ? "" : "s") cut off, still not done when the time to drain was over") }
    problems += unended
    // A plugin that never completed may still use what it was lent.
    problems += await lifecycle.stop(releasesValues: unended.isEmpty).map(\.description)
    await snapshot.endWorkers()
    await Self.shutdown(runtimes)
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

  private static func shutdown(_ runtimes: [NIOLoopBound<LoopRuntime>]) async {
    for runtime in runtimes { try? await runtime.eventLoop.submit { runtime.value.shutdown() }.get() }
  }
}

extension Instance {
  /// Waits for background tasks, at most `patience`. What exchanges that end later leave behind has until then too: the
  /// timers go on.
  private func drainTasks(within patience: TimeAmount) async -> [Scheduled<Void>] {
    let timers = runtimes.map { runtime in
      runtime.eventLoop.scheduleTask(in: patience) { runtime.value.cutTasks() }
    }
    for runtime in runtimes {
      let promise = runtime.eventLoop.makePromise(of: Void.self)
      runtime.eventLoop.execute { runtime.value.rest { promise.succeed() } }
      try? await promise.futureResult.get()
    }
    return timers
  }

  /// How many background tasks were cut off.
  private func cutTasks() async -> Int {
    var cut = 0
    for runtime in runtimes { cut += (try? await runtime.eventLoop.submit { runtime.value.takeCutTaskCount() }.get()) ?? 0 }
    return cut
  }
}

struct NoLoops: Error, CustomStringConvertible {
  var description: String { "there is no event loop" }
}

/// Event loops that plugins know by index.
public struct LoopGroup: Sendable {
  public struct Member: Sendable {
    public let services: LoopServices
    public var loop: any EventLoop { services.loop }
    public var index: UInt32 { services.index }
  }

  public let members: [Member]
  public let services: GatewayServices

  /// Registers the loops; nil where there are more than plugins can name. Do it before plugins are opened.
  public init?(_ group: any EventLoopGroup, time: GatewayTime = GatewayTime()) {
    metrics = MetricRegistry()
    services = GatewayServices(time: time, metrics: metrics)
    guard let registered = HostTable.shared.register(Array(group.makeIterator()), services) else { return nil }
    members = registered.map { Member(services: $0) }
  }

  /// What plugins count.
  public let metrics: MetricRegistry

  /// Ends plugins' timers; after the last instance, before the loops end.
  public func close() async {
    for member in members { try? await member.loop.submit { member.services.close() }.get() }
  }
}
