import GatewayPlugin
import Testing

@testable import GatewayTesting

/// Bodies in parts through policies, one part at a time; and exchanges that end in the middle of a policy.
@Suite(.timeLimit(.minutes(5)))
struct PolicyFlowTests {
  private let journal = Journal()
  private let log = TestLog()

  @Schema struct Empty: Sendable { var name: String = "state" }

  private func run(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      dependencies: { unit: { provider: p.unit } }
      routes:
        - { match: POST /gated, use: [p.gated], handler: p.body }
        - { match: GET /gated, use: [p.gated], handler: p.parts }
        - { match: POST /inline, use: [p.inline], handler: p.body }
        - { match: GET /inline, use: [p.inline], handler: p.parts }
        - { match: POST /blocking, use: [p.blocking], handler: p.body }
        - { match: POST /mixed, use: [p.inline, p.whole, p.blocking], handler: p.body }
        - { match: GET /waits, use: [p.around, p.gated], handler: p.waits }
        - { match: GET /hangs, use: [p.around, p.hangs], handler: p.body }
        - { match: GET /late, use: [p.around, p.late], handler: p.body }
        - { match: GET /spoilt, use: [p.spoils], handler: p.endless }
        - { match: GET /spoilt-inline, use: [p.inlineSpoils], handler: p.endless }
        - { match: GET /silent, use: [p.silent], depends: [unit], handler: p.endless }
        - { match: POST /refused, use: [p.refuses], handler: p.body }
        - { match: GET /plain, handler: p.body }
      """
    let journal = journal
    let quoted: @Sendable (borrowing PolicyPart, String) -> [UInt8] = { part, quote in
      Array("\(quote)\(String(decoding: part.bytes, as: UTF8.self))\(quote)\(part.isLast ? "$" : "")".utf8)
    }
    try await withGateway(configuration, log: log, plugin: { plugin in
      plugin.policy(
        "gated", config: Empty.self, state: { _ in Tracked("state", journal) },
        onRequestPart: { part, _ in
          journal.note("request part")
          let number = journal.count("request part")
          let bytes = quoted(part, "'")
          await journal.wait(for: "go", count: number)
          return bytes
        },
        onResponsePart: { part, _ in
          journal.note("response part")
          let number = journal.count("response part")
          let bytes = quoted(part, "\"")
          await journal.wait(for: "go", count: number)
          return bytes
        })
      plugin.inlinePolicy(
        "inline", config: Empty.self, state: { _ in }, onRequestPart: { part, _ in quoted(part, "<") },
        onResponsePart: { part, _ in quoted(part, ">") })
      plugin.blockingPolicy(
        "blocking", config: Empty.self, state: { _ in Tracked("state", journal) },
        onRequest: { request, _ in
          request.setHeader("x-blocking", "1")
          return nil
        },
        onResponse: { response, _ in response.setHeader("x-blocking", "2") },
        onRequestPart: { part, _ in part.isLast ? quoted(part, "b") : nil })
      plugin.policy("whole", bufferedRequest: true) { request, next in
        var request = request
        request.setBody(Array("(\(request.bodyText))".utf8))
        return try await next(request)
      }
      plugin.policy("around") { request, next in
        do {
          let response = try await next(request)
          journal.note("around \(response.status)")
          return response
        } catch {
          journal.note("around \(type(of: error))")
          throw error
        }
      }
      plugin.policy("hangs") { request, next in
        do { try await Task.sleep(for: .seconds(3600)) } catch {
          journal.note("hangs \(type(of: error))")
          throw error
        }
        return try await next(request)
      }
      plugin.policy("late") { request, next in
        let response = try await next(request)
        do { try await Task.sleep(for: .seconds(3600)) } catch {
          journal.note("late \(type(of: error))")
          throw error
        }
        return response
      }
      let spoil: @Sendable () throws -> [UInt8]? = {
        journal.note("spoils")
        if journal.count("spoils") > 1 { throw HTTPError(503) }
        return nil
      }
      plugin.policy(
        "spoils", config: Empty.self, state: { _ in Tracked("state", journal) },
        onResponsePart: { _, _ in
          await Task.yield()
          return try spoil()
        })
      plugin.inlinePolicy(
        "inlineSpoils", config: Empty.self, state: { _ in Tracked("state", journal) }, onResponsePart: { _, _ in try spoil() })
      plugin.policy(
        "silent", config: Empty.self, state: { _ in Tracked("state", journal) },
        onResponsePart: { _, _ in
          journal.note("asked")
          try await Task.sleep(for: .seconds(3600))
          return nil
        })
      plugin.provider("unit") { _ in 1 } teardown: { _, outcome in journal.note("unit \(outcome)") }
      plugin.inlinePolicy(
        "refuses", config: Empty.self, state: { _ in Tracked("state", journal) },
        onRequestPart: { _, _ in
          journal.note("refuses")
          throw HTTPError(422)
        })
      plugin.handler("endless") { _ in
        .stream { writer in
          do {
            while true {
              try await writer.write("part")
              await Task.yield()
            }
          } catch {
            journal.note("left")
            throw error
          }
        }
      }
      plugin.inlineHandler("body") { request in .text(request.bodyText + (request.header("x-blocking") ?? "")) }
      plugin.handler("parts") { _ in
        .stream { writer in
          for number in 0..<4 {
            try await writer.write("\(number)")
            journal.note("written")
          }
        }
      }
      plugin.handler("waits") { _ in
        journal.note("waiting")
        try await Task.sleep(for: .seconds(3600))
        return .noContent
      }
    }, body: body)
  }

  private func served(_ client: TestClient) async throws {
    while try await client.active() > 0 { #expect(try await client.get("/plain").status == 200) }
  }

  // MARK: failures in the middle of a body

  @Test(arguments: ["/spoilt", "/spoilt-inline"])
  func anAnswerThatAPartHookSpoilsIsBrokenOffOnceAndItsHandlerLearnsOfIt(path: String) async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET \(path)")
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events.last } == "abort")
      await journal.wait(for: "left")
      await journal.wait(for: "freed state")
      #expect(journal.count("spoils") == 2)
      #expect(log.lines("policy failed").map { $0.facts["policy"] } == [path == "/spoilt" ? "p.spoils" : "p.inlineSpoils"])
      try await served(client)
    }
  }

  @Test func aHandlerWhoseHookIsSilentIsCancelledWithItsValues() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /silent")
      await journal.wait(for: "asked")
      try await stream.tick()
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events } == ["head 200", "abort"])
      await journal.wait(for: "left")
      await journal.wait(for: "unit cancelled")
      await journal.wait(for: "freed state")
      try await served(client)
    }
  }

  @Test func aPartOfARequestThatAHookRefusesIsShownToItOnce() async throws {
    try await run { client async throws in
      #expect(try await client.post("/refused", "text/plain", "abc").status == 422)
      await journal.wait(for: "freed state")
      #expect(journal.count("refuses") == 1)
      try await served(client)
    }
  }

  // MARK: credit

  @Test func theNextPartOfARequestComesWhenThePolicyHasTakenTheLast() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("POST /gated", headers: ["content-length: 2"])
      try await stream.feed(Array("a".utf8))
      await journal.wait(for: "request part")
      // Nothing more is read meanwhile.
      #expect(stream.journal.entries == ["pause"])
      journal.note("go")
      await stream.journal.wait(for: "resume")
      try await stream.feed(Array("b".utf8))
      await journal.wait(for: "request part", count: 2)
      #expect(stream.journal.entries == ["pause", "resume", "pause"])
      journal.note("go")
      await stream.journal.wait(for: "resume", count: 2)
      try await stream.finishBody()
      journal.note("go")
      try await stream.waitForAnswer()
      // The answer is whole, and one part for the policy.
      expect(try await stream.on { $0.body }, #""'a''b'''$"$"#)
      try await served(client)
      await journal.wait(for: "freed state")
      #expect(journal.count("freed state") == 1)
    }
  }

  @Test func theNextPartOfAnAnswerComesWhenThePolicyHasTakenTheLast() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /gated")
      await journal.wait(for: "response part")
      // The writer was told to wait behind the part that was taken.
      for _ in 0..<10 { #expect(try await client.get("/plain").status == 200) }
      #expect(journal.count("written") <= 1)
      #expect(try await stream.on { $0.parts.isEmpty })
      for count in 1...5 {
        journal.note("go")
        if count < 5 { await journal.wait(for: "response part", count: count + 1) }
      }
      try await stream.waitForEnd()
      expect(try await stream.text(), #""0""1""2""3"""$"#)
      await journal.wait(for: "freed state")
      #expect(journal.count("freed state") == 1)
      try await served(client)
    }
  }

  @Test func aSlowClientStopsThePolicyAndTheWriter() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.on { $0.takesBytes = 1 }
      try await stream.start("GET /inline")
      await stream.journal.wait(for: "part")
      for _ in 0..<10 { #expect(try await client.get("/plain").status == 200) }
      #expect(try await stream.on { $0.parts.count } == 1)
      try await stream.takeMore()
      try await stream.waitForEnd()
      expect(try await stream.text(), ">0>>1>>2>>3>>>$")
      try await served(client)
    }
  }

  // MARK: execution

  @Test func bodiesGoThroughInlineAndBlockingPolicies() async throws {
    try await run { client async throws in
      // A whole answer stays whole, with its length.
      let inline = try await client.post("/inline", "text/plain", "a")
      // The end came by itself, so the last part was empty.
      expect(inline.text, "><a<<<$>$")
      #expect(inline.header("content-length") == "9")
      let blocking = try await client.post("/blocking", "text/plain", "a")
      #expect(blocking.text == "bab$1" || blocking.text == "abb$1")
      #expect(blocking.header("x-blocking") == "2")
      await journal.wait(for: "freed state")
      #expect(journal.count("freed state") == 1)
      // In parts, then whole, then in parts again.
      expect(try await client.post("/mixed", "text/plain", "a").text, ">b(<a<<<$)b$1>$")
      // Without a body there are no parts.
      expect(try await client.ask("POST /inline").text, ">>$")
      try await served(client)
    }
  }

  // MARK: the end in the middle

  @Test func aClientThatLeavesCancelsWhatWaitsBehindAPolicy() async throws {
    try await run { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /waits")
      await journal.wait(for: "waiting")
      try await stream.leave()
      await journal.wait(for: "around CancellationError")
      await journal.wait(for: "freed state")
      try await served(client)
      #expect(journal.count("around CancellationError") == 1)
      #expect(journal.count("freed state") == 1)
    }
  }

  @Test func aClientThatLeavesCancelsThePolicyInHand() async throws {
    try await run { client async throws in
      for path in ["/hangs", "/late"] {
        let stream = ManualStream(client)
        try await stream.start("GET \(path)")
        // Behind whatever runs at once.
        #expect(try await client.get("/plain").status == 200)
        try await stream.leave()
      }
      await journal.wait(for: "hangs CancellationError")
      await journal.wait(for: "late CancellationError")
      await journal.wait(for: "around CancellationError", count: 2)
      try await served(client)
    }
  }

  @Test func aPolicyThatDoesNotCompleteInTimeIsGivenUp() async throws {
    try await run { client async throws in
      for path in ["/hangs", "/late"] {
        let stream = ManualStream(client)
        try await stream.start("GET \(path)")
        #expect(try await client.get("/plain").status == 200)
        try await stream.tick()
        try await stream.waitForAnswer()
        #expect(try await stream.on { $0.events } == ["504"])
        await journal.wait(for: "\(path.dropFirst()) CancellationError")
      }
      #expect(journal.count("around 504") == 1)
      await journal.wait(for: "around CancellationError")
      #expect(log.lines("policy given up, its memory is kept until it completes").map { $0.facts["policy"] } == ["p.hangs", "p.late"])
      try await served(client)
    }
  }
}
