import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayProxy

/// A kept connection that the upstream closes just as a request is written.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamRetryTests {
  /// A pool with one kept connection, and the upstream's end of it.
  private func kept(_ server: ScriptedServer) async throws -> (PoolHarness, ScriptedServer.Connection) {
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    return (harness, connection)
  }

  @Test(arguments: [HTTPMethod.get, .put, .delete])
  func idempotentRequestIsSentOnceMore(method: HTTPMethod) async throws {
    let server = try await ScriptedServer()
    let (harness, old) = try await kept(server)
    let call = try await harness.start(method, "/again", body: .whole(ByteBuffer(string: "x")))
    _ = try await old.receive(until: "x")
    try await old.close()
    let fresh = try await server.accept()
    #expect(try await fresh.receive(until: "x").contains(" /again "))
    try await fresh.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  @Test(arguments: [HTTPMethod.post, .patch])
  func requestThatMightActTwiceIsNot(method: HTTPMethod) async throws {
    let server = try await ScriptedServer()
    let (harness, old) = try await kept(server)
    let call = try await harness.start(method, body: .whole(ByteBuffer(string: "x")))
    _ = try await old.receive(until: "x")
    try await old.close()
    #expect(try await call.told.next() == .failed(.closedBeforeResponse))
  }

  @Test func streamedBodyIsNotSentOnceMore() async throws {
    let server = try await ScriptedServer()
    let (harness, old) = try await kept(server)
    let call = try await harness.start(.put, body: .stream(length: 10))
    _ = try await old.receive()
    try await old.close()
    #expect(try await call.told.next() == .failed(.closedBeforeResponse))
  }

  @Test func thereIsOneRetryOnly() async throws {
    let server = try await ScriptedServer()
    let (harness, old) = try await kept(server)
    let call = try await harness.start()
    _ = try await old.receive()
    try await old.close()
    let fresh = try await server.accept()
    _ = try await fresh.receive()
    try await fresh.close()
    #expect(try await call.told.next() == .failed(.closedBeforeResponse))
  }

  @Test func firstRequestOfAConnectionIsNotRetried() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.close()
    #expect(try await call.told.next() == .failed(.closedBeforeResponse))
  }

  @Test func connectionMadeForACancelledRequestMayBeStaleToo() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let request = try #require(UpstreamRequest(method: .get, target: ByteBuffer(string: "/")))
    try await harness.run { pool in pool.start(request, consumer: RecordingConsumer()).cancel() }
    let old = try await server.accept()
    while try await harness.statistics.parked == 0 {}
    let call = try await harness.start()
    _ = try await old.receive()
    try await old.close()
    let fresh = try await server.accept()
    _ = try await fresh.receive()
    try await fresh.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  @Test func begunResponseIsNotRetried() async throws {
    let server = try await ScriptedServer()
    let (harness, old) = try await kept(server)
    let call = try await harness.start()
    _ = try await old.receive()
    try await old.send("H")
    try await old.close()
    #expect(try await call.told.next() == .failed(.closedBeforeResponse))
  }

  @Test func timeoutAnswerOfAnIdleConnectionIsNotTheResponse() async throws {
    let server = try await ScriptedServer()
    let (harness, old) = try await kept(server)
    let call = try await harness.start()
    _ = try await old.receive()
    try await old.send("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    let fresh = try await server.accept()
    _ = try await fresh.receive()
    try await fresh.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  @Test func requestMeetsAConnectionThatTheUpstreamHasResetAlready() async throws {
    let server = try await ScriptedServer()
    let (harness, old) = try await kept(server)
    // The reset is complete before the request is written, and the loop has not seen it yet.
    let request = try #require(UpstreamRequest(method: .get, target: ByteBuffer(string: "/")))
    let told = try await harness.run { pool in
      old.resetNow(from: pool.eventLoop)
      let consumer = RecordingConsumer()
      _ = pool.start(request, consumer: consumer)
      return consumer.told
    }
    let fresh = try await server.accept()
    _ = try await fresh.receive()
    try await fresh.send(UpstreamPoolTests.ok)
    #expect(try await told.next() == .response(200, "hi"))
  }

  @Test func fullTargetMakesRoomForTheFreshConnection() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target]) { $0.connections = 2 }
    let calls = [try await harness.start(), try await harness.start()]
    let connections = [try await server.accept(), try await server.accept()]
    for connection in connections {
      _ = try await connection.receive()
      try await connection.send(UpstreamPoolTests.ok)
    }
    for call in calls { #expect(try await call.told.next() == .response(200, "hi")) }
    let call = try await harness.start(.get, "/again")
    // The one that was parked last is used. When it turns out to be stale, the other one has to give way.
    #expect(try await harness.statistics == UpstreamPool.Statistics(connections: 2, parked: 1))
    for connection in connections.reversed() { try await connection.close() }
    let fresh = try await server.accept()
    #expect(try await fresh.receive().hasPrefix("GET /again "))
    try await fresh.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    #expect(try await harness.statistics.connections == 1)
  }
}
