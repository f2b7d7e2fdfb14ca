/// Orders the dependencies of a graph without errors.
struct WiringPlanner {
  private let graph: WiringGraph
  private var appSteps: [WiringStep] = []
  private var appPositions: [Int: Int] = [:]

  /// What is made once for an exchange.
  private struct Key: Hashable {
    var node: Int
    /// Sorted: in another order they ask for the same.
    var scopes: [String]
  }

  /// A step on its way into a plan.
  private struct Frame {
    var target: WiringGraph.Target
    var next = 0
  }

  init(_ graph: WiringGraph) { self.graph = graph }

  consuming func plan() -> Wiring {
    var plans: [WiringPlan] = []
    for (guards, inputs) in zip(graph.guardTargets, graph.routeTargets) {
      plans.append(plan(guards.compactMap { $0 }, inputs.compactMap { $0 }))
    }
    return Wiring(appSteps: appSteps, plans: plans)
  }

  private mutating func plan(_ guards: [WiringGraph.Target], _ inputs: [WiringGraph.Target]) -> WiringPlan {
    var steps: [WiringStep] = []
    var positions: [Key: Int] = [:]
    for target in guards + inputs { add(target, &steps, &positions) }
    return WiringPlan(steps: steps, handlerInputs: inputs.compactMap { source($0, positions) })
  }

  /// Adds a dependency behind everything it needs; those of app scope go to the application's steps.
  private mutating func add(_ target: WiringGraph.Target, _ steps: inout [WiringStep], _ positions: inout [Key: Int]) {
    var path = [Frame(target: narrowed(target))]
    while let frame = path.last {
      let (node, scopes) = (frame.target.node, frame.target.scopes)
      if positions[key(frame.target)] != nil || appPositions[node] != nil {
        path.removeLast()
        continue
      }
      let needs = graph.nodeTargets[node].compactMap { $0.map { asked($0, by: scopes) } }
      if frame.next < needs.count {
        path[path.count - 1].next += 1
        path.append(Frame(target: needs[frame.next]))
        continue
      }
      let scope = graph.nodes[node].scope
      let step = WiringStep(
        node: node, scope: scope, inputs: needs.compactMap { source($0, positions) }, scopes: scopes)
      if scope == .app {
        appPositions[node] = appSteps.count
        appSteps.append(step)
      } else {
        positions[key(frame.target)] = steps.count
        steps.append(step)
      }
    }
  }

  /// A need with what is asked above it, outermost first.
  private func asked(_ target: WiringGraph.Target, by scopes: [String]) -> WiringGraph.Target {
    narrowed(WiringGraph.Target(node: target.node, scopes: scopes + target.scopes))
  }

  /// Without scopes that are there twice, and without any where nothing looks at them.
  private func narrowed(_ target: WiringGraph.Target) -> WiringGraph.Target {
    guard graph.seesScopes[target.node], !target.scopes.isEmpty else {
      return WiringGraph.Target(node: target.node, scopes: [])
    }
    var seen: Set<String> = []
    return WiringGraph.Target(node: target.node, scopes: target.scopes.filter { seen.insert($0).inserted })
  }

  private func key(_ target: WiringGraph.Target) -> Key { Key(node: target.node, scopes: target.scopes.sorted()) }

  private func source(_ target: WiringGraph.Target, _ positions: [Key: Int]) -> WiringSource? {
    appPositions[target.node].map { .app($0) } ?? positions[key(narrowed(target))].map { .step($0) }
  }
}
