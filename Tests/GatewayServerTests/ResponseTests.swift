import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayServer

/// RFC 9110 §6.4, §8.6, §9.3.2, §15 and RFC 9112 §6, §7.
@Suite struct ResponseTests {
  @Test func headGetsTheLengthAndNoBody() throws {
    let wire = try Wire()
    try wire.send(request("HEAD /abc") + request("GET /"))
    let expected = response("200 OK", "content-length: 4") + response("200 OK", "content-length: 1", body: "/")
    #expect(try wire.received() == expected)
  }

  @Test(arguments: [
    (UInt16(204), "204 No Content", []), (205, "205 Reset Content", ["content-length: 0"]),
    (304, "304 Not Modified", ["content-length: 4"]),
  ])
  func statusesWithoutContentHaveNone(status: UInt16, line: String, fields: [String]) throws {
    let wire = try Wire { _, stream in
      stream.send(status: status, fields: FieldLines(), body: ByteBuffer(string: "body"))
    }
    try wire.send(request("GET /"))
    let expected = "HTTP/1.1 \(line)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
    #expect(try wire.received() == expected)
  }

  @Test func aBare304ClaimsNoLength() throws {
    let wire = try Wire { _, stream in stream.send(status: 304, fields: FieldLines(), body: ByteBuffer()) }
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("304 Not Modified"))
  }

  @Test(arguments: [UInt16(0), 100, 101, 199, 1000, 65535])
  func whatIsNoFinalStatusBecomes500(status: UInt16) throws {
    let wire = try Wire { _, stream in stream.send(status: status, fields: FieldLines(), body: ByteBuffer()) }
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("500 Internal Server Error", "content-length: 0"))
  }

  @Test func fieldsAreSentAsGiven() throws {
    let wire = try Wire { _, stream in
      var fields = FieldLines()
      fields.append("content-type", "text/plain")
      fields.append("x-a", "1")
      stream.send(status: 299, fields: fields, body: ByteBuffer(string: "ok"))
    }
    try wire.send(request("GET /"))
    let expected = "HTTP/1.1 299 \r\ncontent-type: text/plain\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nok"
    #expect(try wire.received() == expected)
  }

  @Test(arguments: [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000])
  func bodiesOfAnySizeArriveWhole(count: Int) throws {
    let body = ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    let wire = try Wire { head, stream in
      if head.text(head.target) == "/raw" {
        body.withUnsafeReadableBytes { stream.send(status: 200, fields: FieldLines(), body: $0) }
      } else {
        stream.send(status: 200, fields: FieldLines(), body: body)
      }
    }
    for path in ["/raw", "/buffer"] {
      try wire.send(request("GET \(path)") + request("GET \(path)"))
      var all = ByteBuffer()
      while var part = try wire.channel.readOutbound(as: ByteBuffer.self) { all.writeBuffer(&part) }
      for _ in 0..<2 {
        let text = String(buffer: all)
        let head = text.utf8.count > 0 ? (all.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8))) : nil
        let range = try #require(head)
        let headText = String(decoding: all.readableBytesView[..<range.upperBound], as: UTF8.self)
        #expect(headText.contains("content-length: \(count)\r\n"))
        all.moveReaderIndex(to: range.upperBound)
        #expect(all.readSlice(length: count) == body)
      }
      #expect(all.readableBytes == 0)
    }
  }

  @Test func partsOfUnknownLengthAreChunkedWithTrailers() throws {
    let wire = try Wire { _, stream in
      stream.sendHead(status: 200, fields: FieldLines(), length: nil)
      stream.sendPart(ByteBuffer(string: "hello"))
      stream.sendPart(ByteBuffer())
      stream.sendPart(ByteBuffer(repeating: 0x61, count: 17))
      var trailers = FieldLines()
      trailers.append("x-sum", "7")
      stream.sendEnd(trailers: trailers)
    }
    try wire.send(request("GET /") + request("GET /"))
    let one =
      response("200 OK", "transfer-encoding: chunked")
      + "5\r\nhello\r\n11\r\n\(String(repeating: "a", count: 17))\r\n0\r\nx-sum: 7\r\n\r\n"
    #expect(try wire.received() == one + one)
    #expect(wire.isOpen)
  }

  @Test func aLargePartIsFramedAsOneChunk() throws {
    let wire = try Wire { _, stream in
      stream.sendHead(status: 200, fields: FieldLines(), length: nil)
      stream.sendPart(ByteBuffer(repeating: 0x62, count: 20_000))
      stream.sendPart(ByteBuffer(string: "c"))
      stream.sendEnd(trailers: nil)
    }
    try wire.send(request("GET /"))
    let expected =
      response("200 OK", "transfer-encoding: chunked") + "4e20\r\n" + String(repeating: "b", count: 20_000)
      + "\r\n1\r\nc\r\n0\r\n\r\n"
    #expect(try wire.received() == expected)
  }

  @Test func partsOfKnownLengthAreNotChunked() throws {
    let wire = try Wire { _, stream in
      stream.sendHead(status: 200, fields: FieldLines(), length: 4)
      stream.sendPart(ByteBuffer(string: "ab"))
      stream.sendPart(ByteBuffer(string: "cd"))
      stream.sendEnd(trailers: nil)
    }
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("200 OK", "content-length: 4", body: "abcd"))
    #expect(wire.isOpen)
  }

  @Test func partsToHeadAreSwallowed() throws {
    let wire = try Wire { _, stream in
      stream.sendHead(status: 200, fields: FieldLines(), length: 4)
      stream.sendPart(ByteBuffer(string: "abcd"))
      stream.sendEnd(trailers: nil)
    }
    try wire.send(request("HEAD /"))
    #expect(try wire.received() == response("200 OK", "content-length: 4"))
    #expect(wire.isOpen)
  }

  @Test func moreThanTheAnnouncedLengthIsNeverSent() throws {
    let recorder = Recorder()
    let wire = try Wire { _, stream in
      stream.consumer = recorder
      stream.sendHead(status: 200, fields: FieldLines(), length: 4)
      stream.sendPart(ByteBuffer(string: "abcdHTTP/1.1 200 OK"))
      stream.sendEnd(trailers: nil)
    }
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("200 OK", "content-length: 4"))
    #expect(wire.ends.isClosed)
    #expect(recorder.events == ["ended"])
  }

  @Test func lessThanTheAnnouncedLengthClosesVisibly() throws {
    let wire = try Wire { _, stream in
      stream.sendHead(status: 200, fields: FieldLines(), length: 4)
      stream.sendPart(ByteBuffer(string: "ab"))
      stream.sendEnd(trailers: nil)
    }
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("200 OK", "content-length: 4", body: "ab"))
    #expect(wire.ends.isClosed)
  }

  @Test func anAbortedChunkedResponseHasNoLastChunk() throws {
    let recorder = Recorder()
    let wire = try Wire { _, stream in
      stream.consumer = recorder
      stream.sendHead(status: 200, fields: FieldLines(), length: nil)
      stream.sendPart(ByteBuffer(string: "ab"))
      stream.abort()
      stream.sendEnd(trailers: nil)
    }
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("200 OK", "transfer-encoding: chunked", body: "2\r\nab\r\n"))
    #expect(wire.ends.isClosed)
    #expect(recorder.events == ["ended"])
  }

  @Test func toHTTP10PartsEndWithTheConnectionAndAreNeverChunked() throws {
    let wire = try Wire { _, stream in
      stream.sendHead(status: 200, fields: FieldLines(), length: nil)
      stream.sendPart(ByteBuffer(string: "ab"))
      stream.sendEnd(trailers: nil)
    }
    try wire.send("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
    #expect(try wire.received() == response("200 OK", "connection: close", body: "ab"))
    #expect(wire.ends.isOver)
  }

  @Test func partsLeaveTogetherAtTheEndOfTheTurn() throws {
    var stream: (any ResponseStream)?
    let wire = try Wire { stream = $1 }
    try wire.send(request("GET /"))
    stream?.sendHead(status: 200, fields: FieldLines(), length: nil)
    stream?.sendPart(ByteBuffer(string: "a"))
    stream?.sendPart(ByteBuffer(string: "b"))
    #expect(try wire.channel.readOutbound(as: ByteBuffer.self) == nil)
    #expect(try wire.received() == response("200 OK", "transfer-encoding: chunked", body: "1\r\na\r\n1\r\nb\r\n"))
    stream?.sendEnd(trailers: nil)
    let last = try #require(try wire.channel.readOutbound(as: ByteBuffer.self), "the end does not wait")
    #expect(String(buffer: last) == "0\r\n\r\n")
  }

  @Test func aSlowClientStopsTheSenderUntilItIsWritable() throws {
    let recorder = Recorder()
    var stream: (any ResponseStream)?
    let wire = try Wire {
      stream = $1
      $1.consumer = recorder
    }
    try wire.send(request("GET /"))
    stream?.sendHead(status: 200, fields: FieldLines(), length: nil)
    #expect(stream?.isWritable == true)
    wire.setWritable(false)
    #expect(stream?.isWritable == false)
    wire.setWritable(true)
    #expect(recorder.events == ["writable"])
    #expect(stream?.isWritable == true)
  }

  @Test func anExchangeEndsOnlyWhenTheClientHasTakenEnough() throws {
    let recorder = Recorder()
    let wire = try Wire { _, stream in
      stream.consumer = recorder
      stream.sendHead(status: 200, fields: FieldLines(), length: 2)
    }
    var stream: (any ResponseStream)?
    wire.responder.answer = {
      stream = $1
      $1.consumer = recorder
    }
    try wire.send(request("GET /"))
    wire.setWritable(false)
    stream?.send(status: 200, fields: FieldLines(), body: ByteBuffer(string: "x"))
    #expect(recorder.events == [])
    wire.setWritable(true)
    #expect(recorder.events == ["ended"])
    #expect(wire.isOpen)
  }
}
