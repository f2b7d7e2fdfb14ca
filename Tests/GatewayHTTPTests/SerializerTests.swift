import NIOCore
import Testing

@testable import GatewayHTTP

@Suite struct SerializerTests {
  private func written(_ body: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer(string: "|")
    body(&buffer)
    return String(buffer: buffer)
  }

  @Test func `status lines carry the registered reason`() {
    #expect(written { ResponseSerializer.writeStatusLine(200, into: &$0) } == "|HTTP/1.1 200 OK\r\n")
    #expect(written { ResponseSerializer.writeStatusLine(418, into: &$0) } == "|HTTP/1.1 418 \r\n")
    for status in UInt16(100)...999 {
      let reason = HTTPStatus.reason(status).description
      #expect(written { ResponseSerializer.writeStatusLine(status, into: &$0) } == "|HTTP/1.1 \(status) \(reason)\r\n")
    }
  }

  @Test func `a head is what the response parser reads`() throws {
    var fields = FieldLines()
    fields.append("content-length", 2)
    let text = written { ResponseSerializer.writeHead(201, fields, into: &$0) }
    #expect(text == "|HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n")
    #expect(
      traceResponses([bytes(text).dropFirst() + bytes("ok")]).lines.first == "201 1.1 length(2) keep content-length=2")
    #expect(written { ResponseSerializer.writeContinue(into: &$0) } == "|HTTP/1.1 100 Continue\r\n\r\n")
  }

  @Test func `a request line cannot be ended early`() {
    func line(_ method: String, _ target: String) -> String? {
      var buffer = ByteBuffer()
      let done = bytes(method).withUnsafeBytes { method in
        bytes(target).withUnsafeBytes {
          RequestSerializer.writeRequestLine(method: method, target: $0, into: &buffer)
        }
      }
      #expect(done == (buffer.readableBytes > 0))
      return done ? String(buffer: buffer) : nil
    }
    #expect(line("GET", "/a?b") == "GET /a?b HTTP/1.1\r\n")
    for target in ["", "/a b", "/a\r\nX: y", "/\u{0}", "/\t", "/é", "/\u{7F}"] { #expect(line("GET", target) == nil) }
    for method in ["", "G T", "GET\r\n", "GET:"] { #expect(line(method, "/") == nil) }
  }

  @Test func `chunks are what the parser reads back`() {
    #expect(written { ChunkSerializer.writeHeader(1, into: &$0) } == "|1\r\n")
    #expect(written { ChunkSerializer.writeHeader(0xABCDEF, into: &$0) } == "|abcdef\r\n")
    #expect(written { ChunkSerializer.writeHeader(.max, into: &$0) } == "|7fffffffffffffff\r\n")
    #expect(written { ChunkSerializer.writeLast(into: &$0) } == "|0\r\n\r\n")
    #expect(written { ChunkSerializer.write(UnsafeRawBufferPointer(start: nil, count: 0), into: &$0) } == "|")
    var trailers = FieldLines()
    trailers.append("digest", "x" as StaticString)
    let body = written { buffer in
      for part in ["hello, ", "wide world"] { bytes(part).withUnsafeBytes { ChunkSerializer.write($0, into: &buffer) } }
      ChunkSerializer.writeLast(trailers: trailers, into: &buffer)
    }
    let message = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body.dropFirst()
    #expect(traceRequests([bytes(message)]).lines.dropFirst() == ["body hello,\\20wide\\20world", "end digest=x"])
  }

  @Test func `statuses without content are known`() {
    #expect([100, 101, 204, 304].allSatisfy { HTTPStatus.hasNoContent($0) })
    #expect(![200, 205, 404, 500].contains { HTTPStatus.hasNoContent($0) })
  }
}
