import Foundation
import TestSupport
import Testing

/// What the host offers plugins, through the real program and libraries that it opens.
@Suite(.timeLimit(.minutes(5)))
struct ServiceTests {
  @Test(.enabled(if: BrokenPlugins.canBuild, "needs a C compiler (clang, cc or gcc) on PATH"))
  func aPluginInCLogsCountsWaitsAndAsksAnUpstream() throws {
    let back = try Backend()
    let gateway = try RunningGateway(
      """
      \(Yaml.edge)
      plugins: { services: { path: "\(try BrokenPlugins.build("services"))" } }
      upstreams: { back: { targets: ["http://127.0.0.1:\(back.port)"] } }
      routes:
        - { match: GET /relay, handler: services.relay }
        - { match: GET /metrics, metrics: prometheus }
        - { match: GET /ready, health: ready }
      """)
    let client = try gateway.connect()
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    try client.send("GET /relay HTTP/1.1\r\nhost: a\r\ntraceparent: 00-\(trace)-00f067aa0ba902b7-01\r\n\r\n")
    let served = try back.accept()
    let head = try #require(try served.head())
    #expect(head.line == "GET /item?a=1 HTTP/1.1")
    let sent = head.fields.first { $0.name == "traceparent" }?.value
    #expect(sent?.hasPrefix("00-\(trace)-") == true)
    try served.send("HTTP/1.1 203 Fine\r\ncontent-length: 5\r\n\r\nhello")
    let answer = try client.answer()
    #expect(answer.status == 203)
    #expect(answer.text == "hello")
    #expect(try gateway.ask("/metrics").text.contains(#"relays_total{from="c\"\n"} 1"#))
    #expect(try gateway.ask("/ready").status == 200)
    let ended = gateway.stop()
    let line = try #require(ended.events("relaying").first)
    #expect(line["book"] == "7\"}\n{\"message\":\"forged\"")
    #expect(line["handler"] == "services.relay")
    #expect(line["trace_id"] == trace)
    #expect(line["plugin.request_id"] == "forged")
    #expect(ended.events("forged").isEmpty)
  }

  @Test(.enabled(if: isTheirMachine, "the old plugins are built for Linux on x86-64"), arguments: ["1.0", "1.1"])
  func aPluginOfAnEarlierContractIsOpenedAndServes(contract: String) throws {
    let gateway = try RunningGateway(
      """
      \(Yaml.edge)
      plugins: { old: { path: "\(RunningGateway.repository)/Tests/OldPlugins/\(contract)/libOld.so" } }
      dependencies: { greeting: { provider: old.greeting } }
      routes:
        - { match: "GET /greet/{name}", handler: old.greet, needs: { greeting: greeting } }
        - { match: GET /count, handler: old.count }
      """)
    #expect(try gateway.ask("/greet/Ada").text == "Hello Ada")
    #expect(try gateway.ask("/count").text == "1")
    #expect(gateway.stop().code == 0)
  }
}

private let isTheirMachine: Bool = {
  #if arch(x86_64) && os(Linux)
    true
  #else
    false
  #endif
}()
