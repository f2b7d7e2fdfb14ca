import Foundation
import Glibc
import TestSupport
import Testing

/// Plugins that end the process: the report says whose code it was, and everything else is as without it.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct CrashTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var target: String
    var signal: Int32
    /// Nil: the thread ran for no function.
    var function: String?
    var hint: String?
    /// It has no request at that moment.
    var isOutside = false

    var testDescription: String { target }
  }

  static let cases = [
    Case(target: "/inline?how=trap", signal: SIGILL, function: "broken.inline"),
    Case(target: "/async?how=trap", signal: SIGILL, function: "broken.async"),
    Case(target: "/blocking?how=trap", signal: SIGILL, function: "broken.blocking"),
    Case(target: "/needs?how=trap", signal: SIGILL, function: "broken.frail"),
    Case(target: "/ends", signal: SIGILL, function: "broken.brittle.teardown"),
    Case(target: "/policy?how=trap", signal: SIGILL, function: "broken.strict"),
    Case(target: "/task", signal: SIGILL, function: "broken.task"),
    Case(target: "/timer", signal: SIGILL, function: "a plugin's timer", isOutside: true),
    Case(target: "/later", signal: SIGILL, function: nil, isOutside: true),
    Case(target: "/own_thread", signal: SIGILL, function: nil, isOutside: true),
    Case(target: "/inline?how=pointer", signal: SIGSEGV, function: "broken.inline"),
    Case(target: "/inline?how=call", signal: SIGSEGV, function: "broken.inline"),
    Case(target: "/inline?how=abort", signal: SIGABRT, function: "broken.inline"),
    Case(target: "/inline?how=divide", signal: SIGFPE, function: "broken.inline"),
    Case(target: "/inline?how=system", signal: SIGSYS, function: "broken.inline"),
    Case(target: "/inline?how=overflow", signal: SIGSEGV, function: "broken.inline", hint: "stack overflow"),
    Case(target: "/blocking?how=overflow", signal: SIGSEGV, function: "broken.blocking", hint: "stack overflow"),
  ]

  static func yaml(_ server: String = "workers: 2") throws -> String {
    let handlers = ["hello", "inline", "async", "blocking", "later", "timer", "own_thread", "task"]
    let routes = handlers.map { "  - { match: \"/\($0)\", handler: broken.\($0) }\n" }.joined()
    return """
      version: 1
      server: { listen: ["127.0.0.1:0"], \(server), timeouts: { drain: 1s } }
      use: [request_id]
      plugins: { broken: { path: "\(try BrokenPlugins.build("crashes"))" } }
      dependencies: { frail: { provider: broken.frail }, brittle: { provider: broken.brittle } }
      routes:
        - { match: /needs, handler: broken.needs }
        - { match: /ends, handler: broken.ends }
        - { match: /policy, use: [broken.strict], handler: broken.hello }
      \(routes)
      """
  }

  /// What the signal handler wrote to standard error, before anything else did.
  private static func told(_ log: [[String: String]]) -> [String: String]? { log.first { $0["message"] == "crashed" } }

  @Test(arguments: cases) func aCrashIsTheFunctionsAndTheRequestsThatItHappenedIn(_ crash: Case) throws {
    let state = try RunningGateway.folder()
    let environment = ["XDG_STATE_HOME": state, "SWIFT_BACKTRACE": "enable=no"]
    let gateway = try RunningGateway(Self.yaml(), environment: environment)
    let client = try gateway.connect()
    try client.send("GET \(crash.target) HTTP/1.1\r\nhost: a\r\n\r\n")
    let ended = gateway.end()
    #expect(ended.code == 128 + crash.signal, "the exit status is as without a handler")
    let told = try #require(Self.told(ended.log))
    #expect(told["plugin"] == "broken")
    #expect(told["function"] == crash.function)
    #expect(told["hint"] == crash.hint)
    let path = String(crash.target.prefix { $0 != "?" })
    #expect(told["route"] == (crash.isOutside ? nil : path))
    #expect((told["request_id"] ?? "").isEmpty == crash.isOutside)

    // The same is kept, told at the next start, once, and by the command.
    let listed = try Child.run(RunningGateway.program, ["crashes", "--json", "none.yaml"], environment: environment)
    let reports = try #require(try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [[String: Any]])
    #expect(reports.count == 1)
    #expect(reports.first?["function"] as? String == crash.function)
    #expect(reports.first?["pid"] as? Int == Int(gateway.child.pid))
    let frames = try #require(reports.first?["frames"] as? [[String: Any]])
    #expect(frames.contains { $0["plugin"] as? String == "broken" && $0["image"] as? String == "libcrashes.so" })
    let second = try RunningGateway(Self.yaml(), environment: environment)
    let warning = try #require(second.event("the gateway crashed earlier"))
    #expect(warning["plugin"] == "broken")
    #expect(warning["function"] == crash.function)
    _ = second.stop()
    let third = try RunningGateway(Self.yaml(), environment: environment).stop()
    #expect(third.code == 0)
    #expect(third.events("the gateway crashed earlier").isEmpty)
  }

  @Test func swiftsBacktracerStillRunsAndComesSecond() throws {
    let state = try RunningGateway.folder()
    let gateway = try RunningGateway(
      Self.yaml(),
      environment: ["XDG_STATE_HOME": state, "SWIFT_BACKTRACE": "enable=yes,symbolicate=off,color=no,threads=crashed"])
    let client = try gateway.connect()
    try client.send("GET /inline?how=pointer HTTP/1.1\r\nhost: a\r\n\r\n")
    let text = gateway.child.errors.whole()
    #expect(gateway.child.wait() == 128 + SIGSEGV)
    let report = try #require(text.range(of: "\"message\":\"crashed\""))
    let backtrace = try #require(text.range(of: "Program crashed"))
    #expect(report.lowerBound < backtrace.lowerBound)
  }

  @Test func withoutAPlaceForReportsItServesAndSaysWhatIsMissing() throws {
    let gateway = try RunningGateway(
      Self.yaml("crash_reports: { directory: /proc/nowhere }"), environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(gateway.event("crash reports are not kept") != nil)
    let client = try gateway.connect()
    try client.send("GET /inline HTTP/1.1\r\nhost: a\r\n\r\n")
    let ended = gateway.end()
    #expect(ended.code == 128 + SIGILL)
    #expect(Self.told(ended.log)?["function"] == "broken.inline")
  }

  @Test func anEndInOrderLeavesNothingBehind() throws {
    let state = try RunningGateway.folder()
    let gateway = try RunningGateway(Self.yaml(), environment: ["XDG_STATE_HOME": state])
    let folder = state + "/gateway/crashes"
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["pending-\(gateway.child.pid)"])
    #expect(gateway.stop().code == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test(arguments: [
    ("unwrap", "crashing.unwrap"), ("awaited", "crashing.awaited"), ("precondition", "crashing.precondition"),
    ("detached", nil),
  ])
  func aTrapOfSwiftIsTheHandlersThatItHappenedIn(handler: String, function: String?) throws {
    let state = try RunningGateway.folder()
    let gateway = try RunningGateway(
      """
      \(Yaml.edge)
      plugins: { crashing: { library: BrokenCrashing } }
      routes: [ { match: "/\(handler)", handler: crashing.\(handler) } ]
      """, environment: ["XDG_STATE_HOME": state, "SWIFT_BACKTRACE": "enable=no"])
    let client = try gateway.connect()
    try client.send("GET /\(handler) HTTP/1.1\r\nhost: a\r\n\r\n")
    let ended = gateway.end()
    #expect([128 + SIGILL, 128 + SIGTRAP].contains(ended.code))
    let told = try #require(Self.told(ended.log))
    #expect(told["plugin"] == "crashing")
    #expect(told["function"] == function)
  }
}
