import Glibc

/// The process's limit of open files, which bounds its connections.
public struct DescriptorLimit: Sendable, Equatable {
  public var soft: Int

  /// Raises the soft limit to the hard one (at most 2^20, so that tables indexed by descriptor stay small) and
  /// returns what holds now. Where that is not allowed the old limit stays.
  public static func raise() -> DescriptorLimit {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return DescriptorLimit(soft: 1024)
    }
    let wanted = min(limit.rlim_max, 1 << 20)
    if limit.rlim_cur < wanted {
      var raised = limit
      raised.rlim_cur = wanted
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    return DescriptorLimit(soft: Int(clamping: limit.rlim_cur))
  }

  public init(soft: Int) { self.soft = soft }

  /// Connections that may be open together: each may need a second descriptor for an upstream, and some are kept
  /// back for listeners, loops, logs and plugins.
  public func connections(loops: Int) -> Int {
    max(0, (soft - 64 - 8 * loops) / 2)
  }

  /// A sentence for the operator where the limit is too low for an edge; nil where it is not.
  public func warning(loops: Int) -> String? {
    let connections = connections(loops: loops)
    guard connections < 1000 else { return nil }
    return "the limit of \(soft) open files allows \(connections) connections; "
      + "raise it (ulimit -n, LimitNOFILE= in a systemd unit)"
  }
}
