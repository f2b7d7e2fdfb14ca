import CGatewayPlugin

#if canImport(Glibc)
  import Glibc
#endif

extension Plugin {
  /// The descriptor for the host. Everything in it stays for the life of the process, as the contract asks.
  public func export(to host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
    if let problem = offerProblem ?? policies.lazy.compactMap(\.problem).first {
      var text = "plugin '\(name)' refuses to start: \(problem)"
      text.withUTF8 { host.pointee.log(GW_LOG_ERROR.rawValue, gw_bytes_borrowed(UnsafeRawBufferPointer($0))) }
      return nil
    }
    HostAccess.adopt(host)
    let host = Host(host)
    // Declarations of views add to them.
    var schemas = self.schemas
    host.install()
    // One for the life of the process, as all of the descriptor.
    let errors = errorMappers.isEmpty
      ? nil : Unmanaged.passRetained(ErrorContext(host: host, mappers: ErrorMappers(errorMappers)))
    let handlers = self.handlers.map { declaration in
      let needs = permanent(declaration.needs)
      return permanent(
        gw_handler(
          struct_size: UInt32(MemoryLayout<gw_handler>.size), execution: execution(declaration.work),
          name: permanent(declaration.name), invoke: Function.invoke,
          context: context(host, declaration.work, errors: errors),
          needs: needs.baseAddress, need_count: needs.count,
          declaration: permanentBytes(
            self.declaration(declaration.declared(with: errorResponses), needs: declaration.needs, &schemas))))
    }
    let errorHandlers = self.errorHandlers.map { declaration in
      permanent(
        gw_handler(
          struct_size: UInt32(MemoryLayout<gw_handler>.size), execution: declaration.work.execution,
          name: permanent(declaration.name), invoke: Function.invoke, context: context(host, declaration.work),
          needs: nil, need_count: 0, declaration: gw_bytes_borrowed()))
    }
    let providers = self.providers.map { declaration in
      let needs = permanent(declaration.needs)
      return permanent(
        gw_provider(
          struct_size: UInt32(MemoryLayout<gw_provider>.size), execution: execution(declaration.work),
          scope: declaration.scope.code, reserved: 0, name: permanent(declaration.name),
          type: permanent(declaration.type), invoke: Function.invoke,
          teardown: declaration.teardown == nil ? nil : teardown,
          release_value: { Unmanaged<AnyValueBox>.fromOpaque($0).release() },
          context: context(host, declaration.work, declaration.teardown, errors), needs: needs.baseAddress,
          need_count: needs.count, config_schema: permanentBytes(declaration.configSchema),
          declaration: permanentBytes(
            self.declaration(declaration.declaration, needs: declaration.needs, provider: declaration.name, &schemas)),
          flags: declaration.isSecurity ? GW_PROVIDER_SECURITY : 0, reserved_2: 0,
          value_json: offers.contains { $0.provider == declaration.name && $0.kind == "json" } ? valueJSON : nil,
          value_service: offers.contains { $0.provider == declaration.name && $0.kind == "service" }
            ? valueService : nil))
    }
    let hooks = Unmanaged.passRetained(
      Hooks(start: function(host, start), stop: function(host, stop), health: function(host, health))).toOpaque()
    let handlerList = permanent(handlers.map { Optional(UnsafePointer($0)) })
    let policyList = exportPolicies(host)
    let errorHandlerList = permanent(errorHandlers.map { Optional(UnsafePointer($0)) })
    let providerList = permanent(providers.map { Optional(UnsafePointer($0)) })
    return UnsafePointer(
      permanent(
        gw_plugin(
          struct_size: UInt32(MemoryLayout<gw_plugin>.size), abi_major: UInt16(GW_ABI_MAJOR),
          abi_minor: UInt16(GW_ABI_MINOR), name: permanent(name), version: permanent(version),
          handlers: handlerList.baseAddress, handler_count: handlerList.count, providers: providerList.baseAddress,
          provider_count: providerList.count, config_schema: permanentBytes(configSchema),
          start: start == nil ? nil : startHook, stop: stop == nil ? nil : stopHook, context: hooks,
          cancel: Function.cancel, release_token: Function.releaseToken, schemas: permanentBytes(schemas.json),
          policies: policyList.baseAddress, policy_count: policyList.count,
          error_handlers: errorHandlerList.baseAddress, error_handler_count: errorHandlerList.count,
          health: health == nil ? nil : healthHook)))
  }

  private func function(_ host: Host, _ work: Work?) -> Function? {
    work.map { Function(host: host, work: $0) }
  }

  private func context(
    _ host: Host, _ work: Work, errors: Unmanaged<ErrorContext>? = nil
  ) -> UnsafeMutableRawPointer {
    Unmanaged.passRetained(Function(host: host, work: work, errors: errors)).toOpaque()
  }

  /// What is done at once may still have an error whose mapping awaits.
  private func execution(_ work: Work) -> UInt32 {
    if case .inline = work, !errorMappers.isEmpty { return GW_ASYNC.rawValue }
    return work.execution
  }

  /// A provider's two functions share one context: teardown is found behind it.
  private func context(
    _ host: Host, _ work: Work, _ teardown: Work?, _ errors: Unmanaged<ErrorContext>?
  ) -> UnsafeMutableRawPointer {
    let make = Function(host: host, work: work, teardown: function(host, teardown), errors: errors)
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

func permanent<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
  let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
  pointer.initialize(to: value)
  return pointer
}

func permanent<Value>(_ values: [Value]) -> UnsafeBufferPointer<Value> {
  guard !values.isEmpty else { return UnsafeBufferPointer(start: nil, count: 0) }
  let buffer = UnsafeMutableBufferPointer<Value>.allocate(capacity: values.count)
  _ = buffer.initialize(from: values)
  return UnsafeBufferPointer(buffer)
}

func permanent(_ text: String) -> UnsafePointer<CChar> {
  permanent(text.utf8CString.map { $0 }).baseAddress ?? UnsafePointer(permanent(CChar(0)))
}

func permanentBytes(_ text: String) -> gw_bytes_borrowed {
  let bytes = permanent(Array(text.utf8))
  return gw_bytes_borrowed(bytes: bytes.baseAddress, count: bytes.count)
}

func permanent(_ needs: [NeedDeclaration]) -> UnsafeBufferPointer<gw_need> {
  permanent(needs.map { gw_need(name: permanent($0.name), type: permanent($0.type)) })
}
