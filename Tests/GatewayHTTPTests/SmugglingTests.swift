import NIOCore
import Testing

@testable import GatewayHTTP

/// Known attacks on the agreement about where a request ends: a hidden request must never come out as a request.
@Suite struct SmugglingTests {
  static let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test(arguments: [
    // CL.TE and TE.CL.
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n",
    // TE.TE: spellings of which one reader sees `chunked` and another does not.
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\u{B}chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{0}chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nX: x\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\n\u{0}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    // Lengths that parse differently.
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 35\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\nContent-Length:\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0,35\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \"0\"\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
    // An empty name that makes some parsers drop the fields behind it.
    "POST / HTTP/1.1\r\nHost: a\r\n: x\r\nContent-Length: 35\r\n\r\n",
    // Chunk lines whose end readers see at different places.
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;\nx\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;a\rX\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000000\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 35\r\n\r\n",
    // Line ends.
    "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\n",
    "GET / HTTP/1.1\r\nHost: a\r\rX: y\r\n\r\n",
    "GET / HTTP/1.1\r\r\n\r\n",
    // A request without version, as HTTP/0.9 had it.
    "GET /\r\n",
  ])
  func `an ambiguous request is refused and nothing behind it is read`(request: String) {
    let trace = splitInvariant(bytes(request + Self.hidden)) { traceRequests($0) }
    #expect(trace.error != nil)
    #expect(!trace.lines.contains { $0.hasPrefix("GET /hidden") })
  }

  @Test(arguments: ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "POST", "X"])
  func `a request inside a body stays in the body for every method`(method: String) {
    for head in [
      "\(method) / HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.hidden.utf8.count)\r\n\r\n\(Self.hidden)",
      "\(method) / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "\(String(Self.hidden.utf8.count, radix: 16))\r\n\(Self.hidden)\r\n0\r\n\r\n",
    ] {
      let trace = splitInvariant(bytes(head + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")) { traceRequests($0) }
      #expect(trace.lines.count == 5 && trace.lines[1].hasPrefix("body GET\\20/hidden"))
      #expect(trace.lines[3].hasPrefix("GET /next"))
    }
  }

  @Test func `what Connection names cannot take the gateway's own fields away`() throws {
    var parser = RequestParser()
    var buffer = ByteBuffer(
      string: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Host, Content-Length\r\nContent-Length: 0\r\n\r\n")
    guard case .head(let head) = try parser.next(&buffer) else { return #expect(Bool(false), "no head") }
    #expect(head.text(head.authority) == "a" && head.framing == .length(0) && !head.keepAlive)
  }
}
