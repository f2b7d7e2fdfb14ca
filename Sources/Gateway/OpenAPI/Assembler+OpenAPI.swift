import GatewayConfiguration
import GatewayJSON
import GatewayOpenAPI

extension Assembler {
  /// The documents of upstreams are read now: what is wrong with them is to be told before anything is served.
  mutating func describer(_ routes: [Route]) -> APIDescriber {
    var describer = APIDescriber(
      settings: file.openapi ?? OpenAPISettings(), errors: file.errors, names: names, documents: schemaDocuments,
      routes: routes)
    describer.providerSchemes = providerSchemes
    for (index, route) in routes.enumerated() {
      guard let written = route.upstreamDocument else { continue }
      describer.upstreamDocuments[index] = upstreamDocument(written, route)
    }
    return describer
  }

  /// The document of what stands behind a proxied route. What is wrong with it is told at the key that names the file.
  private mutating func upstreamDocument(_ written: UpstreamDocument, _ route: Route) -> APIUpstreamDocument? {
    let path = written.file.value
    let bytes: [UInt8]
    switch Environment.process().read(path, OpenAPISource.maximumSize) {
    case .success(let read): bytes = read
    case .failure(let problem):
      diagnostics.error(.unreadableFile, "the file `\(path)` \(problem.sentence)", at: written.file)
      return nil
    }
    let (document, problems) = OpenAPISource.parse(bytes, name: path)
    report(problems, at: written.file)
    guard let document, case .proxy(let proxy) = route.action else { return nil }
    var described = APIUpstreamDocument(name: proxy.upstream.value, document: document, path: proxy.path?.value)
    described.prefix = written.prefix?.value
    return described
  }

  mutating func report(_ problems: [OpenAPIProblem], at place: any Locatable) {
    for problem in problems {
      let text = "the OpenAPI document\(problem.document.map { " of `\($0)`" } ?? ""): \(problem.message)"
      let found = problem.pointer.isEmpty ? nil : problem.pointer
      switch problem.severity {
      case .error: diagnostics.error("openapi", text, at: place, found: found)
      case .note: diagnostics.warning("openapi", text, at: place, found: found)
      }
    }
  }
}

/// Several values in one body, as the schema of the object that carries them.
enum EmbeddedSchema {
  static func of(_ parts: [EmbeddedBody], _ names: SchemaNames, _ plugin: String?) -> JSONValue {
    var properties = JSONObject()
    for part in parts {
      switch part.schema {
      case .inline(let json): properties[part.name.value] = json.value
      case .named(let name):
        properties[part.name.value] = SchemaNames.reference(
          to: names.resolve(name.value, plugin: plugin) ?? name.value)
      }
    }
    let required = parts.filter { $0.isRequired?.value ?? true }.map { JSONValue.string($0.name.value) }
    var schema = JSONObject([("type", .string("object")), ("properties", .object(properties))])
    if !required.isEmpty { schema["required"] = .array(required) }
    return .object(schema)
  }
}

extension Route {
  /// The plugin whose handler answers.
  var plugin: String? {
    if case .handler(let reference) = action { reference.plugin.value } else { nil }
  }
}

extension SecurityScheme {
  /// The scheme as OpenAPI writes it.
  var document: JSONValue {
    var object = JSONObject()
    func set(_ name: String, _ value: String?) { object[name] = value.map { .string($0) } ?? object[name] }
    switch kind {
    case .http(let scheme, let format):
      set("type", "http")
      set("scheme", scheme)
      set("bearerFormat", format)
    case .apiKey(let place, let name):
      set("type", "apiKey")
      set("in", place.rawValue)
      set("name", name)
    case .oauth2(let flows):
      set("type", "oauth2")
      object["flows"] = .object(JSONObject(flows.map { ($0.kind.documentName, $0.document) }))
    case .openIDConnect(let url):
      set("type", "openIdConnect")
      set("openIdConnectUrl", url)
    case .mutualTLS: set("type", "mutualTLS")
    }
    set("description", description)
    return .object(object)
  }
}

extension OAuthFlow {
  fileprivate var document: JSONValue {
    var object = JSONObject()
    object["authorizationUrl"] = authorizationURL.map { .string($0) }
    object["tokenUrl"] = tokenURL.map { .string($0) }
    object["refreshUrl"] = refreshURL.map { .string($0) }
    object["scopes"] = .object(JSONObject(scopes.map { ($0.name.value, .string($0.description)) }))
    return .object(object)
  }
}
