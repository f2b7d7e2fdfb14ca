import GatewayJSON
import GatewayYAML

/// `overrides.<name>`: what stands in for a dependency.
public struct DependencyOverride: NamedEntry {
  /// What the dependency is: the provider that makes it instead, or the value itself.
  public enum Source: Sendable {
    case provider(PluginReference)
    case value(LocatedJSON)
  }

  /// The dependency under `dependencies`.
  public var name: Located<String> = ""
  public var source = Source.value(LocatedJSON(.null))
  /// Nil: the dependency's own scope.
  public var scope: Located<DependencyScope>?
  public var needs: [Need] = []
  public var config = LocatedJSON(.object(JSONObject()))

  public init() {}
}

/// A file or a command-line argument that changes what a configuration says for one environment.
public enum OverlaySource: Sendable {
  /// A file: `settings`, `plugins`, `overrides`.
  case file(String)
  /// `NAME=PLUGIN.PROVIDER` or `NAME=JSON`.
  case override(String)
}

/// An overlay as it is written.
struct Overlay: Sendable {
  var settings: [OverlaySetting] = []
  var plugins: [PluginEntry] = []
  var overrides: [DependencyOverride] = []
}

/// What stands for the `default` of a setting.
struct OverlaySetting: NamedEntry {
  var name: Located<String> = ""
  /// As it is written: it is read as what the setting is.
  var written: Cursor?
  /// Where relative paths start.
  var directory = ""
}
