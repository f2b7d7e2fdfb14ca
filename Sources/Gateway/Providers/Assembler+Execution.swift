import GatewayConfiguration
import GatewayPluginHost
import GatewayWiring

/// How dependencies are made: what of it cannot work.
extension Assembler {
  mutating func checkExecution(of entry: Dependency, _ scope: WiringScope, _ provider: PluginProvider) {
    let name = entry.name.value
    if provider.isSecurity, scope == .app {
      diagnostics.error(
        "wiring", "dependency `\(name)` cannot be of app scope: its provider decides for each request who may come",
        at: place(ofScope: entry), expected: "request or handler",
        help: entry.scope == nil && standIns[name]?.scope == nil ? "set `scope: request`" : "remove `scope`")
    }
    // What the file says of how the original is made is not said of what stands in for it.
    guard scope == .app, standIns[name] == nil else { return }
    let once = "an app-scope dependency is made once, when the gateway starts"
    if let cache = entry.cache, !cache.value {
      diagnostics.error(
        .conflict, "`cache: false` of `\(name)` has no effect: \(once)", at: cache, help: "remove it, or set another scope")
    }
    if let limit = entry.maxConcurrency {
      diagnostics.error(.conflict, "`max_concurrency` of `\(name)` has no effect: \(once)", at: limit, help: "remove it")
    }
    if let parallel = entry.parallel, parallel.value {
      diagnostics.error(.conflict, "`parallel` of `\(name)` has no effect: \(once)", at: parallel, help: "remove it")
    }
  }

  private func place(ofScope entry: Dependency) -> any Locatable {
    guard let standIn = standIns[entry.name.value] else { return entry.scope?.location ?? entry.name.location }
    return standIn.scopePlace ?? (standIn.scope == nil ? entry.scope?.location : nil) ?? standIn.place
  }

  /// Exchanges that hold some permits while they wait for others must not wait for each other for ever.
  mutating func checkLimits(_ wiring: Wiring, _ entries: [Dependency]) {
    let limited = entries.map { $0.maxConcurrency?.value }
    guard limited.contains(where: { $0 != nil }) else { return }
    var told: Set<Int> = []
    /// Per dependency: those that are taken while it is held, and a route that does so.
    var takenLater: [Int: [Int: Int]] = [:]
    for (route, plan) in wiring.plans.enumerated() {
      let nodes = plan.steps.map(\.node).filter { limited[$0] != nil }
      for (position, node) in nodes.enumerated() {
        let count = nodes.count { $0 == node }
        if let limit = limited[node], count > limit, told.insert(node).inserted, let place = entries[node].maxConcurrency {
          diagnostics.error(
            .conflict,
            "one request needs \(count) values of `\(entries[node].name.value)`, and would wait for itself", at: place,
            found: "\(limit)", expected: "at least \(count)", notes: note("its route is here", route))
        }
        if let limit = limited[node], count > 1, count <= limit, told.insert(node).inserted,
          let place = entries[node].maxConcurrency
        {
          diagnostics.warning(
            .conflict,
            "one request needs \(count) values of `\(entries[node].name.value)`: requests that hold some of them wait for the "
              + "rest, and at the limit they block each other until their time is over", at: place,
            help: "let the request share one value (remove `cache: false`), or remove the limit",
            notes: note("its route is here", route))
        }
        for later in nodes[(position + 1)...] where later != node { takenLater[node, default: [:]][later] = route }
      }
      // Side by side: whichever is free is taken first.
      let isParallel = plan.steps.map { entries[$0.node].parallel?.value ?? false }
      for (one, two) in ParallelGroups.pairs(plan, isParallel) {
        let (node, other) = (plan.steps[one].node, plan.steps[two].node)
        guard node != other, limited[node] != nil, limited[other] != nil else { continue }
        takenLater[other, default: [:]][node] = route
      }
    }
    for (node, others) in takenLater.sorted(by: { $0.key < $1.key }) {
      for (other, route) in others.sorted(by: { $0.key < $1.key }) where other > node {
        guard let opposite = takenLater[other]?[node] else { continue }
        let (one, two) = (entries[node].name.value, entries[other].name.value)
        diagnostics.warning(
          .conflict,
          "requests that hold `\(one)` wait for `\(two)`, and others the other way round: at their limits they block each "
            + "other until their time is over", at: entries[node].maxConcurrency ?? entries[node].name,
          help: "let one of the two need the other, so that all requests take them in one order",
          notes: route == opposite
            ? note("both are taken at once here", route) : note("`\(one)` comes first here", route) + note("`\(two)` comes first here", opposite))
      }
    }
  }

  /// Behind the routes of the file there is a plan for its documents.
  private func note(_ text: String, _ route: Int) -> [Diagnostics.Note] {
    file.routes.indices.contains(route) ? [.init(text, at: file.routes[route])] : []
  }
}

extension Dependency {
  /// Nil where any number of values may be there at once.
  var limit: ProviderLimit? {
    maxConcurrency.map { ProviderLimit(concurrency: $0.value, queue: queue?.value ?? Self.standardQueue) }
  }
}
