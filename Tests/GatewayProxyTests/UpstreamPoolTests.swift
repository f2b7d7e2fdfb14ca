import GatewayHTTP
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import GatewayProxy

@Suite(.timeLimit(.minutes(5)))
struct UpstreamPoolTests {
  static let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

  @Test func responseInOneReadIsOneCall() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.get, "/a?b=c", fields: [("accept", "*/*")])
    let connection = try await server.accept()
    let request = try await connection.receive()
    #expect(request == "GET /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:\(server.port)\r\naccept: */*\r\n\r\n")
    try await connection.send(Self.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  @Test func connectionIsUsedAgain() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    var call = try await harness.start()
    let connection = try await server.accept()
    for round in 1...3 {
      _ = try await connection.receive()
      try await connection.send(Self.ok)
      #expect(try await call.told.next() == .response(200, "hi"))
      let statistics = try await harness.statistics
      #expect(statistics == UpstreamPool.Statistics(connections: 1, parked: 1))
      if round < 3 { call = try await harness.start() }
    }
  }

  @Test func requestsTakeTurnsOverTargets() async throws {
    let servers = [try await ScriptedServer(), try await ScriptedServer()]
    let harness = try await PoolHarness(servers.map(\.target))
    for round in 0..<4 {
      let call = try await harness.start()
      let server = servers[round % 2]
      if round < 2 {
        let connection = try await server.accept()
        _ = try await connection.receive()
        try await connection.send(Self.ok)
        #expect(try await call.told.next() == .response(200, "hi"))
        continue
      }
      let expected = "127.0.0.1:\(server.port)"
      try await harness.exchange(call) { exchange in #expect(exchange.target == expected) }
      try await harness.exchange(call) { $0.cancel() }
    }
  }

  @Test func responseInSingleBytesGivesTheSameContent() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    for byte in "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n" {
      try await connection.send(String(byte))
    }
    // How many reads that makes is the system's choice; the content is not.
    var content = ""
    reading: while true {
      switch try await call.told.next() {
      case .response(200, let body):
        content = body
        break reading
      case .head(200): continue
      case .part(let part): content += part
      case .end: break reading
      case let other:
        Issue.record("\(other)")
        return
      }
    }
    #expect(content == "abcd")
    #expect(try await harness.statistics.parked == 1)
  }

  @Test func chunksOfOneReadAreOnePart() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")
    #expect(try await call.told.next() == .response(200, "abc"))
  }

  @Test func trailersArePassedOn() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nchecksum: 1\r\n\r\n")
    #expect(try await call.told.next() == .head(200))
    #expect(try await call.told.next() == .part("a"))
    #expect(try await call.told.next() == .trailers("checksum: 1\r\n"))
    #expect(try await harness.statistics.parked == 1)
  }

  @Test func responseToHeadHasNoBodyAndKeepsTheConnection() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.head)
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    #expect(try await call.told.next() == .response(200, ""))
    #expect(try await harness.statistics.parked == 1)
  }

  @Test func interimResponsesAreNotPassedOn() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + Self.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  @Test func bodyThatEndsWithTheConnectionIsComplete() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.0 200 OK\r\n\r\nabc")
    #expect(try await call.told.next() == .head(200))
    #expect(try await call.told.next() == .part("abc"))
    try await connection.close()
    #expect(try await call.told.next() == .end)
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }

  @Test func connectionThatTheUpstreamWantsClosedIsNotKept() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    #expect(try await call.told.next() == .response(200, ""))
    try await connection.expectClosed()
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }

  @Test func targetsMayBeUnixSockets() async throws {
    let path = "/tmp/gateway-proxy-test-\(UInt32.random(in: 0 ... .max)).sock"
    defer { unlink(path) }
    let server = try await ScriptedServer(unixSocket: path)
    let harness = try await PoolHarness([Upstream.Target(unixSocket: path)])
    let call = try await harness.start()
    let connection = try await server.accept()
    #expect(try await connection.receive() == "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    try await connection.send(Self.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    try await server.close()
  }

  @Test func targetsMayBeNames() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([Upstream.Target(host: "localhost", port: server.port)])
    let call = try await harness.start()
    let connection = try await server.accept()
    #expect(try await connection.receive() == "GET / HTTP/1.1\r\nhost: localhost:\(server.port)\r\n\r\n")
    try await connection.send(Self.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  @Test func idleConnectionsAreClosedAfterTheirTime() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target]) { $0.idleFor = .seconds(10) }
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(Self.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    try await harness.pass(.seconds(9))
    #expect(try await harness.statistics.parked == 1)
    try await harness.pass(.seconds(1))
    try await connection.expectClosed()
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }

  @Test func upstreamMaySayHowLongItKeepsConnections() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\nkeep-alive: max=100, timeout=5\r\ncontent-length: 0\r\n\r\n")
    #expect(try await call.told.next() == .response(200, ""))
    try await harness.pass(.seconds(3))
    #expect(try await harness.statistics.parked == 1)
    try await harness.pass(.seconds(1))
    try await connection.expectClosed()
  }

  @Test func nothingIsLeftOfAPoolThatWasShutDown() async throws {
    let server = try await ScriptedServer()
    let gone = Mailbox<Bool>()
    let request = try #require(UpstreamRequest(method: .get, target: ByteBuffer(string: "/")))
    let target = try #require(server.target)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let pool = try await loop.submit {
      let pool = UpstreamPool(upstream: Upstream(name: "stock", targets: [target]), eventLoop: loop)
      let consumer = RecordingConsumer()
      consumer.onEnd = {
        pool.shutdown()
        gone.put(true)
      }
      _ = pool.start(request, consumer: consumer)
      return NIOLoopBoundBox<Weak>(Weak(pool), eventLoop: loop)
    }.get()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(Self.ok)
    #expect(try await gone.next())
    try await connection.expectClosed()
    // NIO takes the handlers out in later turns of the loop.
    for _ in 0..<10 { try await loop.submit {}.get() }
    let isGone = try await loop.submit { pool.value.pool == nil }.get()
    #expect(isGone)
  }

  final class Weak {
    weak var pool: UpstreamPool?
    init(_ pool: UpstreamPool) { self.pool = pool }
  }

  @Test func targetIsKnownInTheLastCall() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let exchange = NIOLoopBoundBox.makeEmptyBox(valueType: UpstreamExchange.self, eventLoop: harness.loop)
    let request = try #require(UpstreamRequest(method: .get, target: ByteBuffer(string: "/")))
    let targets = Mailbox<String?>()
    try await harness.run { pool in
      let consumer = RecordingConsumer()
      consumer.onEnd = { targets.put(exchange.value?.target) }
      exchange.value = pool.start(request, consumer: consumer)
    }
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(Self.ok)
    #expect(try await targets.next() == server.target?.description)
  }

  @Test func retiredPoolServesOnAndKeepsNothing() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start()
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await harness.run { $0.retire() }
    try await connection.send(Self.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    try await connection.expectClosed()
    let late = try await harness.start()
    let second = try await server.accept()
    _ = try await second.receive()
    try await second.send(Self.ok)
    #expect(try await late.told.next() == .response(200, "hi"))
    try await second.expectClosed()
  }

  @Test func requestStartedFromTheEndOfAnotherUsesItsConnection() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let request = try #require(UpstreamRequest(method: .get, target: ByteBuffer(string: "/second")))
    let second = Mailbox<Told>()
    let pool = try await harness.run { NIOLoopBound($0, eventLoop: $0.eventLoop) }
    _ = try await harness.start { consumer in
      consumer.onEnd = {
        let next = RecordingConsumer()
        next.onEnd = { second.put(.end) }
        _ = pool.value.start(request, consumer: next)
      }
    }
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send(Self.ok)
    #expect(try await connection.receive().hasPrefix("GET /second "))
    try await connection.send(Self.ok)
    #expect(try await second.next() == .end)
    #expect(try await harness.statistics.connections == 1)
  }
}
