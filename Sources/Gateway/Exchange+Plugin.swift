import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// Dependencies, handler, and their teardown.
extension Exchange {
  // MARK: one invocation after the other

  /// Loops inside each other where plugins complete inside their functions and do not follow: then the outer ones go on.
  private static let maxDepth = 8

  /// Whether whoever handles the end of an invocation goes on with what comes next: then the loop that began it does not. Else
  /// that loop goes on, as soon as the plugin's function has returned.
  func takesOver() -> Bool {
    guard !isCallStarting || (call.isFollowed && depth < Self.maxDepth) else { return false }
    // Also where nothing is begun next, but a place in a queue is waited for.
    turn &+= 1
    return true
  }

  /// Begins an invocation. True where it has completed and the calling loop goes on.
  @inline(__always)
  func begins(_ start: () -> Void) -> Bool {
    let began = serial
    turn &+= 1
    let mine = turn
    depth += 1
    isCallPending = true
    isCallStarting = true
    start()
    isCallStarting = false
    depth -= 1
    return !isCallPending && turn == mine && serial == began
  }

  // MARK: make

  func makeDependencies(_ route: CompiledRoute) {
    let end = isEarly ? route.early.count : route.steps.count
    while values.count < end {
      let step = route.steps[values.count]
      guard step.isPlain || mayStart(step) else { return }
      let inputs: UnsafePointer<UnsafeMutableRawPointer?>?
      do throws(ViewFailure) { inputs = try lend(step.inputs) } catch {
        callEnded()
        return refuse(error)
      }
      guard begins({ start(call, step, inputs, delegate: self) }), phase == .wiring else { return }
    }
    if isEarly { authorized(route) } else { act(route) }
  }

  func act(_ route: CompiledRoute) {
    do throws(HTTPError) {
      switch route.action {
      case .handler(let function, let inputs):
        phase = .acting
        start(function, inputs: inputs)
      case .proxy(let plan): try proxy(route, plan)
      case .respond(let response): answer(response)
      case .redirect(let plan): try redirect(plan)
      case .document(let document): serve(document)
      case .health(let probe): answer(runtime.readiness.response(to: probe))
      case .metrics: serveMetrics()
      }
    } catch { refuse(error) }
  }

  private func start(_ function: PluginFunction, inputs sources: [ValueSource]) {
    let lentInputs: UnsafePointer<UnsafeMutableRawPointer?>?
    do throws(ViewFailure) { lentInputs = try lend(sources) } catch { return refuse(error) }
    _ = begins {
      call.start(
        function, delegate: self, request: lent.pointer, dependencies: lentInputs, dependencyCount: sources.count)
    }
  }

  /// Invokes the provider of a step.
  func start(
    _ call: PluginCall, _ step: DependencyStep, _ lentInputs: UnsafePointer<UnsafeMutableRawPointer?>?,
    delegate: any PluginCallDelegate
  ) {
    let provider = step.provider
    var details = PluginCall.Details()
    if let scopes = step.scopes {
      details.scopes = scopes.pointer
      details.scopeCount = scopes.count
    }
    call.start(
      provider.provider.function, delegate: delegate, request: lent.pointer, dependencies: lentInputs,
      dependencyCount: step.inputs.count, config: provider.config.text, configValue: provider.config.value,
      details: details)
  }

  /// What those inputs are, in place until the exchange ends.
  func lend(_ sources: [ValueSource]) throws(ViewFailure) -> UnsafePointer<UnsafeMutableRawPointer?>? {
    guard !sources.isEmpty else { return nil }
    let inputs = lent.inputs(sources.count)
    for (place, source) in sources.enumerated() {
      let value: UnsafeMutableRawPointer? =
        switch source {
        case .app(let index): runtime.appValues[index]
        case .step(let index): values[index]
        case .appView(let index): runtime.appValues.view(index)
        case .stepView(let index): try view(index)
        }
      inputs.initializeElement(at: place, to: value)
    }
    return UnsafePointer(inputs.baseAddress)
  }

  /// The deadline passed while the plugin is busy: it is cancelled and keeps what was lent to it until it ends.
  func giveUpCall() {
    guard abandonCalls() else { return }
    if !tasks.isEmpty { dropTasks() }
    logAbandoned()
  }

  func abandonCalls() -> Bool {
    let isParallel = parallel?.abandonAll() ?? false
    return call.abandon() || isParallel
  }

  // MARK: tear down

  var hasHandlerScopeValues: Bool {
    guard !values.isEmpty, let route else { return false }
    return values.indices.contains { values[$0] != nil && route.steps[$0].provider.scope == GW_SCOPE_HANDLER }
  }

  /// Ends values in reverse order: those of handler scope in phase `ending`, all that are left in phase `closing`.
  func tearDown() {
    // Providers that were given up still use the values; when they have ended it goes on.
    guard !isCallPending else { return }
    guard let route, !values.isEmpty else { return tornDown() }
    var index = values.count
    while index > 0 {
      index -= 1
      guard let value = values[index] else { continue }
      let provider = route.steps[index].provider
      guard phase == .closing || provider.scope == GW_SCOPE_HANDLER else { continue }
      guard let teardown = provider.provider.teardown else {
        release(index, value, provider)
        continue
      }
      tearingDown = index
      var details = PluginCall.Details()
      details.error = endingError
      let ended = begins {
        call.start(
          teardown, delegate: self, request: lent.pointer, value: value, outcome: outcome, details: details)
      }
      guard ended else { return }
    }
    tornDown()
  }

  private func release(_ index: Int, _ value: UnsafeMutableRawPointer, _ provider: CompiledProvider) {
    values[index] = nil
    call.release(value, to: provider.provider)
    provider.limit?.release()
  }

  private func tornDown() {
    if phase == .ending {
      phase = .acting
      // A plugin's parts or an upstream's: what is left is the end.
      if isAnswered { return finishStream() }
      if failure != nil, !isFailureAnswered { return answerFailure() }
      if sender != nil { return beginFile() }
      pendingBody.withUnsafeReadableBytes { send($0) }
    } else if phase == .closing {
      finish()
    }
  }

  /// True where the call that has just ended was a teardown.
  private func endTeardown() -> Bool {
    guard let index = tearingDown, let route, let value = values[index] else { return false }
    tearingDown = nil
    release(index, value, route.steps[index].provider)
    return true
  }
}

extension Exchange: PluginCallDelegate {
  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    callEnded()
    guard isWaiting else { return closeIfOver() }
    swap(&fields, &call.fields)
    if let failure = call.answeredFailure {
      call.answeredFailure = nil
      takeAnswered(failure)
    }
    answerShaped(status: status, body: body)
  }

  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) {
    isCallPending = false
    values.append(value)
    permit = nil
    guard isWaiting, let route else { return closeIfOver() }
    if takesOver() { makeDependencies(route) }
  }

  func callFinished(_ call: PluginCall) {
    callEnded()
    if phase == .working { return taskFinished() }
    if isStreaming, tearingDown == nil { return endOfParts() }
    guard endTeardown() else { return closeIfOver() }
    goOnTearingDown()
  }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) {
    callEnded()
    if tearingDown != nil {
      teardownFailed(failure)
      return
    }
    if phase == .working { return taskFailed(failure) }
    logFailure(failure)
    if isStreaming {
      note(.pluginError, failure.description.isEmpty ? "the plugin failed behind its head" : failure.description)
      replaceFailure(.plugin(failure))
      return breakOff()
    }
    guard isWaiting else { return closeIfOver() }
    fail(.plugin(failure))
  }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) {
    if phase == .working { dropTasks() }
    if let unusedValue {
      values.append(unusedValue)
      permit = nil
    }
    callEnded()
    _ = endTeardown()
    closeIfOver()
  }

  /// The invocation is over, and has made no value that a permit would go with.
  func callEnded() {
    isCallPending = false
    guard let permit else { return }
    self.permit = nil
    permit.release()
  }

  func callHeldLoop(_ call: PluginCall) -> String {
    identify()
    return context.requestID
  }

  var isWaiting: Bool { !isAnswered && !isClientGone && (phase == .wiring || phase == .acting) }

  /// The plugin has answered for an error that it threw.
  func takeAnswered(_ failure: PluginFailure) {
    outcome = GW_FAILED
    replaceFailure(.plugin(failure))
    isFailureAnswered = true
  }

  private func teardownFailed(_ failure: PluginFailure) {
    logFailure(failure)
    outcome = GW_FAILED
    // Before the answer is out (a commit that failed, say) the answer becomes the error.
    replaceFailure(.plugin(failure))
    _ = endTeardown()
    goOnTearingDown()
  }

  private func goOnTearingDown() {
    guard takesOver() else { return }
    switch phase {
    case .ending, .closing: tearDown()
    default: closeIfOver()
    }
  }
}
