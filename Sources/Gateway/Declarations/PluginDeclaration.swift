import GatewayConfiguration
import GatewayJSON

/// A parameter as the file or a plugin declares it; `GatewayRouting` has a `RouteParameter` of its own.
typealias DeclaredParameter = GatewayConfiguration.RouteParameter

extension RouteDeclaration {
  /// The same with the plugin's schemas by their full names.
  func renamed(plugin: String, names: JSONObject) -> RouteDeclaration {
    func json(_ json: LocatedJSON) -> LocatedJSON {
      var json = json
      json.value = SchemaNames.renamed(json.value, plugin: plugin, names: names)
      return json
    }
    func reference(_ reference: SchemaReference) -> SchemaReference {
      switch reference {
      case .inline(let schema): return .inline(json(schema))
      case .named(let name):
        guard names[name.value] != nil else { return reference }
        return .inline(LocatedJSON(SchemaNames.reference(to: "\(plugin).\(name.value)"), at: name.location))
      }
    }
    func content(_ content: [BodyContent]?) -> [BodyContent]? {
      content?.map { BodyContent(mediaType: $0.mediaType, schema: reference($0.schema)) }
    }
    var copy = self
    for index in copy.parameters.indices { copy.parameters[index].schema = json(copy.parameters[index].schema) }
    copy.body?.schema = body?.schema.map(reference)
    copy.body?.content = content(body?.content)
    copy.body?.embed = body?.embed?.map { part in
      var part = part
      part.schema = reference(part.schema)
      return part
    }
    for index in copy.responses.indices {
      copy.responses[index].schema = copy.responses[index].schema.map(reference)
      copy.responses[index].content = content(copy.responses[index].content)
      for header in copy.responses[index].headers.indices {
        copy.responses[index].headers[header].schema = copy.responses[index].headers[header].schema.map(reference)
      }
    }
    for index in copy.provides.indices { copy.provides[index].schema = copy.provides[index].schema.map(json) }
    for index in copy.requires.indices { copy.requires[index].schema = json(copy.requires[index].schema) }
    return copy
  }
}
