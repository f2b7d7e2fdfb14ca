import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayProxy

/// What a bad upstream leads to: the right status, a precise cause, and no second use of its connection.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamFailureTests {
  struct Script: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var bytes: String
    /// What the upstream does after the bytes.
    var end = End.nothing
    var told: [Told]
    enum End { case nothing, close, reset }

    init(_ name: String, _ bytes: String, _ end: End = .nothing, _ told: Told...) {
      testDescription = name
      self.bytes = bytes
      self.end = end
      self.told = told
    }
  }

  static let head = "HTTP/1.1 200 OK\r\n"

  static let scripts: [Script] = [
    Script("closes before the head", "", .close, .failed(.closedBeforeResponse)),
    Script("resets before the head", "", .reset, .failed(.reset)),
    Script("closes within the head", "HTTP/1.1 200 OK\r\ncontent-le", .close, .failed(.closedBeforeResponse)),
    Script(
      "closes within the body", head + "content-length: 10\r\n\r\nabc", .close, .head(200), .part("abc"),
      .failed(.truncated)),
    Script(
      "closes within a chunk", head + "transfer-encoding: chunked\r\n\r\n5\r\nabc", .close, .head(200), .part("abc"),
      .failed(.truncated)),
    Script(
      "closes before the last chunk", head + "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", .close, .head(200),
      .part("abc"), .failed(.truncated)),
    Script(
      "closes within the trailers", head + "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\na: b\r\n", .close,
      .head(200), .part("abc"), .failed(.truncated)),
    Script(
      "length and coding", head + "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n", .nothing,
      .failed(.malformed)),
    Script("two lengths", head + "content-length: 3\r\ncontent-length: 4\r\n\r\nabc", .nothing, .failed(.malformed)),
    Script("bad chunk size", head + "transfer-encoding: chunked\r\n\r\nx\r\nabc", .nothing, .failed(.malformed)),
    Script("bad chunk end", head + "transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n", .nothing, .failed(.malformed)),
    Script("NUL in a field", head + "a: b\0c\r\n\r\n", .nothing, .failed(.malformed)),
    Script("bare CR in a field", head + "a: b\rc: d\r\n\r\n", .nothing, .failed(.malformed)),
    Script("line folding", head + "a: b\r\n c\r\n\r\n", .nothing, .failed(.malformed)),
    Script("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", .nothing, .failed(.malformed)),
    Script("another major version", "HTTP/2.0 200 OK\r\n\r\n", .nothing, .failed(.malformed)),
    Script("endless field", head + "a: " + String(repeating: "b", count: 70_000), .nothing, .failed(.malformed)),
    Script(
      "too many fields", head + String(repeating: "a: b\r\n", count: 200) + "\r\n", .nothing, .failed(.malformed)),
    Script(
      "storm of interim responses", String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 100), .nothing,
      .failed(.malformed)),
    Script(
      "101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
      .nothing, .failed(.unexpectedUpgrade)),
    Script("two responses to one request", UpstreamPoolTests.ok + UpstreamPoolTests.ok, .nothing, .response(200, "hi")),
    Script("bytes after the response", UpstreamPoolTests.ok + "x", .nothing, .response(200, "hi")),
    Script(
      "a length in a 204", "HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\nabc", .nothing, .response(204, "")),
  ]

  @Test(arguments: scripts)
  func badResponseEndsTheConnection(script: Script) async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    // POST, so that no retry hides the failure.
    let call = try await harness.start(.post, body: .whole(ByteBuffer(string: "body")))
    let connection = try await server.accept()
    _ = try await connection.receive(until: "body")
    if !script.bytes.isEmpty { try await connection.send(script.bytes) }
    if script.told.count > 1 { #expect(try await call.told.next() == script.told[0]) }
    switch script.end {
    case .nothing: break
    case .close: try await connection.close()
    case .reset: try await connection.reset()
    }
    for told in script.told.dropFirst(script.told.count > 1 ? 1 : 0) { #expect(try await call.told.next() == told) }
    if script.end == .nothing { try await connection.expectClosed() }
    #expect(try await harness.statistics == UpstreamPool.Statistics())
    if case .failed = script.told.last {
      let failure = try await harness.failure(call)
      #expect(failure.status == 502)
      #expect(failure.target == server.target?.description)
      #expect(!failure.cause.isEmpty && failure.cause.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
    }
  }

  @Test func resetWithinABodyThatEndsWithTheConnectionIsNoEnd() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.0 200 OK\r\n\r\nabc")
    #expect(try await call.told.next() == .head(200))
    #expect(try await call.told.next() == .part("abc"))
    try await connection.reset()
    #expect(try await call.told.next() == .failed(.reset))
  }

  @Test func bytesOnAParkedConnectionCloseIt() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    try await connection.send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison")
    try await connection.expectClosed()
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }

  @Test func refusedConnectionIs502WithItsCause() async throws {
    let server = try await ScriptedServer()
    let target = server.target
    try await server.close()
    let harness = try await PoolHarness([target])
    let call = try await harness.start()
    #expect(try await call.told.next() == .failed(.connectFailed))
    let failure = try await harness.failure(call)
    #expect(failure.status == 502 && failure.reason == "connect_failed")
    #expect(failure.target == target?.description)
    #expect(failure.cause.contains("Connection refused"))
  }

  @Test func nameThatDoesNotExistIs502() async throws {
    // RFC 6761 §6.4: .invalid never resolves; no packet has to leave the machine for it.
    let harness = try await PoolHarness([Upstream.Target(host: "nowhere.invalid", port: 80)])
    let call = try await harness.start()
    #expect(try await call.told.next() == .failed(.unresolved))
    #expect(try await harness.failure(call).cause.contains("nowhere.invalid"))
  }

  @Test func refusedRequestGoesToTheNextTarget() async throws {
    let down = try await ScriptedServer()
    let target = down.target
    try await down.close()
    let up = try await ScriptedServer()
    let harness = try await PoolHarness([target, up.target])
    for round in 0..<3 {
      // Also POST: no byte of it was sent.
      let call = try await harness.start(.post)
      if round == 0 {
        let connection = try await up.accept()
        _ = try await connection.receive()
        try await connection.send(UpstreamPoolTests.ok)
        #expect(try await call.told.next() == .response(200, "hi"))
      } else {
        // The target that is down is passed over without another attempt.
        #expect(try await harness.statistics.connecting == 0)
        try await harness.exchange(call) { $0.cancel() }
        break
      }
    }
  }

  @Test func failuresOfOurOwnLimitsAre503() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target]) {
      $0.connections = 1
      $0.waiting = 1
    }
    let first = try await harness.start()
    let connection = try await server.accept()
    // Behind the request, so that the connection is there for both sides when time passes.
    _ = try await connection.receive()
    let second = try await harness.start(.get, "/second")
    let third = try await harness.start()
    #expect(try await third.told.next() == .failed(.queueFull))
    #expect(try await harness.failure(third).status == 503)
    try await harness.pass(.seconds(3))
    #expect(try await second.told.next() == .failed(.queueTimeout))
    #expect(try await harness.failure(second).status == 503)
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await first.told.next() == .response(200, "hi"))
  }

  @Test func waitingRequestGetsTheConnectionThatComesBack() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target]) { $0.connections = 1 }
    let first = try await harness.start(.get, "/first")
    let second = try await harness.start(.get, "/second")
    let connection = try await server.accept()
    #expect(try await connection.receive().hasPrefix("GET /first "))
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await first.told.next() == .response(200, "hi"))
    #expect(try await connection.receive().hasPrefix("GET /second "))
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await second.told.next() == .response(200, "hi"))
  }

  @Test func upstreamWithoutTargetsIs503() async throws {
    let harness = try await PoolHarness([])
    let call = try await harness.start()
    #expect(try await call.told.next() == .failed(.noneAvailable))
  }

  @Test func shutdownFailsWhatIsInHand() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target]) { $0.connections = 1 }
    let sent = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    let waiting = try await harness.start()
    try await harness.run { $0.shutdown() }
    let late = try await harness.start()
    for call in [sent, waiting, late] { #expect(try await call.told.next() == .failed(.shutDown)) }
    try await connection.expectClosed()
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }
}
