extension MetricRegistry {
  /// All metrics in Prometheus' text format, version 0.0.4.
  public func prometheusText() -> String {
    var text = ""
    var last = ""
    for sample in samples {
      if sample.name != last {
        text += "# TYPE \(sample.name) \(sample.kind.text)\n"
        last = sample.name
      }
      guard sample.kind == .histogram else {
        text += "\(sample.name)\(Self.labels(sample.labels)) \(Self.number(sample.value))\n"
        continue
      }
      for bucket in sample.buckets {
        let bound = MetricLabel("le", Self.number(bucket.bound))
        text += "\(sample.name)_bucket\(Self.labels(sample.labels + [bound])) \(bucket.count)\n"
      }
      text += "\(sample.name)_sum\(Self.labels(sample.labels)) \(Self.number(sample.value))\n"
      text += "\(sample.name)_count\(Self.labels(sample.labels)) \(sample.count)\n"
    }
    return text
  }

  private static func labels(_ labels: [MetricLabel]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
  }

  /// A value must not end its line, or its quotes, and go on as another series.
  private static func escaped(_ value: String) -> String {
    var text = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func number(_ value: Double) -> String {
    if value == .infinity { return "+Inf" }
    if value == -.infinity { return "-Inf" }
    if value.isNaN { return "NaN" }
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
    return "\(value)"
  }
}
