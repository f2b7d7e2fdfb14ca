import GatewayPluginHost

/// What the assembly of a snapshot takes over from the one in service.
struct ReloadPlan {
  let request: ReloadRequest
  /// In service.
  let snapshot: Snapshot
  let ledger: PluginLedger
  /// With `.rollback`: who comes back.
  var target: ConfiguredPlugin?

  func running(_ name: String) -> ConfiguredPlugin? { snapshot.plugins.first { $0.name == name } }

  /// Whether that plugin's file is to be read again.
  func asks(for name: String) -> Bool {
    switch request {
    case .everything: true
    case .plugins(let names): names.contains(name)
    case .rollback: false
    }
  }

  /// A generation that serves as it is, whatever the file says.
  func kept(_ name: String) -> ConfiguredPlugin? {
    if case .rollback(name) = request { return target }
    return asks(for: name) || ledger.held(name) == nil ? nil : running(name)
  }

  /// Whether the plugin was rolled back from just this, and nobody has asked for it by name since.
  func isHeld(_ name: String, _ plugin: LoadedPlugin, _ config: LentJSON) -> Bool {
    guard case .everything = request, let held = ledger.held(name) else { return false }
    return held.plugin.isSameContent(as: plugin) && held.hasConfig(config)
  }
}

extension LoadedPlugin {
  func isSameContent(as other: LoadedPlugin) -> Bool {
    if let image, let other = other.image { return image.digest == other.digest }
    return descriptor.pointer == other.descriptor.pointer
  }
}
