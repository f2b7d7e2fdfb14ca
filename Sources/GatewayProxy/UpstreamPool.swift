import GatewayHTTP
import NIOCore

/// The connections of one event loop to one upstream, and the requests on them.
///
/// Everything runs on `eventLoop`; nothing is shared with other loops, so there is no lock and no hop. The state
/// machine decides, the pool carries out. Call `tick` a few times a second: without it no limit of time works.
public final class UpstreamPool {
  typealias Machine = StateMachine<UpstreamConnection, ExchangeState>

  public let upstream: Upstream
  public let eventLoop: any EventLoop
  let clock: () -> NIODeadline

  var machine: Machine
  var connections: [UpstreamConnection] = []
  var attempts: [ConnectAttempt] = []
  /// Ended exchanges, for later requests.
  private var unused: [ExchangeState] = []
  private var scratch = ByteBuffer()
  private var isShutDown = false

  /// `loopIndex` differs from loop to loop, so that they do not all begin with the same target.
  public convenience init(upstream: Upstream, eventLoop: any EventLoop, loopIndex: Int = 0) {
    self.init(upstream: upstream, eventLoop: eventLoop, loopIndex: loopIndex, clock: NIODeadline.now)
  }

  /// `clock` is read when a target fails, never on the usual path.
  public init(upstream: Upstream, eventLoop: any EventLoop, loopIndex: Int, clock: @escaping () -> NIODeadline) {
    self.upstream = upstream
    self.eventLoop = eventLoop
    self.clock = clock
    machine = Machine(targets: upstream.targets.count, limits: upstream.limits, offset: loopIndex)
  }

  // MARK: for the exchange with the client

  /// Sends a request, now or when there is a connection for it. `consumer` is kept until its last call.
  ///
  /// `timeouts`: those of the route where it has its own. Nothing of the request is copied but what goes on the wire;
  /// after the consumer's last call its storage is the caller's alone again.
  public func start(
    _ request: UpstreamRequest, timeouts: Upstream.Timeouts? = nil, consumer: any UpstreamConsumer
  ) -> UpstreamExchange {
    eventLoop.assertInEventLoop()
    let exchange = unused.popLast() ?? ExchangeState(pool: self)
    exchange.begin(request, consumer, timeouts ?? upstream.timeouts)
    let handle = UpstreamExchange(exchange)
    if isShutDown {
      failLater(exchange, .shutDown)
    } else if !request.isFilled {
      failLater(exchange, .requestBodyMismatch)
    } else {
      carryOut(exchange, machine.assign(exchange, now: clock()))
    }
    return handle
  }

  // MARK: for the owner

  /// Enforces every limit of time. `now` is the loop's time.
  public func tick(_ now: NIODeadline) {
    eventLoop.assertInEventLoop()
    // Copies, as failing one may add and remove others.
    for connection in connections { connection.tick(now) }
    for attempt in attempts { tick(attempt, now) }
    for exchange in machine.waiting {
      if let kind = exchange.clock.tick(now, wait: .queue, exchange.timeouts), machine.cancel(exchange) {
        fail(exchange, kind, target: nil, "no connection became free in time")
      }
    }
    for connection in machine.expire(now: now) { connection.close() }
    serveWaiting()
  }

  /// Parked connections are closed and none is parked any more; requests, also new ones, go on. For a pool whose
  /// snapshot was replaced.
  public func retire() {
    for connection in machine.retire() { connection.close() }
  }

  /// Ends everything: each exchange in hand fails (503), each connection is closed, `start` only fails.
  public func shutdown() {
    isShutDown = true
    retire()
    for exchange in machine.removeWaiting() { fail(exchange, .shutDown, target: nil, Self.shutDownCause) }
    for attempt in attempts {
      let exchange = attempt.exchange
      abandon(attempt)
      if let exchange { fail(exchange, .shutDown, target: attempt.targetDescription, Self.shutDownCause) }
    }
    for connection in connections {
      if let exchange = connection.exchange {
        connection.fail(exchange, .shutDown, Self.shutDownCause)
      } else {
        connection.close()
      }
    }
  }

  /// It has neither a connection nor a request, so no limit of time runs.
  public var isEmpty: Bool { connections.isEmpty && attempts.isEmpty && machine.waiting.isEmpty }

  /// What the pool holds at this moment.
  public struct Statistics: Sendable, Equatable {
    public var connections = 0
    public var parked = 0
    public var connecting = 0
    public var waiting = 0
  }

  public var statistics: Statistics {
    Statistics(
      connections: connections.count, parked: machine.targets.reduce(0) { $0 + $1.parked.count },
      connecting: attempts.count, waiting: machine.waiting.count)
  }

  // MARK: carrying out

  func carryOut(_ exchange: ExchangeState, _ assignment: Machine.Assignment) {
    switch assignment {
    case .reuse(let connection): connection.send(exchange)
    case .connect(let target): connect(exchange, to: target)
    case .replace(let connection, let target):
      connection.isCounted = false
      connection.close()
      connect(exchange, to: target)
    case .wait: break
    case .refuse(let kind): failLater(exchange, kind)
    }
  }

  /// Gives waiting requests what has become free.
  func serveWaiting() {
    while !machine.waiting.isEmpty, let (exchange, assignment) = machine.next(now: clock()) {
      carryOut(exchange, assignment)
      if case .sent = exchange.stage { announceWritable(exchange) }
    }
  }

  /// A connection completed a response and could serve again.
  func release(_ connection: UpstreamConnection) {
    connection.wasReleased = true
    switch machine.release(connection, target: connection.target, keepFor: connection.parkFor) {
    case .park: break
    case .close: connection.close()
    case .use(let exchange):
      connection.send(exchange)
      announceWritable(exchange)
    }
  }

  func connectionClosed(_ connection: UpstreamConnection) {
    guard let index = connection.index else { return }
    connection.index = nil
    connections.swapAt(index, connections.count - 1)
    connections.removeLast()
    if index < connections.count { connections[index].index = index }
    if connection.isCounted { machine.closed(connection, target: connection.target) }
    serveWaiting()
  }

  // MARK: ends of exchanges

  /// Ends an exchange; the answer is whom to tell.
  func finish(_ exchange: ExchangeState) -> (any UpstreamConsumer)? {
    let consumer = exchange.end()
    if unused.count < Self.maximumUnused { unused.append(exchange) }
    return consumer
  }

  func fail(_ exchange: ExchangeState, _ kind: UpstreamFailure.Kind, target: String?, _ cause: String) {
    finish(exchange)?.upstreamFailed(UpstreamFailure(kind, upstream: upstream.name, target: target, cause: cause))
  }

  /// For failures found inside `start`, whose caller does not have the handle yet.
  private func failLater(_ exchange: ExchangeState, _ kind: UpstreamFailure.Kind) {
    let generation = exchange.generation
    let cause =
      switch kind {
      case .noneAvailable: "the upstream has no targets"
      case .queueFull: "\(upstream.limits.waiting) requests wait for a connection already"
      case .requestBodyMismatch: "the request was never filled"
      default: Self.shutDownCause
      }
    eventLoop.assumeIsolated().execute { [self] in
      if exchange.generation == generation { fail(exchange, kind, target: nil, cause) }
    }
  }

  func cancel(_ exchange: ExchangeState) {
    let stage = exchange.stage
    switch stage {
    case .free: return
    case .waiting: _ = machine.cancel(exchange)
    case .connecting(let attempt):
      // The attempt goes on: what it brings serves another request.
      attempt.exchange = nil
    case .sent(let connection): connection.exchange = nil
    }
    _ = finish(exchange)
    if case .sent(let connection) = stage { connection.close() }
  }

  /// The connection was stale: the same request once more, on a connection made for it.
  func retry(_ exchange: ExchangeState, on connection: UpstreamConnection) {
    connection.exchange = nil
    connection.close()
    exchange.wasRetried = true
    exchange.stage = .waiting
    carryOut(exchange, machine.assign(exchange, fresh: true, now: clock()))
  }

  func announceWritable(_ exchange: ExchangeState) {
    guard case .stream = exchange.request.body else { return }
    let generation = exchange.generation
    eventLoop.assumeIsolated().execute {
      if exchange.generation == generation, exchange.isWritable { exchange.consumer?.upstreamWritable() }
    }
  }

  // MARK: storage

  /// A buffer to put a write together in; its storage serves one write after the other, because the channel usually
  /// has let go of it when the write returns.
  func takeScratch() -> ByteBuffer {
    var buffer = scratch
    scratch = ByteBuffer()
    buffer.clear()
    return buffer
  }

  func giveBackScratch(_ buffer: ByteBuffer) {
    // One large body must not be remembered for ever.
    if buffer.capacity <= 64 * 1024 { scratch = buffer }
  }

  private static let maximumUnused = 1024
  private static let shutDownCause = "the pool is shut down"
}
