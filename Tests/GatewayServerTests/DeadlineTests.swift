import GatewayHTTP
import NIOCore
import NIOEmbedded
import Testing

@testable import GatewayServer

/// Time passes by hand.
@Suite struct DeadlineTests {
  @Test func aConnectionThatSendsNothingIsClosedSilently() throws {
    let wire = try Wire()
    wire.pass(.seconds(9))
    #expect(wire.isOpen)
    wire.pass(.seconds(2))
    #expect(!wire.isOpen)
    #expect(try wire.received() == "")
    #expect(wire.loop.counters.timedOut == 1)
  }

  @Test func aConnectionThatIsNotYetActiveHasItsWholeTime() throws {
    let wire = try Wire()
    let channel = EmbeddedChannel(loop: wire.channel.embeddedEventLoop)
    try channel.pipeline.syncOperations.addHandler(HTTP1Connection(loop: wire.loop, isTLS: false))
    wire.pass(.seconds(5))
    #expect(wire.loop.table.count == 2)
    #expect(wire.loop.counters.timedOut == 0)
    _ = try? channel.finish()
  }

  @Test func aHeadThatTricklesInIsCutAtItsDeadlineHoweverSteadyItIs() throws {
    let wire = try Wire()
    try wire.send("GET / HTTP/1.1\r\nhost: a\r\nx: ")
    for _ in 0..<9 {
      wire.pass(.seconds(1))
      try wire.send("a")
    }
    #expect(wire.isOpen)
    wire.pass(.seconds(2))
    #expect(try wire.received().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
    #expect(wire.ends.isHalfClosed)
    #expect(wire.responder.heads.isEmpty)
  }

  @Test func laterHeadsHaveTheirDeadlineFromTheirFirstByte() throws {
    let wire = try Wire()
    try wire.send(request("GET /"))
    wire.pass(.seconds(50))
    #expect(wire.isOpen)
    try wire.send("G")
    wire.pass(.seconds(9))
    try wire.send("E")
    #expect(wire.isOpen)
    wire.pass(.seconds(2))
    #expect(!wire.isOpen)
  }

  @Test func anIdleConnectionIsClosedAfterItsTime() throws {
    let wire = try Wire()
    try wire.send(request("GET /"))
    wire.pass(.seconds(59))
    try wire.send(request("GET /"))
    _ = try wire.received()
    wire.pass(.seconds(59))
    #expect(wire.isOpen)
    wire.pass(.seconds(2))
    #expect(wire.ends.isClosed)
    #expect(try wire.received() == "")
  }

  @Test func aBodyThatTricklesInFailsWith408() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), BodyTests.echo(recorder, limit: 10_000))
    try wire.send(request("POST /", "content-length: 10000"))
    for _ in 0..<4 {
      wire.pass(.seconds(1))
      try wire.send("x")
    }
    #expect(recorder.events == [])
    wire.pass(.seconds(2))
    #expect(recorder.events == ["failed(408)", "ended"])
    #expect(try wire.received() == response("408 Request Timeout", "content-length: 0", "connection: close"))
    #expect(wire.ends.isHalfClosed)
  }

  @Test func aBodyAtTheLeastRateIsAccepted() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), BodyTests.echo(recorder, limit: 10_000))
    try wire.send(request("POST /", "content-length: 7200"))
    for _ in 0..<30 {
      wire.pass(.seconds(1))
      try wire.send(String(repeating: "x", count: 240))
    }
    #expect(recorder.events.last == "ended")
    #expect(try wire.received().hasPrefix("HTTP/1.1 200 OK"))
  }

  @Test func aFastStartDoesNotPayForALongStandstill() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), BodyTests.echo(recorder, limit: 1 << 20))
    try wire.send(request("POST /", "content-length: 1000000", body: String(repeating: "x", count: 900_000)))
    wire.pass(.seconds(29))
    #expect(recorder.events == [])
    wire.pass(.seconds(2))
    #expect(recorder.events.first == "failed(408)")
  }

  @Test func timeThatTheExchangePausesIsNotTheClients() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
      $1.streamBody(limit: nil)
      $1.pauseBody()
    }
    try wire.send(request("POST /", "content-length: 1000"))
    wire.pass(.seconds(50))
    stream?.resumeBody()
    wire.pass(.seconds(4))
    #expect(recorder.events == [])
    wire.pass(.seconds(2))
    #expect(recorder.events == ["failed(408)"])
  }

  @Test func aClientThatTakesNothingIsResetAfterTheWriteDeadline() throws {
    let recorder = Recorder()
    let wire = try Wire { _, stream in
      stream.consumer = recorder
      stream.sendHead(status: 200, fields: FieldLines(), length: nil)
    }
    try wire.send(request("GET /"))
    wire.setWritable(false)
    wire.pass(.seconds(59))
    #expect(wire.isOpen)
    wire.pass(.seconds(2))
    #expect(wire.ends.isClosed)
    #expect(recorder.events == ["gone", "ended"])
  }

  @Test func aClientThatTakesSomethingStartsTheWriteDeadlineAnew() throws {
    let wire = try Wire { _, stream in stream.sendHead(status: 200, fields: FieldLines(), length: nil) }
    try wire.send(request("GET /"))
    for _ in 0..<4 {
      wire.setWritable(false)
      wire.pass(.seconds(40))
      wire.setWritable(true)
    }
    #expect(wire.isOpen)
  }

  @Test func unaskedBodyBytesMustKeepTheirRateToo() throws {
    let wire = try Wire()
    try wire.send(request("POST /", "content-length: 1000"))
    wire.pass(.seconds(6))
    #expect(!wire.isOpen)
  }

  @Test func theExchangeIsTickedWhileItLives() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
    }
    try wire.send(request("GET /"))
    wire.pass(.seconds(1))
    #expect(recorder.ticks == 10)
    stream?.send(status: 200, fields: FieldLines(), body: ByteBuffer())
    wire.pass(.seconds(1))
    #expect(recorder.ticks == 10)
  }

  @Test func idleConnectionsAreNotLookedAtBeforeTheirTime() throws {
    let wire = try Wire()
    try wire.send(request("GET /"))
    wire.pass(.milliseconds(200))
    #expect(wire.loop.table.due(0, wire.now) == nil)
    #expect(wire.loop.table.due(0, wire.now + .seconds(60)) === wire.connection)
  }
}

@Suite struct DrainTests {
  @Test func idleConnectionsCloseAndTheDrainEnds() throws {
    let wire = try Wire()
    try wire.send(request("GET /"))
    let promise = wire.channel.embeddedEventLoop.makePromise(of: DrainReport.self)
    var report: DrainReport?
    promise.futureResult.assumeIsolated().whenSuccess { report = $0 }
    wire.loop.drain(until: wire.now + .seconds(10), promise)
    #expect(wire.isOpen, "a request on its way into the socket is still answered")
    wire.pass(.milliseconds(100))
    #expect(!wire.isOpen)
    #expect(report == DrainReport(aborted: 0))
  }

  @Test func aRequestThatArrivesWithTheDrainIsAnsweredAndTheConnectionClosed() throws {
    let wire = try Wire()
    let promise = wire.channel.embeddedEventLoop.makePromise(of: DrainReport.self)
    wire.loop.drain(until: wire.now + .seconds(10), promise)
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("200 OK", "content-length: 1", "connection: close", body: "/"))
    wire.pass(.seconds(2))
    #expect(wire.ends.isClosed)
    _ = try promise.futureResult.wait()
  }

  @Test func anExchangeInHandEndsAndSaysClose() throws {
    var stream: (any ResponseStream)?
    let wire = try Wire { stream = $1 }
    try wire.send(request("GET /"))
    let promise = wire.channel.embeddedEventLoop.makePromise(of: DrainReport.self)
    wire.loop.drain(until: wire.now + .seconds(10), promise)
    wire.pass(.seconds(5))
    #expect(wire.isOpen)
    stream?.send(status: 200, fields: FieldLines(), body: ByteBuffer(string: "x"))
    #expect(try wire.received() == response("200 OK", "content-length: 1", "connection: close", body: "x"))
    wire.pass(.seconds(2))
    #expect(try promise.futureResult.wait() == DrainReport(aborted: 0))
  }

  @Test func anExchangeThatTakesTooLongIsCutOff() throws {
    let recorder = Recorder()
    let wire = try Wire { _, stream in stream.consumer = recorder }
    try wire.send(request("GET /"))
    let promise = wire.channel.embeddedEventLoop.makePromise(of: DrainReport.self)
    wire.loop.drain(until: wire.now + .seconds(10), promise)
    wire.pass(.seconds(11))
    #expect(recorder.events == ["gone", "ended"])
    #expect(try promise.futureResult.wait() == DrainReport(aborted: 1))
  }

  @Test func aSecondDrainCanOnlyBeMoreImpatient() throws {
    let wire = try Wire { _, _ in }
    try wire.send(request("GET /"))
    let promises = (0..<2).map { _ in wire.channel.embeddedEventLoop.makePromise(of: DrainReport.self) }
    wire.loop.drain(until: wire.now + .seconds(100), promises[0])
    wire.loop.drain(until: wire.now + .seconds(1), promises[1])
    wire.pass(.seconds(2))
    #expect(try promises[0].futureResult.wait() == DrainReport(aborted: 1))
    #expect(try promises[1].futureResult.wait() == DrainReport(aborted: 1))
  }
}
