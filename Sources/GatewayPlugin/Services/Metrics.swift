import CGatewayPlugin
import Synchronization

/// A number that only grows: events, bytes.
///
///     private let lent = Counter("bookshop_lent_total")
///     lent.add()
///     lent.labels(["kind": "novel"]).add()
///
/// Names and label names follow Prometheus: letters, digits and `_`, not beginning with a digit or with `gateway_`, at most
/// 128 bytes; at most 8 labels with values of at most 128 bytes. Beyond 1000 sets of labels of one name the value of every
/// label is `overflow`. A metric that cannot be is told once in the log and counts nothing. Begin names with the plugin's:
/// metrics of one name are one, whichever plugin counts.
///
/// One that is kept costs an addition; making one, or `labels`, costs a look-up. Without a gateway nothing is counted.
public struct Counter: Sendable {
  private let series: MetricSeries

  public init(_ name: String, labels: KeyValuePairs<String, String> = [:]) {
    series = MetricSeries(GW_METRIC_COUNTER, name, labels)
  }

  private init(_ series: MetricSeries) { self.series = series }

  init(_ name: String, host: HostAccess) { series = MetricSeries(GW_METRIC_COUNTER, name, [:], host: host) }

  /// The same with these labels too.
  public func labels(_ labels: KeyValuePairs<String, String>) -> Counter { Counter(series.labels(labels)) }

  /// - Parameter amount: not negative; otherwise it is dropped.
  public func add(_ amount: Double = 1) { series.record(amount) }
}

/// A number that goes up and down: connections, free places. The last value stands. Names and labels as for `Counter`.
public struct Gauge: Sendable {
  private let series: MetricSeries

  public init(_ name: String, labels: KeyValuePairs<String, String> = [:]) {
    series = MetricSeries(GW_METRIC_GAUGE, name, labels)
  }

  private init(_ series: MetricSeries) { self.series = series }

  /// The same with these labels too.
  public func labels(_ labels: KeyValuePairs<String, String>) -> Gauge { Gauge(series.labels(labels)) }

  public func set(_ value: Double) { series.record(value) }
}

/// How values are distributed. Names and labels as for `Counter`; a name that ends in `_bytes` is counted in sizes from
/// 64 bytes to 64 MiB, any other in seconds from 0.5 ms to 10 s.
public struct Histogram: Sendable {
  private let series: MetricSeries

  public init(_ name: String, labels: KeyValuePairs<String, String> = [:]) {
    series = MetricSeries(GW_METRIC_HISTOGRAM, name, labels)
  }

  private init(_ series: MetricSeries) { self.series = series }

  /// The same with these labels too.
  public func labels(_ labels: KeyValuePairs<String, String>) -> Histogram { Histogram(series.labels(labels)) }

  public func record(_ value: Double) { series.record(value) }

  /// In seconds.
  public func record(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    series.record(Double(seconds) + Double(attoseconds) * 1e-18)
  }
}

/// One series, by the number that the host gives it at its first value.
private final class MetricSeries: Sendable {
  private let kind: gw_metric_kind
  private let name: String
  private let labels: Headers
  private let given: HostAccess?
  /// 0: not asked for yet; `refused`: the host does not have it.
  private let number = Atomic<UInt64>(0)
  private static let refused = UInt64.max

  init(
    _ kind: gw_metric_kind, _ name: String, _ labels: KeyValuePairs<String, String>, base: Headers = [:],
    host: HostAccess? = nil
  ) {
    given = host
    self.kind = kind
    self.name = name
    var all = base
    for (name, value) in labels { all.append(name, value) }
    self.labels = all
  }

  func labels(_ more: KeyValuePairs<String, String>) -> MetricSeries { MetricSeries(kind, name, more, base: labels, host: given) }

  func record(_ value: Double) {
    guard let host = given ?? HostAccess.current, host.hasServices else { return }
    var known = number.load(ordering: .relaxed)
    if known == 0 { known = find(host) }
    if known != Self.refused { host.table.pointee.record(known, value) }
  }

  private func find(_ host: HostAccess) -> UInt64 {
    var name = name
    let found = name.withUTF8 { name in
      labels.lend { labels in
        host.table.pointee.metric(
          kind.rawValue, gw_bytes_borrowed(UnsafeRawBufferPointer(name)), labels.baseAddress, labels.count)
      }
    }
    let answer = found == 0 ? Self.refused : found
    let result = number.compareExchange(expected: 0, desired: answer, ordering: .relaxed)
    if result.exchanged, answer == Self.refused {
      Log("metrics").warning(
        "a metric cannot be: its name or a label is not allowed, it has another kind already, or there are too many",
        ["metric": name])
    }
    return result.exchanged ? answer : result.original
  }
}
