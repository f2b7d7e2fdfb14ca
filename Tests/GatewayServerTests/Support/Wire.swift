import GatewayHTTP
import NIOCore
import NIOEmbedded

@testable import GatewayServer

/// One connection without a socket: bytes in, bytes out, time by hand.
final class Wire {
  let channel: EmbeddedChannel
  let loop: ServerLoop
  let connection: HTTP1Connection
  let responder: ScriptedResponder
  let ends = EndRecorder()
  private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  init(
    _ configuration: ServerConfiguration = ServerConfiguration(),
    _ answer: @escaping (RequestHead, any ResponseStream) -> Void = ScriptedResponder.path
  ) throws {
    let eventLoop = EmbeddedEventLoop()
    channel = EmbeddedChannel(loop: eventLoop)
    responder = ScriptedResponder(answer)
    loop = ServerLoop(
      eventLoop: eventLoop, configuration: configuration, responder: responder, maxConnections: 16, now: now,
      wall: 784_111_777)
    connection = HTTP1Connection(loop: loop, isTLS: false)
    try channel.pipeline.syncOperations.addHandlers([ends, connection])
    channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 4711), promise: nil)
  }

  deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

  func send(_ text: String) throws {
    guard channel.isActive else { return }
    try channel.writeInbound(ByteBuffer(string: text))
    channel.embeddedEventLoop.run()
  }

  /// What the connection wrote since the last call, without the date lines.
  func received() throws -> String {
    channel.embeddedEventLoop.run()
    var text = ""
    while let part = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: part) }
    return text.replacing("date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", with: "")
  }

  /// Lets time pass in ticks.
  func pass(_ time: TimeAmount) {
    let end = now + time
    while now < end {
      now = min(now + ServerLoop.tickInterval, end)
      loop.tick(now: now, wall: 784_111_777)
    }
    channel.embeddedEventLoop.run()
  }

  func setWritable(_ writable: Bool) {
    channel.isWritable = writable
    channel.pipeline.fireChannelWritabilityChanged()
    channel.embeddedEventLoop.run()
  }

  func vanish() {
    channel.pipeline.fireChannelInactive()
    channel.embeddedEventLoop.run()
  }

  var isOpen: Bool { channel.isActive && !ends.isOver }
  /// Whether the socket is being read from.
  var reads: Bool { connection.state.reads }
}

/// Stands for the socket's end: notes which directions were closed instead of closing, for `EmbeddedChannel` knows no
/// half-closed connection.
final class EndRecorder: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  private(set) var isHalfClosed = false
  private(set) var isClosed = false
  var isOver: Bool { isHalfClosed || isClosed }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .output {
      isHalfClosed = true
      promise?.succeed(())
      context.fireUserInboundEventTriggered(ChannelEvent.outputClosed)
    } else {
      isClosed = true
      context.close(mode: mode, promise: promise)
    }
  }
}

/// A response's text: head lines, an empty line, the body.
func response(_ status: String, _ fields: String..., body: String = "") -> String {
  "HTTP/1.1 \(status)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
}

func request(_ line: String, _ fields: String..., body: String = "") -> String {
  line + " HTTP/1.1\r\nhost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
}
