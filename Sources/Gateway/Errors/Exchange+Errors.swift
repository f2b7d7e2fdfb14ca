import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import GatewayTelemetry
import NIOCore

/// Every error of an exchange comes through `fail`, and leaves through `answerFailure`: what the client is told is decided
/// in one place, after handler-scope teardowns, which may replace the error.
extension Exchange {
  func fail(_ failure: ExchangeFailure) {
    outcome = GW_FAILED
    // A teardown is under way: it decides in the end.
    guard phase != .ending else { return replaceFailure(failure) }
    guard !isAnswered, !isClientGone, phase != .failing else {
      if self.failure == nil { self.failure = failure }
      return closeIfOver()
    }
    replaceFailure(failure)
    if hasHandlerScopeValues {
      phase = .ending
      tearDown()
    } else {
      answerFailure()
    }
  }

  func refuse(_ error: HTTPError) {
    if error.closes { stream?.closeAfterResponse() }
    note(TerminationReason(error), error.cause)
    if error.status >= 500, let cause = error.cause {
      identify()
      runtime.events.gatewayFailed(context, route: route, cause)
    }
    fail(.gateway(error))
  }

  /// The answer that was known does not count any more.
  func replaceFailure(_ failure: ExchangeFailure) {
    self.failure = failure
    isFailureAnswered = false
    if let lentError {
      // A teardown that is under way still reads it.
      if isCallPending { retiredErrors.append(lentError) }
      self.lentError = nil
    }
    if sender != nil { sender = nil }
    if !tasks.isEmpty { dropTasks() }
  }

  /// Answers for `failure`, now.
  func answerFailure() {
    guard let failure, !isAnswered, !isClientGone else { return closeIfOver() }
    identify()
    let errors = route?.errors ?? runtime.snapshot.errors
    let facts = ErrorFacts(failure)
    // The body that still comes and the deadline change nothing any more; the handler has a limit of its own.
    if let plan = errors.plan, let function = plan.handler(for: facts.status), errorCall == nil {
      phase = .failing
      deadline = .distantFuture
      lent.beginUnlessBegun(context, body: body, clientText: &runtime.clientText)
      let call = ErrorCall(self, LentError(facts), function)
      errorCall = call
      call.start(function, patience: plan.patience)
    } else {
      send(errors.response(to: facts, errorRequest), facts.status)
    }
  }

  var errorRequest: ErrorResponder.Request {
    .init(id: context.requestID, method: String(context.head.methodText), path: context.path)
  }

  private func send(_ response: LocalResponse, _ status: UInt16) {
    fields.removeAll()
    fields.append(contentsOf: response.fields)
    self.status = status
    response.body.withUnsafeReadableBytes { send($0) }
  }

  /// The error handler's answer, instead of the error.
  func errorAnswered(_ facts: ErrorFacts, status: UInt16, fields answered: FieldLines, _ body: UnsafeRawBufferPointer) {
    guard phase == .failing else { return closeIfOver() }
    fields.removeAll()
    fields.append(contentsOf: answered)
    if status == facts.status {
      // Without these the status would say less than it must (RFC 9110 §15.5.2, §15.5.6).
      facts.fields.forEach { name, value in
        if !answered.contains(String(decoding: name, as: UTF8.self)) { _ = fields.append(name: name, value: value) }
      }
    }
    self.status = status
    send(body)
  }

  /// The error stays as it was.
  func errorHandlerFailed(_ failure: PluginFailure) {
    identify()
    runtime.events.errorHandlerFailed(context, route: route, failure)
    guard phase == .failing, let own = self.failure else { return closeIfOver() }
    let errors = route?.errors ?? runtime.snapshot.errors
    let facts = ErrorFacts(own)
    send(ErrorResponder(shape: errors.shape).response(to: facts, errorRequest), facts.status)
  }

  /// What a teardown learns of the end.
  var endingError: UnsafePointer<gw_error_borrowed>? {
    guard outcome != GW_SUCCEEDED else { return nil }
    if lentError == nil {
      if let failure {
        lentError = LentError(ErrorFacts(failure))
      } else if isClientGone {
        var facts = ErrorFacts(HTTPError(499))
        facts.type = "ClientGone"
        facts.status = 0
        lentError = LentError(facts)
      }
    }
    return lentError?.pointer
  }
}
