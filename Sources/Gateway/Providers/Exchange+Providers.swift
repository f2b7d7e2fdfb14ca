import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// Providers that are more than one invocation: those that run before the body is read, that are limited, that run side by
/// side. Routes without them never come here.
extension Exchange {
  // MARK: before the body is read

  /// Runs the early steps. Their own parameters are checked first; those of the route, and its body, have to wait until
  /// it is known that the client may come.
  func authorize(_ route: CompiledRoute) {
    isEarly = true
    lent.begin(context, body: body, clientText: &runtime.clientText)
    var report = ViolationReport(violationStyle(route))
    for parameter in route.early.parameters { bind(parameter, &report) }
    if let violations = report.finish() { return refuse(violations, route) }
    phase = .wiring
    makeDependencies(route)
  }

  /// The client may come.
  func authorized(_ route: CompiledRoute) {
    isEarly = false
    do throws(HTTPError) { try proceed(route) } catch { refuse(error) }
  }

  // MARK: limits, and several at once

  /// Whether the step's provider may be invoked now. Where not, the exchange goes on when it may.
  func mayStart(_ step: DependencyStep) -> Bool {
    if step.parallelEnd > 0 {
      let run = parallel ?? ParallelRun(self)
      parallel = run
      run.begin(values.count, step.parallelEnd)
      return false
    }
    guard let limit = step.provider.limit, permit == nil else { return true }
    if limit.take() {
      permit = limit
      return true
    }
    let place = LimitWaiter(limit, on: runtime.loop) { [self] in
      waiter = nil
      permit = limit
      guard let route else { return callEnded() }
      makeDependencies(route)
    }
    switch limit.join(place) {
    case .granted:
      permit = limit
      return true
    case .waits: waiter = place
    case .refused:
      let failure = PluginFailure.overloaded(step.provider)
      logFailure(failure)
      fail(.plugin(failure))
    }
    return false
  }

  /// Nobody is left who would take the value.
  func stopWaiting() {
    waiter?.leave()
    waiter = nil
    // Waiters among those that run side by side leave when they are given up, also where no invocation is under way.
    if !isCallPending { _ = parallel?.abandonAll() }
  }

  /// The last invocation of those that were made side by side has ended, behind the exchange's answer.
  func parallelEnded() {
    if phase == .ending, tearingDown == nil { tearDown() } else { closeIfOver() }
  }

  func answer(_ answer: ParallelAnswer) {
    switch answer {
    case .failure(let failure):
      logFailure(failure)
      fail(.plugin(failure))
    case .response(let status, let fields, let body, let failure):
      self.fields.removeAll()
      self.fields.append(contentsOf: fields)
      if let failure { takeAnswered(failure) }
      body.withUnsafeReadableBytes { answerShaped(status: status, body: $0) }
    case .file(let status, let fields, let path):
      self.fields.removeAll()
      self.fields.append(contentsOf: fields)
      self.answer(status: status, file: path)
    }
  }
}

extension PluginFailure {
  /// For the log; the client learns that the gateway is busy.
  static func overloaded(_ provider: CompiledProvider) -> PluginFailure {
    let limit = provider.limit
    return .overloaded(
      "dependency `\(provider.name)` has its \(limit?.concurrency ?? 0) values in use, and \(limit?.queue ?? 0) requests wait")
  }
}
