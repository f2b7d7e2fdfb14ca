import CGatewayPlugin
import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import GatewayWiring

/// What is wrong with the wiring, in words: each with its place, and with the chain from the first route that needs it.
extension Assembler {
  mutating func report(_ problem: WiringProblem, _ inputs: WiringInputs) {
    switch problem.kind {
    // The file's own checks tell these, of whatever is in the file and nowhere else.
    case .duplicateDependency, .duplicateLink: return
    // Not declared, which the file's checks told; or its provider is missing, and that was told.
    case .unknownDependency, .unknownGuard: return
    case .unused(let name):
      diagnostics.warning(
        .unused, "the dependency `\(name)` is unused: no route needs it, directly or through another",
        at: place(problem, inputs))
      return
    default: break
    }
    var notes: [Diagnostics.Note] = []
    for name in others(problem.kind) {
      guard let entry = file.dependencies.named(name) else { continue }
      notes.append(Diagnostics.Note("`\(name)` is here", at: entry.name))
    }
    diagnostics.error(
      "wiring", "\(subject(problem, inputs)): \(problem.message)", at: place(problem, inputs),
      notes: notes + note(chain(problem, inputs, needChains())))
  }

  func note(_ chain: String?) -> [Diagnostics.Note] { chain.map { [Diagnostics.Note("chain: \($0)")] } ?? [] }

  /// The chain to the problem, and one link further where there is one.
  private func chain(_ problem: WiringProblem, _ inputs: WiringInputs, _ chains: NeedChains) -> String? {
    switch problem.subject {
    case .route(let index): return chains.text(ofRoute: index, to: others(problem.kind).first)
    case .dependency(let index):
      if case .cycle(let names) = problem.kind {
        // From where a route enters it, once around.
        guard let (text, entry) = chains.text(toAnyOf: Set(names)), let start = names.firstIndex(of: entry) else {
          return nil
        }
        return ([text] + (names[(start + 1)...] + names[...start]).map(chains.named)).joined(separator: " → ")
      }
      guard let start = chains.text(to: inputs.nodes[index].name) else { return nil }
      return ([start] + others(problem.kind).map(chains.named)).joined(separator: " → ")
    }
  }

  private func others(_ kind: WiringProblem.Kind) -> [String] {
    switch kind {
    case .typeMismatch(_, _, let dependency, _), .outlives(_, _, let dependency, _),
      .unseenScopes(_, let dependency, _), .uncachedApp(_, let dependency):
      [dependency]
    case .cycle(let names): Array(names.dropFirst())
    default: []
    }
  }

  private func subject(_ problem: WiringProblem, _ inputs: WiringInputs) -> String {
    switch problem.subject {
    case .dependency(let index): return "dependency `\(inputs.nodes[index].name)`"
    case .route(let index):
      guard file.routes.indices.contains(index) else { return "the document and its page" }
      if problem.input != nil, case .handler(let reference) = file.routes[index].action {
        return "handler `\(reference)`"
      }
      return "route `\(NeedChains.name(of: file.routes[index]))`"
    }
  }

  private func place(_ problem: WiringProblem, _ inputs: WiringInputs) -> any Locatable {
    let isUnknown = if case .unknownInput = problem.kind { true } else { false }
    func place(_ need: Need) -> any Locatable { isUnknown ? need.input : need.dependency }
    switch problem.subject {
    case .dependency(let index):
      let entry = inputs.entries[index]
      let standIn = standIns[entry.name.value]
      if case .outlives = problem.kind, let place = standIn?.scopePlace, standIn?.needs.isEmpty == true { return place }
      return (standIn?.needs ?? entry.needs).first { $0.input.value == problem.input }.map(place)
        ?? standIn?.place ?? entry.name
    case .route(let index):
      guard file.routes.indices.contains(index) else {
        return guardPlace(problem, file.openapi.map { file.guards(of: $0) } ?? []) ?? file.openapi?.location ?? .none
      }
      let route = file.routes[index]
      guard let input = problem.input else { return guardPlace(problem, file.guards(of: route)) ?? route.location }
      if let need = route.needs.first(where: { $0.input.value == input }) { return place(need) }
      if let entry = file.groupNeeds(of: route).first(where: { $0.need.input.value == input }) {
        return place(entry.need)
      }
      if case .handler(let reference) = route.action { return reference }
      return route
    }
  }

  private func guardPlace(
    _ problem: WiringProblem, _ guards: [(guard: RouteGuard, origin: GuardOrigin)]
  ) -> Location? {
    guard case .unseenScopes(_, let name, let scopes) = problem.kind else { return nil }
    return guards.first { $0.guard.dependency.value == name && $0.guard.scopes.map(\.value) == scopes }?.guard.location
  }

  // MARK: groups

  /// An entry of a group's `needs` is for handlers that have such an input. One that no handler has is a slip of the
  /// pen; one that every route replaces does nothing.
  mutating func checkGroupNeeds() {
    for group in file.groups where !group.needs.isEmpty {
      let members = file.routes.filter { $0.groups.contains(group.name.value) }
      guard !members.isEmpty else { continue }
      var handlers: [PluginHandler] = []
      var isWhole = true
      for case .handler(let reference) in members.map(\.action) {
        if let handler = plugins[reference.plugin.value]?.handler(named: reference.member.value) {
          handlers.append(handler)
        } else {
          isWhole = false
        }
      }
      // A handler that is missing may have been the one.
      guard isWhole else { continue }
      let inputs = handlers.flatMap { $0.needs.map(\.name) }
      for need in group.needs {
        let name = need.input.value
        guard inputs.contains(name) else {
          let declared = inputs.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
          diagnostics.error(
            "wiring", "no handler of group `\(group.name.value)` has an input `\(name)`", at: need.input,
            expected: declared.isEmpty ? "no `needs`: its handlers need nothing" : NearestWord.list(declared),
            suggestion: NearestWord.of(name, among: declared))
          continue
        }
        let isUsed = members.contains { route in
          guard case .handler(let reference) = route.action,
            plugins[reference.plugin.value]?.handler(named: reference.member.value)?.needs
              .contains(where: { $0.name == name }) == true
          else { return false }
          return file.groupNeeds(of: route).contains { $0.need.input.value == name && $0.group == group.name.value }
        }
        if !isUsed {
          diagnostics.warning(
            .unused, "`\(name)` of group `\(group.name.value)` is unused: every route wires it otherwise",
            at: need.input)
        }
      }
    }
  }

  // MARK: plugins

  /// A library is in the process once: under two names it is one plugin, with one state.
  mutating func checkPluginsAreApart() {
    var first: [UnsafePointer<gw_plugin>: String] = [:]
    for entry in file.plugins {
      guard let plugin = plugins[entry.name.value] else { continue }
      guard let other = first[plugin.descriptor.pointer] else {
        first[plugin.descriptor.pointer] = entry.name.value
        continue
      }
      diagnostics.warning(
        "plugin-twice",
        "plugins `\(other)` and `\(entry.name.value)` are one library: it is started twice and has one state",
        at: entry.name, found: plugin.path, help: "use one name, or a copy of the library under another file name",
        notes: file.plugins.named(other).map { [.init("the other name is here", at: $0.name)] } ?? [])
    }
  }

  /// One name and version of a view has one meaning, whichever plugin provides it.
  mutating func checkProvidedViews() {
    var first: [String: (plugin: String, provider: String, schema: JSONValue?)] = [:]
    for entry in file.plugins {
      guard let plugin = plugins[entry.name.value] else { continue }
      for provider in plugin.providers where !provider.declaration.isEmpty {
        for view in (try? JSONValue(parsing: provider.declaration))?["provides"]?.array ?? [] {
          guard let name = view["json"]?.string, let version = view["version"]?.string else { continue }
          let id = "json:\(name)@\(version)"
          guard let other = first[id] else {
            first[id] = (plugin.name, provider.name, view["schema"])
            continue
          }
          guard other.plugin != plugin.name, other.schema != view["schema"] else { continue }
          diagnostics.error(
            "provided-twice",
            "plugins `\(other.plugin)` and `\(plugin.name)` both provide `\(id)`, with different schemas",
            at: entry.name,
            found: "\(other.plugin).\(other.provider) and \(plugin.name).\(provider.name)",
            expected: "one schema for one name and version",
            help: "one of the plugins has to give what it provides another name or version",
            notes: file.plugins.named(other.plugin).map { [.init("the other plugin is here", at: $0.name)] } ?? [])
        }
      }
    }
  }
}
