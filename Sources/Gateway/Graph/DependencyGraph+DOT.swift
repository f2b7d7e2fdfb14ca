/// The graph for Graphviz: routes on the left, what they need to the right of them, one cluster for each scope. Guards
/// are dashed.
extension DependencyGraph {
  public var dot: String {
    var lines = ["digraph gateway {", "  rankdir=LR;", "  node [shape=box];"]
    for (index, route) in routes.enumerated() {
      let text = label([route.title, route.action, route.place?.description])
      lines.append("  r\(index) [shape=ellipse, label=\(text)];")
    }
    for scope in ["app", "request", "handler"] {
      let members = dependencies.indices.filter { dependencies[$0].scope == scope }
      guard !members.isEmpty else { continue }
      lines.append("  subgraph cluster_\(scope) {")
      lines.append("    label=\(label(["\(scope) scope"]));")
      for index in members {
        let dependency = dependencies[index]
        var facts = dependency.execution
        if dependency.isSecurity { facts += ", security" }
        if dependency.hasTeardown { facts += ", teardown" }
        let lead = start.firstIndex(of: index).map { "\($0 + 1). " } ?? ""
        let text = label([
          lead + dependency.name, "\(dependency.plugin).\(dependency.provider)", facts, dependency.place?.description,
        ])
        lines.append("    d\(index) [label=\(text)];")
      }
      lines.append("  }")
    }
    for (index, route) in routes.enumerated() {
      for reference in route.guards { lines.append(edge("r\(index)", reference, isGuard: true)) }
      for reference in route.needs { lines.append(edge("r\(index)", reference)) }
    }
    for (index, dependency) in dependencies.enumerated() {
      for reference in dependency.needs { lines.append(edge("d\(index)", reference)) }
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private func edge(_ from: String, _ reference: Reference, isGuard: Bool = false) -> String {
    let scopes = reference.scopes.isEmpty ? nil : "[\(reference.scopes.joined(separator: " "))]"
    let text = label([reference.input, scopes])
    return "  \(from) -> d\(reference.dependency) [label=\(text)\(isGuard ? ", style=dashed" : "")];"
  }

  /// A quoted string of the DOT language, a line for each part. Within one only `"` ends it, and a backslash begins an
  /// escape of labels.
  private func label(_ parts: [String?]) -> String {
    let texts = parts.compactMap(\.self).map { part in
      part.unicodeScalars.map { scalar -> String in
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n", "\r": " "
        default: String(scalar)
        }
      }.joined()
    }
    return "\"" + texts.joined(separator: "\\n") + "\""
  }
}
