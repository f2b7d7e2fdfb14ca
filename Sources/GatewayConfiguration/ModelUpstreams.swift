/// `upstreams.<name>`: servers that requests are proxied to.
public struct Upstream: NamedEntry {
  public var name: Located<String> = ""
  /// At least one.
  public var targets: [UpstreamTarget] = []
  public var timeouts = UpstreamTimeouts()
  public var connections = UpstreamConnections()
  public var balance = Balance.roundRobin

  public init() {}
}

/// One address of an upstream, from `http://host:port`.
public struct UpstreamTarget: Sendable, Equatable, Locatable {
  /// Without brackets where it is an IPv6 address.
  public var host: String
  public var port: Int
  /// What goes into `Host`: as written, with the port where it is not 80.
  public var authority: String
  public var location: Location

  public init(host: String, port: Int, authority: String, location: Location = .none) {
    self.host = host
    self.port = port
    self.authority = authority
    self.location = location
  }
}

public enum Balance: String, Sendable, CaseIterable {
  case roundRobin = "round_robin"
}

public struct UpstreamTimeouts: Sendable, Equatable {
  public var connect = Duration.seconds(2)
  public var responseHead = Duration.seconds(30)
  /// Between two reads or writes that make progress.
  public var idle = Duration.seconds(60)
  /// From the first byte sent to the last received; nil: only the exchange's own limit.
  public var total: Duration?

  public init() {}
}

public struct UpstreamConnections: Sendable, Equatable {
  /// Kept open without a request, for each event loop and target.
  public var maxIdlePerLoop = 64
  /// Open at once to one target, for each event loop; nil: the proxy's own limit.
  public var maxPerTarget: Int?

  public init() {}
}
