import GatewayJSON
import GatewayYAML

/// A route as the file has it, before the rules that span several keys are checked.
struct RouteDraft: Sendable {
  var match = RouteMatch()
  var name: Located<String>?
  var priority = 0
  var parameters: [ParameterDraft] = []
  var body: RouteBody?
  var use: [PolicyUse] = []
  var handler: PluginReference?
  var proxy: ProxyAction?
  var redirect: RedirectAction?
  var respond: RespondAction?
  var needs: [Need] = []
  var limits = RouteLimits()
  var responses: [RouteResponse] = []

  static let actions = ["handler", "proxy", "redirect", "respond"]

  static let section = Section<RouteDraft>(
    "routes",
    "What is answered to which requests. A route has exactly one of `handler`, `proxy`, `redirect` and `respond`.",
    make: RouteDraft()
  ) {
    Option(required: "match", \.match, .match, "Method, host and path.")
    Option("name", optional: \.name, Kind.string("a name").located, default: "none", "A name for logs and metrics.")
    Option(
      "priority", \.priority, .integer(-1000...1000),
      "Decides between patterns that are equally specific; the higher wins.")
    Option(
      "parameters", \.parameters, .parameters, default: "{}",
      "Path, query, header and cookie parameters, with their schemas.")
    Option(
      "body", optional: \.body, .body, default: "not read",
      "The request body's schema: a name, a schema, or the long form.")
    Option(
      "use", \.use, .list(of: .policyUse), default: "[]", "Policies: names of lists, or policies written in place.")
    Option(
      "handler", optional: \.handler, .pluginReference, default: "none", "Action: a plugin's handler, as `plugin.name`."
    )
    Option("proxy", optional: \.proxy, .proxy, default: "none", "Action: an upstream answers.")
    Option("redirect", optional: \.redirect, .redirect, default: "none", "Action: the client is sent elsewhere.")
    Option("respond", optional: \.respond, .respond, default: "none", "Action: a fixed response.")
    Option("needs", \.needs, .needs, default: "{}", "The handler's inputs → dependencies.")
    Option("limits", \.limits, .section(RouteLimits.section), default: "{}", "Limits of this route.")
    Option("responses", \.responses, .responses, default: "{}", "Status → schema of the response; checked when the file is read, not yet enforced on responses.")
  }
}

extension Kind where Value == Route {
  static var route: Kind {
    .section(RouteDraft.section) { draft, cursor, decoder in decoder.route(draft, cursor) }
  }
}

extension FileDecoder {
  fileprivate func route(_ draft: RouteDraft, _ cursor: Cursor) -> Route? {
    guard let action = action(of: draft, cursor) else { return nil }
    var route = Route(action: action)
    route.location = cursor.child("match")?.location ?? cursor.location
    route.name = draft.name
    route.match = draft.match
    route.priority = draft.priority
    route.body = draft.body
    route.use = draft.use
    route.needs = draft.needs
    route.limits = draft.limits
    route.responses = draft.responses
    let path = PatternNames.of(draft.match.path.value).map(\.name)
    route.writtenParameters = draft.parameters.compactMap { parameter($0, path: path, route: cursor) }
    checkHandlerOnly(draft, cursor)
    checkTemplates(action, path: path, cursor)
    if let size = draft.body?.maxSize, let limit = draft.limits.body {
      diagnostics.error(
        .conflict, "the route limits its body twice", at: size,
        help: "keep `body.max_size` or `limits.body`", notes: [.init("the other limit is here", at: limit)])
    }
    return route
  }

  private func action(of draft: RouteDraft, _ cursor: Cursor) -> RouteAction? {
    let written = (cursor.entries ?? []).filter { RouteDraft.actions.contains($0.name.value) }
    if let second = written.dropFirst().first, let first = written.first {
      error(
        .conflict, "a route has one action, this one has `\(first.name.value)` and `\(second.name.value)`", at: second,
        place: second.keyLocation, expected: "exactly one of \(NearestWord.list(RouteDraft.actions))",
        notes: [.init("the first action is here", at: first.keyLocation)])
      return nil
    }
    if written.isEmpty {
      error(
        .missingKey, "the route has no action", at: cursor, place: cursor.child("match")?.location,
        expected: "exactly one of \(NearestWord.list(RouteDraft.actions))")
      return nil
    }
    if let handler = draft.handler { return .handler(handler) }
    if let proxy = draft.proxy { return .proxy(proxy) }
    if let redirect = draft.redirect { return .redirect(redirect) }
    return draft.respond.map { .respond($0) }
  }

  /// What only a handler can use would be ignored elsewhere, in silence.
  private func checkHandlerOnly(_ draft: RouteDraft, _ cursor: Cursor) {
    guard draft.handler == nil else { return }
    for key in ["needs", "responses"] {
      guard let entry = cursor.child(key) else { continue }
      error(
        .conflict, "`\(key)` is for routes with a `handler`", at: entry, place: entry.keyLocation, help: "remove it")
    }
  }

  private func parameter(_ draft: ParameterDraft, path: [String], route: Cursor) -> RouteParameter? {
    let name = draft.parameter.name
    var parameter = draft.parameter
    let wire = parameter.alias?.value ?? name.value
    let isInPath = path.contains(wire)
    switch draft.place?.value {
    case .path? where !isInPath:
      diagnostics.error(
        .unknownReference, "the path has no parameter `\(wire)`", at: name,
        expected: path.isEmpty ? "a pattern with `{\(wire)}`" : NearestWord.list(path),
        suggestion: NearestWord.of(wire, among: path))
      return nil
    case let place?:
      parameter.place = place
    case nil:
      parameter.place = isInPath ? .path : .query
    }
    if parameter.place == .header, !HTTPText.isToken(wire) {
      diagnostics.error(.invalidValue, "`\(wire)` is no field name", at: parameter.alias ?? name)
      return nil
    }
    if parameter.place == .path {
      if let required = draft.required, !required.value {
        diagnostics.error(.conflict, "a path parameter is always required", at: required, help: "remove `required`")
      }
    }
    return parameter
  }

  private func checkTemplates(_ action: RouteAction, path: [String], _ cursor: Cursor) {
    switch action {
    case .proxy(let proxy):
      if proxy.path != nil, let entry = cursor.child("proxy")?.child("path") { checkTemplate(entry, path) }
    case .redirect:
      guard let entry = cursor.child("redirect") else { return }
      checkTemplate(entry.child("to") ?? entry, path)
    default: return
    }
  }

  private func checkTemplate(_ cursor: Cursor, _ path: [String]) {
    guard let text = scalar(cursor)?.text else { return }
    for (name, range) in PatternNames.of(text) where text.utf8.dropFirst(range.lowerBound).first == UInt8(ascii: "{") {
      if path.contains(name) { continue }
      error(
        .unknownReference, "the route's path has no parameter `\(name)`", at: cursor,
        place: cursor.location(ofText: range, in: text),
        expected: path.isEmpty ? "a pattern with `{\(name)}`" : NearestWord.list(path),
        suggestion: NearestWord.of(name, among: path).map { "{\($0)}" })
    }
  }
}

extension RouteLimits {
  static let section = Section<RouteLimits>("routes.limits", "Limits of one route.", make: RouteLimits()) {
    Option(
      "body", optional: \.body, Kind.size().located, default: "`server.limits.body`", "A request body; over it 413.")
    Option(
      "timeout", optional: \.timeout, Kind.duration(UpstreamTimeouts.range).located,
      default: "`server.timeouts.exchange`",
      "A request and its whole response; over it 504, or 408 while the body still arrives.")
  }
}
