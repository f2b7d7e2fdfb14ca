import NIOCore
import Testing

@testable import GatewayHTTP

@Suite struct RequestLimitTests {
  static func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
    var limits = HTTPLimits()
    change(&limits)
    return limits
  }

  @Test func `a request line of exactly the limit is accepted`() {
    let limits = Self.limits { $0.startLine = 32 }
    let line = "GET /" + String(repeating: "a", count: 32 - 14) + " HTTP/1.1"
    #expect(line.utf8.count == 32)
    let trace = splitInvariant(bytes(line + "\r\nHost: a\r\n\r\n")) { traceRequests($0, limits: limits) }
    #expect(trace.error == nil)
  }

  @Test(arguments: [
    "GET /" + String(repeating: "a", count: 19) + " HTTP/1.1\r\nHost: a\r\n\r\n",
    String(repeating: "A", count: 33),
    "GET " + String(repeating: "/", count: 100),
  ])
  func `a request line over the limit is 414`(request: String) {
    let limits = Self.limits { $0.startLine = 32 }
    let trace = splitInvariant(bytes(request)) { traceRequests($0, limits: limits) }
    #expect(trace.error == "414 request line is longer than 32 bytes")
  }

  @Test func `a head of exactly the limit is accepted and one byte more is 431`() {
    let request = bytes("GET / HTTP/1.1\r\nHost: a\r\nA: bbbbbbbbbb\r\n\r\n")
    let enough = Self.limits { $0.head = request.count }
    #expect(splitInvariant(request) { traceRequests($0, limits: enough) }.error == nil)
    let less = Self.limits { $0.head = request.count - 1 }
    #expect(
      splitInvariant(request) { traceRequests($0, limits: less) }.error
        == "431 head is larger than \(request.count - 1) bytes")
  }

  @Test func `one more field than the limit is 431`() {
    let limits = Self.limits { $0.fields = 3 }
    let head = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n"
    #expect(splitInvariant(bytes(head + "\r\n")) { traceRequests($0, limits: limits) }.error == nil)
    #expect(
      splitInvariant(bytes(head + "C: 3\r\n\r\n")) { traceRequests($0, limits: limits) }.error
        == "431 more than 3 fields")
  }

  @Test func `20,000 tiny fields are refused at the hundred-and-first`() throws {
    let head = "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "a:b\r\n", count: 20_000)
    var parser = RequestParser()
    var buffer = ByteBuffer(string: head)
    let error = #expect(throws: HTTPError.self) { try parser.next(&buffer) }
    #expect(error?.detail == "more than 100 fields")
  }

  @Test(arguments: ["A: " + String(repeating: "b", count: 1 << 20), String(repeating: "b", count: 1 << 20)])
  func `one field of a megabyte is 431 once the limit has been read`(line: String) {
    var parser = RequestParser()
    var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n")
    var read = buffer.readableBytes
    var error: HTTPError?
    for byte in line.utf8 where error == nil {
      buffer.writeInteger(byte)
      read += 1
      do throws(HTTPError) { _ = try parser.next(&buffer) } catch let thrown { error = thrown }
    }
    #expect(error?.status == 431)
    #expect(read <= HTTPLimits().head)
  }

  @Test func `a chunk size line within its limit is accepted and one byte more is 400`() {
    let limits = Self.limits { $0.chunkLine = 16 }
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    let fits = "1;" + String(repeating: "e", count: 14) + "\r\nx\r\n0\r\n\r\n"
    #expect(splitInvariant(bytes(head + fits)) { traceRequests($0, limits: limits) }.error == nil)
    for line in ["1;" + String(repeating: "e", count: 15), "1" + String(repeating: " ", count: 16) + ";"] {
      #expect(
        splitInvariant(bytes(head + line + "\r\nx\r\n0\r\n\r\n")) { traceRequests($0, limits: limits) }.error
          == "400 chunk size line longer than 16 bytes")
    }
  }

  @Test func `chunk framing may not outgrow the body by more than its limit`() {
    let limits = Self.limits { $0.chunkOverhead = 100 }
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    let flood = String(repeating: "1;aaaaaaaa\r\nx\r\n", count: 20) + "0\r\n\r\n"
    #expect(
      splitInvariant(bytes(head + flood)) { traceRequests($0, limits: limits) }.error
        == "400 chunk framing exceeds the body by more than 100 bytes")
    let fair = String(repeating: "a;aaaaaaaa\r\n0123456789\r\n", count: 20) + "0\r\n\r\n"
    #expect(splitInvariant(bytes(head + fair)) { traceRequests($0, limits: limits) }.error == nil)
  }

  @Test func `a megabyte of chunk extensions is refused within the overhead limit`() {
    var parser = RequestParser()
    var buffer = ByteBuffer(string: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    var read = 0
    var error: HTTPError?
    let chunk = ByteBuffer(string: "1;" + String(repeating: "e", count: 200) + "\r\nx\r\n")
    while error == nil, read < 1 << 20 {
      buffer.writeImmutableBuffer(chunk)
      read += chunk.readableBytes
      do throws(HTTPError) { while try parser.next(&buffer) != nil {} } catch let thrown { error = thrown }
    }
    #expect(error?.status == 400)
    #expect(read < HTTPLimits().chunkOverhead + 2 * chunk.readableBytes)
  }

  @Test func `trailers over their limit are 431`() {
    let limits = Self.limits { $0.trailers = 20 }
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    let fits = "A: bbbbbbbbbbbbbbb\r\n\r\n"
    #expect(fits.utf8.count == 22)
    #expect(splitInvariant(bytes(head + fits)) { traceRequests($0, limits: limits) }.error == nil)
    #expect(
      splitInvariant(bytes(head + "A: bbbbbbbbbbbbbbbb\r\n\r\n")) { traceRequests($0, limits: limits) }.error
        == "431 trailers are larger than 20 bytes")
    let few = Self.limits { $0.fields = 2 }
    #expect(
      splitInvariant(bytes(head + "A: b\r\nC: d\r\nE: f\r\n\r\n")) { traceRequests($0, limits: few) }.error
        == "431 more than 2 fields")
  }
}
