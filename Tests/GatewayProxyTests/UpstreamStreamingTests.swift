import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayProxy

/// Bodies in parts, back-pressure, and ends that come early.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamStreamingTests {
  @Test func smallBodyGoesOutWithTheHead() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.post, body: .whole(ByteBuffer(string: "{}")))
    let connection = try await server.accept()
    #expect(
      try await connection.events.next()
        == .received("POST / HTTP/1.1\r\nhost: 127.0.0.1:\(server.port)\r\ncontent-length: 2\r\n\r\n{}"))
    try await harness.exchange(call) { $0.cancel() }
    try await connection.expectClosed()
  }

  @Test func largeBodyArrivesWhole() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let size = 4 * 1024 * 1024
    let call = try await harness.start(.post, body: .whole(ByteBuffer(repeating: 0x61, count: size)))
    let connection = try await server.accept()
    var received = 0
    while received < size {
      guard case .received(let text) = try await connection.events.next() else { break }
      received += text.utf8.count { $0 == 0x61 }
      if received < 100_000, text.contains("\r\n\r\n") { #expect(text.contains("content-length: \(size)\r\n")) }
    }
    #expect(received >= size)
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    #expect(try await harness.statistics.parked == 1)
  }

  @Test func bodyOfKnownLengthIsSentAsItComes() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.put, body: .stream(length: 4))
    // Before there is a connection, parts are kept.
    try await harness.exchange(call) { $0.sendPart(ByteBuffer(string: "ab")) }
    let connection = try await server.accept()
    #expect(try await connection.receive(until: "\r\n\r\nab").contains("content-length: 4\r\n"))
    #expect(try await call.told.next() == .writable)
    try await harness.exchange(call) {
      #expect($0.isWritable)
      $0.sendPart(ByteBuffer(string: "cd"))
      $0.sendEnd()
      #expect(!$0.isWritable)
    }
    #expect(try await connection.receive(until: "cd") == "cd")
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
    #expect(try await harness.statistics.parked == 1)
  }

  @Test func bodyOfUnknownLengthIsSentInChunks() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.post, body: .stream(length: nil))
    let connection = try await server.accept()
    #expect(try await connection.receive().contains("transfer-encoding: chunked\r\n"))
    let long = String(repeating: "x", count: 20_000)
    try await harness.exchange(call) {
      $0.sendPart(ByteBuffer(string: "hello"))
      $0.sendPart(ByteBuffer())
      $0.sendPart(ByteBuffer(string: long))
      $0.sendEnd()
    }
    #expect(try await connection.receive(until: "0\r\n\r\n") == "5\r\nhello\r\n4e20\r\n\(long)\r\n0\r\n\r\n")
    try await connection.send(UpstreamPoolTests.ok)
    var told = try await call.told.next()
    if told == .writable { told = try await call.told.next() }
    #expect(told == .response(200, "hi"))
    #expect(try await harness.statistics.parked == 1)
  }

  @Test(arguments: [(3, "abcd"), (5, "abcd")])
  func bodyOfAnotherLengthThanAnnouncedNeverLooksComplete(length: Int, body: String) async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.put, body: .stream(length: length))
    let connection = try await server.accept()
    _ = try await connection.receive()
    #expect(try await call.told.next() == .writable)
    try await harness.exchange(call) {
      $0.sendPart(ByteBuffer(string: body))
      $0.sendEnd()
    }
    #expect(try await call.told.next() == .failed(.requestBodyMismatch))
    try await connection.expectClosed()
  }

  @Test func senderIsStoppedWhileTheUpstreamDoesNotRead() async throws {
    let server = try await ScriptedServer(autoRead: false)
    let harness = try await PoolHarness(
      [server.target], timeouts: Upstream.Timeouts(connect: .seconds(2), responseHead: nil, idle: .seconds(5)))
    let call = try await harness.start(.post, body: .stream(length: nil))
    _ = try await server.accept()
    #expect(try await call.told.next() == .writable)
    let part = ByteBuffer(repeating: 0x61, count: 256 * 1024)
    try await harness.exchange(call) { exchange in
      var sent = 0
      while exchange.isWritable, sent < 1000 {
        exchange.sendPart(part)
        sent += 1
      }
      #expect(sent < 1000)
    }
    try await harness.pass(.seconds(5))
    #expect(try await call.told.next() == .failed(.idleTimeout))
    #expect(try await harness.failure(call).cause == "the upstream stopped reading the request")
  }

  @Test func senderGoesOnWhenTheUpstreamReadsAgain() async throws {
    let server = try await ScriptedServer(autoRead: false)
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.post, body: .stream(length: nil))
    let connection = try await server.accept()
    #expect(try await call.told.next() == .writable)
    let part = ByteBuffer(repeating: 0x61, count: 256 * 1024)
    try await harness.exchange(call) { exchange in
      while exchange.isWritable { exchange.sendPart(part) }
    }
    try await connection.channel.setOption(.autoRead, value: true).get()
    #expect(try await call.told.next() == .writable)
    try await harness.exchange(call) { $0.cancel() }
    try await connection.expectClosed()
  }

  @Test func pausedResponseStopsTheUpstream() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let size = 32 * 1024 * 1024
    let call = try await harness.start { consumer in consumer.countsOnly = true }
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(size)\r\n\r\n")
    #expect(try await call.told.next() == .head(200))
    try await harness.exchange(call) { $0.pauseReading() }
    let before = try await harness.loop.submit { call.consumer.value.received }.get()
    // More than all socket buffers hold, so it cannot be written to the end while nobody reads.
    let written = connection.channel.eventLoop.makePromise(of: Void.self)
    connection.channel.writeAndFlush(ByteBuffer(repeating: 0x61, count: size), promise: written)
    let isStuck = try await connection.channel.eventLoop.submit { !connection.channel.isWritable }.get()
    #expect(isStuck)
    for _ in 0..<10 { try await harness.loop.submit {}.get() }
    #expect(try await harness.loop.submit { call.consumer.value.received }.get() == before)
    try await harness.exchange(call) { $0.resumeReading() }
    try await written.futureResult.get()
    #expect(try await call.told.next() == .end)
    #expect(try await harness.loop.submit { call.consumer.value.received }.get() == size)
    #expect(try await harness.statistics.parked == 1)
  }

  @Test func connectionPausedAtTheEndReadsAgain() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let exchange = NIOLoopBoundBox.makeEmptyBox(valueType: UpstreamExchange.self, eventLoop: harness.loop)
    let request = try #require(UpstreamRequest(method: .get, target: ByteBuffer(string: "/")))
    let told = Mailbox<Told>()
    try await harness.run { pool in
      let consumer = RecordingConsumer()
      consumer.onHead = { exchange.value?.pauseReading() }
      consumer.onEnd = { told.put(.end) }
      exchange.value = pool.start(request, consumer: consumer)
    }
    let connection = try await server.accept()
    _ = try await connection.receive()
    // Trailers, so that head and end are separate calls of one read.
    try await connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: b\r\n\r\n")
    #expect(try await told.next() == .end)
    let call = try await harness.start()
    _ = try await connection.receive()
    try await connection.send(UpstreamPoolTests.ok)
    #expect(try await call.told.next() == .response(200, "hi"))
  }

  @Test func earlyRefusalEndsTheExchangeAndTheConnection() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.post, body: .stream(length: 1_000_000))
    let connection = try await server.accept()
    _ = try await connection.receive()
    #expect(try await call.told.next() == .writable)
    try await connection.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 4\r\n\r\nno")
    #expect(try await call.told.next() == .head(413))
    #expect(try await call.told.next() == .part("no"))
    try await harness.exchange(call) {
      // Taken and dropped: the client may finish sending, and then read the answer.
      #expect($0.isWritable)
      $0.sendPart(ByteBuffer(string: "dropped"))
    }
    try await connection.send("!!")
    #expect(try await call.told.next() == .part("!!"))
    #expect(try await call.told.next() == .end)
    #expect(try await connection.events.next() == .closed)
  }

  @Test func refusalFreesASenderThatWaitsForRoom() async throws {
    let server = try await ScriptedServer(autoRead: false)
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.post, body: .stream(length: nil))
    let connection = try await server.accept()
    #expect(try await call.told.next() == .writable)
    let part = ByteBuffer(repeating: 0x61, count: 256 * 1024)
    try await harness.exchange(call) { exchange in
      while exchange.isWritable { exchange.sendPart(part) }
    }
    try await connection.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 4\r\n\r\nno")
    #expect(try await call.told.next() == .head(413))
    #expect(try await call.told.next() == .part("no"))
    #expect(try await call.told.next() == .writable)
    try await harness.exchange(call) { #expect($0.isWritable) }
    try await connection.send("!!")
    #expect(try await call.told.next() == .part("!!"))
    #expect(try await call.told.next() == .end)
  }

  @Test func responseBesideTheRequestIsPassedOnBothWays() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let call = try await harness.start(.post, body: .stream(length: nil))
    let connection = try await server.accept()
    _ = try await connection.receive()
    #expect(try await call.told.next() == .writable)
    try await connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    #expect(try await call.told.next() == .head(200))
    for word in ["one", "two"] {
      try await harness.exchange(call) { $0.sendPart(ByteBuffer(string: word)) }
      #expect(try await connection.receive(until: "\(word)\r\n") == "3\r\n\(word)\r\n")
      try await connection.send("3\r\n\(word)\r\n")
      #expect(try await call.told.next() == .part(word))
    }
    try await harness.exchange(call) { $0.sendEnd() }
    #expect(try await connection.receive(until: "0\r\n\r\n") == "0\r\n\r\n")
    try await connection.send("0\r\n\r\n")
    #expect(try await call.told.next() == .end)
    #expect(try await harness.statistics.parked == 1)
  }

  @Test func cancelledFromItsOwnHeadIsNotToldMore() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    let exchange = NIOLoopBoundBox.makeEmptyBox(valueType: UpstreamExchange.self, eventLoop: harness.loop)
    let request = try #require(UpstreamRequest(method: .get, target: ByteBuffer(string: "/")))
    let told = try await harness.run { pool in
      let consumer = RecordingConsumer()
      consumer.onHead = { exchange.value?.cancel() }
      exchange.value = pool.start(request, consumer: consumer)
      return consumer.told
    }
    let connection = try await server.accept()
    _ = try await connection.receive()
    try await connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\na: b\r\n\r\n")
    #expect(try await told.next() == .head(200))
    try await connection.expectClosed()
    told.put(.writable)
    #expect(try await told.next() == .writable)
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }

  @Test func clientThatLeavesClosesTheUpstreamRequestAtEveryStage() async throws {
    let server = try await ScriptedServer()
    let harness = try await PoolHarness([server.target])
    for round in 0..<300 {
      let call = try await harness.start(.post, body: .stream(length: nil))
      if round % 3 > 0 {
        let connection = try await server.accept()
        _ = try await connection.receive()
        #expect(try await call.told.next() == .writable)
        if round % 3 == 2 {
          try await connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n")
          #expect(try await call.told.next() == .head(200))
        }
        try await harness.exchange(call) { $0.cancel() }
        try await connection.expectClosed()
      } else {
        // Where the connection was not there yet it is kept, so it has to go for the next round; else it is closed.
        try await harness.exchange(call) { $0.cancel() }
        let connection = try await server.accept()
        try? await connection.close()
        while try await harness.statistics != UpstreamPool.Statistics() {}
      }
    }
    #expect(try await harness.statistics == UpstreamPool.Statistics())
  }
}
