import CGatewayPlugin
import GatewayPluginHost
import NIOConcurrencyHelpers

/// What policies of plugins keep for a place that uses them: made before the first request, given back after the last of
/// the last snapshot that has the place. A rate limiter goes on counting when something else is reloaded.
final class PolicyValue: @unchecked Sendable {
  // Proof for @unchecked: immutable but for the count, which is behind a lock.
  let pointer: UnsafeMutableRawPointer
  /// It was made with that place's `config`, which has to live as long.
  let use: PluginPolicyUse
  private let users = NIOLockedValueBox(1)

  init(_ pointer: UnsafeMutableRawPointer, _ use: PluginPolicyUse) {
    self.pointer = pointer
    self.use = use
  }

  func join() { users.withLockedValue { $0 += 1 } }

  func leave() -> Bool {
    users.withLockedValue { users in
      users -= 1
      return users == 0
    }
  }
}

extension Lifecycle {
  /// Makes all of it, or takes it over; what could not be.
  func makePolicies() async -> Failure? {
    // Each once: two places with the same `config` have two values.
    var earlier = previous?.policyValues.compactMap { $0 } ?? []
    for (index, use) in snapshot.policyUses.enumerated() {
      guard let make = use.policy.make else { continue }
      if let known = earlier.firstIndex(where: { $0.use.isMade(like: use) }) {
        let value = earlier.remove(at: known)
        value.join()
        policyValues[index] = value
        use.value.pointee = value.pointer
        continue
      }
      switch await run(
        make, config: use.config, inputs: [], late: { [use] value in
          guard let value = value.pointer else { return }
          use.policy.release(value: value)
        }) {
      case .success(let made):
        guard let pointer = made.pointer else { continue }
        policyValues[index] = PolicyValue(pointer, use)
        use.value.pointee = pointer
      case .failure(let cause): return Failure(what: "policy '\(use.label)' could not be made", cause: cause)
      }
    }
    return nil
  }

  /// - Parameter releases: false where something may still use them.
  func releasePolicies(releases: Bool) {
    for (index, value) in policyValues.enumerated().reversed() {
      guard let value else { continue }
      policyValues[index] = nil
      guard value.leave(), releases else { continue }
      snapshot.policyUses[index].value.pointee = nil
      value.use.policy.release(value: value.pointer)
    }
  }
}

extension PluginPolicyUse {
  /// Whether another snapshot's place uses the same policy of the same generation in the same way.
  func isMade(like other: PluginPolicyUse) -> Bool {
    policy.pointer.pointer == other.policy.pointer.pointer && label == other.label
      && config.text.raw.elementsEqual(other.config.text.raw)
  }
}
