import GatewayJSON

/// The operation objects of the gateway's own routes.
extension DocumentBuilder {
  /// `template` is the path under which the operation is listed; its names replace the route's, which no client sees.
  mutating func operation(_ entry: Entry, renamedTo template: PathTemplate) -> JSONObject {
    let source = description.operations[entry.operation]
    let pointer = "/operations/\(entry.operation)"
    var value = JSONObject()
    var seen: Set<String> = []
    let tags = source.tags.filter { seen.insert($0).inserted }
    if !tags.isEmpty { value["tags"] = .array(tags.map { .string($0) }) }
    let title = source.summary ?? source.ownName.map(OperationNames.title)
    if let title, !title.isEmpty { value["summary"] = .string(title) }
    if let text = operationDescription(source) { value["description"] = .string(text) }
    if let link = source.externalDocumentation { value["externalDocs"] = .object(JSONObject(link)) }
    value["operationId"] = .string(entry.identifier)

    let parameters = parameters(source, entry, template, pointer)
    if !parameters.isEmpty { value["parameters"] = .array(parameters) }
    var body: APIBody?
    if let declared = source.body, !declared.content.isEmpty {
      // RFC 9110 §9.3.1: content of a GET request has no meaning. Clients made from the document could not send it.
      if entry.method == "get" || entry.method == "head" {
        problem(
          pointer + "/body",
          "the body is not described for \(entry.method?.uppercased() ?? ""), where it has no meaning",
          severity: .note)
      } else {
        body = declared
        value["requestBody"] = requestBody(declared, source, entry, pointer)
      }
    }
    value["responses"] = .object(
      responses(source, entry, pointer, hasInput: !parameters.isEmpty || body != nil, body: body))
    if source.isDeprecated { value["deprecated"] = true }
    let security = security(source.security, pointer)
    if !security.isEmpty { value["security"] = .array(security) }
    if host == nil, let host = source.host { value["servers"] = [server(forHost: host)] }
    return value
  }

  /// FastAPI publishes a description up to a form feed; what comes after is for those who read the code.
  private func operationDescription(_ source: APIOperation) -> String? {
    var text = source.description.map { String($0.prefix { $0 != "\u{0C}" }) } ?? ""
    if source.methods.isEmpty {
      text += (text.isEmpty ? "" : "\n\n") + "Answers every method."
    }
    return text.isEmpty ? nil : text
  }

  /// The scheme is that of the document (RFC 3986 §4.2).
  func server(forHost host: String) -> JSONValue {
    guard host.hasPrefix("*.") else { return ["url": .string("//" + host)] }
    return [
      "url": .string("//{subdomain}" + host.dropFirst()), "variables": ["subdomain": ["default": "www"]],
    ]
  }

  // MARK: Parameters

  private mutating func parameters(
    _ source: APIOperation, _ entry: Entry, _ template: PathTemplate, _ pointer: String
  ) -> [JSONValue] {
    let own = entry.template.parameters
    let published = template.parameters
    var result: [APIParameterPlace: [JSONValue]] = [:]
    // For paths in the order of the pattern, whatever the order of the declarations.
    for (index, parameter) in own.enumerated() where index < published.count {
      let declared = source.parameters.firstIndex { $0.place == .path && $0.name == parameter.name }
      var value =
        declared.map { source.parameters[$0] }
        ?? APIParameter(.path, parameter.name, schema: APISchema(Self.schema(ofKind: parameter.kind)))
      value.isRequired = true
      if value.description == nil, parameter.kind == "path", value.schema.value["description"] == nil {
        value.description = "The rest of the path, which may hold slashes."
      }
      let place = declared.map { "\(pointer)/parameters/\($0)" } ?? pointer + "/path"
      result[.path, default: []].append(
        .object(self.parameter(value, name: published[index].name, source, entry, place)))
    }
    var positions: [String: Int] = [:]
    for (index, parameter) in source.parameters.enumerated() {
      let place = "\(pointer)/parameters/\(index)"
      if parameter.place == .path {
        if !own.contains(where: { $0.name == parameter.name }) {
          problem(place, "the path has no parameter `\(parameter.name)`")
        }
        continue
      }
      guard !parameter.isHidden else { continue }
      // Field names know no case (RFC 9110 §5.1).
      let key =
        parameter.place.rawValue + " " + (parameter.place == .header ? parameter.name.lowercased() : parameter.name)
      if let position = positions[key] {
        if parameter.isRequired, case .object(var first)? = result[parameter.place]?[position] {
          first["required"] = true
          result[parameter.place]?[position] = .object(first)
        }
        continue
      }
      positions[key] = result[parameter.place]?.count ?? 0
      result[parameter.place, default: []].append(
        .object(self.parameter(parameter, name: parameter.name, source, entry, place)))
    }
    return APIParameterPlace.allCases.flatMap { result[$0] ?? [] }
  }

  /// What the kinds of patterns accept.
  static func schema(ofKind kind: String) -> JSONValue {
    switch kind {
    case "int": ["type": "integer", "minimum": 0]
    case "float": ["type": "number", "minimum": 0]
    case "uuid": ["type": "string", "format": "uuid"]
    default: ["type": "string"]
    }
  }

  private static let styles: [APIParameterPlace: [String]] = [
    .path: ["simple", "label", "matrix"], .query: ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
    .header: ["simple"], .cookie: ["form"],
  ]

  mutating func parameter(
    _ parameter: APIParameter, name: String, _ source: APIOperation, _ entry: Entry, _ pointer: String
  ) -> JSONObject {
    var value = JSONObject([("name", .string(name)), ("in", .string(parameter.place.rawValue))])
    let written = parameter.schema.value
    if let text = parameter.description ?? written["description"]?.string { value["description"] = .string(text) }
    value["required"] = .bool(parameter.isRequired)
    if parameter.isDeprecated || written["deprecated"]?.bool == true { value["deprecated"] = true }
    if let style = parameter.style {
      if Self.styles[parameter.place]?.contains(style) == true {
        value["style"] = .string(style)
      } else {
        problem(pointer + "/style", "a \(parameter.place.rawValue) parameter cannot have the style `\(style)`")
      }
    }
    if let explode = parameter.explode { value["explode"] = .bool(explode) }
    value["schema"] = catalog.inline(
      parameter.schema, fallback: source.plugin, name: "\(entry.identifier)_\(parameter.name)",
      at: pointer + "/schema")
    if !parameter.examples.isEmpty { value["examples"] = examples(parameter.examples) }
    return value
  }

  private func examples(_ examples: [APIExample]) -> JSONValue {
    .object(
      JSONObject(
        examples.map { example in
          var value = JSONObject()
          value["summary"] = example.summary.map { .string($0) }
          value["description"] = example.description.map { .string($0) }
          value["value"] = example.value
          return (example.name, .object(value))
        }))
  }

  // MARK: Bodies

  private mutating func requestBody(
    _ body: APIBody, _ source: APIOperation, _ entry: Entry, _ pointer: String
  ) -> JSONValue {
    var value = JSONObject()
    value["description"] = body.description.map { .string($0) }
    if body.isRequired { value["required"] = true }
    value["content"] = content(
      body.content, source, name: "Body_" + entry.identifier, pointer + "/body/content")
    return .object(value)
  }

  private mutating func content(
    _ types: [APIMediaType], _ source: APIOperation, name: String, _ pointer: String
  ) -> JSONValue {
    var content = JSONObject()
    for (index, type) in types.enumerated() {
      let place = "\(pointer)/\(index)"
      guard content[type.name] == nil else {
        problem(place, "the media type `\(type.name)` is named twice; the first counts")
        continue
      }
      var value = JSONObject()
      if let schema = type.schema {
        value["schema"] = catalog.inline(schema, fallback: source.plugin, name: name, at: place + "/schema")
      }
      if !type.examples.isEmpty { value["examples"] = examples(type.examples) }
      if !type.encoding.isEmpty {
        var walk = DocumentWalk(document: .null, name: nil, is30: false)
        value["encoding"] = walk.value(.object(type.encoding), .map(.object(.encoding)), at: place + "/encoding")
        problems += walk.problems
      }
      content[type.name] = .object(value)
    }
    return .object(content)
  }

  // MARK: Responses

  private mutating func responses(
    _ source: APIOperation, _ entry: Entry, _ pointer: String, hasInput: Bool, body: APIBody?
  ) -> JSONObject {
    var result = JSONObject()
    for (index, response) in source.responses.enumerated() {
      let place = "\(pointer)/responses/\(index)"
      guard Self.isStatus(response.status) else {
        problem(place, "`\(response.status)` is no status: a number from 100 to 599, `4XX` or `default`")
        continue
      }
      guard result[response.status] == nil else {
        problem(place, "the status \(response.status) is described twice; the first counts")
        continue
      }
      result[response.status] = self.response(response, source, entry, place)
    }
    addOwnResponse(source, to: &result)
    let isValidated = result["422"] != nil || result["4XX"] != nil || result["default"] != nil
    if hasInput, !isValidated { result["422"] = errors.validationResponse(of: source) }
    for failure in failures(source, entry, body) where result["\(failure.rawValue)"] == nil {
      result["\(failure.rawValue)"] = errors.response(failure, of: source)
    }
    return Self.sorted(result)
  }

  static func isStatus(_ text: String) -> Bool {
    if text == "default" { return true }
    guard text.utf8.count == 3, let first = text.first, ("1"..."5").contains(first) else { return false }
    return text.hasSuffix("XX") || text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
  }

  /// By number, ranges after the numbers they hold, `default` last. (`2XX` sorts behind `204` as text, too.)
  static func sorted(_ responses: JSONObject) -> JSONObject {
    JSONObject(
      responses.members.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
        .map { ($0.name, $0.value) })
  }

  private mutating func response(
    _ response: APIResponse, _ source: APIOperation, _ entry: Entry, _ pointer: String
  ) -> JSONValue {
    let phrase = response.status.hasPrefix("2") ? "Successful Response" : StatusPhrase.of(response.status)
    var value = JSONObject([("description", .string(response.description ?? phrase))])
    var headers = JSONObject()
    for (index, header) in response.headers.enumerated() {
      // OpenAPI 3.1 §4.8.17: a field of this name is ignored, the media types say it.
      guard header.name.lowercased() != "content-type" else { continue }
      var object = JSONObject()
      object["description"] = header.description.map { .string($0) }
      object["schema"] = catalog.inline(
        header.schema, fallback: source.plugin, name: "\(entry.identifier)_\(header.name)",
        at: "\(pointer)/headers/\(index)/schema")
      headers[header.name] = .object(object)
    }
    if !headers.isEmpty { value["headers"] = .object(headers) }
    if !response.content.isEmpty {
      value["content"] = content(
        response.content, source, name: "Response_\(response.status)_" + entry.identifier, pointer + "/content")
    }
    return .object(value)
  }

  /// What the route answers when all goes well and nothing is declared.
  private func addOwnResponse(_ source: APIOperation, to result: inout JSONObject) {
    let isDeclared = result.members.contains { $0.name.hasPrefix("2") || $0.name.hasPrefix("3") }
    switch source.source {
    case .handler:
      guard !isDeclared, result["default"] == nil else { return }
      result["\(source.successStatus ?? 200)"] = ["description": "Successful Response"]
    case .proxy(let upstream):
      // Any status: a `default` says so without making one up.
      guard !isDeclared, result["default"] == nil else { return }
      result["default"] = ["description": .string("The response of the upstream `\(upstream)`")]
    case .redirect(let status):
      guard result["\(status)"] == nil else { return }
      result["\(status)"] = [
        "description": .string(StatusPhrase.of("\(status)")),
        "headers": [
          "Location": ["description": "Where to go", "schema": ["type": "string", "format": "uri-reference"]]
        ],
      ]
    case .respond(let status, let mediaType, let example):
      guard result["\(status)"] == nil else { return }
      var value = JSONObject([
        ("description", .string((200..<300).contains(status) ? "Successful Response" : StatusPhrase.of("\(status)")))
      ])
      if let mediaType {
        value["content"] = .single(mediaType, example.map { .single("example", $0) } ?? [:])
      }
      result["\(status)"] = .object(value)
    }
  }

  func failures(_ source: APIOperation, _ entry: Entry, _ body: APIBody?) -> [ErrorComponents.Failure] {
    var failures: [ErrorComponents.Failure] = []
    let needsCredentials = !source.security.isEmpty && !source.security.contains { $0.schemes.isEmpty }
    if needsCredentials { failures.append(.unauthorized) }
    if source.security.contains(where: { $0.schemes.contains { !$0.scopes.isEmpty } }) { failures.append(.forbidden) }
    if entry.template.parameters.contains(where: { ["int", "float", "uuid"].contains($0.kind) }) {
      failures.append(.notFound)
    }
    if let body {
      if body.hasOwnLimit { failures.append(.contentTooLarge) }
      if !body.content.contains(where: { $0.name == "*/*" }) { failures.append(.unsupportedMediaType) }
    }
    if case .proxy = source.source { failures += [.badGateway, .serviceUnavailable, .gatewayTimeout] }
    return failures
  }

  // MARK: Security

  mutating func security(_ requirements: [APISecurityRequirement], _ pointer: String) -> [JSONValue] {
    var result: [JSONValue] = []
    for (index, requirement) in requirements.enumerated() {
      var value = JSONObject()
      for scheme in requirement.schemes {
        if schemes[scheme.name] == nil {
          problem("\(pointer)/security/\(index)", "there is no security scheme `\(scheme.name)`")
        } else {
          value[scheme.name] = .array(scheme.scopes.map { .string($0) })
        }
      }
      // A requirement that lost its schemes would say that no credentials are needed.
      if !value.isEmpty || requirement.schemes.isEmpty { result.append(.object(value)) }
    }
    return result
  }
}
