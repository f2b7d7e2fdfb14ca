import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// What an exchange does for policies of plugins, which stand between it and its stream.
extension Exchange {
  /// Sends the request through policies of plugins; the exchange goes on with `admit`.
  func interpose(_ plugins: PluginPolicies, then admission: Admission) {
    guard let stream else { return }
    // The built-in policies run among the others.
    chain = .empty
    if deadline == .distantFuture { deadline = context.started + (route?.timeout ?? plugins.timeout) }
    let policies = runtime.takePolicyStream(plugins)
    self.stream = policies
    policies.begin(plugins, admission, for: self, on: stream)
  }

  func policyAnswered(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    guard !isAnswered, !isClientGone, phase != .failing else { return closeIfOver() }
    noteRefusal(status)
    swap(&fields, &call.fields)
    answer(status: status, body: body)
  }

  /// A policy did not let the request, or a part of its body, go on.
  func policyFailed(_ failure: PluginFailure) {
    cancelUpstream()
    guard isAnswered else {
      if case .status(let status) = failure.kind { noteRefusal(status) }
      return fail(.plugin(failure))
    }
    outcome = GW_FAILED
    stream?.abort()
  }

  /// Nothing more is wanted of the answer that was begun: another one has taken its place.
  func cutOff() {
    cancelUpstream()
    sender = nil
    guard isStreaming, isCallPending, tearingDown == nil else { return }
    _ = call.abandon()
    if phase == .acting { phase = .sending }
  }

  /// What takes the place of an answer that a policy has spoilt. Handlers of errors are not asked: the answer is on its way.
  func response(to error: HTTPError) -> LocalResponse { response(to: ErrorFacts(error)) }

  func response(to failure: PluginFailure) -> LocalResponse { response(to: ErrorFacts(failure)) }

  private func response(to facts: ErrorFacts) -> LocalResponse {
    identify()
    var response = (route?.errors ?? runtime.snapshot.errors).response(to: facts, errorRequest)
    if hasMadeRequestID { _ = response.fields.set("x-request-id", context.requestID) }
    return response
  }

  // MARK: log

  /// - Parameter isTold: the client gets an error of the policy's choice: that is its work, and no failure.
  func logPolicyFailure(_ policy: String, _ failure: PluginFailure, isTold: Bool) {
    switch failure.kind {
    case .status where isTold: return
    case .status: note(.pluginError, "policy \(policy): \(failure.text)")
    case .overloaded: note(.overload, "policy \(policy): \(failure.description)")
    case .unmapped, .contract: note(.pluginError, "policy \(policy): \(failure.type): \(failure.description)")
    }
    identify()
    runtime.events.policyFailed(context, route: route, policy, failure)
  }

  func policyMisfit(_ policy: String, _ reason: String) {
    identify()
    runtime.events.policyFailed(context, route: route, policy, .contract(reason))
  }

  func policyGivenUp(_ policy: String) {
    note(.pluginTimeout, "policy \(policy) did not complete in time")
    identify()
    runtime.events.policyGivenUp(context, route: route, policy)
  }
}

extension EventLog {
  func policyFailed(
    _ context: borrowing RequestContext, route: CompiledRoute?, _ policy: String, _ failure: PluginFailure
  ) {
    var metadata = facts(context, route, failure)
    metadata["policy"] = "\(policy)"
    logger.error("policy failed", metadata: metadata)
  }

  func policyGivenUp(_ context: borrowing RequestContext, route: CompiledRoute?, _ policy: String) {
    var metadata = facts(context, route)
    metadata["policy"] = "\(policy)"
    logger.warning("policy given up, its memory is kept until it completes", metadata: metadata)
  }
}
