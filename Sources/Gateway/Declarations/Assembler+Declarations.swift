import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost
import GatewayRouting

/// What a route takes and gives, from the file and from the plugin's code. The file may leave out what the code says,
/// refer to it or tighten it; where the two cannot both be meant, the diagnostic names both.
extension Assembler {
  /// The route with everything its handler declares filled in.
  mutating func effective(_ route: Route) -> Route {
    guard case .handler(let reference) = route.action, let plugin = plugins[reference.plugin.value],
      let handler = plugin.handler(named: reference.member.value)
    else { return route }
    let declared = declaration(of: handler, plugin: plugin.name, at: reference.member)
    let origin = DeclarationOrigin(plugin: plugin.name, handler: handler.name, place: reference.member)
    var route = route
    route.summary = route.summary ?? declared.summary
    route.description = route.description ?? declared.description
    route.tags = route.tags ?? declared.tags
    route.isDeprecated = route.isDeprecated ?? declared.isDeprecated
    route.writtenParameters = merged(declared.parameters, route, origin)
    route.body = merged(declared.body, route.body, origin)
    route.responses = merged(declared.responses, route.responses, origin)
    return route
  }

  /// Adds what the providers behind the route read of its requests: it is checked and described like the route's own.
  mutating func withParameters(of steps: [DependencyStep], _ route: Route) -> Route {
    var route = route
    let captured = (try? RoutePattern(route.match.path.value))?.parameterNames ?? []
    for step in steps where !step.provider.provider.declaration.isEmpty {
      let provider = step.provider.provider
      let plugin = provider.plugin
      let declared = declaration(of: provider, at: route.match.path)
      for var parameter in declared.parameters {
        if parameter.writtenPlace == nil, captured.contains(parameter.wireName) { parameter.place = .path }
        let isKnown = route.parameters.contains { $0.place == parameter.place && $0.wireName == parameter.wireName }
        guard !isKnown else { continue }
        guard parameter.place != .path || captured.contains(parameter.wireName) else {
          diagnostics.error(
            "plugin-contradiction",
            "provider `\(plugin).\(provider.name)` takes `\(parameter.wireName)` from the path, and the pattern has no "
              + "`{\(parameter.wireName)}`", at: route.match.path)
          continue
        }
        route.writtenParameters = route.parameters + [parameter]
      }
    }
    return route
  }

  mutating func declaration(of provider: PluginProvider, at place: any Locatable) -> RouteDeclaration {
    let plugin = provider.plugin
    return declaration(provider.declaration, of: "\(plugin).\(provider.name)", plugin: plugin, at: place)
  }

  private mutating func declaration(
    of handler: PluginHandler, plugin: String, at place: any Locatable
  ) -> RouteDeclaration {
    declaration(handler.declaration, of: "\(plugin).\(handler.name)", plugin: plugin, at: place)
  }

  mutating func declaration(
    _ text: [UInt8], of key: String, plugin: String, at place: any Locatable
  ) -> RouteDeclaration {
    if let known = declarations[key], known.text == text { return known.declaration }
    var declaration = RouteDeclaration()
    if !text.isEmpty {
      let name = "<the declaration of \(key)>"
      if let read = RouteDeclaration.read(text, name: name, diagnostics: &diagnostics) {
        declaration = read.renamed(plugin: plugin, names: pluginSchemas[plugin] ?? JSONObject())
      } else {
        diagnostics.error(
          "plugin-declaration", "`\(key)` declares something that cannot be used", at: place,
          help: "the plugin has to be mended")
      }
    }
    declarations[key] = (text, declaration)
    return declaration
  }

  // MARK: parameters

  private mutating func merged(
    _ declared: [DeclaredParameter], _ route: Route, _ origin: DeclarationOrigin
  ) -> [DeclaredParameter] {
    let captured = (try? RoutePattern(route.match.path.value))?.parameterNames ?? []
    var rest = route.parameters
    var parameters: [DeclaredParameter] = []
    for var parameter in declared {
      if let index = rest.firstIndex(where: { $0.name.value == parameter.name.value }) {
        let written = rest.remove(at: index)
        parameter = merged(parameter, written, origin)
      }
      if parameter.writtenPlace == nil, captured.contains(parameter.wireName) { parameter.place = .path }
      if parameter.place == .path, !captured.contains(parameter.wireName) {
        diagnostics.error(
          "plugin-contradiction",
          "\(origin) takes `\(parameter.wireName)` from the path, and the pattern has no `{\(parameter.wireName)}`",
          at: route.match.path, expected: captured.isEmpty ? nil : "one of \(captured.joined(separator: ", "))",
          suggestion: NearestWord.of(parameter.wireName, among: captured))
        continue
      }
      if parameter.place == .path { parameter.isRequired = Located(true) }
      parameters.append(parameter)
    }
    return parameters + rest
  }

  private mutating func merged(
    _ code: DeclaredParameter, _ file: DeclaredParameter, _ origin: DeclarationOrigin
  ) -> DeclaredParameter {
    var parameter = code
    // Diagnostics about it point into the file.
    parameter.name = file.name
    if let place = file.writtenPlace {
      if let other = code.writtenPlace, other.value != place.value {
        contradiction("comes from the \(other.value.rawValue) in \(origin)", of: file.name, at: place)
      }
      parameter.writtenPlace = place
      parameter.place = place.value
    } else if code.writtenPlace == nil {
      parameter.place = file.place
    }
    if let alias = file.alias {
      if let other = code.alias, other.value != alias.value {
        contradiction("is called `\(other.value)` on the wire in \(origin)", of: file.name, at: alias)
      }
      parameter.alias = alias
    }
    if let required = file.isRequired {
      // A default in the file makes it optional for clients, and the handler still gets a value.
      if code.isRequired?.value == true, !required.value, file.schema.value["default"] == nil,
        code.schema.value["default"] == nil
      {
        contradiction(
          "is required by \(origin)", of: file.name, at: required, help: "remove `required: false`, or add a `default`")
      }
      parameter.isRequired = required
    }
    parameter.style = file.style ?? code.style
    parameter.explode = file.explode ?? code.explode
    parameter.gather = file.gather ?? code.gather
    parameter.convertsUnderscores = file.convertsUnderscores ?? code.convertsUnderscores
    parameter.isHidden = file.isHidden ?? code.isHidden
    parameter.schema = merged(code.schema, file.schema, "parameter `\(file.name.value)`", origin)
    return parameter
  }

  private mutating func contradiction(
    _ what: String, of name: Located<String>, at place: any Locatable, help: String? = nil
  ) {
    diagnostics.error(
      "plugin-contradiction", "parameter `\(name.value)` \(what), and not so here", at: place, help: help)
  }

  // MARK: bodies

  private mutating func merged(_ code: RouteBody?, _ file: RouteBody?, _ origin: DeclarationOrigin) -> RouteBody? {
    guard let code else { return file }
    guard var body = file else {
      var body = code
      body.location = origin.place.location
      return body
    }
    if let required = body.isRequired, !required.value, code.isRequired?.value ?? true {
      diagnostics.error(
        "plugin-contradiction", "\(origin) requires a body, and here it is optional", at: required,
        help: "remove `required: false`")
    }
    body.isRequired = body.isRequired ?? code.isRequired
    // An empty schema says nothing.
    if case .inline(let json) = body.schema, json.value.object?.isEmpty == true { body.schema = nil }
    if let embed = code.embed {
      guard body.schema == nil, body.content == nil else {
        diagnostics.error(
          "plugin-contradiction",
          "\(origin) takes several values (\(embed.map(\.name.value).joined(separator: ", "))) in one object", at: body,
          help: "write `embed`, or leave the schema to the plugin")
        return body
      }
      body.embed = merged(embed, body.embed ?? [], origin)
    } else if body.embed != nil, code.schema != nil || code.content != nil {
      diagnostics.error(
        "plugin-contradiction", "\(origin) takes one value, and here the body is an object of several", at: body,
        help: "leave the body to the plugin, or tighten its schema")
    } else if let content = body.content {
      // What the code takes is the value, however it was sent.
      body.content = content.map { entry in
        var entry = entry
        let own = code.content?.first { $0.mediaType.value == entry.mediaType.value }
        if code.content != nil, own == nil {
          let known = code.content?.map(\.mediaType.value) ?? []
          diagnostics.error(
            "plugin-contradiction", "\(origin) takes no `\(entry.mediaType.value)`", at: entry.mediaType,
            expected: known.joined(separator: ", "), suggestion: NearestWord.of(entry.mediaType.value, among: known))
        }
        if let schema = own?.schema ?? code.schema {
          entry.schema = merged(schema, entry.schema, "body as \(entry.mediaType.value)", origin)
        }
        return entry
      }
    } else {
      body.content = body.schema == nil ? code.content : nil
      body.schema = merged(code.schema, body.schema, "body", origin)
      if code.content != nil, body.schema != nil {
        diagnostics.error(
          "plugin-contradiction",
          "\(origin) takes \((code.content ?? []).map(\.mediaType.value).joined(separator: ", "))", at: body,
          help: "write `content`, or leave the body to the plugin")
      }
    }
    return body
  }

  private mutating func merged(
    _ code: [EmbeddedBody], _ file: [EmbeddedBody], _ origin: DeclarationOrigin
  ) -> [EmbeddedBody] {
    var rest = file
    let own = code.map { part -> EmbeddedBody in
      guard let index = rest.firstIndex(where: { $0.name.value == part.name.value }) else { return part }
      var other = rest.remove(at: index)
      other.schema = merged(part.schema, other.schema, "body `\(part.name.value)`", origin)
      if let required = other.isRequired, !required.value, part.isRequired?.value ?? true {
        diagnostics.error(
          "plugin-contradiction", "body `\(part.name.value)` is required by \(origin)", at: required,
          help: "remove `required: false`")
      }
      other.isRequired = other.isRequired ?? part.isRequired
      return other
    }
    return own + rest
  }

  // MARK: responses

  private mutating func merged(
    _ code: [RouteResponse], _ file: [RouteResponse], _ origin: DeclarationOrigin
  ) -> [RouteResponse] {
    var rest = file
    let own = code.map { response -> RouteResponse in
      guard let index = rest.firstIndex(where: { $0.status.value == response.status.value }) else { return response }
      var other = rest.remove(at: index)
      other.description = other.description ?? response.description
      if other.content == nil {
        other.content = other.schema == nil ? response.content : nil
        other.schema = merged(response.schema, other.schema, "response \(response.status.value)", origin)
      } else if let code = response.schema {
        other.content = other.content?.map { entry in
          guard entry.mediaType.value == "application/json" else { return entry }
          var entry = entry
          entry.schema = merged(code, entry.schema, "response \(response.status.value)", origin)
          return entry
        }
      }
      return other
    }
    return own + rest
  }

  // MARK: schemas

  private mutating func merged(
    _ code: SchemaReference?, _ file: SchemaReference?, _ what: String, _ origin: DeclarationOrigin
  ) -> SchemaReference? {
    guard let code else { return file }
    guard let file else { return code }
    return merged(code, file, what, origin)
  }

  private mutating func merged(
    _ code: SchemaReference, _ file: SchemaReference, _ what: String, _ origin: DeclarationOrigin
  ) -> SchemaReference {
    guard case .inline(let own) = code else { return file }
    switch file {
    case .inline(let written): return .inline(merged(own, written, what, origin))
    case .named(let name):
      guard let full = names.resolve(name.value, plugin: origin.plugin) else { return file }
      return .inline(
        merged(own, LocatedJSON(SchemaNames.reference(to: full), at: name.location), what, origin))
    }
  }

  private mutating func merged(
    _ code: LocatedJSON, _ file: LocatedJSON, _ what: String, _ origin: DeclarationOrigin
  ) -> LocatedJSON {
    if file.value == code.value || file.value.object?.isEmpty == true || file.value == .bool(true) { return code }
    if code.value.object?.isEmpty == true || code.value == .bool(true) { return file }
    for contradiction in SchemaContradiction.find(code: code.value, file: file.value, names: names.all) {
      diagnostics.error(
        "plugin-contradiction", "\(what) \(contradiction.message) (\(origin))",
        at: file.location(forPointer: contradiction.pointer))
    }
    if let union = Self.union(code.value, file.value) { return LocatedJSON(union, at: file.location) }
    // Told here with its own place; in the union places are lost.
    check(file, of: what)
    var both = JSONObject([("allOf", .array([code.value, file.value]))])
    // What the file says last, it says of the whole.
    for word in SchemaWords.annotations.sorted() { both[word] = file.value[word] ?? code.value[word] }
    return LocatedJSON(.object(both), at: file.location)
  }

  /// One flat schema where no keyword is said twice, so that the common parameter stays on its short path.
  private static func union(_ code: JSONValue, _ file: JSONValue) -> JSONValue? {
    guard var union = code.object, let other = file.object else { return nil }
    // Keywords that look at their neighbours mean something else in another company.
    let company: Set<String> = [
      "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "properties", "additionalProperties", "items", "prefixItems",
      "patternProperties", "unevaluatedProperties", "unevaluatedItems", "if", "contains",
    ]
    guard !union.members.contains(where: { company.contains($0.name) }),
      !other.members.contains(where: { company.contains($0.name) })
    else { return nil }
    for member in other.members {
      if let own = union[member.name], own != member.value {
        guard SchemaWords.annotations.contains(member.name) else { return nil }
      }
      union[member.name] = member.value
    }
    return .object(union)
  }
}

/// Whose declaration, for sentences: "handler `bookshop.getBook`".
struct DeclarationOrigin: CustomStringConvertible {
  let plugin: String
  let handler: String
  let place: Located<String>

  var description: String { "handler `\(plugin).\(handler)`" }
}

enum SchemaWords {
  /// What the file may simply say anew.
  static let annotations: Set<String> = [
    "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
  ]
}
