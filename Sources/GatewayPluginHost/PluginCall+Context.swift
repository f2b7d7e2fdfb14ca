import CGatewayPlugin
import CLoopWatch

/// What the host knows about an invocation, for calls that a plugin makes inside it. On the loop.
extension PluginCall {
  /// Nil where the invocation is over.
  func facts(_ generation: UInt64) -> PluginCallFacts? {
    guard let delegate = delegate(of: generation) else { return nil }
    var facts = delegate.facts(of: self)
    // Of a task whoever left it: its label is no "plugin.name".
    facts.function = function.map { String(cString: $0.watchName.pointer) } ?? ""
    return facts
  }

  func traceParent(_ generation: UInt64) -> String? { delegate(of: generation)?.traceParent(of: self) }

  /// The plugin says that its code runs for this invocation from here on.
  static func enter(_ handle: gw_call) {
    Unmanaged<PluginCall>.fromOpaque(handle.slot)._withUnsafeGuaranteedRef { call in
      let word = call.state.load(ordering: .acquiring)
      guard word >> phaseBits == handle.generation, call.phase(word) != .idle else { return }
      lw_go_on(call.watch.pointer, call.watched)
    }
  }

  private func delegate(of generation: UInt64) -> (any PluginCallDelegate)? {
    let word = state.load(ordering: .acquiring)
    guard word >> Self.phaseBits == generation, phase(word) != .idle else { return nil }
    return delegate
  }
}
