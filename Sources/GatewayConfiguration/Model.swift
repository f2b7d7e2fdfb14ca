import GatewayJSON

/// `gateway.yaml` as plain values, references resolved inside the file, nothing opened yet.
///
/// Lists keep the order of the file. A part that could not be decoded is left out (and a diagnostic says so), so
/// what is here is well-formed; but only a load without errors may be served from.
///
/// Relative paths of files and directories are already joined to the directory of the file.
public struct GatewayFile: Sendable {
  /// The version of the file's format. Only 1 exists.
  public var version = 1
  /// Directories searched for plugin libraries, in order. A loaded file that gives none has `plugins` beside the file,
  /// then the directory of the file.
  public var pluginPath: [Located<String>] = []
  public var server = ServerSettings()
  public var errors = ErrorSettings()
  public var validation = ValidationSettings()
  /// Nil: neither document nor page is served.
  public var openapi: OpenAPISettings?
  public var settingsFrom = SettingOrigin()
  public var settings: [Setting] = []
  /// The values of secret settings, for whatever writes texts for people.
  public var secrets = SecretRedactor()
  public var plugins: [PluginEntry] = []
  public var dependencies: [Dependency] = []
  /// Run before every route answers.
  public var guards: [RouteGuard] = []
  public var groups: [RouteGroup] = [] {
    didSet { groupPlaces = Dictionary(groups.enumerated().map { ($1.name.value, $0) }, uniquingKeysWith: { a, _ in a }) }
  }
  /// Every route asks for its groups by name, and there may be many of both.
  private(set) var groupPlaces: [String: Int] = [:]
  public var policies: [PolicyList] = []
  public var upstreams: [Upstream] = []
  public var schemas: [NamedSchema] = []
  /// Other files that schemas refer to, by path as seen from the directory of this one.
  public var schemaDocuments: [String: LocatedJSON] = [:]
  /// Policies of every route, run before the route's own.
  public var use: [PolicyUse] = []
  public var routes: [Route] = []
  /// What stands in for dependencies; only overlays say so.
  public var overrides: [DependencyOverride] = []

  public init() {}
}

/// Anything that the file gives a name to.
public protocol NamedEntry: Sendable {
  /// The name, located at the key that gives it.
  var name: Located<String> { get set }
}

extension Sequence where Element: NamedEntry {
  public func named(_ name: String) -> Element? {
    first { $0.name.value == name }
  }
}

/// A schema under `schemas:`; from its own file where the entry says `{file: x.json}`.
public struct NamedSchema: NamedEntry {
  public var name: Located<String> = ""
  public var schema = LocatedJSON(.bool(true))
  /// The file it comes from, seen from the directory of the configuration; nil for a schema in place.
  public var path: String?

  public init() {}
}

/// A schema where one is expected: the name of one, or the schema itself.
public enum SchemaReference: Sendable {
  case named(Located<String>)
  case inline(LocatedJSON)
}
