import CGatewayPlugin
import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost

/// What stands in for a dependency.
struct StandIn {
  enum Origin {
    /// A Swift value or closure of a test.
    case test
    /// A value in JSON that no provider makes into its own type.
    case json
    /// A provider of a plugin.
    case provider
  }

  var provider: PluginProvider
  var origin: Origin
  /// Nil: the dependency's own.
  var scope: DependencyScope?
  /// Where an overlay says so.
  var scopePlace: Location?
  var needs: [Need] = []
  /// Nil: there is none to check.
  var config: LocatedJSON?
  var place: any Locatable
  /// The original, where a value of the stand-in is to it as one of its own: it makes the views of it.
  var original: PluginProvider?
  /// `config` is the value that an overlay or a test gives.
  var isValue = false

  func configWords(_ name: String) -> String { "\(isValue ? "value" : "config") of override `\(name)`" }
}

/// A stand-in that a test gives.
public struct TestStandIn: Sendable {
  public enum Kind: Sendable {
    /// Nothing says how long it lives where `isScopeOwn` is false: as long as what it stands in for.
    case provider(PluginProvider, isScopeOwn: Bool)
    /// JSON text.
    case json(String)
  }

  public var dependency: String
  public var kind: Kind

  public init(dependency: String, kind: Kind) {
    self.dependency = dependency
    self.kind = kind
  }
}

/// The name under which a test's own providers are known; no plugin of a configuration can have it.
public enum TestStandIns {
  public static let plugin = "(overrides)"
}

extension Assembler {
  /// Finds what stands in for dependencies: as overlays say it, and above those a test.
  mutating func resolveStandIns() {
    for entry in file.overrides {
      guard let dependency = file.dependencies.named(entry.name.value) else { continue }
      switch entry.source {
      case .value(let json): standIns[entry.name.value] = standIn(dependency, json: json, at: entry.name)
      case .provider(let reference):
        guard let provider = provider(reference) else {
          brokenStandIns.insert(entry.name.value)
          continue
        }
        standIns[entry.name.value] = StandIn(
          provider: provider, origin: .provider, scope: entry.scope?.value, scopePlace: entry.scope?.location,
          needs: entry.needs, config: entry.config, place: reference)
      }
    }
    for override in overrides {
      guard let dependency = file.dependencies.named(override.dependency) else {
        diagnostics.error(
          "override", "there is no dependency `\(override.dependency)` to override", at: Location.none,
          suggestion: NearestWord.of(override.dependency, among: file.dependencies.map(\.name.value)))
        continue
      }
      switch override.kind {
      case .provider(let provider, let isScopeOwn):
        standIns[override.dependency] = StandIn(
          provider: provider, origin: .test, scope: isScopeOwn ? DependencyScope(provider.scope) : nil,
          place: dependency.name)
      case .json(let text):
        do {
          let json = LocatedJSON(try JSONValue(parsing: Array(text.utf8)), at: dependency.name.location)
          standIns[override.dependency] = standIn(dependency, json: json, at: dependency.name)
        } catch {
          diagnostics.error(
            "override", "the override of dependency `\(override.dependency)` is not JSON: \(error)", at: dependency.name)
        }
      }
    }
    for (name, standIn) in standIns.sorted(by: { $0.key < $1.key }) {
      checkType(of: name, standIn)
      if let original = original(name), original.type == standIn.provider.type,
        isOneImage(original.plugin, standIn.provider.plugin)
      {
        standIns[name]?.original = original
      }
    }
  }

  /// The provider behind `plugin.name`; nil with a diagnostic where there is none.
  ///
  /// - Parameter dependency: the one whose chain the diagnostic shows.
  mutating func provider(_ reference: PluginReference, of dependency: String? = nil) -> PluginProvider? {
    guard let plugin = plugins[reference.plugin.value] else { return nil }
    if let provider = plugin.provider(named: reference.member.value) { return provider }
    let names = plugin.providers.map(\.name)
    diagnostics.error(
      .unknownReference, "plugin `\(plugin.name)` has no provider `\(reference.member.value)`",
      at: reference.member, expected: names.isEmpty ? "it has none" : names.joined(separator: ", "),
      suggestion: NearestWord.of(reference.member.value, among: names),
      notes: dependency.map { note(needChains().text(to: $0)) } ?? [])
    return nil
  }

  private func original(_ name: String) -> PluginProvider? {
    file.dependencies.named(name).flatMap {
      plugins[$0.provider.plugin.value]?.provider(named: $0.provider.member.value)
    }
  }

  /// A value in JSON: read by the provider that its plugin has for that, else kept as JSON for those who take JSON.
  private mutating func standIn(_ dependency: Dependency, json: LocatedJSON, at place: Located<String>) -> StandIn? {
    let name = dependency.name.value
    guard let original = original(name) else { return nil }
    let views = offers(of: original, at: []).map(\.view).filter { $0.kind == .json }
    guard let view = views.first else {
      diagnostics.error(
        "override", "dependency `\(name)` cannot be overridden with JSON: its provider `\(original.function.label)` "
          + "offers no view of it as JSON", at: place, found: original.type,
        help: "override it with a provider of its type, or have its plugin offer it as JSON")
      brokenStandIns.insert(name)
      return nil
    }
    if let decoder = views.compactMap(\.decoder).first?.value,
      let provider = plugins[original.plugin]?.provider(named: decoder), provider.type == original.type
    {
      return StandIn(provider: provider, origin: .provider, scope: .app, config: json, place: place, isValue: true)
    }
    let checked = checkedView(json, view.schema, of: name, at: place)
    guard let provider = JSONStandIn.provider(name: name, json: checked, views: views) else {
      diagnostics.error("override", "dependency `\(name)` cannot be overridden with JSON", at: place)
      return nil
    }
    return StandIn(provider: provider, origin: .json, scope: .app, place: place)
  }

  /// The value with the schema's defaults, held against what the original always is.
  private mutating func checkedView(_ json: LocatedJSON, _ schema: LocatedJSON?, of name: String, at place: any Locatable
  ) -> JSONValue {
    guard let schema else { return json.value }
    var writer = JSONWriter()
    writer.value(schema.value)
    let lent = checkedConfig(json, against: writer.bytes, plugin: "", of: "value of override `\(name)`", at: place)
    return (try? JSONValue(parsing: lent.bytes)) ?? json.value
  }

  /// Consumers would get something else than they were written for.
  private mutating func checkType(of name: String, _ standIn: StandIn) {
    guard let original = original(name), original.type != standIn.provider.type else { return }
    let offered = offers(of: standIn.provider, at: []).compactMap(\.type)
    let expected = offers(of: original, at: []).compactMap(\.type)
    // Of another type, but the same to other plugins: which inputs take it is checked for each of them.
    if !expected.isEmpty, expected.allSatisfy({ wanted in offered.contains { $0.serves(wanted) } }) { return }
    diagnostics.error(
      "override", "the override of dependency `\(name)` is of another type", at: standIn.place,
      found: standIn.provider.type, expected: original.type,
      help: expected.isEmpty
        ? nil : "or of one that offers \(expected.map { "`\($0)`" }.joined(separator: ", ")), where only other plugins take it")
    brokenStandIns.insert(name)
  }
}

extension DependencyScope {
  fileprivate init(_ scope: PluginScope) {
    switch scope {
    case .app: self = .app
    case .request: self = .request
    case .handler: self = .handler
    }
  }
}

extension LentJSON {
  /// A copy of the text; empty where there is no value.
  var bytes: [UInt8] {
    let text = text
    return Array(UnsafeBufferPointer(start: text.bytes, count: text.bytes == nil ? 0 : text.count))
  }
}
