import GatewayHTTP
import NIOCore

/// Takes what one read brought and says what it means for the exchange, in one answer: a whole small response is one
/// answer, many small chunks are one part. A value without I/O; the connection only carries out.
struct ResponseReader {
  enum Outcome {
    /// The response goes on.
    case more(head: ResponseHead?, part: ByteBuffer?)
    case end(head: ResponseHead?, part: ByteBuffer?, trailers: FieldLines?)
    /// Not a response to the request, and why.
    case failed(UpstreamFailure.Kind, String)
  }

  private var parser: ResponseParser
  /// Received and not yet consumed: at most a partial head, trailer section or chunk line between two reads.
  private var unread = ByteBuffer()
  /// Whether the bytes now being read are behind the final head.
  private var isHeadRead = false

  init(limits: HTTPLimits) { parser = ResponseParser(limits: limits) }

  /// Whether bytes of the response have been seen, so that its request must not be sent a second time.
  var hasBegun: Bool { parser.hasBegun || unread.readableBytes > 0 }

  /// Whether bytes came that belong to no response that was asked for.
  var hasSurplus: Bool { unread.readableBytes > 0 }

  mutating func expect(responseTo method: HTTPMethod) {
    parser.expect(responseTo: method)
    isHeadRead = false
  }

  /// Takes in received bytes without looking at them.
  mutating func append(_ bytes: ByteBuffer) {
    if unread.readableBytes == 0 { unread = bytes } else { unread.writeImmutableBuffer(bytes) }
  }

  /// Reads as far as the bytes go.
  mutating func read() -> Outcome {
    var head: ResponseHead?
    var part: ByteBuffer?
    while true {
      let event: ResponseEvent?
      do throws(HTTPError) {
        event = try parser.next(&unread)
      } catch {
        return .failed(isUpgrade ? .unexpectedUpgrade : .malformed, error.cause ?? "malformed response")
      }
      switch event {
      case .informational:
        // RFC 9110 §15.2: a proxy may drop 103; 100 answers an Expect that was never sent. The parser counts them.
        continue
      case .head(let received):
        head = received
        isHeadRead = true
      case .body(let bytes):
        if part == nil { part = bytes } else { part?.writeImmutableBuffer(bytes) }
      case .end(let trailers):
        return .end(head: head, part: part, trailers: trailers)
      case nil:
        // Lets NIO use its read buffer again.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        return .more(head: head, part: part)
      }
    }
  }

  /// Whether the head that was just refused, and still is in the buffer, is a 101. No request asks for an upgrade, so
  /// the parser lets none through; only the log wants to know.
  private var isUpgrade: Bool {
    !isHeadRead && unread.getSlice(at: unread.readerIndex + 8, length: 4) == ByteBuffer(staticString: " 101")
  }

  /// Forgets what is unread, so that the memory it lies in is free.
  mutating func removeUnread() { unread = ByteBuffer() }

  /// The upstream closed the connection in order: whether that is the response's end.
  mutating func isCompleteAtClose() -> Bool {
    guard let event = try? parser.connectionClosed(), case .end = event else { return false }
    return true
  }
}
