/// Where an input's value comes from.
public enum WiringSource: Sendable, Hashable {
  /// Position in `Wiring.appSteps`.
  case app(Int)
  /// Position in the `steps` of the same plan, always an earlier one.
  case step(Int)
}

/// One provider to call.
public struct WiringStep: Sendable, Hashable {
  /// Index of the dependency in the nodes that were given.
  public let node: Int
  public let scope: WiringScope
  /// One source per declared input of the provider, in that order.
  public let inputs: [WiringSource]
  /// What everything on the way from the route to here asks for, outermost first, each once. Empty where neither the
  /// provider nor anything below it looks.
  public let scopes: [String]

  init(node: Int, scope: WiringScope, inputs: [WiringSource], scopes: [String] = []) {
    self.node = node
    self.scope = scope
    self.inputs = inputs
    self.scopes = scopes
  }
}

/// What one route runs before its handler: only what it really uses, each dependency once (those that look at scopes,
/// once for each set of scopes), every step behind those it needs, depth first: guards, then the handler's inputs in
/// the order in which they are declared.
public struct WiringPlan: Sendable, Hashable {
  /// Those that run before the body is read come first.
  public let steps: [WiringStep]
  /// How many of `steps` run before the body is read: what runs early, and what that needs.
  public let earlyCount: Int
  /// One source per declared input of the handler, in that order.
  public let handlerInputs: [WiringSource]
  /// Positions in `steps` to tear down before the head of the response is sent, in this order.
  public let handlerTeardown: [Int]
  /// Positions in `steps` to tear down at the end of the exchange, in this order.
  public let requestTeardown: [Int]

  public static let empty = WiringPlan(steps: [], handlerInputs: [])

  init(steps: [WiringStep], handlerInputs: [WiringSource], earlyCount: Int = 0) {
    self.steps = steps
    self.earlyCount = earlyCount
    self.handlerInputs = handlerInputs
    handlerTeardown = steps.indices.reversed().filter { steps[$0].scope == .handler }
    requestTeardown = steps.indices.reversed().filter { steps[$0].scope != .handler }
  }
}

/// All dependencies of a configuration, ordered.
public struct Wiring: Sendable, Hashable {
  /// Providers of app scope in the order in which to start them, as far as a route uses them; tear them down in
  /// reverse. Their inputs are all `.app`.
  public let appSteps: [WiringStep]
  /// One plan per route that was given.
  public let plans: [WiringPlan]

  /// Checks the wiring and orders it.
  ///
  /// - Returns: every problem, in the order of dependencies, cycles, routes, unused dependencies, each in declaration
  ///   order; and the wiring, nil if any of the problems is an error.
  public static func resolve(nodes: [WiringNode], routes: [WiringRoute]) -> (wiring: Wiring?, problems: [WiringProblem])
  {
    var graph = WiringGraph(nodes: nodes, routes: routes)
    graph.check()
    guard !graph.problems.contains(where: { $0.severity == .error }) else { return (nil, graph.problems) }
    let (wiring, problems) = WiringPlanner(graph).plan()
    return (problems.isEmpty ? wiring : nil, graph.problems + problems)
  }
}
