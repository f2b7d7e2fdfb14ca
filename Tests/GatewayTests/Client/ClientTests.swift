import GatewayPlugin
import Synchronization
import Testing

@testable import GatewayTesting

/// The test client: the same requests in process and over a socket.
@Suite(.timeLimit(.minutes(5)))
struct ClientTests {
  private let journal = Journal()

  // MARK: cookies

  private func withCookies(_ mode: TestMode, _ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      routes:
        - { match: GET /set, handler: p.set }
        - { match: GET /shop/see, handler: p.see }
        - { match: GET /see, handler: p.see }
      """
    try await serving(configuration, mode: mode, clock: .manual) { plugin in
      plugin.handler("set") { request in
        var headers = Headers()
        headers.append("set-cookie", request.query.replacing("%20", with: " "))
        return .text("set", headers: headers)
      }
      plugin.handler("see") { request in .text(request.header("cookie") ?? "-") }
    } body: { client in
      try await body(client)
    }
  }

  @Test(arguments: TestMode.allCases)
  func cookiesAreKeptAndSentBack(mode: TestMode) async throws {
    try await withCookies(mode) { client in
      _ = try await client.get("/set?a=1")
      _ = try await client.get("/set?b=2;Path=/shop;HttpOnly")
      #expect(try await client.get("/see").text == "a=1")
      // Longer paths come first.
      #expect(try await client.get("/shop/see").text == "b=2; a=1")
      #expect(client.cookies["b"] == "2")
      _ = try await client.get("/set?a=3")
      #expect(try await client.get("/see").text == "a=3")
      #expect(try await client.another().get("/see").text == "-")
      #expect(try await client.get("/see", headers: ["Cookie": "own=1"]).text == "own=1")
    }
  }

  @Test func cookiesExpireByTheGatewaysClock() async throws {
    try await withCookies(.inProcess) { client in
      _ = try await client.get("/set?a=1;Max-Age=60")
      _ = try await client.get("/set?b=1;Expires=Wed,%2021%20Oct%202015%2007:28:00%20GMT")
      try await client.gateway.clock.advance(by: .seconds(59))
      #expect(try await client.get("/see").text == "a=1")
      try await client.gateway.clock.advance(by: .seconds(2))
      #expect(try await client.get("/see").text == "-")
    }
  }

  @Test func secureCookiesGoOnSecureRequestsOnly() async throws {
    try await withCookies(.inProcess) { client in
      _ = try await client.get("/set?a=1;Secure")
      #expect(try await client.get("/see").text == "-")
      var secure = client
      secure.isSecure = true
      #expect(try await secure.get("/see").text == "a=1")
      _ = try await client.get("/set?a=;Max-Age=0")
      #expect(try await secure.get("/see").text == "-")
    }
  }

  // MARK: redirects

  private func withRedirects(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      routes:
        - { match: "/go/{status}", handler: p.go, parameters: { status: { type: integer } } }
        - { match: "/end", handler: p.end }
        - { match: GET /loop, redirect: "/loop" }
        - { match: GET /away, redirect: "https://elsewhere.example/" }
        - { match: GET /relative/from, handler: p.relative }
        - { match: GET /relative/to, handler: p.end }
      """
    try await serving(configuration) { plugin in
      plugin.handler("go") { request in
        Response.text("", status: request.integer("status") ?? 500, headers: ["location": "http://testserver/end?x=1#part"])
      }
      plugin.handler("relative") { _ in .text("", status: 307, headers: ["location": "to"]) }
      plugin.handler("end") { request in .text("\(request.method) \(request.query) \(request.bodyText)") }
    } body: { client in
      try await body(client)
    }
  }

  @Test(arguments: [(301, "GET x=1 "), (302, "GET x=1 "), (303, "GET x=1 "), (307, "POST x=1 body"), (308, "POST x=1 body")])
  func redirectsAreFollowedWithTheRightMethodAndBody(status: Int, end: String) async throws {
    try await withRedirects { client in
      let seen = try await client.request("POST", "/go/\(status)", body: .text("body")).text
      #expect(seen == end)
    }
  }

  @Test func otherRedirectsAreLeftAlone() async throws {
    try await withRedirects { client in
      let away = try await client.get("/away")
      #expect(away.status == 307)
      #expect(try await client.get("/relative/from").text == "GET  ")
      var still = client
      still.followsRedirects = 0
      #expect(try await still.get("/go/303").status == 303)
      await #expect(throws: TestGatewayError.self) { _ = try await client.get("/loop") }
    }
  }

  // MARK: bodies

  @Test(arguments: TestMode.allCases)
  func formsAndFilesArrive(mode: TestMode) async throws {
    let configuration = """
      routes:
        - match: POST /form
          handler: p.form
          body: { content: { application/x-www-form-urlencoded: { type: object, properties: { a: { type: string } } } } }
        - match: POST /upload
          handler: p.upload
          body:
            content:
              multipart/form-data:
                { type: object, properties: { a: { type: string }, f: { type: string, format: binary } } }
      """
    try await serving(configuration, mode: mode) { plugin in
      plugin.handler("form") { request in .text(try request.body(as: [String: String].self)["a"] ?? "-") }
      plugin.handler("upload") { request in .text("\(request.header("content-type")?.prefix(30) ?? "-")") }
    } body: { client in
      let form = try await client.request("POST", "/form", body: .form(["a": "x & ü=1"]))
      #expect(form.text == "x & ü=1")
      let upload = try await client.request(
        "POST", "/upload", body: .multipart([.field("a", "1"), .file("f", filename: "a\"b.txt", type: "text/plain", [1, 2, 3])]))
      #expect(upload.status == 200, "\(upload.text)")
    }
  }

  @Test(arguments: TestMode.allCases)
  func anAnswerIsReadAsItComes(mode: TestMode) async throws {
    let journal = journal
    try await serving("routes: [{ match: GET /, handler: p.ticks }]", mode: mode) { plugin in
      plugin.handler("ticks") { _ in
        .stream { writer in
          try await writer.write("one")
          await journal.wait(for: "next")
          try await writer.write("two")
        }
      }
    } body: { client in
      try await client.stream("GET", "/") { answer in
        #expect(answer.status == 200)
        let first = try await answer.next()
        #expect(first == Array("one".utf8))
        journal.note("next")
        #expect(try await answer.next() == Array("two".utf8))
        #expect(try await answer.next() == nil)
      }
    }
  }

  @Test(arguments: TestMode.allCases)
  func aReaderThatStopsStopsTheWriter(mode: TestMode) async throws {
    let journal = journal
    try await serving("routes: [{ match: GET /, handler: p.endless }]", mode: mode) { plugin in
      plugin.handler("endless") { _ in
        .stream { writer in
          do { while true { try await writer.write([UInt8](repeating: 0, count: 32_768)) } } catch {
            journal.note("left")
            throw error
          }
        }
      }
    } body: { client in
      try await client.stream("GET", "/") { answer in _ = try await answer.next() }
      await journal.wait(for: "left")
    }
  }

  @Test func theGatewayIsNoMoreThanAnEighthOfAMegabyteAhead() async throws {
    let written = WrittenBytes()
    try await serving("routes: [{ match: GET /, handler: p.endless }]") { plugin in
      plugin.handler("endless") { _ in
        .stream { writer in
          while true {
            try await writer.write([UInt8](repeating: 0, count: 16_384))
            written.add(16_384)
          }
        }
      }
    } body: { client in
      try await client.stream("GET", "/") { answer in
        _ = try await answer.next()
        // Turns in which a writer that nobody holds up would go on.
        for _ in 1...200 { _ = try await client.active() }
        #expect(written.value <= 128 * 1024)
        #expect(written.value >= 32 * 1024)
      }
    }
  }

  @Test(arguments: TestMode.allCases)
  func aRequestIsSentInPartsWhileTheAnswerComes(mode: TestMode) async throws {
    // A proxied route passes parts on as they come, to a gateway behind it.
    try await serving(
      "server: { limits: { body: 64MiB } }\nroutes: [{ match: POST /, handler: p.count }]", mode: .socket
    ) { plugin in
      plugin.handler("count") { request in .text("\(request.body.count)") }
    } body: { back in
      let port = try #require(back.gateway.port)
      let configuration = """
        upstreams: { back: { targets: ["http://127.0.0.1:\(port)"] } }
        routes: [{ match: POST /, proxy: back, limits: { body: 64MiB } }]
        """
      try await serving(configuration, mode: mode) { client in
        let answer = try await client.request("POST", "/", body: .stream { writer in
          for _ in 0..<50 { try await writer.write([UInt8](repeating: 7, count: 60_000)) }
        })
        #expect(answer.text == "3000000")
      }
    }
  }

  @Test(arguments: TestMode.allCases)
  func aBodyOverTheLimitIsRefused(mode: TestMode) async throws {
    try await serving("server: { limits: { body: 1KiB } }\nroutes: [{ match: POST /, handler: p.take }]", mode: mode) { plugin in
      plugin.handler("take") { _ in .noContent }
    } body: { client in
      let whole = try await client.request("POST", "/", body: .bytes([UInt8](repeating: 0, count: 2048)))
      #expect(whole.status == 413)
      let streamed = TestBody.stream { try await $0.write([UInt8](repeating: 0, count: 2048)) }
      #expect(try await client.request("POST", "/", body: streamed).status == 413)
    }
  }

  @Test func rawBytesGoOverASocketOnly() async throws {
    try await serving("routes: [{ match: GET /, respond: 204 }]", mode: .socket) { client in
      let answer = try await client.raw(Array("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".utf8))
      #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 400"))
    }
    try await serving("routes: [{ match: GET /, respond: 204 }]") { client in
      await #expect(throws: TestGatewayError.self) { _ = try await client.raw([]) }
    }
  }

  @Test func theClientsOwnFieldsGoWithEveryRequest() async throws {
    try await serving("routes: [{ match: GET /, handler: p.see }]") { plugin in
      plugin.handler("see") { request in .text(request.header("authorization") ?? "-") }
    } body: { client in
      var user = client
      user.headers["Authorization"] = "Bearer a"
      let seen = try await user.get("/")
      #expect(seen.text == "Bearer a")
      #expect(try await user.get("/", headers: ["authorization": "Bearer b"]).text == "Bearer b")
      #expect(try await client.get("/").text == "-")
    }
  }

  @Test func aPluginThatFailsToStopIsAskedOnce() async throws {
    let journal = journal
    await #expect(throws: TestGatewayError.self) {
      try await serving("routes: [{ match: GET /, respond: 204 }]") { plugin in
        plugin.onStop {
          journal.note("stop")
          throw Unexpected()
        }
      } body: { client in
        let answer = try await client.get("/")
        #expect(answer.status == 204)
      }
    }
    #expect(journal.entries == ["stop"])
  }

  @Test func nobodyWaitsForALogLineThatWillNotCome() async throws {
    let log = TestLog()
    let waiting = Task { try await log.line("never") }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    log.close()
    #expect(try await log.line("never") == nil)
  }

  @Test(arguments: TestMode.allCases)
  func everythingEndsAlsoWhereTheBodyThrows(mode: TestMode) async throws {
    let journal = journal
    await #expect(throws: Unexpected.self) {
      try await serving("routes: [{ match: GET /, respond: 204 }]", mode: mode) { plugin in
        plugin.onStop { journal.note("stopped") }
      } body: { _ in throw Unexpected() }
    }
    #expect(journal.entries == ["stopped"])
  }
}

/// A number that several tasks add to.
final class WrittenBytes: Sendable {
  private let state = Mutex(0)
  var value: Int { state.withLock { $0 } }
  func add(_ amount: Int) { state.withLock { $0 += amount } }
}
