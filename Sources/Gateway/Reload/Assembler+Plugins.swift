import CGatewayPlugin
import GatewayConfiguration
import GatewayIsolation
import GatewayPluginHost

extension Assembler {
  /// Opens what is new, and takes over what runs and is to go on.
  mutating func openPlugins() {
    var loader = PluginLoader(host: HostTable.shared.pointer, store: file.server.pluginStore?.value)
    for entry in file.plugins {
      guard let selected = select(entry, &loader) else { continue }
      plugins[entry.name.value] = selected.plugin
      configured.append(selected)
    }
  }

  /// The generation that serves under that name; nil with a diagnostic.
  private mutating func select(_ entry: PluginEntry, _ loader: inout PluginLoader) -> ConfiguredPlugin? {
    let name = entry.name.value
    let place: any Locatable = entry.path ?? entry.library
    let running = plan?.running(name)
    if let kept = plan?.kept(name) {
      // As it is, with its own `config`: it is not the file's that is asked for.
      readSchemas(of: kept.plugin, at: place)
      guard let plan, let image = kept.plugin.image, !plan.ledger.isUsable(kept) else { return kept }
      return reopened(image, of: kept.plugin, entry, at: place, &loader).map { plan.ledger.add(name, $0, kept.config) }
    }
    guard let plugin = attempt(entry, at: place, { try $0.open(entry, running, &loader) }) else { return nil }
    for warning in plugin.warnings where warning.severity == .warning {
      diagnostics.warning(
        "plugin", "plugin `\(name)`: \(warning.field)", at: place, found: warning.found, expected: warning.expected,
        help: warning.remedy)
    }
    readSchemas(of: plugin, at: place)
    let config = checkedConfig(
      entry.config, against: plugin.configSchema, plugin: name, of: "config of plugin `\(name)`", at: entry.name)
    guard let plan else { return ConfiguredPlugin(name: name, plugin: plugin, config: config) }
    if plugin.isolated != nil, let running, running.plugin.descriptor.pointer == plugin.descriptor.pointer,
      !running.hasConfig(config)
    {
      // Another `config`, so another generation, in processes of its own.
      guard let fresh = attempt(entry, at: place, { try $0.openIsolated(entry, nil, &loader) }) else { return nil }
      return plan.ledger.add(name, fresh, config)
    }
    if let running, plan.isHeld(name, plugin, config) {
      diagnostics.warning(
        "plugin-held",
        "plugin `\(name)` stays at generation \(running.generation): its file is still the one that it was rolled back from",
        at: place, help: "install another file, or reload this plugin by its name")
      return running
    }
    if let known = plan.ledger.generation(name, plugin, config) { return known }
    guard let image = plugin.image, plan.ledger.isBusy(image) else {
      return plan.ledger.add(name, plugin, config)
    }
    // The same content with another `config`: a copy of its own, because it starts before the other one stops.
    return reopened(image, of: plugin, entry, at: place, &loader).map { plan.ledger.add(name, $0, config) }
  }

  /// Another library with the content of that one, or one with it from which nothing runs.
  private mutating func reopened(
    _ image: PluginImage, of plugin: LoadedPlugin, _ entry: PluginEntry, at place: any Locatable, _ loader: inout PluginLoader
  ) -> LoadedPlugin? {
    let name = entry.name.value
    var choice = PluginImageChoice()
    plan?.ledger.fill(&choice, for: name, apart: true, limit: file.server.retainedPlugins)
    let copy = attempt(
      entry, at: place, { _ in try loader.reopen(image, name: name, path: plugin.path ?? "", choice: choice).get() })
    if let image = copy?.image { plan?.ledger.note(image) }
    return copy
  }

  private mutating func open(
    _ entry: PluginEntry, _ running: ConfiguredPlugin?, _ loader: inout PluginLoader
  ) throws -> LoadedPlugin {
    let name = entry.name.value
    if let descriptor = linked[name] {
      if let running, running.plugin.descriptor.pointer == descriptor { return running.plugin }
      return try LoadedPlugin(descriptor: descriptor, name: name)
    }
    if entry.isolation.value == .process { return try openIsolated(entry, running, &loader) }
    let path = try path(of: entry)
    // The reader has looked at the digits.
    let pin = entry.sha256.flatMap { FileDigest($0.value) }
    var choice = PluginImageChoice()
    if let plan {
      if let running, !plan.asks(for: name), running.plugin.path == path, let image = running.plugin.image,
        pin == nil || pin == image.digest
      {
        return running.plugin
      }
      plan.ledger.fill(&choice, for: name, limit: file.server.retainedPlugins)
    }
    let plugin = try loader.open(path: path, name: name, pin: pin, choice: choice).get()
    if let image = plugin.image {
      plan?.ledger.note(image)
      // Its providers are known by their identity: what is made of them lives on.
      if let known = plan?.ledger.plugin(name, in: image) { return known }
    }
    return plugin
  }

  private func path(of entry: PluginEntry) throws -> String {
    try entry.path?.value ?? PluginPath.resolve(library: entry.library.value, directories: file.pluginPath.map(\.value))
  }

  /// A plugin in processes of its own: nothing of it comes into this one, so there are as many generations as are wanted.
  private mutating func openIsolated(
    _ entry: PluginEntry, _ running: ConfiguredPlugin?, _ loader: inout PluginLoader
  ) throws -> LoadedPlugin {
    let path = try path(of: entry)
    let pin = entry.sha256.flatMap { FileDigest($0.value) }
    let options = IsolationOptions(entry)
    if let plan, let running, let isolated = running.plugin.isolated as? RemotePlugin, !plan.asks(for: entry.name.value),
      running.plugin.path == path, isolated.options == options, pin == nil || pin == isolated.digest
    {
      return running.plugin
    }
    let copy = try loader.copy(path: path, name: entry.name.value, pin: pin).get()
    return try RemotePlugin.open(copy, path: path, name: entry.name.value, options: options).get()
  }

  private mutating func attempt(
    _ entry: PluginEntry, at place: any Locatable, _ body: (inout Assembler) throws -> LoadedPlugin
  ) -> LoadedPlugin? {
    let name = entry.name.value
    do {
      return try body(&self)
    } catch let error as PluginProblems {
      report(error, of: entry, at: place)
    } catch let error as PluginProblem {
      report(PluginProblems(name: name, path: nil, problems: [error]), of: entry, at: place)
    } catch {
      diagnostics.error("plugin", "plugin `\(name)` cannot be used: \(error)", at: place)
    }
    return nil
  }

  private mutating func report(_ problems: PluginProblems, of entry: PluginEntry, at place: any Locatable) {
    let path = problems.path.map { " (\($0))" } ?? ""
    for problem in problems.problems where problem.severity == .error {
      diagnostics.error(
        DiagnosticCode(rawValue: "plugin-" + problem.code.rawValue.kebab),
        "plugin `\(entry.name.value)`\(path) does not fit: \(problem.field)",
        at: problem.code == .wrongDigest ? entry.sha256 ?? place : place, found: problem.found,
        expected: problem.expected, help: problem.remedy)
    }
  }
}

extension String {
  /// `otherMajor` as `other-major`, `notELF` as `not-elf`.
  fileprivate var kebab: String {
    var text = ""
    var last: Character = "-"
    for character in self {
      if character.isUppercase, last.isLowercase { text.append("-") }
      text += character.lowercased()
      last = character
    }
    return text
  }
}
