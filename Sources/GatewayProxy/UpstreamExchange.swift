import GatewayHTTP
import NIOCore

/// The sender's end of one request to an upstream. A small value; copies are the same exchange.
///
/// Use it on the pool's event loop only. When the exchange is over (see `UpstreamConsumer`) every call does nothing,
/// even if the memory behind it already serves another request.
public struct UpstreamExchange {
  private let state: ExchangeState
  private let generation: UInt

  init(_ state: ExchangeState) {
    self.state = state
    generation = state.generation
  }

  /// Whether parts of the request body should be sent now; where not, `upstreamWritable` will be called.
  /// A part sent all the same is kept, not lost: the bound on what is kept is the sender's good behaviour.
  public var isWritable: Bool { live?.isWritable ?? false }

  /// Sends a part of a body announced as `.stream`. Empty parts are skipped.
  public func sendPart(_ part: ByteBuffer) { live?.sendPart(part) }

  /// Ends a body announced as `.stream`. Trailers of requests are dropped (RFC 9110 §6.5.1 allows it): no field that
  /// the gateway's checks have not seen may reach an upstream.
  public func sendEnd() { live?.sendEnd() }

  /// Stops reading from the upstream, because the client is slow.
  public func pauseReading() { live?.setPaused(true) }

  public func resumeReading() { live?.setPaused(false) }

  /// The response is not wanted any more (the client is gone, or the exchange has another end). The consumer is let go
  /// and not called again; a connection that carries the request is closed, because what follows on it is unknown.
  public func cancel() { live?.cancel() }

  /// The target that was chosen, as logs show it; nil while there is none. Still known in the consumer's last call.
  public var target: String? {
    if let live { return live.target }
    return state.generation == generation &+ 1 ? state.endedTarget : nil
  }

  private var live: ExchangeState? { state.generation == generation ? state : nil }
}

/// What the pool knows of one request, from `start` to its end. Used again for later requests of the same pool: a new
/// generation makes handles of the old one void.
final class ExchangeState {
  /// Where the request is. Only these moves: free → waiting or connecting → sent → free, and back to waiting or
  /// connecting where a request is tried again.
  enum Stage {
    case free
    case waiting
    case connecting(ConnectAttempt)
    case sent(UpstreamConnection)
  }

  private(set) var generation: UInt = 0
  /// The pool keeps these objects for later use, so it must not be kept in return.
  private weak var pool: UpstreamPool?
  var stage = Stage.free
  private(set) var request = UpstreamRequest()
  private(set) var consumer: (any UpstreamConsumer)?
  private(set) var timeouts = Upstream.Timeouts()

  /// Parts handed over before there was a connection.
  var earlyParts: [ByteBuffer] = []
  var earlyEnd = false
  var isPaused = false
  /// Attempts to connect that failed.
  var failedAttempts = 0
  /// Whether the one retry after a stale connection is used up.
  var wasRetried = false
  var clock = ExchangeClock()
  /// The target of the exchange that was ended last, until the next one begins.
  private(set) var endedTarget: String?

  init(pool: UpstreamPool) { self.pool = pool }

  func begin(_ request: UpstreamRequest, _ consumer: any UpstreamConsumer, _ timeouts: Upstream.Timeouts) {
    self.request = request
    self.consumer = consumer
    self.timeouts = timeouts
    stage = .waiting
    endedTarget = nil
    isPaused = false
    failedAttempts = 0
    wasRetried = false
    clock = ExchangeClock()
  }

  /// Ends the exchange for everybody who holds a handle. Answers the consumer for its last call.
  func end() -> (any UpstreamConsumer)? {
    endedTarget = target
    generation &+= 1
    stage = .free
    // What the request holds belongs to the caller, who will want to fill it again without a copy.
    request = UpstreamRequest()
    if !earlyParts.isEmpty { earlyParts = [] }
    earlyEnd = false
    defer { consumer = nil }
    return consumer
  }

  var isWritable: Bool {
    if case .sent(let connection) = stage { return connection.acceptsParts }
    return false
  }

  var target: String? {
    switch stage {
    case .free, .waiting: nil
    case .connecting(let attempt): attempt.targetDescription
    case .sent(let connection): connection.targetDescription
    }
  }

  func sendPart(_ part: ByteBuffer) {
    guard part.readableBytes > 0, case .stream = request.body else { return }
    switch stage {
    case .free: return
    case .waiting, .connecting: earlyParts.append(part)
    case .sent(let connection): connection.sendPart(part)
    }
  }

  func sendEnd() {
    guard case .stream = request.body else { return }
    switch stage {
    case .free: return
    case .waiting, .connecting: earlyEnd = true
    case .sent(let connection): connection.sendEnd()
    }
  }

  func setPaused(_ paused: Bool) {
    guard paused != isPaused else { return }
    isPaused = paused
    if case .sent(let connection) = stage { connection.setReading(!paused) }
  }

  func cancel() { pool?.cancel(self) }
}

/// The waits of one exchange, measured by ticks alone: no event on the data path reads a clock. A wait begins at the
/// first tick that sees it, so it can last a tick longer than configured and is never cut short.
struct ExchangeClock {
  enum Wait: Equatable {
    case connection, queue, head, progress
    /// For the client, which has limits of its own.
    case nothing
  }

  private var started: NIODeadline?
  private var wait = Wait.nothing
  private var since: NIODeadline?
  /// Set where something moved since the last tick.
  var moved = false

  /// Which limit is over at `now`, if one is.
  mutating func tick(_ now: NIODeadline, wait current: Wait, _ timeouts: Upstream.Timeouts) -> UpstreamFailure.Kind? {
    let begun = started ?? now
    started = begun
    if let total = timeouts.total, now - begun >= total { return .totalTimeout }
    if current != wait || moved || since == nil {
      wait = current
      moved = false
      since = now
      return nil
    }
    guard let since else { return nil }
    switch wait {
    case .nothing: return nil
    case .connection: return Self.isOver(since, now, timeouts.connect) ? .connectTimeout : nil
    case .queue: return Self.isOver(since, now, timeouts.connect) ? .queueTimeout : nil
    case .head: return Self.isOver(since, now, timeouts.responseHead) ? .responseHeadTimeout : nil
    case .progress: return Self.isOver(since, now, timeouts.idle) ? .idleTimeout : nil
    }
  }

  private static func isOver(_ since: NIODeadline, _ now: NIODeadline, _ limit: TimeAmount?) -> Bool {
    limit.map { now - since >= $0 } ?? false
  }
}
