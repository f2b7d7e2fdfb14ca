import GatewayHTTP
import NIOCore

extension UpstreamConnection {
  /// Takes apart what was received and passes it on. What one read brought is passed on at its end, in as few calls as
  /// possible: a whole small response is one call, many small chunks are one part.
  func readResponse() {
    guard let exchange else { return }
    let generation = exchange.generation
    var head: ResponseHead?
    var part: ByteBuffer?
    while true {
      let event: ResponseEvent?
      do throws(HTTPError) {
        event = try parser.next(&unread)
      } catch {
        return fail(exchange, .malformed, error.cause ?? "malformed response")
      }
      switch event {
      case .informational:
        // RFC 9110 §15.2: a proxy may drop 103; 100 answers an Expect that was never sent. The parser counts them.
        continue
      case .head(let received):
        guard received.status != 101 else {
          return fail(exchange, .unexpectedUpgrade, "101 to a request that asked for no upgrade")
        }
        // RFC 9110 §15.5.9: sent to connections that were idle too long, so it says nothing about this request.
        if received.status == 408, !received.keepAlive, completed > 0, isReplayable(exchange) {
          return pool.retry(exchange, on: self)
        }
        keepsAlive = received.keepAlive
        // RFC 9112 §9.3: a refusal before the end of the request; sending on would only be thrown away.
        if !isRequestSent, received.status >= 300 { dropsParts = true }
        head = received
      case .body(let bytes):
        if part == nil { part = bytes } else { part?.writeImmutableBuffer(bytes) }
      case .end(let trailers):
        return complete(exchange, head: head, part: part, trailers: trailers)
      case nil:
        // Lets NIO use its read buffer again.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        _ = pass(exchange, generation, head: &head, part: part)
        return
      }
    }
  }

  /// Passes on head and part; false where the consumer gave up over it.
  private func pass(
    _ exchange: ExchangeState, _ generation: UInt, head: inout ResponseHead?, part: ByteBuffer?
  ) -> Bool {
    if let received = head.take() {
      isHeadPassed = true
      exchange.clock.moved = true
      exchange.consumer?.upstreamHead(received)
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
    var head = head
    let isWhole = head != nil && trailers == nil
    if !isWhole {
      guard pass(exchange, exchange.generation, head: &head, part: part) else { return }
    }
    self.exchange = nil
    completed += 1
    let isReusable = keepsAlive && isRequestSent && !dropsParts && !isClosing && unread.readableBytes == 0
    unread = ByteBuffer()
    let wasPaused = exchange.isPaused
    let consumer = pool.finish(exchange)
    if isReusable {
      if wasPaused { setReading(true) }
      pool.release(self)
    } else {
      close()
    }
    if let head, isWhole {
      consumer?.upstreamResponse(head, body: part ?? ByteBuffer())
    } else {
      consumer?.upstreamEnd(trailers: trailers)
    }
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
