import GatewayJSON
import GatewayYAML

extension Overlay {
  /// The options of an overlay but `settings`, which are read before everything else.
  static let section = Section<Overlay>(
    "overlay", "A file for `--overlay`: what is different in one environment.", make: Overlay()
  ) {
    Option(
      "settings", \.settings, .overlaySettings, default: "{}",
      "Setting → value in the place of its `default`; the environment still counts above it.")
    Option(
      "plugins", \.plugins, .named("plugins", .plugin), default: "{}",
      "Further plugins, such as one with stand-ins.")
    Option(
      "overrides", \.overrides, .named("overrides", .dependencyOverride), default: "{}",
      "Dependency → what stands in for it. The original is not made.")
  }
}

extension Kind where Value == [OverlaySetting] {
  /// Checked against the settings' own declarations where those are read.
  static var overlaySettings: Kind {
    Kind("a mapping from settings to values", schema: .object(["type": .string("object")])) { cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, "a mapping from settings to values")
        return nil
      }
      // They count before settings may be referred to; they are read by `OverlayReader.settings`.
      return entries.map { OverlaySetting(name: $0.name) }
    }
  }
}

/// An override before it is known what it is.
struct DependencyOverrideDraft: Sendable {
  var provider: PluginReference?
  var value: LocatedJSON?
  var scope: Located<DependencyScope>?
  var needs: [Need] = []
  var config = LocatedJSON(.object(JSONObject()))

  static let section = Section<DependencyOverrideDraft>(
    "overlay.overrides", "What stands in for a dependency: `provider` or `value`.", make: DependencyOverrideDraft()
  ) {
    Option(
      "provider", optional: \.provider, .pluginReference, default: "none", "The provider that makes it, as `plugin.name`.")
    Option(
      "value", optional: \.value, .json, default: "none",
      "The value itself, for dependencies whose provider offers them as JSON.")
    Option(
      "scope", optional: \.scope, Kind.word.located, default: "the dependency's own", "With `provider`: how long it lives.")
    Option("needs", \.needs, .needs, default: "{}", "With `provider`: the provider's input → a dependency.")
    Option("config", \.config, .json, default: "{}", "With `provider`: handed to it.")
  }
}

extension Kind where Value == DependencyOverride {
  static var dependencyOverride: Kind {
    .section(DependencyOverrideDraft.section) { draft, cursor, decoder in
      var entry = DependencyOverride()
      let keys = ["provider", "value"].compactMap { cursor.child($0) }
      switch (draft.provider, draft.value) {
      case (let provider?, nil): entry.source = .provider(provider)
      case (nil, let value?):
        entry.source = .value(value)
        if let extra = ["scope", "needs", "config"].compactMap({ cursor.child($0) }).first {
          decoder.error(
            .conflict, "`\(extra.text)` is for a `provider`, and this is a `value`", at: extra, place: extra.keyLocation,
            help: "remove it")
          return nil
        }
      default:
        // What is there and could not be read was told.
        if keys.count == 1 { return nil }
        decoder.error(
          keys.isEmpty ? .missingKey : .conflict, "an override has a `provider` or a `value`, one of the two", at: cursor,
          place: cursor.keyLocation)
        return nil
      }
      entry.scope = draft.scope
      entry.needs = draft.needs
      entry.config = draft.config
      return entry
    }
  }
}
