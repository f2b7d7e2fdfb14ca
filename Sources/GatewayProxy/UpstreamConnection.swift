import GatewayHTTP
import NIOCore

/// One connection to one target: writes requests, reads responses, and says when it is free again. Never revived.
///
/// Three kinds of bad event: what the upstream does wrong fails the exchange in hand and closes the connection; a call
/// that comes too late (the exchange is over, the channel closed) does nothing; a call that cannot be (two exchanges at
/// once) is our bug and stops debug builds.
///
/// NIO can read and close from inside a write (a failing write drains the socket first). The consumer must not be
/// called from inside its own call, so everything that happens during a write is put off to the loop's next turn.
final class UpstreamConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let pool: UpstreamPool
  let target: Int
  /// Position in the pool's list, for removal without a search; nil while it is not in it.
  var index: Int?
  /// Where false, the pool's counters have already let go of this connection.
  var isCounted = true

  var context: ChannelHandlerContext?
  var exchange: ExchangeState?
  var reader: ResponseReader

  // The exchange in hand, request side.
  /// The request's last byte was handed to the channel.
  var isRequestSent = false
  /// The system took that last byte. Before that a close may be ours, and its meaning is unclear.
  var isRequestWritten = false
  /// Bytes of the body that were sent in parts.
  var bodyBytes = 0
  /// Bytes of the announced body still to be sent; nil where it is chunked.
  var remaining: Int?
  /// The upstream has refused the request before its end; the rest of the body is taken and dropped.
  var dropsParts = false

  // The exchange in hand, response side.
  var isHeadPassed = false
  var keepsAlive = false

  /// Whether it was free before the exchange in hand. A failure of the first one is not a stale connection.
  var wasReleased = false
  /// How long it may stay without a request.
  var parkFor: TimeAmount
  var isClosing = false
  /// Why the channel broke; nil where the upstream closed it in order.
  var error: (any Error)?
  var isWriting = false
  var isDeferred = false
  var isClosePending = false

  init(pool: UpstreamPool, target: Int) {
    self.pool = pool
    self.target = target
    parkFor = pool.upstream.limits.idleFor
    reader = ResponseReader(limits: pool.upstream.limits.response)
  }

  var targetDescription: String { pool.upstream.targets[target].description }

  // MARK: channel events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // Also the second response to one request: it must never meet the next request (response queue poisoning).
    guard exchange != nil, !isClosing else { return close() }
    reader.append(unwrapInboundIn(data))
    if isWriting { isDeferred = true } else { readResponse() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard let exchange, case .stream = exchange.request.body, !isRequestSent else { return }
    exchange.clock.moved = true
    // During a write the sender looks at `isWritable` itself when it returns.
    if !isWriting, acceptsParts { exchange.consumer?.upstreamWritable() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if self.error == nil { self.error = error }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    isClosing = true
    if isWriting {
      isDeferred = true
      isClosePending = true
    } else {
      channelClosed()
    }
  }

  /// Runs what came up during a write, outside of it.
  func scheduleDeferred() {
    guard isDeferred else { return }
    isDeferred = false
    pool.eventLoop.assumeIsolated().execute { [self] in
      if reader.hasSurplus { readResponse() }
      if isClosePending {
        isClosePending = false
        channelClosed()
      }
    }
  }

  /// Closes the channel, if it is open. The exchange in hand must have been ended before.
  func close() {
    isClosing = true
    context?.close(promise: nil)
  }

  func setReading(_ reading: Bool) {
    guard let channel = context?.channel, channel.isActive else { return }
    // Fails only on a closed channel, where it does not matter.
    try? channel.syncOptions?.setOption(.autoRead, value: reading)
  }

  // MARK: end of the channel

  private func channelClosed() {
    context = nil
    pool.connectionClosed(self)
    guard let exchange else { return }
    if error == nil, isRequestWritten, reader.isCompleteAtClose() {
      // A body that ends with the connection.
      return complete(exchange, head: nil, part: nil, trailers: nil)
    }
    if isStale(exchange) { return pool.retry(exchange, on: self) }
    let reset = error.map { ": \(FailureText.describe($0))" } ?? ""
    if !reader.hasBegun {
      fail(
        exchange, error == nil ? .closedBeforeResponse : .reset,
        "the connection was closed before a response\(reset)")
    } else if !isHeadPassed {
      fail(
        exchange, error == nil ? .closedBeforeResponse : .reset,
        "the connection was closed within the response head\(reset)")
    } else {
      fail(
        exchange, error == nil ? .truncated : .reset, "the connection was closed before the end of the body\(reset)")
    }
  }

  /// Whether the request may go out once more: the connection had served before, so the upstream probably closed it
  /// when idle, before it saw this request; nothing of a response came; and the request would do no harm if it was
  /// seen after all (RFC 9110 §9.2.2: never for POST).
  func isStale(_ exchange: ExchangeState) -> Bool {
    wasReleased && !reader.hasBegun && isReplayable(exchange)
  }

  func isReplayable(_ exchange: ExchangeState) -> Bool {
    !exchange.wasRetried && exchange.request.method.isIdempotent && exchange.request.isReplayable
  }

  func fail(_ exchange: ExchangeState, _ kind: UpstreamFailure.Kind, _ cause: String) {
    self.exchange = nil
    close()
    pool.fail(exchange, kind, target: targetDescription, cause)
  }
}
