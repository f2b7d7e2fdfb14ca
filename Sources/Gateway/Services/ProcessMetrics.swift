import GatewayPluginHost

/// What the gateway counts about its own threads, in Prometheus' text format.
enum ProcessMetrics {
  static func text(_ pool: BlockingPool.Statistics) -> String {
    let holds = Watchdog.holds.load(ordering: .relaxed)
    let held = Double(Watchdog.heldNanoseconds.load(ordering: .relaxed)) / 1e9
    return metric("gateway_loop_holds_total", "counter", "\(holds)")
      + metric("gateway_loop_held_seconds_total", "counter", "\(held)")
      + metric("gateway_blocking_threads", "gauge", "\(pool.threads)")
      + metric("gateway_blocking_running", "gauge", "\(pool.running)")
      + metric("gateway_blocking_queued", "gauge", "\(pool.queued)")
      + metric("gateway_blocking_refused_total", "counter", "\(pool.refused)")
      + metric("gateway_blocking_injected_total", "counter", "\(pool.injected)")
  }

  private static func metric(_ name: String, _ kind: String, _ value: String) -> String {
    "# TYPE \(name) \(kind)\n\(name) \(value)\n"
  }
}
