import Foundation
import Glibc
import TestSupport
import Testing

/// `gateway run --supervise` with a plugin that ends its process.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct SuperviseTests {
  /// A supervised gateway; its listeners get a port of their own with each start.
  private final class Supervised {
    let child: Child
    private var seen = 0

    init(_ yaml: String, environment: [String: String] = [:]) throws {
      var variables = ["XDG_STATE_HOME": try RunningGateway.folder(), "SWIFT_BACKTRACE": "enable=no"]
      variables.merge(environment) { $1 }
      child = try RunningGateway.start(yaml, arguments: ["--supervise"], environment: variables)
    }

    /// Waits for the next start that serves; its port.
    func next() throws -> Int {
      var count = 0
      let wanted = seen + 1
      let ready = child.errors.first { line in
        if line.contains(#""message":"ready""#) { count += 1 }
        return count == wanted
      }
      try #require(ready != nil, "\(child.errors.soFar.joined(separator: "\n"))")
      seen = wanted
      let bound = child.errors.soFar.map(RunningGateway.fields).filter { $0["message"] == "listening" }
      return bound[wanted - 1]["bound"]?.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    func ask(_ target: String, at port: Int) throws -> Answer { try Wire(port: port).ask("GET", target) }

    /// Ends the gateway by its own plugin.
    func crash(_ target: String, at port: Int) throws {
      let wire = try Wire(port: port)
      try wire.send("GET \(target) HTTP/1.1\r\nhost: a\r\n\r\n")
      #expect(try wire.isAtEnd())
    }

    func events(_ message: String) -> [[String: String]] {
      child.errors.soFar.map(RunningGateway.fields).filter { $0["message"] == message }
    }

    func event(_ texts: String...) -> [String: String]? {
      child.errors.first { line in texts.allSatisfy { line.contains($0) } }.map(RunningGateway.fields)
    }
  }

  @Test func aCrashIsToldAndTheGatewayServesAgain() throws {
    let gateway = try Supervised(CrashTests.yaml())
    let port = try gateway.next()
    let first = try gateway.ask("/hello", at: port).text
    try gateway.crash("/async", at: port)
    let again = try gateway.next()
    #expect(try gateway.ask("/hello", at: again).text != first, "another process")
    let crash = try #require(gateway.event("the gateway has crashed"))
    #expect(crash["signal"] == "SIGILL")
    #expect(crash["crash"]?.contains("broken.async") == true)
    gateway.child.send(SIGTERM)
    #expect(gateway.child.wait() == 0)
  }

  @Test func aFunctionThatCrashesAgainAndAgainIsAnswered503UntilSomebodyLetsItIn() throws {
    let gateway = try Supervised(CrashTests.yaml("quarantine: { crashes: 2, for: 1h }"))
    try gateway.crash("/blocking", at: gateway.next())
    try gateway.crash("/blocking", at: gateway.next())
    let port = try gateway.next()
    #expect(gateway.event("function is quarantined")?["function"] == "broken.blocking")
    let refused = try gateway.ask("/blocking", at: port)
    #expect(refused.status == 503)
    #expect(refused.text.contains("crashed the gateway 2 times"))
    #expect(refused["retry-after"].flatMap { Int($0) }.map { $0 > 3000 && $0 <= 3600 } == true)
    // Nobody else is touched.
    #expect(try gateway.ask("/hello", at: port).status == 200)
    gateway.child.send(SIGHUP)
    #expect(gateway.event("quarantine is over")?["functions"] == "broken.blocking")
    try gateway.crash("/blocking", at: port)
    // Nothing was held against it.
    #expect(try gateway.ask("/hello", at: gateway.next()).status == 200)
    #expect(gateway.events("function will be quarantined").count == 1)
    gateway.child.send(SIGTERM)
    #expect(gateway.child.wait() == 0)
  }

  @Test func aProviderThatCrashesTakesItsRoutesWithIt() throws {
    let gateway = try Supervised(CrashTests.yaml("quarantine: { crashes: 1 }"))
    try gateway.crash("/needs?how=pointer", at: gateway.next())
    let port = try gateway.next()
    #expect(try gateway.ask("/needs", at: port).status == 503)
    #expect(try gateway.ask("/policy", at: port).status == 200)
    gateway.child.send(SIGTERM)
    #expect(gateway.child.wait() == 0)
  }

  @Test func aPluginThatEndsTheProcessIsACrashToo() throws {
    let gateway = try Supervised(CrashTests.yaml())
    try gateway.crash("/inline?how=exit", at: gateway.next())
    #expect(try gateway.ask("/hello", at: gateway.next()).status == 200)
    #expect(gateway.event("the gateway has ended by itself")?["exit"] == "7")
    gateway.child.send(SIGTERM)
    #expect(gateway.child.wait() == 0)
  }

  @Test func aWrongConfigurationIsNotTriedAgain() throws {
    let gateway = try Supervised("version: 1\nroutes: [ { match: /, handler: nobody.at_home } ]\n")
    let text = gateway.child.errors.whole()
    #expect(gateway.child.wait() == 1)
    #expect(text.components(separatedBy: "\"supervising\"").count == 2, "one start")
  }

  @Test func aPluginThatCrashesAtTheStartIsTriedAgainAndAStopEndsTheWait() throws {
    let gateway = try Supervised(CrashTests.yaml(), environment: ["CRASHES_AT_START": "1"])
    #expect(gateway.event("\"supervising\"", "\"start\":4") != nil)
    gateway.child.send(SIGTERM)
    // In the wait, at work, or before it had a handler for the signal: the code of the last end is not lost.
    #expect([128 + SIGILL, 0, 128 + SIGTERM].contains(gateway.child.wait()))
  }

  @Test func theEndOfTheSupervisorIsTheEndOfTheGateway() throws {
    let gateway = try Supervised(CrashTests.yaml())
    _ = try gateway.next()
    gateway.child.send(SIGKILL)
    #expect(gateway.child.wait() == 128 + SIGKILL)
    // The stream ends with the last process that has it.
    #expect(gateway.child.errors.whole().contains("\"stopped\""))
  }

  @Test func theSecondSignalEndsAtOnceWithTheGatewaysCode() throws {
    let yaml = try Yaml.broken("waits", handlers: ["async"]).replacingOccurrences(of: "drain: 1s", with: "drain: 30s")
    let gateway = try Supervised(yaml)
    let port = try gateway.next()
    let backend = try Backend()
    let client = try Wire(port: port)
    let number = "\(backend.port)"
    try client.send("POST /async HTTP/1.1\r\nhost: a\r\ncontent-length: \(number.count)\r\n\r\n\(number)")
    let handler = try backend.accept()
    gateway.child.send(SIGTERM)
    #expect(gateway.event("\"stopping\"") != nil)
    gateway.child.send(SIGTERM)
    #expect(gateway.child.wait() == 3)
    _ = handler
  }
}
