import GatewayConfiguration
import GatewayPluginHost

/// What a route runs before it reads the body: security providers, and what those need.
struct EarlySteps: Sendable {
  /// The first steps of the route.
  var count = 0
  /// What their providers declare to read of the request.
  var parameters: [CompiledParameter] = []
}

extension Assembler {
  /// The early steps of a route with what they read of its requests.
  mutating func earlySteps(_ wired: CompiledWiring.Route, _ route: Route, _ plan: ParameterPlan) -> EarlySteps {
    var early = EarlySteps(count: wired.earlyCount)
    var seen: Set<String> = []
    for step in wired.steps.prefix(wired.earlyCount) {
      let provider = step.provider.provider
      let declared = declaration(of: provider, at: route.match.path)
      if declared.body != nil {
        diagnostics.error(
          "plugin-contradiction",
          "provider `\(provider.plugin).\(provider.name)` wants the body, but it runs before the body is read",
          at: route.match.path, help: "a security provider, and whatever it needs, decides by the head alone")
      }
      for parameter in declared.parameters {
        let found = plan.parameters.first { compiled in
          guard compiled.wireName == Array(parameter.wireName.utf8) else { return false }
          return compiled.source.word == parameter.place.rawValue
            || parameter.writtenPlace == nil && compiled.source.word == ParameterPlace.path.rawValue
        }
        guard let found, seen.insert("\(found.source.word) \(parameter.wireName)").inserted else { continue }
        early.parameters.append(found)
      }
    }
    return early
  }
}
