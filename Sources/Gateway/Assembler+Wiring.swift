import CGatewayPlugin
import GatewayConfiguration
import GatewayPluginHost
import GatewayWiring

/// How values reach those who need them.
struct CompiledWiring {
  /// App-scope dependencies in the order they start.
  var appSteps: [DependencyStep] = []
  /// What other plugins take of their values.
  var appViews: [ValueView] = []
  /// One for each route of the file.
  var routes: [Route]

  struct Route {
    var steps: [DependencyStep] = []
    /// Of the handler.
    var inputs: [ValueSource] = []
    /// What other plugins take of the steps' values.
    var views: [ValueView] = []
  }
}

extension Assembler {
  /// Finds the provider of each dependency, and proves that every input of every handler and provider has a value.
  mutating func wire() -> CompiledWiring {
    checkLinked()
    resolveStandIns()
    var nodes: [WiringNode] = []
    var entries: [Dependency] = []
    var compiled: [CompiledProvider] = []
    var isWhole = true
    for entry in file.dependencies {
      guard let provider = provider(of: entry) else {
        isWhole = false
        continue
      }
      let standIn = standIns[entry.name.value]
      let config =
        standIn == nil || standIn?.config != nil
        ? checkedConfig(
          standIn?.config ?? entry.config, against: provider.configSchema, plugin: provider.plugin,
          of: "\(standIn == nil ? "dependency" : "override") `\(entry.name.value)`")
        : LentJSON.none
      let scope = scope(of: entry, provider)
      nodes.append(
        WiringNode(
          name: entry.name.value, scope: scope, provides: provider.type, inputs: provider.needs.map(WiringInput.init),
          links: links(provider.needs, standIn?.needs ?? entry.needs)))
      entries.append(entry)
      compiled.append(
        CompiledProvider(name: entry.name.value, scope: scope.code, provider: provider, config: config))
    }
    var routes = file.routes.map { route -> WiringRoute in
      guard case .handler(let reference) = route.action, let plugin = plugins[reference.plugin.value],
        let handler = plugin.handler(named: reference.member.value)
      else { return WiringRoute() }
      return WiringRoute(inputs: handler.needs.map(WiringInput.init), links: links(handler.needs, route.needs))
    }
    let empty = CompiledWiring(routes: file.routes.map { _ in CompiledWiring.Route() })
    let views = resolveViews(&nodes, entries, compiled, &routes)
    let (wiring, problems) = Wiring.resolve(nodes: nodes, routes: routes)
    for problem in problems { report(problem, entries) }
    guard let wiring, isWhole else { return empty }
    func step(_ step: WiringStep) -> DependencyStep {
      DependencyStep(provider: compiled[step.node], inputs: step.inputs.map(ValueSource.init))
    }
    let compiledWiring = CompiledWiring(
      appSteps: wiring.appSteps.map(step),
      routes: wiring.plans.map { plan in
        CompiledWiring.Route(steps: plan.steps.map(step), inputs: plan.handlerInputs.map(ValueSource.init))
      })
    return withViews(compiledWiring, views)
  }

  /// How long it lives: as the file says; a stand-in that says nothing lives as long as the original.
  private func scope(of entry: Dependency, _ provider: PluginProvider) -> WiringScope {
    guard let standIn = standIns[entry.name.value] else {
      return entry.scope.map { WiringScope($0.value) } ?? WiringScope(provider.scope)
    }
    if let scope = standIn.scope { return WiringScope(scope) }
    if let scope = entry.scope { return WiringScope(scope.value) }
    let original = plugins[entry.provider.plugin.value]?.provider(named: entry.provider.member.value)
    return WiringScope((original ?? provider).scope)
  }

  /// Linked plugins that the file does not know would be left out without a word.
  private mutating func checkLinked() {
    let known = file.plugins.map(\.name.value)
    for name in linked.keys.sorted() where !known.contains(name) {
      diagnostics.error(
        "linked-plugin", "there is no plugin `\(name)` under `plugins`", at: Location.none,
        suggestion: NearestWord.of(name, among: known))
    }
  }

  private mutating func provider(of entry: Dependency) -> PluginProvider? {
    if brokenStandIns.contains(entry.name.value) { return nil }
    return standIns[entry.name.value]?.provider ?? provider(entry.provider)
  }

  /// What the file wires. An input without an entry in `needs` gets the dependency of its own name, if there is one.
  private func links(_ declared: [PluginNeed], _ wired: [Need]) -> [WiringLink] {
    let written = wired.map { WiringLink(input: $0.input.value, dependency: $0.dependency.value) }
    let named = declared.filter { need in
      !wired.contains { $0.input.value == need.name } && file.dependencies.named(need.name) != nil
    }
    return written + named.map { WiringLink(input: $0.name, dependency: $0.name) }
  }

  private mutating func report(_ problem: WiringProblem, _ entries: [Dependency]) {
    switch problem.kind {
    // The file's own checks tell these, of whatever is in the file and nowhere else.
    case .unused, .duplicateDependency, .duplicateLink: return
    case .unknownDependency(_, let dependency, _) where file.dependencies.named(dependency) == nil: return
    // Declared, but its provider is missing, and that was told.
    case .unknownDependency: return
    default: break
    }
    let place = place(problem, entries)
    var notes: [Diagnostics.Note] = []
    for name in others(problem.kind) {
      if let entry = file.dependencies.named(name) { notes.append(Diagnostics.Note("`\(name)` is here", at: entry.name)) }
    }
    diagnostics.error("wiring", "\(subject(problem, entries)): \(problem.message)", at: place, notes: notes)
  }

  private func others(_ kind: WiringProblem.Kind) -> [String] {
    switch kind {
    case .typeMismatch(_, _, let dependency, _), .outlives(_, _, let dependency, _): [dependency]
    case .cycle(let names): Array(names.dropFirst())
    default: []
    }
  }

  private func subject(_ problem: WiringProblem, _ entries: [Dependency]) -> String {
    switch problem.subject {
    case .dependency(let index): "dependency `\(entries[index].name.value)`"
    case .route(let index):
      if case .handler(let reference) = file.routes[index].action { "handler `\(reference)`" } else { "the route" }
    }
  }

  private func place(_ problem: WiringProblem, _ entries: [Dependency]) -> any Locatable {
    let isUnknown = if case .unknownInput = problem.kind { true } else { false }
    switch problem.subject {
    case .dependency(let index):
      let entry = entries[index]
      guard let need = entry.needs.first(where: { $0.input.value == problem.input }) else { return entry.name }
      return isUnknown ? need.input : need.dependency
    case .route(let index):
      let route = file.routes[index]
      if let need = route.needs.first(where: { $0.input.value == problem.input }) {
        return isUnknown ? need.input : need.dependency
      }
      if case .handler(let reference) = route.action { return reference }
      return route
    }
  }
}

extension WiringInput {
  fileprivate init(_ need: PluginNeed) { self.init(name: need.name, type: need.type) }
}

extension WiringScope {
  fileprivate init(_ scope: DependencyScope) {
    switch scope {
    case .app: self = .app
    case .request: self = .request
    case .handler: self = .handler
    }
  }

  fileprivate init(_ scope: PluginScope) {
    switch scope {
    case .app: self = .app
    case .request: self = .request
    case .handler: self = .handler
    }
  }

  fileprivate var code: gw_scope {
    switch self {
    case .app: GW_SCOPE_APP
    case .request: GW_SCOPE_REQUEST
    case .handler: GW_SCOPE_HANDLER
    }
  }
}

extension ValueSource {
  fileprivate init(_ source: WiringSource) {
    switch source {
    case .app(let index): self = .app(index)
    case .step(let index): self = .step(index)
    }
  }
}
