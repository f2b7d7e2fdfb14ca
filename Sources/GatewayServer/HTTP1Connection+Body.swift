import GatewayHTTP
import NIOCore

/// The request's content on its way to the exchange.
extension HTTP1Connection {
  /// Whether bytes of the body have somewhere to go.
  var wantsBody: Bool {
    (state.demand == .whole || state.demand == .parts) && (state.writing == .waiting || state.writing == .parts)
  }

  func askForBody(_ demand: ConnectionState.Demand, limit: Int) {
    guard state.writing == .waiting || state.writing == .parts, state.demand == .none else { return }
    state.demand = demand
    state.bodyLimit = limit
    guard state.reading == .body else {
      // There was none, or (after its end) there is no more: the answer is the same.
      if demand == .whole {
        stream?.consumer?.requestBody(ByteBuffer())
      } else {
        stream?.consumer?.requestEnd(trailers: nil)
      }
      return
    }
    if let length = parser.remainingBody, length > limit {
      failBody(tooLarge(limit))
      return
    }
    state.lastLook = loop.now
    resume()
  }

  func pauseBody() {
    if state.demand == .parts { state.demand = .paused }
  }

  func resumeBody() {
    guard state.demand == .paused else { return }
    state.demand = .parts
    state.lastLook = loop.now
    resume()
  }

  func receive(_ event: RequestEvent) {
    switch event {
    case .head: break
    case .body(let part):
      state.awaitsContinue = false
      state.bodyBytes += part.readableBytes
      earn(part.readableBytes)
      guard state.bodyBytes <= state.bodyLimit else {
        failBody(tooLarge(state.bodyLimit))
        return
      }
      if state.demand == .parts {
        stream?.consumer?.requestPart(part)
      } else {
        collect(part)
      }
    case .end(let trailers):
      state.reading = .complete
      if state.demand == .parts {
        stream?.consumer?.requestEnd(trailers: trailers)
      } else {
        let body = collected.take() ?? ByteBuffer()
        stream?.consumer?.requestBody(body)
      }
    }
  }

  /// The first part is kept as the slice of the received buffer that it is: a body that came whole is never copied.
  /// Growth is by what arrived, never by what was announced.
  private func collect(_ part: ByteBuffer) {
    if var body = collected.take() {
      body.writeImmutableBuffer(part)
      collected = body
    } else {
      collected = part
    }
  }

  /// The exchange wants the body now. A client that has begun to send it does not need to be told, and after the
  /// response's head it cannot be told any more (RFC 9110 §10.1.1).
  func answerExpectation(_ bytes: ByteBuffer) {
    state.awaitsContinue = false
    guard bytes.readableBytes == 0, state.writing == .waiting else { return }
    write { ResponseSerializer.writeContinue(into: &$0) }
  }

  /// The body cannot be had. The exchange may still answer; what is left of the body decides whether the connection
  /// goes on.
  func failBody(_ error: HTTPError) {
    guard state.demand != .failed else { return }
    state.demand = .failed
    collected = nil
    if error.closes { state.closes = true }
    stream?.consumer?.requestFailed(error)
  }

  private func tooLarge(_ limit: Int) -> HTTPError {
    HTTPError(413, detail: "request body is larger than \(limit) bytes")
  }

  // MARK: Content that nobody wants

  func drop(_ event: RequestEvent) {
    switch event {
    case .head: break
    case .body(let part):
      earn(part.readableBytes)
      state.dropped += part.readableBytes
      if state.dropped > loop.configuration.unreadBody { closeAfterOutput(linger: true) }
    case .end: nextRequest()
    }
  }

  /// While closing: bounded, so that nobody keeps a closed connection busy.
  func drop(_ bytes: inout ByteBuffer) {
    state.dropped += bytes.readableBytes
    bytes.clear()
    if state.dropped > loop.configuration.lingerBytes { context?.close(promise: nil) }
  }

  // MARK: Rate

  /// Bytes that arrived pay for time at `bodyRate`, up to `bodyCredit`.
  private func earn(_ bytes: Int) {
    let timeouts = loop.configuration.timeouts
    guard timeouts.bodyRate > 0 else { return }
    // A read is far below 2^33 bytes, so the product fits.
    let earned = TimeAmount.nanoseconds(Int64(bytes) * 1_000_000_000 / Int64(timeouts.bodyRate))
    state.bodyCredit = min(state.bodyCredit + earned, timeouts.bodyCredit)
  }
}
