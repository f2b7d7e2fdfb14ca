import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// Dependencies, handler, and their teardown.
extension Exchange {
  // MARK: make

  func makeDependencies(_ route: CompiledRoute) {
    let began = serial
    while values.count < route.steps.count {
      let step = route.steps[values.count]
      let isOver = start(
        step.provider.provider.function, inputs: step.inputs, config: step.provider.config)
      guard isOver, serial == began, phase == .wiring else { return }
    }
    act(route)
  }

  func act(_ route: CompiledRoute) {
    do throws(HTTPError) {
      switch route.action {
      case .handler(let function, let inputs):
        phase = .acting
        _ = start(function, inputs: inputs, config: .none)
      case .proxy(let plan): try proxy(route, plan)
      case .respond(let response): answer(response)
      case .redirect(let plan): try redirect(plan)
      case .document(let document): serve(document)
      case .health(let probe): answer(runtime.readiness.response(to: probe))
      case .metrics: serveMetrics()
      }
    } catch { refuse(error) }
  }

  /// Invokes a function of the plugin; true where it completed at once.
  private func start(_ function: PluginFunction, inputs sources: [ValueSource], config: LentJSON) -> Bool {
    inputs.removeAll(keepingCapacity: true)
    for source in sources {
      switch source {
      case .app(let index): inputs.append(runtime.appValues[index])
      case .step(let index): inputs.append(values[index])
      }
    }
    isCallPending = true
    isCallStarting = true
    let request = lent.pointer
    let lentInputs = lent.lend(inputs)
    call.start(
      function, delegate: self, request: request, dependencies: lentInputs, dependencyCount: sources.count,
      config: config.text, configValue: config.value)
    isCallStarting = false
    return !isCallPending
  }

  /// The deadline passed while the plugin is busy: it is cancelled and keeps what was lent to it until it ends.
  func giveUpCall() {
    guard call.abandon() else { return }
    logAbandoned()
  }

  // MARK: tear down

  var hasHandlerScopeValues: Bool {
    guard !values.isEmpty, let route else { return false }
    return values.indices.contains { values[$0] != nil && route.steps[$0].provider.scope == GW_SCOPE_HANDLER }
  }

  /// Ends values in reverse order: those of handler scope in phase `ending`, all that are left in phase `closing`.
  func tearDown() {
    guard let route, !values.isEmpty else { return tornDown() }
    let began = serial
    while let index = nextToTearDown(route) {
      let provider = route.steps[index].provider.provider
      guard let value = values[index] else { continue }
      guard let teardown = provider.teardown else {
        release(index, value, provider)
        continue
      }
      tearingDown = index
      isCallPending = true
      isCallStarting = true
      call.start(teardown, delegate: self, request: lent.pointer, value: value, outcome: outcome)
      isCallStarting = false
      guard !isCallPending, serial == began else { return }
    }
    tornDown()
  }

  private func nextToTearDown(_ route: CompiledRoute) -> Int? {
    values.indices.last { index in
      values[index] != nil && (phase == .closing || route.steps[index].provider.scope == GW_SCOPE_HANDLER)
    }
  }

  private func release(_ index: Int, _ value: UnsafeMutableRawPointer, _ provider: PluginProvider) {
    values[index] = nil
    provider.release(value)
  }

  private func tornDown() {
    if phase == .ending {
      phase = .acting
      if isStreaming { return finishStream() }
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
    release(index, value, route.steps[index].provider.provider)
    return true
  }
}

extension Exchange: PluginCallDelegate {
  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    isCallPending = false
    guard isWaiting else { return closeIfOver() }
    swap(&fields, &call.fields)
    answerShaped(status: status, body: body)
  }

  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) {
    isCallPending = false
    values.append(value)
    guard isWaiting, let route else { return closeIfOver() }
    if !isCallStarting { makeDependencies(route) }
  }

  func callFinished(_ call: PluginCall) {
    isCallPending = false
    if isStreaming, tearingDown == nil { return endOfParts() }
    guard endTeardown() else { return closeIfOver() }
    goOnTearingDown()
  }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) {
    isCallPending = false
    if tearingDown != nil {
      teardownFailed(failure)
      return
    }
    logFailure(failure)
    if isStreaming {
      note(.pluginError, failure.description.isEmpty ? "the plugin failed behind its head" : failure.description)
      return breakOff()
    }
    guard isWaiting else { return closeIfOver() }
    outcome = GW_FAILED
    answer(runtime.snapshot.errors.response(to: failure, requestID: context.requestID))
  }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) {
    isCallPending = false
    if let unusedValue { values.append(unusedValue) }
    _ = endTeardown()
    closeIfOver()
  }

  var isWaiting: Bool { !isAnswered && !isClientGone && (phase == .wiring || phase == .acting) }

  private func teardownFailed(_ failure: PluginFailure) {
    logFailure(failure)
    outcome = GW_FAILED
    if phase == .ending, !isAnswered {
      // The commit failed: the answer becomes the error.
      let response = runtime.snapshot.errors.response(to: failure, requestID: context.requestID)
      status = response.status
      fields.removeAll()
      fields.append(contentsOf: response.fields)
      pendingBody = response.body
      sender = nil
    }
    _ = endTeardown()
    goOnTearingDown()
  }

  private func goOnTearingDown() {
    guard !isCallStarting else { return }
    switch phase {
    case .ending, .closing: tearDown()
    default: closeIfOver()
    }
  }
}
