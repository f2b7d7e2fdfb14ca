import GatewayJSON
import GatewayYAML

/// Overlays on their way into a file: read before it, because settings count there, and applied after it, because all
/// else in them may refer to settings.
struct OverlayReader {
  private struct Source {
    var root: Cursor
    /// Where relative paths start.
    var directory: String
  }

  private var sources: [Source] = []
  /// What stands for the `default` of settings, the one that counts most first: a later overlay above an earlier one.
  private(set) var settings: [String: [OverlaySetting]] = [:]
  /// Some overlay could not be read: nobody knows what it says.
  private(set) var isPartial = false

  /// Reads the texts, and the settings in them.
  init(_ overlays: [OverlaySource], environment: Environment, limits: YAMLLimits, diagnostics: inout Diagnostics) {
    for overlay in overlays {
      switch overlay {
      case .file(let path):
        switch environment.read(path, limits.size) {
        case .success(let bytes): add(bytes, name: path, Paths.directory(of: path), limits, &diagnostics)
        case .failure(let problem):
          isPartial = true
          diagnostics.error(.unreadableFile, "the overlay `\(path)` \(problem.sentence)", file: path)
        }
      case .override(let text): add(argument: text, limits, &diagnostics)
      }
    }
    for source in sources {
      for entry in source.root.child("settings")?.entries ?? [] {
        let setting = OverlaySetting(name: entry.name, written: entry, directory: source.directory)
        settings[entry.name.value, default: []].insert(setting, at: 0)
      }
    }
  }

  private mutating func add(
    _ bytes: [UInt8], name: String, _ directory: String, _ limits: YAMLLimits, _ diagnostics: inout Diagnostics
  ) {
    let file = diagnostics.sources.sources.count
    let (root, source, issues) = YAMLDocuments.parseOne(bytes, name: name, file: file, limits: limits)
    _ = diagnostics.sources.add(source)
    diagnostics.add(issues)
    guard let root, !issues.contains(where: \.isFatal) else {
      isPartial = true
      return
    }
    sources.append(Source(root: Cursor(root), directory: directory))
  }

  /// `NAME=PLUGIN.PROVIDER` or `NAME=JSON`, as the overlay that it stands for.
  private mutating func add(argument text: String, _ limits: YAMLLimits, _ diagnostics: inout Diagnostics) {
    let name = "--override \(text)"
    let equals = text.firstIndex(of: "=")
    let dependency = String(text[..<(equals ?? text.endIndex)])
    let right = equals.map { String(text[text.index(after: $0)...]) } ?? ""
    guard equals != nil, NameText.isValid(dependency), !right.isEmpty else {
      return diagnostics.error(
        .invalidValue, "`\(name)` cannot be read", file: name,
        help: "write `--override store=test.fakeStore` or `--override 'user={\"id\":1}'`")
    }
    let what: JSONObject
    if let json = try? JSONValue(parsing: Array(right.utf8)) {
      what = JSONObject([("value", json)])
    } else if right.contains("."), !right.contains(where: { " {}[]\"'\n".contains($0) }) {
      what = JSONObject([("provider", .string(right))])
    } else {
      return diagnostics.error(
        .invalidValue, "`\(right)` is neither a provider nor JSON", file: name,
        help: "a provider is `plugin.name`; text in JSON is in double quotes, which the shell has to leave there")
    }
    // Nothing on a command line is a reference: `${` is text.
    var writer = JSONWriter()
    writer.value(.object(["overrides": .object(JSONObject([(dependency, .object(what))]))]))
    let bytes = String(decoding: writer.bytes, as: UTF8.self).replacing("${", with: "$${")
    add(Array(bytes.utf8), name: name, "", limits, &diagnostics)
  }

  /// Adds what the overlays say to a file that was read with `settings`.
  ///
  /// - Parameter root: of the file; names are taken from it, so that an entry with a mistake is not called missing too.
  func apply(to file: inout GatewayFile, root: Cursor, _ decoder: FileDecoder) {
    let declared = (root.child("settings")?.entries ?? []).map(\.name.value)
    for setting in settings.values.joined().sorted(by: { $0.name.value < $1.name.value })
    where !declared.contains(setting.name.value) {
      unknown(setting.name, "setting", among: declared, "settings", decoder)
    }
    let dependencies = (root.child("dependencies")?.entries ?? []).map(\.name.value)
    for source in sources {
      let own = FileDecoder(
        diagnostics: decoder.diagnostics, environment: decoder.environment, directory: source.directory)
      own.interpolation.settings = decoder.interpolation.settings
      let overlay = Overlay.section.readParts(source.root, own)?.root ?? Overlay()
      decoder.diagnostics = own.diagnostics
      decoder.interpolation.use(own.interpolation.usedSettings)
      for plugin in overlay.plugins {
        if let first = file.plugins.named(plugin.name.value) {
          decoder.diagnostics.error(
            .conflict, "the plugin `\(plugin.name.value)` is there already: an overlay only adds plugins", at: plugin.name,
            notes: [.init("it is here", at: first.name)])
          continue
        }
        file.plugins.append(plugin)
      }
      for entry in overlay.overrides {
        guard dependencies.contains(entry.name.value) else {
          unknown(entry.name, "dependency", among: dependencies, "dependencies", decoder)
          continue
        }
        for need in entry.needs where !dependencies.contains(need.dependency.value) {
          unknown(need.dependency, "dependency", among: dependencies, "dependencies", decoder)
        }
        // The last one counts: that of the command line above those of files.
        file.overrides.removeAll { $0.name.value == entry.name.value }
        file.overrides.append(entry)
      }
    }
    let plugins = (root.child("plugins")?.entries ?? []).map(\.name.value) + file.plugins.map(\.name.value)
    for case (.provider(let reference)) in file.overrides.map(\.source) where !plugins.contains(reference.plugin.value) {
      unknown(reference.plugin, "plugin", among: file.plugins.map(\.name.value), "plugins", decoder)
    }
  }

  private func unknown(
    _ name: Located<String>, _ what: String, among names: [String], _ section: String, _ decoder: FileDecoder
  ) {
    decoder.diagnostics.error(
      .unknownReference, "there is no \(what) `\(name.value)`", at: name,
      expected: names.isEmpty ? "an entry under `\(section)`" : NearestWord.list(names),
      suggestion: NearestWord.of(name.value, among: names))
  }
}
