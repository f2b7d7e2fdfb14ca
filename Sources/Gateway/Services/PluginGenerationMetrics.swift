import GatewayPluginHost

/// What the gateway counts about its plugins, in Prometheus' text format.
enum PluginGenerationMetrics {
  static func text(_ ledger: PluginLedger) -> String {
    let all = ledger.all
    // Counters are a library's: where two generations had one, the later one tells.
    let counted = all.generations.enumerated().filter { index, entry in
      !all.generations.dropFirst(index + 1).contains { $0.plugin.descriptor.pointer == entry.plugin.descriptor.pointer }
    }.map { entry in (labels: labels(entry.element), sum: entry.element.plugin.counters.sum) }
    var text = ""
    func family(_ name: String, _ kind: String, _ samples: [(labels: String, value: String)]) {
      guard !samples.isEmpty else { return }
      text += "# TYPE \(name) \(kind)\n"
      for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
    }
    family("gateway_plugin_invocations_total", "counter", counted.map { ($0.labels, "\($0.sum.invocations)") })
    family("gateway_plugin_failures_total", "counter", counted.map { ($0.labels, "\($0.sum.failures)") })
    family("gateway_plugin_in_flight", "gauge", counted.map { ($0.labels, "\($0.sum.inFlight)") })
    family(
      "gateway_plugin_serving", "gauge",
      all.generations.map { entry in (labels(entry), all.serving.contains { $0 === entry } ? "1" : "0") })
    family("gateway_plugin_retained_libraries", "gauge", [("", "\(all.retained.count)")])
    family("gateway_plugin_retained_bytes", "gauge", [("", "\(all.retained.reduce(0) { $0 + $1.size })")])
    let draining = ledger.draining
    family("gateway_draining_snapshots", "gauge", [("", "\(draining.count)")])
    family("gateway_overdue_snapshots", "gauge", [("", "\(draining.overdue)")])
    family(
      "gateway_reloads_total", "counter",
      ReloadReport.Outcome.allCases.map { ("{outcome=\"\($0.rawValue)\"}", "\(ledger.reloads($0))") })
    return text
  }

  /// Names have letters, digits, `_` and `-` only.
  private static func labels(_ entry: ConfiguredPlugin) -> String {
    "{plugin=\"\(entry.name)\",generation=\"\(entry.generation)\"}"
  }
}
