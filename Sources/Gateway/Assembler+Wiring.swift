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
  /// Of the OpenAPI document and its page.
  var documents = Route()

  struct Route {
    var steps: [DependencyStep] = []
    /// How many of them run before the body is read.
    var earlyCount = 0
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
    checkPluginsAreApart()
    checkProvidedViews()
    var inputs = WiringInputs(routes: [])
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
          of: standIn == nil ? "config of dependency `\(entry.name.value)`" : standIn?.configWords(entry.name.value) ?? "",
          at: standIn?.place ?? entry.name)
        : LentJSON.none
      let scope = scope(of: entry, provider)
      // Made once, whatever the file says of how the original is made.
      let isOnce = standIn != nil && scope == .app
      inputs.nodes.append(
        WiringNode(
          name: entry.name.value, scope: scope, provides: provider.type, inputs: provider.needs.map(WiringInput.init),
          links: links(provider.needs, standIn?.needs ?? entry.needs), readsScopes: provider.isSecurity,
          runsEarly: provider.isSecurity, isCached: isOnce || entry.cache?.value ?? true, isStandIn: standIn != nil))
      inputs.entries.append(entry)
      checkExecution(of: entry, scope, provider)
      compiled.append(
        CompiledProvider(
          name: entry.name.value, scope: scope.code, provider: provider, config: config,
          limit: isOnce ? nil : limit(of: entry), isParallel: !isOnce && entry.parallel?.value ?? false))
    }
    for route in file.routes {
      var wired = WiringRoute(guards: file.guards(of: route).map { WiringGuard($0.guard) })
      switch self.wiredHandler(of: route) {
      case .none: break
      case .missing: isWhole = false
      case .handler(let handler):
        wired.inputs = handler.needs.map(WiringInput.init)
        wired.links = links(handler.needs, route.needs + groupNeeds(of: route, handler))
      }
      inputs.routes.append(wired)
    }
    if let openapi = file.openapi {
      inputs.routes.append(WiringRoute(guards: file.guards(of: openapi).map { WiringGuard($0.guard) }))
    }
    checkGroupNeeds()
    let views = resolveViews(&inputs.nodes, inputs.entries, compiled, &inputs.routes)
    let (wiring, problems) = Wiring.resolve(nodes: inputs.nodes, routes: inputs.routes)
    // What is not whole may need more than it seems, and what is overridden is not needed for now.
    let isUseKnown = isWhole && wiring != nil && standIns.isEmpty
    for problem in problems where problem.severity == .error || isUseKnown { report(problem, inputs) }
    guard let wiring, isWhole else { return CompiledWiring(routes: file.routes.map { _ in CompiledWiring.Route() }) }
    if keepsGraph { graph = DependencyGraph(file, inputs, compiled, wiring, plugins, diagnostics.sources) }
    func step(_ step: WiringStep) -> DependencyStep {
      DependencyStep(
        provider: compiled[step.node], inputs: step.inputs.map(ValueSource.init),
        extras: step.scopes.isEmpty || !compiled[step.node].provider.isSecurity
          ? nil : StepExtras(scopes: LentTexts(step.scopes)))
    }
    checkLimits(wiring, inputs.entries)
    var plans = wiring.plans.map { plan in
      CompiledWiring.Route(
        steps: ParallelGroups.marked(plan.steps.map(step), early: plan.earlyCount), earlyCount: plan.earlyCount,
        inputs: plan.handlerInputs.map(ValueSource.init))
    }
    let documents = file.openapi == nil ? nil : plans.popLast()
    let whole = CompiledWiring(
      appSteps: wiring.appSteps.map(step), routes: plans, documents: documents ?? CompiledWiring.Route())
    return withViews(whole, views)
  }

  /// Permits are the process's: what a replaced snapshot still holds counts.
  private mutating func limit(of entry: Dependency) -> ProviderLimit? {
    guard let limit = entry.limit else { return nil }
    let known = plan?.snapshot.limits[entry.name.value]
    let shared = known?.concurrency == limit.concurrency && known?.queue == limit.queue ? known ?? limit : limit
    limits[entry.name.value] = shared
    return shared
  }

  /// What the file writes of who needs what, and what plugins add to it: inputs that are wired by their name alone.
  mutating func needChains() -> NeedChains {
    if let chains { return chains }
    var chains = NeedChains(file, sources: diagnostics.sources)
    for entry in file.dependencies {
      let standIn = standIns[entry.name.value]
      let provider =
        standIn?.provider ?? plugins[entry.provider.plugin.value]?.provider(named: entry.provider.member.value)
      for link in links(provider?.needs ?? [], standIn?.needs ?? entry.needs) {
        chains.add(dependency: entry.name.value, needs: link.dependency)
      }
    }
    for (index, route) in file.routes.enumerated() {
      guard case .handler(let reference) = route.action, case .handler(let handler) = wiredHandler(of: route) else {
        continue
      }
      for link in links(handler.needs, route.needs + groupNeeds(of: route, handler)) {
        chains.add(route: index, handler: reference, dependency: link.dependency)
      }
    }
    self.chains = chains
    return chains
  }

  private enum WiredHandler {
    /// The route has another action.
    case none
    /// Told where the route is compiled.
    case missing
    case handler(PluginHandler)
  }

  private func wiredHandler(of route: Route) -> WiredHandler {
    guard case .handler(let reference) = route.action else { return .none }
    let handler = plugins[reference.plugin.value]?.handler(named: reference.member.value)
    return handler.map { .handler($0) } ?? .missing
  }

  /// What the groups of a route say of inputs that its handler has.
  func groupNeeds(of route: Route, _ handler: PluginHandler) -> [Need] {
    guard !route.groups.isEmpty else { return [] }
    return file.groupNeeds(of: route).map(\.need).filter { need in
      handler.needs.contains { $0.name == need.input.value }
    }
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
    if let standIn = standIns[entry.name.value] { return standIn.provider }
    return provider(entry.provider, of: entry.name.value)
  }

  /// What the file wires. An input without an entry in `needs` gets the dependency of its own name, if there is one.
  private func links(_ declared: [PluginNeed], _ wired: [Need]) -> [WiringLink] {
    let written = wired.map { need in
      WiringLink(
        input: need.input.value, dependency: need.dependency.value, scopes: need.scopes.map(\.value),
        isCached: need.cache?.value ?? true)
    }
    let named = declared.filter { need in
      !wired.contains { $0.input.value == need.name } && file.dependencies.named(need.name) != nil
    }
    return written + named.map { WiringLink(input: $0.name, dependency: $0.name) }
  }
}

/// What is wired, as it was handed to `Wiring.resolve`.
struct WiringInputs {
  var nodes: [WiringNode] = []
  /// The entries of `dependencies` behind the nodes.
  var entries: [Dependency] = []
  /// Those of the file, then the one for the document and its page, where the file has them.
  var routes: [WiringRoute]
}

extension WiringGuard {
  init(_ entry: RouteGuard) { self.init(entry.dependency.value, scopes: entry.scopes.map(\.value)) }
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
