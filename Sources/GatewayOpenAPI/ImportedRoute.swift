import GatewayJSON

/// Operations as entries of `routes:`.
extension Importer {
  mutating func route(
    _ method: String, _ path: String, _ item: JSONValue, _ operation: JSONValue, at pointer: String
  ) -> YAMLTree? {
    guard method != "trace" else {
      problem(pointer, "TRACE cannot be routed", severity: .note)
      return nil
    }
    guard let source = operation.object else {
      problem(pointer, "an operation is an object, not \(operation.typeName)")
      return nil
    }
    guard let match = self.match(method, path, at: pointer) else { return nil }

    var value: [(key: String, value: YAMLTree)] = [("match", YAMLTree(.string(match.text)))]
    func add(_ key: String, _ member: JSONValue?) {
      if let member { value.append((key, YAMLTree(ConfigurationText.escaped(member)))) }
    }
    var identifier = source["operationId"]?.string
    if let known = identifier, known.isEmpty || !identifiers.insert(known).inserted {
      problem(pointer + "/operationId", known.isEmpty ? "the id is empty" : "the id `\(known)` is used twice")
      identifier = nil
    }
    add("operation_id", identifier.map { .string($0) })
    let tags = (source["tags"]?.array ?? []).filter { $0.string?.isEmpty == false }
    if !tags.isEmpty { add("tags", .array(tags)) }
    for word in ["summary", "description"] {
      guard let text = source[word]?.string ?? item[word]?.string, !text.isEmpty else { continue }
      add(word, .string(text))
    }
    if source["deprecated"]?.bool == true { add("deprecated", true) }
    if let security = security(source, at: pointer) { add("security", security) }

    let parameters = parameters(source, item, match.names, at: pointer)
    if !parameters.isEmpty {
      var tree = YAMLTree(.mapping(parameters))
      tree.isBlock = true
      value.append(("parameters", tree))
    }
    if let body = body(source, method, at: pointer) { add("body", body) }
    let responses = responses(source, at: pointer)
    if let plugin = options.plugin {
      let wanted = identifier ?? OperationNames.identifier(name: method, path: path, method: "")
      add("handler", .string(plugin + "." + handlers.take(handlerName(wanted))))
    } else {
      add("proxy", .string(options.upstream))
    }
    if !responses.isEmpty {
      var tree = YAMLTree(ConfigurationText.escaped(.object(responses)))
      tree.isBlock = true
      value.append(("responses", tree))
    }
    for (word, what) in [
      ("callbacks", "callbacks"), ("externalDocs", "external documentation"), ("servers", "servers of one operation"),
    ] where source[word] != nil { remark("\(pointer)/\(word)", "\(what) are not carried over") }
    var tree = YAMLTree(.mapping(value), comments: remarks)
    tree.isBlock = true
    return tree
  }

  private func handlerName(_ text: String) -> String {
    let name = ConfigurationText.parameterName(text)
    return String(name.drop { $0 == "_" }.isEmpty ? name[...] : name.drop { $0 == "_" })
  }

  /// `GET /books/{book_id}`, and the document's path parameters → those of the pattern.
  private mutating func match(
    _ method: String, _ path: String, at pointer: String
  ) -> (text: String, names: [String: String])? {
    guard path.hasPrefix("/") else {
      problem(pointer, "a path begins with `/`")
      return nil
    }
    var names: [String: String] = [:]
    var taken = ComponentNames()
    let base = UpstreamDocument.basePath(document)
    let template = PathTemplate(literal: base + path)
    let parts = template.parts.map { part -> PathTemplate.Part in
      guard case .parameter(let name, let kind) = part else {
        // A star at the start of a segment would be the rest of the path.
        guard case .literal(let text) = part else { return part }
        return .literal(text.split(separator: "/*", omittingEmptySubsequences: false).joined(separator: "/%2A"))
      }
      if names[name] == nil { names[name] = taken.take(ConfigurationText.parameterName(name)) }
      return .parameter(name: names[name] ?? name, kind: kind)
    }
    let pattern = PathTemplate(parts: parts)
    if let refusal = ConfigurationText.refusal(of: pattern) {
      problem(pointer, "the path `\(path)` cannot be routed: \(refusal)")
      return nil
    }
    if let first = places.updateValue(pointer, forKey: method + " " + pattern.shape) {
      problem(pointer, "the path is the same as that of \(first) but for the names of its parameters")
      return nil
    }
    return (method.uppercased() + " " + pattern.text, names)
  }

  /// The requirements of the operation or, without, of the document.
  private mutating func security(_ source: JSONObject, at pointer: String) -> JSONValue? {
    guard let list = (source["security"] ?? document["security"])?.array, !list.isEmpty else { return nil }
    let place = source["security"] == nil ? "/security" : pointer + "/security"
    var result: [JSONValue] = []
    for (index, requirement) in list.enumerated() {
      var value = JSONObject()
      var isComplete = true
      for scheme in requirement.object?.members ?? [] {
        guard let name = schemeNames[scheme.name] else {
          problem("\(place)/\(index)", "there is no security scheme `\(scheme.name)`")
          isComplete = false
          continue
        }
        value[name] = .array((scheme.value.array ?? []).filter { $0.string != nil })
      }
      // Half a requirement would let in those who do not meet the other half.
      if isComplete { result.append(.object(value)) }
    }
    return result.isEmpty ? nil : .array(result)
  }

  // MARK: Parameters

  private mutating func parameters(
    _ source: JSONObject, _ item: JSONValue, _ names: [String: String], at pointer: String
  ) -> [(key: String, value: YAMLTree)] {
    var result: [(key: String, value: YAMLTree)] = []
    var keys = ComponentNames()
    for name in names.values { _ = keys.reserve(name) }
    var seen: Set<String> = []
    let parent = pointer.lastIndex(of: "/").map { String(pointer[..<$0]) } ?? ""
    for (list, place) in [(source["parameters"], pointer), (item["parameters"], parent)] {
      for (index, entry) in (list?.array ?? []).enumerated() {
        let entryPointer = "\(place)/parameters/\(index)"
        guard let parameter = resolved(entry, .parameter, at: entryPointer),
          let name = parameter["name"]?.string, let location = parameter["in"]?.string,
          seen.insert(location + " " + name).inserted
        else { continue }
        if location == "header", ["accept", "content-type", "authorization"].contains(name.lowercased()) {
          // OpenAPI 3.1 §4.8.12: such parameters are ignored.
          continue
        }
        if location == "path" {
          guard let key = names[name] else {
            problem(entryPointer, "the path has no parameter `\(name)`")
            continue
          }
          result.append((key, self.parameter(parameter, key: key, wire: key, at: entryPointer)))
        } else {
          let plain = ConfigurationText.isPlainName(name) ? name : ConfigurationText.parameterName(name)
          let key = keys.take(plain, owner: location)
          result.append((key, self.parameter(parameter, key: key, wire: name, at: entryPointer)))
        }
      }
    }
    return result
  }

  private mutating func parameter(_ source: JSONObject, key: String, wire: String, at pointer: String) -> YAMLTree {
    let place = source["in"]?.string ?? "query"
    var schema = source["schema"].map(ConfigurationText.mapping)?.object ?? JSONObject()
    if let content = source["content"]?.object?.members.first {
      schema = JSONObject([
        ("type", "string"), ("contentMediaType", .string(content.name)),
        ("contentSchema", content.value["schema"] ?? true),
      ])
      remark(pointer + "/content", "`\(wire)` holds \(content.name); it is taken as a string")
    }
    // `required` and the like beside a schema are the parameter's own keys.
    if schema["required"] != nil || schema["in"] != nil || schema["style"] != nil {
      schema = JSONObject([("allOf", .array([.object(schema)]))])
    }
    if schema["examples"] == nil {
      let named = source["examples"]?.object?.members.compactMap { $0.value["value"] } ?? []
      let examples = source["example"].map { [$0] } ?? named
      if !examples.isEmpty { schema["examples"] = .array(examples) }
    }
    if let text = source["description"]?.string, !text.isEmpty { schema["description"] = .string(text) }
    var result = JSONObject()
    if place != "path" {
      result["in"] = .string(place)
      if source["required"]?.bool == true { result["required"] = true }
    }
    // Without an alias `x_token` would be read from `x-token`.
    if wire != key || place == "header" && wire.contains("_") { result["alias"] = .string(wire) }
    for word in ["style", "explode", "deprecated"] {
      if let value = source[word] { result[word] = value }
    }
    for word in ["allowEmptyValue", "allowReserved"] where source[word]?.bool == true {
      remark("\(pointer)/\(word)", "`\(word)` of `\(wire)` is not carried over")
    }
    for member in schema.members where result[member.name] == nil { result[member.name] = member.value }
    return YAMLTree(ConfigurationText.escaped(.object(result)))
  }

  /// A copy of an object of the document with its reference followed; nil, with a problem, where it is broken.
  private mutating func resolved(
    _ value: JSONValue, _ kind: DocumentWalk.ObjectKind, at pointer: String
  ) -> JSONObject? {
    var value = value
    var pointer = pointer
    for _ in 0..<16 {
      guard let reference = value["$ref"], let component = kind.component else {
        return walk.object(value, kind, at: pointer)
      }
      guard let target = walk.target(of: reference, component, at: pointer + "/$ref") else { return nil }
      pointer = String(target.dropFirst())
      guard let next = Pointer.resolve(Pointer.tokens(pointer), in: document) else { return nil }
      value = next
    }
    problem(pointer, "the reference leads round in a circle")
    return nil
  }

  // MARK: Bodies and responses

  private mutating func body(_ source: JSONObject, _ method: String, at pointer: String) -> JSONValue? {
    guard let raw = source["requestBody"] else { return nil }
    let place = pointer + "/requestBody"
    guard let body = resolved(raw, .requestBody, at: place), let content = body["content"]?.object, !content.isEmpty
    else { return nil }
    if method == "get" || method == "head" {
      remark(place, "a body of \(method.uppercased()) has no meaning; it is not carried over")
      return nil
    }
    for member in content.members where member.value["encoding"]?.object?.isEmpty == false {
      remark(place, "`encoding` of \(member.name) is not carried over")
    }
    let isRequired = body["required"]?.bool == true
    var result = JSONObject()
    if content.count == 1, let only = content.members.first,
      ConfigurationText.mediaType(only.name) == "application/json"
    {
      let schema = only.value["schema"] ?? true
      if isRequired, let name = ConfigurationText.schemaName(schema) { return .string(name) }
      result["schema"] = ConfigurationText.reference(schema)
    } else {
      result["content"] = self.content(content, at: place)
    }
    if !isRequired { result["required"] = false }
    return .object(result)
  }

  private mutating func content(_ content: JSONObject, at pointer: String) -> JSONValue {
    var result = JSONObject()
    for member in content.members {
      let type = ConfigurationText.mediaType(member.name)
      if result[type] == nil {
        result[type] = ConfigurationText.reference(member.value["schema"] ?? true)
      } else {
        remark(Pointer.appending(member.name, to: pointer + "/content"), "`\(member.name)` is not carried over")
      }
    }
    return .object(result)
  }

  private mutating func responses(_ source: JSONObject, at pointer: String) -> JSONObject {
    var result = JSONObject()
    for member in source["responses"]?.object?.members ?? [] where !member.name.hasPrefix("x-") {
      let place = Pointer.appending(member.name, to: pointer + "/responses")
      guard let status = Int(member.name), (100...599).contains(status) else {
        remark(place, "the response `\(member.name)` is for several statuses; it is not carried over")
        continue
      }
      guard let response = resolved(member.value, .response, at: place) else { continue }
      var value = JSONObject()
      let description = response["description"]?.string ?? ""
      if !description.isEmpty { value["description"] = .string(description) }
      // RFC 9110 §15: these have none, whatever the document says.
      let hasBody = status >= 200 && ![204, 205, 304].contains(status)
      let content = hasBody ? response["content"]?.object ?? JSONObject() : JSONObject()
      if content.count == 1, let only = content.members.first,
        ConfigurationText.mediaType(only.name) == "application/json"
      {
        let schema = only.value["schema"] ?? true
        if value.isEmpty, let name = ConfigurationText.schemaName(schema) {
          result[member.name] = .string(name)
          continue
        }
        value["schema"] = ConfigurationText.reference(schema)
      } else if !content.isEmpty {
        value["content"] = self.content(content, at: place)
      }
      if value.isEmpty { value["description"] = .string(StatusPhrase.of(member.name)) }
      result[member.name] = .object(value)
    }
    return result
  }
}

extension ConfigurationText {
  /// The name that a reference to a whole schema of the file means.
  static func schemaName(_ schema: JSONValue) -> String? {
    guard let object = schema.object, object.count == 1, let reference = object["$ref"]?.string,
      reference.hasPrefix("#/schemas/")
    else { return nil }
    let name = reference.dropFirst("#/schemas/".count)
    return name.contains("/") ? nil : Pointer.unescape(name)
  }

  /// A schema in place, or its name where it has one.
  static func reference(_ schema: JSONValue) -> JSONValue {
    schemaName(schema).map { .string($0) } ?? mapping(schema)
  }

  static func isPlainName(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 256 && name(text) == text }
}
