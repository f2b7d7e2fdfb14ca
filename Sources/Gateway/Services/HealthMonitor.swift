import GatewayHTTP
import GatewayPluginHost
import Logging
import NIOCore

/// Asks the plugins of an instance now and then whether they can serve. Used on its loop.
final class HealthMonitor {
  private let checks: [HealthCheck]

  init(
    _ snapshot: Snapshot, _ services: LoopServices, _ blocking: BlockingPool, _ readiness: Readiness, _ logger: Logger
  ) {
    checks = snapshot.plugins.compactMap { entry in
      entry.plugin.health.map { function in
        // Until it has said so, nobody knows.
        readiness.set(entry.name, isHealthy: false)
        return HealthCheck(
          entry.name, function, services, blocking, interval: TimeAmount(snapshot.health.interval),
          timeout: TimeAmount(snapshot.health.timeout)
        ) { readiness.set(entry.name, isHealthy: $0) } log: { $0(logger) }
      }
    }
  }

  func start() { for check in checks { check.ask() } }

  /// Asks nobody any more. `done` once nothing that was asked runs: it may use what is torn down next.
  func stop(_ done: @escaping () -> Void) {
    var left = checks.count
    guard left > 0 else { return done() }
    for check in checks {
      check.stop {
        left -= 1
        if left == 0 { done() }
      }
    }
  }
}

/// One plugin's hook. Asked again `interval` after its answer, however late that comes: so never twice at once.
final class HealthCheck: PluginCallDelegate {
  private let plugin: String
  private let function: PluginFunction
  private let services: LoopServices
  private let blocking: BlockingPool
  private let interval: TimeAmount
  private let timeout: TimeAmount
  private let tell: (Bool) -> Void
  private let log: ((Logger) -> Void) -> Void

  private var call: PluginCall?
  private var timer: UInt64?
  private var isStopped = false
  private var whenEnded: (() -> Void)?
  /// Nil before the first answer.
  private var isHealthy: Bool?

  init(
    _ plugin: String, _ function: PluginFunction, _ services: LoopServices, _ blocking: BlockingPool,
    interval: TimeAmount, timeout: TimeAmount, tell: @escaping (Bool) -> Void,
    log: @escaping ((Logger) -> Void) -> Void
  ) {
    self.plugin = plugin
    self.function = function
    self.services = services
    self.blocking = blocking
    self.interval = interval
    self.timeout = timeout
    self.tell = tell
    self.log = log
  }

  func ask() {
    guard !isStopped, call == nil else { return }
    let call = PluginCall.take(loop: services.loop, loopIndex: services.index, pool: blocking)
    self.call = call
    schedule(in: timeout) { check in
      guard call.abandon() else { return }
      check.note("it did not answer within \(check.timeout.nanoseconds / 1_000_000) ms")
    }
    call.start(function, delegate: self)
  }

  func stop(_ done: @escaping () -> Void) {
    isStopped = true
    clearTimer()
    guard let call else { return done() }
    // It is still running, and cancelled; what it says is not wanted any more.
    whenEnded = done
    _ = call.abandon()
  }

  // MARK: what it says

  func callFinished(_ call: PluginCall) { ended(nil) }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) {
    let text = failure.detailJSON.isEmpty ? failure.description : String(decoding: failure.detailJSON, as: UTF8.self)
    ended(failure.type.isEmpty ? text : "\(failure.type): \(text)")
  }

  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) { ended(Self.noAnswer) }
  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8]) { ended(Self.noAnswer) }
  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) { ended(Self.noAnswer) }
  func callWrote(_ call: PluginCall, _ part: ByteBuffer) {}
  func callBeganResponse(_ call: PluginCall, status: UInt16) {
    if call.abandon() { note(Self.noAnswer) }
  }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) { askLater() }

  private static let noAnswer = "it answered with something else than success or failure"

  private func ended(_ problem: String?) {
    note(problem)
    askLater()
  }

  private func note(_ problem: String?) {
    guard !isStopped else { return }
    let before = isHealthy
    isHealthy = problem == nil
    tell(problem == nil)
    if let problem, before != false {
      log { $0.warning("plugin cannot serve", metadata: ["plugin": "\(plugin)", "error": "\(problem)"]) }
    } else if problem == nil, before == false {
      log { $0.info("plugin can serve again", metadata: ["plugin": "\(plugin)"]) }
    }
  }

  private func askLater() {
    call?.giveBack()
    call = nil
    guard !isStopped else {
      whenEnded?()
      return whenEnded = nil
    }
    schedule(in: interval) { $0.ask() }
  }

  // MARK: time

  private func schedule(in delay: TimeAmount, _ work: @escaping (HealthCheck) -> Void) {
    clearTimer()
    timer = services.schedule(in: delay) { [weak self] isCancelled in
      guard !isCancelled, let self else { return }
      timer = nil
      work(self)
    }
  }

  private func clearTimer() {
    guard let timer else { return }
    self.timer = nil
    services.cancel(timer)
  }
}
