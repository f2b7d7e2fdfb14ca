import GatewayJSON

/// Where a plugin's code runs.
public enum PluginIsolation: String, Sendable, CaseIterable {
  /// In the gateway's process.
  case none
  /// In processes of its own.
  case process
}

/// `plugins.<name>.limits`: what one process of an isolated plugin may use. Nil: as the system allows.
public struct WorkerLimits: Sendable, Equatable {
  /// Bytes of writable memory of its own.
  public var memory: Int?
  /// Processor time in its life.
  public var cpu: Duration?
  public var descriptors: Int?
  /// 0: it can start none.
  public var processes: Int?

  public init() {}
}

/// `plugins.<name>.restart`: when a process that ended is followed by another.
public struct WorkerRestart: Sendable, Equatable {
  public var delay = Duration.milliseconds(100)
  public var longestDelay = Duration.seconds(10)
  public var attempts = 5
  public var pause = Duration.seconds(30)
  public var stableAfter = Duration.seconds(10)
  public var stableRequests = 100

  public init() {}
}
