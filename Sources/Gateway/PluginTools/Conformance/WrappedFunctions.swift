import CGatewayPlugin
import Glibc

/// The functions of one structure of the plugin under test, behind functions that watch them.
final class WrappedFunctions: @unchecked Sendable {
  // Proof for @unchecked: nothing changes after `init`; the pointers are the plugin's own, valid for the life of the process.

  /// Which member of its structure a function is.
  enum Role: String { case invoke, teardown, make, request, response, requestPart, responsePart, start, stop, health }

  private let context: UnsafeMutableRawPointer?
  private let name: String
  private let execution: UInt32
  private let functions: [Role: gw_function]
  private let releasesTokens: Bool

  init(
    _ name: String, context: UnsafeMutableRawPointer?, execution: UInt32, releasesTokens: Bool,
    _ functions: [(Role, gw_function?)]
  ) {
    self.name = name
    self.context = context
    self.execution = execution
    self.releasesTokens = releasesTokens
    self.functions = Dictionary(functions.compactMap { role, function in function.map { (role, $0) } }) { first, _ in
      first
    }
  }

  /// What takes the place of the structure's context. Never freed: a plugin's structures are as old as the process.
  func asContext() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

  private func label(_ role: Role) -> String {
    switch role {
    case .invoke: name
    case .start, .stop, .health: role.rawValue
    default: "\(name).\(role.rawValue)"
    }
  }

  private static func run(
    _ context: UnsafeMutableRawPointer?, _ invocation: UnsafePointer<gw_invocation>, _ role: Role
  ) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    // Made by `asContext`, and by nobody else.
    return Unmanaged<WrappedFunctions>.fromOpaque(context).takeUnretainedValue().run(invocation, role)
  }

  private func run(_ invocation: UnsafePointer<gw_invocation>, _ role: Role) -> UnsafeMutableRawPointer? {
    guard let function = functions[role] else { return nil }
    let probe = ConformanceProbe.shared
    let label = label(role)
    // The invocation may be another one's by the time that the function returns.
    let call = invocation.pointee.call
    probe.begin(call, label)
    let token =
      execution == GW_BLOCKING.rawValue
      ? function(context, invocation) : probe.onLoop(label) { function(context, invocation) }
    if execution != GW_ASYNC.rawValue { probe.returned(call, label) }
    if token != nil, !releasesTokens {
      probe.add(
        .init(
          .tokenWithoutRelease, .error, label, "it returns a token, and the plugin has no release_token",
          remedy: "return NULL, or define gw_plugin.cancel and gw_plugin.release_token"))
    }
    return token
  }

  /// The function that stands in for one of that role.
  static func entry(_ role: Role) -> gw_function {
    switch role {
    case .invoke: { WrappedFunctions.run($0, $1, .invoke) }
    case .teardown: { WrappedFunctions.run($0, $1, .teardown) }
    case .make: { WrappedFunctions.run($0, $1, .make) }
    case .request: { WrappedFunctions.run($0, $1, .request) }
    case .response: { WrappedFunctions.run($0, $1, .response) }
    case .requestPart: { WrappedFunctions.run($0, $1, .requestPart) }
    case .responsePart: { WrappedFunctions.run($0, $1, .responsePart) }
    case .start: { WrappedFunctions.run($0, $1, .start) }
    case .stop: { WrappedFunctions.run($0, $1, .stop) }
    case .health: { WrappedFunctions.run($0, $1, .health) }
    }
  }
}

/// Makes a descriptor that is the plugin's, with watched functions. The plugin's own has been read and found right.
enum WrappedPlugin {
  static func descriptor(_ original: UnsafePointer<gw_plugin>) -> UnsafePointer<gw_plugin> {
    let plugin = copy(original)
    let releases = plugin.pointee.release_token != nil
    let hasHealth = has(original, \.health)
    let life = WrappedFunctions(
      "", context: plugin.pointee.context, execution: GW_ASYNC.rawValue, releasesTokens: releases,
      [
        (.start, plugin.pointee.start), (.stop, plugin.pointee.stop),
        (.health, hasHealth ? plugin.pointee.health : nil),
      ])
    plugin.pointee.context = life.asContext()
    if plugin.pointee.start != nil { plugin.pointee.start = WrappedFunctions.entry(.start) }
    if plugin.pointee.stop != nil { plugin.pointee.stop = WrappedFunctions.entry(.stop) }
    if hasHealth, plugin.pointee.health != nil { plugin.pointee.health = WrappedFunctions.entry(.health) }
    plugin.pointee.handlers = each(plugin.pointee.handlers, plugin.pointee.handler_count) { handler($0, releases) }
    plugin.pointee.providers = each(plugin.pointee.providers, plugin.pointee.provider_count) { provider($0, releases) }
    if has(original, \.policy_count) {
      plugin.pointee.policies = each(plugin.pointee.policies, plugin.pointee.policy_count) { policy($0, releases) }
    }
    if has(original, \.error_handler_count) {
      plugin.pointee.error_handlers = each(plugin.pointee.error_handlers, plugin.pointee.error_handler_count) {
        handler($0, releases)
      }
    }
    return UnsafePointer(plugin)
  }

  private static func handler(_ original: UnsafePointer<gw_handler>, _ releases: Bool) -> UnsafePointer<gw_handler> {
    let handler = copy(original)
    let functions = WrappedFunctions(
      String(cString: handler.pointee.name), context: handler.pointee.context, execution: handler.pointee.execution,
      releasesTokens: releases, [(.invoke, handler.pointee.invoke)])
    handler.pointee.context = functions.asContext()
    handler.pointee.invoke = WrappedFunctions.entry(.invoke)
    return UnsafePointer(handler)
  }

  private static func provider(_ original: UnsafePointer<gw_provider>, _ releases: Bool) -> UnsafePointer<gw_provider> {
    let provider = copy(original)
    let functions = WrappedFunctions(
      String(cString: provider.pointee.name), context: provider.pointee.context, execution: provider.pointee.execution,
      releasesTokens: releases, [(.invoke, provider.pointee.invoke), (.teardown, provider.pointee.teardown)])
    provider.pointee.context = functions.asContext()
    provider.pointee.invoke = WrappedFunctions.entry(.invoke)
    if provider.pointee.teardown != nil { provider.pointee.teardown = WrappedFunctions.entry(.teardown) }
    return UnsafePointer(provider)
  }

  private static func policy(_ original: UnsafePointer<gw_policy>, _ releases: Bool) -> UnsafePointer<gw_policy> {
    let policy = copy(original)
    let functions = WrappedFunctions(
      String(cString: policy.pointee.name), context: policy.pointee.context, execution: policy.pointee.execution,
      releasesTokens: releases,
      [
        (.request, policy.pointee.request), (.response, policy.pointee.response), (.make, policy.pointee.make),
        (.requestPart, policy.pointee.request_part), (.responsePart, policy.pointee.response_part),
      ])
    policy.pointee.context = functions.asContext()
    if policy.pointee.request != nil { policy.pointee.request = WrappedFunctions.entry(.request) }
    if policy.pointee.response != nil { policy.pointee.response = WrappedFunctions.entry(.response) }
    if policy.pointee.request_part != nil { policy.pointee.request_part = WrappedFunctions.entry(.requestPart) }
    if policy.pointee.response_part != nil { policy.pointee.response_part = WrappedFunctions.entry(.responsePart) }
    if policy.pointee.make != nil { policy.pointee.make = WrappedFunctions.entry(.make) }
    return UnsafePointer(policy)
  }

  /// A structure of this version's size, zeros behind what the plugin's has. Never freed.
  private static func copy<Structure>(_ original: UnsafePointer<Structure>) -> UnsafeMutablePointer<Structure> {
    let size = MemoryLayout<Structure>.size
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<Structure>.alignment)
    memset(memory, 0, size)
    // Every structure of the contract that may grow begins with its size, which was checked when it was read.
    let stated = min(Int(UnsafeRawPointer(original).load(as: UInt32.self)), size)
    memcpy(memory, original, stated)
    memory.storeBytes(of: UInt32(stated), as: UInt32.self)
    return memory.assumingMemoryBound(to: Structure.self)
  }

  private static func has<Member>(_ plugin: UnsafePointer<gw_plugin>, _ member: KeyPath<gw_plugin, Member>) -> Bool {
    guard let offset = MemoryLayout<gw_plugin>.offset(of: member) else { return false }
    return Int(plugin.pointee.struct_size) >= offset + MemoryLayout<Member>.size
  }

  private static func each<Structure>(
    _ array: UnsafePointer<UnsafePointer<Structure>?>?, _ count: Int,
    _ wrap: (UnsafePointer<Structure>) -> UnsafePointer<Structure>
  ) -> UnsafePointer<UnsafePointer<Structure>?>? {
    guard let array, count > 0 else { return array }
    let copy = UnsafeMutablePointer<UnsafePointer<Structure>?>.allocate(capacity: count)
    for index in 0..<count { (copy + index).initialize(to: array[index].map(wrap)) }
    return UnsafePointer(copy)
  }
}
