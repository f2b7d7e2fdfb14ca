import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayProxy

/// What a client sees of an upstream's response.
struct ForwardingResponseTests {
  private func parse(_ text: String, _ method: HTTPMethod = .get) throws -> ResponseHead {
    var buffer = ByteBuffer(string: text.replacing("\n", with: "\r\n") + "\r\n\r\n")
    var parser = ResponseParser()
    parser.expect(responseTo: method)
    guard case .head(let head) = try parser.next(&buffer) else { throw HTTPError(502) }
    return head
  }

  private func fields(_ text: String, _ rules: ForwardingRules = .standard) throws -> String {
    var fields = FieldLines()
    rules.fill(&fields, from: try parse(text))
    return String(buffer: fields.bytes).replacing("\r\n", with: "\n")
  }

  @Test func endToEndFieldsPassInOrder() throws {
    #expect(
      try fields("HTTP/1.1 200 OK\nServer: x\nContent-Type: a/b\nContent-Length: 3\nSet-Cookie: a=1\nSet-Cookie: b=2")
        == "Server: x\nContent-Type: a/b\nSet-Cookie: a=1\nSet-Cookie: b=2\n")
  }

  @Test func fieldsBetweenNeighboursStay() throws {
    #expect(
      try fields(
        """
        HTTP/1.1 200 OK
        Connection: keep-alive, x-hop, Set-Cookie
        Keep-Alive: timeout=5
        Proxy-Authenticate: Basic
        Upgrade: h2c
        Transfer-Encoding: chunked
        X-Hop: 1
        Set-Cookie: a=1
        Trailer: checksum
        """) == "Set-Cookie: a=1\nTrailer: checksum\n")
  }

  @Test func dateIsTheStreamsUnlessWanted() throws {
    let head = "HTTP/1.1 204 No Content\nDate: Sun, 06 Nov 1994 08:49:37 GMT"
    #expect(try fields(head) == "")
    let rules = try #require(ForwardingRules(passesDate: true))
    #expect(try fields(head, rules) == "Date: Sun, 06 Nov 1994 08:49:37 GMT\n")
  }

  @Test func lengthIsWhatTheUpstreamSaid() throws {
    #expect(ForwardingRules.length(of: try parse("HTTP/1.1 200 OK\ncontent-length: 7")) == 7)
    #expect(ForwardingRules.length(of: try parse("HTTP/1.1 200 OK\ncontent-length: 7", .head)) == 7)
    #expect(ForwardingRules.length(of: try parse("HTTP/1.1 304 Not Modified\ncontent-length: 7")) == 7)
    #expect(ForwardingRules.length(of: try parse("HTTP/1.1 200 OK\ntransfer-encoding: chunked")) == nil)
    #expect(ForwardingRules.length(of: try parse("HTTP/1.1 200 OK")) == nil)
    #expect(ForwardingRules.length(of: try parse("HTTP/1.1 200 OK", .head)) == nil)
  }
}
