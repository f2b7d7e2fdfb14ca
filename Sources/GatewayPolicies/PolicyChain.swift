import GatewayHTTP

/// The policies of one route in running order, compiled once and frozen with the snapshot.
///
/// Request hooks run first to last, response hooks last to first, so that a policy wraps what is listed after it.
/// All response hooks run on every response of the chain, also on 404, 405, 413, 422, 500 and 502 and where an earlier
/// step answered: CORS and security headers are never missing from an error.
///
/// No step waits: policies of plugins, which may, stand between chains (`PluginPolicies`).
public struct PolicyChain: Sendable {
  /// A chain without steps.
  public static let empty = PolicyChain([])

  private let requestSteps: [any RequestPolicy]
  /// Already in running order: last policy first.
  private let responseSteps: [any ResponsePolicy]
  /// False where no request hook is configured; then nothing else needs to be looked at.
  public let hasRequestSteps: Bool
  /// False where no response hook is configured.
  public let hasResponseSteps: Bool

  /// Compiles policies in the order of the configuration.
  public init(_ policies: [any Policy]) {
    requestSteps = policies.compactMap { $0 as? any RequestPolicy }
    responseSteps = policies.reversed().compactMap { $0 as? any ResponsePolicy }
    hasRequestSteps = !requestSteps.isEmpty
    hasResponseSteps = !responseSteps.isEmpty
  }

  /// Joins the policies of an outer level (server) and an inner one (route): outer steps first, without those that
  /// give way to an inner policy of their kind.
  public static func layered(_ outer: [any Policy], _ inner: [any Policy]) -> [any Policy] {
    outer.filter { policy in
      !policy.yieldsToInner || !inner.contains { $0.kind.description == policy.kind.description }
    } + inner
  }

  /// Runs the request hooks from `step` (0 at first) until one answers or all have passed.
  public func onRequest(_ context: inout RequestContext, from step: inout Int) throws(HTTPError) -> PolicyVerdict {
    guard hasRequestSteps else { return .next }
    while step < requestSteps.count {
      let policy = requestSteps[step]
      step += 1
      switch try policy.onRequest(&context) {
      case .next: continue
      case .respond(let response): return .respond(response)
      }
    }
    return .next
  }

  /// Runs the response hooks over a response head that is about to be written.
  public func onResponse(_ status: inout UInt16, _ fields: inout FieldLines, _ context: RequestContext) {
    guard hasResponseSteps else { return }
    for policy in responseSteps { policy.onResponse(&status, &fields, context) }
  }
}
