import CGatewayPlugin
import NIOConcurrencyHelpers

/// What keeps a plugin in processes of its own.
public protocol IsolatedPlugin: AnyObject, Sendable {
  /// Starts its workers; they take invocations of these loops, which are all of one gateway's. Once, before the plugin's
  /// `start`. Throws why a worker could not, with none left.
  func start(
    on loops: [LoopServices], blockingThreads: Int, tasksOfRequest: Int,
    onEvent: @escaping @Sendable (IsolationEvent) -> Void
  ) async throws
  /// Ends its workers, after the plugin's `stop`; also those that do not want to. Returns when none is left.
  func close() async
}

/// What happens to a plugin's workers.
public struct IsolationEvent: Sendable {
  public enum What: Sendable {
    case ready(worker: Int, pid: Int32, nanoseconds: Int64)
    /// With the invocations that it has completed.
    case ended(worker: Int, pid: Int32, cause: String, calls: Int)
    /// The next start waits so long.
    case delayed(worker: Int, nanoseconds: Int64)
    /// It has come to nothing so often that no more are started for so long.
    case paused(worker: Int, nanoseconds: Int64, failures: Int)
    /// A line of its standard output or error.
    case wrote(pid: Int32, line: String)
    /// Outside of any invocation.
    case said(level: gw_log_level, message: String, facts: [(name: String, value: String)])
    /// So many lines were too many.
    case lost(Int)
  }

  public let plugin: String
  public let what: What

  public init(plugin: String, what: What) {
    self.plugin = plugin
    self.what = what
  }
}

/// Descriptors whose functions lead into other processes.
enum IsolatedDescriptors {
  private static let addresses = NIOLockedValueBox<Set<UInt>>([])

  static func add(_ descriptor: UnsafePointer<gw_plugin>) {
    addresses.withLockedValue { _ = $0.insert(UInt(bitPattern: descriptor)) }
  }

  static func contains(_ descriptor: UnsafePointer<gw_plugin>) -> Bool {
    addresses.withLockedValue { $0.contains(UInt(bitPattern: descriptor)) }
  }
}

extension PluginCall {
  /// The plugin that is waited for, where it lives in processes of its own. On the loop; takes a lock.
  public var awaitedIsolatedPlugin: String? {
    guard let function, IsolatedDescriptors.contains(function.plugin) else { return nil }
    return String(function.label.prefix { $0 != "." })
  }
}
