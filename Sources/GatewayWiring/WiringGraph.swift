/// The nodes and routes with names resolved to indexes, and what is wrong with them.
struct WiringGraph {
  let nodes: [WiringNode]
  let routes: [WiringRoute]
  private(set) var problems: [WiringProblem] = []
  /// Per node and per route: the dependency behind each declared input; nil where that could not be found.
  private(set) var nodeTargets: [[Target?]] = []
  private(set) var routeTargets: [[Target?]] = []
  /// Per route: the dependency behind each guard; nil where there is none.
  private(set) var guardTargets: [[Target?]] = []
  /// Per node: whether it or anything that it needs looks at scopes.
  private(set) var seesScopes: [Bool] = []
  /// Per node: whether scopes may be asked of it: those that see them, and those whose stand-ins may not.
  private var takesScopes: [Bool] = []
  private var indexes: [String: Int] = [:]

  /// A reference with its name resolved.
  struct Target {
    var node: Int
    var scopes: [String]
    var isCached = true
  }

  init(nodes: [WiringNode], routes: [WiringRoute]) {
    self.nodes = nodes
    self.routes = routes
  }

  mutating func check() {
    for (index, node) in nodes.enumerated() {
      if let first = indexes[node.name] {
        report(.dependency(index), .duplicateDependency(name: node.name, first: first))
      } else {
        indexes[node.name] = index
      }
    }
    for (index, node) in nodes.enumerated() {
      let targets = resolve(.dependency(index), node.inputs, node.links)
      checkScopes(index, targets)
      nodeTargets.append(targets)
    }
    for component in StrongComponents.find(nodeTargets.map { $0.compactMap { $0?.node } }) {
      let chain = cycle(in: component)
      if let first = chain.first { report(.dependency(first), .cycle(chain.map { nodes[$0].name })) }
    }
    for (index, route) in routes.enumerated() {
      guardTargets.append(resolve(.route(index), route.guards))
      routeTargets.append(resolve(.route(index), route.inputs, route.links))
    }
    findWhatSeesScopes()
    for index in nodes.indices { checkScopesAreSeen(.dependency(index), nodes[index].inputs, nodeTargets[index]) }
    for index in routes.indices {
      checkScopesAreSeen(.route(index), nil, guardTargets[index])
      checkScopesAreSeen(.route(index), routes[index].inputs, routeTargets[index])
    }
    reportUnused()
  }

  private mutating func findWhatSeesScopes() {
    // What lives for the process is made before anybody asks.
    seesScopes = nodes.map { $0.readsScopes && $0.scope != .app }
    takesScopes = zip(nodes, seesScopes).map { $0.isStandIn || $1 }
    guard takesScopes.contains(true) else { return }
    var users: [[Int]] = Array(repeating: [], count: nodes.count)
    for (node, targets) in nodeTargets.enumerated() {
      for case let target? in targets { users[target.node].append(node) }
    }
    spread(&seesScopes, to: users)
    spread(&takesScopes, to: users)
  }

  private func spread(_ marks: inout [Bool], to users: [[Int]]) {
    var open = marks.indices.filter { marks[$0] }
    while let node = open.popLast() {
      for user in users[node] where !marks[user] && nodes[user].scope != .app {
        marks[user] = true
        open.append(user)
      }
    }
  }

  /// Scopes that nothing looks at would pass for a check that is made.
  private mutating func checkScopesAreSeen(
    _ subject: WiringProblem.Subject, _ inputs: [WiringInput]?, _ targets: [Target?]
  ) {
    for (position, target) in targets.enumerated() {
      guard let target, !target.scopes.isEmpty, !takesScopes[target.node] else { continue }
      report(
        subject,
        .unseenScopes(input: inputs?[position].name, dependency: nodes[target.node].name, scopes: target.scopes))
    }
  }

  private mutating func resolve(_ subject: WiringProblem.Subject, _ guards: [WiringGuard]) -> [Target?] {
    guards.map { entry in
      guard let node = indexes[entry.dependency] else {
        let nearest = NearestNames.find(entry.dependency, in: nodes.map(\.name))
        report(subject, .unknownGuard(entry.dependency, nearest: nearest))
        return nil
      }
      return Target(node: node, scopes: entry.scopes, isCached: nodes[node].isCached)
    }
  }

  /// Finds the dependency behind each input, and reports what does not fit.
  private mutating func resolve(
    _ subject: WiringProblem.Subject, _ inputs: [WiringInput], _ links: [WiringLink]
  ) -> [Target?] {
    let declared = inputs.map(\.name)
    var wired: [String: WiringLink] = [:]
    for link in links {
      if !declared.contains(link.input) {
        let nearest = NearestNames.find(link.input, in: declared)
        report(subject, .unknownInput(link.input, nearest: nearest, declared: declared))
      } else if wired.updateValue(link, forKey: link.input) != nil {
        report(subject, .duplicateLink(input: link.input))
      }
    }
    var seen: Set<String> = []
    return inputs.map { input in
      guard seen.insert(input.name).inserted else {
        report(subject, .duplicateInput(input.name))
        return nil
      }
      guard let link = wired[input.name] else {
        report(subject, .missing(input: input.name, type: input.type, candidates: candidates(input, for: subject)))
        return nil
      }
      let name = link.dependency
      guard let target = indexes[name] else {
        let nearest = NearestNames.find(name, in: nodes.map(\.name))
        report(subject, .unknownDependency(input: input.name, dependency: name, nearest: nearest))
        return nil
      }
      if nodes[target].provides != input.type {
        report(
          subject,
          .typeMismatch(
            input: input.name, expected: input.type, dependency: name, found: nodes[target].provides))
      }
      let isOnce = nodes[target].isStandIn && nodes[target].scope == .app
      let isCached = isOnce || link.isCached && nodes[target].isCached
      if !isCached, nodes[target].scope == .app { report(subject, .uncachedApp(input: input.name, dependency: name)) }
      return Target(node: target, scopes: link.scopes, isCached: isCached)
    }
  }

  /// Dependencies that an unwired input may be meant for: those of its type that live long enough, else similar names.
  private func candidates(_ input: WiringInput, for subject: WiringProblem.Subject) -> [String] {
    var shortest = WiringScope.handler
    var own: Int?
    if case .dependency(let index) = subject { (shortest, own) = (nodes[index].scope, index) }
    let fitting = nodes.enumerated().filter { index, node in
      node.provides == input.type && node.scope <= shortest && index != own
    }
    guard fitting.isEmpty else { return fitting.prefix(3).map(\.element.name) }
    return NearestNames.find(input.name, in: nodes.map(\.name))
  }

  private mutating func checkScopes(_ index: Int, _ targets: [Target?]) {
    let node = nodes[index]
    for (input, target) in zip(node.inputs, targets) {
      guard let target = target?.node, nodes[target].scope > node.scope else { continue }
      report(
        .dependency(index),
        .outlives(
          input: input.name, scope: node.scope, dependency: nodes[target].name, dependencyScope: nodes[target].scope))
    }
  }

  /// A shortest chain from the first node of a component through it and back.
  private func cycle(in component: [Int]) -> [Int] {
    guard let start = component.first else { return [] }
    let members = Set(component)
    var cameFrom: [Int: Int] = [:]
    var queue = [start]
    var next = 0
    while next < queue.count {
      let node = queue[next]
      next += 1
      for target in nodeTargets[node].compactMap({ $0?.node }) where members.contains(target) {
        if target == start {
          var chain = [node]
          while let last = chain.last, last != start, let previous = cameFrom[last] { chain.append(previous) }
          return chain.reversed()
        }
        if cameFrom[target] == nil {
          cameFrom[target] = node
          queue.append(target)
        }
      }
    }
    return []
  }

  private mutating func reportUnused() {
    var used = Set(routeTargets.joined().compactMap { $0?.node })
    used.formUnion(guardTargets.joined().compactMap { $0?.node })
    var open = Array(used)
    while let node = open.popLast() {
      for case let target? in nodeTargets[node] where used.insert(target.node).inserted { open.append(target.node) }
    }
    for (index, node) in nodes.enumerated() where !used.contains(index) && indexes[node.name] == index {
      report(.dependency(index), .unused(name: node.name))
    }
  }

  private mutating func report(_ subject: WiringProblem.Subject, _ kind: WiringProblem.Kind) {
    problems.append(WiringProblem(subject: subject, kind: kind))
  }
}
