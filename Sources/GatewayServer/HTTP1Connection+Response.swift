import GatewayHTTP
import NIOCore

/// Writing responses (RFC 9112 §6, RFC 9110 §6.4).
extension HTTP1Connection {
  /// Bodies up to this size are copied behind their head, so that both leave as one piece; larger ones are written as
  /// they are.
  private static let copyLimit = 16 * 1024

  // MARK: Whole responses

  func send(_ status: UInt16, _ fields: FieldLines, _ body: UnsafeRawBufferPointer) {
    guard state.writing == .waiting else { return }
    writeWhole(status, fields, body)
    responseWritten()
  }

  func send(_ status: UInt16, _ fields: FieldLines, _ body: ByteBuffer) {
    guard state.writing == .waiting else { return }
    if body.readableBytes <= HTTP1Connection.copyLimit {
      body.withUnsafeReadableBytes { writeWhole(status, fields, $0) }
    } else {
      let plan = plan(status, body.readableBytes)
      write { ResponseHeadWriter.write(plan.head, dateLine: loop.dateLine, fields: fields, body: .none, into: &$0) }
      if plan.sendsBody {
        passOutput()
        pass(body)
      }
    }
    responseWritten()
  }

  /// The answer to a message that never became an exchange; then the connection closes.
  func refuse(_ error: HTTPError) {
    let response = loop.responder.response(to: error, peer: peer, isTLS: isTLS)
    guard state.reading != .closing else { return }
    state.closes = true
    // No request was understood, so nothing is known of it (RFC 9112 §9.3): an HTTP/1.1 response with its length and
    // `connection: close` can be read by every client.
    state.isHead = false
    state.isHTTP10 = false
    response.body.withUnsafeReadableBytes { writeWhole(response.status, response.fields, $0) }
    closeAfterOutput(linger: true)
  }

  // MARK: Responses in parts

  func sendHead(_ status: UInt16, _ fields: FieldLines, _ length: Int?) {
    guard state.writing == .waiting else { return }
    let status = isFinal(status) ? status : 500
    // RFC 9110 §15.3.6: 205 has no content, and says so.
    let length = status == 205 ? 0 : length
    state.lengthLeft = length ?? 0
    if state.isHead || status == 205 || HTTPStatus.hasNoContent(status) {
      state.framing = .none
    } else if length != nil {
      state.framing = .length
    } else if state.isHTTP10 {
      // RFC 9112 §7: chunks only to those that know them; the body then ends with the connection.
      state.framing = .untilClose
      state.closes = true
    } else {
      state.framing = .chunked
    }
    state.writing = .parts
    let announced = state.framing == .length || state.isHead || status == 205 ? length : nil
    let head = head(status, announced, chunked: state.framing == .chunked)
    write { ResponseHeadWriter.write(head, dateLine: loop.dateLine, fields: fields, body: .none, into: &$0) }
    flushLater()
  }

  func sendPart(_ part: ByteBuffer) {
    guard state.writing == .parts, part.readableBytes > 0 else { return }
    switch state.framing {
    case .none: return
    case .length:
      // More than announced would be taken for the next response (response splitting).
      guard part.readableBytes <= state.lengthLeft else {
        abort()
        return
      }
      state.lengthLeft -= part.readableBytes
      append(part)
    case .untilClose: append(part)
    case .chunked:
      if part.readableBytes <= HTTP1Connection.copyLimit {
        write { output in part.withUnsafeReadableBytes { ChunkSerializer.write($0, into: &output) } }
      } else {
        write { ChunkSerializer.writeHeader(part.readableBytes, into: &$0) }
        append(part)
        write { ChunkSerializer.writeEnd(into: &$0) }
      }
    }
    if let output, output.readableBytes >= loop.configuration.writeBuffer.high { flush() } else { flushLater() }
  }

  func sendEnd(_ trailers: FieldLines?) {
    guard state.writing == .parts else { return }
    switch state.framing {
    case .length where state.lengthLeft > 0:
      // The announced length cannot be reached any more: the client has to see that.
      abort()
      return
    case .chunked:
      write { ChunkSerializer.writeLast(trailers: trailers, into: &$0) }
    case .none, .length, .untilClose: break
    }
    responseWritten()
  }

  var isWritable: Bool {
    state.channelIsWritable && (output?.readableBytes ?? 0) < loop.configuration.writeBuffer.high
  }

  func closeAfterResponse() { state.closes = true }

  // MARK: Head

  @inline(__always)
  private func writeWhole(_ status: UInt16, _ fields: FieldLines, _ body: UnsafeRawBufferPointer) {
    let plan = plan(status, body.count)
    write {
      ResponseHeadWriter.write(
        plan.head, dateLine: loop.dateLine, fields: fields, body: plan.sendsBody ? body : .none, into: &$0)
    }
  }

  /// The head of a response whose body has `count` bytes, and whether that body is to follow.
  private func plan(_ status: UInt16, _ count: Int) -> (head: ResponseHeadWriter.Head, sendsBody: Bool) {
    switch status {
    case 204: (head(status, nil), false)  // RFC 9110 §8.6: no content-length.
    case 205: (head(status, 0), false)  // RFC 9110 §15.3.6: no content, and that is said.
    // RFC 9110 §8.6: the length a 200 would have, or none; a bare 304 must not claim 0.
    case 304: (head(status, count > 0 ? count : nil), false)
    case _ where !isFinal(status): (head(500, 0), false)
    default: (head(status, count), !state.isHead)
    }
  }

  /// A 1xx is not a response (RFC 9110 §15.2), and codes have three digits.
  private func isFinal(_ status: UInt16) -> Bool { status >= 200 && status < 1000 }

  /// Decides what becomes of the connection, and says it.
  private func head(_ status: UInt16, _ length: Int?, chunked: Bool = false) -> ResponseHeadWriter.Head {
    if !state.closes { state.closes = !canPersist }
    return ResponseHeadWriter.Head(status: status, length: length, chunked: chunked, connection: connectionOption)
  }

  private var connectionOption: ResponseHeadWriter.Connection {
    if state.closes { return .close }
    return state.isHTTP10 ? .keepAlive : .none
  }

  /// Whether another request may follow, as far as is known when the head is written.
  private var canPersist: Bool {
    guard state.keepAlive, !loop.isDraining else { return false }
    guard state.reading == .body, state.demand == .none || state.demand == .failed else { return true }
    // Its body may come or not, so where the next request begins cannot be known (RFC 9110 §10.1.1).
    if state.awaitsContinue { return false }
    // Chunks may end soon; a length tells that they will not.
    return (parser.remainingBody ?? 0) <= loop.configuration.unreadBody
  }

  // MARK: Output

  /// Lets `body` write into the output, taken out meanwhile so that nobody else refers to its storage.
  @inline(__always)
  func write(_ body: (inout ByteBuffer) -> Void) {
    var buffer = output.take() ?? loop.takeOutput()
    body(&buffer)
    output = buffer
  }

  private func append(_ part: ByteBuffer) {
    if part.readableBytes <= HTTP1Connection.copyLimit {
      write { $0.writeImmutableBuffer(part) }
    } else {
      passOutput()
      pass(part)
    }
  }

  /// Hands bytes to the channel, to leave with the next flush.
  private func pass(_ bytes: ByteBuffer) {
    state.needsFlush = true
    context?.write(wrapOutboundOut(bytes), promise: nil)
  }

  private func passOutput() {
    if let bytes = output.take() { pass(bytes) }
  }

  /// Sends what was written.
  func flush() {
    if let context { flush(context) }
  }

  func flush(_ context: ChannelHandlerContext) {
    if let bytes = output.take() {
      state.needsFlush = false
      context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
      loop.giveBack(bytes)
    } else if state.needsFlush {
      state.needsFlush = false
      context.flush()
    }
  }

  /// Sends what was written at the end of the read cycle, or else of the loop's turn.
  func flushLater() {
    guard !state.inRead, !state.flushScheduled else { return }
    state.flushScheduled = true
    loop.flushSoon(self)
  }

  func flushScheduled() {
    state.flushScheduled = false
    flush()
  }

  // MARK: End of a response

  private func responseWritten() {
    state.writing = .flushing
    if !state.inRead || state.needsFlush { flush() }
    // Flushing may have found the client gone, or ended the exchange when it made room. Otherwise the exchange lasts
    // until the client has taken enough that what is left lies in bounds.
    if state.writing == .flushing, state.channelIsWritable { endExchange() }
  }

  /// The response is out. What becomes of the connection depends on the request.
  func endExchange() {
    state.writing = .idle
    state.since = loop.now
    let consumer = stream?.end()
    switch state.reading {
    case .complete:
      if state.closes {
        // A client that asked for the close sends nothing any more; one that did not may.
        closeAfterOutput(linger: state.keepAlive)
      } else {
        nextRequest()
      }
    case .body:
      if state.closes || state.awaitsContinue {
        closeAfterOutput(linger: true)
      } else {
        state.reading = .unread
        state.dropped = 0
        state.lastLook = loop.now
      }
    case .handshake, .head, .unread, .closing: break
    }
    if collected != nil { collected = nil }
    consumer?.streamEnded()
    resume()
  }

  func nextRequest() {
    state.reading = .head
    state.since = loop.now
    if loop.isDraining { loop.table.look(at: self, ConnectionTable.atOnce) }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate static var none: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}
