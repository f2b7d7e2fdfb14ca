/// Something about the listeners that an operator should hear of. Reported once when it begins, never for each
/// connection, so that no client can fill the log.
public enum ServerEvent: Sendable, Equatable {
  /// The process has no descriptor (or memory) for another connection; accepting goes on as soon as it has.
  case acceptPaused(address: String, reason: String)
  /// As many connections are open as are allowed; new ones wait in the backlog.
  case connectionsExhausted(address: String, limit: Int)
  case acceptResumed(address: String)
  /// The kernel took a listening socket away; it is opened again.
  case listenerFailed(address: String, reason: String)
}

/// What the loops have counted since they started.
public struct ServerCounters: Sendable, Equatable {
  public var accepted = 0
  public var open = 0
  public var requests = 0
  /// Messages that never became an exchange: malformed or too large.
  public var malformed = 0
  /// Connections ended by one of `ServerConfiguration.Timeouts`.
  public var timedOut = 0
  public var failedHandshakes = 0
  /// Idle connections closed to make room for new ones.
  public var evicted = 0

  public init() {}

  public static func + (a: ServerCounters, b: ServerCounters) -> ServerCounters {
    var sum = a
    sum.accepted += b.accepted
    sum.open += b.open
    sum.requests += b.requests
    sum.malformed += b.malformed
    sum.timedOut += b.timedOut
    sum.failedHandshakes += b.failedHandshakes
    sum.evicted += b.evicted
    return sum
  }
}

/// How a drain ended.
public struct DrainReport: Sendable, Equatable {
  /// Exchanges that were cut off because their time was over.
  public var aborted = 0

  public init(aborted: Int = 0) { self.aborted = aborted }
}
