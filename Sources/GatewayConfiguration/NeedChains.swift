/// How routes come to what they need, for diagnostics: the chain from a route to a dependency, each link with its
/// place.
///
/// Made from what the file writes; a later stage adds what it learned from plugins.
public struct NeedChains: Sendable {
  private struct Step {
    var dependency: String
    /// Said in front of it: who asks, where the route itself does not.
    var via: String?
  }

  private let sources: SourceMap
  /// What routes are called; the last one is the document and its page, where the file has them.
  private var starts: [String] = []
  private var steps: [[Step]] = []
  private var handlers: [Int: PluginReference] = [:]
  private var places: [String: Location] = [:]
  private var needs: [String: [String]] = [:]

  /// The dependency before it on the way from a route, or the step of the route itself.
  private enum Origin {
    case route(Int, Step)
    case dependency(String)
  }

  public init(_ file: GatewayFile, sources: SourceMap) {
    self.sources = sources
    for entry in file.dependencies where places[entry.name.value] == nil {
      places[entry.name.value] = entry.name.location
      needs[entry.name.value] = entry.needs.map(\.dependency.value)
    }
    for route in file.routes {
      starts.append(Self.name(of: route) + place(route.location))
      var own = file.guards(of: route).map { step($0.guard, $0.origin) }
      if case .handler(let reference) = route.action {
        handlers[steps.count] = reference
        own += route.needs.map { Step(dependency: $0.dependency.value, via: "handler \(reference)") }
      }
      steps.append(own)
    }
    guard let openapi = file.openapi else { return }
    starts.append("openapi" + place(openapi.location))
    steps.append(file.guards(of: openapi).map { step($0.guard, $0.origin) })
  }

  /// `GET /books`.
  public static func name(of route: Route) -> String {
    let methods = route.match.methods.map(\.value).joined(separator: ",")
    return methods.isEmpty ? route.match.path.value : "\(methods) \(route.match.path.value)"
  }

  private func step(_ entry: RouteGuard, _ origin: GuardOrigin) -> Step {
    let via =
      switch origin {
      case .gateway: "depends of the gateway"
      case .group(let name): "depends of group \(name)"
      case .route, .documents: "depends"
      }
    return Step(dependency: entry.dependency.value, via: via + place(entry.location))
  }

  /// An input of a route's handler that the file wires without saying so.
  public mutating func add(route: Int, handler: PluginReference, dependency: String) {
    guard steps.indices.contains(route) else { return }
    steps[route].append(Step(dependency: dependency, via: "handler \(handler)"))
  }

  /// An input of a dependency that the file wires without saying so.
  public mutating func add(dependency: String, needs other: String) {
    if needs[dependency]?.contains(other) == false { needs[dependency]?.append(other) }
  }

  /// The chain from the first route that comes to the dependency, as short as there is one: `GET /books
  /// (gateway.yaml:40:5) → handler bookshop.list → session (gateway.yaml:12:3)`. Nil where no route does.
  public func text(to dependency: String) -> String? { text(toAnyOf: [dependency])?.text }

  /// The same to the dependency that a route comes to first.
  public func text(toAnyOf dependencies: Set<String>) -> (text: String, dependency: String)? {
    for route in steps.indices {
      var origins: [String: Origin] = [:]
      var queue: [String] = []
      for step in steps[route] where origins[step.dependency] == nil {
        origins[step.dependency] = .route(route, step)
        queue.append(step.dependency)
      }
      var next = 0
      while next < queue.count {
        let name = queue[next]
        next += 1
        if dependencies.contains(name) { return (text(to: name, origins), name) }
        for other in needs[name] ?? [] where origins[other] == nil {
          origins[other] = .dependency(name)
          queue.append(other)
        }
      }
    }
    return nil
  }

  /// The chain of a route, to one of its own dependencies or up to its handler.
  public func text(ofRoute route: Int, to dependency: String? = nil) -> String? {
    guard starts.indices.contains(route) else { return nil }
    guard let dependency, let step = steps[route].first(where: { $0.dependency == dependency }) else {
      return handlers[route].map { "\(starts[route]) → handler \($0)" } ?? starts[route]
    }
    return [starts[route], step.via, named(dependency)].compactMap(\.self).joined(separator: " → ")
  }

  private func text(to dependency: String, _ origins: [String: Origin]) -> String {
    var links: [String] = []
    var name = dependency
    while let origin = origins[name] {
      links.append(named(name))
      switch origin {
      case .dependency(let previous): name = previous
      case .route(let route, let step):
        if let via = step.via { links.append(via) }
        links.append(starts[route])
        return links.reversed().joined(separator: " → ")
      }
    }
    return links.reversed().joined(separator: " → ")
  }

  /// A dependency with its place.
  public func named(_ dependency: String) -> String { dependency + (places[dependency].map(place) ?? "") }

  /// ` (gateway.yaml:40:5)`; empty for what no file says.
  private func place(_ location: Location) -> String {
    guard let span = sources.span(of: location.mark), let file = sources[location.mark.file]?.name else { return "" }
    return " (\(file):\(span.line):\(span.column))"
  }
}
