import GatewayHTTP
import GatewayPlugin
import NIOCore
import Testing

@testable import Gateway
@testable import GatewayTesting

/// What policies may change in requests and answers, and what they may not.
@Suite(.timeLimit(.minutes(5)))
struct PolicyMessageTests {
  private let log = TestLog()

  @Schema struct Field: Sendable {
    var name: String
    var value: String = ""
  }

  @Schema struct Item: Sendable { var n: Int }

  @Test func anAnswerOfAPolicysOwnShowsWhatItHolds() {
    var response = PolicyResponse(.text("no", status: 403))
    let (type, body) = (response.headers("Content-Type"), response.bodyText)
    #expect(type == ["text/plain; charset=utf-8"])
    #expect(body == "no")
    response.setHeader("content-type", "text/html")
    response.setBody([0x61])
    let (changed, replaced) = (response.headers("content-type"), response.bodyText)
    #expect(changed == ["text/html"])
    #expect(replaced == "a")
  }

  private func run(_ configuration: String, _ body: (TestClient) async throws -> Void) async throws {
    try await withGateway(configuration, log: log, plugin: { plugin in
      plugin.policy("set", config: Field.self) { request, field, next in
        var request = request
        request.setHeader(field.name, field.value)
        return try await next(request)
      }
      plugin.policy("remove", config: Field.self) { request, field, next in
        var request = request
        request.removeHeader(field.name)
        return try await next(request)
      }
      plugin.policy("answerSet", config: Field.self) { request, field, next in
        var response = try await next(request)
        response.setHeader(field.name, field.value)
        return response
      }
      plugin.policy("status", config: Item.self) { request, item, next in
        var response = try await next(request)
        response.status = item.n
        return response
      }
      plugin.policy("double", bufferedRequest: true, bufferedResponse: true) { request, next in
        var request = request
        if !request.body.isEmpty { request.setBody(Array(request.bodyText.replacing("1", with: "11").utf8)) }
        var response = try await next(request)
        response.setBody(response.body + response.body)
        return response
      }
      plugin.policy("unasked") { request, next in
        var request = request
        request.setBody([1])
        return try await next(request)
      }
      plugin.policy("late", config: Item.self, bufferedResponse: true) { request, _, next in try await next(request) }
      plugin.inlineHandler("fields") { request in
        .text(request.headers.map { "\($0.name.lowercased())=\($0.value)" }.joined(separator: ";"))
      }
      plugin.inlineHandler("body") { request in .text("[\(request.bodyText)]") }
      plugin.handler("item", body: Item.self, returns: Item.self) { _, item in item }
      plugin.handler("stream") { _ in
        .stream { writer in for _ in 0..<100 { try await writer.write([UInt8](repeating: 0x61, count: 1000)) } }
      }
      plugin.inlineHandler("nothing") { _ in .noContent }
    }, body: body)
  }

  private func route(_ use: String, _ handler: String = "fields", _ match: String = "/x") -> String {
    "routes: [{ match: \"\(match)\", use: [\(use)], handler: p.\(handler) }]\n"
  }

  // MARK: requests

  @Test func whatStandsBehindSeesTheChangedFields() async throws {
    let use = "{ p.set: { name: X-User, value: alice } }, { p.remove: { name: COOKIE } }"
    try await run(route(use)) { client async throws in
      let answer = try await client.ask("GET /x", ["x-user: mallory", "cookie: a=b", "X-USER: eve", "x-last: 1"])
      expect(answer.text, "host=testserver;x-last=1;x-user=alice")
    }
  }

  @Test(arguments: [
    "content-length", "Transfer-Encoding", "connection", "HOST", "expect", "te", "upgrade", "keep-alive", "trailer",
    "proxy-connection", "bad name", "",
  ])
  func fieldsThatFrameAMessageAreRefused(name: String) async throws {
    for policy in ["set", "remove"] {
      try await run(route("{ p.\(policy): { name: \"\(name)\", value: \"5\" } }")) { client async throws in
        #expect(try await client.ask("GET /x").status == 500)
        #expect(log.lines("policy failed").last?.facts["policy"] == "p.\(policy)")
      }
    }
  }

  @Test func aValueThatEndsTheLineIsRefused() async throws {
    try await run(route(#"{ p.set: { name: x, value: "a\r\nx-evil: 1" } }"#)) { client async throws in
      #expect(try await client.ask("GET /x").status == 500)
    }
    try await run(route(#"{ p.answerSet: { name: x, value: "a\r\nx-evil: 1" } }"#)) { client async throws in
      let answer = try await client.ask("GET /x")
      #expect(answer.status == 500)
      #expect(answer.header("x-evil") == nil)
    }
  }

  @Test func aClientCannotNominateWhatAPolicySays() async throws {
    try await run(route("{ p.set: { name: x-user, value: alice } }")) { client async throws in
      let answer = try await client.ask("GET /x", ["connection: keep-alive ,X-User, x-other"])
      expect(answer.text, "host=testserver;connection=keep-alive, x-other;x-user=alice")
    }
  }

  @Test func aBodyMayBeReplacedBeforeItIsValidated() async throws {
    try await run(route("p.double", "item", "POST /x")) { client async throws in
      let answer = try await client.post("/x", json: #"{"n":1}"#)
      expect(answer.text, #"{"n":11}{"n":11}"#)
      #expect(answer.header("content-length") == "16")
      // What does not fit any more is refused behind the policy.
      #expect(try await client.post("/x", json: #"{"n":"1"}"#).status == 422)
      #expect(try await client.active() == 0)
    }
  }

  @Test func aBodyThatIsTooLargeForTheRouteIsRefusedBeforeThePolicySeesIt() async throws {
    let configuration = "routes: [{ match: POST /x, limits: { body: 8B }, use: [p.double], handler: p.body }]\n"
    try await run(configuration) { client async throws in
      #expect(try await client.post("/x", "text/plain", "abcdefgh").status == 200)
      #expect(try await client.post("/x", "text/plain", "abcdefghi").status == 413)
    }
  }

  @Test func aBodyThatThePolicyDidNotAskForCannotBeReplaced() async throws {
    try await run(route("p.unasked", "body", "POST /x")) { client async throws in
      #expect(try await client.post("/x", "text/plain", "a").status == 500)
      #expect(log.lines("policy failed").first?.facts["error"]?.contains("GW_BODY_BUFFERED") == true)
    }
  }

  @Test func aRangeIsNotForPoliciesThatLookAtBodies() async throws {
    try await run(route("p.late: { n: 1 }".bracketed, "fields")) { client async throws in
      expect(try await client.ask("GET /x", ["range: bytes=0-1", "if-range: \"a\""]).text, "host=testserver")
    }
  }

  // MARK: answers

  @Test func aStreamIsGatheredForAPolicyThatWantsItWhole() async throws {
    try await run(route("p.double", "stream")) { client async throws in
      let answer = try await client.ask("GET /x")
      #expect(answer.body.count == 200_000)
      #expect(answer.header("content-length") == "200000")
    }
  }

  @Test func anAnswerOverTheLimitOfAPolicyIsA500() async throws {
    let use = "{ plugin: { policy: p.double, response_body: 50KB } }, security_headers"
    for handler in ["stream", "body"] {
      try await run(route(use, handler, "POST /x")) { client async throws in
        let answer = try await client.post("/x", "text/plain", [UInt8](repeating: 0x61, count: 60_000))
        #expect(answer.status == 500)
        #expect(answer.header("x-frame-options") == "DENY")
        #expect(log.lines("policy failed").last?.facts["error"]?.contains("50000") == true)
        #expect(try await client.active() == 0)
      }
    }
  }

  @Test func headIsAsGetWithoutTheBody() async throws {
    try await run(route("p.double", "body")) { client async throws in
      let answer = try await client.ask("HEAD /x")
      #expect(answer.status == 200)
      #expect(answer.body.isEmpty)
      #expect(answer.header("content-length") == "4")
    }
    try await run(route("p.double", "stream")) { client async throws in
      let answer = try await client.ask("HEAD /x")
      #expect(answer.body.isEmpty)
      #expect(answer.header("content-length") == nil)
      #expect(try await client.active() == 0)
    }
  }

  @Test func aStatusWithoutContentHasNone() async throws {
    try await run(route("{ p.status: { n: 204 } }", "stream")) { client async throws in
      let answer = try await client.ask("GET /x")
      #expect(answer.status == 204)
      #expect(answer.body.isEmpty)
      #expect(answer.header("content-length") == nil)
      #expect(try await client.active() == 0)
    }
    try await run(route("{ p.status: { n: 200 } }", "nothing")) { client async throws in
      let answer = try await client.ask("GET /x")
      #expect(answer.status == 200)
      #expect(answer.header("content-length") == "0")
    }
  }

  // MARK: the head

  @Test func aChangedHeadIsParsedAsItWouldBeFromTheWire() throws {
    let text = "POST http://shop.example:81/a?b=c HTTP/1.1\r\nhost:  shop.example:81 \r\nX-A:1\r\ncontent-length: 3\r\nx-b: 2\r\n\r\n"
    for name in ["x-a", "x-b", "content-type", "host"] {
      var buffer = ByteBuffer(string: text)
      var parser = RequestParser()
      guard case .head(let head)? = try parser.next(&buffer) else { throw Unexpected() }
      var added = FieldLines()
      added.append("x-new", "new")
      let changed = head.changed(
        removing: { _, field in name != "host" && FieldName.isSame(field, Array(name.utf8)) }, adding: added)
      var again = changed.bytes
      var second = RequestParser()
      guard case .head(let parsed)? = try second.next(&again) else { throw Unexpected() }
      func shown(_ head: RequestHead) -> [String] {
        ["\(head.method)", head.text(head.target), head.text(head.authority), head.text(head.pathAndQuery)]
          + head.fields.map { "\(head.text($0.name))=\(head.text($0.value)) \($0.known)" }
      }
      #expect(shown(changed) == shown(parsed))
      #expect(changed.value("x-new") == "new")
      #expect(changed.text(changed.authority) == "shop.example:81")
    }
  }
}

extension String {
  fileprivate var bracketed: String { "{ \(self) }" }
}
