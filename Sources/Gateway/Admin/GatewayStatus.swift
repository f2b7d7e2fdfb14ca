import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import Glibc

/// What a running gateway tells of itself, as JSON.
extension Reloader {
  /// The whole of it, in short.
  func statusJSON() -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.name("status" as StaticString)
    json.string(instance.isReady ? "ready" : "not_ready")
    json.name("process" as StaticString)
    json.number(Int(getpid()))
    json.name("configuration" as StaticString)
    json.string(source.path)
    json.name("uptime_seconds" as StaticString)
    json.number(uptime.components.seconds)
    json.name("routes" as StaticString)
    json.number(routes.count)
    json.name("plugins" as StaticString)
    json.number(instance.snapshot.plugins.count)
    json.name("loops" as StaticString)
    json.number(instance.loopCount)
    json.name("reloads" as StaticString)
    json.beginObject()
    for outcome in ReloadReport.Outcome.allCases {
      json.name(outcome.rawValue)
      json.number(ledger.reloads(outcome))
    }
    json.endObject()
    json.name("last_reload" as StaticString)
    if let last { last.write(to: &json) } else { json.null() }
    writeRetained(&json)
    let blocking = instance.blockingStatistics
    json.name("blocking" as StaticString)
    json.beginObject()
    for (name, value) in [
      ("threads", blocking.threads), ("running", blocking.running), ("queued", blocking.queued),
    ] {
      json.name(name)
      json.number(value)
    }
    json.endObject()
    json.endObject()
    return json.bytes
  }

  /// Every plugin that serves, with its generations.
  func pluginsJSON() -> [UInt8] {
    let all = ledger.all
    var json = JSONWriter()
    json.beginObject()
    json.name("plugins" as StaticString)
    json.beginArray()
    for entry in all.serving { write(entry, all.generations.filter { $0.name == entry.name }, &json) }
    json.endArray()
    writeRetained(&json)
    json.endObject()
    return json.bytes
  }

  private func writeRetained(_ json: inout JSONWriter) {
    let retained = ledger.all.retained
    json.name("retained" as StaticString)
    json.beginObject()
    json.name("libraries" as StaticString)
    json.number(retained.count)
    json.name("bytes" as StaticString)
    json.number(retained.reduce(0) { $0 + $1.size })
    json.name("limit" as StaticString)
    json.number(file.server.retainedPlugins)
    json.endObject()
    let draining = ledger.draining
    json.name("draining" as StaticString)
    json.beginObject()
    json.name("snapshots" as StaticString)
    json.number(draining.count)
    json.name("overdue" as StaticString)
    json.number(draining.overdue)
    json.endObject()
  }

  private func write(_ entry: ConfiguredPlugin, _ generations: [ConfiguredPlugin], _ json: inout JSONWriter) {
    let plugin = entry.plugin
    json.beginObject()
    json.name("name" as StaticString)
    json.string(entry.name)
    json.name("declared_name" as StaticString)
    json.string(plugin.declaredName)
    json.name("version" as StaticString)
    json.string(plugin.version)
    json.name("path" as StaticString)
    plugin.path.map { json.string($0) } ?? json.null()
    json.name("digest" as StaticString)
    plugin.digest.map { json.string($0.description) } ?? json.null()
    json.name("contract" as StaticString)
    json.string("\(plugin.descriptor.pointer.pointee.abi_major).\(plugin.descriptor.pointer.pointee.abi_minor)")
    json.name("generation" as StaticString)
    json.number(entry.generation)
    json.name("rollback_to" as StaticString)
    ledger.previous(entry.name).map { json.number($0.generation) } ?? json.null()
    json.name("rolled_back_from" as StaticString)
    ledger.held(entry.name).map { json.number($0.generation) } ?? json.null()
    json.name("healthy" as StaticString)
    instance.isHealthy(entry).map { json.bool($0) } ?? json.null()
    for (name, list) in [
      ("handlers", plugin.handlers.map(\.name)), ("providers", plugin.providers.map(\.name)),
      ("policies", plugin.policies.map(\.name)), ("error_handlers", plugin.errorHandlers.map(\.name)),
    ] {
      json.name(name)
      json.beginArray()
      for member in list { json.string(member) }
      json.endArray()
    }
    write(plugin.counters.sum, &json)
    json.name("limits" as StaticString)
    json.beginArray()
    for dependency in file.dependencies where dependency.provider.plugin.value == entry.name {
      guard let limit = instance.snapshot.limits[dependency.name.value] else { continue }
      let load = limit.load
      json.beginObject()
      json.name("dependency" as StaticString)
      json.string(dependency.name.value)
      for (name, value) in [
        ("max_concurrency", limit.concurrency), ("taken", Int(load.taken)), ("queue", limit.queue),
        ("waiting", Int(load.waiting)),
      ] {
        json.name(name)
        json.number(value)
      }
      json.endObject()
    }
    json.endArray()
    json.name("generations" as StaticString)
    json.beginArray()
    for generation in generations { write(generation, isServing: generation === entry, &json) }
    json.endArray()
    json.endObject()
  }

  private func write(_ sum: PluginCounters.Sum, _ json: inout JSONWriter) {
    for (name, value) in [("invocations", sum.invocations), ("failures", sum.failures), ("in_flight", sum.inFlight)] {
      json.name(name)
      json.number(value)
    }
  }

  private func write(_ generation: ConfiguredPlugin, isServing: Bool, _ json: inout JSONWriter) {
    json.beginObject()
    json.name("generation" as StaticString)
    json.number(generation.generation)
    json.name("state" as StaticString)
    switch generation.stage {
    case .running: json.string(isServing ? "serving" : "draining")
    case .starting: json.string("starting")
    case .stopping: json.string("stopping")
    case .idle: json.string("stopped")
    case .lost: json.string("lost")
    }
    json.name("version" as StaticString)
    json.string(generation.plugin.version)
    json.name("digest" as StaticString)
    generation.plugin.digest.map { json.string($0.description) } ?? json.null()
    json.name("bytes" as StaticString)
    generation.plugin.image.map { json.number($0.size) } ?? json.null()
    write(generation.plugin.counters.sum, &json)
    json.endObject()
  }
}
