import Dispatch
import GatewayHTTP
import NIOCore
import NIOPosix
import Testing

@testable import GatewayProxy

/// Events in order, for a test that waits for them one by one.
final class Mailbox<Element: Sendable>: Sendable {
  private let stream: AsyncStream<Element>
  private let continuation: AsyncStream<Element>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream(of: Element.self) }

  func put(_ element: Element) { continuation.yield(element) }

  func next() async throws -> Element {
    var iterator = stream.makeAsyncIterator()
    return try #require(await iterator.next())
  }
}

/// A server that does exactly what the test says, byte for byte.
final class ScriptedServer: Sendable {
  enum Event: Sendable, Equatable {
    case received(String)
    case closed
  }

  /// One accepted connection.
  final class Connection: Sendable {
    let channel: any Channel
    let events = Mailbox<Event>()

    init(_ channel: any Channel) { self.channel = channel }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func close() async throws { try await channel.close() }

    /// Closes so that the peer sees a reset instead of an end.
    func reset() async throws {
      let options = try #require(channel as? any SocketOptionProvider)
      try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
      try await channel.close()
    }

    /// As `reset`, complete when it returns, for a caller on `loop`.
    func resetNow(from loop: any EventLoop) {
      let channel = channel
      let done = DispatchSemaphore(value: 0)
      let close: @Sendable () -> Void = {
        (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
          channel.close().whenComplete { _ in done.signal() }
        }
      }
      if channel.eventLoop === loop {
        close()
      } else {
        channel.eventLoop.execute(close)
        done.wait()
      }
    }

    /// Collects what comes until it ends with `end`.
    func receive(until end: String = "\r\n\r\n") async throws -> String {
      var text = ""
      while !text.hasSuffix(end) {
        guard case .received(let more) = try await events.next() else {
          Issue.record("closed after \(text.debugDescription)")
          return text
        }
        text += more
      }
      return text
    }

    func expectClosed() async throws {
      while case .received = try await events.next() {}
    }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let connection: Connection
    init(_ connection: Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      connection.events.put(.received(String(buffer: unwrapInboundIn(data))))
    }
    func channelInactive(context: ChannelHandlerContext) { connection.events.put(.closed) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  let port: Int
  private let channel: any Channel
  private let accepted = Mailbox<Connection>()

  init(port: Int = 0, unixSocket: String? = nil, autoRead: Bool = true) async throws {
    let accepted = accepted
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.autoRead, value: autoRead)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let connection = Connection(channel)
          try channel.pipeline.syncOperations.addHandler(Handler(connection))
          accepted.put(connection)
        }
      }
    if let unixSocket {
      channel = try await bootstrap.bind(unixDomainSocketPath: unixSocket, cleanupExistingSocketFile: true).get()
    } else {
      channel = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
    }
    self.port = channel.localAddress?.port ?? 0
  }

  func accept() async throws -> Connection { try await accepted.next() }

  func close() async throws { try await channel.close() }

  var target: Upstream.Target? { Upstream.Target(host: "127.0.0.1", port: port) }
}

/// Everything a consumer is told, as text-like events.
enum Told: Sendable, Equatable {
  case response(Int, String)
  case head(Int)
  case part(String)
  case end
  case trailers(String)
  case failed(UpstreamFailure.Kind)
  case writable
}

/// Reports what it is told, and can do something at that moment.
final class RecordingConsumer: UpstreamConsumer {
  let told = Mailbox<Told>()
  var onHead: (() -> Void)?
  var onEnd: (() -> Void)?
  var failure: UpstreamFailure?
  /// Parts as their sizes only, for long bodies.
  var received = 0
  var countsOnly = false

  func upstreamResponse(_ head: borrowing ResponseHead, body: ByteBuffer) {
    told.put(.response(Int(head.status), String(buffer: body)))
    onEnd?()
  }
  func upstreamHead(_ head: borrowing ResponseHead) {
    told.put(.head(Int(head.status)))
    onHead?()
  }
  func upstreamPart(_ part: ByteBuffer) {
    received += part.readableBytes
    if !countsOnly { told.put(.part(String(buffer: part))) }
  }
  func upstreamEnd(trailers: FieldLines?) {
    if let trailers { told.put(.trailers(String(buffer: trailers.bytes))) } else { told.put(.end) }
    onEnd?()
  }
  func upstreamFailed(_ failure: UpstreamFailure) {
    self.failure = failure
    told.put(.failed(failure.kind))
  }
  func upstreamWritable() { told.put(.writable) }
}

/// A pool on a loop of its own, used from a test.
final class PoolHarness: Sendable {
  /// What lives on the loop.
  final class State {
    let pool: UpstreamPool
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    init(_ make: (@escaping () -> NIODeadline) -> UpstreamPool) {
      var read: () -> NIODeadline = { .uptimeNanoseconds(0) }
      pool = make { read() }
      read = { [unowned self] in self.now }
    }
  }

  /// One request in the test's hands.
  struct Call: Sendable {
    let consumer: NIOLoopBound<RecordingConsumer>
    let exchange: NIOLoopBound<UpstreamExchange>
    let told: Mailbox<Told>
  }

  let loop: any EventLoop
  private let state: NIOLoopBound<State>

  init(
    _ targets: [Upstream.Target?], timeouts: Upstream.Timeouts = Upstream.Timeouts(),
    limits: (inout Upstream.Limits) -> Void = { _ in }
  ) async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    var figures = Upstream.Limits()
    limits(&figures)
    let upstream = Upstream(name: "stock", targets: targets.compactMap { $0 }, timeouts: timeouts, limits: figures)
    self.loop = loop
    state = try await loop.submit {
      let state = State { UpstreamPool(upstream: upstream, eventLoop: loop, loopIndex: 0, clock: $0) }
      return NIOLoopBound(state, eventLoop: loop)
    }.get()
  }

  func run<Result: Sendable>(_ body: @escaping @Sendable (UpstreamPool) throws -> Result) async throws -> Result {
    let state = state
    return try await loop.submit { try body(state.value.pool) }.get()
  }

  func start(
    _ method: HTTPMethod = .get, _ target: String = "/", fields: [(String, String)] = [], body: UpstreamBody = .none,
    timeouts: Upstream.Timeouts? = nil, _ prepare: @escaping @Sendable (RecordingConsumer) -> Void = { _ in }
  ) async throws -> Call {
    var lines = FieldLines()
    for (name, value) in fields { lines.append(name: name, value: value) }
    let request = try #require(
      UpstreamRequest(method: method, target: ByteBuffer(string: target), fields: lines, body: body))
    let loop = loop
    return try await run { pool in
      let consumer = RecordingConsumer()
      prepare(consumer)
      let exchange = pool.start(request, timeouts: timeouts, consumer: consumer)
      return Call(
        consumer: NIOLoopBound(consumer, eventLoop: loop), exchange: NIOLoopBound(exchange, eventLoop: loop),
        told: consumer.told)
    }
  }

  /// Lets time pass by ticks: one that sees what is, one after `amount`.
  func pass(_ amount: TimeAmount) async throws {
    let state = state
    try await loop.submit {
      state.value.pool.tick(state.value.now)
      state.value.now = state.value.now + amount
      state.value.pool.tick(state.value.now)
    }.get()
  }

  var statistics: UpstreamPool.Statistics {
    get async throws { try await run { $0.statistics } }
  }

  func exchange(_ call: Call, _ body: @escaping @Sendable (UpstreamExchange) -> Void) async throws {
    try await loop.submit { body(call.exchange.value) }.get()
  }

  func failure(_ call: Call) async throws -> UpstreamFailure {
    let failure = try await loop.submit { call.consumer.value.failure }.get()
    return try #require(failure)
  }
}
