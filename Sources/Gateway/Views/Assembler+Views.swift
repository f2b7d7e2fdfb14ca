import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import GatewaySchema
import GatewayWiring

/// Which inputs take a value of another plugin, and how: by dependency or by route, then by the input's place.
struct ViewPlan {
  var ofDependencies: [String: [Int: ViewRequest]] = [:]
  var ofRoutes: [Int: [Int: ViewRequest]] = [:]

  var isEmpty: Bool { ofDependencies.isEmpty && ofRoutes.isEmpty }
}

/// A provider or handler whose inputs are looked at.
private struct ViewConsumer {
  /// "handler `shop.show`".
  var label: String
  var plugin: String
  /// Declarations by this name.
  var key: String
  var declaration: [UInt8]
  var needs: [PluginNeed]
  var wired: [Need]
  var place: any Locatable

  func place(of input: String) -> any Locatable {
    wired.first { $0.input.value == input }.map { $0.dependency as any Locatable } ?? place
  }
}

/// What a dependency is made by, as consumers see it.
private struct ViewTarget {
  var name: String
  var plugin: String
  var provider: PluginProvider
  /// Whose views they are: the provider, or the one that it stands in for.
  var maker: PluginProvider
}

/// Values across plugins: within one they are the plugin's own objects; from another one they come as JSON or as a table
/// of C functions, which the provider offers in a version that fits. Proven here, before anything is called.
extension Assembler {
  /// Finds the inputs that are views, and gives them in `nodes` and `routes` the type of what they are made of, so that
  /// the graph takes them for wired. Everything that does not fit is told here, and then counts as fitting.
  mutating func resolveViews(
    _ nodes: inout [WiringNode], _ entries: [Dependency], _ compiled: [CompiledProvider], _ routes: inout [WiringRoute]
  ) -> ViewPlan {
    var plan = ViewPlan()
    let targets = Dictionary(
      zip(nodes, compiled).map { node, provider in
        (
          node.name,
          ViewTarget(
            name: node.name, plugin: provider.provider.plugin, provider: provider.provider,
            maker: standIns[node.name]?.original ?? provider.provider)
        )
      }, uniquingKeysWith: { first, _ in first })
    for index in nodes.indices {
      let provider = compiled[index].provider
      let standIn = standIns[nodes[index].name]
      let consumer = ViewConsumer(
        label: "provider `\(provider.function.label)`", plugin: provider.plugin, key: provider.function.label,
        declaration: provider.declaration, needs: provider.needs,
        wired: standIn?.needs ?? entries[index].needs, place: standIn?.place ?? entries[index].name)
      let found = requests(consumer, &nodes[index].inputs, nodes[index].links, targets)
      if !found.isEmpty { plan.ofDependencies[nodes[index].name] = found }
    }
    for index in routes.indices where file.routes.indices.contains(index) {
      guard case .handler(let reference) = file.routes[index].action,
        let handler = plugins[reference.plugin.value]?.handler(named: reference.member.value)
      else { continue }
      let consumer = ViewConsumer(
        label: "handler `\(reference)`", plugin: reference.plugin.value, key: "\(reference)",
        declaration: handler.declaration, needs: handler.needs,
        wired: file.routes[index].needs + groupNeeds(of: file.routes[index], handler), place: reference)
      let found = requests(consumer, &routes[index].inputs, routes[index].links, targets)
      if !found.isEmpty { plan.ofRoutes[index] = found }
    }
    return plan
  }

  private mutating func requests(
    _ consumer: ViewConsumer, _ inputs: inout [WiringInput], _ links: [WiringLink], _ targets: [String: ViewTarget]
  ) -> [Int: ViewRequest] {
    var found: [Int: ViewRequest] = [:]
    for index in inputs.indices {
      let input = inputs[index]
      guard let name = links.first(where: { $0.input == input.name })?.dependency, let target = targets[name] else {
        continue
      }
      if ViewType.kind(of: input.type) != nil {
        if let request = request(input, consumer, target) { found[index] = request }
        inputs[index].type = target.provider.type
      } else if !isOneImage(consumer.plugin, target.plugin) {
        refuse(input, consumer, target)
        inputs[index].type = target.provider.type
      }
    }
    return found
  }

  /// Whether values of one may reach the other as they are. Plugins that are linked into a test are kept apart as they
  /// would be in production; what the test itself puts in their place is of the same image as they are.
  func isOneImage(_ consumer: String, _ provider: String) -> Bool {
    if consumer == provider { return true }
    let names = [consumer, provider]
    guard names.contains(TestStandIns.plugin) else { return false }
    return names.allSatisfy { $0 == TestStandIns.plugin || linked[$0] != nil && !libraries.contains($0) }
  }

  // MARK: values that stay where they are

  private mutating func refuse(_ input: WiringInput, _ consumer: ViewConsumer, _ target: ViewTarget) {
    let whose = "of plugin `\(target.plugin)`"
    if let standIn = standIns[target.name] {
      let why =
        switch standIn.origin {
        case .test:
          "it is a Swift value of the test, and plugin `\(consumer.plugin)` was opened from its library: its types are others"
        case .json: "it is JSON, and a Swift value is needed"
        case .provider: "it is a value \(whose), and no type of one library is a type of another"
        }
      let help =
        switch standIn.origin {
        case .test: "link the plugin into the test, or override the dependency with JSON"
        case .json: "have the provider offer its value as JSON: then it also reads JSON"
        case .provider: "use a provider of plugin `\(consumer.plugin)`, or let the input take a view"
        }
      diagnostics.error(
        "override", "the override of dependency `\(target.name)` cannot reach input `\(input.name)` of \(consumer.label): "
          + why, at: standIn.place, found: target.provider.type, expected: input.type, help: help,
        notes: [Diagnostics.Note("it is needed here", at: consumer.place(of: input.name))])
      return
    }
    let offered = offers(target).compactMap(\.type).map { "`\($0)`" }
    diagnostics.error(
      "wiring",
      "\(consumer.label): input `\(input.name)` cannot take dependency `\(target.name)`: it is a value \(whose), and "
        + "no type of one library is a type of another, whatever its name", at: consumer.place(of: input.name),
      found: target.provider.type, expected: input.type,
      help: offered.isEmpty
        ? "have `\(target.provider.function.label)` offer a view of it, JSON or a service, and let the input take that"
        : "plugin `\(consumer.plugin)` can take it as \(offered.joined(separator: " or "))",
      notes: note(target))
  }

  private func note(_ target: ViewTarget) -> [Diagnostics.Note] {
    if let standIn = standIns[target.name] { return [Diagnostics.Note("the override is here", at: standIn.place)] }
    return file.dependencies.named(target.name).map { [Diagnostics.Note("`\(target.name)` is here", at: $0.name)] } ?? []
  }

  // MARK: views

  private mutating func request(
    _ input: WiringInput, _ consumer: ViewConsumer, _ target: ViewTarget
  ) -> ViewRequest? {
    let place = consumer.place(of: input.name)
    guard let wanted = ViewType(input.type) else {
      diagnostics.error(
        "plugin-declaration", "\(consumer.label) declares an input `\(input.name)` of a view that cannot be",
        at: place, found: input.type, expected: "`json:NAME@MAJOR.MINOR` or `service:NAME@MAJOR.MINOR`",
        help: "the plugin has to be mended")
      return nil
    }
    if wanted.kind == .service,
      let isolated = [consumer.plugin, target.plugin].first(where: { plugins[$0]?.isolated != nil })
    {
      diagnostics.error(
        "wiring",
        "\(consumer.label): input `\(input.name)` cannot take dependency `\(target.name)` as `\(wanted)`: a table of functions "
          + "cannot cross into another process, and plugin `\(isolated)` is in one", at: place, found: input.type,
        expected: "a value as JSON", help: "take the value as JSON, or run `\(isolated)` without `isolation`", notes: note(target))
      return nil
    }
    let offers = offers(target)
    guard let offer = offers.first(where: { $0.type?.serves(wanted) == true }) else {
      report(wanted, input, consumer, target, offers)
      return nil
    }
    let isThere = wanted.kind == .json ? target.maker.writesJSON : target.maker.hasService
    guard isThere else {
      diagnostics.error(
        "plugin-declaration",
        "provider `\(target.maker.function.label)` declares `\(wanted)` and has no function that makes it",
        at: place, help: "the plugin has to be mended", notes: note(target))
      return nil
    }
    guard wanted.kind == .json else { return ViewRequest(type: wanted, schema: nil, maker: target.maker, consumer: consumer.label) }
    let declared = declaration(consumer.declaration, of: consumer.key, plugin: consumer.plugin, at: place)
    guard let required = declared.requires.first(where: { $0.name.value == input.name })?.schema else {
      return ViewRequest(type: wanted, schema: nil, maker: target.maker, consumer: consumer.label)
    }
    if let schema = offer.view.schema { compare(schema, required, input, consumer, target) }
    let compilation = SchemaCompiler.compile(required.value, named: names.all)
    for problem in compilation.problems {
      diagnostics.error(
        "plugin-declaration", "\(consumer.label) requires of input `\(input.name)` a schema that cannot be used: "
          + problem.message, at: place, found: problem.pointer, help: "the plugin has to be mended")
    }
    return ViewRequest(type: wanted, schema: compilation.schema, maker: target.maker, consumer: consumer.label)
  }

  private mutating func report(
    _ wanted: ViewType, _ input: WiringInput, _ consumer: ViewConsumer, _ target: ViewTarget, _ offers: [OfferedView]
  ) {
    let offered = offers.compactMap(\.type)
    let same = offered.filter { $0.kind == wanted.kind && $0.name == wanted.name }
    let reason =
      offered.isEmpty
      ? "its provider offers nothing to other plugins"
      : same.isEmpty
        ? "its provider does not offer that"
        : same.contains { $0.major == wanted.major } ? "its provider's version is older" : "its provider's version is another"
    diagnostics.error(
      "wiring", "\(consumer.label): input `\(input.name)` takes `\(wanted)`, and dependency `\(target.name)` cannot give "
        + "it: \(reason)", at: consumer.place(of: input.name),
      found: offered.isEmpty ? nil : offered.map { "`\($0)`" }.joined(separator: ", "), expected: "`\(wanted)`",
      suggestion: same.isEmpty ? NearestWord.of("\(wanted)", among: offered.map(\.description)) : nil,
      help: "the same major version and at least the minor one is needed", notes: note(target))
  }

  /// What the consumer reads has to be guaranteed.
  private mutating func compare(
    _ provided: LocatedJSON, _ required: LocatedJSON, _ input: WiringInput, _ consumer: ViewConsumer, _ target: ViewTarget
  ) {
    let gaps = SchemaGuarantee.gaps(provider: provided.value, consumer: required.value, names: names.all)
    guard let first = gaps.first else { return }
    let list = gaps.prefix(5).map { "`\($0.pointer.isEmpty ? "/" : $0.pointer)` \($0.message)" }.joined(separator: "; ")
    let more = gaps.count > 5 ? "; and \(gaps.count - 5) more" : ""
    diagnostics.error(
      "view-mismatch",
      "\(consumer.label): input `\(input.name)` needs more than `\(target.maker.function.label)` guarantees: "
        + list + more, at: consumer.place(of: input.name),
      found: excerpt(provided.value), expected: excerpt(required.value),
      help: "make `\(first.pointer.isEmpty ? "/" : first.pointer)` optional in what the consumer reads, or have the provider guarantee it",
      notes: note(target) + [
        Diagnostics.Note("what the provider guarantees, \(fingerprint(provided))", at: provided),
        Diagnostics.Note("what the consumer needs, \(fingerprint(required))", at: required),
      ])
  }

  private func fingerprint(_ schema: LocatedJSON) -> String { SchemaGuarantee.fingerprint(schema.value, names.all) }

  private func excerpt(_ schema: JSONValue) -> String {
    let text = SchemaGuarantee.canonical(schema, names.all)
    return text.count > 300 ? text.prefix(300) + "…" : text
  }

  // MARK: offers

  struct OfferedView {
    var view: ProvidedView
    var type: ViewType?
  }

  private mutating func offers(_ target: ViewTarget) -> [OfferedView] { offers(of: target.maker, at: note(target)) }

  /// The views that a provider declares.
  mutating func offers(of provider: PluginProvider, at notes: [Diagnostics.Note]) -> [OfferedView] {
    let place = notes.first?.location ?? Location.none
    return declaration(provider.declaration, of: provider.function.label, plugin: provider.plugin, at: place).provides.map {
      OfferedView(view: $0, type: ViewType($0.kind == .json ? .json : .service, $0.name.value, version: $0.version.value))
    }
  }

  // MARK: sources

  /// Puts views in the place of values where inputs take them.
  func withViews(_ wiring: CompiledWiring, _ plan: ViewPlan) -> CompiledWiring {
    guard !plan.isEmpty else { return wiring }
    var wiring = wiring
    var table = ViewTable(app: wiring.appSteps)
    for index in wiring.appSteps.indices {
      let requests = plan.ofDependencies[wiring.appSteps[index].provider.name] ?? [:]
      wiring.appSteps[index] = table.replaced(wiring.appSteps[index], requests, steps: [])
    }
    for route in wiring.routes.indices {
      table.replace(in: &wiring.routes[route], plan, handler: plan.ofRoutes[route] ?? [:])
    }
    table.replace(in: &wiring.documents, plan, handler: [:])
    wiring.appViews = table.views
    return wiring
  }
}

/// Views while they are numbered.
private struct ViewTable {
  let app: [DependencyStep]
  var views: [ValueView] = []
  /// Of the route at hand.
  var own: [ValueView] = []

  init(app: [DependencyStep]) { self.app = app }

  mutating func replace(in route: inout CompiledWiring.Route, _ plan: ViewPlan, handler: [Int: ViewRequest]) {
    own = []
    let steps = route.steps
    for index in steps.indices {
      let requests = plan.ofDependencies[steps[index].provider.name] ?? [:]
      route.steps[index] = replaced(steps[index], requests, steps: steps)
    }
    replace(&route.inputs, handler, steps: steps)
    route.views = own
  }

  mutating func replaced(
    _ step: DependencyStep, _ requests: [Int: ViewRequest], steps: [DependencyStep]
  ) -> DependencyStep {
    guard !requests.isEmpty else { return step }
    var inputs = step.inputs
    replace(&inputs, requests, steps: steps)
    return DependencyStep(provider: step.provider, inputs: inputs, extras: step.extras)
  }

  private mutating func replace(_ inputs: inout [ValueSource], _ requests: [Int: ViewRequest], steps: [DependencyStep]) {
    for (index, request) in requests.sorted(by: { $0.key < $1.key }) where inputs.indices.contains(index) {
      switch inputs[index] {
      case .app(let step) where app.indices.contains(step):
        inputs[index] = .appView(views.count)
        views.append(ValueView(source: step, request: request, provider: app[step].provider))
      case .step(let step) where steps.indices.contains(step):
        inputs[index] = .stepView(own.count)
        own.append(ValueView(source: step, request: request, provider: steps[step].provider))
      default: continue
      }
    }
  }
}

extension PluginProvider {
  /// The plugin's name in the configuration, which has no dots.
  var plugin: String { String(function.label.prefix { $0 != "." }) }
}
