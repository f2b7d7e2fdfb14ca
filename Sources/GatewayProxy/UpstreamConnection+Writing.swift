import GatewayHTTP
import NIOCore

extension UpstreamConnection {
  /// Bodies up to this size are copied behind the head so that one buffer goes out; larger ones go beside it.
  static let joinedBody = 16 * 1024

  /// Writes a request, head and whole body in one flush. Never calls the consumer.
  func send(_ exchange: ExchangeState) {
    assert(self.exchange == nil, "two exchanges on one connection")
    self.exchange = exchange
    exchange.stage = .sent(self)
    exchange.clock.moved = true
    isHeadPassed = false
    dropsParts = false
    remaining = nil
    reader.expect(responseTo: exchange.request.method)
    switch exchange.request.body {
    case .none, .whole: isRequestSent = true
    case .stream(let length):
      isRequestSent = false
      remaining = length
    }
    bodyBytes = 0
    isRequestWritten = false
    guard let context, !isClosing else {
      // Closed between the pool's choice and now.
      isDeferred = true
      isClosePending = true
      return scheduleDeferred()
    }
    isWriting = true
    writeRequest(exchange, context)
    if exchange.isPaused { setReading(false) }
    isWriting = false
    if !exchange.earlyParts.isEmpty || exchange.earlyEnd {
      let parts = exchange.earlyParts
      exchange.earlyParts = []
      for part in parts { sendPart(part) }
      if exchange.earlyEnd { sendEnd() }
    }
    scheduleDeferred()
  }

  private func writeRequest(_ exchange: ExchangeState, _ context: ChannelHandlerContext) {
    var joined: ByteBuffer?
    var beside: ByteBuffer?
    if case .whole(let body) = exchange.request.body, body.readableBytes > 0 {
      if body.readableBytes > Self.joinedBody { beside = body } else { joined = body }
    }
    var out = pool.takeScratch()
    exchange.request.write(hostLine: pool.upstream.targets[target].hostLine, body: joined, into: &out)
    if let beside {
      context.write(wrapOutboundOut(out), promise: nil)
      context.writeAndFlush(wrapOutboundOut(beside), promise: writtenPromise(exchange, context))
    } else {
      isRequestWritten = isRequestSent
      context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    }
    pool.giveBackScratch(out)
  }

  /// Kept when the system has taken the request's last byte. Not asked for where the whole request is small: an empty
  /// socket buffer takes that at once, and the promise would be the only allocation.
  private func writtenPromise(_ exchange: ExchangeState, _ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
    let generation = exchange.generation
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenSuccess { [self] in
      if self.exchange === exchange, exchange.generation == generation { isRequestWritten = true }
    }
    return written
  }

  /// Whether the sender of the body should go on. True also where the rest is dropped: the client's body then drains,
  /// and the client lives to read the answer.
  var acceptsParts: Bool {
    guard !isClosing, !isRequestSent, let context else { return false }
    return dropsParts || context.channel.isWritable
  }

  func sendPart(_ part: ByteBuffer) {
    guard let exchange, !isRequestSent, !isClosing, let context else { return }
    if let remaining {
      guard part.readableBytes <= remaining else {
        return mismatch("the request body is longer than the announced length")
      }
      self.remaining = remaining - part.readableBytes
    }
    if dropsParts { return }
    exchange.clock.moved = true
    bodyBytes += part.readableBytes
    isWriting = true
    if remaining == nil {
      var out = pool.takeScratch()
      ChunkSerializer.writeHeader(part.readableBytes, into: &out)
      if part.readableBytes > Self.joinedBody {
        context.write(wrapOutboundOut(out), promise: nil)
        context.write(wrapOutboundOut(part), promise: nil)
        context.writeAndFlush(wrapOutboundOut(Self.lineEnd), promise: nil)
      } else {
        out.writeImmutableBuffer(part)
        ChunkSerializer.writeEnd(into: &out)
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
      }
      pool.giveBackScratch(out)
    } else {
      context.writeAndFlush(wrapOutboundOut(part), promise: nil)
    }
    isWriting = false
    scheduleDeferred()
  }

  func sendEnd() {
    guard let exchange, !isRequestSent, !isClosing, let context else { return }
    if let remaining, remaining > 0 {
      return mismatch("the request body ended \(remaining) bytes before the announced length")
    }
    isRequestSent = true
    if dropsParts { return }
    let isSmall = bodyBytes <= Self.joinedBody
    if isSmall { isRequestWritten = true }
    if isSmall, remaining != nil { return }
    isWriting = true
    context.writeAndFlush(
      wrapOutboundOut(remaining == nil ? Self.lastChunk : ByteBuffer()),
      promise: isSmall ? nil : writtenPromise(exchange, context))
    isWriting = false
    scheduleDeferred()
  }

  private static let lineEnd = ByteBuffer(staticString: "\r\n")
  private static let lastChunk = ByteBuffer(staticString: "0\r\n\r\n")

  /// The message cannot be ended in a way the upstream would understand, so it ends with the connection. Put off, as
  /// this is inside a call of the consumer.
  private func mismatch(_ cause: String) {
    guard let exchange else { return }
    isClosing = true
    let generation = exchange.generation
    pool.eventLoop.assumeIsolated().execute { [self] in
      guard self.exchange === exchange, exchange.generation == generation else { return }
      fail(exchange, .requestBodyMismatch, cause)
    }
  }
}
