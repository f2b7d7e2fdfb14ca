import GatewayConfiguration
import GatewayPluginHost
import GatewayPolicies
import NIOCore

extension Assembler {
  /// The use of a plugin's policy at that place of the file: one, whatever number of routes it applies to. Nil with a
  /// diagnostic where it cannot be.
  mutating func pluginPolicy(_ options: PluginPolicyOptions, at place: Location) -> PluginPolicyUse? {
    if let known = policyUses[place] { return known }
    let reference = options.policy
    // Without the plugin there was a diagnostic.
    guard let plugin = plugins[reference.plugin.value] else { return nil }
    guard let policy = plugin.policy(named: reference.member.value) else {
      let names = plugin.policies.map(\.name)
      if !diagnostics.hasError(within: reference.member) {
        diagnostics.error(
          .unknownReference, "plugin `\(reference.plugin.value)` has no policy `\(reference.member.value)`",
          at: reference.member, expected: names.isEmpty ? "it has none" : names.joined(separator: ", "),
          suggestion: NearestWord.of(reference.member.value, among: names))
      }
      return nil
    }
    let label = reference.description
    let config = checkedConfig(
      options.config, against: policy.configSchema, plugin: reference.plugin.value, of: "config of policy `\(label)`",
      at: reference)
    let use = PluginPolicyUse(policy: policy, label: label, config: config, responseLimit: options.responseBody)
    policyUses[place] = use
    policyOrder.append(use)
    return use
  }
}

/// Policies of a route while they are compiled, in the order of the file.
struct PolicySequence {
  private var segments: [[any GatewayPolicies.Policy]] = [[]]
  private var uses: [PluginPolicyUse] = []

  mutating func append(_ policy: any GatewayPolicies.Policy) { segments[segments.count - 1].append(policy) }

  mutating func append(_ use: PluginPolicyUse) {
    uses.append(use)
    segments.append([])
  }

  /// The built-in ones alone, for errors of requests that come to no policy.
  var chain: PolicyChain { PolicyChain(segments.flatMap { $0 }) }

  /// Nil where no policy is a plugin's.
  func plugins(bodyLimit: Int, timeout: TimeAmount) -> PluginPolicies? {
    guard !uses.isEmpty else { return nil }
    return PluginPolicies(
      uses: uses, segments: segments.map { PolicyChain($0) }, bodyLimit: bodyLimit, timeout: timeout)
  }
}
