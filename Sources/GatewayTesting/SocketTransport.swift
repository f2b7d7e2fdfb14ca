import GatewayHTTP
import NIOCore
import NIOPosix

/// Sends each request over a connection of its own to the gateway's port.
struct SocketTransport: TestTransport {
  let group: any EventLoopGroup
  let port: Int

  func start(_ head: ByteBuffer, method: String, body: ByteBuffer?, isSecure: Bool) async throws -> TestExchange {
    guard !isSecure else { throw TestGatewayError(text: "over a socket the test client does not speak TLS") }
    let channel = try await connect()
    let mailbox = ResponseMailbox { control in
      switch control {
      case .more: channel.eventLoop.execute { try? channel.syncOptions?.setOption(.autoRead, value: true) }
      case .leave: channel.close(promise: nil)
      }
    }
    try await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.addHandler(ResponseHandler(mailbox, HTTPMethod(name: method)))
      // Closed meanwhile: the handler has seen it.
      try? channel.syncOptions?.setOption(.autoRead, value: true)
    }.get()
    var first = head
    if let body { first.writeImmutableBuffer(body) }
    // A gateway that has answered may close before the whole body was sent: the answer counts.
    // Not waited for: it may take the body only as fast as its answer is read.
    channel.writeAndFlush(first, promise: nil)
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
    let channel = try await connect()
    let done = channel.eventLoop.makePromise(of: [UInt8].self)
    try await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.addHandler(RawHandler(done))
      // Closed meanwhile: the handler has seen it.
      try? channel.syncOptions?.setOption(.autoRead, value: true)
    }.get()
    // A gateway that has refused may close before all was sent: what it said counts.
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    return try await done.futureResult.get()
  }

  /// Nothing is read, and so no end is seen, before there is a handler that takes it.
  private func connect() async throws -> any Channel {
    try await ClientBootstrap(group: group).connectTimeout(.seconds(5)).channelOption(.autoRead, value: false)
      .connect(host: "127.0.0.1", port: port).get()
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

  /// A connection that was reset before there was a handler ends here.
  func handlerAdded(context: ChannelHandlerContext) {
    if !context.channel.isActive { channelInactive(context: context) }
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

  func handlerAdded(context: ChannelHandlerContext) {
    if !context.channel.isActive { channelInactive(context: context) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { received.writeImmutableBuffer(unwrapInboundIn(data)) }
  func channelInactive(context: ChannelHandlerContext) { done.succeed(Array(received.readableBytesView)) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
