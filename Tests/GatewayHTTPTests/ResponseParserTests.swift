import NIOCore
import Testing

@testable import GatewayHTTP

/// A response, the request it answers, and what becomes of it when the connection closes behind it.
struct Answer: CustomTestStringConvertible, Sendable {
  var response: String
  var trace: String
  var methods: [HTTPMethod] = [.get]
  var upgrade = false
  var testDescription: String { String(printable(response.utf8).prefix(100)) }

  init(_ response: String, _ trace: String, to methods: HTTPMethod..., upgrade: Bool = false) {
    self.response = response
    self.trace = trace
    self.methods = methods.isEmpty ? [.get] : methods
    self.upgrade = upgrade
  }
}

@Suite struct ResponseParserTests {
  @Test(arguments: [
    Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 1.1 length(2) keep Content-Length=2\nbody ok\nend"),
    Answer("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 1.1 length(0) keep Content-Length=0\nend"),
    Answer("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", "404 1.1 length(0) keep Content-Length=0\nend"),
    Answer("HTTP/1.1 999 é\t!\r\nContent-Length: 0\r\n\r\n", "999 1.1 length(0) keep Content-Length=0\nend"),
    Answer("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200 1.0 length(1) close Content-Length=1\nbody x\nend"),
    Answer(
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
      "200 1.0 length(1) keep Connection=keep-alive|Content-Length=1\nbody x\nend"),
    Answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nDigest: x\r\n\r\n",
      "200 1.1 chunked keep Transfer-Encoding=chunked\nbody ok\nend Digest=x"),
    Answer("HTTP/1.1 200 OK\r\n\r\nto the end", "200 1.1 untilClose close \nbody to\\20the\\20end\nend"),
    Answer("HTTP/1.1 200 OK\r\n\r\n", "200 1.1 untilClose close \nend"),
    Answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304 1.1 none keep Content-Length=9\nend"),
    Answer("HTTP/1.1 204 No Content\r\n\r\n", "204 1.1 none keep \nend"),
    Answer("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 1.1 none keep Content-Length=0\nend"),
    Answer("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", "204 1.1 none close Content-Length=3\nend"),
    Answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "200 1.1 none keep Content-Length=9\nend", to: .head),
    Answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 1.1 none keep Transfer-Encoding=chunked\nend",
      to: .head),
    Answer("HTTP/1.1 200 OK\r\n\r\n", "200 1.1 none keep \nend", to: .head),
    Answer(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "info 100 none keep \ninfo 103 none keep Link=x\n200 1.1 length(0) keep Content-Length=0\nend"),
    Answer(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u{1}\u{2}",
      "101 1.1 none close Upgrade=websocket\nend", upgrade: true),
    Answer(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntunnel", "200 1.1 none close Content-Length=5\nend", to: .connect),
    Answer(
      "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx", "403 1.1 length(1) keep Content-Length=1\nbody x\nend",
      to: .connect),
    Answer(
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nHTTP/1.1 500 No\r\n\r\nb",
      """
      200 1.1 length(1) keep Content-Length=1
      body a
      end
      200 1.1 none keep Content-Length=7
      end
      500 1.1 untilClose close\u{20}
      body b
      end
      """, to: .get, .head, .get),
  ])
  func `a response is read as RFC 9112 frames it`(_ answer: Answer) { expectTrace(answer) }

  @Test(arguments: [
    Answer("", "connection closed before a response"),
    Answer("HTTP/1.1 200 OK\r\nContent-Len", "connection closed within the response's head"),
    Answer("HTTP", "connection closed within the response's head"),
    Answer("HTTP/1.1 100 Continue\r\n\r\n", "connection closed before a response"),
    Answer(
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
      "connection closed 4 bytes before the end of the response's body"),
    Answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "connection closed before the last chunk of the response's body"),
    Answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
      "connection closed before the last chunk of the response's body"),
    Answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
      "connection closed before the last chunk of the response's body"),
  ])
  func `a response that is cut short never passes for a whole one`(_ answer: Answer) { expectRefused(answer) }

  @Test(arguments: [
    Answer("200 OK\r\n\r\n", "malformed HTTP version"),
    Answer("\r\nHTTP/1.1 200 OK\r\n\r\n", "0x0D in the HTTP version"),
    Answer("HTTP/1.1\r\n\r\n", "0x0D in the HTTP version"),
    Answer("HTTP/2.0 200 OK\r\n\r\n", "HTTP/2.0 is not supported on this connection"),
    Answer("ICY 200 OK\r\n\r\n", "malformed HTTP version"),
    Answer("SSH-2.0-OpenSSH_9.2\r\n", "malformed HTTP version"),
    Answer("HTTP/1.1  200 OK\r\n\r\n", "status code is not three digits"),
    Answer("HTTP/1.1 20 OK\r\n\r\n", "status code is not three digits"),
    Answer("HTTP/1.1 2000 OK\r\n\r\n", "status code is not three digits"),
    Answer("HTTP/1.1 2x0 OK\r\n\r\n", "status code is not three digits from 100"),
    Answer("HTTP/1.1 099 OK\r\n\r\n", "status code is not three digits from 100"),
    Answer("HTTP/1.1 200\tOK\r\n\r\n", "0x09 after the status code"),
    Answer("HTTP/1.1 200 OK\n\n", "bare LF in the status line"),
    Answer("HTTP/1.1 200 O\rK\r\n\r\n", "bare CR in the status line"),
    Answer("HTTP/1.1 200 O\u{0}K\r\n\r\n", "control character 0x00 in the reason"),
    Answer("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "field line that begins with a blank (obsolete line folding)"),
    Answer("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "blank in a field name or before its colon"),
    Answer("HTTP/1.1 200 OK\r\nA: b\u{0}\r\n\r\n", "NUL in a field value"),
    Answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "more than one Content-Length"),
    Answer("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "Content-Length is a list"),
    Answer("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "'-' in Content-Length"),
    Answer("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "'x' in Content-Length", to: .head),
    Answer(
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "Content-Length and Transfer-Encoding in one message"),
    Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer coding other than chunked"),
    Answer("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding in an HTTP/1.0 message"),
    Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\n", "'x' in a chunk size"),
    Answer("HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding in a 204 response"),
    Answer("HTTP/1.1 100 Go\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding in a 100 response"),
    Answer("HTTP/1.1 100 Go\r\nContent-Length: 5\r\n\r\n", "Content-Length in a 100 response"),
    Answer("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "101 to a request that asked for no upgrade"),
    Answer(
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
      "bytes when no response was expected"),
    Answer("HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\nx", "bytes when no response was expected"),
    Answer(
      String(repeating: "HTTP/1.1 103 Hints\r\n\r\n", count: 17), "more than 16 informational responses"),
    Answer("HTTP/1.1 200 " + String(repeating: "x", count: 9000), "status line is longer than 8192 bytes"),
    Answer("HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 101), "more than 100 fields"),
    Answer("HTTP/1.1 200 OK\r\nA: " + String(repeating: "x", count: 40_000), "head is larger than 32768 bytes"),
  ])
  func `a malformed response is a bad gateway with its cause`(_ answer: Answer) { expectRefused(answer) }

  private func expectTrace(_ answer: Answer) {
    let trace = splitInvariant(bytes(answer.response)) {
      traceResponses($0, to: answer.methods, upgrade: answer.upgrade)
    }
    #expect(trace.description == answer.trace)
  }

  private func expectRefused(_ answer: Answer) {
    let trace: ([ArraySlice<UInt8>]) -> Trace = { traceResponses($0, to: answer.methods, upgrade: answer.upgrade) }
    let response = bytes(answer.response)
    // Splitting each of 40,000 bytes shows nothing that short messages do not.
    let result = response.count < 4000 ? splitInvariant(response, trace) : trace([response[...]])
    #expect(result.error == "502 upstream response refused: \(answer.trace)")
  }

  @Test func `bytes of another protocol stay in the buffer`() throws {
    var parser = ResponseParser()
    parser.expect(responseTo: .get, upgrade: true)
    var buffer = ByteBuffer(string: "HTTP/1.1 101 Go\r\n\r\nframes")
    guard case .head = try parser.next(&buffer), case .end = try parser.next(&buffer) else {
      return #expect(Bool(false), "no head and end")
    }
    #expect(parser.isTunnel && !parser.isExpecting)
    #expect(try parser.next(&buffer) == nil)
    #expect(String(buffer: buffer) == "frames")
  }

  @Test func `whether a response has begun decides on retries`() throws {
    var parser = ResponseParser()
    var buffer = ByteBuffer()
    #expect(!parser.isExpecting && !parser.hasBegun)
    #expect(try parser.connectionClosed() == nil)
    parser.expect(responseTo: .get)
    #expect(try parser.next(&buffer) == nil)
    #expect(parser.isExpecting && !parser.hasBegun)
    buffer.writeString("H")
    #expect(try parser.next(&buffer) == nil)
    #expect(parser.hasBegun)
    parser.reset()
    #expect(!parser.isExpecting)
    parser.expect(responseTo: .get)
    buffer = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
    guard case .informational = try parser.next(&buffer) else { return #expect(Bool(false), "no 100") }
    #expect(parser.hasBegun)
  }

  @Test func `what is left of a body is known where its length is`() throws {
    var parser = ResponseParser()
    parser.expect(responseTo: .get)
    var buffer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
    while try parser.next(&buffer) != nil {}
    #expect(parser.remainingBody == 3 && parser.framing == .length(5))
    parser.reset()
    parser.expect(responseTo: .get)
    buffer = ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\nhe")
    while try parser.next(&buffer) != nil {}
    #expect(parser.remainingBody == nil && parser.framing == .untilClose)
  }
}
