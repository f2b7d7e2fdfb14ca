import CGatewayPlugin
import Dispatch
import GatewayConfiguration
import GatewayPluginHost
import Logging
import NIOCore

/// Puts another state of the configuration and of the plugins' files into service while requests go on.
///
/// One reload at a time; a request that is like one that has not begun yet shares its report, any other one waits.
public actor Reloader {
  /// Where the configuration comes from.
  public struct Source: Sendable {
    public var path: String
    public var changes: EnvironmentChanges
    /// Plugins that are linked into this process, by name.
    var linked: [String: PermanentDescriptor] = [:]

    public init(path: String, changes: EnvironmentChanges = EnvironmentChanges()) {
      self.path = path
      self.changes = changes
    }
  }

  public let source: Source
  nonisolated let instance: Instance
  nonisolated let ledger: PluginLedger
  /// What is served.
  private(set) var file: GatewayFile
  private var sources: SourceMap
  public private(set) var routes: [RouteRow]
  private let secrets: KnownSecrets
  private let logger: Logger
  private var queue: [Waiting] = []
  private var isClosed = false
  /// Snapshots that may wait for their last exchange: each holds its tables.
  private static let mostDraining = 100
  private let began = ContinuousClock.now
  private(set) var last: ReloadReport?

  private final class Waiting {
    let request: ReloadRequest
    var hasBegun = false
    var task: Task<ReloadReport, Never>?
    init(_ request: ReloadRequest) { self.request = request }
  }

  /// - Parameter loaded: what the instance serves.
  init?(_ source: Source, serving loaded: LoadedGateway, by instance: Instance, secrets: KnownSecrets, logger: Logger) {
    guard let file = loaded.file, loaded.snapshot != nil else { return nil }
    self.source = source
    self.instance = instance
    self.file = file
    self.secrets = secrets
    self.logger = logger
    ledger = instance.ledger
    sources = loaded.diagnostics.sources
    routes = loaded.routeRows
  }

  /// Carries it out, and tells what came of it; whatever is wrong, requests are served as before.
  public func reload(_ request: ReloadRequest) async -> ReloadReport {
    if case .rollback = request {
      // Two of them are there and back.
    } else if let known = queue.first(where: { $0.request == request && !$0.hasBegun })?.task {
      return await known.value
    }
    let waiting = Waiting(request)
    let before = queue.last?.task
    queue.append(waiting)
    let task = Task {
      _ = await before?.value
      return await begin(request)
    }
    waiting.task = task
    return await task.value
  }

  /// Refuses what has not begun, and waits for what has: before the instance stops, whose values a reload may take over.
  func close() async {
    isClosed = true
    while let task = queue.last?.task { _ = await task.value }
  }

  /// The first that waits; its turn has come.
  private func begin(_ request: ReloadRequest) async -> ReloadReport {
    queue.first?.hasBegun = true
    let began = ContinuousClock.now
    var report = await carryOut(request)
    report.duration = .now - began
    queue.removeFirst()
    ledger.count(report.outcome)
    last = report
    log(report)
    return report
  }

  private func carryOut(_ request: ReloadRequest) async -> ReloadReport {
    var report = ReloadReport(request: request)
    guard !isClosed else {
      report.failure = "\(Stopping())"
      return report
    }
    guard ledger.draining.count < Self.mostDraining else {
      report.failure =
        "\(Self.mostDraining) replaced configurations still have requests that do not end; wait for them, or restart the gateway"
      return report
    }
    var plan = ReloadPlan(request: request, snapshot: instance.snapshot, ledger: ledger)
    if case .rollback(let name) = request {
      guard plan.running(name) != nil else {
        report.failure = noPlugin(name, among: file)
        return report
      }
      guard let target = ledger.previous(name) else {
        report.failure = "plugin `\(name)` has no earlier generation: it is the one that it was started with"
        return report
      }
      plan.target = target
    }
    let loaded = await load(plan)
    report.diagnostics = loaded.diagnostics
    if let file = loaded.file { secrets.add(file.secrets) }
    if case .plugins(let names) = request, let file = loaded.file,
      let unknown = names.sorted().first(where: { name in !file.plugins.contains { $0.name.value == name } })
    {
      loaded.snapshot?.closeLogs(keptBy: instance.snapshots)
      report.failure = noPlugin(unknown, among: file)
      return report
    }
    guard let snapshot = loaded.snapshot, let newFile = loaded.file else { return report }
    report.warnings += warnings(newFile, plan)
    let old = plan.snapshot
    let lifecycle: Lifecycle
    do {
      lifecycle = try await instance.replace(with: snapshot, drain: TimeAmount(newFile.server.timeouts.drain))
    } catch {
      snapshot.closeLogs(keptBy: instance.snapshots)
      report.failure = "\(error)"
      return report
    }
    ledger.serves(snapshot.plugins, after: request)
    let rows = loaded.routeRows
    report.addedRoutes = rows.filter { !routes.contains($0) }
    report.removedRoutes = routes.filter { !rows.contains($0) }
    report.plugins = Self.changes(from: old, to: snapshot)
    report.keptPlugins = snapshot.plugins.filter { entry in old.plugins.contains { $0 === entry } }.map(\.name)
    report.remadeDependencies = lifecycle.remade
    report.keptDependencies = lifecycle.adopted
    let isSame =
      report.plugins.isEmpty && report.remadeDependencies.isEmpty
      && loaded.diagnostics.sources.sources.map(\.bytes) == sources.sources.map(\.bytes)
    report.outcome = isSame ? .unchanged : .swapped
    file = newFile
    sources = loaded.diagnostics.sources
    routes = rows
    return report
  }

  /// Reads and assembles on a thread that may block: plugins are opened.
  private func load(_ plan: ReloadPlan) async -> LoadedGateway {
    let (source, file, sources) = (source, file, sources)
    return await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let result: ConfigurationLoader.Result
        if case .rollback = plan.request {
          // What is served, whatever the file says by now: it may be what is to be undone.
          result = ConfigurationLoader.Result(file: file, diagnostics: Diagnostics(sources: sources))
        } else {
          result = GatewayLoader.read(path: source.path, source.changes)
        }
        continuation.resume(
          returning: GatewayLoader.assemble(
            result, .serve, source.linked.mapValues(\.pointer), plan: plan))
      }
    }
  }

  /// How long it has been serving.
  var uptime: Duration { .now - began }

  private func warnings(_ new: GatewayFile, _ plan: ReloadPlan) -> [String] {
    var warnings: [String] = []
    let keys = RestartSettings.changed(from: file.server, to: new.server)
    if !keys.isEmpty {
      warnings.append("\(keys.map { "`\($0)`" }.joined(separator: ", ")) changed; it counts after a restart only")
    }
    if case .rollback(let name) = plan.request, let pin = new.plugins.named(name)?.sha256.flatMap({ FileDigest($0.value) }),
      let digest = plan.target?.plugin.image?.digest, digest != pin
    {
      warnings.append("plugin `\(name)` serves \(digest) now, and its `sha256` in the configuration is \(pin)")
    }
    return warnings
  }

  private func noPlugin(_ name: String, among file: GatewayFile) -> String {
    let names = file.plugins.map(\.name.value)
    let nearest = NearestWord.of(name, among: names).map { "; did you mean `\($0)`?" } ?? ""
    return "there is no plugin `\(name)` under `plugins`\(nearest)"
  }

  static func changes(from old: Snapshot, to new: Snapshot) -> [ReloadReport.PluginChange] {
    let names = old.plugins.map(\.name) + new.plugins.map(\.name).filter { name in !old.plugins.contains { $0.name == name } }
    return names.compactMap { name in
      let before = old.plugins.first { $0.name == name }
      let after = new.plugins.first { $0.name == name }
      guard before !== after else { return nil }
      return ReloadReport.PluginChange(name: name, old: before?.summary, new: after?.summary)
    }
  }

  private func log(_ report: ReloadReport) {
    var metadata: Logger.Metadata = [
      "request": "\(report.request)", "milliseconds": "\(report.milliseconds)",
    ]
    for warning in report.warnings { logger.warning("\(warning)") }
    switch report.outcome {
    case .refused:
      let errors = report.diagnostics.all.filter { $0.severity == .error }.map(\.message)
      metadata["error"] = "\(([report.failure].compactMap { $0 } + errors).joined(separator: "; "))"
      logger.error("reload refused, everything serves as before", metadata: metadata)
    case .swapped, .unchanged:
      for change in report.plugins {
        metadata["plugin.\(change.name)"] =
          "\(change.old.map { "generation \($0.number)" } ?? "none") to \(change.new.map { "generation \($0.number)" } ?? "none")"
      }
      if !report.addedRoutes.isEmpty { metadata["routes_added"] = "\(report.addedRoutes.count)" }
      if !report.removedRoutes.isEmpty { metadata["routes_removed"] = "\(report.removedRoutes.count)" }
      logger.info("reloaded", metadata: metadata)
    }
  }
}

extension ConfiguredPlugin {
  var summary: ReloadReport.Generation {
    ReloadReport.Generation(
      number: generation, version: plugin.version, digest: plugin.image?.digest, path: plugin.path)
  }
}

/// A linked plugin's descriptor on its way between threads.
struct PermanentDescriptor: @unchecked Sendable {
  // Proof for @unchecked: the contract makes what is behind it valid and unchanging for the life of the process.
  let pointer: UnsafePointer<gw_plugin>
}
