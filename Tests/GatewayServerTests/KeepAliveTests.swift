import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayServer

@Suite struct KeepAliveTests {
  @Test func requestsOnOneConnectionAreAnsweredOneAfterTheOther() throws {
    let wire = try Wire()
    for path in ["/a", "/b", "/c"] {
      try wire.send(request("GET \(path)"))
      #expect(try wire.received() == response("200 OK", "content-length: 2", body: path))
    }
    #expect(wire.isOpen)
  }

  @Test func everySplitOfARequestGivesTheSameAnswer() throws {
    let text = request("POST /x", "content-length: 5", "connection: keep-alive", body: "hello") + request("GET /y")
    for cut in 1..<text.utf8.count {
      let wire = try Wire { _, stream in
        let recorder = Recorder()
        stream.consumer = recorder
        recorder.onBody = { stream.send(status: 200, fields: FieldLines(), body: $0) }
        stream.collectBody(limit: 10)
      }
      try wire.send(String(text.prefix(cut)))
      try wire.send(String(text.dropFirst(cut)))
      let expected =
        response("200 OK", "content-length: 5", body: "hello") + response("200 OK", "content-length: 0")
      #expect(try wire.received() == expected, "cut at \(cut)")
    }
  }

  @Test func aRequestByteByByteIsAnswered() throws {
    let wire = try Wire()
    for byte in request("GET /slow") { try wire.send(String(byte)) }
    #expect(try wire.received() == response("200 OK", "content-length: 5", body: "/slow"))
  }

  @Test func responsesToPipelinedRequestsLeaveInOneWrite() throws {
    let wire = try Wire()
    try wire.send(request("GET /a") + request("GET /b") + request("GET /c"))
    let write = try #require(try wire.channel.readOutbound(as: ByteBuffer.self))
    #expect(String(buffer: write).components("HTTP/1.1 200 OK") == 3)
    #expect(try wire.channel.readOutbound(as: ByteBuffer.self) == nil)
  }

  @Test func pipelinedRequestsWaitForASlowFirstResponse() throws {
    var first: (any ResponseStream)?
    let wire = try Wire { head, stream in
      if head.text(head.target) == "/slow" { first = stream } else { ScriptedResponder.path(head, stream) }
    }
    try wire.send(request("GET /slow") + request("GET /b"))
    #expect(try wire.received() == "")
    #expect(wire.responder.heads.count == 1)
    #expect(!wire.reads, "with a request waiting nothing more is read")
    first?.send(status: 200, fields: FieldLines(), body: ByteBuffer(string: "1"))
    let expected =
      response("200 OK", "content-length: 1", body: "1") + response("200 OK", "content-length: 2", body: "/b")
    #expect(try wire.received() == expected)
    #expect(wire.reads)
  }

  @Test func tenThousandPipelinedRequestsOfAClientThatReadsNothingAreNotRead() throws {
    let wire = try Wire { _, stream in
      stream.send(status: 200, fields: FieldLines(), body: ByteBuffer(repeating: 0x61, count: 1000))
    }
    wire.setWritable(false)
    // As the socket would: 16 KiB a read, and only while it is read.
    let all = Array(String(repeating: request("GET /"), count: 10_000).utf8)
    var sent = 0
    while wire.reads, sent < all.count {
      try wire.send(String(decoding: all[sent...].prefix(16 * 1024), as: UTF8.self))
      sent += 16 * 1024
    }
    #expect(sent <= 2 * 16 * 1024)
    #expect(wire.responder.heads.isEmpty)
    wire.setWritable(true)
    #expect(wire.responder.heads.count > 500)
    #expect(wire.reads)
  }

  @Test func aLateAnswerToAnEndedExchangeReachesNobody() throws {
    var kept: [any ResponseStream] = []
    let wire = try Wire { head, stream in
      kept.append(stream)
      if kept.count == 1 { ScriptedResponder.path(head, stream) }
    }
    try wire.send(request("GET /a"))
    _ = try wire.received()
    try wire.send(request("GET /b"))
    kept[0].send(status: 500, fields: FieldLines(), body: ByteBuffer(string: "late"))
    kept[0].abort()
    #expect(try wire.received() == "")
    kept[1].send(status: 200, fields: FieldLines(), body: ByteBuffer(string: "b"))
    kept[1].send(status: 200, fields: FieldLines(), body: ByteBuffer(string: "twice"))
    #expect(try wire.received() == response("200 OK", "content-length: 1", body: "b"))
    #expect(wire.isOpen)
  }

  @Test func aStreamIsUsedAgainWhenNobodyKeepsIt() throws {
    var identities: Set<ObjectIdentifier> = []
    let wire = try Wire { head, stream in
      identities.insert(ObjectIdentifier(stream))
      ScriptedResponder.path(head, stream)
    }
    for _ in 0..<5 { try wire.send(request("GET /")) }
    #expect(identities.count == 1)
  }

  @Test func aClientThatAsksForTheCloseGetsIt() throws {
    let wire = try Wire()
    try wire.send(request("GET /", "connection: close") + request("GET /never"))
    #expect(try wire.received() == response("200 OK", "content-length: 1", "connection: close", body: "/"))
    #expect(wire.ends.isClosed)
    #expect(wire.responder.heads.count == 1)
  }

  @Test func closeAfterResponseIsSaidAndDone() throws {
    let wire = try Wire { head, stream in
      stream.closeAfterResponse()
      ScriptedResponder.path(head, stream)
    }
    try wire.send(request("GET /"))
    #expect(try wire.received() == response("200 OK", "content-length: 1", "connection: close", body: "/"))
    #expect(wire.ends.isHalfClosed && !wire.ends.isClosed, "the client is given time to read it")
    wire.pass(.seconds(2))
    #expect(wire.ends.isClosed)
  }

  @Test func http10ClosesUnlessAskedNotTo() throws {
    let wire = try Wire()
    try wire.send("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
    #expect(try wire.received() == response("200 OK", "content-length: 2", "connection: keep-alive", body: "/a"))
    try wire.send("GET /b HTTP/1.0\r\n\r\n")
    #expect(try wire.received() == response("200 OK", "content-length: 2", "connection: close", body: "/b"))
    #expect(wire.ends.isClosed)
  }

  @Test func aMalformedRequestBehindGoodOnesIsAnsweredAfterThemAndCloses() throws {
    let wire = try Wire()
    try wire.send(request("GET /a") + "GET /b HTTP/1.1\r\nhost : x\r\n\r\n" + request("GET /never"))
    let text = try wire.received()
    #expect(text.hasPrefix(response("200 OK", "content-length: 2", body: "/a") + "HTTP/1.1 400 Bad Request\r\n"))
    #expect(text.contains("connection: close\r\n"))
    #expect(text.components("HTTP/1.1") == 2)
    #expect(wire.ends.isHalfClosed)
    #expect(wire.responder.heads.count == 1)
    #expect(wire.loop.counters.malformed == 1)
  }

  @Test func dateIsSent() throws {
    let wire = try Wire()
    try wire.send(request("GET /"))
    let write = try #require(try wire.channel.readOutbound(as: ByteBuffer.self))
    #expect(String(buffer: write).hasPrefix("HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
  }
}

extension String {
  func components(_ part: String) -> Int { split(separator: part, omittingEmptySubsequences: false).count - 1 }
}
