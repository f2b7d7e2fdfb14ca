import GatewayHTTP
import GatewayPluginHost
import GatewayPolicies
import NIOCore

/// A place in the configuration that uses a plugin's policy.
final class PluginPolicyUse: @unchecked Sendable {
  // Proof for @unchecked: all is immutable but what `value` points to, which the lifecycle writes before the first
  // exchange and after the last one; the hand-over of the snapshot to the loops orders the two.
  let policy: PluginPolicy
  /// `plugin.name`, for logs.
  let label: String
  let config: LentJSON
  /// Bytes of an answer that the policy may want whole.
  let responseLimit: Int
  /// What `make` gave, where invocations can be lent it.
  let value: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  init(policy: PluginPolicy, label: String, config: LentJSON, responseLimit: Int) {
    self.policy = policy
    self.label = label
    self.config = config
    self.responseLimit = responseLimit
    value = .allocate(capacity: 1)
    value.initialize(to: nil)
  }

  deinit { value.deallocate() }
}

/// The policies of a route where at least one is a plugin's and may have to be waited for.
///
/// A plugin's policy cuts the built-in ones into segments: `segments[i]` stands before `uses[i]`, the last one behind them
/// all. A request goes through them first to last, an answer last to first.
final class PluginPolicies: Sendable {
  let uses: [PluginPolicyUse]
  let segments: [PolicyChain]
  /// Of a body that a policy wants whole, where no route has a limit of its own.
  let bodyLimit: Int
  /// Of an exchange without a route.
  let timeout: TimeAmount

  init(uses: [PluginPolicyUse], segments: [PolicyChain], bodyLimit: Int, timeout: TimeAmount) {
    self.uses = uses
    self.segments = segments
    self.bodyLimit = bodyLimit
    self.timeout = timeout
  }
}

/// What an exchange does once all policies have let its request pass.
enum Admission {
  case route(CompiledRoute)
  /// No route of the path takes the method, or it is an automatic OPTIONS.
  case path(HTTPMethodSet)
  case notFound
}
