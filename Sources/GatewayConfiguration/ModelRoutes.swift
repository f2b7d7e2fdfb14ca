import GatewayJSON

/// One entry of `routes:`. Which one wins is decided by specificity, then `priority`, never by order.
public struct Route: Sendable, Locatable {
  public var location = Location.none
  public var name: Located<String>?
  public var match = RouteMatch()
  public var priority = 0
  /// Nil: not written, so what the plugin declares.
  public var writtenParameters: [RouteParameter]?
  /// Nil: not written, so what the plugin declares.
  public var body: RouteBody?
  public var use: [PolicyUse] = []
  public var action: RouteAction
  public var needs: [Need] = []
  /// Its own; `GatewayFile.guards(of:)` has those of the gateway and the groups too.
  public var guards: [RouteGuard] = []
  public var group: Located<String>?
  /// The groups that it is in, outermost first. Their prefixes are part of `match.path`.
  public var groups: [String] = []
  public var limits = RouteLimits()
  /// What is answered, by status. The schemas of a handler's responses can be checked and enforced; for other actions
  /// they are documentation.
  public var responses: [RouteResponse] = []
  public var validation = RouteValidation()
  /// What replaces the file's `errors` for this route.
  public var errors: ErrorSettings?

  // What the document says about the route. Nil: not written, so what the plugin declares.
  public var summary: String?
  public var description: String?
  public var tags: [Located<String>]?
  public var isDeprecated: Bool?
  /// Kept out of the document.
  public var isHidden: Bool?
  /// Unique over the file.
  public var operationID: Located<String>?
  /// Any one of them lets a client in; empty: nobody is asked. Nil: not written.
  public var security: [SecurityRequirement]?
  /// Only where the action is a proxy.
  public var upstreamDocument: UpstreamDocument?

  public init(action: RouteAction) {
    self.action = action
  }

  /// Those of the file, none where it writes none.
  public var parameters: [RouteParameter] { writtenParameters ?? [] }

  /// The schemas of body and responses. On a route with a handler a name may be one that its plugin declares, so that
  /// there is such a schema is checked when the plugin is loaded; on other routes it is when the file is read.
  public var schemaReferences: [SchemaReference] {
    var list: [SchemaReference?] = [body?.schema]
    list += (body?.content ?? []).map(\.schema)
    list += (body?.embed ?? []).map(\.schema)
    for response in responses {
      list.append(response.schema)
      list += (response.content ?? []).map(\.schema)
      list += response.headers.map(\.schema)
    }
    return list.compactMap(\.self)
  }
}

public struct RouteMatch: Sendable, Equatable {
  /// Upper-case tokens; empty: any method.
  public var methods: [Located<String>] = []
  /// Nil: any host. May begin with `*.`.
  public var host: Located<String>?
  /// The pattern as written; it begins with `/`. Its syntax is the router's business.
  public var path: Located<String> = "/"

  public init() {}
}

public struct RouteLimits: Sendable, Equatable {
  /// Bytes of a request body; nil: the server's limit.
  public var body: Located<Int>?
  /// The whole exchange; nil: the server's limit.
  public var timeout: Located<Duration>?

  public init() {}
}

/// What answers. Exactly one for each route.
public enum RouteAction: Sendable {
  case handler(PluginReference)
  case proxy(ProxyAction)
  case redirect(RedirectAction)
  case respond(RespondAction)
  case health(HealthProbe)
  case metrics(MetricsFormat)
}

/// What a probe of an orchestrator asks.
public enum HealthProbe: String, Sendable, CaseIterable {
  /// Whether the process runs.
  case live
  /// Whether it should get requests.
  case ready
}

public enum MetricsFormat: String, Sendable, CaseIterable {
  /// Prometheus' text format 0.0.4.
  case prometheus
}

public struct ProxyAction: Sendable {
  public var upstream: Located<String> = ""
  /// A template such as `/{rest}`; nil: the request's path as it came.
  public var path: Located<String>?
  /// Nil members: the upstream's own.
  public var timeouts = ProxyTimeouts()

  public init() {}
}

public struct ProxyTimeouts: Sendable, Equatable {
  public var connect: Duration?
  public var responseHead: Duration?
  public var idle: Duration?
  public var total: Duration?

  public init() {}
}

public struct RedirectAction: Sendable {
  /// A template such as `/pages/{page}`, or an absolute `http:` or `https:` URL.
  public var to: Located<String> = ""
  /// 301, 302, 303, 307 or 308.
  public var status = 307

  public init() {}
}

public struct RespondAction: Sendable {
  public var status = 200
  /// Names in lower case. Neither framing nor connection fields.
  public var headers: [ResponseHeader] = []
  public var body = RespondBody.none

  public init() {}
}

public enum RespondBody: Sendable {
  case none
  /// Sent as `text/plain; charset=utf-8` unless `headers` says otherwise.
  case text(String)
  case json(JSONValue)
}

public struct ResponseHeader: Sendable, Equatable {
  public var name: Located<String>
  public var value: Located<String>

  public init(name: Located<String>, value: Located<String>) {
    self.name = name
    self.value = value
  }
}
