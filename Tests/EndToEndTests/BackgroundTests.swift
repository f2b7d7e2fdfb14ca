import Foundation
import Glibc
import TestSupport
import Testing

/// Work after the answer and answers to errors, over the border to a plugin in C.
@Suite(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)"), .timeLimit(.minutes(5)))
struct BackgroundTests {
  private func gateway(drain: String = "30s") throws -> RunningGateway {
    let names = ["leave", "many", "fails", "maps", "counts"]
    let yaml = try Yaml.broken("leaves_work", handlers: names)
      .replacingOccurrences(of: "drain: 1s }", with: "drain: \(drain) }, background: { per_request: 5 }")
      .replacingOccurrences(of: "routes:", with: """
        errors: { responses: { 404: { handler: broken.explain }, 500: { json: { code: "{status}", id: "{request_id}" } } } }
        dependencies: { unit: { provider: broken.unit } }
        routes:
        """)
    return try RunningGateway(yaml)
  }

  /// A request whose second task waits for the test.
  private struct Left {
    let client: Wire
    let task: Wire

    init(_ gateway: RunningGateway) throws {
      let backend = try Backend()
      client = try gateway.connect()
      #expect(try client.ask("POST", "/leave", body: Array("\(backend.port)".utf8)).text == "left")
      task = try backend.accept()
    }
  }

  @Test func theConnectionServesOnWhileATaskRuns() throws {
    let gateway = try gateway()
    let left = try Left(gateway)
    #expect(try left.client.ask("/counts").text == "1 ran, 1 released, 0 causes, 0 seen")
    left.task.finishSending()
    while try left.client.ask("/counts").text != "3 ran, 3 released, 0 causes, 0 seen" { sched_yield() }
    #expect(try left.client.ask("/many").text == "5")
    #expect(gateway.stop().code == 0)
  }

  @Test func theEndOfTheProcessWaitsForTasks() throws {
    let gateway = try gateway()
    let left = try Left(gateway)
    gateway.child.send(SIGTERM)
    #expect(gateway.event("\"stopping\"") != nil)
    #expect(try left.client.isAtEnd())
    left.task.finishSending()
    let ended = gateway.end()
    #expect(ended.code == 0)
    #expect(ended.events("did not end cleanly").isEmpty)
  }

  @Test func afterTheTimeToDrainTasksAreCutOffAndTheExitSaysSo() throws {
    let gateway = try gateway(drain: "100ms")
    let left = try Left(gateway)
    gateway.child.send(SIGTERM)
    #expect(gateway.event("did not end cleanly")?["error"] == "2 background tasks cut off, still not done when the time to drain was over")
    left.task.finishSending()
    #expect(gateway.end().code == 3)
  }

  @Test func anErrorKeepsItsCauseForThePluginAndTellsClientsNothing() throws {
    let gateway = try gateway()
    let wire = try gateway.connect()
    let failed = try wire.ask("/fails")
    #expect(failed.status == 500)
    let id = try #require(failed["x-request-id"])
    #expect(failed.text == #"{"code":500,"id":"\#(id)"}"#)
    let mapped = try wire.ask("/maps")
    #expect(mapped.status == 409)
    #expect(mapped.text == "mapped")
    // Both errors came back, one of them a second time; both teardowns saw theirs; no task of theirs ran.
    while try wire.ask("/counts").text != "0 ran, 2 released, 3 causes, 2 seen" { sched_yield() }
    #expect(try wire.ask("/missing").text == "explained 404")
    #expect(gateway.stop().code == 0)
  }
}
