import CGatewayPlugin
import GatewayPluginHost

/// What policies of plugins keep for a place that uses them: made before the first request, given back after the last.
extension Lifecycle {
  /// Makes all of it; what could not be.
  func makePolicies() async -> Failure? {
    for use in snapshot.policyUses {
      guard let make = use.policy.make else { continue }
      switch await run(
        make, config: use.config, inputs: [], late: { [self] value in
          guard let value = value.pointer else { return }
          use.policy.release(value: value)
        }) {
      case .success(let made): use.value.pointee = made.pointer
      case .failure(let cause): return Failure(what: "policy '\(use.label)' could not be made", cause: cause)
      }
    }
    return nil
  }

  func releasePolicies() {
    for use in snapshot.policyUses.reversed() {
      guard let value = use.value.pointee else { continue }
      use.value.pointee = nil
      use.policy.release(value: value)
    }
  }
}
