import GatewayConfiguration
import GatewayJSON
import GatewayOpenAPI

/// A security scheme that a provider declares, under the name that the document gives it.
struct ProviderScheme: Sendable {
  let name: String
  let plugin: String
  let value: JSONValue
}

/// What security providers ask of clients, for the OpenAPI document.
extension Assembler {
  /// The route with the schemes of the providers behind it, unless the file says itself what is asked of clients.
  ///
  /// All schemes that have to be there stand in one requirement. FastAPI writes alternatives, which says that one of them
  /// is enough. Optional schemes are alternatives: which of them a provider takes, nobody else knows.
  mutating func withSecurity(of steps: [DependencyStep], _ route: Route) -> Route {
    var required: [SecurityRequirement.Scheme] = []
    var optional: [SecurityRequirement.Scheme] = []
    for step in steps where step.provider.provider.isSecurity {
      let provider = step.provider.provider
      guard let declared = declaration(of: provider, at: route.match.path).security else { continue }
      guard case .object(let schemes) = declared.value else {
        diagnostics.error(
          "plugin-declaration", "`\(provider.plugin).\(provider.name)` declares `security` that is no object",
          at: route.match.path, help: "the plugin has to be mended")
        continue
      }
      for member in schemes.members {
        let isOptional = member.value["x-gateway-optional"] == .bool(true)
        let name = schemeName(member.name, member.value, provider.plugin, isShown: !(route.isHidden ?? false))
        let scopes = step.scopes?.texts ?? []
        checkScopes(scopes, member.name, member.value, route)
        if isOptional { Self.add(name, scopes, to: &optional) } else { Self.add(name, scopes, to: &required) }
      }
    }
    guard route.security == nil, !(required.isEmpty && optional.isEmpty) else { return route }
    var route = route
    let alternatives = optional.isEmpty ? [[]] : optional.map { [$0] }
    route.security = alternatives.map { alternative in
      var requirement = SecurityRequirement()
      requirement.schemes = required + alternative
      return requirement
    }
    return route
  }

  private static func add(_ name: String, _ scopes: [String], to schemes: inout [SecurityRequirement.Scheme]) {
    let index = schemes.firstIndex { $0.name.value == name } ?? schemes.count
    if index == schemes.count { schemes.append(.init(name: Located(name), scopes: [])) }
    for scope in scopes where !schemes[index].scopes.contains(where: { $0.value == scope }) {
      schemes[index].scopes.append(Located(scope))
    }
  }

  /// A scheme of the file by that name describes it better; two plugins that mean different ones both keep theirs.
  private mutating func schemeName(_ name: String, _ value: JSONValue, _ plugin: String, isShown: Bool) -> String {
    if file.openapi?.securitySchemes.named(name) != nil { return name }
    var value = value
    if case .object(var object) = value {
      object["x-gateway-optional"] = nil
      value = .object(object)
    }
    if let known = providerSchemes.first(where: { $0.value == value && [name, "\(plugin).\(name)"].contains($0.name) }) {
      return known.name
    }
    let isTaken = providerSchemes.contains { $0.name == name }
    let own = isTaken ? "\(plugin).\(name)" : name
    if isShown { providerSchemes.append(ProviderScheme(name: own, plugin: plugin, value: value)) }
    return own
  }

  /// Where the flows of a scheme list their scopes, another one is most likely a slip of the pen.
  private mutating func checkScopes(_ scopes: [String], _ name: String, _ value: JSONValue, _ route: Route) {
    guard value["type"] == "oauth2" else { return }
    let known = (value["flows"]?.object?.members ?? []).flatMap { $0.value["scopes"]?.object?.members.map(\.name) ?? [] }
    guard !known.isEmpty else { return }
    for scope in scopes where !known.contains(scope) && toldScopes.insert("\(name) \(scope)").inserted {
      diagnostics.warning(
        .unknownReference, "the security scheme `\(name)` has no scope `\(scope)`",
        at: place(ofScope: scope, route) ?? route.location, expected: NearestWord.list(known),
        suggestion: NearestWord.of(scope, among: known))
    }
  }

  /// Schemes that routes and groups name, which the file does not declare: those of the dependencies' providers.
  mutating func checkSchemes(of routes: [Route]) {
    let own = file.openapi?.securitySchemes ?? []
    let written = routes.flatMap { $0.security ?? [] } + file.groups.flatMap { $0.security ?? [] }
    let foreign = written.flatMap(\.schemes).map(\.name).filter { own.named($0.value) == nil && $0.location != .none }
    guard !foreign.isEmpty else { return }
    var offered: [ProviderScheme] = []
    for dependency in file.dependencies {
      let reference = dependency.provider
      // Without it there was a diagnostic, and it may have declared what is looked for.
      guard let provider = plugins[reference.plugin.value]?.provider(named: reference.member.value) else { return }
      guard provider.isSecurity else { continue }
      for member in declaration(of: provider, at: dependency.name).security?.value.object?.members ?? [] {
        guard case .object(var object) = member.value else { continue }
        object["x-gateway-optional"] = nil
        offered.append(ProviderScheme(name: member.name, plugin: provider.plugin, value: .object(object)))
      }
    }
    for name in foreign where !providerSchemes.contains(where: { $0.name == name.value }) {
      if let scheme = offered.first(where: { $0.name == name.value }) {
        providerSchemes.append(scheme)
      } else if !diagnostics.hasError(within: name) {
        let known = own.map(\.name.value) + offered.map(\.name)
        diagnostics.error(
          .unknownReference, "there is no security scheme `\(name.value)`", at: name,
          expected: known.isEmpty ? "an entry under `openapi.security_schemes`" : NearestWord.list(known),
          suggestion: NearestWord.of(name.value, among: known))
      }
    }
  }

  private func place(ofScope scope: String, _ route: Route) -> Location? {
    let needs = route.needs + file.groupNeeds(of: route).map(\.need) + file.dependencies.flatMap(\.needs)
    let written = file.guards(of: route).flatMap(\.guard.scopes) + needs.flatMap(\.scopes)
    return written.first { $0.value == scope }?.location
  }
}
