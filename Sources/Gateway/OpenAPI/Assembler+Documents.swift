import GatewayConfiguration
import GatewayHTTP
import GatewayOpenAPI
import GatewayRouting
import NIOCore

/// The routes of the OpenAPI document and of the docs page, where the file asks for them.
extension Assembler {
  /// Adds them behind the file's own routes. A route of the file for the same path is a conflict like any other.
  mutating func addDocuments(
    _ routes: inout [CompiledRoute], to builder: inout RouteTable.Builder, _ wired: CompiledWiring.Route
  ) {
    guard let settings = file.openapi, settings.path != nil || settings.docs != nil, let describer else { return }
    let policies = compilePolicies(file.policies(of: settings))
    if let path = settings.path {
      let host = settings.host?.value
      let document = LazyDocument {
        let bytes = OpenAPIDocument.bytes(of: OpenAPIDocument.make(from: describer.description, host: host).document)
        return ServedDocument(
          contentType: "application/json", entityTag: OpenAPIDocument.entityTag(of: bytes),
          fields: [("cache-control", "no-cache"), ("x-content-type-options", "nosniff")], body: bytes)
      }
      add(document, at: path, "openapi", settings, policies, wired, &routes, &builder)
    }
    if let path = settings.docs, let documentPath = settings.path {
      let title = settings.title
      let servers = settings.servers.map(\.url.value)
      let document = LazyDocument {
        let page = DocsPage(title: title, documentPath: documentPath.value, servers: servers)
        return ServedDocument(
          contentType: page.contentType, entityTag: page.entityTag, fields: page.headers.map { ($0.name, $0.value) },
          body: page.body)
      }
      add(document, at: path, "docs", settings, policies, wired, &routes, &builder)
    }
  }

  /// What a check tells about the document and its page beyond what serving needs to know.
  mutating func checkDocuments() {
    guard let settings = file.openapi, let describer else { return }
    report(OpenAPIDocument.make(from: describer.description, host: settings.host?.value).problems, at: settings)
    let page = DocsPage(title: settings.title, documentPath: "/", servers: settings.servers.map(\.url.value))
    for server in page.serversOutOfReach {
      let place = settings.servers.first { $0.url.value == server }?.url
      diagnostics.warning(
        "openapi", "the docs page cannot send requests to `\(server)`: its policy has no way to name that host",
        at: place?.location ?? settings.location)
    }
  }

  private mutating func add(
    _ document: LazyDocument, at path: Located<String>, _ label: String, _ settings: OpenAPISettings,
    _ policies: CompiledPolicies, _ wired: CompiledWiring.Route, _ routes: inout [CompiledRoute], _ builder: inout RouteTable.Builder
  ) {
    guard let pattern = try? RoutePattern(path.value) else {
      diagnostics.error("route-pattern", "`\(path.value)` is no path of a route", at: path)
      return
    }
    let host = settings.host.flatMap { try? HostPattern($0.value) }
    builder.add(
      host: host, methods: HTTPMethodSet(.get), pattern: pattern, priority: 0, index: file.routes.count + documents.count)
    // A path that the file does not write is that of the whole part.
    var place = path
    if place.location == .none { place.location = settings.location }
    documents.append(DocumentRoute(label: label, path: place, host: settings.host?.value))
    // What guards read of the request is checked as on any route.
    var guarded = Route(action: .respond(RespondAction()))
    guarded.match.path = place
    guarded = withParameters(of: wired.steps, guarded)
    let parameters = compileParameters(guarded, pattern)
    routes.append(
      CompiledRoute(
        label: label, policies: policies.chain, pluginPolicies: policies.plugins, logs: policies.logs,
        parameters: parameters, body: BodyPlan(limit: 0), steps: wired.steps,
        early: earlySteps(wired, guarded, parameters), views: wired.views, action: .document(document),
        timeout: TimeAmount(file.server.timeouts.exchange)))
  }
}

/// A path that the gateway itself answers with a document.
struct DocumentRoute: Sendable {
  let label: String
  let path: Located<String>
  let host: String?
}
