import CGatewayPlugin
import GatewayPluginHost
import GatewayTelemetry

/// What a gateway counts.
public typealias GatewayMetrics = MetricRegistry

/// Metrics of plugins are kept where the gateway's own are.
extension MetricRegistry: PluginMetrics {
  public func metric(_ kind: gw_metric_kind, name: String, labels: [(name: String, value: String)]) -> UInt64 {
    guard let kind = MetricKind(rawValue: UInt8(truncatingIfNeeded: kind.rawValue)) else { return 0 }
    return metric(kind, name, labels.map { MetricLabel($0.name, $0.value) }) ?? 0
  }
}
