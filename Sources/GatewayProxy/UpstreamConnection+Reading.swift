import GatewayHTTP
import NIOCore

extension UpstreamConnection {
  /// Passes on what the received bytes mean.
  func readResponse() {
    guard let exchange else { return }
    switch reader.read() {
    case .failed(let kind, let cause): fail(exchange, kind, cause)
    case .more(let head, let part):
      if let head, !accepts(head, exchange) { return pool.retry(exchange, on: self) }
      let dropped = dropsParts
      guard pass(exchange, head: head, part: part), head != nil, dropped else { return }
      // A sender that waits for room has none to wait for any more.
      if let context, !context.channel.isWritable { exchange.consumer?.upstreamWritable() }
    case .end(let head, let part, let trailers):
      if let head, !accepts(head, exchange) { return pool.retry(exchange, on: self) }
      complete(exchange, head: head, part: part, trailers: trailers)
    }
  }

  /// Notes what a head says about the connection; false where it is no answer to this request.
  private func accepts(_ head: ResponseHead, _ exchange: ExchangeState) -> Bool {
    // RFC 9110 §15.5.9: sent to connections that were idle too long, so it says nothing about this request.
    if head.status == 408, !head.keepAlive, wasReleased, isReplayable(exchange) { return false }
    keepsAlive = head.keepAlive
    if let field = head.first(.keepAlive) { limitParking(head, field) }
    // RFC 9112 §9.3: a refusal before the end of the request; sending on would only be thrown away.
    if !isRequestSent, head.status >= 300 { dropsParts = true }
    return true
  }

  /// `Keep-Alive: timeout=5`: the upstream closes after so many seconds without a request (Node's default). A request
  /// written at that moment is lost, and where it may not be sent twice that is a 502, so this end closes a second
  /// earlier.
  private func limitParking(_ head: ResponseHead, _ field: ByteRange) {
    head.bytes.withUnsafeReadableBytes { bytes in
      for parameter in OptionList(bytes, field) {
        let text = bytes[parameter]
        guard text.count > 8, text.count <= 8 + 6,
          FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: text[..<8]), "timeout=")
        else { continue }
        var seconds: Int64 = 0
        for byte in text[8...] {
          guard byte &- 0x30 < 10 else { return }
          seconds = seconds * 10 + Int64(byte &- 0x30)
        }
        parkFor = min(parkFor, .seconds(seconds - 1))
      }
    }
  }

  /// Passes on head and part; false where the consumer gave up over it.
  private func pass(_ exchange: ExchangeState, head: ResponseHead?, part: ByteBuffer?) -> Bool {
    let generation = exchange.generation
    if let head {
      isHeadPassed = true
      exchange.clock.moved = true
      exchange.consumer?.upstreamHead(head)
      guard exchange.generation == generation else { return false }
    }
    if let part {
      exchange.clock.moved = true
      exchange.consumer?.upstreamPart(part)
      guard exchange.generation == generation else { return false }
    }
    return true
  }

  /// The response has ended as its framing says.
  func complete(_ exchange: ExchangeState, head: ResponseHead?, part: ByteBuffer?, trailers: FieldLines?) {
    guard let head, trailers == nil else {
      guard pass(exchange, head: head, part: part) else { return }
      leave(exchange)?.upstreamEnd(trailers: trailers)
      return
    }
    leave(exchange)?.upstreamResponse(head, body: part ?? ByteBuffer())
  }

  /// Ends the exchange on this connection and gives the connection back, before the consumer is told, who may want it
  /// for another request at once.
  private func leave(_ exchange: ExchangeState) -> (any UpstreamConsumer)? {
    self.exchange = nil
    let isReusable = keepsAlive && isRequestSent && !dropsParts && !isClosing && !reader.hasSurplus
    reader.removeUnread()
    let wasPaused = exchange.isPaused
    let consumer = pool.finish(exchange)
    if isReusable {
      if wasPaused { setReading(true) }
      pool.release(self)
    } else {
      close()
    }
    return consumer
  }

  // MARK: time

  /// What the exchange in hand waits for.
  private func currentWait(_ exchange: ExchangeState) -> ExchangeClock.Wait {
    if !isRequestSent, !dropsParts {
      // The next move is the upstream's only where it does not take what is there.
      return acceptsParts ? .nothing : .progress
    }
    if !isHeadPassed { return .head }
    return exchange.isPaused ? .nothing : .progress
  }

  func tick(_ now: NIODeadline) {
    guard let exchange, !isClosing else { return }
    guard let kind = exchange.clock.tick(now, wait: currentWait(exchange), exchange.timeouts) else { return }
    let cause =
      switch kind {
      case .responseHeadTimeout: "no response head in time"
      case .idleTimeout: isRequestSent ? "the response stopped coming" : "the upstream stopped reading the request"
      default: "the exchange took too long"
      }
    fail(exchange, kind, cause)
  }
}
