import GatewayHTTP
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Accepts the connections of one listening descriptor on one loop, and opens the channel again should it fail.
///
/// Owns the descriptor; the channel works on a copy, so that the kernel's queue survives the channel.
final class Acceptor {
  private let loop: ServerLoop
  private let descriptor: CInt
  private let address: String
  private let tls: NIOSSLContext?
  private let onEvent: @Sendable (ServerEvent) -> Void

  init(
    loop: ServerLoop, descriptor: CInt, address: ListenAddress, tls: NIOSSLContext?,
    onEvent: @escaping @Sendable (ServerEvent) -> Void
  ) {
    self.loop = loop
    self.descriptor = descriptor
    self.address = address.description
    self.tls = tls
    self.onEvent = onEvent
  }

  /// Starts to accept. The future fails if the descriptor cannot be taken into service.
  func start() -> EventLoopFuture<Void> {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else {
      return loop.eventLoop.makeFailedFuture(IOError(errnoCode: errno, reason: "dup"))
    }
    let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
    return ServerBootstrap(group: loop.eventLoop)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let acceptor = bound.value
          try channel.pipeline.syncOperations.addHandler(
            AcceptGate(loop: acceptor.loop, address: acceptor.address, onEvent: acceptor.onEvent))
        }
      }
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try bound.value.setUp(channel) }
      }
      .withBoundSocket(copy)
      .assumeIsolated()
      .map { [self] channel in
        // NIO has set the backlog to its own default.
        _ = listen(descriptor, loop.configuration.backlog)
        channel.closeFuture.assumeIsolated().whenComplete { [self] _ in ended() }
      }
      .nonisolated()
  }

  private func setUp(_ channel: any Channel) throws {
    let options = channel.syncOptions
    try options?.setOption(.writeBufferWaterMark, value: loop.configuration.writeBuffer)
    // One read a turn: the next one happens only after what was read has been looked at, so stopping stops at once.
    try options?.setOption(.maxMessagesPerRead, value: 1)
    // The buffer stays with its connection, so its size is part of what an idle connection costs.
    try options?.setOption(
      .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 16 * 1024))
    if let tls {
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
    }
    try channel.pipeline.syncOperations.addHandler(HTTP1Connection(loop: loop, isTLS: tls != nil))
  }

  private func ended() {
    if loop.isDraining {
      _ = close(descriptor)
      return
    }
    onEvent(.listenerFailed(address: address, reason: "the listening channel closed"))
    loop.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [self] in retry() }
  }

  private func retry() {
    guard !loop.isDraining else {
      _ = close(descriptor)
      return
    }
    start().assumeIsolated().whenFailure { [self] _ in
      loop.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [self] in retry() }
    }
  }
}
