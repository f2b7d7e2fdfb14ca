import GatewayHTTP
import GatewayPluginHost
import Logging
import NIOCore

/// Asks the plugins of an instance now and then whether they can serve. Used on its loop.
///
/// Goes by generation: one that serves on is asked on, one that is to serve is asked once before.
final class HealthMonitor {
  private let services: LoopServices
  private let blocking: BlockingPool
  private let readiness: Readiness
  private let logger: Logger
  /// Also those that are stopping: the next one of the same generation waits for them.
  private var checks: [(entry: ConfiguredPlugin, check: HealthCheck)] = []
  private var serving: [ConfiguredPlugin] = []

  init(_ services: LoopServices, _ blocking: BlockingPool, _ readiness: Readiness, _ logger: Logger) {
    self.services = services
    self.blocking = blocking
    self.readiness = readiness
    self.logger = logger
  }

  /// These serve from now on, and no others: they are asked, if they are not already.
  func serve(_ snapshot: Snapshot) {
    serving = snapshot.plugins
    readiness.keep(Set(serving.map(\.name)))
    for (entry, check) in checks where !serving.contains(where: { $0 === entry }) { check.stop {} }
    for entry in serving {
      guard let check = check(of: entry, snapshot) else {
        // It has no hook: what an earlier generation said does not count.
        readiness.set(entry.name, isHealthy: true)
        continue
      }
      // Until it has said so, nobody knows.
      readiness.set(entry.name, isHealthy: check.isHealthy == true)
      check.begin()
    }
  }

  /// Asks a generation that does not serve yet; why it cannot, or nil. What it says is said to nobody else.
  func probe(_ entry: ConfiguredPlugin, _ snapshot: Snapshot, _ answer: @escaping (String?) -> Void) {
    guard let check = check(of: entry, snapshot) else { return answer(nil) }
    // One that serves is asked anyway.
    if serving.contains(where: { $0 === entry }) { return answer(nil) }
    check.probe(answer)
  }

  /// `done` once it is not asked any more, and nothing that was asked runs: it may use what is torn down next. One that
  /// serves is not touched.
  func leave(_ entry: ConfiguredPlugin, _ done: @escaping () -> Void) {
    guard !serving.contains(where: { $0 === entry }), let index = checks.firstIndex(where: { $0.entry === entry }) else {
      return done()
    }
    let check = checks[index].check
    check.stop { [self] in
      // Unless it serves again by now.
      if check.isStopped { checks.removeAll { $0.check === check } }
      done()
    }
  }

  /// Asks nobody any more. `done` once nothing that was asked runs.
  func stop(_ done: @escaping () -> Void) {
    serving = []
    var left = checks.count
    guard left > 0 else { return done() }
    for (_, check) in checks {
      check.stop {
        left -= 1
        if left == 0 { done() }
      }
    }
  }

  private func check(of entry: ConfiguredPlugin, _ snapshot: Snapshot) -> HealthCheck? {
    let (interval, timeout) = (TimeAmount(snapshot.health.interval), TimeAmount(snapshot.health.timeout))
    if let known = checks.first(where: { $0.entry === entry })?.check {
      known.interval = interval
      known.timeout = timeout
      return known
    }
    guard let function = entry.plugin.health else { return nil }
    let (readiness, logger) = (readiness, logger)
    let check = HealthCheck(entry.name, function, services, blocking, interval: interval, timeout: timeout) {
      [unowned self] isHealthy in
      if serving.contains(where: { $0 === entry }) { readiness.set(entry.name, isHealthy: isHealthy) }
    } log: {
      $0(logger)
    }
    checks.append((entry, check))
    return check
  }
}

/// One plugin's hook. Asked again `interval` after its answer, however late that comes: so never twice at once.
final class HealthCheck: PluginCallDelegate {
  private let plugin: String
  private let function: PluginFunction
  private let services: LoopServices
  private let blocking: BlockingPool
  var interval: TimeAmount
  var timeout: TimeAmount
  private let tell: (Bool) -> Void
  private let log: ((Logger) -> Void) -> Void

  private var call: PluginCall?
  private var timer: UInt64?
  private(set) var isStopped = true
  private var whenEnded: [() -> Void] = []
  private var whenProbed: ((String?) -> Void)?
  /// Nil before the first answer.
  private(set) var isHealthy: Bool?

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

  /// Asks, and goes on asking; does nothing where it does so already.
  func begin() {
    guard isStopped else { return }
    isStopped = false
    // What was asked before it stopped may still run: its end is followed by the next question.
    if call == nil { isHealthy == nil ? ask() : schedule(in: interval) { $0.ask() } }
  }

  /// Asks once; why it cannot serve, or nil.
  func probe(_ answer: @escaping (String?) -> Void) {
    guard call == nil else { return answer("its last answer is still to come") }
    whenProbed = answer
    isHealthy = nil
    ask()
  }

  private func ask() {
    guard call == nil else { return }
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
    if let answer = whenProbed {
      whenProbed = nil
      answer("it was not waited for: the gateway stops")
    }
    guard let call else { return done() }
    // It is still running, and cancelled; what it says is not wanted any more.
    whenEnded.append(done)
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
    if let answer = whenProbed {
      whenProbed = nil
      isHealthy = problem == nil
      return answer(problem)
    }
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
    let ended = whenEnded
    whenEnded = []
    for done in ended { done() }
    guard !isStopped, call == nil else { return }
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
