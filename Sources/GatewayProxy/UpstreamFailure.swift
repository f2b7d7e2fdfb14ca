/// Why an upstream gave no complete response. For the log in full; the client learns no more than the status.
public struct UpstreamFailure: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: String, Sendable, CaseIterable {
    // The upstream is there and did wrong, or is not there.
    case connectFailed, unresolved, reset, closedBeforeResponse, truncated, malformed, unexpectedUpgrade
    // Nothing was asked of any target.
    case noneAvailable, queueFull, queueTimeout, shutDown
    // The upstream took too long.
    case connectTimeout, responseHeadTimeout, idleTimeout, totalTimeout
    // This process handed over less or more body than it had announced.
    case requestBodyMismatch
  }

  public var kind: Kind
  public var upstream: String
  /// The target that failed; nil where none was chosen.
  public var target: String?
  /// What exactly happened, in one line without control characters.
  public var cause: String

  public init(_ kind: Kind, upstream: String, target: String? = nil, cause: String) {
    self.kind = kind
    self.upstream = upstream
    self.target = target
    self.cause = cause
  }

  /// The status for the client where no response head was sent yet (RFC 9110 §15.6).
  public var status: UInt16 {
    switch kind {
    case .connectFailed, .unresolved, .reset, .closedBeforeResponse, .truncated, .malformed, .unexpectedUpgrade: 502
    case .noneAvailable, .queueFull, .queueTimeout, .shutDown: 503
    case .connectTimeout, .responseHeadTimeout, .idleTimeout, .totalTimeout: 504
    case .requestBodyMismatch: 500
    }
  }

  /// One word of the closed list that access logs use.
  public var reason: String {
    switch kind {
    case .connectFailed, .unresolved: "connect_failed"
    case .reset, .closedBeforeResponse, .truncated: "upstream_reset"
    case .malformed, .unexpectedUpgrade: "upstream_protocol"
    case .noneAvailable: "no_healthy_target"
    case .queueFull, .queueTimeout: "overload"
    case .shutDown: "draining"
    case .connectTimeout, .responseHeadTimeout, .idleTimeout, .totalTimeout: "upstream_timeout"
    case .requestBodyMismatch: "internal"
    }
  }

  public var description: String {
    let place = target.map { "upstream \(upstream), target \($0)" } ?? "upstream \(upstream)"
    return "\(place): \(cause)"
  }
}
