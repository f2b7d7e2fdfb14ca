import GatewayTelemetry
import Testing

/// Metrics by name and labels. The names are the process's, so each test has its own.
struct MetricRegistryTests {
  @Test(arguments: ["", "1a", "a-b", "a b", "a:b", "gateway_own", "ü", String(repeating: "a", count: 129)])
  func namesThatPrometheusWouldNotTakeAreRefused(name: String) {
    #expect(MetricRegistry().metric(.counter, name) == nil)
  }

  @Test(arguments: ["", "__a", "1", "a-b"])
  func labelsThatItWouldNotTakeAreRefused(label: String) {
    #expect(MetricRegistry().metric(.counter, "registry_labels", [MetricLabel(label, "x")]) == nil)
  }

  @Test func tooManyLabelsAndTooLongValuesAreRefused() {
    let registry = MetricRegistry()
    let nine = (1...9).map { MetricLabel("l\($0)", "x") }
    #expect(registry.metric(.counter, "registry_many", nine) == nil)
    #expect(registry.metric(.counter, "registry_many", Array(nine.dropLast())) != nil)
    #expect(registry.metric(.counter, "registry_many", [MetricLabel("a", String(repeating: "x", count: 129))]) == nil)
    #expect(registry.metric(.counter, "registry_many", [MetricLabel("a", "x"), MetricLabel("a", "y")]) == nil)
    #expect(registry.metric(.histogram, "registry_le", [MetricLabel("le", "1")]) == nil)
  }

  @Test func oneNameHasOneKind() {
    let registry = MetricRegistry()
    #expect(registry.metric(.counter, "registry_kind") != nil)
    #expect(registry.metric(.gauge, "registry_kind") == nil)
  }

  @Test func theOrderOfLabelsDoesNotMatter() {
    let registry = MetricRegistry()
    let (a, b) = (MetricLabel("a", "1"), MetricLabel("b", "2"))
    #expect(registry.metric(.counter, "registry_order", [a, b]) == registry.metric(.counter, "registry_order", [b, a]))
  }

  @Test func labelsWithoutEndAreCountedTogether() throws {
    let registry = MetricRegistry()
    for index in 0..<1500 {
      let metric = try #require(registry.metric(.counter, "registry_flood", [MetricLabel("client", "\(index)")]))
      registry.record(metric, 1)
    }
    let samples = registry.samples.filter { $0.name == "registry_flood" }
    #expect(samples.count == 1001)
    #expect(samples.reduce(0) { $0 + $1.value } == 1500)
    #expect(samples.first { $0.labels == [MetricLabel("client", "overflow")] }?.value == 500)
  }

  @Test func aCounterOnlyGrows() throws {
    let registry = MetricRegistry()
    let metric = try #require(registry.metric(.counter, "registry_grows"))
    for value in [1, -5, .nan, .infinity, 2.5] { registry.record(metric, value) }
    #expect(registry.samples.first { $0.name == "registry_grows" }?.value == 3.5)
  }

  @Test func numbersThatNobodyGaveOutDoNothing() throws {
    let registry = MetricRegistry()
    for number in [0, 1, .max, 1 << 56 | 0xFFFF_FFFF, 1 << 56 | 2 << 32 | 4095, 1 << 56 | 3 << 32] as [UInt64] {
      registry.record(number, 1)
    }
  }

  @Test func manyThreadsLoseNothing() async throws {
    let registry = MetricRegistry()
    let metric = try #require(registry.metric(.histogram, "registry_threads_bytes"))
    await withTaskGroup(of: Void.self) { group in
      for _ in 1...8 { group.addTask { for _ in 1...1000 { registry.record(metric, 1) } } }
    }
    let sample = try #require(registry.samples.first { $0.name == "registry_threads_bytes" })
    #expect(sample.count == 8000)
    #expect(sample.value == 8000)
  }

  @Test func whatAnotherGatewayCountsIsNotShown() throws {
    let (one, other) = (MetricRegistry(), MetricRegistry())
    let metric = try #require(one.metric(.counter, "registry_apart"))
    one.record(metric, 1)
    #expect(!other.samples.contains { $0.name == "registry_apart" })
  }

  @Test func theTextCannotBeBrokenOutOf() throws {
    let registry = MetricRegistry()
    let metric = try #require(registry.metric(.gauge, "registry_text", [MetricLabel("a", "x\"} 1\nfake 2\\")]))
    registry.record(metric, 0.5)
    let lines = registry.prometheusText().split(separator: "\n").filter { $0.contains("registry_text") || $0.hasPrefix("fake") }
    #expect(lines == ["# TYPE registry_text gauge", #"registry_text{a="x\"} 1\nfake 2\\"} 0.5"#])
  }
}
