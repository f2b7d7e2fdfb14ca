import CGatewayPlugin

/// A function of a plugin with all that is needed to invoke it.
public final class PluginFunction: @unchecked Sendable {
  // Proof for @unchecked: immutable, and the contract makes the pointers valid and unchanging for the life of the process and the
  // functions callable from several threads at once.
  public enum Answer: Sendable, Equatable {
    /// A handler: `respond` or `fail`.
    case response
    /// A provider: `provide`, `respond` or `fail`.
    case value
    /// Teardown, start, stop: `finish` or `fail`.
    case nothing
    /// A policy's look at a request: `proceed`, `respond`, `respond_file` or `fail`.
    case policyRequest(givesBody: Bool)
    /// A policy's look at an answer: `proceed`, `respond` or `fail`.
    case policyResponse(givesBody: Bool)
    /// A policy's look at a part of a body: `pass_part` or `fail`.
    case part

    var isHeadOfPolicy: Bool {
      switch self {
      case .policyRequest, .policyResponse: true
      default: false
      }
    }

    var isRequest: Bool { if case .policyRequest = self { true } else { false } }

    /// Why this cannot be answered with a file; nil where it can.
    var fileMisfit: String? {
      if case .policyResponse = self { "answered with a file in place of an answer that is made already" } else { nil }
    }

    /// Whether the body that it saw may be replaced.
    var givesBody: Bool {
      switch self {
      case .policyRequest(let givesBody), .policyResponse(let givesBody): givesBody
      default: false
      }
    }
  }

  /// Whether it has to run even where the blocking pool is full: a value whose teardown is left out would keep its
  /// transaction open for ever.
  var isOwed: Bool { if case .nothing = answer { true } else { false } }

  let invoke: gw_function
  let context: UnsafeMutableRawPointer?
  /// Where `invoke` is: tells the image, and with it the plugin and its generation, to who reads a crash.
  let code: UnsafeRawPointer
  public let execution: gw_execution
  public let answer: Answer
  /// Whose it is.
  let plugin: UnsafePointer<gw_plugin>
  let cancel: (@convention(c) (UnsafeMutableRawPointer) -> Void)?
  let releaseToken: (@convention(c) (UnsafeMutableRawPointer) -> Void)?
  /// Whether an invocation that begins inside the completion of this one may run behind it, without another call: then it is
  /// begun there. Since contract 1.2.
  public let isFollowed: Bool
  /// "plugin.name" for logs.
  public let label: String
  /// The same for the watchdog.
  let watchName: ImmortalText
  let counters: PluginCounters

  /// - Parameter watchName: where the label is made while requests run: names for the watchdog are kept for ever.
  public init(
    invoke: @escaping gw_function, context: UnsafeMutableRawPointer?, execution: gw_execution, answer: Answer,
    plugin: UnsafePointer<gw_plugin>, label: String, watchName: ImmortalText? = nil, counters: PluginCounters? = nil
  ) {
    self.counters = counters ?? .of(plugin)
    self.invoke = invoke
    code = unsafeBitCast(invoke, to: UnsafeRawPointer.self)
    self.context = context
    self.execution = execution
    self.answer = answer
    self.plugin = plugin
    self.cancel = plugin.pointee.cancel
    self.releaseToken = plugin.pointee.release_token
    isFollowed = execution == GW_ASYNC && plugin.pointee.abi_minor >= 2
    self.label = label
    self.watchName = watchName ?? ImmortalText(label)
  }
}
