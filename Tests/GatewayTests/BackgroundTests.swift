import Foundation
import GatewayPlugin
import GatewayPluginHost

import Testing

@testable import Gateway
@testable import GatewayTesting

/// Work that handlers leave behind for after the answer.
@Suite(.timeLimit(.minutes(5))) struct BackgroundTests {
  private let journal = Journal()

  private static let routes = """
    dependencies: { b: { provider: p.b }, c: { provider: p.c } }
    routes: [ { match: "GET /use", handler: p.use } ]
    """

  @Test func tasksRunInOrderAfterTheAnswerAndBeforeRequestTeardowns() async throws {
    let journal = journal
    try await withGateway(Self.routes) { plugin in
      let b = Dependency<Tracked>("b")
      let c = Dependency<Tracked>("c")
      plugin.provider("b") { provision in
        try provision.background().add("of b") { journal.note("task of b") }
        return Tracked("b", journal)
      } teardown: { _, outcome in journal.note("end b \(outcome)") }
      plugin.provider("c", scope: .handler) { _ in Tracked("c", journal) } teardown: { _, outcome in
        journal.note("end c \(outcome)")
      }
      plugin.handler("use", needs: b, c) { request, b, _ in
        let background = try request.background()
        try background.add("first") {
          await Task.yield()
          journal.note("first with \(b.name)")
        }
        try background.addBlocking("second") { journal.note("second") }
        try background.add("third") { journal.note("third") }
        journal.note("handled")
        return .text("used")
      }
    } body: { (client: TestClient) async throws in
      let stream = ManualStream(client, endsAtOnce: false)
      try await stream.start("GET /use")
      try await stream.waitForAnswer()
      #expect(try await stream.on { $0.events } == ["200"])
      #expect(journal.entries == ["made b", "made c", "handled", "end c succeeded", "freed c"])
      try await stream.flush()
      await journal.wait(for: "freed b")
    }
    #expect(
      journal.entries.dropFirst(5)
        == ["task of b", "first with b", "second", "third", "end b succeeded", "freed b"])
  }

  @Test func tasksHoldNoConnection() async throws {
    let journal = journal
    try await withGateway("routes: [{ match: GET /slow, handler: p.slow }, { match: GET /next, respond: 204 }]") { plugin in
      plugin.handler("slow") { request in
        try request.background().add { await journal.wait(for: "go") }
        return .text("done")
      }
    } body: { (client: TestClient) async throws in
      #expect(try await client.get("/slow").text == "done")
      #expect(try await client.get("/next").status == 204)
      #expect(try await client.active() == 1)
      journal.note("go")
    }
  }

  @Test func aTaskThatFailsIsLoggedDropsTheOthersAndShowsInTheTeardown() async throws {
    let journal = journal
    let log = TestLog()
    try await withGateway(Self.routes, log: log) { plugin in
      let b = Dependency<Tracked>("b")
      plugin.provider("b", make: { _ in Tracked("b", journal) }, teardown: { _, outcome, error in
        journal.note("end b \(outcome) \(error is Unexpected)")
      })
      plugin.provider("c") { _ in 1 }
      plugin.handler("use", needs: b) { request, _ in
        let background = try request.background()
        try background.add("mail") { throw Unexpected() }
        try background.add("never") { journal.note("never") }
        return .text("used")
      }
    } body: { (client: TestClient) async throws in
      #expect(try await client.get("/use").status == 200)
      let line = try #require(try await log.line("background task failed"))
      #expect(line.level == "error")
      #expect(line.facts["task"] == "mail")
      #expect(line.facts["plugin"] == "p")
      #expect(line.facts["task.origin"] == "p.use")
      #expect(line.facts["route"] == "/use")
      #expect(line.facts["error"] == "the password is swordfish")
      #expect(line.facts["dropped"] == "1")
      #expect(line.facts["request_id"]?.isEmpty == false)
      await journal.wait(for: "freed b")
    }
    #expect(journal.entries == ["made b", "end b failed true", "freed b"])
  }

  @Test(arguments: ["handler", "mapped", "teardown", "timeout"])
  func tasksOfAnExchangeThatFailsAreDroppedAndFreed(how: String) async throws {
    let journal = journal
    try await withGateway(Self.routes) { plugin in
      let b = Dependency<Tracked>("b")
      let c = Dependency<Int>("c")
      plugin.provider("b") { provision in
        let task = Tracked("task", journal)
        try provision.background().add { journal.note("ran \(task.name)") }
        return Tracked("b", journal)
      } teardown: { _, outcome in journal.note("end b \(outcome)") }
      plugin.provider("c", scope: .handler) { _ in 1 } teardown: { _, _ in
        if how == "teardown" { throw HTTPError(409) }
      }
      plugin.onError(StillOpen.self) { _, _ in .text("open", status: 423) }
      plugin.handler("use", needs: b, c) { request, _, _ in
        let task = Tracked("task", journal)
        try request.background().add { journal.note("ran \(task.name)") }
        if how == "handler" { throw HTTPError(404) }
        if how == "mapped" { throw StillOpen() }
        if how == "timeout" {
          journal.note("in use")
          await journal.wait(for: "go")
        }
        return .text("used")
      }
    } body: { (client: TestClient) async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /use")
      if how == "timeout" {
        await journal.wait(for: "in use")
        try await stream.tick()
        journal.note("go")
      }
      try await stream.waitForEnd()
      await journal.wait(for: "freed b")
      let status = ["handler": "404", "mapped": "423", "teardown": "409", "timeout": "504"][how] ?? ""
      #expect(try await stream.on { $0.events } == [status])
    }
    #expect(journal.count("made task") == 2)
    #expect(journal.count("freed task") == 2)
    #expect(journal.count("ran task") == 0)
    #expect(journal.count(how == "timeout" ? "end b cancelled" : "end b failed") == 1)
  }

  @Test func tasksRunAlsoWhereTheClientLeavesDuringTheAnswer() async throws {
    let journal = journal
    try await withGateway(Self.routes) { plugin in
      plugin.provider("b") { _ in 1 }
      plugin.provider("c") { _ in 1 }
      plugin.handler("use") { request in
        try request.background().add { journal.note("task") }
        return .text("used")
      }
    } body: { (client: TestClient) async throws in
      let stream = ManualStream(client, endsAtOnce: false)
      try await stream.start("GET /use")
      try await stream.waitForAnswer()
      try await stream.leave()
      await journal.wait(for: "task")
    }
    #expect(journal.entries == ["task"])
  }

  @Test func aRequestMayLeaveOnlySoManyTasks() async throws {
    let journal = journal
    let configuration = "server: { background: { per_request: 2 } }\n" + Self.routes
    try await withGateway(configuration) { plugin in
      plugin.provider("b") { _ in 1 }
      plugin.provider("c") { _ in 1 }
      @Sendable func add(_ background: BackgroundTasks) -> String {
        var taken = 0
        do {
          for index in 1...5 {
            let kept = Tracked("task", journal)
            try background.add("\(index)") { journal.note("ran \(kept.name)") }
            taken += 1
          }
          return "all"
        } catch { return "\(taken): \(error)" }
      }
      plugin.handler("use") { request in .text(add(try request.background())) }
      plugin.blockingHandler("block") { request in .text(add(try request.background())) }
    } body: { (client: TestClient) async throws in
      let text = try await client.get("/use").text
      #expect(text == "2: the background task '3' is refused: as many wait already as `server.background` in gateway.yaml allows")
      // The next request on the same slot starts anew.
      #expect(try await client.get("/use").text == text)
      await journal.wait(for: "freed task", count: 6)
    }
    #expect(journal.count("ran task") == 4)
  }

  @Test func onAnotherThreadTheLimitIsTheSame() async throws {
    let journal = journal
    let configuration = """
      server: { background: { per_request: 2 } }
      routes: [ { match: GET /block, handler: p.block } ]
      """
    try await withGateway(configuration) { plugin in
      plugin.blockingHandler("block") { request in
        let background = try request.background()
        for index in 1...5 {
          let kept = Tracked("task", journal)
          do { try background.addBlocking { journal.note("ran \(index) \(kept.name)") } } catch { return .text("\(index)") }
        }
        return .text("all")
      }
    } body: { (client: TestClient) async throws in
      #expect(try await client.get("/block").text == "3")
      #expect(try await client.get("/block").text == "3")
      await journal.wait(for: "freed task", count: 6)
    }
    #expect(journal.entries.filter { $0.hasPrefix("ran") } == ["ran 1 task", "ran 2 task", "ran 1 task", "ran 2 task"])
  }

  @Test func allRequestsTogetherMayLeaveOnlySoMany() async throws {
    let journal = journal
    let configuration = "server: { background: { total: 1 } }\n" + Self.routes
    try await withGateway(configuration) { plugin in
      plugin.provider("b") { _ in 1 }
      plugin.provider("c") { _ in 1 }
      plugin.handler("use") { request in
        do {
          try request.background().add {
            journal.note("in task")
            await journal.wait(for: "go")
          }
        } catch { return .text("\((error as? BackgroundRefused)?.reason == .tooMany)") }
        return .text("taken")
      }
    } body: { (client: TestClient) async throws in
      #expect(try await client.get("/use").text == "taken")
      await journal.wait(for: "in task")
      #expect(try await client.get("/use").text == "true")
      journal.note("go")
      while try await client.active() > 0 { await Task.yield() }
      #expect(try await client.get("/use").text == "taken")
    }
  }

  @Test func aTaskAfterTheHandlerHasEndedIsTooLate() async throws {
    let journal = journal
    try await withGateway("routes: [ { match: GET /use, handler: p.use } ]") { plugin in
      plugin.handler("use") { request in
        let background = try request.background()
        try background.add {
          do { try background.add { journal.note("ran") } } catch {
            journal.note("\((error as? BackgroundRefused)?.reason == .tooLate)")
          }
        }
        return .noContent
      }
    } body: { (client: TestClient) async throws in
      #expect(try await client.get("/use").status == 204)
      await journal.wait(for: "true")
    }
    #expect(journal.entries == ["true"])
  }

  @Test func appScopeHasNoAnswerToComeAfter() async throws {
    let configuration = """
      dependencies: { b: { provider: p.b, scope: app } }
      routes: [ { match: GET /use, handler: p.use } ]
      """
    try await withGateway(configuration) { plugin in
      plugin.provider("b", scope: .app) { provision in
        do { try provision.background().add {} } catch { return "\(error)" }
        return "taken"
      }
      plugin.handler("use", needs: Dependency<String>("b")) { _, text in .text(text) }
    } body: { (client: TestClient) async throws in
      expect(
        try await client.get("/use").text, "the background task '' is refused: there is no answer that it could come after")
    }
  }

  @Test(arguments: [false, true])
  func aTasksLogKnowsTheRequest(isBlocking: Bool) async throws {
    try await serving("policies: { ids: [request_id] }\nroutes: [ { match: GET /use, use: [ids], handler: p.use } ]") { plugin in
      plugin.handler("use") { request in
        let background = try request.background()
        if isBlocking {
          try background.addBlocking("note") { log in log.info("done", ["work": 1]) }
        } else {
          try background.add("note") { log in log.info("done", ["work": 1]) }
        }
        return .noContent
      }
    } body: { client in
      let answer = try await client.get("/use")
      let line = try #require(try await client.gateway.log.line("done"))
      #expect(
        line.facts == [
          "work": "1", "request_id": answer.header("x-request-id"), "route": "/use", "handler": "p.use",
          "function": "p.use", "plugin": "p",
        ])
    }
  }

  @Test func theEndOfTheGatewayWaitsForTasksAndThenCutsThem() async throws {
    let journal = journal
    let log = TestLog()
    try await withGateway("routes: [ { match: GET /use, handler: p.use } ]", log: log) { plugin in
      plugin.handler("use") { request in
        let background = try request.background()
        try background.add {
          await withTaskCancellationHandler {
            journal.note("in task")
            await journal.wait(for: "cancelled")
          } onCancel: { journal.note("cancelled") }
        }
        let kept = Tracked("second", journal)
        try background.add { journal.note("ran \(kept.name)") }
        return .noContent
      }
    } body: { (client: TestClient) async throws in
      #expect(try await client.get("/use").status == 204)
      await journal.wait(for: "in task")
      let problems = await client.instance.stop(within: .seconds(10), drain: .zero)
      #expect(problems == ["2 background tasks cut off, still not done when the time to drain was over"])
      #expect(try await client.active() == 0)
    }
    #expect(journal.entries == ["made second", "in task", "freed second", "cancelled"] || journal.entries == ["made second", "in task", "cancelled", "freed second"])
  }
}

struct StillOpen: Error {}
