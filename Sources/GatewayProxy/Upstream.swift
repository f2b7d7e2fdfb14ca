import GatewayHTTP
import NIOCore

/// A group of servers that do the same work: what requests are proxied to. Frozen when a snapshot is built.
///
/// All figures are per event loop, because every loop keeps a pool of its own and never asks another one.
public struct Upstream: Sendable {
  /// As configured; for logs and errors.
  public let name: String
  /// In configured order. A pool without targets answers every request with 503.
  public let targets: [Target]
  public let timeouts: Timeouts
  public let limits: Limits

  public init(name: String, targets: [Target], timeouts: Timeouts = Timeouts(), limits: Limits = Limits()) {
    self.name = name
    self.targets = targets
    self.timeouts = timeouts
    self.limits = limits
  }

  /// How long a request may wait for what. Measured by the ticks of the pool's owner, so each may last one tick
  /// longer, never shorter. Nil: no limit.
  public struct Timeouts: Sendable, Equatable {
    /// One attempt to connect, name resolution included; also the wait for a free connection.
    public var connect: TimeAmount?
    /// From the whole request sent to the final response head complete. Interim (1xx) responses do not prolong it.
    public var responseHead: TimeAmount?
    /// Between two reads of a response body, or without room to write a request body. Does not run while the client
    /// is the slow one.
    public var idle: TimeAmount?
    /// From start to end of the exchange with the upstream, retries included.
    public var total: TimeAmount?

    public init(
      connect: TimeAmount? = .seconds(2), responseHead: TimeAmount? = .seconds(30), idle: TimeAmount? = .seconds(60),
      total: TimeAmount? = nil
    ) {
      self.connect = connect
      self.responseHead = responseHead
      self.idle = idle
      self.total = total
    }
  }

  /// What an upstream may cost this process.
  public struct Limits: Sendable, Equatable {
    /// Connections to one target that are kept open without a request.
    public var idleConnections = 64
    /// Connections to one target, whatever they do. Protects the target, and the descriptors of this process.
    public var connections = 512
    /// Requests that may wait for a connection; one more is answered with 503 at once.
    public var waiting = 1024
    /// How long a connection may stay without a request. Below what common servers allow (nginx 75 s, Node 5 s is the
    /// exception), so that the upstream rarely closes first.
    public var idleFor = TimeAmount.seconds(55)
    /// How many targets one request may try to connect to before it fails.
    public var connectAttempts = 3
    /// How long a target that could not be connected to is passed over, at first; doubles with each further failure.
    public var backoff = TimeAmount.milliseconds(250)
    public var longestBackoff = TimeAmount.seconds(5)
    /// What one response head, trailer section or chunk line may cost.
    public var response = HTTPLimits()

    public init() {}
  }
}
