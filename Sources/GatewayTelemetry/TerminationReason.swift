/// Why an exchange ended as it did: a closed list with stable names, for `reason` in the log and a label in metrics.
public enum TerminationReason: UInt8, Sendable, CaseIterable {
  /// Answered as the route says, whatever the status.
  case ok
  case clientAbort, clientTimeout, badRequest, noRoute, methodNotAllowed, authFailed, refused, rateLimited, overload
  case bodyTooLarge, schemaInvalid
  case noHealthyTarget, connectFailed, upstreamTimeout, upstreamReset, upstreamProtocol, circuitOpen
  case pluginError, pluginTimeout, gatewayError, timeout, draining

  public var name: StaticString {
    switch self {
    case .ok: "ok"
    case .clientAbort: "client_abort"
    case .clientTimeout: "client_timeout"
    case .badRequest: "bad_request"
    case .noRoute: "no_route"
    case .methodNotAllowed: "method_not_allowed"
    case .authFailed: "auth_failed"
    case .refused: "refused"
    case .rateLimited: "rate_limited"
    case .overload: "overload"
    case .bodyTooLarge: "body_too_large"
    case .schemaInvalid: "schema_invalid"
    case .noHealthyTarget: "no_healthy_target"
    case .connectFailed: "connect_failed"
    case .upstreamTimeout: "upstream_timeout"
    case .upstreamReset: "upstream_reset"
    case .upstreamProtocol: "upstream_protocol"
    case .circuitOpen: "circuit_open"
    case .pluginError: "plugin_error"
    case .pluginTimeout: "plugin_timeout"
    case .gatewayError: "gateway_error"
    case .timeout: "timeout"
    case .draining: "draining"
    }
  }
}
