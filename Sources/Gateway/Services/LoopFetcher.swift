import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import GatewayProxy
import NIOCore

/// Requests of plugins to upstreams, on the connection pools of one loop.
///
/// The plugin's functions are called from events of the loop only, never from inside a call of the plugin's, so neither
/// side has to expect the other in the middle of its work.
final class LoopFetcher: PluginFetcher {
  /// Those of the snapshot in service first: one name means its upstream.
  var pools: [UpstreamPool] = []
  private let loop: any EventLoop
  private var fetches: [UInt64: Fetch] = [:]
  private var isClosed = false

  init(loop: any EventLoop) { self.loop = loop }

  func start(_ number: UInt64, _ request: PluginFetchRequest, _ plugin: PluginFetchCallbacks) {
    func refuse(_ status: UInt16, _ type: String, _ description: String) {
      loop.assumeIsolated().execute { plugin.fail(status: status, type: type, description) }
    }
    guard !isClosed else { return refuse(503, "stopped", "the gateway stops") }
    guard let pool = pools.first(where: { $0.upstream.name == request.upstream }) else {
      let names = pools.map(\.upstream.name).joined(separator: ", ")
      return refuse(
        500, "unknown_upstream",
        "there is no upstream `\(request.upstream)`; under `upstreams` are: \(names.isEmpty ? "none" : names)")
    }
    let body: UpstreamBody =
      request.isStreamed ? .stream(length: nil) : request.body.readableBytes > 0 ? .whole(request.body) : .none
    guard
      let made = UpstreamRequest(
        method: HTTPMethod(name: request.method), methodText: request.method, target: request.target,
        fields: request.fields, body: body, host: request.host)
    else { return refuse(500, "invalid_request", "method, target or host cannot stand in a request") }
    var timeouts = pool.upstream.timeouts
    if let timeout = request.timeout { timeouts.total = min(timeouts.total ?? timeout, timeout) }
    let fetch = Fetch(number, plugin, self, isStreamed: request.isStreamed)
    fetches[number] = fetch
    fetch.exchange = pool.start(made, timeouts: timeouts, consumer: fetch)
  }

  func resume(_ number: UInt64) { fetches[number]?.resume() }

  func write(_ number: UInt64, _ part: ByteBuffer, isLast: Bool, announces: Bool) -> gw_completion {
    fetches[number]?.write(part, isLast: isLast, announces: announces) ?? GW_TOO_LATE
  }

  func cancel(_ number: UInt64) { fetches[number]?.end(status: 499, type: "cancelled", "the plugin gave it up") }

  /// Ends all of them, and lets none begin.
  func close() {
    isClosed = true
    for fetch in fetches.values { fetch.end(status: 503, type: "stopped", "the gateway stops") }
  }

  fileprivate func remove(_ number: UInt64) { fetches[number] = nil }

  fileprivate func soon(_ work: @escaping () -> Void) { loop.assumeIsolated().execute(work) }
}

/// One request and its response.
private final class Fetch: UpstreamConsumer {
  private enum Event {
    case part(ByteBuffer)
    case end
    case failed(UpstreamFailure)
  }

  private let number: UInt64
  private let plugin: PluginFetchCallbacks
  private unowned let owner: LoopFetcher
  var exchange: UpstreamExchange?
  private var isOver = false

  // The response. The plugin has taken what it was given: it may have the next part.
  private var hasCredit = true
  /// What came while it had none: a read's worth, and the end.
  private var waiting: [Event] = []

  // The request's body.
  private let isStreamed: Bool
  private var isBodyOver = false
  /// The plugin was told to wait.
  private var isPaused = false
  private var excess = 0

  /// Bytes a plugin may write without waiting when told to.
  private static let excessLimit = 1 << 20

  init(_ number: UInt64, _ plugin: PluginFetchCallbacks, _ owner: LoopFetcher, isStreamed: Bool) {
    self.number = number
    self.plugin = plugin
    self.owner = owner
    self.isStreamed = isStreamed
  }

  // MARK: from the plugin

  func resume() {
    guard !isOver else { return }
    hasCredit = true
    deliver()
    if hasCredit, !isOver { exchange?.resumeReading() }
  }

  func write(_ part: ByteBuffer, isLast: Bool, announces: Bool) -> gw_completion {
    let answer = take(part, isLast: isLast, announces: announces)
    if announces, answer != GW_ACCEPTED, answer != GW_PAUSED {
      plugin.refused(answer)
      owner.soon { [self] in if !isOver { plugin.writable() } }
    }
    return answer
  }

  private func take(_ part: ByteBuffer, isLast: Bool, announces: Bool) -> gw_completion {
    // The response may be complete before the request is: then the rest of it is not wanted.
    guard let exchange, !isOver else { return GW_TOO_LATE }
    guard isStreamed, !isBodyOver else { return GW_INVALID }
    exchange.sendPart(part)
    if isLast {
      isBodyOver = true
      exchange.sendEnd()
      return GW_ACCEPTED
    }
    if exchange.isWritable {
      // In the order in which it was asked, and not inside the plugin's call.
      if announces { owner.soon { [self] in if !isOver { plugin.writable() } } }
      return GW_ACCEPTED
    }
    if isPaused {
      excess += part.readableBytes
      guard excess <= Self.excessLimit else {
        owner.soon { [self] in end(status: 500, type: "overrun", "the plugin writes on without waiting for `writable`") }
        return GW_INVALID
      }
    }
    isPaused = true
    return GW_PAUSED
  }

  /// Ends it before its time.
  func end(status: UInt16, type: String, _ description: String) {
    guard !isOver else { return }
    exchange?.cancel()
    over()
    plugin.fail(status: status, type: type, description)
  }

  // MARK: from the upstream

  func upstreamResponse(_ head: borrowing ResponseHead, body: ByteBuffer) {
    exchange = nil
    pass(head)
    if body.readableBytes > 0 { waiting.append(.part(body)) }
    waiting.append(.end)
    deliver()
  }

  func upstreamHead(_ head: borrowing ResponseHead) { pass(head) }

  func upstreamPart(_ part: ByteBuffer) {
    waiting.append(.part(part))
    deliver()
    if !hasCredit { exchange?.pauseReading() }
  }

  func upstreamEnd(trailers: FieldLines?) {
    exchange = nil
    waiting.append(.end)
    deliver()
  }

  func upstreamFailed(_ failure: UpstreamFailure) {
    exchange = nil
    waiting.append(.failed(failure))
    deliver()
  }

  func upstreamWritable() {
    guard isPaused, !isOver else { return }
    isPaused = false
    excess = 0
    plugin.writable()
  }

  // MARK: to the plugin

  private static let rules = ForwardingRules(via: nil, passesDate: true) ?? .standard

  private func pass(_ head: borrowing ResponseHead) {
    var fields = FieldLines(capacity: head.bytes.readableBytes)
    Self.rules.fill(&fields, from: head)
    var lent: [gw_field_borrowed] = []
    lent.reserveCapacity(head.fields.count)
    // The lines keep their storage while `fields` is alive and not changed.
    fields.forEach { lent.append(gw_field_borrowed(name: gw_bytes_borrowed($0), value: gw_bytes_borrowed($1))) }
    lent.withUnsafeBufferPointer { plugin.head(head.status, $0) }
    withExtendedLifetime(fields) {}
  }

  private func deliver() {
    while hasCredit, !isOver, !waiting.isEmpty {
      switch waiting.removeFirst() {
      case .part(let part):
        hasCredit = false
        plugin.part(part)
      case .end:
        over()
        plugin.end()
      case .failed(let failure):
        over()
        plugin.fail(status: failure.status, type: failure.reason, failure.description)
      }
    }
  }

  private func over() {
    isOver = true
    exchange = nil
    waiting = []
    owner.remove(number)
  }
}
