import GatewayConfiguration
import GatewayJSON
import GatewayOpenAPI

/// The OpenAPI document, made of what the routes really are: the same values that they were compiled from.
extension Assembler {
  mutating func describe(_ routes: [Route]) -> APIDescription {
    let settings = file.openapi ?? OpenAPISettings()
    var description = APIDescription()
    description.information = information(settings)
    description.servers = settings.servers.map { APIServer(url: $0.url.value, description: $0.description) }
    description.tags = settings.tags.map { APITag(name: $0.name.value, description: $0.description) }
    description.externalDocumentation = settings.externalDocs.map { APILink(url: $0.url, description: $0.description) }
    description.securitySchemes = settings.securitySchemes.map {
      APISecurityScheme(name: $0.name.value, value: $0.document)
    }
    description.errors = file.errors == .problem ? .problem : .detail
    let aliases = ComponentAliases(names, documents: schemaDocuments)
    description.schemas = names.order.compactMap { name in
      names.all[name].map { APINamedSchema(aliases.names[name] ?? name, aliases.renamed($0)) }
    }
    description.operations = routes.map { operation($0, aliases) }
    description.schemas += aliases.bundled.map { APINamedSchema($0.name, $0.schema) }
    return description
  }

  private func information(_ settings: OpenAPISettings) -> APIInformation {
    var information = APIInformation()
    information.title = settings.title
    information.version = settings.version
    information.summary = settings.summary
    information.description = settings.description
    information.termsOfService = settings.termsOfService
    information.contact = settings.contact.map { APIContact(name: $0.name, url: $0.url, email: $0.email) }
    information.license = settings.license.map { APILicense(name: $0.name, identifier: $0.identifier, url: $0.url) }
    return information
  }

  private mutating func operation(_ route: Route, _ aliases: ComponentAliases) -> APIOperation {
    var operation = APIOperation(
      methods: route.match.methods.map(\.value), path: route.match.path.value, source: source(route))
    operation.host = route.match.host?.value
    operation.name = route.name?.value
    operation.operationID = route.operationID?.value
    operation.tags = (route.tags ?? []).map(\.value)
    operation.summary = route.summary
    operation.description = route.description
    operation.isDeprecated = route.isDeprecated ?? false
    operation.isHidden = route.isHidden ?? false
    let plugin = route.plugin
    operation.parameters = route.parameters.map { parameter in
      var described = APIParameter(
        APIParameterPlace(rawValue: parameter.place.rawValue) ?? .query, parameter.wireName,
        schema: APISchema(aliases.renamed(parameter.schema.value)),
        isRequired: parameter.isRequired?.value ?? (parameter.place == .path))
      described.style = parameter.style?.value.rawValue
      described.explode = parameter.explode?.value
      described.isHidden = parameter.isHidden ?? false
      return described
    }
    operation.parameters = operation.parameters.flatMap { self.gathered($0, of: route, aliases) }
    operation.body = route.body.flatMap { body($0, plugin, aliases) }
    operation.responses = route.responses.map { response($0, plugin, aliases) }
    operation.security = (route.security ?? []).map { requirement in
      APISecurityRequirement(
        requirement.schemes.map { APISecurityRequirement.Scheme($0.name.value, scopes: $0.scopes.map(\.value)) })
    }
    operation.upstreamDocument = route.upstreamDocument.flatMap { upstreamDocument($0, route) }
    return operation
  }

  /// A parameter object is described as its members: that is what clients send.
  private func gathered(_ parameter: APIParameter, of route: Route, _ aliases: ComponentAliases) -> [APIParameter] {
    guard
      let written = route.parameters.first(where: {
        $0.gathers && $0.wireName == parameter.name && $0.place.rawValue == parameter.place.rawValue
      })
    else { return [parameter] }
    var schema = written.schema.value
    if let target = schema["$ref"]?.string, let name = target.split(separator: "/").last.map(String.init),
      let named = names.all[JSONPointerText.unescape(name)]
    {
      schema = named
    }
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    return (schema["properties"]?.object ?? JSONObject()).members.map { member in
      APIParameter(
        parameter.place,
        parameter.place == .header ? String(member.name.map { $0 == "_" ? "-" : $0 }) : member.name,
        schema: APISchema(aliases.renamed(member.value)), isRequired: required.contains(member.name))
    }
  }

  private func source(_ route: Route) -> APIOperation.Source {
    switch route.action {
    case .handler(let reference): return .handler(plugin: reference.plugin.value, name: reference.member.value)
    case .proxy(let proxy): return .proxy(upstream: proxy.upstream.value)
    case .redirect(let redirect): return .redirect(status: redirect.status)
    case .respond(let respond):
      switch respond.body {
      case .none: return .respond(status: respond.status, mediaType: nil, example: nil)
      case .text(let text): return .respond(status: respond.status, mediaType: "text/plain", example: .string(text))
      case .json(let json): return .respond(status: respond.status, mediaType: "application/json", example: json)
      }
    }
  }

  private func schema(_ reference: SchemaReference, _ plugin: String?, _ aliases: ComponentAliases) -> APISchema {
    switch reference {
    case .inline(let json): APISchema(aliases.renamed(json.value))
    case .named(let name):
      APISchema(
        aliases.renamed(SchemaNames.reference(to: names.resolve(name.value, plugin: plugin) ?? name.value)))
    }
  }

  private func content(_ list: [BodyContent], _ plugin: String?, _ aliases: ComponentAliases) -> [APIMediaType] {
    list.map { APIMediaType($0.mediaType.value, schema: schema($0.schema, plugin, aliases)) }
  }

  private func body(_ body: RouteBody, _ plugin: String?, _ aliases: ComponentAliases) -> APIBody? {
    var types: [APIMediaType] = []
    if let reference = body.schema {
      types = [APIMediaType("application/json", schema: schema(reference, plugin, aliases))]
    } else if let list = body.content {
      types = content(list, plugin, aliases)
    } else if let embed = body.embed {
      types = [APIMediaType("application/json", schema: APISchema(aliases.renamed(EmbeddedSchema.of(embed, names, plugin))))]
    }
    guard !types.isEmpty else { return nil }
    var described = APIBody(content: types, isRequired: body.isRequired?.value ?? true)
    described.hasOwnLimit = body.maxSize != nil
    return described
  }

  private func response(_ response: RouteResponse, _ plugin: String?, _ aliases: ComponentAliases) -> APIResponse {
    var types: [APIMediaType] = []
    if let reference = response.schema {
      types = [APIMediaType("application/json", schema: schema(reference, plugin, aliases))]
    } else if let list = response.content {
      types = content(list, plugin, aliases)
    }
    var described = APIResponse(response.status.value, description: response.description, content: types)
    described.headers = response.headers.map { header in
      APIResponse.Header(
        header.name.value,
        schema: header.schema.map { schema($0, plugin, aliases) }
          ?? APISchema(.object(JSONObject([("type", .string("string"))]))), description: header.description)
    }
    return described
  }

  /// The document of what stands behind a proxied route. What is wrong with it is told at the key that names the file.
  private mutating func upstreamDocument(_ written: UpstreamDocument, _ route: Route) -> APIUpstreamDocument? {
    let path = written.file.value
    let bytes: [UInt8]
    switch Environment.process(directory: "").read(path, OpenAPISource.maximumSize) {
    case .success(let read): bytes = read
    case .failure(let problem):
      diagnostics.error(.unreadableFile, "the file `\(path)` \(problem.sentence)", at: written.file)
      return nil
    }
    let (document, problems) = OpenAPISource.parse(bytes, name: path)
    report(problems, at: written.file)
    guard let document, case .proxy(let proxy) = route.action else { return nil }
    let described = APIUpstreamDocument(name: proxy.upstream.value, document: document, path: proxy.path?.value)
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
