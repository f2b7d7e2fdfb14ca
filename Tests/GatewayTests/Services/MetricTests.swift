import GatewayPlugin
import GatewayTesting
import Testing

/// What plugins count.
@Suite(.timeLimit(.minutes(5)))
struct MetricTests {
  private static let lent = Counter("metric_tests_lent_total")
  private static let free = Gauge("metric_tests_free")
  private static let sizes = Histogram("metric_tests_answer_bytes")

  private static let configuration = """
    routes:
      - { match: GET /count, handler: p.count }
      - { match: GET /block, handler: p.block }
      - { match: GET /metrics, metrics: prometheus }
    """

  private static func declare(_ plugin: inout Plugin) {
    plugin.handler("count") { request in
      lent.add()
      lent.labels(["kind": request.query]).add(2.5)
      free.set(-3)
      sizes.record(100)
      return .noContent
    }
    plugin.blockingHandler("block") { _ in
      lent.add()
      return .noContent
    }
  }

  @Test func countersGaugesAndHistogramsAreKept() async throws {
    try await serving(Self.configuration, plugin: Self.declare) { client in
      _ = try await client.get("/count?novel")
      _ = try await client.get("/count?novel")
      _ = try await client.get("/block")
      let metrics = client.gateway.metrics
      #expect(metrics.value("metric_tests_lent_total") == 3)
      #expect(metrics.value("metric_tests_lent_total", ["kind": "novel"]) == 5)
      #expect(metrics.value("metric_tests_free") == -3)
      #expect(metrics.count("metric_tests_answer_bytes") == 2)
    }
  }

  @Test func aRouteShowsThemToPrometheus() async throws {
    try await serving(Self.configuration, plugin: Self.declare) { client in
      _ = try await client.get("/count?a%22b")
      let answer = try await client.get("/metrics")
      #expect(answer.status == 200)
      #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
      let lines = answer.text.split(separator: "\n").map(String.init)
      #expect(lines.contains("# TYPE metric_tests_lent_total counter"))
      #expect(lines.contains("metric_tests_lent_total 1"))
      #expect(lines.contains(#"metric_tests_answer_bytes_bucket{le="64"} 0"#))
      #expect(lines.contains(#"metric_tests_answer_bytes_bucket{le="256"} 1"#))
      #expect(lines.contains(#"metric_tests_answer_bytes_bucket{le="+Inf"} 1"#))
      #expect(lines.contains("metric_tests_answer_bytes_sum 100"))
      // Of the gateway itself: the thread that puts this text together.
      #expect(lines.contains("gateway_blocking_running 1"))
      #expect(lines.contains("# TYPE gateway_loop_holds_total counter"))
    }
  }

  @Test func gatewaysSideBySideCountForThemselves() async throws {
    try await serving(Self.configuration, plugin: Self.declare) { one in
      try await serving(Self.configuration, plugin: Self.declare) { other in
        _ = try await one.get("/block")
        _ = try await other.get("/count?x")
        _ = try await other.get("/count?x")
        #expect(one.gateway.metrics.value("metric_tests_lent_total") == 1)
        #expect(other.gateway.metrics.value("metric_tests_lent_total") == 2)
        #expect(one.gateway.metrics.value("metric_tests_free") == nil)
      }
    }
  }

  @Test func aMetricThatCannotBeIsToldOnce() async throws {
    let bad = Counter("metric tests")
    try await serving("routes: [{ match: GET /, handler: p.count }]") { plugin in
      plugin.handler("count") { _ in
        bad.add()
        return .noContent
      }
    } body: { client in
      _ = try await client.get("/")
      _ = try await client.get("/")
      let lines = client.gateway.log.lines.filter { $0.facts["metric"] == "metric tests" }
      #expect(lines.map(\.level) == ["warning"])
    }
  }
}
