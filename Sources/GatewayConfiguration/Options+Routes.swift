import GatewayJSON
import GatewayYAML

/// A route as the file has it, before the rules that span several keys are checked.
struct RouteDraft: Sendable {
  var match = RouteMatch()
  var name: Located<String>?
  var priority = 0
  var parameters: [ParameterDraft]?
  var body: RouteBody?
  var use: [PolicyUse] = []
  var handler: PluginReference?
  var proxy: ProxyAction?
  var redirect: RedirectAction?
  var respond: RespondAction?
  var health: HealthProbe?
  var metrics: MetricsFormat?
  var needs: [Need] = []
  var guards: [RouteGuard] = []
  var group: Located<String>?
  /// Names of the groups around it, outermost first; known once the keys were read.
  var lineage: [String] = []
  var limits = RouteLimits()
  var responses: [RouteResponse] = []
  var validation = RouteValidation()
  var errors: ErrorSettings?
  var summary: String?
  var description: String?
  var tags: [Located<String>]?
  var isDeprecated: Bool?
  var isHidden: Bool?
  var operationID: Located<String>?
  var security: [SecurityRequirement]?
  var upstreamDocument: UpstreamDocument?

  static let actions = ["handler", "proxy", "redirect", "respond", "health", "metrics"]

  static let section = Section<RouteDraft>(
    "routes",
    "What is answered to which requests. A route has exactly one of `handler`, `proxy`, `redirect`, `respond`, `health` and `metrics`.",
    make: RouteDraft()
  ) {
    Option(required: "match", \.match, .match, "Method, host and path.")
    Option("name", optional: \.name, Kind.string("a name").located, default: "none", "A name for logs and metrics.")
    Option(
      "priority", \.priority, .integer(-1000...1000),
      "Decides between patterns that are equally specific; the higher wins.")
    Option(
      "parameters", optional: \.parameters, .parameters, default: "what the handler declares",
      "Path, query, header and cookie parameters, with their schemas.")
    Option(
      "body", optional: \.body, .body, default: "what the handler declares, else not read",
      "The request body's schema: a name, a schema, or the long form.")
    Option(
      "use", \.use, .list(of: .policyUse), default: "[]", "Policies: names of lists, or policies written in place.")
    Option(
      "handler", optional: \.handler, .pluginReference, default: "none", "Action: a plugin's handler, as `plugin.name`."
    )
    Option("proxy", optional: \.proxy, .proxy, default: "none", "Action: an upstream answers.")
    Option("redirect", optional: \.redirect, .redirect, default: "none", "Action: the client is sent elsewhere.")
    Option("respond", optional: \.respond, .respond, default: "none", "Action: a fixed response.")
    Option(
      "health", optional: \.health, .word, default: "none",
      "Action: `live` answers 200 as long as the process runs; `ready` answers 200 or, while a plugin cannot serve or the "
        + "gateway stops, 503.")
    Option(
      "metrics", optional: \.metrics, .word, default: "none",
      "Action: what plugins count, as text for Prometheus.")
    Option("needs", \.needs, .needs, default: "{}", "The handler's inputs → dependencies.")
    Option(
      "depends", \.guards, .list(of: .dependencyReference, isSingleAllowed: true, keepsGoodItems: true),
      default: "[]",
      "Dependencies that run before it answers, whether or not the handler takes their value.")
    Option(
      "group", optional: \.group, Kind.string("the name of a group").located, default: "none",
      "The group under `groups` that it is in.")
    Option("limits", \.limits, .section(RouteLimits.section), default: "{}", "Limits of this route.")
    Option(
      "responses", \.responses, .responses, default: "what the handler declares",
      "Status → schema of the response, or its long form.")
    Option(
      "validation", \.validation, .section(RouteValidation.section), default: "{}",
      "What replaces `validation` for this route.")
    Option(
      "errors", optional: \.errors, .errors, default: "as for all routes",
      "What replaces `errors` for this route; statuses that it does not have are answered as for all.")
    Option("summary", optional: \.summary, .string("a sentence"), default: "none", "What it does, in a sentence.")
    Option(
      "description", optional: \.description, .string("text"), default: "none", "What it does at length; CommonMark.")
    Option(
      "tags", optional: \.tags, .list(of: Kind<String>.string("a tag").located), default: "[]",
      "Groups of the document that it belongs to.")
    Option("deprecated", optional: \.isDeprecated, .boolean, default: "false", "Clients should no longer use it.")
    Option(
      "hidden", optional: \.isHidden, .boolean, default: "false, true of `health` and `metrics`",
      "The document does not have it.")
    Option(
      "operation_id", optional: \.operationID, Kind.string("an operation's name").located, default: "made of the match",
      "Its name in the document, used by generated clients; each once.")
    Option(
      "security", optional: \.security, .list(of: .securityRequirement), default: "none",
      "Schemes of `openapi.security_schemes`, any one of which lets a client in; `{}` is nobody asked.")
    Option(
      "openapi", optional: \.upstreamDocument, .upstreamDocument, default: "none",
      "The OpenAPI document of what a proxied route leads to.")
  }
}

extension Kind where Value == Route {
  static var route: Kind {
    .section(RouteDraft.section) { draft, cursor, decoder in decoder.route(draft, cursor) }
  }
}

extension FileDecoder {
  fileprivate func route(_ written: RouteDraft, _ cursor: Cursor) -> Route? {
    guard let action = action(of: written, cursor), let draft = grouped(written, cursor) else { return nil }
    var route = Route(action: action)
    route.location = cursor.child("match")?.location ?? cursor.location
    route.name = draft.name
    route.match = draft.match
    route.priority = draft.priority
    route.body = draft.body
    route.use = draft.use
    route.needs = draft.needs
    route.guards = draft.guards
    route.group = draft.group
    route.groups = draft.lineage
    route.limits = draft.limits
    route.responses = draft.responses
    route.validation = draft.validation
    route.errors = draft.errors
    route.summary = draft.summary
    route.description = draft.description
    route.tags = draft.tags
    route.isDeprecated = draft.isDeprecated
    route.isHidden = draft.isHidden
    route.operationID = draft.operationID
    route.security = draft.security
    route.upstreamDocument = draft.upstreamDocument
    let path = PatternNames.of(draft.match.path.value).map(\.name)
    route.writtenParameters = draft.parameters?.compactMap { parameter($0, path: path) }
    checkGathering(route.parameters)
    checkActionKeys(route, cursor)
    checkTemplates(action, path: path, cursor)
    if let size = draft.body?.maxSize, let limit = draft.limits.body {
      diagnostics.error(
        .conflict, "the route limits its body twice", at: size,
        help: "keep `body.max_size` or `limits.body`", notes: [.init("the other limit is here", at: limit)])
    }
    if let coercion = draft.body?.coercion, let other = draft.validation.coercion {
      diagnostics.error(
        .conflict, "the route says twice how its body is read", at: coercion,
        help: "keep `body.coercion` or `validation.coercion`", notes: [.init("the other is here", at: other)])
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
    if let health = draft.health { return .health(health) }
    if let metrics = draft.metrics { return .metrics(metrics) }
    return draft.respond.map { .respond($0) }
  }

  /// What the route's action cannot use would be ignored, in silence.
  private func checkActionKeys(_ route: Route, _ cursor: Cursor) {
    var owners: [(key: String, actions: [String])] = []
    switch route.action {
    case .handler: owners = [("openapi", ["proxy"])]
    case .proxy: owners = [("needs", ["handler"])]
    case .respond: owners = [("needs", ["handler"]), ("openapi", ["proxy"])]
    case .redirect, .health, .metrics:
      owners = [("needs", ["handler"]), ("responses", ["handler", "proxy", "respond"]), ("openapi", ["proxy"])]
    }
    for (key, actions) in owners {
      guard let entry = cursor.child(key) else { continue }
      let list = actions.count == 1 ? "a `\(actions[0])`" : "one of \(NearestWord.list(actions))"
      error(
        .conflict, "`\(key)` is for routes with \(list)", at: entry, place: entry.keyLocation, help: "remove it")
    }
    if case .handler = route.action { return }
    if (route.validation.responses ?? .off) != .off, let entry = cursor.child("validation")?.child("responses") {
      error(
        .conflict, "only responses of a `handler` can be checked", at: entry, place: entry.keyLocation,
        help: "remove it")
    }
    for entry in cursor.child("responses")?.entries ?? [] {
      for key in ["exclude_none", "exclude_defaults"] {
        guard let part = entry.child(key), route.responses.contains(where: { $0.status.location == entry.keyLocation })
        else { continue }
        error(
          .conflict, "`\(key)` is for responses of a `handler`", at: part, place: part.keyLocation, help: "remove it")
      }
    }
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
