import GatewayJSON

/// Cross-checks inside the file: every name that is referred to exists, no name is there for nothing.
struct ModelChecks {
  var file: GatewayFile
  /// The root of the file: names are taken from it, not from what could be decoded, so that an entry with a mistake
  /// of its own is not called missing too.
  var root: Cursor
  var decoder: FileDecoder
  /// Of overlays: what they use is used.
  var overrides: [DependencyOverride] = []

  private var used: [String: Set<String>] = [:]
  /// Only mistakes ask for it.
  private lazy var chains = NeedChains(file, sources: decoder.diagnostics.sources)
  private var declared: [String: (list: [String], set: Set<String>)] = [:]

  init(file: GatewayFile, root: Cursor, decoder: FileDecoder) {
    self.file = file
    self.root = root
    self.decoder = decoder
  }

  mutating func run() {
    checkDependencies()
    for use in file.use { check(use) }
    check(file.guards)
    checkGroups()
    for list in file.policies { for policy in list.policies { check(policy) } }
    checkOpenAPI()
    for handler in file.errors.responses.compactMap(\.handler) { check(handler) }
    for route in file.routes { check(route) }
    for schema in file.schemas { checkReferences(in: schema.schema) }
    checkRepeats()
    for case .provider(let reference) in overrides.map(\.source) {
      used["plugins", default: []].insert(reference.plugin.value)
    }
    // Parts that could not be decoded may hold the very references that are missing.
    if !decoder.diagnostics.hasErrors { warnUnused() }
  }

  // MARK: References

  private mutating func check(_ route: Route) {
    switch route.action {
    case .handler(let handler): check(handler)
    case .proxy(let proxy): look(up: proxy.upstream, in: "upstreams", "upstream")
    case .redirect, .respond, .health, .metrics: break
    }
    for handler in (route.errors?.responses ?? []).compactMap(\.handler) { check(handler) }
    for use in route.use { check(use) }
    check(route.guards)
    used["groups", default: []].formUnion(route.groups)
    for need in route.needs { look(up: need.dependency, in: "dependencies", "dependency") }
    // A name that the file does not declare may be the plugin's: known when it is loaded.
    var isOpen = false
    if case .handler = route.action { isOpen = true }
    for schema in route.schemaReferences { check(schema, isOpen: isOpen) }
    for parameter in route.parameters { checkReferences(in: parameter.schema) }
    for requirement in route.security ?? [] { check(requirement) }
    checkOnce(file.policies(of: route), on: "`\(route.match.path.value)`", at: route)
  }

  private mutating func check(_ guards: [RouteGuard]) {
    var seen: [String: Location] = [:]
    for entry in guards {
      look(up: entry.dependency, in: "dependencies", "dependency")
      let asked = ([entry.dependency.value] + entry.scopes.map(\.value).sorted()).joined(separator: " ")
      if let first = seen.updateValue(entry.location, forKey: asked) {
        decoder.diagnostics.warning(
          .unused, "`\(entry.dependency.value)` is depended on twice, and runs once", at: entry,
          notes: [.init("the first is here", at: first)])
      }
    }
  }

  private mutating func checkGroups() {
    for group in file.groups {
      for use in group.use { check(use) }
      check(group.guards)
      for need in group.needs { look(up: need.dependency, in: "dependencies", "dependency") }
      for requirement in group.security ?? [] { check(requirement) }
    }
  }

  private mutating func check(_ requirement: SecurityRequirement) {
    for scheme in requirement.schemes {
      // Of another name than the file's it may be a plugin's: known when those are loaded.
      let known = names("openapi.security_schemes").set
      if !known.contains(scheme.name.value), !names("plugins").list.isEmpty { continue }
      look(up: scheme.name, in: "openapi.security_schemes", "security scheme")
      guard case .oauth2(let flows)? = file.openapi?.securitySchemes.named(scheme.name.value)?.kind else { continue }
      let scopes = flows.flatMap { $0.scopes.map(\.name.value) }
      for scope in scheme.scopes where !scopes.contains(scope.value) {
        decoder.diagnostics.error(
          .unknownReference, "the security scheme `\(scheme.name.value)` has no scope `\(scope.value)`", at: scope,
          expected: scopes.isEmpty ? "a scope under `scopes` of one of its flows" : NearestWord.list(scopes),
          suggestion: NearestWord.of(scope.value, among: scopes))
      }
    }
  }

  private mutating func checkOpenAPI() {
    guard let openapi = file.openapi else { return }
    for use in openapi.use { check(use) }
    check(openapi.guards)
    checkOnce(file.policies(of: openapi), on: "the paths of `openapi`", at: openapi)
  }

  private mutating func checkDependencies() {
    for dependency in file.dependencies {
      check(dependency.provider)
      for need in dependency.needs {
        look(up: need.dependency, in: "dependencies", "dependency", neededBy: dependency.name.value)
      }
    }
  }

  private mutating func check(_ reference: PluginReference) {
    look(up: reference.plugin, in: "plugins", "plugin")
  }

  private mutating func check(_ schema: SchemaReference, isOpen: Bool) {
    switch schema {
    case .named(let name) where isOpen: used["schemas", default: []].insert(name.value)
    case .named(let name): look(up: name, in: "schemas", "schema")
    case .inline(let schema): checkReferences(in: schema)
    }
  }

  private mutating func check(_ policy: Policy) {
    if case .plugin(let options) = policy.options { check(options.policy) }
  }

  private mutating func check(_ use: PolicyUse) {
    if case .inline(let policy) = use { check(policy) }
    guard case .list(let name) = use else { return }
    let names = names("policies")
    used["policies", default: []].insert(name.value)
    guard !names.set.contains(name.value) else { return }
    if PolicyKind.reserved.contains(name.value) {
      decoder.diagnostics.error(.notAvailable, "the policy `\(name.value)` is not available yet", at: name)
      return
    }
    let all = names.list + PolicyKind.names
    decoder.diagnostics.error(
      .unknownReference, "there is no policy and no list of policies `\(name.value)`", at: name,
      expected: NearestWord.list(all), suggestion: NearestWord.of(name.value, among: all))
  }

  /// `$ref: "#/schemas/Name"` inside schemas.
  private mutating func checkReferences(in schema: LocatedJSON) {
    var pending: [(JSONValue, String)] = [(schema.value, "")]
    while let (value, pointer) = pending.popLast() {
      switch value {
      case .array(let items):
        for (index, item) in items.enumerated() { pending.append((item, pointer + "/\(index)")) }
      case .object(let object):
        for member in object.members {
          let path = pointer + "/" + JSONPointerText.escaped(member.name)
          if member.name == "$ref", case .string(let text) = member.value, text.hasPrefix("#/schemas/") {
            let name = text.dropFirst("#/schemas/".count).prefix { $0 != "/" }
            look(up: Located(String(name), at: schema.location(forPointer: path)), in: "schemas", "schema")
          }
          pending.append((member.value, path))
        }
      default: break
      }
    }
  }

  private mutating func look(
    up name: Located<String>, in section: String, _ what: String, neededBy dependency: String? = nil
  ) {
    used[section, default: []].insert(name.value)
    let names = names(section)
    guard !names.set.contains(name.value) else { return }
    if section == "schemas", let dot = name.value.firstIndex(of: ".") {
      // `plugin.Name`: what plugins declare is known once they are open.
      let plugin = String(name.value[..<dot])
      if self.names("plugins").set.contains(plugin) {
        used["plugins", default: []].insert(plugin)
        return
      }
    }
    decoder.diagnostics.error(
      .unknownReference, "there is no \(what) `\(name.value)`", at: name,
      expected: names.list.isEmpty ? "an entry under `\(section)`" : NearestWord.list(names.list),
      suggestion: NearestWord.of(name.value, among: names.list),
      notes: dependency.flatMap { chains.text(to: $0) }.map { [.init("chain: \($0) → \(name.value)")] } ?? [])
  }

  private mutating func names(_ section: String) -> (list: [String], set: Set<String>) {
    if let known = declared[section] { return known }
    let part = section.split(separator: ".").reduce(root as Cursor?) { $0?.child(String($1)) }
    let list = (part?.entries ?? []).map(\.name.value)
    declared[section] = (list, Set(list))
    return (list, Set(list))
  }

  // MARK: Repeats

  private func checkRepeats() {
    var names: [String: Location] = [:]
    for name in file.routes.compactMap(\.name) {
      if let first = names.updateValue(name.location, forKey: name.value) {
        decoder.diagnostics.error(
          .conflict, "two routes are called `\(name.value)`", at: name, notes: [.init("the first is here", at: first)])
      }
    }
    var operations: [String: Location] = [:]
    for name in file.routes.compactMap(\.operationID) {
      if let first = operations.updateValue(name.location, forKey: name.value) {
        decoder.diagnostics.error(
          .conflict, "two routes have the operation id `\(name.value)`", at: name,
          notes: [.init("the first is here", at: first)])
      }
    }
    var addresses: [ListenAddress: Location] = [:]
    for listener in file.server.listen {
      if case .tcp(_, port: 0) = listener.address.value { continue }
      if let first = addresses.updateValue(listener.address.location, forKey: listener.address.value) {
        decoder.diagnostics.error(
          .conflict, "the address `\(listener.address.value)` is listened on twice", at: listener.address,
          notes: [.init("the first is here", at: first)])
      }
    }
    for upstream in file.upstreams {
      var targets: [String: Location] = [:]
      for target in upstream.targets {
        if let first = targets.updateValue(target.location, forKey: "\(target.host) \(target.port)") {
          decoder.diagnostics.warning(
            .conflict, "the target `\(target.authority)` is named twice, so it gets twice the requests", at: target,
            notes: [.init("the first is here", at: first)])
        }
      }
    }
  }

  /// Two of a kind would contradict each other. Address rules add up, logs may go to two places, and what plugins bring
  /// may have sense twice.
  private func checkOnce(_ policies: [Policy], on what: String, at place: any Locatable) {
    var seen: [String: Location] = [:]
    for policy in policies {
      switch policy.options {
      case .accessLog, .addresses, .plugin: continue
      default: break
      }
      if let first = seen.updateValue(policy.location, forKey: policy.name.value) {
        decoder.diagnostics.error(
          .conflict, "the policy `\(policy.name.value)` applies twice to \(what)", at: place,
          notes: [.init("once from here", at: first), .init("and once from here", at: policy.location)])
      }
    }
  }

  // MARK: Unused

  private func warnUnused() {
    warnUnused("plugins", file.plugins.map(\.name), "plugin", "no handler, provider or policy of it is used")
    // Which dependencies are used is known when the plugins are: their inputs may be wired by name alone.
    warnUnused("groups", file.groups.map(\.name), "group", "no route is in it")
    warnUnused("policies", file.policies.map(\.name), "list of policies", "no `use` names it")
    warnUnused("upstreams", file.upstreams.map(\.name), "upstream", "no route proxies to it")
    warnUnused("schemas", file.schemas.map(\.name), "schema", "nothing refers to it")
    for setting in file.settings where !decoder.interpolation.usedSettings.contains(setting.name.value) {
      decoder.diagnostics.warning(
        .unused, "the setting `\(setting.name.value)` is unused: no `${settings.\(setting.name.value)}` refers to it",
        at: setting.name)
    }
  }

  private func warnUnused(_ section: String, _ names: [Located<String>], _ what: String, _ why: String) {
    for name in names where used[section]?.contains(name.value) != true {
      decoder.diagnostics.warning(.unused, "the \(what) `\(name.value)` is unused: \(why)", at: name)
    }
  }
}

enum JSONPointerText {
  /// RFC 6901 §3.
  static func escaped(_ name: String) -> String {
    guard name.contains(where: { $0 == "~" || $0 == "/" }) else { return name }
    return name.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
  }
}
