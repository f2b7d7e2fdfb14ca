import CGatewayPlugin

#if canImport(Glibc)
  import Glibc
#endif

extension Plugin {
  /// The descriptor for the host. Everything in it stays for the life of the process, as the contract asks.
  public func export(to host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
    HostAccess.adopt(host)
    let host = Host(host)
    let handlers = self.handlers.map { declaration in
      let needs = permanent(declaration.needs)
      return permanent(
        gw_handler(
          struct_size: UInt32(MemoryLayout<gw_handler>.size), execution: declaration.work.execution,
          name: permanent(declaration.name), invoke: Function.invoke, context: context(host, declaration.work),
          needs: needs.baseAddress, need_count: needs.count,
          declaration: permanentBytes(declaration.declaration)))
    }
    let providers = self.providers.map { declaration in
      let needs = permanent(declaration.needs)
      return permanent(
        gw_provider(
          struct_size: UInt32(MemoryLayout<gw_provider>.size), execution: declaration.work.execution,
          scope: declaration.scope.code, reserved: 0, name: permanent(declaration.name),
          type: permanent(declaration.type), invoke: Function.invoke,
          teardown: declaration.teardown == nil ? nil : teardown,
          release_value: { Unmanaged<AnyValueBox>.fromOpaque($0).release() },
          context: context(host, declaration.work, declaration.teardown), needs: needs.baseAddress,
          need_count: needs.count, config_schema: permanentBytes(declaration.configSchema),
          declaration: permanentBytes(declaration.declaration), flags: 0, reserved_2: 0, value_json: nil,
          value_service: nil))
    }
    let hooks = Unmanaged.passRetained(
      Hooks(start: function(host, start), stop: function(host, stop), health: function(host, health))).toOpaque()
    let handlerList = permanent(handlers.map { Optional(UnsafePointer($0)) })
    let providerList = permanent(providers.map { Optional(UnsafePointer($0)) })
    return UnsafePointer(
      permanent(
        gw_plugin(
          struct_size: UInt32(MemoryLayout<gw_plugin>.size), abi_major: UInt16(GW_ABI_MAJOR),
          abi_minor: UInt16(GW_ABI_MINOR), name: permanent(name), version: permanent(version),
          handlers: handlerList.baseAddress, handler_count: handlerList.count, providers: providerList.baseAddress,
          provider_count: providerList.count, config_schema: permanentBytes(configSchema),
          start: start == nil ? nil : startHook, stop: stop == nil ? nil : stopHook, context: hooks,
          cancel: Function.cancel, release_token: Function.releaseToken, schemas: permanentBytes(schemas.json), policies: nil, policy_count: 0, error_handlers: nil,
          error_handler_count: 0, health: health == nil ? nil : healthHook)))
  }

  private func function(_ host: Host, _ work: Work?) -> Function? {
    work.map { Function(host: host, work: $0) }
  }

  private func context(_ host: Host, _ work: Work) -> UnsafeMutableRawPointer {
    Unmanaged.passRetained(Function(host: host, work: work)).toOpaque()
  }

  /// A provider's two functions share one context: teardown is found behind it.
  private func context(_ host: Host, _ work: Work, _ teardown: Work?) -> UnsafeMutableRawPointer {
    let make = Function(host: host, work: work, teardown: function(host, teardown))
    return Unmanaged.passRetained(make).toOpaque()
  }
}

private let teardown: gw_function = { context, invocation in
  guard let context else { return nil }
  let make = Unmanaged<Function>.fromOpaque(context).takeUnretainedValue()
  return make.teardown.flatMap { Function.invoke(Unmanaged.passUnretained($0).toOpaque(), invocation) }
}

private let startHook: gw_function = { context, invocation in
  guard let context else { return nil }
  let hooks = Unmanaged<Hooks>.fromOpaque(context).takeUnretainedValue()
  return hooks.start.flatMap { Function.invoke(Unmanaged.passUnretained($0).toOpaque(), invocation) }
}

private let stopHook: gw_function = { context, invocation in
  guard let context else { return nil }
  let hooks = Unmanaged<Hooks>.fromOpaque(context).takeUnretainedValue()
  return hooks.stop.flatMap { Function.invoke(Unmanaged.passUnretained($0).toOpaque(), invocation) }
}

private let healthHook: gw_function = { context, invocation in
  guard let context else { return nil }
  let hooks = Unmanaged<Hooks>.fromOpaque(context).takeUnretainedValue()
  return hooks.health.flatMap { Function.invoke(Unmanaged.passUnretained($0).toOpaque(), invocation) }
}

private final class Hooks: Sendable {
  let start: Function?
  let stop: Function?
  let health: Function?

  init(start: Function?, stop: Function?, health: Function?) {
    self.start = start
    self.stop = stop
    self.health = health
  }
}

extension Scope {
  fileprivate var code: UInt32 {
    switch self {
    case .app: GW_SCOPE_APP.rawValue
    case .request: GW_SCOPE_REQUEST.rawValue
    case .handler: GW_SCOPE_HANDLER.rawValue
    }
  }
}

// MARK: memory that the descriptor points to, never freed

private func permanent<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
  let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
  pointer.initialize(to: value)
  return pointer
}

private func permanent<Value>(_ values: [Value]) -> UnsafeBufferPointer<Value> {
  guard !values.isEmpty else { return UnsafeBufferPointer(start: nil, count: 0) }
  let buffer = UnsafeMutableBufferPointer<Value>.allocate(capacity: values.count)
  _ = buffer.initialize(from: values)
  return UnsafeBufferPointer(buffer)
}

private func permanent(_ text: String) -> UnsafePointer<CChar> {
  permanent(text.utf8CString.map { $0 }).baseAddress ?? UnsafePointer(permanent(CChar(0)))
}

private func permanentBytes(_ text: String) -> gw_bytes_borrowed {
  let bytes = permanent(Array(text.utf8))
  return gw_bytes_borrowed(bytes: bytes.baseAddress, count: bytes.count)
}

private func permanent(_ needs: [NeedDeclaration]) -> UnsafeBufferPointer<gw_need> {
  permanent(needs.map { gw_need(name: permanent($0.name), type: permanent($0.type)) })
}
