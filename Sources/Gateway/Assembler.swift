import CGatewayPlugin
import GatewayBodies
import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import GatewaySchema

/// Turns a configuration file into a snapshot, or into everything that is wrong with it.
///
/// Nothing listens and nothing is started here. Each stage goes on after a mistake, with what is left, so that one run
/// tells them all; a snapshot comes out only when there was none.
struct Assembler {
  let file: GatewayFile
  var diagnostics: Diagnostics
  /// Plugins that are linked into this process, by the name under `plugins:`.
  var linked: [String: UnsafePointer<gw_plugin>] = [:]
  /// Names of those among them that are images of their own.
  var libraries: Set<String> = []
  /// What a test puts in the place of dependencies.
  var overrides: [TestStandIn] = []
  /// Made when the first mistake asks for them.
  var chains: NeedChains?
  /// `gateway graph` shows it; a gateway that serves has no use for it.
  var keepsGraph = false
  var graph: DependencyGraph?
  /// Opens an access log; `gateway check` only looks whether it could.
  var openLog: LogOpener

  /// What is in service, and what of it is to be replaced; nil at the start of a gateway.
  var plan: ReloadPlan?

  // What the stages make.
  /// What stands in for dependencies, by their names.
  var standIns: [String: StandIn] = [:]
  /// Dependencies whose stand-in is of no use; a diagnostic says why.
  var brokenStandIns: Set<String> = []
  var plugins: [String: LoadedPlugin] = [:]
  var configured: [ConfiguredPlugin] = []
  /// Schemas by full name, as written and compiled.
  var names = SchemaNames()
  /// Files that schemas refer to.
  let schemaDocuments: [String: JSONValue]
  var schemas: [String: Schema] = [:]
  /// What plugins call their schemas, and what their handlers declare, by `plugin.handler`.
  var pluginSchemas: [String: JSONObject] = [:]
  /// A handler and a provider may have one name, so the text is looked at too.
  var declarations: [String: (text: [UInt8], declaration: RouteDeclaration)] = [:]
  /// What the OpenAPI document is made of, and where the gateway serves it.
  var describer: APIDescriber?
  var documents: [DocumentRoute] = []
  /// What security providers behind shown routes declare.
  var providerSchemes: [ProviderScheme] = []
  var toldScopes: Set<String> = []
  /// Of dependencies, by name.
  var limits: [String: ProviderLimit] = [:]
  var logs: [LogDefinition] = []
  var logIndexes: [LogKey: Int] = [:]
  /// Uses of plugins' policies by their place in the file, and in the order in which they are made.
  var policyUses: [Location: PluginPolicyUse] = [:]
  var policyOrder: [PluginPolicyUse] = []

  init(file: GatewayFile, diagnostics: Diagnostics, openLog: @escaping LogOpener) {
    self.file = file
    schemaDocuments = file.schemaDocuments.mapValues(\.value)
    self.diagnostics = diagnostics
    self.openLog = openLog
  }

  /// The snapshot; nil where `diagnostics` has errors.
  mutating func assemble() -> Snapshot? {
    for entry in file.schemas { names.add(entry.name.value, entry.schema.value) }
    openPlugins()
    compileSchemas()
    let upstreams = makeUpstreams()
    let wiring = wire()
    let table = makeRoutes(upstreams: upstreams, wiring: wiring)
    let global = compilePolicies(file.globalPolicies)
    let proxies = makeTrustedProxies()
    let errors = errorResponder(file.errors)
    guard !diagnostics.hasErrors, let table else { return nil }
    var parts = SnapshotParts(table: table.table)
    parts.routes = table.routes
    parts.upstreams = upstreams.map(\.upstream)
    parts.appSteps = wiring.appSteps
    parts.appViews = wiring.appViews
    parts.overridden = standIns.keys.sorted()
    parts.plugins = configured
    parts.global = global.chain
    parts.globalPlugins = global.plugins
    parts.policyUses = policyOrder
    parts.globalLogs = global.logs
    parts.logs = logs
    parts.trustedProxies = proxies
    parts.errors = errors
    parts.background = file.server.background
    parts.violations = ViolationStyle(file)
    parts.spool = SpoolDirectory(path: file.server.temporaryDirectory.value)
    parts.documents = documents
    parts.health = file.server.health
    parts.schemas = names.all
    parts.limits = limits
    return Snapshot(parts)
  }

  // MARK: plugins

  /// Checks `config` of a plugin or a dependency against the schema that the plugin declares: what the plugin gets.
  ///
  /// - Parameters:
  ///   - what: such as "config of plugin `shop`".
  ///   - place: where to tell of a config that is not written.
  mutating func checkedConfig(
    _ config: LocatedJSON, against schemaText: [UInt8], plugin: String, of what: String, at place: any Locatable
  ) -> LentJSON {
    let text = json(config.value)
    func known(_ location: Location) -> Location { location == .none ? place.location : location }
    guard !schemaText.isEmpty else {
      if config.value.object?.isEmpty != true {
        diagnostics.error(
          .invalidValue, "\(what.hasPrefix("config of ") ? String(what.dropFirst(10)) : what) takes no config", at: known(config.location),
          help: "remove `config`")
      }
      return LentJSON(text) ?? .none
    }
    guard let schema = pluginSchema(schemaText, plugin: plugin, of: what, at: known(config.location)),
      let document = try? JSONDocument(text)
    else { return .none }
    var coerced = CoercedDocument()
    switch schema.coerce(document, mode: .strict, into: &coerced) {
    case .unchanged: return LentJSON(text) ?? .none
    case .rewritten:
      // With the schema's defaults.
      var writer = JSONWriter()
      if let tape = coerced.document.unsafeTape { writer.value(tape, 0) }
      return LentJSON(writer.bytes) ?? .none
    case .invalid(let violations):
      for violation in violations.entries {
        let pointer = violation.instancePointer
        let field = pointer.isEmpty ? "" : " `\(pointer.dropFirst().replacing("/", with: "."))`:"
        diagnostics.error(
          .invalidValue, "\(what):\(field) \(violation.message)", at: known(config.location(forPointer: pointer)))
      }
      return .none
    }
  }

  func json(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.value(value)
    return writer.bytes
  }

  mutating func readSchemas(of plugin: LoadedPlugin, at place: any Locatable) {
    guard !plugin.schemas.isEmpty else { return }
    do {
      let value = try JSONValue(parsing: plugin.schemas)
      guard case .object(let schemas) = value else {
        diagnostics.error(
          "plugin-declaration", "plugin `\(plugin.name)` declares schemas that are \(value.typeName)", at: place,
          expected: "an object of schemas", help: "the plugin has to be mended")
        return
      }
      pluginSchemas[plugin.name] = schemas
      names.add(plugin: plugin.name, schemas)
    } catch {
      diagnostics.error(
        "plugin-declaration", "plugin `\(plugin.name)` declares schemas that are not JSON: \(error)", at: place,
        help: "the plugin has to be mended")
    }
  }

  private mutating func pluginSchema(
    _ text: [UInt8], plugin: String, of owner: String, at place: any Locatable
  ) -> Schema? {
    do {
      let own = pluginSchemas[plugin] ?? JSONObject()
      let compilation = SchemaCompiler.compile(
        SchemaNames.renamed(try JSONValue(parsing: text), plugin: plugin, names: own), named: names.all)
      for problem in compilation.problems {
        diagnostics.error(
          "plugin-schema", "\(owner) declares a config schema that cannot be used: \(problem.message)", at: place,
          found: problem.pointer, help: "the plugin has to be mended")
      }
      return compilation.schema
    } catch {
      diagnostics.error(
        "plugin-schema", "\(owner) declares a config schema that is not JSON: \(error)", at: place,
        help: "the plugin has to be mended")
      return nil
    }
  }

  // MARK: schemas

  private mutating func compileSchemas() {
    for entry in file.schemas {
      schemas[entry.name.value] = compile(entry.schema, name: entry.name.value, of: "schema `\(entry.name.value)`")
    }
    for plugin in file.plugins {
      for member in (pluginSchemas[plugin.name.value] ?? JSONObject()).members {
        let name = "\(plugin.name.value).\(member.name)"
        guard let value = names.all[name] else { continue }
        let compilation = SchemaCompiler.compile(value, name: name, named: names.all)
        schemas[name] = compilation.schema
        for problem in compilation.problems where problem.resource == nil || problem.resource == name {
          diagnostics.error(
            "plugin-declaration", "plugin `\(plugin.name.value)` declares a schema `\(member.name)` that cannot be used: "
              + problem.message, at: plugin.name, found: problem.pointer, help: "the plugin has to be mended")
        }
      }
    }
  }

  mutating func compile(_ json: LocatedJSON, name: String? = nil, of owner: String) -> Schema? {
    let compilation = SchemaCompiler.compile(json.value, name: name, named: names.all, documents: schemaDocuments)
    report(compilation.problems, compilation.warnings, name, json, of: owner)
    return compilation.schema
  }

  /// Tells what is wrong with a schema that nothing is checked against.
  mutating func check(_ json: LocatedJSON, of owner: String) {
    let (problems, warnings) = SchemaCompiler.check(json.value, named: names.all, documents: schemaDocuments)
    report(problems, warnings, nil, json, of: owner)
  }

  private mutating func report(
    _ problems: [SchemaProblem], _ warnings: [SchemaProblem], _ name: String?, _ json: LocatedJSON, of owner: String
  ) {
    for problem in problems {
      if let document = problem.resource.flatMap({ file.schemaDocuments[$0] }) {
        let place = document.location(forPointer: problem.pointer)
        if !diagnostics.hasError(within: place) { diagnostics.error("schema", problem.message, at: place) }
        continue
      }
      // A problem inside a referenced schema is told where that schema is compiled.
      guard problem.resource == nil || problem.resource == name else { continue }
      diagnostics.error(
        "schema", "\(owner): \(problem.message)", at: json.location(forPointer: problem.pointer))
    }
    for warning in warnings where warning.resource == nil || warning.resource == name {
      diagnostics.warning(
        "schema", "\(owner): \(warning.message)", at: json.location(forPointer: warning.pointer))
    }
  }
}
