/// The graph for people: what starts with the gateway, then a tree for each route.
extension DependencyGraph {
  public var text: String {
    var blocks: [String] = []
    if !start.isEmpty {
      let lines = start.map { "  " + line(dependencies[$0], Reference(dependency: $0, scopes: [])) }
      blocks.append((["App scope, in the order of start:"] + lines).joined(separator: "\n"))
    }
    blocks += routes.map(tree)
    return blocks.joined(separator: "\n\n")
  }

  private struct Branch {
    /// Of the lines around it: a bar for each that goes on.
    var margin: String
    var isLast: Bool
    var text: String
    var children: [Reference]
    /// Of the dependency; nil for the action.
    var index: Int?
  }

  /// What guards, then what answers, each with what it needs. What was shown above is not opened again: a diamond of
  /// needs would grow with every level.
  private func tree(_ route: Route) -> String {
    let host = route.host.map { " on \($0)" } ?? ""
    let groups = route.groups.isEmpty ? "" : ", group \(route.groups.joined(separator: " / "))"
    var lines = [route.title + host + groups + place(route.place)]
    let action = route.action + (route.execution.map { ", \($0)" } ?? "")
    var stack = [Branch(margin: "", isLast: true, text: action, children: route.needs)]
    var seen: Set<Int> = []
    for reference in route.guards.reversed() { stack.append(branch(reference, margin: "", isLast: false)) }
    while let next = stack.popLast() {
      var children = next.children
      var text = next.text
      if let index = next.index {
        if !seen.insert(index).inserted, !children.isEmpty {
          children = []
          text += ", needs as above"
        }
      }
      lines.append(next.margin + (next.isLast ? "└─ " : "├─ ") + text)
      let margin = next.margin + (next.isLast ? "   " : "│  ")
      for (position, child) in children.enumerated().reversed() {
        stack.append(branch(child, margin: margin, isLast: position == children.count - 1))
      }
    }
    if route.steps.count > 1 {
      let order = route.steps.map { step in
        dependencies[step.dependency].name + (step.scopes.isEmpty ? "" : "[\(step.scopes.joined(separator: " "))]")
      }
      lines.append("   made in this order: \(order.joined(separator: ", "))")
    }
    return lines.joined(separator: "\n")
  }

  private func branch(_ reference: Reference, margin: String, isLast: Bool) -> Branch {
    let dependency = dependencies[reference.dependency]
    var branch = Branch(
      margin: margin, isLast: isLast, text: line(dependency, reference), children: dependency.needs)
    branch.index = reference.dependency
    return branch
  }

  /// `depends user (request): bookshop.currentUser, async, security, teardown (gateway.yaml:20:3)`
  private func line(_ dependency: Dependency, _ reference: Reference) -> String {
    var facts = ["\(dependency.plugin).\(dependency.provider)", dependency.execution]
    if dependency.isSecurity { facts.append("security") }
    if dependency.hasTeardown { facts.append("teardown") }
    if !reference.scopes.isEmpty { facts.append("asked for \(reference.scopes.joined(separator: " "))") }
    var name = dependency.name
    if let origin = reference.origin { name = "depends \(name)" + (origin == "route" ? "" : " of \(origin)") }
    if let input = reference.input, input != dependency.name { name = "\(input) = \(name)" }
    return "\(name) (\(dependency.scope)): \(facts.joined(separator: ", "))" + place(dependency.place)
  }

  private func place(_ place: Place?) -> String { place.map { " (\($0))" } ?? "" }
}
