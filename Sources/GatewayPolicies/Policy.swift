import GatewayHTTP

/// A built-in or added piece of middleware, compiled once from the configuration and shared by all event loops.
///
/// A policy takes part in requests (`RequestPolicy`), in responses (`ResponsePolicy`), or in both. It keeps no state of
/// one request: what a response hook needs it reads from the `RequestContext`.
public protocol Policy: Sendable {
  /// The name under which the configuration file knows it, such as `cors`.
  var kind: StaticString { get }
  /// Whether a policy of the same kind nearer to the route takes this one's place (CORS, security headers), or both
  /// apply (addresses, trusted hosts).
  var yieldsToInner: Bool { get }
}

extension Policy {
  public var yieldsToInner: Bool { false }
}

/// What a request hook decides.
public enum PolicyVerdict: Sendable {
  /// The request goes on to the next step.
  case next
  /// The request ends here with this response; response hooks still run over it.
  case respond(LocalResponse)
}

/// Runs in the head phase: after routing, before the body is read.
public protocol RequestPolicy: Policy {
  /// Synchronous, on the connection's event loop; must not block. A thrown error ends the request with its status.
  func onRequest(_ context: inout RequestContext) throws(HTTPError) -> PolicyVerdict
}

/// Runs over every response head before it is written, whoever made it: handler, upstream, another policy or the
/// gateway's own error. It may run although its request hook did not (an earlier step answered).
public protocol ResponsePolicy: Policy {
  /// Synchronous, on the connection's event loop; must not block and cannot fail.
  func onResponse(_ status: inout UInt16, _ fields: inout FieldLines, _ context: RequestContext)
}
