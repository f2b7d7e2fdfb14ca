/// `groups.<name>`: what several routes share. A route is in one group at most, a group may be part of another.
public struct RouteGroup: NamedEntry {
  public var name: Located<String> = ""
  /// The group that this one is part of.
  public var parent: Located<String>?
  /// Stands before the paths of its routes; begins with `/`, does not end with one.
  public var prefix: Located<String>?
  /// Policies of its routes, run behind those of every route and of the groups around it.
  public var use: [PolicyUse] = []
  public var guards: [RouteGuard] = []
  /// For handlers that have an input of that name and whose route does not say otherwise.
  public var needs: [Need] = []
  public var limits = RouteLimits()
  public var tags: [Located<String>] = []
  public var responses: [RouteResponse] = []
  public var isDeprecated: Bool?
  public var isHidden: Bool?
  public var security: [SecurityRequirement]?

  public init() {}
}

/// An entry of `depends:`: a dependency that is made before the route's action, whether or not anybody takes its value.
public struct RouteGuard: Sendable, Equatable, Locatable {
  /// The name under `dependencies:`.
  public var dependency: Located<String>
  /// What is asked of it and of everything below it.
  public var scopes: [Located<String>]

  public var location: Location { dependency.location }

  public init(dependency: Located<String>, scopes: [Located<String>] = []) {
    self.dependency = dependency
    self.scopes = scopes
  }
}

/// Who asks for a guard.
public enum GuardOrigin: Sendable, Equatable {
  case gateway
  case group(String)
  case route
  /// `openapi:`, for its paths.
  case documents
}

extension GatewayFile {
  /// The groups of a route, outermost first.
  public func groups(of route: Route) -> [RouteGroup] { route.groups.compactMap { groupPlaces[$0].map { groups[$0] } } }

  /// What runs before a route's action: the gateway's, the groups', the route's own, each list in its order.
  ///
  /// A probe has no credentials, so of `health` only the route's own count.
  public func guards(of route: Route) -> [(guard: RouteGuard, origin: GuardOrigin)] {
    if case .health = route.action { return route.guards.map { ($0, .route) } }
    var list = guards.map { ($0, GuardOrigin.gateway) }
    for group in groups(of: route) { list += group.guards.map { ($0, .group(group.name.value)) } }
    return list + route.guards.map { ($0, .route) }
  }

  /// The same for the document and its page.
  public func guards(of openapi: OpenAPISettings) -> [(guard: RouteGuard, origin: GuardOrigin)] {
    guards.map { ($0, .gateway) } + openapi.guards.map { ($0, .documents) }
  }

  /// What the groups of a route wire where the route itself does not: the innermost has the say.
  public func groupNeeds(of route: Route) -> [(need: Need, group: String)] {
    var list: [(need: Need, group: String)] = []
    for group in groups(of: route).reversed() {
      for need in group.needs where !list.contains(where: { $0.need.input.value == need.input.value }) {
        list.append((need, group.name.value))
      }
    }
    return list.filter { entry in !route.needs.contains { $0.input.value == entry.need.input.value } }
  }
}
