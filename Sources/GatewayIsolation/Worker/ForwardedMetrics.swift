import CGatewayPlugin
import GatewayPluginHost
import NIOConcurrencyHelpers
import NIOCore

/// Metrics of a worker's plugin: names and labels are judged here as the gateway would, values go to the gateway.
final class ForwardedMetrics: PluginMetrics, @unchecked Sendable {
  // Proof for @unchecked: `connection` is used on the loop only, the rest is behind a lock or immutable.
  private let judge: any PluginMetrics
  private let loop: any EventLoop
  private let told = NIOLockedValueBox<Set<UInt64>>([])
  var connection: WorkerConnection?

  init(_ judge: any PluginMetrics, _ loop: any EventLoop) {
    self.judge = judge
    self.loop = loop
  }

  func metric(_ kind: gw_metric_kind, name: String, labels: [(name: String, value: String)]) -> UInt64 {
    let number = judge.metric(kind, name: name, labels: labels)
    guard number != 0, told.withLockedValue({ $0.insert(number).inserted }) else { return number }
    soon { connection in
      connection.write(.metric, number: number) { buffer in
        buffer.put(UInt8(truncatingIfNeeded: kind.rawValue))
        buffer.put(text: name)
        buffer.put(UInt32(labels.count))
        for label in labels {
          buffer.put(text: label.name)
          buffer.put(text: label.value)
        }
      }
    }
    return number
  }

  func record(_ metric: UInt64, _ value: Double) {
    // A number that nobody gave would be the gateway's to refuse, with the whole process.
    guard told.withLockedValue({ $0.contains(metric) }) else { return }
    soon { $0.write(.record, number: metric) { $0.put(value.bitPattern) } }
  }

  /// In the order in which it was asked for: `told` is filled before a number is given out.
  private func soon(_ work: @escaping @Sendable (WorkerConnection) -> Void) {
    if loop.inEventLoop, let connection { return work(connection) }
    loop.execute { if let connection = self.connection { work(connection) } }
  }
}
