import GatewayHTTP
import Glibc
import NIOCore
import NIOSSL

/// The ways a connection ends.
extension HTTP1Connection {
  /// Closes after what was written has left. With `linger` only our direction is closed at first and what the client
  /// still sends is dropped for a while: closed at once, the kernel would answer those bytes with a reset, which can
  /// take the response away from a client that has not read it yet (RFC 9112 §9.6).
  func closeAfterOutput(linger: Bool) {
    guard state.reading != .closing, let context else { return }
    state.reading = .closing
    state.dropped = 0
    state.since = loop.now
    loop.table.look(at: self, ConnectionTable.atOnce)
    setReading(true)
    let promise = loop.eventLoop.makePromise(of: Void.self)
    if linger {
      flush()
      promise.futureResult.assumeIsolated().whenComplete { [self] result in
        if case .failure = result {
          closeNow()
        } else {
          state.halfClosed = true
          state.since = loop.now
        }
      }
      context.close(mode: .output, promise: promise)
    } else {
      promise.futureResult.assumeIsolated().whenComplete { [self] _ in closeNow() }
      let bytes = output.take() ?? ByteBuffer()
      context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
    }
  }

  /// Closes and forgets what has not left yet.
  func closeNow() {
    state.reading = .closing
    context?.close(promise: nil)
  }

  /// For a connection between two requests.
  func closeIdle() {
    if isIdle { closeAfterOutput(linger: false) }
  }

  func abort() {
    guard state.writing == .waiting || state.writing == .parts else { return }
    let endsWithConnection = state.writing == .parts && state.framing == .untilClose
    state.writing = .idle
    let consumer = stream?.end()
    // Without its last chunk or its announced length a response is visibly cut off; one that ends with the connection
    // is so only by a reset.
    if endsWithConnection { reset() } else { closeAfterOutput(linger: false) }
    consumer?.streamEnded()
  }

  /// Ends the connection at once, with a reset, past TLS: its close_notify would call a cut response complete.
  func reset() {
    state.reading = .closing
    guard let context else { return }
    if let socket = context.channel as? any SocketOptionProvider {
      _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
    if isTLS, let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
      tls.close(promise: nil)
    } else {
      context.close(promise: nil)
    }
  }
}
