import CGatewayPlugin
import GatewayConfiguration
import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayProxy
import GatewayRouting
import NIOCore

struct CompiledTable {
  let table: RouteTable
  let routes: [CompiledRoute]
}

extension Assembler {
  mutating func makeRoutes(upstreams: [NamedUpstream], wiring: CompiledWiring) -> CompiledTable? {
    var builder = RouteTable.Builder()
    var routes: [CompiledRoute] = []
    var effective: [Route] = []
    let broken = checkPrefixes()
    for (index, written) in file.routes.enumerated() {
      let steps = wiring.routes[index].steps
      let route = withSecurity(of: steps, withParameters(of: steps, withGroupTags(self.effective(written))))
      effective.append(route)
      guard broken.isDisjoint(with: route.groups), let pattern = pattern(route) else { continue }
      // A route with another mistake still takes part in the search for conflicts.
      builder.add(
        host: hostPattern(route), methods: methodSet(route), pattern: pattern, priority: route.priority, index: index)
      let policies = compilePolicies(file.policies(of: route))
      let parameters = compileParameters(route, pattern)
      let body = bodyPlan(route)
      checkSchemas(route)
      guard let action = action(route, pattern, wiring.routes[index], upstreams) else { continue }
      let label = route.name?.value ?? route.match.path.value
      let timeout = file.limits(of: route).timeout.map { TimeAmount($0.value) }
      routes.append(
        CompiledRoute(
          label: label, policies: policies.chain, pluginPolicies: policies.plugins, logs: policies.logs, parameters: parameters, body: body,
          responses: responsePlan(route), logsViolations: file.logsViolations(of: route),
          steps: wiring.routes[index].steps, early: earlySteps(wiring.routes[index], route, parameters),
          views: wiring.routes[index].views, action: action,
          timeout: timeout ?? TimeAmount(file.server.timeouts.exchange), errors: errorResponder(of: route)))
    }
    checkEmptyGroups()
    checkSchemes(of: effective)
    describer = describer(effective)
    addDocuments(&routes, to: &builder, wiring.documents)
    let (table, conflicts) = builder.build()
    for conflict in conflicts { report(conflict) }
    // Without a mistake every route was compiled, so the table's indexes are those of `routes`.
    return diagnostics.hasErrors ? nil : CompiledTable(table: table, routes: routes)
  }

  /// Tags of its groups, then its own or those that its handler declares.
  private func withGroupTags(_ route: Route) -> Route {
    guard !route.groups.isEmpty else { return route }
    var route = route
    var seen: Set<String> = []
    let tags = file.groups(of: route).flatMap(\.tags) + (route.tags ?? [])
    if !tags.isEmpty { route.tags = tags.filter { seen.insert($0.value).inserted } }
    return route
  }

  private mutating func report(_ conflict: RouteConflict) {
    let places = conflict.routes.map { index in
      index < file.routes.count ? file.routes[index].match.path : documents[index - file.routes.count].path
    }
    guard let first = places.first else { return }
    let notes = places.dropFirst().map { Diagnostics.Note("the other route", at: $0) }
    switch conflict.severity {
    case .error: diagnostics.error("route-conflict", conflict.explanation, at: first, notes: notes)
    case .warning: diagnostics.warning("route-shadowed", conflict.explanation, at: first, notes: notes)
    }
  }

  // MARK: what it matches

  /// Tells mistakes in prefixes of groups once, not at each of their routes.
  ///
  /// - Returns: the groups that have some.
  private mutating func checkPrefixes() -> Set<String> {
    var broken: Set<String> = []
    for group in file.groups {
      guard let prefix = group.prefix else { continue }
      do {
        _ = try RoutePattern(prefix.value)
      } catch {
        broken.insert(group.name.value)
        for problem in error.problems where !diagnostics.hasError(within: prefix) {
          diagnostics.error(
            "route-pattern", "the prefix of group `\(group.name.value)`: \(problem.message)", at: prefix,
            found: prefix.value.excerpt(problem.offset, problem.count))
        }
      }
    }
    return broken
  }

  private mutating func pattern(_ route: Route) -> RoutePattern? {
    do {
      return try RoutePattern(route.match.path.value)
    } catch {
      for problem in error.problems where !diagnostics.hasError(within: route.match.path) {
        diagnostics.error(
          "route-pattern", problem.message, at: route.match.path,
          found: route.match.path.value.excerpt(problem.offset, problem.count),
          notes: file.groups(of: route).compactMap { group in
            group.prefix.map { .init("group `\(group.name.value)` puts `\($0.value)` before it", at: $0) }
          })
      }
      return nil
    }
  }

  private mutating func hostPattern(_ route: Route) -> HostPattern? {
    guard let host = route.match.host else { return nil }
    do {
      return try HostPattern(host.value)
    } catch {
      diagnostics.error("route-pattern", error.message, at: host, found: host.value)
      return nil
    }
  }

  private mutating func methodSet(_ route: Route) -> HTTPMethodSet {
    var set = HTTPMethodSet()
    for name in route.match.methods {
      let method = HTTPMethod(name: name.value)
      switch method {
      case .other:
        diagnostics.error(
          .invalidValue, "unknown method `\(name.value)`", at: name,
          expected: HTTPMethod.allCases.map(\.name).filter { !$0.isEmpty }.joined(separator: ", "),
          suggestion: NearestWord.of(name.value, among: HTTPMethod.allCases.map(\.name)))
      case .connect, .trace:
        diagnostics.error(
          .invalidValue, "\(name.value) is never routed: it would make the gateway a tunnel or an echo", at: name)
      default: set.insert(HTTPMethodSet(method))
      }
    }
    return set
  }

  /// Response schemas may not be enforced, but what is written has to be right. Names are looked up here, because a
  /// plugin may declare them too.
  private mutating func checkSchemas(_ route: Route) {
    for response in route.responses {
      guard case .inline(let json)? = response.schema else { continue }
      check(json, of: "response \(response.status.value) of \(route.match.path.value)")
    }
    for case .named(let name) in route.schemaReferences where names.resolve(name.value, plugin: route.plugin) == nil {
      // Of other names than `plugin.Name` the file itself knew, unless a handler's plugin may declare them.
      guard route.plugin != nil || name.value.contains(".") else { continue }
      let own = route.plugin.flatMap { pluginSchemas[$0] }?.members.map(\.name) ?? []
      let names = file.schemas.map(\.name.value) + own
      diagnostics.error(
        .unknownReference, "there is no schema `\(name.value)`", at: name,
        expected: names.isEmpty ? "an entry under `schemas`" : NearestWord.list(names),
        suggestion: NearestWord.of(name.value, among: names))
    }
  }

  /// Responses of groups are told with the routes that take them over; of a group without routes nobody does.
  private mutating func checkEmptyGroups() {
    let used = Set(file.routes.flatMap(\.groups))
    for group in file.groups where !used.contains(group.name.value) {
      for response in group.responses {
        guard case .inline(let json)? = response.schema else { continue }
        check(json, of: "response \(response.status.value) of group `\(group.name.value)`")
      }
    }
  }

  // MARK: what answers

  private mutating func action(
    _ route: Route, _ pattern: RoutePattern, _ wired: CompiledWiring.Route, _ upstreams: [NamedUpstream]
  ) -> RouteAction? {
    switch route.action {
    case .handler(let reference):
      guard let handler = handler(reference) else { return nil }
      return .handler(handler.function, inputs: wired.inputs)
    case .proxy(let proxy): return proxyPlan(proxy, pattern, upstreams, file.policies(of: route)).map { .proxy($0) }
    case .redirect(let redirect): return redirectPlan(redirect, pattern).map { .redirect($0) }
    case .respond(let respond): return .respond(localResponse(respond))
    case .health(let probe): return .health(probe)
    case .metrics: return .metrics
    }
  }

  /// The handler behind `plugin.name`; nil with a diagnostic where the plugin has none of that name.
  mutating func handler(_ reference: PluginReference) -> PluginHandler? {
    guard let plugin = plugins[reference.plugin.value] else { return nil }
    if let handler = plugin.handler(named: reference.member.value) { return handler }
    let names = plugin.handlers.map(\.name)
    diagnostics.error(
      .unknownReference, "plugin `\(reference.plugin.value)` has no handler `\(reference.member.value)`",
      at: reference.member, expected: names.isEmpty ? "it has none" : names.joined(separator: ", "),
      suggestion: NearestWord.of(reference.member.value, among: names))
    return nil
  }

  private mutating func proxyPlan(
    _ proxy: ProxyAction, _ pattern: RoutePattern, _ upstreams: [NamedUpstream],
    _ policies: [GatewayConfiguration.Policy]
  ) -> ProxyPlan? {
    guard let index = upstreams.firstIndex(where: { $0.name == proxy.upstream.value }) else { return nil }
    var template: ProxyPathTemplate?
    if let path = proxy.path {
      guard let made = pathTemplate(path, path.value, pattern) else { return nil }
      template = made
    }
    var timeouts: GatewayProxy.Upstream.Timeouts?
    let own = proxy.timeouts
    if own != ProxyTimeouts() {
      var merged = upstreams[index].upstream.timeouts
      if let connect = own.connect { merged.connect = TimeAmount(connect) }
      if let head = own.responseHead { merged.responseHead = TimeAmount(head) }
      if let idle = own.idle { merged.idle = TimeAmount(idle) }
      if let total = own.total { merged.total = TimeAmount(total) }
      timeouts = merged
    }
    var rules = ForwardingRules.standard
    for policy in policies {
      if case .requestID(let options) = policy.options { rules.requestIDField = options.header.value.lowercased() }
    }
    return ProxyPlan(upstream: index, rules: rules, path: template, timeouts: timeouts)
  }

  private mutating func redirectPlan(_ redirect: RedirectAction, _ pattern: RoutePattern) -> RedirectPlan? {
    let text = redirect.to.value
    var origin = ""
    var path = text
    if let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) {
      let authority = text.dropFirst(scheme.count).prefix { $0 != "/" }
      if authority.contains(where: { "{}".contains($0) }) {
        diagnostics.error(
          .invalidValue, "a redirect's host is fixed: parameters may stand in its path only", at: redirect.to,
          found: String(authority))
        return nil
      }
      origin = scheme + authority
      path = String(text.dropFirst(origin.count))
      if path.isEmpty { path = "/" }
    } else if text.hasPrefix("//") {
      diagnostics.error(
        .invalidValue, "a redirect to `//` leaves for another host", at: redirect.to,
        help: "write the scheme, or one slash")
      return nil
    }
    guard let template = pathTemplate(redirect.to, path, pattern) else { return nil }
    return RedirectPlan(origin: origin, path: template, status: UInt16(redirect.status))
  }

  private mutating func pathTemplate(
    _ place: Located<String>, _ text: String, _ pattern: RoutePattern
  ) -> ProxyPathTemplate? {
    do {
      return try ProxyPathTemplate(text, names: pattern.parameterNames)
    } catch {
      guard !diagnostics.hasError(within: place) else { return nil }
      var suggestion: String?
      if case .unknownName(let name) = error.kind { suggestion = NearestWord.of(name, among: pattern.parameterNames) }
      diagnostics.error("path-template", error.description, at: place, found: text, suggestion: suggestion)
      return nil
    }
  }

  private func localResponse(_ respond: RespondAction) -> LocalResponse {
    var response = LocalResponse(status: UInt16(respond.status))
    for header in respond.headers { response.fields.append(name: header.name.value, value: header.value.value) }
    let hasType = response.fields.contains("content-type")
    switch respond.body {
    case .none: break
    case .text(let text):
      if !hasType { response.fields.append("content-type", "text/plain; charset=utf-8") }
      response.body = ByteBuffer(string: text)
    case .json(let json):
      if !hasType { response.fields.append("content-type", "application/json") }
      var writer = JSONWriter()
      writer.value(json)
      response.body = ByteBuffer(bytes: writer.bytes)
    }
    return response
  }
}

extension String {
  fileprivate func excerpt(_ offset: Int, _ count: Int) -> String {
    let bytes = Array(utf8)
    guard offset < bytes.count else { return self }
    return String(decoding: bytes[offset..<min(bytes.count, offset + max(count, 1))], as: UTF8.self)
  }
}
