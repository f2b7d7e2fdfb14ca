import Foundation
import GatewayHTTP
import GatewayJSON
import GatewayPlugin
import GatewayServer

import NIOCore
import Testing

@testable import Gateway
@testable import GatewayTesting

/// How errors are answered: in one place, in the configured form, with everything that any answer carries.
@Suite(.timeLimit(.minutes(5))) struct ErrorAnswerTests {
  private let journal = Journal()

  // MARK: every error of the gateway

  private static let everything = """
    policies:
      edge: [ request_id, { cors: { origins: ["https://shop.example"] } }, security_headers ]
    use: [edge]
    upstreams: { down: { targets: ["http://127.0.0.1:1"] } }
    dependencies: { bad: { provider: p.bad } }
    routes:
      - { match: GET /get, respond: 200 }
      - { match: "GET /item/{id}", parameters: { id: { type: integer } }, handler: p.fine }
      - { match: POST /json, body: { type: object }, handler: p.fine, limits: { body: 100B } }
      - { match: GET /throws, handler: p.throws }
      - { match: GET /own, handler: p.own }
      - { match: GET /bad, handler: p.needs, needs: { bad: bad } }
      - { match: GET /empty, handler: p.empty }
      - { match: GET /down, proxy: down }
      - { match: GET /full, handler: p.fine, use: [ { addresses: { deny: ["127.0.0.1"] } } ] }
    """

  private static func declare(_ plugin: inout Plugin) {
    plugin.handler("fine") { _ in .noContent }
    plugin.handler("throws") { _ in throw HTTPError(429, detail: "slow down", headers: ["retry-after": "7"]) }
    plugin.handler("own") { _ in throw Unexpected() }
    plugin.handler("empty") { _ in Response(status: 99) }
    plugin.provider("bad") { _ -> Int in throw Unexpected() }
    plugin.handler("needs", needs: Dependency<Int>("bad")) { _, _ in .noContent }
  }

  @Test(arguments: [
    ("GET /missing", 404), ("DELETE /get", 405), ("TRACE /get", 405), ("GET /%zz", 400), ("GET /item/x", 422),
    ("POST /json", 415), ("GET /throws", 429), ("GET /own", 500), ("GET /bad", 500), ("GET /empty", 500),
    ("GET /down", 502), ("GET /full", 403), ("CONNECT shop.example:443", 501),
  ])
  func itHasAnIDAndTheCORSAndSecurityFields(line: String, status: Int) async throws {
    try await withGateway(Self.everything, plugin: Self.declare) { (client: TestClient) async throws in
      let body = line == "POST /json" ? Array("x".utf8) : nil
      let answer = try await client.ask(
        line, ["origin: https://shop.example"] + (body == nil ? [] : ["content-type: text/x"]), body: body)
      #expect(answer.status == status)
      #expect(answer.header("access-control-allow-origin") == "https://shop.example")
      #expect(answer.header("x-content-type-options") == "nosniff")
      #expect(answer.headers.filter { $0.name == "x-request-id" }.count == 1)
      #expect(answer.header("content-type") == "application/json")
      #expect(try answer.json()["detail"] != nil)
      #expect(!answer.text.contains("swordfish"))
    }
  }

  @Test(arguments: [("413", ["content-length: 500"]), ("408", ["content-length: 5"])])
  func soHaveErrorsOfABodyThatIsStillToCome(status: String, fields: [String]) async throws {
    try await withGateway(Self.everything, plugin: Self.declare) { (client: TestClient) async throws in
      let stream = ManualStream(client)
      try await stream.start("POST /json", headers: fields + ["content-type: application/json", "origin: https://shop.example"])
      if status == "408" { try await stream.tick() }
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events.last } == status)
      let lines = try await stream.fieldLines()
      #expect(lines.contains("access-control-allow-origin: https://shop.example"))
      #expect(lines.contains("x-content-type-options: nosniff"))
      #expect(lines.contains { $0.hasPrefix("x-request-id: ") })
    }
  }

  @Test func bytesThatNeverBecameARequestAreAnsweredWithIDAndSecurityFields() async throws {
    try await withGateway(Self.everything, plugin: Self.declare) { (client: TestClient) async throws in
      let answer = try await client.loop.submit { [instance = client.instance, loop = client.loop] () -> LocalResponse? in
        instance.responder(on: loop)?.response(to: HTTPError(431), peer: nil, isTLS: false)
      }.get()
      let fields = try #require(answer).fields
      #expect(fields.contains("x-content-type-options"))
      #expect(fields.all("x-request-id").count == 1)
      #expect(!fields.contains("access-control-allow-origin"))
    }
  }

  @Test func withoutAPolicyForItErrorsStillHaveAnID() async throws {
    let log = TestLog()
    try await withGateway("routes: [ { match: GET /own, handler: p.own }, { match: GET /ok, handler: p.fine } ]", log: log, plugin: Self.declare) { (client: TestClient) async throws in
      let answer = try await client.get("/own")
      let id = try #require(answer.header("x-request-id"))
      #expect(log.lines("plugin failed").first?.facts["request_id"] == id)
      #expect(try await client.get("/missing").header("x-request-id") != nil)
      #expect(try await client.get("/ok").header("x-request-id") == nil)
    }
  }

  @Test func aProblemHasTheIDInItsBodyToo() async throws {
    try await withGateway("errors: problem\nroutes: [ { match: GET /own, handler: p.own } ]", plugin: Self.declare) { (client: TestClient) async throws in
      let answer = try await client.get("/own")
      #expect(answer.header("content-type") == "application/problem+json")
      #expect(try answer.json()["request_id"]?.string == answer.header("x-request-id"))
      #expect(try answer.json()["status"]?.number?.text == "500")
    }
  }

  // MARK: templates

  private static let templates = """
    errors:
      shape: problem
      responses:
        404: { json: { code: "{status}", what: "{title}", why: "{detail}", where: "{path}", how: "{method}", id: "{request_id}", fixed: [1, null, "a{b}"] } }
        422: { json: { problems: "{errors}", why: "{detail}" }, headers: { x-kind: validation } }
        405: { text: "{method} {path}: {detail}", headers: { content-type: text/html } }
        4xx: { text: "client {status} {detail}" }
        default: { json: { code: "{status}" } }
    routes:
      - { match: "GET /item/{id}", parameters: { id: { type: integer } }, handler: p.fine }
      - { match: GET /throws, handler: p.throws }
      - { match: GET /own, handler: p.own }
      - { match: GET /route, handler: p.own, errors: { responses: { 500: { text: "of the route" } } } }
      - { match: GET /shaped, handler: p.throws, errors: { shape: detail, responses: { 4xx: { text: "route {status}" } } } }
      - { match: "GET /words/{id}", parameters: { id: { type: integer } }, handler: p.fine, errors: detail }
    """

  @Test func placeholdersBecomeValuesThatCannotBreakOut() async throws {
    try await withGateway(Self.templates, plugin: Self.declare) { (client: TestClient) async throws in
      let missing = try await client.get("/no%22%7D,%22x%22:1")
      #expect(missing.status == 404)
      let id = try #require(missing.header("x-request-id"))
      expect(
        missing.text,
        #"{"code":404,"what":"Not Found","why":"Not Found","where":"/no%22%7D,%22x%22:1","how":"GET","id":"\#(id)","fixed":[1,null,"a{b}"]}"#)
      #expect(missing.header("content-type") == "application/json")
    }
  }

  @Test func theEntriesOfA422AreAnArray() async throws {
    try await withGateway(Self.templates, plugin: Self.declare) { (client: TestClient) async throws in
      let answer = try await client.get("/item/x")
      #expect(answer.status == 422)
      #expect(answer.header("x-kind") == "validation")
      #expect(try answer.json()["problems"]?.array?.first?["pointer"] != nil)
      #expect(try answer.json()["why"]?.string == "The request does not fit what is declared")
    }
  }

  @Test func inHTMLWhatAClientSentIsEscaped() async throws {
    try await withGateway(Self.templates, plugin: Self.declare) { (client: TestClient) async throws in
      let answer = try await client.ask("<&'>-X /item/1".replacingOccurrences(of: "<&'>-X", with: "A&'B"))
      #expect(answer.status == 405)
      #expect(answer.text == "A&amp;&#39;B /item/1: Method Not Allowed")
      #expect(answer.header("allow")?.contains("GET") == true)
    }
  }

  @Test func theClosestEntryCounts() async throws {
    try await withGateway(Self.templates, plugin: Self.declare) { (client: TestClient) async throws in
      let answer = try await client.get("/throws")
      #expect(answer.text == "client 429 slow down")
      #expect(answer.header("retry-after") == "7")
      #expect(try await client.get("/own").text == #"{"code":500}"#)
      #expect(try await client.get("/route").text == "of the route")
      #expect(try await client.get("/shaped").text == "route 429")
      // The file's entries hold for a route that says another shape; the entries have that shape.
      #expect(try await client.get("/words/x").json()["problems"]?.array?.first?["loc"] != nil)
    }
  }

  @Test func aHEADRequestGetsNoBody() async throws {
    try await withGateway(Self.templates, plugin: Self.declare) { (client: TestClient) async throws in
      let answer = try await client.send("HEAD", "/missing")
      #expect(answer.status == 404)
      #expect(answer.body.isEmpty)
      #expect(answer.header("content-type") == "application/json")
    }
  }

  // MARK: error handlers of a plugin

  private static let handlers = """
    errors:
      handler_timeout: 60s
      responses: { 404: { handler: p.explain }, 405: { handler: p.explain }, 422: { handler: p.explain }, 5xx: { handler: p.explain } }
    upstreams: { down: { targets: ["http://127.0.0.1:1"] } }
    routes:
      - { match: "GET /item/{id}", parameters: { id: { type: integer } }, handler: p.fine }
      - { match: GET /own, handler: p.own }
      - { match: GET /down, proxy: down }
      - { match: GET /slow, handler: p.slow }
    """

  private func withHandlers(
    log: TestLog = TestLog(), timeout: String = "60s", _ explain: @escaping @Sendable (GatewayError, borrowing Request) async throws -> Response,
    _ body: (TestClient) async throws -> Void
  ) async throws {
    let journal = journal
    let configuration = Self.handlers.replacingOccurrences(of: "60s", with: timeout)
    try await withGateway(configuration, log: log) { plugin in
      Self.declare(&plugin)
      plugin.handler("slow") { _ in
        journal.note("in slow")
        await journal.wait(for: "go")
        return .noContent
      }
      plugin.errorHandler("explain", respond: explain)
    } body: { (client: TestClient) async throws in try await body(client) }
  }

  @Test func theyAnswerForErrorsOfTheGateway() async throws {
    try await withHandlers { error, request in
      await Task.yield()
      return .text("\(error.status) \(error.type) \(request.method) \(request.path) \(request.id.isEmpty) \(error.detailJSON.prefix(9))", status: error.status, headers: ["x-own": "1"])
    } _: { (client: TestClient) async throws in
      let missing = try await client.get("/missing")
      #expect(missing.status == 404)
      #expect(missing.text == "404 GatewayError GET /missing false ")
      #expect(missing.header("x-own") == "1")
      #expect(missing.header("x-request-id") != nil)
      #expect(try await client.get("/item/x").text == #"422 InvalidRequest GET /item/x false [{"type":"#)
      #expect(try await client.get("/own").text.hasPrefix("500 GatewayTests.Unexpected GET /own"))
      #expect(try await client.get("/down").text.hasPrefix("502 UpstreamFailure GET /down"))
      let denied = try await client.delete("/own")
      #expect(denied.status == 405)
      #expect(denied.header("allow")?.contains("GET") == true)
    }
  }

  @Test(arguments: ["throws", "http", "stream", "file", "status"])
  func oneThatFailsLeavesTheErrorAsItWas(how: String) async throws {
    let log = TestLog()
    try await withHandlers(log: log) { _, _ in
      switch how {
      case "throws": throw Unexpected()
      // Also a 404, for which it would be asked again.
      case "http": throw HTTPError(404)
      case "stream": return .stream { _ in }
      case "file": return .file(path: "/etc/hostname")
      default: return Response(status: 1000)
      }
    } _: { (client: TestClient) async throws in
      let answer = try await client.get("/missing")
      #expect(answer.status == 404)
      #expect(answer.text == #"{"detail":"Not Found"}"#)
      let line = try #require(try await log.line("error handler failed, the error is answered as it was"))
      #expect(line.facts["request_id"] == answer.header("x-request-id"))
      #expect(try await client.active() == 0)
    }
    #expect(log.lines("error handler failed, the error is answered as it was").count == 1)
  }

  @Test func oneThatTakesTooLongLeavesTheErrorAsItWas() async throws {
    let journal = journal
    let log = TestLog()
    try await withHandlers(log: log, timeout: "1ms") { _, _ in
      await journal.wait(for: "answered")
      return .text("late")
    } _: { (client: TestClient) async throws in
      #expect(try await client.get("/missing").text == #"{"detail":"Not Found"}"#)
      // What was lent to it is kept until it ends.
      #expect(try await client.active() == 1)
      journal.note("answered")
      while try await client.active() > 0 { await Task.yield() }
    }
  }

  @Test func aTimeoutOfTheHandlerCanBeExplainedToo() async throws {
    let journal = journal
    try await withHandlers { error, _ in .text("explained \(error.status)", status: 503) } _: { (client: TestClient) async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /slow")
      await journal.wait(for: "in slow")
      try await stream.tick()
      try await stream.waitForEnd()
      #expect(try await stream.on { $0.events } == ["503"])
      #expect(try await stream.on { $0.body } == "explained 504")
      journal.note("go")
    }
  }

  @Test func aClientThatLeavesMeanwhileLeavesNothing() async throws {
    let journal = journal
    try await withHandlers { _, _ in
      journal.note("in explain")
      await journal.wait(for: "go")
      return .text("late")
    } _: { (client: TestClient) async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /missing")
      await journal.wait(for: "in explain")
      try await stream.leave()
      #expect(try await stream.active() == 1)
      journal.note("go")
      while try await stream.active() > 0 { await Task.yield() }
      #expect(try await stream.on { $0.events } == ["gone"])
    }
  }

  // MARK: what the configuration may say

  @Test(arguments: [
    ("{ responses: { 404: { json: { a: \"see {path}\" } } } }", "cannot stand inside of a text"),
    ("{ responses: { 404: { json: { a: \"{pth}\" } } } }", "there is no placeholder `{pth}`"),
    ("{ responses: { 404: { text: \"{path}\", headers: { content-type: application/xml } } } }", "cannot be written safely"),
    ("{ responses: { 404: { text: a, json: 1 } } }", "an error has one answer"),
    ("{ responses: { 404: { headers: { a: b } } } }", "says nothing of the answer"),
    ("{ responses: { 200: { text: a } } }", "`200` is no status of an error"),
    ("{ responses: { 404: { handler: p.explian } } }", "plugin `p` has no error handler `explian`"),
    ("{ responses: { 404: { handler: q.explain } } }", "there is no plugin `q`"),
    ("{ responses: { 404: { handler: p.explain, headers: { a: b } } } }", "the fields are the error handler's to set"),
  ])
  func mistakesAreFoundBeforeTheFirstRequest(errors: String, message: String) async throws {
    await #expect {
      try await withGateway("errors: \(errors)\nroutes: [ { match: GET /own, handler: p.own } ]") { plugin in
        Self.declare(&plugin)
        plugin.errorHandler("explain") { _, _ in .noContent }
      } body: { _ in }
    } throws: { error in
      let found = "\(error)".contains(message)
      if !found { print(error) }
      return found
    }
  }
}
