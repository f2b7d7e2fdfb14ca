import GatewayConfiguration
import GatewayJSON
import GatewayOpenAPI

/// What the OpenAPI document is made of: the same values that the routes were compiled from. Making the description
/// takes longer than all the rest of a start with a thousand routes, so it waits until somebody asks.
struct APIDescriber: Sendable {
  let settings: OpenAPISettings
  let errors: ErrorSettings
  let names: SchemaNames
  /// Other files that schemas refer to.
  let documents: [String: JSONValue]
  /// With what handlers declare filled in.
  let routes: [Route]
  /// What security providers declare.
  var providerSchemes: [ProviderScheme] = []
  /// By the index of the route.
  var upstreamDocuments: [Int: APIUpstreamDocument] = [:]

  var description: APIDescription {
    var description = APIDescription()
    description.information = information(settings)
    description.servers = settings.servers.map { APIServer(url: $0.url.value, description: $0.description) }
    description.tags = settings.tags.map { APITag(name: $0.name.value, description: $0.description) }
    description.externalDocumentation = settings.externalDocs.map { APILink(url: $0.url, description: $0.description) }
    description.securitySchemes = settings.securitySchemes.map {
      APISecurityScheme(name: $0.name.value, value: $0.document)
    }
    description.securitySchemes += providerSchemes.map { APISecurityScheme(name: $0.name, value: $0.value) }
    description.errors = APIErrorShape(errors.shape)
    description.errorBodies = bodies(errors.responses, description.errors)
    let aliases = ComponentAliases(names, documents: documents)
    description.schemas = names.order.compactMap { name in
      names.all[name].map { APINamedSchema(aliases.names[name] ?? name, aliases.renamed($0)) }
    }
    description.operations = routes.indices.map { operation(routes[$0], upstreamDocuments[$0], aliases) }
    description.schemas += aliases.bundled.map { APINamedSchema($0.name, $0.schema) }
    withhold(&description, aliases)
    return description
  }

  /// Leaves out schemas that only hidden routes use, and those of plugins that no route uses: whoever hides a route does
  /// not want its types told.
  private func withhold(_ description: inout APIDescription, _ aliases: ComponentAliases) {
    var schemas: [String: JSONValue] = [:]
    for schema in description.schemas { schemas[schema.name] = schema.value }
    var shown = SchemaUse(schemas)
    var hidden = SchemaUse(schemas)
    for operation in description.operations {
      let values =
        operation.parameters.map(\.schema.value) + (operation.body?.content ?? []).compactMap(\.schema?.value)
        + operation.responses.flatMap { response in
          response.content.compactMap(\.schema?.value) + response.headers.map(\.schema.value)
        }
      for value in values {
        if operation.isHidden { hidden.add(value) } else { shown.add(value) }
      }
    }
    let ofPlugins = Set(names.order.filter { $0.contains(".") }.compactMap { aliases.names[$0] })
    description.schemas.removeAll { schema in
      !shown.names.contains(schema.name) && (hidden.names.contains(schema.name) || ofPlugins.contains(schema.name))
    }
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

  private func operation(
    _ route: Route, _ upstreamDocument: APIUpstreamDocument?, _ aliases: ComponentAliases
  ) -> APIOperation {
    var operation = APIOperation(
      methods: route.match.methods.map(\.value), path: route.match.path.value, source: source(route))
    operation.host = route.match.host?.value
    operation.name = route.name?.value
    operation.operationID = route.operationID?.value
    operation.tags = (route.tags ?? []).map(\.value)
    operation.summary = route.summary
    operation.description = route.description
    operation.isDeprecated = route.isDeprecated ?? false
    operation.isHidden = route.isHidden ?? isForOperators(route)
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
    operation.upstreamDocument = upstreamDocument
    if let own = route.errors {
      let shape = APIErrorShape(own.shape ?? errors.shape)
      operation.errors = (shape, bodies(own.responses + errors.responses, shape))
    }
    return operation
  }

  /// A parameter object is described as its members: that is what clients send.
  private func gathered(_ parameter: APIParameter, of route: Route, _ aliases: ComponentAliases) -> [APIParameter] {
    guard
      let written = route.parameters.first(where: {
        $0.gathers && $0.wireName == parameter.name && $0.place.rawValue == parameter.place.rawValue
      })
    else { return [parameter] }
    guard !parameter.isHidden else { return [] }
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

  /// Clients of the API have no use for these.
  private func isForOperators(_ route: Route) -> Bool {
    switch route.action {
    case .health, .metrics: true
    default: false
    }
  }

  private func source(_ route: Route) -> APIOperation.Source {
    switch route.action {
    case .handler(let reference): return .handler(plugin: reference.plugin.value, name: reference.member.value)
    case .proxy(let proxy): return .proxy(upstream: proxy.upstream.value)
    case .redirect(let redirect): return .redirect(status: redirect.status)
    case .health: return .respond(status: 200, mediaType: "application/json", example: nil)
    case .metrics: return .respond(status: 200, mediaType: "text/plain", example: nil)
    case .respond(let respond):
      switch respond.body {
      case .none: return .respond(status: respond.status, mediaType: nil, example: nil)
      // Never the body itself: it may hold what the settings keep secret, and the route may be for few.
      case .text: return .respond(status: respond.status, mediaType: "text/plain", example: nil)
      case .json: return .respond(status: respond.status, mediaType: "application/json", example: nil)
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
}
