import CGatewayPlugin

/// A policy that a plugin offers.
public struct PluginPolicy: Sendable {
  public let name: String
  public let execution: PluginExecution
  /// JSON Schema of `config` where the configuration uses it; empty: it takes none. Not yet checked to be JSON.
  public let configSchema: [UInt8]
  public let requestBody: PolicyBodyMode
  public let responseBody: PolicyBodyMode
  public let request: PluginFunction?
  public let response: PluginFunction?
  public let requestPart: PluginFunction?
  public let responsePart: PluginFunction?
  /// To be invoked once for each place that uses the policy, before the first request.
  public let make: PluginFunction?
  public let pointer: PermanentPointer<gw_policy>

  /// Gives back what a request was let go on with. To be called once for each state, on the request's event loop.
  public func release(state: UnsafeMutableRawPointer) { pointer.pointer.pointee.release_state?(state) }

  /// Gives back what `make` gave, after the last exchange.
  public func release(value: UnsafeMutableRawPointer) { pointer.pointer.pointee.release_value?(value) }
}

/// How a policy sees a body: `gw_body_mode`.
public enum PolicyBodyMode: UInt32, Sendable, CaseIterable {
  /// Not at all.
  case none = 0
  /// Whole, before any of it goes on.
  case buffered = 1
  /// Part by part, the next one when it is done with the last.
  case parts = 2
}
