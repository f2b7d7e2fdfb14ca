import CGatewayPlugin

/// A policy under construction.
struct PolicyDeclaration {
  let name: String
  let configSchema: String
  var execution = GW_ASYNC.rawValue
  var requestBody = GW_BODY_NONE
  var responseBody = GW_BODY_NONE
  /// Makes its functions, once the host is known.
  let functions: (Host) -> PolicyFunctions
  /// Why the plugin has to be refused.
  var problem: String?
}

/// A policy's functions as the contract has them.
struct PolicyFunctions {
  let context: AnyObject
  var request: gw_function?
  var response: gw_function?
  var requestPart: gw_function?
  var responsePart: gw_function?
  var releaseState: (@convention(c) (UnsafeMutableRawPointer) -> Void)?
  var make: gw_function?
}

/// The functions of a policy that is made of hooks.
final class HookFunctions: Sendable {
  let request: Function?
  let response: Function?
  let requestPart: Function?
  let responsePart: Function?
  let make: Function?

  init(request: Function?, response: Function?, requestPart: Function?, responsePart: Function?, make: Function?) {
    self.request = request
    self.response = response
    self.requestPart = requestPart
    self.responsePart = responsePart
    self.make = make
  }

  func pointers(releasesState: Bool) -> PolicyFunctions {
    PolicyFunctions(
      context: self, request: request == nil ? nil : { HookFunctions.invoke(\.request, $0, $1) },
      response: response == nil ? nil : { HookFunctions.invoke(\.response, $0, $1) },
      requestPart: requestPart == nil ? nil : { HookFunctions.invoke(\.requestPart, $0, $1) },
      responsePart: responsePart == nil ? nil : { HookFunctions.invoke(\.responsePart, $0, $1) },
      releaseState: releasesState ? { Unmanaged<AnyValueBox>.fromOpaque($0).release() } : nil,
      make: make == nil ? nil : { HookFunctions.invoke(\.make, $0, $1) })
  }

  @inline(__always)
  fileprivate static func invoke(
    _ member: (HookFunctions) -> Function?, _ context: UnsafeMutableRawPointer?,
    _ invocation: UnsafePointer<gw_invocation>
  ) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let functions = Unmanaged<HookFunctions>.fromOpaque(context).takeUnretainedValue()
    return member(functions).flatMap { Function.invoke(Unmanaged.passUnretained($0).toOpaque(), invocation) }
  }
}

extension Plugin {
  /// The policies for the descriptor; what it points to stays for ever.
  func exportPolicies(_ host: Host) -> UnsafeBufferPointer<UnsafePointer<gw_policy>?> {
    permanent(
      policies.map { declaration in
        let functions = declaration.functions(host)
        let policy = gw_policy(
          struct_size: UInt32(MemoryLayout<gw_policy>.size), execution: declaration.execution,
          name: permanent(declaration.name), context: Unmanaged.passRetained(functions.context).toOpaque(),
          config_schema: permanentBytes(declaration.configSchema), request_body: declaration.requestBody.rawValue,
          response_body: declaration.responseBody.rawValue, request: functions.request, response: functions.response,
          request_part: functions.requestPart, response_part: functions.responsePart,
          release_state: functions.releaseState, make: functions.make,
          release_value: functions.make == nil ? nil : { Unmanaged<AnyValueBox>.fromOpaque($0).release() })
        return Optional(UnsafePointer(permanent(policy)))
      })
  }
}
