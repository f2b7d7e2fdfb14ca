import GatewayPlugin
import GatewayTesting
import Testing

/// What the gateway answers by itself, and what it makes of handlers' answers.
@Suite(.timeLimit(.minutes(5)))
struct AnswerTests {
  private func withRoutes(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      policies:
        edge:
          - request_id: {}
          - security_headers: {}
          - cors: { origins: ["https://shop.example"], methods: [GET, PUT] }
      use: [edge]
      routes:
        - { match: "GET /things/{name}", handler: p.get }
        - { match: "PUT /things/{name}", handler: p.put, limits: { body: 8B } }
        - { match: GET /fixed, respond: { status: 200, body: fixed } }
        - { match: "GET /old/{name}", redirect: { to: "/things/{name}", status: 308 } }
        - { match: "GET /broken/{how}", handler: p.broken }
        - { match: GET /down, proxy: { upstream: down } }
      upstreams:
        down: { targets: ["http://127.0.0.1:1"] }
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineHandler("get") { request in .text(request.text("name") ?? "?", headers: ["x-thing": "1"]) }
      plugin.blockingHandler("put") { request in .text(request.bodyText, status: 201) }
      plugin.handler("broken") { request in
        switch request.text("how") ?? "" {
        case "throws": throw Unexpected()
        case "teapot": throw HTTPError(418, detail: "short \"and\" stout", headers: ["x-pot": "tea"])
        case "json": throw HTTPError(409, detailJSON: #"{"code":7}"#)
        case "status": return Response(status: 99)
        case "huge": return Response(status: 70_000)
        case "errorStatus": throw HTTPError(200)
        case "name": return .text("", headers: ["bad name": "x"])
        case "value": return .text("", headers: ["x": "a\r\nset-cookie: b"])
        case "length": return .text("", headers: ["Content-Length": "5"])
        case "errorField": throw HTTPError(400, headers: ["connection": "close"])
        default: return .noContent
        }
      }
    } body: {
      try await body($0)
    }
  }

  @Test func handlersAnswer() async throws {
    try await withRoutes { client in
      let answer = try await client.get("/things/lamp")
      #expect(answer.status == 200)
      #expect(answer.text == "lamp")
      #expect(answer.header("content-type") == "text/plain; charset=utf-8")
      #expect(answer.header("x-thing") == "1")
      #expect(try await client.send("PUT", "/things/a", body: Array("12345678".utf8)).text == "12345678")
    }
  }

  @Test func headIsAnsweredAsGetWithoutTheBody() async throws {
    try await withRoutes { client in
      let answer = try await client.send("HEAD", "/things/lamp")
      #expect(answer.status == 200)
      #expect(answer.body.isEmpty)
      #expect(answer.header("content-length") == "4")
    }
  }

  @Test func optionsNamesEveryMethodOfThePath() async throws {
    try await withRoutes { client in
      let answer = try await client.send("OPTIONS", "/things/lamp")
      #expect(answer.status == 204)
      #expect(Set((answer.header("allow") ?? "").split(separator: ", ")) == ["GET", "HEAD", "PUT", "OPTIONS"])
    }
  }

  @Test func anotherMethodIs405WithAllow() async throws {
    try await withRoutes { client in
      let answer = try await client.delete("/things/lamp")
      #expect(answer.status == 405)
      #expect(Set((answer.header("allow") ?? "").split(separator: ", ")) == ["GET", "HEAD", "PUT", "OPTIONS"])
      #expect(answer.text == #"{"detail":"Method Not Allowed"}"#)
    }
  }

  @Test func preflightsAreAnsweredForTheRequestThatFollows() async throws {
    try await withRoutes { client in
      let headers = ["origin": "https://shop.example", "access-control-request-method": "PUT"]
      let answer = try await client.send("OPTIONS", "/things/lamp", headers: headers)
      #expect((200...204).contains(answer.status))
      #expect(answer.header("access-control-allow-origin") == "https://shop.example")
      #expect(answer.header("access-control-allow-methods")?.contains("PUT") == true)
    }
  }

  @Test(
    arguments: [
      ("GET", "/nowhere", 404), ("DELETE", "/things/a", 405), ("OPTIONS", "/things/a", 204), ("GET", "/fixed", 200),
      ("GET", "/old/a", 308), ("GET", "/broken/throws", 500), ("GET", "/broken/teapot", 418), ("GET", "/down", 502),
      ("GET", "/things/%zz", 400), ("GET", "/things/a", 200),
    ])
  func everyAnswerCarriesTheResponsePolicies(method: String, target: String, status: Int) async throws {
    try await withRoutes { client in
      var client = client
      client.followsRedirects = 0
      let answer = try await client.send(method, target, headers: ["origin": "https://shop.example"])
      #expect(answer.status == status)
      #expect(answer.header("x-content-type-options") == "nosniff")
      #expect(answer.header("access-control-allow-origin") == "https://shop.example")
      if target != "/things/%zz" { #expect(answer.header("x-request-id")?.isEmpty == false) }
    }
  }

  @Test func aBodyOverTheLimitIs413WithThePolicies() async throws {
    try await withRoutes { client in
      let answer = try await client.send("PUT", "/things/a", body: Array("123456789".utf8))
      #expect(answer.status == 413)
      #expect(answer.header("x-content-type-options") == "nosniff")
    }
  }

  @Test func aRedirectKeepsTheQuery() async throws {
    try await withRoutes { client in
      var client = client
      client.followsRedirects = 0
      let answer = try await client.get("/old/a%20b?q=1")
      #expect(answer.header("location") == "/things/a%20b?q=1")
    }
  }

  @Test func anUnknownErrorIs500WithoutInternals() async throws {
    try await withRoutes { client in
      let answer = try await client.get("/broken/throws")
      #expect(answer.status == 500)
      #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
    }
  }

  @Test func aThrownHTTPErrorIsTheAnswer() async throws {
    try await withRoutes { client in
      let teapot = try await client.get("/broken/teapot")
      #expect(teapot.status == 418)
      #expect(try teapot.json()["detail"] == "short \"and\" stout")
      #expect(teapot.header("x-pot") == "tea")
      #expect(try await client.get("/broken/json").text == #"{"detail":{"code":7}}"#)
    }
  }

  @Test(arguments: ["status", "huge", "errorStatus", "name", "value", "length", "errorField"])
  func anAnswerThatCannotBeSentIs500(how: String) async throws {
    try await withRoutes { client in
      let answer = try await client.get("/broken/\(how)")
      #expect(answer.status == 500)
      #expect(answer.header("set-cookie") == nil)
      #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
      // The slot is good for the next call.
      #expect(try await client.get("/things/lamp").text == "lamp")
    }
  }
}
