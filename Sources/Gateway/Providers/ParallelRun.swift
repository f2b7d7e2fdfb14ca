import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// Providers of one exchange that are made side by side (`parallel: true`), each with an invocation of its own.
///
/// Kept with the exchange from run to run. The answer waits for steps that come before the one that ended the exchange, so
/// that it is the same every time; those behind it are given up. Values are not torn down before all have ended, because
/// what was given up may still use them.
final class ParallelRun {
  private unowned let exchange: Exchange
  private var schedule = ParallelSchedule()
  private var branches: [ParallelBranch] = []
  /// Invocations that have not ended, those included that were given up.
  private(set) var pending = 0
  private var isAdvancing = false
  /// The exchange has what it needs, or needs nothing any more.
  private var isOver = true
  private var earliest: (step: Int, answer: ParallelAnswer)?

  init(_ exchange: Exchange) { self.exchange = exchange }

  /// Makes steps `first..<end` of the route, whose values' places are the exchange's next ones.
  func begin(_ first: Int, _ end: Int) {
    schedule.begin(first, count: end - first)
    earliest = nil
    isOver = false
    while branches.count < end - first { branches.append(ParallelBranch(self)) }
    for _ in first..<end { exchange.values.append(nil) }
    advance()
  }

  /// Gives everything up that runs or waits; false where there is nothing.
  func abandonAll() -> Bool {
    guard !isOver else { return false }
    isOver = true
    var isBusy = false
    for step in schedule.stopAll() where giveUp(step) { isBusy = true }
    return isBusy
  }

  // MARK: steps

  private func advance() {
    guard !isAdvancing, !isOver, let route = exchange.route else { return }
    isAdvancing = true
    while !isOver, let step = schedule.next(needs: { route.steps[$0].parallelNeeds }) { launch(step, route) }
    isAdvancing = false
    conclude()
  }

  private func launch(_ step: Int, _ route: CompiledRoute) {
    let branch = branches[step - schedule.first]
    branch.step = step
    guard let limit = route.steps[step].provider.limit, !limit.take() else {
      branch.permit = route.steps[step].provider.limit
      return start(branch, route)
    }
    let waiter = LimitWaiter(limit, on: exchange.runtime.loop) { [self] in
      branch.waiter = nil
      branch.permit = limit
      start(branch, route)
    }
    switch limit.join(waiter) {
    case .waits: branch.waiter = waiter
    case .granted:
      branch.permit = limit
      start(branch, route)
    case .refused: ended(branch, .failure(.overloaded(route.steps[step].provider)))
    }
  }

  private func start(_ branch: ParallelBranch, _ route: CompiledRoute) {
    let step = route.steps[branch.step]
    let runtime = exchange.runtime
    let call = PluginCall.take(loop: runtime.loop, loopIndex: runtime.loopIndex, pool: runtime.blocking)
    // All of one exchange may leave as much behind as one.
    call.backgroundRoom = exchange.backgroundRoom
    call.route = route.watchName
    branch.call = call
    branch.owner = exchange
    pending += 1
    exchange.isCallPending = true
    do throws(ViewFailure) {
      exchange.start(call, step, try exchange.lend(step.inputs), delegate: branch)
    } catch {
      ended(branch, .failure(.contract(error.cause)))
    }
  }

  private func giveUp(_ step: Int) -> Bool {
    let branch = branches[step - schedule.first]
    if let waiter = branch.waiter {
      branch.waiter = nil
      waiter.leave()
      return false
    }
    return branch.call?.abandon() ?? false
  }

  // MARK: what comes of them

  func made(_ branch: ParallelBranch, _ value: UnsafeMutableRawPointer) {
    close(branch)
    keep(branch, value)
    schedule.made(branch.step)
    settled()
  }

  func ended(_ branch: ParallelBranch, _ answer: ParallelAnswer) {
    close(branch)
    branch.dropPermit()
    let unwanted = schedule.ended(branch.step)
    if !isOver, branch.step < earliest?.step ?? .max { earliest = (branch.step, answer) }
    for step in unwanted { _ = giveUp(step) }
    settled()
  }

  /// What was given up has ended after all.
  func lateEnd(_ branch: ParallelBranch, _ value: UnsafeMutableRawPointer?) {
    close(branch)
    if let value { keep(branch, value) } else { branch.dropPermit() }
    settled()
  }

  /// An answer in parts would have to begin before the steps in front of it are known to be made.
  func beganResponse(_ branch: ParallelBranch, _ call: PluginCall) {
    _ = call.abandon()
    let unwanted = schedule.ended(branch.step)
    let failure = PluginFailure.contract("a provider that runs side by side with others cannot answer in parts")
    if !isOver, branch.step < earliest?.step ?? .max { earliest = (branch.step, .failure(failure)) }
    for step in unwanted { _ = giveUp(step) }
    if !isAdvancing { conclude() }
  }

  func leaves(_ call: PluginCall, _ task: BackgroundTask) -> Bool { exchange.call(call, leaves: task) }

  private func close(_ branch: ParallelBranch) {
    guard let call = branch.call else { return }
    branch.call = nil
    branch.owner = nil
    call.giveBack()
    pending -= 1
    exchange.isCallPending = pending > 0
  }

  private func keep(_ branch: ParallelBranch, _ value: UnsafeMutableRawPointer) {
    exchange.values[branch.step] = value
    // From here on it goes with the value.
    branch.permit = nil
  }

  private func settled() {
    if isAdvancing { return }
    if !isOver { return advance() }
    if pending == 0 { exchange.parallelEnded() }
  }

  private func conclude() {
    guard !isOver else { return }
    guard exchange.isWaiting, let route = exchange.route else {
      _ = abandonAll()
      if pending == 0 { exchange.parallelEnded() }
      return
    }
    switch schedule.verdict {
    case .open: return
    case .made:
      isOver = true
      exchange.makeDependencies(route)
    case .ended:
      isOver = true
      guard let answer = earliest?.answer else { return }
      earliest = nil
      exchange.answer(answer)
    }
  }
}

/// What a provider gave instead of a value, kept until the steps before it are made.
enum ParallelAnswer {
  case failure(PluginFailure)
  /// The failure: what it answers for, where the plugin has mapped an error.
  case response(UInt16, FieldLines, ByteBuffer, PluginFailure?)
  case file(UInt16, FieldLines, [UInt8])
}

/// One of the invocations of a parallel run.
final class ParallelBranch: PluginCallDelegate {
  private unowned let run: ParallelRun
  var step = 0
  var call: PluginCall?
  /// The exchange may have lost its stream: while an invocation is under way, nothing else keeps it.
  var owner: Exchange?
  var waiter: LimitWaiter?
  /// Of the value that is being made.
  var permit: ProviderLimit?

  init(_ run: ParallelRun) { self.run = run }

  func dropPermit() {
    permit?.release()
    permit = nil
  }

  /// What the run does may end the exchange, and with it the run.
  private func tell(_ body: (ParallelRun) -> Void) {
    let owner = owner
    body(run)
    withExtendedLifetime(owner) {}
  }

  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    tell { $0.ended(self, .response(status, call.takeFields(), ByteBuffer(bytes: body), call.answeredFailure)) }
  }

  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8]) {
    tell { $0.ended(self, .file(status, call.takeFields(), path)) }
  }

  func callBeganResponse(_ call: PluginCall, status: UInt16) { tell { $0.beganResponse(self, call) } }

  func callWrote(_ call: PluginCall, _ part: ByteBuffer) {}

  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) { tell { $0.made(self, value) } }

  func callFinished(_ call: PluginCall) { tell { $0.ended(self, .failure(.contract("finished without a value"))) } }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) { tell { $0.ended(self, .failure(failure)) } }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) {
    tell { $0.lateEnd(self, unusedValue) }
  }

  func call(_ call: PluginCall, leaves task: BackgroundTask) -> Bool { run.leaves(call, task) }

  func callHeldLoop(_ call: PluginCall) -> String { owner?.callHeldLoop(call) ?? "" }

  func facts(of call: PluginCall) -> PluginCallFacts { owner?.facts(of: call) ?? PluginCallFacts() }

  func traceParent(of call: PluginCall) -> String? { owner?.traceParent(of: call) }
}

extension PluginCall {
  /// The fields of a response that is kept for later.
  fileprivate func takeFields() -> FieldLines {
    var taken = FieldLines()
    taken.append(contentsOf: fields)
    return taken
  }
}
