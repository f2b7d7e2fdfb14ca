import NIOCore
import Testing

@testable import GatewayHTTP

/// A request that must be refused, with the answer that says why.
struct Refusal: CustomTestStringConvertible, Sendable {
  var request: String
  var error: String
  var testDescription: String { "\(error) ← \(printable(request.utf8).prefix(90))" }

  init(_ request: String, _ error: String) {
    self.request = request
    self.error = error
  }

  /// A GET with these lines besides `Host`.
  static func lines(_ lines: String, _ error: String) -> Refusal {
    Refusal("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n", error)
  }

  /// A request with this `Host`.
  static func host(_ value: String, _ error: String) -> Refusal {
    Refusal("GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n", error)
  }

  /// A request with this target.
  static func target(_ target: String, _ error: String, method: String = "GET") -> Refusal {
    Refusal("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n", error)
  }

  /// A chunked POST with this body.
  static func chunks(_ body: String, _ error: String) -> Refusal {
    Refusal("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)", error)
  }
}

@Suite struct RequestRefusalTests {
  @Test(arguments: [
    Refusal("GET /\r\nHost: a\r\n\r\n", "400 request line ends with its request target"),
    Refusal("GET\r\n\r\n", "400 request line ends with its method"),
    Refusal(" GET / HTTP/1.1\r\n\r\n", "400 blank before the method"),
    Refusal("G@T / HTTP/1.1\r\n\r\n", "400 method is not a token"),
    Refusal("GET  / HTTP/1.1\r\n\r\n", "400 more than one blank after the method"),
    Refusal("GET /  HTTP/1.1\r\n\r\n", "400 blank in or after the HTTP version"),
    Refusal("GET / HTTP/1.1 \r\n\r\n", "400 blank in or after the HTTP version"),
    Refusal("GET /a b HTTP/1.1\r\n\r\n", "400 blank in or after the HTTP version"),
    Refusal("GET\t/ HTTP/1.1\r\n\r\n", "400 control character 0x09 in the method"),
    Refusal("GET /\u{0} HTTP/1.1\r\n\r\n", "400 control character 0x00 in the request target"),
    Refusal("GET /\u{7F} HTTP/1.1\r\n\r\n", "400 control character 0x7F in the request target"),
    Refusal(
      "GET /é HTTP/1.1\r\n\r\n", "400 byte 0xC3 in the request target; only ASCII is allowed, percent-encode it"),
    Refusal("GET / HTTP/1.1\nHost: a\r\n\r\n", "400 bare LF in the request line"),
    Refusal("GET / HTTP/1.1\rHost: a\r\n\r\n", "400 bare CR in the request line"),
    Refusal("GET / http/1.1\r\n\r\n", "400 malformed HTTP version"),
    Refusal("GET / HTTP/1.10\r\n\r\n", "400 malformed HTTP version"),
    Refusal("GET / HTTP/1\r\n\r\n", "400 malformed HTTP version"),
    Refusal("GET / HTTP/1,1\r\n\r\n", "400 malformed HTTP version"),
    Refusal("GET / HTTP/a.b\r\n\r\n", "400 malformed HTTP version"),
    Refusal("GET / HTTP/0.9\r\n\r\n", "505 HTTP/0.9 is not supported on this connection"),
    Refusal("GET / HTTP/2.0\r\n\r\n", "505 HTTP/2.0 is not supported on this connection"),
    Refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP/2.0 is not supported on this connection"),
    Refusal("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", "400 more than two empty lines before the request line"),
    Refusal("\nGET / HTTP/1.1\r\n\r\n", "400 bare LF before the request line"),
    Refusal("\rGET / HTTP/1.1\r\n\r\n", "400 bare CR before the request line"),
    Refusal("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "400 control character 0x16 in the method"),
  ])
  func `a malformed request line is refused`(_ refusal: Refusal) { expectRefused(refusal) }

  @Test(arguments: [
    Refusal.lines("Na me: 1", "400 blank in a field name or before its colon"),
    .lines("Name : 1", "400 blank in a field name or before its colon"),
    .lines("Name\t: 1", "400 blank in a field name or before its colon"),
    .lines("Content-Length : 5", "400 blank in a field name or before its colon"),
    .lines(": 1", "400 empty field name"),
    .lines("Name", "400 field line without a colon"),
    .lines("N(me: 1", "400 '(' in a field name"),
    .lines("N\u{0}me: 1", "400 0x00 in a field name"),
    .lines("Name\u{1}: 1", "400 0x01 in a field name"),
    .lines("Ñame: 1", "400 0xC3 in a field name"),
    .lines("content\rtype: 1", "400 field line without a colon"),
    .lines("A: 1\r\n folded", "400 field line that begins with a blank (obsolete line folding)"),
    .lines("A: 1\r\n\tfolded", "400 field line that begins with a blank (obsolete line folding)"),
    Refusal("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400 field line that begins with a blank (obsolete line folding)"),
    .lines("A: a\u{0}b", "400 NUL in a field value"),
    .lines("A: a\u{1B}[31m", "400 control character 0x1B in a field value"),
    .lines("A: a\u{7F}b", "400 control character 0x7F in a field value"),
    .lines("A: a\nB: b", "400 bare LF in a field value"),
    .lines("A: a\rB: b", "400 bare CR in a field value"),
    .lines("\nB: b", "400 bare LF in the head"),
    .lines("A: 1\r\n\rB: b", "400 bare CR at the start of a field line"),
  ])
  func `a malformed field line is refused`(_ refusal: Refusal) { expectRefused(refusal) }

  @Test(arguments: [
    Refusal("GET / HTTP/1.1\r\n\r\n", "400 no Host"),
    Refusal("GET http://a/ HTTP/1.1\r\n\r\n", "400 no Host"),
    .lines("Host: a", "400 more than one Host"),
    .lines("host: b", "400 more than one Host"),
    Refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "400 more than one Host"),
    .host("", "400 Host without a host name"),
    .host("a/b", "400 '/' in Host"),
    .host("user@a", "400 '@' in Host"),
    .host("a,b", "400 ',' in Host"),
    .host("a b", "400 0x20 in Host"),
    .host("a%2eb", "400 '%' in Host"),
    .host("a\\b", "400 '\\' in Host"),
    .host("a?b", "400 '?' in Host"),
    .host("a#b", "400 '#' in Host"),
    .host("é", "400 0xC3 in Host"),
    .host(".", "400 empty label in the host name of Host"),
    .host("..", "400 empty label in the host name of Host"),
    .host(".a", "400 empty label in the host name of Host"),
    .host("a..b", "400 empty label in the host name of Host"),
    .host(":80", "400 Host without a host name"),
    .host("a:", "400 port of Host is not 1-65535"),
    .host("a:0", "400 port of Host is not 1-65535"),
    .host("a:65536", "400 port of Host is not 1-65535"),
    .host("a:99999999999999999999", "400 port of Host is not 1-65535"),
    .host("a:8x", "400 'x' in the port of Host"),
    .host("a:+80", "400 '+' in the port of Host"),
    .host("a:80:80", "400 ':' in the port of Host"),
    .host("[::1", "400 unclosed bracket in Host"),
    .host("[]", "400 no IPv6 address in the brackets of Host"),
    .host("[a]", "400 no IPv6 address in the brackets of Host"),
    .host("[1.2.3.4]", "400 no IPv6 address in the brackets of Host"),
    .host("[::1%25eth0]", "400 no IPv6 address in the brackets of Host"),
    .host("[v1.a]", "400 no IPv6 address in the brackets of Host"),
    .host("[::1]x", "400 'x' after the bracket in Host"),
    .host("[::1]:", "400 port of Host is not 1-65535"),
    .host("::1", "400 Host without a host name"),
    .host(String(repeating: "a", count: 255), "400 host name of Host is longer than 254 bytes"),
  ])
  func `a missing, repeated or malformed Host is refused`(_ refusal: Refusal) { expectRefused(refusal) }

  @Test(arguments: [
    Refusal.target("a", "400 request target is neither a path nor an http URI"),
    .target("a:b", "400 request target is neither a path nor an http URI"),
    .target("?a", "400 request target is neither a path nor an http URI"),
    .target("a:80", "400 request target is neither a path nor an http URI"),
    .target("*", "400 request target * is for OPTIONS only"),
    .target("*a", "400 request target is neither a path nor an http URI", method: "OPTIONS"),
    .target("ftp://a/", "400 request target with a scheme other than http and https"),
    .target("://a/", "400 request target with a scheme other than http and https"),
    .target("http:///a", "400 the request target without a host name"),
    .target("http://user@a/", "400 '@' in the request target"),
    .target("http://a:0/", "400 port of the request target is not 1-65535"),
    .target("http://[::1/", "400 unclosed bracket in the request target"),
    .target("/", "400 '/' in the CONNECT target", method: "CONNECT"),
    .target("a", "400 the CONNECT target has no port", method: "CONNECT"),
    .target("http://a:80/", "400 '/' in the port of the CONNECT target", method: "CONNECT"),
    .target("u@a:80", "400 '@' in the CONNECT target", method: "CONNECT"),
  ])
  func `a request target of no allowed form is refused`(_ refusal: Refusal) { expectRefused(refusal) }

  @Test(arguments: [
    Refusal.lines(
      "Content-Length: 5\r\nTransfer-Encoding: chunked", "400 Content-Length and Transfer-Encoding in one message"),
    .lines(
      "Transfer-Encoding: chunked\r\nContent-Length: 0", "400 Content-Length and Transfer-Encoding in one message"),
    .lines("Content-Length: 5\r\nContent-Length: 6", "400 more than one Content-Length"),
    .lines("Content-Length: 5\r\nContent-Length: 5", "400 more than one Content-Length"),
    .lines("Content-Length: 5, 5", "400 Content-Length is a list"),
    .lines("Content-Length:", "400 empty Content-Length"),
    .lines("Content-Length: +5", "400 '+' in Content-Length"),
    .lines("Content-Length: -5", "400 '-' in Content-Length"),
    .lines("Content-Length: 0x5", "400 'x' in Content-Length"),
    .lines("Content-Length: 5a", "400 'a' in Content-Length"),
    .lines("Content-Length: 5 5", "400 0x20 in Content-Length"),
    .lines("Content-Length: 5.0", "400 '.' in Content-Length"),
    .lines("Content-Length: ٥", "400 0xD9 in Content-Length"),
    .lines("Content-Length: 18446744073709551621", "400 Content-Length is too large"),
    .lines("Content-Length: 9223372036854775808", "400 Content-Length is too large"),
    .lines("Transfer-Encoding:", "400 empty element in Transfer-Encoding"),
    .lines("Transfer-Encoding: ,chunked", "400 empty element in Transfer-Encoding"),
    .lines("Transfer-Encoding: chunked,", "400 empty element in Transfer-Encoding"),
    .lines("Transfer-Encoding: chunked, gzip", "400 chunked is not the last coding in Transfer-Encoding"),
    .lines("Transfer-Encoding: chunked, chunked", "400 chunked twice in Transfer-Encoding"),
    .lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "400 chunked twice in Transfer-Encoding"),
    .lines(
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      "400 chunked is not the last coding in Transfer-Encoding"),
    .lines("Transfer-Encoding: chunked;q=1", "400 parameter on chunked in Transfer-Encoding"),
    .lines("Transfer-Encoding: chun ked", "400 Transfer-Encoding has an element that is not a coding name"),
    .lines("Transfer-Encoding: \"chunked\"", "400 Transfer-Encoding has an element that is not a coding name"),
    .lines("Transfer-Encoding: \u{B}chunked", "400 control character 0x0B in a field value"),
    .lines("Transfer-Encoding: xchunked", "501 transfer coding other than chunked"),
    .lines("Transfer-Encoding: identity", "501 transfer coding other than chunked"),
    .lines("Transfer-Encoding: gzip", "501 transfer coding other than chunked"),
    .lines("Transfer-Encoding: gzip, chunked", "501 transfer coding other than chunked"),
    .lines("Transfer-Encoding: gzip;a=b, chunked", "501 transfer coding other than chunked"),
    .lines("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "501 transfer coding other than chunked"),
    Refusal(
      "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400 Transfer-Encoding in an HTTP/1.0 message"),
  ])
  func `framing that two readers may take in two ways is refused`(_ refusal: Refusal) { expectRefused(refusal) }

  @Test(arguments: [
    Refusal.lines("Expect: 200-ok", "417 expectation other than 100-continue"),
    .lines("Expect:", "417 expectation other than 100-continue"),
    .lines("Expect: 100-continue, x", "417 expectation other than 100-continue"),
    .lines("Expect: 100-continue\r\nExpect: x", "417 expectation other than 100-continue"),
  ])
  func `an expectation that cannot be met is refused`(_ refusal: Refusal) { expectRefused(refusal) }

  @Test(arguments: [
    Refusal.chunks("\r\n", "400 0x0D where a chunk size must begin"),
    .chunks("-5\r\n", "400 '-' where a chunk size must begin"),
    .chunks(" 5\r\n", "400 0x20 where a chunk size must begin"),
    .chunks("x5\r\n", "400 'x' where a chunk size must begin"),
    .chunks("5zz\r\n", "400 'z' in a chunk size"),
    .chunks("0x5\r\n", "400 'x' in a chunk size"),
    .chunks("5\nhello", "400 bare LF in a chunk size line"),
    .chunks("5\rhello", "400 bare CR in a chunk size line"),
    .chunks("5 \r\nhello", "400 0x0D after a chunk size and blanks"),
    .chunks("5;a\nb\r\nhello", "400 bare LF in a chunk extension"),
    .chunks("5;a\rb\r\nhello", "400 bare CR in a chunk size line"),
    .chunks("5;a\u{0}\r\nhello", "400 control character in a chunk extension"),
    .chunks("10000000000000005\r\n", "400 chunk size of more than 15 digits"),
    .chunks("ffffffffffffffff\r\n", "400 chunk size of more than 15 digits"),
    .chunks("5\r\nhello!\r\n", "400 chunk data longer than its size"),
    .chunks("5\r\nhello\n0\r\n\r\n", "400 chunk data longer than its size"),
    .chunks("5\r\nhello\rx", "400 bare CR after chunk data"),
    .chunks("0\r\nContent-Length: 5\r\n\r\n", "400 content-length in the trailers"),
    .chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 transfer-encoding in the trailers"),
    .chunks("0\r\nHost: b\r\n\r\n", "400 host in the trailers"),
    .chunks("0\r\nAuthorization: x\r\n\r\n", "400 authorization in the trailers"),
    .chunks("0\r\nA : b\r\n\r\n", "400 blank in a field name or before its colon"),
    .chunks("0\r\nA: b\nC: d\r\n\r\n", "400 bare LF in a field value"),
    .chunks("0\r\n\rx", "400 bare CR at the start of a field line"),
  ])
  func `malformed chunks and trailers are refused`(_ refusal: Refusal) { expectRefused(refusal) }

  private func expectRefused(_ refusal: Refusal) {
    let trace = splitInvariant(bytes(refusal.request)) { traceRequests($0) }
    #expect(trace.error == refusal.error)
  }

  @Test func `after a fault nothing behind it is ever answered`() throws {
    var parser = RequestParser()
    var buffer = ByteBuffer(
      string: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    let first = #expect(throws: HTTPError.self) { try parser.next(&buffer) }
    #expect(first?.status == 400)
    #expect(first?.closes == true)
    buffer = ByteBuffer(string: "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    let second = #expect(throws: HTTPError.self) { try parser.next(&buffer) }
    #expect(second == first)
    parser.reset()
    #expect(try parser.next(&buffer) != nil)
  }
}
