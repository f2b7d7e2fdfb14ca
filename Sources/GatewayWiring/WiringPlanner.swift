/// Orders the dependencies of a graph without errors.
struct WiringPlanner {
  private let graph: WiringGraph
  private var appSteps: [WiringStep] = []
  private var appPositions: [Int: Int] = [:]
  private var problems: [WiringProblem] = []
  /// Values made for one reference alone, so far.
  private var copies = 0

  /// Steps of one route beyond one for each dependency: scopes and references that share nothing may double them at every
  /// level of the graph.
  static let stepLimit = 1024

  /// What is made once for an exchange.
  private struct Key: Hashable {
    var node: Int
    /// Sorted: in another order they ask for the same.
    var scopes: [String]
    /// Another one for each reference that gets a value of its own; 0: shared.
    var copy: Int
  }

  /// A reference as its place in the plan will have it.
  private struct Reference {
    var node: Int
    /// Outermost first.
    var scopes: [String]
    var copy = 0

    var key: Key { Key(node: node, scopes: scopes.sorted(), copy: copy) }
  }

  /// A step on its way into a plan.
  private struct Frame {
    var reference: Reference
    var needs: [Reference]
    var next = 0
  }

  private struct Draft {
    var steps: [WiringStep] = []
    var positions: [Key: Int] = [:]
  }

  init(_ graph: WiringGraph) { self.graph = graph }

  consuming func plan() -> (wiring: Wiring, problems: [WiringProblem]) {
    var plans: [WiringPlan] = []
    for (index, (guards, inputs)) in zip(graph.guardTargets, graph.routeTargets).enumerated() {
      if let plan = plan(guards.compactMap { $0 }, inputs.compactMap { $0 }) {
        plans.append(plan)
      } else {
        problems.append(WiringProblem(subject: .route(index), kind: .tooManySteps(limit: Self.stepLimit)))
      }
    }
    return (Wiring(appSteps: appSteps, plans: plans), problems)
  }

  /// Nil where it would have too many steps.
  private mutating func plan(_ guards: [WiringGraph.Target], _ inputs: [WiringGraph.Target]) -> WiringPlan? {
    var draft = Draft()
    for target in guards {
      guard add(reference(to: target), &draft) else { return nil }
    }
    let references = inputs.map { reference(to: $0) }
    for reference in references {
      guard add(reference, &draft) else { return nil }
    }
    return ordered(draft.steps, references.compactMap { source($0, draft) })
  }

  /// Adds a dependency behind everything it needs; those of app scope go to the application's steps.
  private mutating func add(_ target: Reference, _ draft: inout Draft) -> Bool {
    var path = [frame(target)]
    while let frame = path.last {
      let (node, scopes) = (frame.reference.node, frame.reference.scopes)
      if appPositions[node] != nil || draft.positions[frame.reference.key] != nil {
        path.removeLast()
        continue
      }
      if frame.next < frame.needs.count {
        path[path.count - 1].next += 1
        path.append(self.frame(frame.needs[frame.next]))
        continue
      }
      let scope = graph.nodes[node].scope
      let step = WiringStep(
        node: node, scope: scope, inputs: frame.needs.compactMap { source($0, draft) }, scopes: scopes)
      if scope == .app {
        appPositions[node] = appSteps.count
        appSteps.append(step)
      } else {
        guard draft.steps.count < graph.nodes.count + Self.stepLimit else { return false }
        draft.positions[frame.reference.key] = draft.steps.count
        draft.steps.append(step)
      }
    }
    return true
  }

  private mutating func frame(_ reference: Reference) -> Frame {
    Frame(
      reference: reference,
      needs: graph.nodeTargets[reference.node].compactMap { $0.map { self.reference(to: $0, below: reference.scopes) } })
  }

  /// A reference with what is asked above it, outermost first; without scopes that are there twice, and without any where
  /// nothing looks at them.
  private mutating func reference(to target: WiringGraph.Target, below scopes: [String] = []) -> Reference {
    var reference = Reference(node: target.node, scopes: [])
    if !target.isCached {
      copies += 1
      reference.copy = copies
    }
    if graph.seesScopes[target.node] {
      var seen: Set<String> = []
      reference.scopes = (scopes + target.scopes).filter { seen.insert($0).inserted }
    }
    return reference
  }

  private func source(_ reference: Reference, _ draft: Draft) -> WiringSource? {
    appPositions[reference.node].map { .app($0) } ?? draft.positions[reference.key].map { .step($0) }
  }

  /// Moves what runs early, and everything that needs to be there for it, before the rest. Both keep their order, so every
  /// step stays behind those it needs.
  private func ordered(_ steps: [WiringStep], _ inputs: [WiringSource]) -> WiringPlan {
    var isEarly = steps.map { graph.nodes[$0.node].runsEarly }
    guard isEarly.contains(true) else { return WiringPlan(steps: steps, handlerInputs: inputs) }
    for index in steps.indices.reversed() where isEarly[index] {
      for case .step(let need) in steps[index].inputs { isEarly[need] = true }
    }
    let order = steps.indices.filter { isEarly[$0] } + steps.indices.filter { !isEarly[$0] }
    var places = Array(repeating: 0, count: steps.count)
    for (place, index) in order.enumerated() { places[index] = place }
    func moved(_ source: WiringSource) -> WiringSource {
      if case .step(let index) = source { .step(places[index]) } else { source }
    }
    return WiringPlan(
      steps: order.map { index in
        let step = steps[index]
        return WiringStep(node: step.node, scope: step.scope, inputs: step.inputs.map(moved), scopes: step.scopes)
      }, handlerInputs: inputs.map(moved), earlyCount: isEarly.count { $0 })
  }
}
