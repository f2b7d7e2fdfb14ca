/// Orders the dependencies of a graph without errors.
struct WiringPlanner {
  private let graph: WiringGraph
  private var appSteps: [WiringStep] = []
  private var appPositions: [Int: Int] = [:]

  init(_ graph: WiringGraph) { self.graph = graph }

  consuming func plan() -> Wiring {
    var plans: [WiringPlan] = []
    for targets in graph.routeTargets { plans.append(plan(targets.compactMap { $0 })) }
    return Wiring(appSteps: appSteps, plans: plans)
  }

  private mutating func plan(_ targets: [Int]) -> WiringPlan {
    var steps: [WiringStep] = []
    var positions: [Int: Int] = [:]
    for target in targets { add(target, &steps, &positions) }
    return WiringPlan(steps: steps, handlerInputs: targets.compactMap { source($0, positions) })
  }

  /// Adds a dependency behind everything it needs; those of app scope go to the application's steps.
  private mutating func add(_ target: Int, _ steps: inout [WiringStep], _ positions: inout [Int: Int]) {
    var path = [(node: target, next: 0)]
    while let (node, next) = path.last {
      if positions[node] != nil || appPositions[node] != nil {
        path.removeLast()
        continue
      }
      let needs = graph.nodeTargets[node].compactMap { $0 }
      if next < needs.count {
        path[path.count - 1].next += 1
        path.append((needs[next], 0))
        continue
      }
      let scope = graph.nodes[node].scope
      let step = WiringStep(node: node, scope: scope, inputs: needs.compactMap { source($0, positions) })
      if scope == .app {
        appPositions[node] = appSteps.count
        appSteps.append(step)
      } else {
        positions[node] = steps.count
        steps.append(step)
      }
    }
  }

  private func source(_ node: Int, _ positions: [Int: Int]) -> WiringSource? {
    appPositions[node].map { .app($0) } ?? positions[node].map { .step($0) }
  }
}
