import CGatewayPlugin
import GatewayConfiguration
import GatewayPluginHost
import GatewayWiring

/// Who needs what, as plain values: what `gateway graph` shows. Made of a configuration without mistakes; nothing of it
/// was started.
public struct DependencyGraph: Sendable, Equatable {
  /// Where the file says it.
  public struct Place: Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public var description: String { "\(file):\(line):\(column)" }
  }

  /// A dependency that a provider or handler takes, or that guards a route.
  public struct Reference: Sendable, Equatable {
    /// The name in the provider or handler; nil for guards.
    public var input: String?
    /// Index into `dependencies`.
    public var dependency: Int
    /// What is asked of it here.
    public var scopes: [String]
    /// For guards: `gateway`, `group NAME`, `route` or `openapi`.
    public var origin: String?
    public var place: Place?
  }

  public struct Dependency: Sendable, Equatable {
    public var name: String
    public var scope: String
    public var plugin: String
    /// In the plugin.
    public var provider: String
    /// The name of the type of its values.
    public var type: String
    /// `inline`, `async` or `blocking`.
    public var execution: String
    /// Runs before the body is read, and looks at scopes.
    public var isSecurity: Bool
    public var hasTeardown: Bool
    /// In the order in which the provider declares its inputs.
    public var needs: [Reference]
    public var place: Place?
  }

  /// A call of a provider.
  public struct Step: Sendable, Equatable {
    /// Index into `dependencies`.
    public var dependency: Int
    /// What everything on the way to it asks, outermost first; empty where nothing looks.
    public var scopes: [String]
  }

  public struct Route: Sendable, Equatable {
    /// Empty: any.
    public var methods: [String]
    public var host: String?
    public var path: String
    public var name: String?
    /// Outermost first.
    public var groups: [String]
    /// Such as `handler bookshop.getBook`.
    public var action: String
    /// `plugin.name`; nil where no handler answers.
    public var handler: String?
    public var execution: String?
    public var guards: [Reference]
    /// The handler's, in the order in which it declares its inputs.
    public var needs: [Reference]
    /// What runs before the action, in order.
    public var steps: [Step]
    public var place: Place?

    /// `GET /books`; only the path where the method does not matter.
    public var title: String { methods.isEmpty ? path : "\(methods.joined(separator: ",")) \(path)" }
  }

  /// As the file lists them.
  public var dependencies: [Dependency] = []
  /// Indexes into `dependencies`: those of app scope in the order in which they start.
  public var start: [Int] = []
  /// As the file lists them; then the paths of the document.
  public var routes: [Route] = []
}

extension DependencyGraph {
  /// `inputs` and `compiled` have one entry for each node that `wiring` was made of.
  init(
    _ file: GatewayFile, _ inputs: WiringInputs, _ compiled: [CompiledProvider], _ wiring: Wiring,
    _ plugins: [String: LoadedPlugin], _ sources: SourceMap
  ) {
    func place(_ thing: any Locatable) -> Place? {
      let mark = thing.location.mark
      guard mark.end > 0, let name = sources[mark.file]?.name else { return nil }
      return Place(file: name, line: mark.line, column: mark.column)
    }
    var indexes: [String: Int] = [:]
    for (index, node) in inputs.nodes.enumerated() { indexes[node.name] = index }
    func references(_ declared: [WiringInput], _ links: [WiringLink]) -> [Reference] {
      declared.compactMap { input in
        guard let link = links.first(where: { $0.input == input.name }), let target = indexes[link.dependency] else {
          return nil
        }
        return Reference(input: input.name, dependency: target, scopes: link.scopes)
      }
    }
    func guards(_ list: [(guard: RouteGuard, origin: GuardOrigin)]) -> [Reference] {
      list.compactMap { entry, origin in
        guard let target = indexes[entry.dependency.value] else { return nil }
        return Reference(
          dependency: target, scopes: entry.scopes.map(\.value), origin: origin.text, place: place(entry))
      }
    }
    func steps(_ plan: WiringPlan?) -> [Step] {
      (plan?.steps ?? []).map { Step(dependency: $0.node, scopes: $0.scopes) }
    }
    for (index, node) in inputs.nodes.enumerated() {
      let provider = compiled[index].provider
      dependencies.append(
        Dependency(
          name: node.name, scope: node.scope.name, plugin: inputs.entries[index].provider.plugin.value,
          provider: provider.name, type: provider.type, execution: "\(provider.execution)",
          isSecurity: node.readsScopes, hasTeardown: provider.teardown != nil,
          needs: references(node.inputs, node.links), place: place(inputs.entries[index].name)))
    }
    start = wiring.appSteps.map(\.node)
    for (index, route) in file.routes.enumerated() {
      var handler: String?
      var execution: String?
      if case .handler(let reference) = route.action {
        handler = reference.description
        execution = plugins[reference.plugin.value]?.handler(named: reference.member.value).map { "\($0.execution)" }
      }
      routes.append(
        Route(
          methods: route.match.methods.map(\.value), host: route.match.host?.value, path: route.match.path.value,
          name: route.name?.value, groups: route.groups, action: RouteRow.text(route.action), handler: handler,
          execution: execution, guards: guards(file.guards(of: route)),
          needs: references(inputs.routes[index].inputs, inputs.routes[index].links), steps: steps(wiring.plans[index]),
          place: place(route)))
    }
    guard let openapi = file.openapi else { return }
    for (path, label) in [(openapi.path, "openapi"), (openapi.docs, "docs")] {
      guard let path else { continue }
      routes.append(
        Route(
          methods: ["GET"], host: openapi.host?.value, path: path.value, groups: [], action: label,
          guards: guards(file.guards(of: openapi)), needs: [], steps: steps(wiring.plans.last), place: place(openapi)))
    }
  }
}

extension GuardOrigin {
  fileprivate var text: String {
    switch self {
    case .gateway: "gateway"
    case .group(let name): "group \(name)"
    case .route: "route"
    case .documents: "openapi"
    }
  }
}

// MARK: one route of them

extension DependencyGraph {
  /// Why there is nothing to show.
  public struct UnknownRoute: Error, Sendable, Equatable, CustomStringConvertible {
    public var text: String
    public var nearest: String?

    public var description: String {
      "there is no route `\(text)`" + (nearest.map { "; did you mean `\($0)`?" } ?? "")
    }
  }

  /// The routes that `text` means and what they need: `METHOD /path`, `/path`, the name of a route, or the handler that
  /// answers.
  public func filtered(_ text: String) throws(UnknownRoute) -> DependencyGraph {
    let words = text.split(separator: " ").map(String.init)
    let found = routes.filter { route in
      switch words.count {
      case 1: route.path == words[0] || route.name == words[0] || route.handler == words[0] || route.title == words[0]
      case 2:
        route.title == text
          || route.path == words[1] && (route.methods.isEmpty || route.methods.contains(words[0].uppercased()))
      default: false
      }
    }
    guard !found.isEmpty else {
      let names = routes.flatMap { route in
        words.count == 1
          ? [route.path, route.handler, route.name].compactMap(\.self)
          : route.methods.isEmpty ? [route.path] : route.methods.map { "\($0) \(route.path)" }
      }
      throw UnknownRoute(text: text, nearest: NearestWord.of(text, among: names))
    }
    return keeping(found)
  }

  /// These routes with all that they come to, renumbered.
  private func keeping(_ routes: [Route]) -> DependencyGraph {
    var used = Set(routes.flatMap { ($0.guards + $0.needs).map(\.dependency) })
    var open = Array(used)
    while let index = open.popLast() {
      for need in dependencies[index].needs where used.insert(need.dependency).inserted { open.append(need.dependency) }
    }
    var places: [Int: Int] = [:]
    var graph = DependencyGraph()
    for index in dependencies.indices where used.contains(index) {
      places[index] = graph.dependencies.count
      graph.dependencies.append(dependencies[index])
    }
    func moved(_ references: [Reference]) -> [Reference] {
      references.compactMap { reference in
        guard let place = places[reference.dependency] else { return nil }
        var reference = reference
        reference.dependency = place
        return reference
      }
    }
    for index in graph.dependencies.indices { graph.dependencies[index].needs = moved(graph.dependencies[index].needs) }
    graph.start = start.compactMap { places[$0] }
    graph.routes = routes.map { route in
      var route = route
      route.guards = moved(route.guards)
      route.needs = moved(route.needs)
      route.steps = route.steps.compactMap { step in
        places[step.dependency].map { Step(dependency: $0, scopes: step.scopes) }
      }
      return route
    }
    return graph
  }
}
