import GatewayPlugin
import GatewayTesting
import NIOCore
import Testing

@testable import Gateway

/// `depends:` of the gateway, of groups and of routes: dependencies that run before anything answers.
@Suite(.timeLimit(.minutes(5)))
struct GuardTests {
  private let journal = Journal()

  /// `key` lets nobody in without its header; the others write down that they were made.
  private func declare(_ plugin: inout Plugin) {
    let journal = journal
    for name in ["first", "second", "third"] {
      plugin.provider(name, scope: .request) { _ in
        Tracked(name, journal)
      } teardown: { _, outcome in
        journal.note("end \(name) \(outcome)")
      }
    }
    plugin.inlineProvider("key", scope: .request) { provision in
      guard try provision.withRequest({ $0.header("x-key") }) == "sesame" else {
        throw HTTPError(401, detail: "no key", headers: ["www-authenticate": "Key"])
      }
      return Tracked("key", journal)
    }
    plugin.provider("brief", scope: .handler) { _ in
      Tracked("brief", journal)
    } teardown: { _, outcome in
      journal.note("end brief \(outcome)")
      if journal.count("brief fails") > 0 { throw HTTPError(409, detail: "too late") }
    }
    plugin.inlineHandler("plain") { _ in
      journal.note("handler")
      return .text("plain")
    }
    let (third, first) = (Dependency<Tracked>("third"), Dependency<Tracked>("first"))
    plugin.inlineHandler("takes", needs: third, first) { _, third, first in
      journal.note("handler")
      return .text("\(third.name) \(first.name)")
    }
  }

  private func dependencies(_ names: String...) -> String {
    "dependencies:\n" + names.map { "  \($0): { provider: p.\($0) }\n" }.joined()
  }

  private var made: [String] { journal.entries.filter { $0.hasPrefix("made ") || $0 == "handler" } }

  @Test func gatewayThenGroupsThenRouteThenInputsEachOnce() async throws {
    let configuration = dependencies("first", "second", "third", "key") + """
      depends: third
      groups:
        outer: { prefix: /outer, depends: [second] }
        inner: { group: outer, prefix: /inner, depends: [key, second] }
      routes:
        - { match: GET /takes, group: inner, depends: [first, third], handler: p.takes }
        - { match: GET, group: inner, handler: p.plain }
      """
    try await withGateway(configuration, plugin: declare) { client in
      expect(try await client.get("/outer/inner/takes", headers: ["x-key": "sesame"]).text, "third first")
      await journal.wait(for: "freed third")
      #expect(made == ["made third", "made second", "made key", "made first", "handler"])
      expect(try await client.get("/outer/inner", headers: ["x-key": "sesame"]).text, "plain")
      #expect(made.suffix(4) == ["made third", "made second", "made key", "handler"])
    }
    #expect(
      journal.entries.filter { $0.hasPrefix("end") }.prefix(3) == [
        "end first succeeded", "end second succeeded", "end third succeeded",
      ])
  }

  @Test func aGuardMayEndTheExchangeBeforeTheHandlerAndWhatComesBehindIt() async throws {
    let configuration = dependencies("first", "second", "key") + """
      routes:
        - { match: GET /plain, depends: [first, key, second], handler: p.plain }
      """
    try await withGateway(configuration, plugin: declare) { client in
      let answer = try await client.get("/plain")
      #expect(answer.status == 401)
      #expect(answer.header("www-authenticate") == "Key")
      await journal.wait(for: "freed first")
    }
    #expect(made == ["made first"])
    #expect(journal.count("end first failed") == 1)
  }

  @Test(arguments: ["/respond", "/redirect", "/openapi.json", "/docs"])
  func whatTheGatewayAnswersItselfIsGuardedToo(path: String) async throws {
    let configuration = dependencies("first", "key") + """
      openapi: { title: T, depends: key }
      depends: first
      routes:
        - { match: GET /respond, depends: key, respond: { status: 200, body: hello } }
        - { match: GET /redirect, depends: key, redirect: { to: /respond } }
      """
    try await withGateway(configuration, plugin: declare) { client in
      var client = client
      client.followsRedirects = 0
      #expect(try await client.get(path).status == 401)
      let status = try await client.get(path, headers: ["x-key": "sesame"]).status
      #expect(status == (path == "/redirect" ? 307 : 200))
      await journal.wait(for: "freed first", count: 2)
    }
    #expect(made == ["made first", "made first", "made key"])
    #expect(journal.count("end first failed") == 0 || journal.count("end first succeeded") == 1)
  }

  @Test func preflightsAndWhatNoRouteAnswersRunNoGuard() async throws {
    let configuration = dependencies("key") + """
      depends: key
      use: [ { cors: { origins: ["https://shop.example"], methods: [PUT] } } ]
      routes:
        - { match: PUT /x, respond: { status: 204 } }
        - { match: /any, respond: { status: 204 } }
      """
    let preflight = ["origin": "https://shop.example", "access-control-request-method": "PUT"]
    try await withGateway(configuration, plugin: declare) { client in
      for path in ["/x", "/any"] {
        let answer = try await client.send("OPTIONS", path, headers: preflight)
        #expect(answer.status < 300)
        #expect(answer.header("access-control-allow-origin") == "https://shop.example")
      }
      #expect(try await client.send("OPTIONS", "/x").status == 204)
      #expect(try await client.get("/nowhere").status == 404)
      #expect(try await client.get("/x").status == 405)
      // Anything else that comes to a route is guarded, whatever its method.
      #expect(try await client.send("OPTIONS", "/any").status == 401)
      let refused = try await client.send("PUT", "/x", headers: ["origin": "https://shop.example"])
      #expect(refused.status == 401)
      #expect(refused.header("access-control-allow-origin") == "https://shop.example")
    }
  }

  @Test func aGuardOfHandlerScopeEndsBeforeTheGatewaysOwnAnswer() async throws {
    let configuration = dependencies("brief") + """
      routes:
        - { match: GET /respond, depends: brief, respond: { status: 200, body: hello } }
      """
    try await withGateway(configuration, plugin: declare) { client in
      expect(try await client.get("/respond").text, "hello")
      journal.note("brief fails")
      #expect(try await client.get("/respond").status == 409)
    }
    #expect(journal.count("end brief succeeded") == 2)
    #expect(journal.count("freed brief") == 2)
  }

  @Test func whatIsDeclaredIsCheckedBeforeAnyGuardRuns() async throws {
    let configuration = dependencies("first") + """
      depends: first
      routes:
        - match: GET /respond
          parameters: { n: { in: query, type: integer } }
          respond: { status: 200, body: hello }
      """
    try await withGateway(configuration, plugin: declare) { client in
      let refused = try await client.get("/respond?n=x")
      #expect(refused.status == 422)
      #expect(made == [])
      let answer = try await client.get("/respond?n=1")
      #expect(answer.status == 200)
      #expect(made == ["made first"])
    }
  }

  @Test func aClientThatLeavesWhileAGuardRunsEndsIt() async throws {
    let gate = Journal()
    let journal = journal
    let configuration = "dependencies: { slow: { provider: p.slow } }\n" + """
      routes:
        - { match: POST /x, depends: slow, respond: { status: 204 } }
      """
    try await withGateway(configuration) { plugin in
      plugin.provider("slow", scope: .request) { _ in
        journal.note("begun")
        await gate.wait(for: "open")
        return Tracked("slow", journal)
      } teardown: { _, outcome in
        journal.note("end \(outcome)")
      }
    } body: { client in
      let stream = ManualStream(client)
      try await stream.start("POST /x", headers: ["content-length: 5"])
      await journal.wait(for: "begun")
      try await stream.leave()
      gate.note("open")
      await journal.wait(for: "freed slow")
      let active = try await stream.active()
      #expect(active == 0)
      // Nobody asked for the body: nothing wants it.
      let events = try await stream.on { $0.events }
      #expect(events == ["gone"])
    }
    #expect(journal.count("end cancelled") == 1)
  }

  @Test func anUnusedInputOfAGroupIsToldAndAUsedOneReachesTheHandler() async throws {
    let configuration = dependencies("first", "second") + """
      groups:
        g: { needs: { third: second } }
      routes:
        - { match: GET /a, group: g, handler: p.takes }
        - { match: GET /b, group: g, handler: p.takes, needs: { third: first } }
        - { match: GET /c, group: g, handler: p.plain }
      """
    try await withGateway(configuration, plugin: declare) { client in
      expect(try await client.get("/a").text, "second first")
      expect(try await client.get("/b").text, "first first")
      expect(try await client.get("/c").text, "plain")
    }
  }

  @Test func theDocumentFollowsTheGroup() async throws {
    let configuration = dependencies("first") + """
      openapi: { title: T }
      groups:
        api: { prefix: /api, tags: [api], responses: { 404: { description: Not here. } }, deprecated: true }
        secret: { group: api, hidden: true }
      routes:
        - { match: "GET /a/{x}", group: api, tags: [own, api], handler: p.plain }
        - { match: GET /b, group: secret, handler: p.plain }
      """
    try await withGateway(configuration, plugin: declare) { client in
      let document = try await client.get("/openapi.json").json()
      let operation = document["paths"]?["/api/a/{x}"]?["get"]
      #expect(operation?["tags"]?.array?.compactMap(\.string) == ["api", "own"])
      #expect(operation?["deprecated"]?.bool == true)
      #expect(operation?["responses"]?["404"]?["description"]?.string == "Not here.")
      #expect(document["paths"]?["/api/b"] == nil)
      expect(try await client.get("/api/b").text, "plain")
    }
  }

  @Test func aProbeIsGuardedByItsOwnDependsAlone() async throws {
    let configuration = dependencies("key") + """
      depends: key
      groups: { g: { depends: key } }
      routes:
        - { match: GET /live, group: g, health: live }
        - { match: GET /ready, depends: key, health: ready }
        - { match: GET /metrics, metrics: prometheus }
      """
    try await withGateway(configuration, plugin: declare) { client in
      for (path, status) in [("/live", 200), ("/ready", 401), ("/metrics", 401)] {
        let answer = try await client.get(path)
        #expect(answer.status == status)
      }
    }
  }
}
