import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayServer

@Suite struct BodyTests {
  /// Collects up to `limit` bytes and answers with them, or with the failure's status.
  static func echo(_ recorder: Recorder, limit: Int = 100) -> (RequestHead, any ResponseStream) -> Void {
    { _, stream in
      stream.consumer = recorder
      recorder.onBody = { [unowned stream] in stream.send(status: 200, fields: FieldLines(), body: $0) }
      recorder.onFailure = { [unowned stream] in
        stream.send(status: $0.status, fields: FieldLines(), body: ByteBuffer())
      }
      stream.collectBody(limit: limit)
    }
  }

  @Test func aWholeBodyIsCollected() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), Self.echo(recorder))
    try wire.send(request("POST /", "content-length: 5", body: "he"))
    #expect(recorder.events == [])
    try wire.send("llo" + request("GET /"))
    #expect(recorder.events == ["body(hello)", "ended", "body()", "ended"])
    let expected = response("200 OK", "content-length: 5", body: "hello") + response("200 OK", "content-length: 0")
    #expect(try wire.received() == expected)
  }

  @Test func chunksAreCollectedWithoutTheirFraming() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), Self.echo(recorder))
    try wire.send(request("POST /", "transfer-encoding: chunked", body: "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"))
    #expect(recorder.events == ["body(hello)", "ended"])
    #expect(wire.isOpen)
  }

  @Test func aBodyAnnouncedTooLargeIsRefusedBeforeItComes() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), Self.echo(recorder, limit: 4))
    try wire.send(request("POST /", "content-length: 5"))
    #expect(recorder.events == ["failed(413)", "ended"])
    try wire.send("hello" + request("GET /"))
    #expect(recorder.events == ["failed(413)", "ended", "body()", "ended"], "few bytes: the connection stays")
    #expect(wire.isOpen)
  }

  @Test func aBodyThatGrowsTooLargeIsRefused() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), Self.echo(recorder, limit: 4))
    try wire.send(request("POST /", "transfer-encoding: chunked", body: "3\r\nabc\r\n"))
    #expect(recorder.events == [])
    try wire.send("2\r\nde\r\n0\r\n\r\n" + request("GET /"))
    #expect(recorder.events == ["failed(413)", "ended", "body()", "ended"])
    #expect(try wire.received().hasPrefix("HTTP/1.1 413 Content Too Large\r\n"))
  }

  @Test func withMoreUnreadThanTheBoundTheConnectionCloses() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), Self.echo(recorder, limit: 4))
    try wire.send(request("POST /", "content-length: 100000", body: "abc"))
    #expect(try wire.received() == response("413 Content Too Large", "content-length: 0", "connection: close"))
    #expect(wire.ends.isHalfClosed && !wire.ends.isClosed)
    try wire.send(String(repeating: "x", count: 99_997))
    #expect(!wire.ends.isClosed, "what the client still sends is read and dropped")
    wire.pass(.milliseconds(1100))
    #expect(wire.ends.isClosed)
  }

  @Test func lingeringIsBoundedInBytes() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), Self.echo(recorder, limit: 4))
    try wire.send(request("POST /", "content-length: 100000000", body: "abc"))
    for _ in 0..<20 { try wire.send(String(repeating: "x", count: 16 * 1024)) }
    #expect(wire.ends.isClosed)
  }

  @Test func anUnaskedBodyIsDroppedAndTheNextRequestAnswered() throws {
    let wire = try Wire()
    try wire.send(request("DELETE /a", "content-length: 30", body: "GET /smuggled HTTP"))
    try wire.send("/1.1\r\n\r\n    " + request("GET /b"))
    let expected =
      response("200 OK", "content-length: 2", body: "/a") + response("200 OK", "content-length: 2", body: "/b")
    #expect(try wire.received() == expected)
    #expect(wire.responder.heads.count == 2)
  }

  @Test func anEndlessUnaskedChunkedBodyCloses() throws {
    let wire = try Wire()
    try wire.send(request("POST /", "transfer-encoding: chunked"))
    #expect(try wire.received() == response("200 OK", "content-length: 1", body: "/"))
    for _ in 0..<5 { try wire.send("4000\r\n" + String(repeating: "x", count: 16 * 1024) + "\r\n") }
    #expect(wire.ends.isOver)
    #expect(wire.responder.heads.count == 1)
  }

  @Test func partsAreDeliveredAndPaused() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
      $1.streamBody(limit: nil)
    }
    try wire.send(request("POST /", "transfer-encoding: chunked", body: "1\r\na\r\n"))
    #expect(recorder.events == ["part(a)"])
    stream?.pauseBody()
    try wire.send("1\r\nb\r\n")
    #expect(recorder.events == ["part(a)"])
    #expect(!wire.reads)
    stream?.resumeBody()
    #expect(recorder.events == ["part(a)", "part(b)"])
    #expect(wire.reads)
    try wire.send("0\r\nx-sum: 9\r\n\r\n")
    #expect(recorder.events == ["part(a)", "part(b)", "end(x-sum=9)"])
    stream?.send(status: 200, fields: FieldLines(), body: ByteBuffer())
    #expect(recorder.events.last == "ended")
    #expect(wire.isOpen)
  }

  @Test func pausingInsideAPartHoldsTheNextOneBack() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
      recorder.onPart = { _ in stream?.pauseBody() }
      $1.streamBody(limit: nil)
    }
    try wire.send(request("POST /", "transfer-encoding: chunked", body: "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"))
    #expect(recorder.events == ["part(a)"])
    stream?.resumeBody()
    #expect(recorder.events == ["part(a)", "part(b)"])
    stream?.resumeBody()
    #expect(recorder.events == ["part(a)", "part(b)", "end"])
  }

  @Test func aStreamedBodyOverItsLimitFails() throws {
    let recorder = Recorder()
    let wire = try Wire { _, stream in
      stream.consumer = recorder
      recorder.onFailure = { [unowned stream] in
        stream.send(status: $0.status, fields: FieldLines(), body: ByteBuffer())
      }
      stream.streamBody(limit: 2)
    }
    try wire.send(request("POST /", "transfer-encoding: chunked", body: "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"))
    #expect(recorder.events == ["part(ab)", "failed(413)", "ended"])
    #expect(wire.isOpen)
  }

  @Test func aMalformedBodyFailsAndTheConnectionCloses() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), Self.echo(recorder))
    try wire.send(request("POST /", "transfer-encoding: chunked", body: "5zz\r\nhello\r\n") + request("GET /never"))
    #expect(recorder.events == ["failed(400)", "ended"])
    #expect(try wire.received() == response("400 Bad Request", "content-length: 0", "connection: close"))
    #expect(wire.ends.isHalfClosed)
    #expect(wire.responder.heads.count == 1)
  }

  @Test func aMalformedBodyAfterTheResponseBeganCutsItOff() throws {
    let recorder = Recorder()
    let wire = try Wire { _, stream in
      stream.consumer = recorder
      recorder.onFailure = { [unowned stream] _ in stream.abort() }
      stream.sendHead(status: 200, fields: FieldLines(), length: nil)
      stream.streamBody(limit: nil)
    }
    try wire.send(request("POST /", "transfer-encoding: chunked", body: "1\r\na\r\nzz"))
    #expect(recorder.events == ["part(a)", "failed(400)", "ended"])
    #expect(try wire.received() == response("200 OK", "transfer-encoding: chunked"))
    #expect(wire.ends.isClosed)
  }

  @Test func aBodyAskedForLaterIsDelivered() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
    }
    try wire.send(request("POST /", "content-length: 5", body: "hello"))
    #expect(recorder.events == [])
    #expect(!wire.reads)
    stream?.collectBody(limit: 10)
    #expect(recorder.events == ["body(hello)"])
    stream?.send(status: 200, fields: FieldLines(), body: ByteBuffer())
    #expect(wire.isOpen && wire.reads)
  }

  @Test func anUndecidedExchangeHoldsNoMoreThanOneReadOfABody() throws {
    let wire = try Wire { _, stream in stream.consumer = nil }
    try wire.send(request("POST /", "content-length: 1000000"))
    #expect(wire.reads, "to notice a client that leaves")
    try wire.send(String(repeating: "x", count: 16 * 1024))
    #expect(!wire.reads)
  }
}

/// RFC 9110 §10.1.1.
@Suite struct ExpectationTests {
  @Test func continueIsSentWhenTheBodyIsAskedForAndOnce() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), BodyTests.echo(recorder))
    try wire.send(request("POST /", "content-length: 2", "expect: 100-continue"))
    #expect(try wire.received() == "HTTP/1.1 100 Continue\r\n\r\n")
    try wire.send("h")
    try wire.send("i")
    #expect(try wire.received() == response("200 OK", "content-length: 2", body: "hi"))
    #expect(wire.isOpen)
  }

  @Test func continueIsSentForABodyAskedForLater() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
    }
    try wire.send(request("POST /", "content-length: 2", "expect: 100-continue"))
    #expect(try wire.received() == "")
    stream?.collectBody(limit: 10)
    #expect(try wire.received() == "HTTP/1.1 100 Continue\r\n\r\n")
  }

  @Test func aBodyThatHasBegunNeedsNoContinue() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), BodyTests.echo(recorder))
    try wire.send(request("POST /", "content-length: 2", "expect: 100-continue", body: "h"))
    try wire.send("i")
    #expect(try wire.received() == response("200 OK", "content-length: 2", body: "hi"))
  }

  @Test func aFinalStatusInsteadClosesTheConnection() throws {
    let wire = try Wire { _, stream in stream.send(status: 403, fields: FieldLines(), body: ByteBuffer()) }
    try wire.send(request("POST /", "content-length: 2", "expect: 100-continue"))
    #expect(try wire.received() == response("403 Forbidden", "content-length: 0", "connection: close"))
    #expect(wire.ends.isHalfClosed)
    try wire.send("hi" + request("GET /never"))
    #expect(wire.responder.heads.count == 1)
  }

  @Test func anHTTP10ClientGetsNo1xx() throws {
    let recorder = Recorder()
    let wire = try Wire(ServerConfiguration(), BodyTests.echo(recorder))
    try wire.send("POST / HTTP/1.0\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
    #expect(try wire.received() == "")
    try wire.send("hi")
    #expect(try wire.received() == response("200 OK", "content-length: 2", "connection: close", body: "hi"))
  }

  @Test func anotherExpectationIsRefused() throws {
    let wire = try Wire()
    try wire.send(request("POST /", "content-length: 2", "expect: 200-ok", body: "hi"))
    #expect(try wire.received().hasPrefix("HTTP/1.1 417 "))
    #expect(wire.ends.isOver)
  }
}
