import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Sends each request over a connection of its own to the gateway's port.
struct SocketTransport: TestTransport {
  let group: any EventLoopGroup
  let port: Int

  func start(_ head: ByteBuffer, method: String, body: ByteBuffer?, isSecure: Bool) async throws -> TestExchange {
    guard !isSecure else { throw TestGatewayError(text: "over a socket the test client does not speak TLS") }
    let opened = NIOLockedValueBox<(any Channel)?>(nil)
    let mailbox = ResponseMailbox { control in
      guard let channel = opened.withLockedValue({ $0 }) else { return }
      switch control {
      case .more: channel.eventLoop.execute { try? channel.syncOptions?.setOption(.autoRead, value: true) }
      case .leave: channel.close(promise: nil)
      }
    }
    var first = head
    if let body { first.writeImmutableBuffer(body) }
    let channel = try await connect(sending: first) { channel in
      opened.withLockedValue { $0 = channel }
      return ResponseHandler(mailbox, HTTPMethod(name: method))
    }
    return TestExchange(mailbox: mailbox) { part, isLast in
      var out = ByteBuffer()
      if part.readableBytes > 0 {
        out.writeString("\(String(part.readableBytes, radix: 16))\r\n")
        out.writeImmutableBuffer(part)
        out.writeString("\r\n")
      }
      if isLast { out.writeString("0\r\n\r\n") }
      try? await channel.writeAndFlush(out).get()
    }
  }

  /// Sends bytes as they are, and gives what comes back until the gateway closes.
  func exchange(_ bytes: [UInt8]) async throws -> [UInt8] {
    let done = group.next().makePromise(of: [UInt8].self)
    do {
      _ = try await connect(sending: ByteBuffer(bytes: bytes)) { _ in RawHandler(done) }
    } catch {
      done.fail(error)
    }
    return try await done.futureResult.get()
  }

  /// Connects and sends at once, on the loop: on a machine that is busy with many tests the gateway would else close a
  /// connection that asks nothing for so long. What is sent is not waited for: a gateway that refuses may close before all of
  /// it was sent, and a response may come while it is.
  private func connect(
    sending first: ByteBuffer, _ handler: @escaping @Sendable (any Channel) -> some ChannelInboundHandler
  ) async throws -> any Channel {
    try await ClientBootstrap(group: group).connectTimeout(.seconds(60))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler(channel)) }
      }
      .connect(host: "127.0.0.1", port: port)
      .map { channel in
        channel.writeAndFlush(first, promise: nil)
        return channel
      }.get()
  }
}

/// Reads one response.
private final class ResponseHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let mailbox: ResponseMailbox
  private var parser = ResponseParser()
  private var unread = ByteBuffer()

  init(_ mailbox: ResponseMailbox, _ method: HTTPMethod) {
    self.mailbox = mailbox
    parser.expect(responseTo: method)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    unread.writeImmutableBuffer(unwrapInboundIn(data))
    do {
      while let event = try parser.next(&unread) { take(event, context) }
    } catch {
      mailbox.end(.failure(TestGatewayError(text: "the response is malformed: \(error)")))
      context.close(promise: nil)
    }
  }

  private func take(_ event: ResponseEvent, _ context: ChannelHandlerContext) {
    switch event {
    case .informational: break
    case .head(let head):
      let fields = head.fields.map { (name: head.text($0.name).lowercased(), value: head.text($0.value)) }
      mailbox.head(.init(status: Int(head.status), fields: fields))
    case .body(let part):
      if !mailbox.part(part) { try? context.channel.syncOptions?.setOption(.autoRead, value: false) }
    case .end:
      mailbox.end(.success(()))
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if let event = try? parser.connectionClosed(), case .end = event { return mailbox.end(.success(())) }
    mailbox.end(.failure(TestGatewayError(text: "the response was cut off")))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Collects what comes until the connection is closed.
private final class RawHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let done: EventLoopPromise<[UInt8]>
  private var received = ByteBuffer()

  init(_ done: EventLoopPromise<[UInt8]>) { self.done = done }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { received.writeImmutableBuffer(unwrapInboundIn(data)) }
  func channelInactive(context: ChannelHandlerContext) { done.succeed(Array(received.readableBytesView)) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
