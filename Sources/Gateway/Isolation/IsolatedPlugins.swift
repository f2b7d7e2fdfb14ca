import CGatewayPlugin
import GatewayConfiguration
import GatewayIsolation
import GatewayPluginHost
import GatewayTelemetry
import Logging
import NIOCore

/// Plugins in processes of their own, where they meet the rest of the gateway.
public enum IsolatedPlugins {
  public static let subcommand = WorkerProgram.subcommand

  /// `gateway plugin-worker`: does not return.
  public static func runWorker(connections: Int) -> Never {
    PluginWorker.run(connections: connections, metrics: MetricRegistry())
  }
}

extension IsolationOptions {
  init(_ entry: PluginEntry) {
    self.init()
    workers = entry.workers
    environment = entry.environment
    patience = TimeAmount(entry.patience)
    limits.memory = entry.limits.memory.map { UInt64($0) }
    limits.cpu = entry.limits.cpu.map { UInt64(max(1, $0.components.seconds)) }
    limits.descriptors = entry.limits.descriptors.map { UInt64($0) }
    limits.processes = entry.limits.processes.map { Int64($0) }
    restart.delay = TimeAmount(entry.restart.delay)
    restart.longestDelay = TimeAmount(entry.restart.longestDelay)
    restart.attempts = entry.restart.attempts
    restart.pause = TimeAmount(entry.restart.pause)
    restart.stableAfter = TimeAmount(entry.restart.stableAfter)
    restart.stableCalls = entry.restart.stableRequests
  }
}

extension LoadedPlugin {
  /// Of its content, wherever that is open; nil where it is linked into this process.
  var digest: FileDigest? { image?.digest ?? (isolated as? RemotePlugin)?.digest }
}

extension ConfiguredPlugin {
  /// Starts the processes of an isolated plugin; throws why one could not be, with none left.
  func startProcesses(
    _ loops: LoopGroup, _ background: BackgroundLimits, _ logger: Logger
  ) async throws {
    try await plugin.isolated?.start(
      on: loops.members.map(\.services), blockingThreads: Swift.max(4, System.coreCount),
      tasksOfRequest: background.perRequest
    ) { logger.log($0) }
  }
}

extension Logger {
  /// What happens to the processes of an isolated plugin, and what they say.
  func log(_ event: IsolationEvent) {
    var metadata: Metadata = ["plugin": "\(event.plugin)"]
    switch event.what {
    case .ready(let worker, let pid, let nanoseconds):
      metadata["worker"] = "\(worker)"
      metadata["pid"] = "\(pid)"
      metadata["ms"] = "\(nanoseconds / 1_000_000)"
      info("plugin process is ready", metadata: metadata)
    case .ended(let worker, let pid, let cause, let calls):
      metadata["worker"] = "\(worker)"
      metadata["pid"] = "\(pid)"
      metadata["error"] = "\(cause)"
      metadata["invocations"] = "\(calls)"
      error("plugin process ended", metadata: metadata)
    case .delayed(let worker, let nanoseconds):
      metadata["worker"] = "\(worker)"
      metadata["ms"] = "\(nanoseconds / 1_000_000)"
      warning("plugin process is started again later", metadata: metadata)
    case .paused(let worker, let nanoseconds, let failures):
      metadata["worker"] = "\(worker)"
      metadata["ms"] = "\(nanoseconds / 1_000_000)"
      metadata["failures"] = "\(failures)"
      error("plugin process ended too often, none is started for now", metadata: metadata)
    case .wrote(let pid, let line):
      metadata["pid"] = "\(pid)"
      metadata["line"] = "\(line)"
      info("plugin process wrote", metadata: metadata)
    case .said(let level, let message, let facts):
      for fact in facts { metadata["plugin.\(fact.name)"] = "\(fact.value)" }
      log(level: Level(level), "\(message)", metadata: metadata)
    case .lost(let count):
      metadata["count"] = "\(count)"
      warning("lines of a plugin process were lost: too many at once", metadata: metadata)
    }
  }
}
