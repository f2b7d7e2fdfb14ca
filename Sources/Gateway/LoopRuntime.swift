import CGatewayPlugin
import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayPolicies
import GatewayProxy
import GatewaySchema
import GatewayServer
import GatewayTelemetry
import NIOCore

/// What one event loop needs to answer requests with one snapshot: pooled exchanges, upstream connections, scratch.
/// Used on its loop only.
final class LoopRuntime {
  let snapshot: Snapshot
  let loop: any EventLoop
  let loopIndex: UInt32
  let time: GatewayTime
  let blocking: BlockingPool
  let appValues: AppValues
  let pools: [UpstreamPool]
  let events: EventLog
  let services: LoopServices
  let readiness: Readiness
  let metrics: MetricRegistry
  let logs: [AccessLog]
  /// Scratch, for one value at a time and without suspension in between.
  var document = JSONDocument()
  var coerced = CoercedDocument()
  var parameterMemory = ParameterMemory()
  var clientText = ClientText()
  /// Of the whole gateway.
  let background: BackgroundQuota
  /// Exchanges that wait for a background task.
  private var working: [Exchange] = []
  private var whenRested: (() -> Void)?
  /// The time to drain is over: no background task begins any more.
  private(set) var areTasksCut = false
  /// Background tasks that were cut off or dropped then.
  private var cutTaskCount = 0
  private var idle: [Exchange] = []
  private var idlePolicies: [PolicyStream] = []
  /// Under way, or with an invocation that was given up and has not completed.
  private var activePolicies = 0
  /// Exchanges under way, those included whose client has its answer already.
  private(set) var active = 0
  private(set) var isRetired = false
  private var whenIdle: (() -> Void)?
  private var nextTick: Scheduled<Void>?

  /// Exchanges kept for reuse; more are freed when they end.
  private static let keptExchanges = 1024

  /// Between two looks at limits of time.
  private static let tickInterval = TimeAmount.milliseconds(100)
  private static let quietInterval = TimeAmount.milliseconds(500)

  let seat: LoopSeat

  init(
    snapshot: Snapshot, seat: LoopSeat, blocking: BlockingPool, appValues: AppValues, background: BackgroundQuota,
    events: EventLog, readiness: Readiness, metrics: MetricRegistry
  ) {
    let services = seat.services
    self.seat = seat
    self.background = background
    self.snapshot = snapshot
    self.services = services
    self.readiness = readiness
    self.metrics = metrics
    loop = services.loop
    loopIndex = services.index
    time = services.gateway.time
    self.blocking = blocking
    self.appValues = appValues
    self.events = events
    pools = snapshot.upstreams.map { seat.takePool(for: $0) }
    logs = snapshot.logs.map { AccessLog($0.options, writer: $0.writer) }
  }

  func takeExchange() -> Exchange {
    active += 1
    return idle.popLast()
      ?? Exchange(runtime: self, call: .take(loop: loop, loopIndex: loopIndex, pool: blocking))
  }

  func giveBack(_ exchange: Exchange) {
    active -= 1
    exchange.backgroundRoom.clear()
    if !isRetired, idle.count < Self.keptExchanges { idle.append(exchange) } else { exchange.call.giveBack() }
    checkIdle()
  }

  func takePolicyStream(_ plugins: PluginPolicies) -> PolicyStream {
    activePolicies += 1
    return idlePolicies.popLast()
      ?? PolicyStream(runtime: self, plugins: plugins) { .take(loop: loop, loopIndex: loopIndex, pool: blocking) }
  }

  func giveBack(_ policies: PolicyStream) {
    activePolicies -= 1
    if !isRetired, idlePolicies.count < Self.keptExchanges {
      idlePolicies.append(policies)
    } else {
      policies.giveBackCalls()
    }
    checkIdle()
  }

  private func checkIdle() {
    guard active == 0, activePolicies == 0, let done = whenIdle else { return }
    whenIdle = nil
    done()
  }

  /// Bytes that never became a request leave a line too: an attack or a broken client should be seen.
  func logRefusal(_ error: HTTPError, peer: IPAddress?, isTLS: Bool) {
    guard !snapshot.globalLogs.isEmpty else { return }
    var record = AccessLogRecord(status: error.status, reason: TerminationReason(error))
    record.cause = error.detail
    for index in snapshot.globalLogs { logs[index].log(record, peer: peer, isTLS: isTLS, now: time.now()) }
  }

  func makeRequestID() -> String { RequestIDGenerator.next() }

  // MARK: limits of time

  /// Begins to look at limits of time, with or without a server, until `shutdown`: plugins ask upstreams also when they
  /// start and when they stop.
  func startTicking() {
    services.watch(self) { [unowned self] now in tick(now) }
    scheduleTick()
  }

  /// Seldom while nothing is under way.
  private func scheduleTick() {
    let isQuiet = active == 0 && pools.allSatisfy(\.isEmpty)
    let interval = isQuiet ? Self.quietInterval : Self.tickInterval
    nextTick = loop.assumeIsolated().scheduleTask(in: interval) { [self] in
      tick(.now())
      scheduleTick()
    }
  }

  private func tick(_ now: NIODeadline) {
    let now = time.adjusted(now)
    for pool in pools { pool.tick(now) }
    for log in logs { log.tick(now) }
  }

  // MARK: the end

  func works(_ exchange: Exchange) {
    guard exchange.workingIndex == nil else { return }
    exchange.workingIndex = working.count
    working.append(exchange)
  }

  func rests(_ exchange: Exchange) {
    guard let index = exchange.workingIndex else { return }
    exchange.workingIndex = nil
    // The last one takes its place.
    let last = working.removeLast()
    if index < working.count {
      working[index] = last
      last.workingIndex = index
    }
    if working.isEmpty, let done = whenRested {
      whenRested = nil
      done()
    }
  }

  /// Calls `done` once no background task runs; before that `cutTasks` may be called.
  func rest(_ done: @escaping () -> Void) {
    if working.isEmpty || areTasksCut { done() } else { whenRested = done }
  }

  /// Cancels the background tasks that run and drops those that wait, or come later.
  func cutTasks() {
    areTasksCut = true
    for exchange in working { countCut(exchange.cutTasks()) }
    let done = whenRested
    whenRested = nil
    done?()
  }

  func countCut(_ tasks: Int) { cutTaskCount += tasks }

  /// How many background tasks were cut off, told once.
  func takeCutTaskCount() -> Int {
    defer { cutTaskCount = 0 }
    return cutTaskCount
  }

  /// Takes in nothing more: `done` runs once the last exchange has ended. Upstreams can still be asked: plugins may want
  /// to when they stop.
  func retire(_ done: @escaping () -> Void) {
    isRetired = true
    for exchange in idle { exchange.call.giveBack() }
    idle.removeAll()
    for policies in idlePolicies { policies.giveBackCalls() }
    idlePolicies.removeAll()
    whenIdle = done
    checkIdle()
  }

  /// After `retire`: ends what is left.
  func shutdown() {
    nextTick?.cancel()
    nextTick = nil
    services.unwatch(self)
    for pool in pools { seat.giveBack(pool) }
    for log in logs { log.handOver() }
  }
}

/// The server's counterpart on one loop: hands each head to a fresh exchange of the current snapshot.
final class LoopResponder: Responder {
  /// Of the snapshot in service: exchanges finish on the one that they began with.
  var runtime: LoopRuntime

  init(_ runtime: LoopRuntime) { self.runtime = runtime }

  func respond(to head: RequestHead, on stream: any ResponseStream) {
    runtime.takeExchange().begin(head, on: stream)
  }

  func response(to error: HTTPError, peer: IPAddress?, isTLS: Bool) -> LocalResponse {
    runtime.logRefusal(error, peer: peer, isTLS: isTLS)
    return runtime.refusal(error, peer: peer, isTLS: isTLS)
  }
}

/// Answers on a loop that has no runtime; there is none such while a server runs.
final class UnavailableResponder: Responder {
  func respond(to head: RequestHead, on stream: any ResponseStream) {
    let response = ErrorResponder(shape: .detail).response(to: HTTPError(503))
    stream.send(status: 503, fields: response.fields, body: response.body)
  }

  func response(to error: HTTPError, peer: IPAddress?, isTLS: Bool) -> LocalResponse {
    ErrorResponder(shape: .detail).response(to: error)
  }
}
