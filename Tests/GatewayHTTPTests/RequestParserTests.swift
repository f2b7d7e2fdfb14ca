import NIOCore
import Testing

@testable import GatewayHTTP

struct Accepted: CustomTestStringConvertible, Sendable {
  var request: String
  var trace: String
  var testDescription: String { String(printable(request.utf8).prefix(100)) }

  init(_ request: String, _ trace: String) {
    self.request = request
    self.trace = trace
  }
}

@Suite struct RequestParserTests {
  /// Method, target, authority, path and query; version; framing; persistence; fields.
  @Test(arguments: [
    Accepted("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / a / 1.1 none keep Host=a\nend"),
    Accepted("GET /a?b=c HTTP/1.1\r\nhOsT:a:80\r\n\r\n", "GET /a?b=c a:80 /a?b=c 1.1 none keep hOsT=a:80\nend"),
    Accepted("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / a / 1.1 none keep Host=a\nend"),
    Accepted("GET / HTTP/1.0\r\n\r\n", "GET /  / 1.0 none close \nend"),
    Accepted("GET / HTTP/1.7\r\nHost: a\r\n\r\n", "GET / a / 1.1 none keep Host=a\nend"),
    Accepted(
      "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /  / 1.0 none keep Connection=Keep-Alive\nend"),
    Accepted(
      "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
      "GET /  / 1.0 none close Connection=keep-alive,\\20close\nend"),
    Accepted(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: x ,\tCLOSE\r\n\r\n",
      "GET / a / 1.1 none close Host=a|Connection=x\\20,\\9CLOSE\nend"),
    Accepted(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", "GET / a / 1.1 none keep Host=a|Connection=closed\nend"
    ),
    Accepted(
      "FROB_1 / HTTP/1.1\r\nHost: a\r\nX-Y!#$%&'*+.^_`|~: \t é\u{80} \t\r\nEmpty:\r\nBlank: \t \r\n\r\n",
      "FROB_1 / a / 1.1 none keep Host=a|X-Y!#$%&'*+.^_`|~=\\c3\\a9\\c2\\80|Empty=|Blank=\nend"),
    Accepted(
      "GET http://B:8080/a?b HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http://B:8080/a?b B:8080 /a?b 1.1 none keep Host=a\nend"),
    Accepted("GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET HTTPS://b b  1.1 none keep Host=a\nend"),
    Accepted("GET http://b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://b?c b ?c 1.1 none keep Host=a\nend"),
    Accepted("GET http://[::1]:8/ HTTP/1.0\r\n\r\n", "GET http://[::1]:8/ [::1]:8 / 1.0 none close \nend"),
    Accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * a * 1.1 none keep Host=a\nend"),
    Accepted("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT b:443 b:443 b:443 1.1 none keep Host=a\nend"),
    Accepted(
      "GET / HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n",
      "GET / [2001:db8::1]:443 / 1.1 none keep Host=[2001:db8::1]:443\nend"),
    Accepted(
      "GET / HTTP/1.1\r\nHost: my_svc.~x-1.\r\n\r\n", "GET / my_svc.~x-1. / 1.1 none keep Host=my_svc.~x-1.\nend"),
  ])
  func `a well-formed head is read`(_ accepted: Accepted) { expectTrace(accepted) }

  @Test(arguments: [
    Accepted(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\nhello",
      "POST / a / 1.1 length(5) keep Host=a|Content-Length=0005\nbody hello\nend"),
    Accepted(
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
      "GET / a / 1.1 length(0) keep Host=a|Content-Length=0\nend"),
    Accepted(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\nx",
      "POST / a / 1.1 length(9223372036854775807) keep Host=a|Content-Length=9223372036854775807\nbody x"),
    Accepted(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n00C ; a=\"b\"\r\n, wide world\r\n000\r\n\r\n",
      "POST / a / 1.1 chunked keep Host=a|Transfer-Encoding=CHUNKED\nbody hello,\\20wide\\20world\nend"),
    Accepted(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\r\r\n1\r\n\n\r\n0;\r\nDigest: x\r\nB:\r\n\r\n",
      "POST / a / 1.1 chunked keep Host=a|Transfer-Encoding=chunked\nbody \\d\\a\nend Digest=x|B="),
    Accepted(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nok",
      "POST / a / 1.1 expects length(2) keep Host=a|Expect=100-Continue|Content-Length=2\nbody ok\nend"),
    Accepted(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, 100-continue\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
      "POST / a / 1.1 expects length(2) keep Host=a|Expect=100-continue,\\20100-continue|Expect=100-continue"
        + "|Content-Length=2\nbody ok\nend"),
    Accepted(
      "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
      "GET / a / 1.1 none keep Host=a|Expect=100-continue\nend"),
    Accepted(
      "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
      "POST /  / 1.0 length(2) close Expect=100-continue|Content-Length=2\nbody ok\nend"),
  ])
  func `a body ends where its framing says`(_ accepted: Accepted) { expectTrace(accepted) }

  @Test(arguments: [
    Accepted(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n"
        + "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /4 HTTP/1.1\r\nHost: b\r\n\r\n",
      """
      GET /1 a /1 1.1 none keep Host=a
      end
      POST /2 a /2 1.1 length(3) keep Host=a|Content-Length=3
      body abc
      end
      POST /3 a /3 1.1 chunked keep Host=a|Transfer-Encoding=chunked
      body x
      end
      GET /4 b /4 1.1 none keep Host=b
      end
      """),
    // The body is a request, and stays a body, whatever the method.
    Accepted(
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\nGET /x HTTP/1.1\r\nHost: secret\r\n\r\nDELETE /y HTTP/1.1\r\nHost: a\r\n\r\n",
      """
      GET / a / 1.1 length(33) keep Host=a|Content-Length=33
      body GET\\20/x\\20HTTP/1.1\\d\\aHost:\\20secret\\d\\a\\d\\a
      end
      DELETE /y a /y 1.1 none keep Host=a
      end
      """),
  ])
  func `pipelined requests are told apart`(_ accepted: Accepted) { expectTrace(accepted) }

  private func expectTrace(_ accepted: Accepted) {
    #expect(splitInvariant(bytes(accepted.request)) { traceRequests($0) }.description == accepted.trace)
  }

  @Test func `one call takes one event and leaves the rest in the buffer`() throws {
    var parser = RequestParser()
    var buffer = ByteBuffer(string: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokGET")
    #expect(parser.isBetweenMessages)
    guard case .head(let head) = try parser.next(&buffer) else { return #expect(Bool(false), "no head") }
    #expect(head.framing == .length(2) && parser.framing == .length(2))
    #expect(parser.remainingBody == 2 && !parser.isBetweenMessages)
    #expect(String(buffer: buffer) == "okGET")
    guard case .body = try parser.next(&buffer) else { return #expect(Bool(false), "no body") }
    #expect(parser.remainingBody == 0)
    guard case .end(nil) = try parser.next(&buffer) else { return #expect(Bool(false), "no end") }
    #expect(parser.isBetweenMessages)
    #expect(String(buffer: buffer) == "GET")
    #expect(try parser.next(&buffer) == nil)
    #expect(!parser.isBetweenMessages)
  }

  @Test func `a head in one read is a slice of the received bytes`() throws {
    var parser = RequestParser()
    var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    let received = buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
    guard case .head(let head) = try parser.next(&buffer) else { return #expect(Bool(false), "no head") }
    #expect(head.bytes.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } == received)
  }

  @Test func `the fields of a head that is still alive are not overwritten by the next`() throws {
    var parser = RequestParser()
    var buffer = ByteBuffer(
      string: "GET /1 HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\nGET /2 HTTP/1.1\r\nBbbbb: 2\r\nHost: bbbb\r\nC: 3\r\n\r\n")
    guard case .head(let first) = try parser.next(&buffer), case .end = try parser.next(&buffer),
      case .head(let second) = try parser.next(&buffer)
    else { return #expect(Bool(false), "no two heads") }
    #expect(first.fields.count == 2 && second.fields.count == 3)
    #expect(first.value("a") == "1" && first.value(.host) == "a")
    #expect(second.value("BBBBB") == "2" && second.value(.host) == "bbbb" && second.value("missing") == nil)
  }

  @Test func `host and port of the authority are told apart`() throws {
    for (host, name, port) in [
      ("a:80", "a", 80), ("[::1]", "[::1]", nil), ("[::1]:8", "[::1]", 8), ("b.c.", "b.c.", nil),
    ]
      as [(String, String, UInt16?)]
    {
      var parser = RequestParser()
      var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
      guard case .head(let head) = try parser.next(&buffer) else { return #expect(Bool(false), "no head") }
      let authority = try #require(head.hostAndPort)
      #expect(head.text(authority.host) == name)
      #expect(authority.port == port)
    }
  }

  @Test func `reset forgets a half-read message`() throws {
    for part in [
      "GE", "GET /", "GET / HTTP/1.1\r\nHo", "\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
    ] {
      var parser = RequestParser()
      var buffer = ByteBuffer(string: part)
      while try parser.next(&buffer) != nil {}
      parser.reset()
      #expect(parser.isBetweenMessages && parser.remainingBody == 0)
      buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      guard case .head = try parser.next(&buffer) else { return #expect(Bool(false), "no head after \(part)") }
    }
  }
}
