import GatewayJSON
import GatewayYAML

// MARK: settings

/// A setting as the file declares it; its value is worked out when the declaration is complete.
struct SettingDraft: Sendable {
  var kind = Setting.Kind.string
  var variable: Located<String>?
  var fallback: LocatedJSON?
  var isSecret = false

  static let section = Section<SettingDraft>(
    "settings", "A value that the rest of the file refers to as `${settings.name}`.", make: SettingDraft()
  ) {
    Option("type", \.kind, .word, "What the value is read as.")
    Option(
      "env", optional: \.variable, Kind.string("the name of an environment variable").located, default: "none",
      "The environment variable that gives the value; a `.env` file beside the configuration counts below the process's own."
    )
    Option("default", optional: \.fallback, .json, default: "none", "The value where the environment has none.")
    Option("secret", \.isSecret, .boolean, "The value is never shown in diagnostics, dumps or logs.")
  }
}

extension Kind where Value == [Setting] {
  static var settings: Kind {
    let list = Kind.named("settings", Kind<Setting>.section(SettingDraft.section) { $2.setting($0, $1) })
    return Kind(list.type, schema: list.schema, sections: list.sections, show: { _ in "{}" }) { cursor, decoder in
      let settings = list.read(cursor, decoder)
      decoder.interpolation.settings = Dictionary(
        (settings ?? []).map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
      // Settings that were declared but are wrong must not be called unknown where they are used.
      for name in cursor.entries ?? [] where decoder.interpolation.settings?[name.name.value] == nil {
        decoder.interpolation.settings?[name.name.value] = Setting()
      }
      return settings
    }
  }
}

extension FileDecoder {
  fileprivate func setting(_ draft: SettingDraft, _ cursor: Cursor) -> Setting? {
    var setting = Setting()
    setting.kind = draft.kind
    setting.variable = draft.variable
    setting.isSecret = draft.isSecret
    let article = draft.kind == .integer ? "an" : "a"
    if let variable = draft.variable, let text = environment.variables[variable.value] {
      setting.value = draft.kind.value(of: text)
      if setting.value == nil {
        diagnostics.error(
          .invalidValue,
          "the environment variable `\(variable.value)` is not \(article) \(draft.kind.rawValue)", at: variable,
          found: draft.isSecret ? nil : "`\(text.prefix(60))`", expected: "\(article) \(draft.kind.rawValue)")
      }
    } else if let overlaid = overlaySettings[cursor.name.value] {
      // `? … : nil` would be JSON's null.
      if draft.kind.accepts(overlaid.value.value) { setting.value = overlaid.value.value }
      if setting.value == nil {
        diagnostics.error(
          .wrongType, "the setting `\(cursor.name.value)` is \(article) \(draft.kind.rawValue)", at: overlaid.value,
          found: draft.isSecret ? nil : overlaid.value.value.typeName, expected: "\(article) \(draft.kind.rawValue)",
          notes: [.init("it is declared here", at: cursor.keyLocation)])
      }
    } else if let fallback = draft.fallback {
      let written = cursor.child("default")?.node.scalar?.text ?? ""
      if written.contains("${"), case .string(let text) = fallback.value {
        setting.value = draft.kind.value(of: text)
      } else {
        if draft.kind.accepts(fallback.value) { setting.value = fallback.value }
      }
      if setting.value == nil, let entry = cursor.child("default") {
        mismatch(entry, "\(article) \(draft.kind.rawValue)", help: "the setting's type is `\(draft.kind.rawValue)`")
      }
    } else if cursor.child("default") == nil {
      let variable = draft.variable?.value
      error(
        .missingKey, "the setting `\(cursor.name.value)` has no value", at: cursor, place: cursor.keyLocation,
        help: variable.map { "set the environment variable `\($0)`, or give the setting a `default`" }
          ?? "give the setting a `default`, or the name of an environment variable as `env`")
    }
    return setting
  }
}

extension Setting.Kind {
  /// The value of an environment variable. Numbers and booleans as the file would write them.
  func value(of text: String) -> JSONValue? {
    let value = YAMLNode(.scalar(YAMLScalar(text, style: .plain)), mark: .start(ofFile: 0)).resolved
    switch (self, value) {
    case (.string, _): return .string(text)
    case (.boolean, .bool(let value)): return .bool(value)
    case (.integer, .number(let number)) where number.integer != nil, (.number, .number(let number)):
      return JSONNumber(number.text).map { .number($0) }
    default: return nil
    }
  }

  func accepts(_ value: JSONValue) -> Bool {
    switch (self, value) {
    case (.string, .string), (.boolean, .bool), (.number, .number): true
    case (.integer, .number(let number)): number.int != nil
    default: false
    }
  }
}

// MARK: plugins, dependencies

extension PluginEntry {
  static let section = Section<PluginEntry>(
    "plugins", "A library with handlers and providers.", make: PluginEntry()
  ) {
    Option(
      "library", \.library,
      Kind.string("a library's name such as `Bookshop`") { text in
        text.isEmpty ? "must not be empty" : text.contains("/") ? "must be a name; a path goes into `path`" : nil
      }.located, default: "the plugin's name",
      "The base name: `Bookshop` stands for `libBookshop.so` on the plugin path.")
    Option(
      "path", optional: \.path, Kind.path.located, default: "searched",
      "The library file itself, relative to the file; replaces the search.")
    Option("config", \.config, .json, default: "{}", "Handed to the plugin; checked by the plugin's own schema.")
  }
}

extension Kind where Value == PluginEntry {
  static var plugin: Kind {
    .section(PluginEntry.section) { entry, cursor, decoder in
      var entry = entry
      guard let library = cursor.child("library") else {
        entry.library = cursor.name
        return entry
      }
      if let path = entry.path {
        decoder.error(
          .conflict, "a plugin has a `library` that is searched, or the `path` of one, not both", at: library,
          place: library.keyLocation, notes: [.init("the path is here", at: path)])
      }
      return entry
    }
  }
}

extension Dependency {
  static let section = Section<Dependency>(
    "dependencies", "A value that handlers and other dependencies are given.", make: Dependency()
  ) {
    Option(required: "provider", \.provider, .pluginReference, "The function that makes it, as `plugin.name`.")
    Option(
      "scope", optional: \.scope, Kind.word.located, default: "the provider's own",
      "How long it lives: the process, one request, or one handler's call.")
    Option(
      "needs", \.needs, .needs, default: "{}", "What it is made of: the provider's input → a dependency.")
    Option("config", \.config, .json, default: "{}", "Handed to the provider.")
  }
}

extension Kind where Value == PluginReference {
  static var pluginReference: Kind {
    let type = "`plugin.name`"
    return Kind(type, schema: .object(["type": .string("string"), "pattern": .string(#"^[^.]+\..+$"#)])) {
      cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      guard let dot = text.firstIndex(of: "."), dot != text.startIndex, text.index(after: dot) != text.endIndex else {
        decoder.invalid(cursor, "`\(cursor.keyPath)` must name a plugin and a member of it", expected: type)
        return nil
      }
      var reference = PluginReference()
      reference.plugin = cursor.located(text[..<dot], in: text)
      reference.member = cursor.located(text[text.index(after: dot)...], in: text)
      reference.location = cursor.location
      return reference
    }
  }
}

extension Kind where Value == [Need] {
  static var needs: Kind {
    let type = "a mapping from inputs to dependencies"
    let schema = JSONValue.object([
      "type": .string("object"), "additionalProperties": .object(["type": .string("string")]),
    ])
    return Kind(type, schema: schema) { cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, type)
        return nil
      }
      return entries.compactMap { entry in
        decoder.string(entry, "the name of a dependency").map {
          Need(input: entry.name, dependency: Located($0, at: entry.location))
        }
      }
    }
  }
}
