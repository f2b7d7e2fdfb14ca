import CGatewayPlugin
import GatewayPluginHost
import Glibc
import NIOConcurrencyHelpers

/// Stands between a plugin and the gateway, and notes what the contract does not allow. One for a process, which tests one
/// plugin.
final class ConformanceProbe: @unchecked Sendable {
  // Proof for @unchecked: `state` is used inside the lock only; everything else is written in `init`.
  static let shared = ConformanceProbe()

  private struct Key: Hashable {
    let slot: UInt
    let generation: UInt64

    init(_ call: gw_call) {
      slot = UInt(bitPattern: call.slot)
      generation = call.generation
    }
  }

  private struct Known {
    var function: String
    var isOpen: Bool
  }

  private struct State {
    var calls: [Key: Known] = [:]
    var findings: [ConformanceFinding] = []
    var seen: Set<ConformanceFinding> = []
    var begun: Set<String> = []
    /// What functions said when they failed without a status, by function.
    var failures: [String: String] = [:]
    /// On the loop: time of calls inside the call that is measured.
    var nested: UInt64 = 0
    var isStopped = false
    var onBegin: (@Sendable (String) -> Void)?
  }

  private let lock = NIOLock()
  private var state = State()
  private let real: UnsafePointer<gw_host>
  /// What the plugin gets in place of the gateway's own table. Make it after the loops are registered: it holds their number.
  let table: UnsafePointer<gw_host>

  /// A function that has the event loop longer than this for itself. Far more than any that waits for nothing needs, also
  /// where the machine is busy.
  static let longestHold: UInt64 = 250_000_000

  private init() {
    real = HostTable.shared.pointer
    let copy = UnsafeMutablePointer<gw_host>.allocate(capacity: 1)
    copy.initialize(to: real.pointee)
    table = UnsafePointer(copy)
    copy.pointee.respond = { call, response in
      ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.respond(call, response) }
    }
    copy.pointee.provide = { call, value in
      ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.provide(call, value) }
    }
    copy.pointee.finish = { call in
      ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.finish(call) }
    }
    copy.pointee.fail = { call, error in
      ConformanceProbe.shared.noteFailure(call, error.pointee)
      return ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.fail(call, error) }
    }
    copy.pointee.end_response = { call in
      ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.end_response(call) }
    }
    copy.pointee.respond_file = { call, head, path in
      ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.respond_file(call, head, path) }
    }
    copy.pointee.proceed = { call, changes, state in
      ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.proceed(call, changes, state) }
    }
    copy.pointee.pass_part = { call, part in
      ConformanceProbe.shared.completed(call) { ConformanceProbe.shared.real.pointee.pass_part(call, part) }
    }
    copy.pointee.start_response = { call, head, resume, context in
      let result = ConformanceProbe.shared.real.pointee.start_response(call, head, resume, context)
      if result != GW_ACCEPTED, result != GW_PAUSED, result != GW_TOO_LATE {
        _ = ConformanceProbe.shared.completed(call) { result }
      }
      return result
    }
    copy.pointee.enqueue = { loop, job, run, executor in
      ConformanceProbe.shared.checkStopped("enqueue")
      let held = Unmanaged.passRetained(HeldJob(job, run)).toOpaque()
      ConformanceProbe.shared.real.pointee.enqueue(
        loop, held, { job, executor in HeldJob.take(job).run(executor) }, executor)
    }
  }

  // MARK: functions of the plugin

  func begin(_ call: gw_call, _ function: String) {
    let notify = lock.withLock {
      state.calls[Key(call)] = Known(function: function, isOpen: true)
      state.begun.insert(function)
      return state.onBegin
    }
    notify?(function)
  }

  /// An inline or blocking function came back.
  func returned(_ call: gw_call, _ function: String) {
    let isOpen = lock.withLock {
      guard state.calls[Key(call)]?.isOpen == true else { return false }
      state.calls[Key(call)]?.isOpen = false
      return true
    }
    guard isOpen else { return }
    add(
      .init(
        .returnsWithoutCompleting, .error, function, "it returned without completing its invocation",
        remedy: "complete it before it returns, on every path, or declare the function GW_ASYNC"))
  }

  /// Measures what a function has the loop for itself.
  func onLoop<Result>(_ function: String, _ body: () -> Result) -> Result {
    let outer = lock.withLock {
      let nested = state.nested
      state.nested = 0
      return nested
    }
    let start = Self.now()
    let result = body()
    let spent = Self.now() &- start
    let own = lock.withLock {
      let own = spent > state.nested ? spent - state.nested : 0
      state.nested = outer &+ spent
      return own
    }
    if own >= Self.longestHold {
      add(
        .init(
          .holdsLoop, .warning, function, "it kept the event loop for \(own / 1_000_000) ms", remedy: LoopHold.remedy))
    }
    return result
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec))
  }

  // MARK: functions of the host

  private func completed(_ call: gw_call, _ body: () -> gw_completion) -> gw_completion {
    // Before it is delivered: the slot may be used again inside of it.
    let function = lock.withLock {
      state.calls[Key(call)]?.isOpen = false
      return state.calls[Key(call)]?.function
    }
    checkStopped("a completion")
    let result = body()
    guard let function else { return result }
    switch result {
    case GW_ALREADY_COMPLETE:
      add(
        .init(
          .completesTwice, .error, function, "it completed an invocation that was complete",
          remedy: "complete each invocation once; where several paths lead to an end, let one decide"))
    case GW_WRONG_KIND:
      add(
        .init(
          .completesWrongly, .error, function, "it completed in a way that its invocation does not take",
          remedy: "see WHO COMPLETES WITH WHAT in gateway_plugin.h"))
    case GW_INVALID:
      add(
        .init(
          .answersInvalidly, .error, function, "its answer has a status, a field or changes that cannot be sent",
          remedy: "statuses are 200 to 599, of errors 400 to 599; field names are tokens, values have no line breaks"))
    default: break
    }
    return result
  }

  private func noteFailure(_ call: gw_call, _ error: gw_error_borrowed) {
    guard error.status == 0 else { return }
    func text(_ bytes: gw_bytes_borrowed) -> String {
      guard let start = bytes.bytes, bytes.count > 0 else { return "" }
      return Printable.text(String(decoding: UnsafeBufferPointer(start: start, count: bytes.count), as: UTF8.self))
    }
    let said = [text(error.type), text(error.description)].filter { !$0.isEmpty }.joined(separator: ": ")
    lock.withLock {
      guard let function = state.calls[Key(call)]?.function else { return }
      state.failures[function] = said.isEmpty ? "an error without a description" : said
    }
  }

  private func checkStopped(_ what: String) {
    guard lock.withLock({ state.isStopped }) else { return }
    add(
      .init(
        .worksAfterStop, .warning, "stop", "it called the gateway after it had stopped: \(what)",
        remedy: "complete `stop` when the plugin's own threads and tasks have ended"))
  }

  // MARK: what came of it

  func add(_ finding: ConformanceFinding) {
    lock.withLock {
      guard state.seen.insert(finding).inserted, state.findings.count < 1000 else { return }
      state.findings.append(finding)
    }
  }

  /// What was found since the last time.
  func takeFindings() -> [ConformanceFinding] {
    lock.withLock {
      let findings = state.findings
      state.findings = []
      return findings
    }
  }

  /// Functions whose invocations are open, each once.
  var openFunctions: [String] {
    lock.withLock { Set(state.calls.values.filter(\.isOpen).map(\.function)).sorted() }
  }

  /// Waits for no more completions of what is open.
  func forgetOpen() { lock.withLock { state.calls = state.calls.filter { !$0.value.isOpen } } }

  func takeFailures() -> [String: String] {
    lock.withLock {
      let failures = state.failures
      state.failures = [:]
      return failures
    }
  }

  /// Whether a function of that handler, provider or policy was called.
  func hasBegun(_ name: String) -> Bool {
    lock.withLock { state.begun.contains { $0 == name || $0.hasPrefix(name + ".") } }
  }
  func setStopped(_ isStopped: Bool) { lock.withLock { state.isStopped = isStopped } }
  func onBegin(_ notify: @escaping @Sendable (String) -> Void) { lock.withLock { state.onBegin = notify } }
}

/// A job that the plugin gave to the loop, measured when it runs.
private final class HeldJob {
  private let job: UnsafeMutableRawPointer
  private let function: @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void

  init(
    _ job: UnsafeMutableRawPointer,
    _ function: @escaping @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  ) {
    self.job = job
    self.function = function
  }

  static func take(_ pointer: UnsafeMutableRawPointer) -> HeldJob {
    // Retained once where it was enqueued; a job runs once.
    Unmanaged<HeldJob>.fromOpaque(pointer).takeRetainedValue()
  }

  func run(_ executor: UnsafeMutableRawPointer) {
    ConformanceProbe.shared.onLoop("a task on the event loop") { function(job, executor) }
  }
}
