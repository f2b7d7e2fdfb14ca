/// How long a dependency lives. Later cases live shorter.
public enum WiringScope: Int, Sendable, Hashable, Comparable, CaseIterable {
  /// Made once before anything listens, torn down last.
  case app
  /// Made when an exchange first needs it, torn down after the response and its background tasks.
  case request
  /// Made like `request`, torn down before the head of the response is sent.
  case handler

  public static func < (a: WiringScope, b: WiringScope) -> Bool { a.rawValue < b.rawValue }

  public var name: String {
    switch self {
    case .app: "app"
    case .request: "request"
    case .handler: "handler"
    }
  }
}

/// A value that a provider or handler declares it needs.
public struct WiringInput: Sendable, Hashable {
  public var name: String
  /// Types are equal when their names are.
  public var type: String

  public init(name: String, type: String) {
    self.name = name
    self.type = type
  }
}

/// A line of configuration that says where an input comes from.
public struct WiringLink: Sendable, Hashable {
  public var input: String
  public var dependency: String
  /// What the consumer asks of the dependency and of everything below it.
  public var scopes: [String]
  /// False: the input gets a value of its own, made for nobody else.
  public var isCached: Bool

  public init(input: String, dependency: String, scopes: [String] = [], isCached: Bool = true) {
    self.input = input
    self.dependency = dependency
    self.scopes = scopes
    self.isCached = isCached
  }
}

/// A dependency that runs before a route's handler, whose value nobody takes.
public struct WiringGuard: Sendable, Hashable {
  public var dependency: String
  /// What the route asks of the dependency and of everything below it.
  public var scopes: [String]

  public init(_ dependency: String, scopes: [String] = []) {
    self.dependency = dependency
    self.scopes = scopes
  }
}

/// A dependency as configured: a provider with its needs wired.
public struct WiringNode: Sendable, Hashable {
  public var name: String
  public var scope: WiringScope
  /// Name of the type that its provider makes.
  public var provides: String
  /// What its provider declares, in declaration order.
  public var inputs: [WiringInput]
  public var links: [WiringLink]
  /// Its provider looks at the scopes that are asked of it, so it is made once for each set of them.
  public var readsScopes: Bool
  /// Runs, with all that it needs, before the request's body is read.
  public var runsEarly: Bool
  /// False: every reference gets a value of its own.
  public var isCached: Bool
  /// Stands in for another: what references ask of the original, scopes or values of their own, is not held against it.
  public var isStandIn: Bool

  public init(
    name: String, scope: WiringScope, provides: String, inputs: [WiringInput] = [], links: [WiringLink] = [],
    readsScopes: Bool = false, runsEarly: Bool = false, isCached: Bool = true,
    isStandIn: Bool = false
  ) {
    self.name = name
    self.scope = scope
    self.provides = provides
    self.inputs = inputs
    self.links = links
    self.readsScopes = readsScopes
    self.runsEarly = runsEarly
    self.isCached = isCached
    self.isStandIn = isStandIn
  }
}

/// What one route's handler declares and how the route wires it.
public struct WiringRoute: Sendable, Hashable {
  public var inputs: [WiringInput]
  public var links: [WiringLink]
  /// Run before everything that the handler takes, in this order.
  public var guards: [WiringGuard]

  public init(inputs: [WiringInput] = [], links: [WiringLink] = [], guards: [WiringGuard] = []) {
    self.inputs = inputs
    self.links = links
    self.guards = guards
  }
}
