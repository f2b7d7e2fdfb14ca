import CGatewayPlugin

/// A function of a plugin with all that is needed to invoke it.
public final class PluginFunction: @unchecked Sendable {
  // Proof for @unchecked: immutable, and the contract makes the pointers valid and unchanging for the life of the process and the
  // functions callable from several threads at once.
  public enum Answer: Sendable {
    /// A handler: `respond` or `fail`.
    case response
    /// A provider: `provide`, `respond` or `fail`.
    case value
    /// Teardown, start, stop: `finish` or `fail`.
    case nothing
  }

  /// Whether it has to run even where the blocking pool is full: a value whose teardown is left out would keep its
  /// transaction open for ever.
  var isOwed: Bool { if case .nothing = answer { true } else { false } }

  let invoke: gw_function
  let context: UnsafeMutableRawPointer?
  public let execution: gw_execution
  public let answer: Answer
  let cancel: (@convention(c) (UnsafeMutableRawPointer) -> Void)?
  let releaseToken: (@convention(c) (UnsafeMutableRawPointer) -> Void)?
  /// "plugin.name" for logs.
  public let label: String
  /// The same for the watchdog.
  let watchName: ImmortalText

  public init(
    invoke: @escaping gw_function, context: UnsafeMutableRawPointer?, execution: gw_execution, answer: Answer,
    plugin: UnsafePointer<gw_plugin>, label: String
  ) {
    self.invoke = invoke
    self.context = context
    self.execution = execution
    self.answer = answer
    self.cancel = plugin.pointee.cancel
    self.releaseToken = plugin.pointee.release_token
    self.label = label
    watchName = ImmortalText(label)
  }
}
