import CGatewayPlugin

/// The descriptor of an isolated plugin, for the gateway: what the worker described, with functions of this program. Kept for
/// the life of the process, as the contract asks.
enum RemoteDescriptor {
  static func make(_ description: PluginDescription, for plugin: RemotePlugin) -> UnsafePointer<gw_plugin> {
    let handlers = description.handlers.enumerated().map { index, handler in
      permanent(self.handler(handler, index, plugin, RemoteOwner.handler))
    }
    let errorHandlers = description.errorHandlers.enumerated().map { index, handler in
      permanent(self.handler(handler, index, plugin, RemoteOwner.errorHandler))
    }
    let providers = description.providers.enumerated().map { index, provider in
      permanent(self.provider(provider, index, plugin))
    }
    let policies = description.policies.enumerated().map { index, policy in
      permanent(self.policy(policy, index, plugin))
    }
    let handlerList = list(handlers)
    let errorHandlerList = list(errorHandlers)
    let providerList = list(providers)
    let policyList = list(policies)
    return permanent(
      gw_plugin(
        struct_size: UInt32(MemoryLayout<gw_plugin>.size), abi_major: UInt16(GW_ABI_MAJOR),
        abi_minor: UInt16(GW_ABI_MINOR), name: text(description.name), version: text(description.version),
        handlers: handlerList.baseAddress, handler_count: handlerList.count, providers: providerList.baseAddress,
        provider_count: providerList.count, config_schema: bytes(description.configSchema),
        start: description.hasStart ? RemoteOwner.start : nil, stop: description.hasStop ? RemoteOwner.stop : nil,
        context: RemoteOwner(plugin, name: "hooks").context(), cancel: RemoteToken.cancel,
        release_token: RemoteToken.release, schemas: bytes(description.schemas), policies: policyList.baseAddress,
        policy_count: policyList.count, error_handlers: errorHandlerList.baseAddress,
        error_handler_count: errorHandlerList.count,
        // Also where the plugin has none: its workers may be gone.
        health: RemoteOwner.health))
  }

  private static func handler(
    _ handler: PluginDescription.Handler, _ index: Int, _ plugin: RemotePlugin, _ function: @escaping gw_function
  ) -> gw_handler {
    let needs = self.needs(handler.needs)
    return gw_handler(
      struct_size: UInt32(MemoryLayout<gw_handler>.size), execution: GW_ASYNC.rawValue, name: text(handler.name),
      invoke: function,
      context: RemoteOwner(plugin, index: index, needs: handler.needs, name: handler.name).context(),
      needs: needs.baseAddress, need_count: needs.count, declaration: bytes(handler.declaration))
  }

  private static func provider(
    _ provider: PluginDescription.Provider, _ index: Int, _ plugin: RemotePlugin
  ) -> gw_provider {
    let needs = self.needs(provider.needs)
    return gw_provider(
      struct_size: UInt32(MemoryLayout<gw_provider>.size), execution: GW_ASYNC.rawValue, scope: provider.scope,
      reserved: 0, name: text(provider.name), type: text(provider.type), invoke: RemoteOwner.provider,
      teardown: provider.hasTeardown ? RemoteOwner.teardown : nil, release_value: RemoteValue.release,
      context: RemoteOwner(plugin, index: index, needs: provider.needs, name: provider.name).context(),
      needs: needs.baseAddress, need_count: needs.count, config_schema: bytes(provider.configSchema),
      declaration: bytes(provider.declaration), flags: provider.isSecurity ? GW_PROVIDER_SECURITY : 0, reserved_2: 0,
      value_json: provider.writesJSON ? RemoteValue.writeJSON : nil, value_service: nil)
  }

  private static func policy(_ policy: PluginDescription.Policy, _ index: Int, _ plugin: RemotePlugin) -> gw_policy {
    gw_policy(
      struct_size: UInt32(MemoryLayout<gw_policy>.size), execution: GW_ASYNC.rawValue, name: text(policy.name),
      context: RemoteOwner(plugin, index: index, name: policy.name).context(),
      config_schema: bytes(policy.configSchema), request_body: policy.requestBody, response_body: policy.responseBody,
      request: policy.hasRequest ? RemoteOwner.policyRequest : nil,
      response: policy.hasResponse ? RemoteOwner.policyResponse : nil,
      request_part: policy.hasRequestPart ? RemoteOwner.policyRequestPart : nil,
      response_part: policy.hasResponsePart ? RemoteOwner.policyResponsePart : nil, release_state: RemoteValue.release,
      make: policy.hasMake ? RemoteOwner.policyMake : nil, release_value: RemoteValue.release)
  }

  private static func needs(_ needs: [PluginDescription.Need]) -> UnsafeBufferPointer<gw_need> {
    permanent(needs.map { gw_need(name: text($0.name), type: text($0.type)) })
  }

  // MARK: memory that is never freed

  private static func list<Value>(_ pointers: [UnsafePointer<Value>]) -> UnsafeBufferPointer<UnsafePointer<Value>?> {
    permanent(pointers.map { Optional($0) })
  }

  private static func permanent<Value>(_ value: Value) -> UnsafePointer<Value> {
    let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    pointer.initialize(to: value)
    return UnsafePointer(pointer)
  }

  private static func permanent<Value>(_ values: [Value]) -> UnsafeBufferPointer<Value> {
    guard !values.isEmpty else { return UnsafeBufferPointer(start: nil, count: 0) }
    let buffer = UnsafeMutableBufferPointer<Value>.allocate(capacity: values.count)
    _ = buffer.initialize(from: values)
    return UnsafeBufferPointer(buffer)
  }

  /// NUL inside a text would cut it: then it is refused as it stands, by its length.
  private static func text(_ text: String) -> UnsafePointer<CChar> {
    let place = UnsafeMutablePointer<CChar>.allocate(capacity: text.utf8.count + 1)
    for (index, byte) in text.utf8.enumerated() { (place + index).initialize(to: CChar(bitPattern: byte)) }
    (place + text.utf8.count).initialize(to: 0)
    return UnsafePointer(place)
  }

  private static func bytes(_ bytes: [UInt8]) -> gw_bytes_borrowed {
    let place = permanent(bytes)
    return gw_bytes_borrowed(bytes: place.baseAddress, count: place.count)
  }
}
