import Glibc
import NIOCore

/// Lets a listening channel accept only while there is room. Stands first in its pipeline, and stops it by keeping its
/// reads back: the kernel's backlog then holds the new connections, and the loop does not even hear of them.
final class AcceptGate: ChannelDuplexHandler {
  typealias InboundIn = Channel
  typealias InboundOut = Channel
  typealias OutboundIn = Never

  /// What the gate waits for.
  enum Shortage { case connections, descriptors }

  private let loop: ServerLoop
  private let address: String
  private let onEvent: @Sendable (ServerEvent) -> Void
  private var context: ChannelHandlerContext?
  private var shortage: Shortage?
  private var readIsWanted = false
  /// Said once; quiet until accepting has gone well for a while.
  private var isReported = false
  private var pausedAt = NIODeadline.uptimeNanoseconds(0)

  /// How long a shortage of descriptors lasts before accept is tried again.
  private static let retry = TimeAmount.milliseconds(500)

  init(loop: ServerLoop, address: String, onEvent: @escaping @Sendable (ServerEvent) -> Void) {
    self.loop = loop
    self.address = address
    self.onEvent = onEvent
  }

  var waitsForConnections: Bool { shortage == .connections }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    loop.gateClosed(self)
  }

  func read(context: ChannelHandlerContext) {
    if shortage == nil { context.read() } else { readIsWanted = true }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.fireChannelRead(data)
    guard loop.isFull else { return }
    pause(.connections, .connectionsExhausted(address: address, limit: loop.maxConnections))
  }

  /// NIO closes the channel for errors that are the socket's and leaves it open for those that pass: no descriptors,
  /// no memory, a connection that was reset before it was accepted. Tried again at once, the first kind would spin.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? IOError, error.errnoCode != ECONNABORTED else { return }
    pause(.descriptors, .acceptPaused(address: address, reason: IOErrorText.of(error)))
  }

  private func pause(_ shortage: Shortage, _ event: ServerEvent) {
    guard self.shortage == nil else { return }
    self.shortage = shortage
    pausedAt = loop.now
    if !isReported {
      isReported = true
      onEvent(event)
    }
  }

  /// Accepts again if that is what was missing.
  func resume(_ shortage: Shortage) {
    guard self.shortage == shortage else { return }
    if shortage == .descriptors, loop.now < pausedAt + AcceptGate.retry { return }
    self.shortage = nil
    if readIsWanted {
      readIsWanted = false
      context?.read()
    }
  }

  /// From the loop's tick: a shortage that has been over for a while is called over.
  func tick(_ now: NIODeadline) {
    resume(.descriptors)
    guard isReported, shortage == nil, !loop.isFull, now >= pausedAt + .seconds(5) else { return }
    isReported = false
    onEvent(.acceptResumed(address: address))
  }

  func close() { context?.close(promise: nil) }
}
