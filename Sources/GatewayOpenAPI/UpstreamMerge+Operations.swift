import GatewayJSON

/// The operation objects of upstreams.
extension DocumentBuilder {
  /// `template` is the path under which the operation is listed.
  mutating func mergedOperation(_ entry: Entry, _ merged: MergedOperation, renamedTo template: PathTemplate)
    -> JSONObject
  {
    guard var source = merge.sources[merged.document] else { return JSONObject() }
    let route = description.operations[entry.operation]
    let pointer = "/operations/\(entry.operation)"
    var raw = merged.value
    // Of the upstream's own: where it is, and who may come in.
    for word in ["servers", "security", "operationId"] { raw[word] = nil }
    let parameters = raw["parameters"]
    raw["parameters"] = nil
    let copy = source.walk.object(.object(raw), .operation, at: merged.pointer) ?? JSONObject()

    var value = JSONObject()
    var seen: Set<String> = []
    let tags = (route.tags + (copy["tags"]?.array ?? []).compactMap(\.string)).filter { seen.insert($0).inserted }
    if !tags.isEmpty { value["tags"] = .array(tags.map { .string($0) }) }
    source.tags.formUnion(tags)
    for word in ["summary", "description", "externalDocs"] { value[word] = copy[word] }
    value["operationId"] = .string(entry.identifier)
    let list = mergedParameters(parameters, entry, merged, template, &source)
    if !list.isEmpty { value["parameters"] = .array(list) }
    if entry.method != "get", entry.method != "head" { value["requestBody"] = copy["requestBody"] }

    var responses = copy["responses"]?.object ?? JSONObject()
    if responses.isEmpty, case .proxy(let upstream) = route.source {
      responses["default"] = ["description": .string("The response of the upstream `\(upstream)`")]
    }
    for failure in failures(route, entry, nil)
    where failure != .notFound && responses["\(failure.rawValue)"] == nil {
      responses["\(failure.rawValue)"] = errors.response(failure, of: route)
    }
    value["responses"] = .object(Self.sorted(responses))
    value["callbacks"] = copy["callbacks"]
    if route.isDeprecated || copy["deprecated"]?.bool == true { value["deprecated"] = true }
    let security = mergedSecurity(route, merged, pointer, &source)
    if !security.isEmpty { value["security"] = .array(security) }
    if host == nil, let host = route.host { value["servers"] = [server(forHost: host)] }
    for member in copy.members where member.name.hasPrefix("x-") { value[member.name] = member.value }
    merge.sources[merged.document] = source
    return value
  }

  /// The operation's parameters and those of its path item, path parameters in the order of the path, and what the
  /// route itself declares beside them.
  private mutating func mergedParameters(
    _ own: JSONValue?, _ entry: Entry, _ merged: MergedOperation, _ template: PathTemplate,
    _ source: inout MergedComponents.Source
  ) -> [JSONValue] {
    let route = description.operations[entry.operation]
    var inPath: [String: JSONObject] = [:]
    var others: [JSONValue] = []
    var seen: Set<String> = []
    // The operation's win over the path item's (OpenAPI 3.1 §4.8.9).
    for (list, place) in [(own, merged.pointer + "/parameters"), (merged.shared, merged.sharedPointer)] {
      guard let list, let items = list.array else {
        if list != nil { problem(place, "expected an array", document: merged.document) }
        continue
      }
      for (index, item) in items.enumerated() {
        let itemPlace = "\(place)/\(index)"
        guard let (target, targetPlace) = followed(item, at: itemPlace, source.walk.document),
          let name = target["name"]?.string, let location = target["in"]?.string
        else {
          // Broken: the walk says how.
          _ = source.walk.object(item, .parameter, at: itemPlace)
          continue
        }
        guard seen.insert(location + " " + name).inserted else { continue }
        if location == "path" {
          // In place: under this path it may have another name.
          let new = merged.names[name] ?? name
          inPath[new] = source.walk.object(target, .parameter, at: targetPlace)
        } else if let value = source.walk.object(item, .parameter, at: itemPlace) {
          others.append(.object(value))
        }
      }
    }
    var result: [JSONValue] = []
    let published = template.parameters
    for (index, parameter) in entry.template.parameters.enumerated() where index < published.count {
      var value: JSONObject
      if let known = inPath[parameter.name] {
        value = known
      } else {
        let declared = route.parameters.first { $0.place == .path && $0.name == parameter.name }
        var own =
          declared
          ?? APIParameter(
            .path, parameter.name, schema: APISchema(Self.schema(ofKind: parameter.kind)))
        own.isRequired = true
        value = self.parameter(own, name: parameter.name, route, entry, "/operations/\(entry.operation)/path")
      }
      value["name"] = .string(published[index].name)
      result.append(.object(value))
    }
    for parameter in route.parameters where parameter.place != .path && !parameter.isHidden {
      guard seen.insert(parameter.place.rawValue + " " + parameter.name).inserted else { continue }
      let value = self.parameter(
        parameter, name: parameter.name, route, entry, "/operations/\(entry.operation)/parameters")
      others.append(.object(value))
    }
    return result + others
  }

  /// An object with its reference followed, and where it stands; nil where that leads nowhere, or round in a circle.
  private func followed(
    _ item: JSONValue, at pointer: String, _ document: JSONValue
  ) -> (JSONValue, String)? {
    var item = item
    var pointer = pointer
    for _ in 0..<16 {
      guard let reference = item["$ref"] else { return (item, pointer) }
      guard let text = reference.string, text.hasPrefix("#"), let fragment = Pointer.fragment(text.dropFirst()),
        let target = Pointer.resolve(Pointer.tokens(fragment), in: document)
      else { return nil }
      (item, pointer) = (target, fragment)
    }
    return nil
  }

  /// What upstreams say about the tags that their operations have. The gateway's own words go first.
  private mutating func mergeTags(_ source: inout MergedComponents.Source) {
    for (index, tag) in (source.walk.document["tags"]?.array ?? []).enumerated() {
      guard let name = tag["name"]?.string, source.tags.contains(name), merge.tagNames.insert(name).inserted,
        let value = source.walk.object(tag, .tag, at: "/tags/\(index)")
      else { continue }
      merge.tags.append(.object(value))
    }
  }

  // MARK: Security

  /// The route's own requirements, and with them the upstream's where they are to be kept.
  private mutating func mergedSecurity(
    _ route: APIOperation, _ merged: MergedOperation, _ pointer: String, _ source: inout MergedComponents.Source
  ) -> [JSONValue] {
    let own = security(route.security, pointer)
    guard route.upstreamDocument?.keepsSecurity == true,
      let theirs = (merged.value["security"] ?? source.walk.document["security"])?.array, !theirs.isEmpty
    else { return own }
    var renamed: [JSONObject] = []
    for (index, requirement) in theirs.enumerated() {
      let place = "\(merged.pointer)/security/\(index)"
      var value = JSONObject()
      for scheme in requirement.object?.members ?? [] {
        guard let name = keptScheme(scheme.name, merged.document, place, &source) else { continue }
        value[name] = .array((scheme.value.array ?? []).filter { $0.string != nil })
      }
      if !value.isEmpty || requirement.object?.isEmpty == true { renamed.append(value) }
    }
    guard !own.isEmpty else { return renamed.map { .object($0) } }
    // Both the gateway and the upstream ask: each way into one with each way into the other.
    return own.flatMap { first in
      renamed.isEmpty
        ? [first]
        : renamed.map { second in
          var both = first.object ?? JSONObject()
          for member in second.members { both[member.name] = member.value }
          return .object(both)
        }
    }
  }

  private mutating func keptScheme(
    _ name: String, _ document: String, _ pointer: String, _ source: inout MergedComponents.Source
  ) -> String? {
    if let known = source.securitySchemes[name] { return known }
    guard let value = source.walk.document["components"]?["securitySchemes"]?[name] else {
      problem(pointer, "there is no security scheme `\(name)`", document: document)
      return nil
    }
    var found: [OpenAPIProblem] = []
    let place = Pointer.appending(name, to: "/components/securitySchemes")
    let scheme = SecuritySchemes.normalized(value, at: place, &found)
    problems += found.map {
      OpenAPIProblem($0.pointer, $0.message, severity: $0.severity, document: document)
    }
    guard let scheme else { return nil }
    var names = ComponentNames()
    for member in schemes.members { _ = names.reserve(member.name) }
    let new = names.take(ComponentNames.sanitized(name), owner: ComponentNames.sanitized(document))
    schemes[new] = scheme
    source.securitySchemes[name] = new
    return new
  }

  /// Copies what operations referred to, and what that refers to.
  mutating func finishMerged() {
    for name in merge.order {
      guard var source = merge.sources[name] else { continue }
      var index = 0
      while index < source.walk.used.count {
        let component = source.walk.used[index]
        index += 1
        guard source.isDone.insert(component).inserted else { continue }
        let path = ["components", component.kind.rawValue, component.name]
        let pointer = path.map { "/" + Pointer.escape($0) }.joined()
        guard let value = Pointer.resolve(path, in: source.walk.document),
          let target = source.walk.targets[component.kind]?[component.name]
        else { continue }
        let copy = source.walk.value(value, component.kind.shape, at: pointer) ?? component.kind.substitute
        if component.kind == .schemas {
          catalog.add(copy, as: target)
        } else {
          merge.values[component.kind, default: [:]][target] = copy
        }
      }
      mergeTags(&source)
      problems += source.walk.problems
    }
  }
}

extension ComponentKind {
  /// Stands where a broken component was, so that what refers to it stays valid.
  fileprivate var substitute: JSONValue {
    switch self {
    case .schemas: true
    case .responses: ["description": ""]
    case .parameters: ["name": "x-undescribed", "in": "header", "schema": true]
    case .requestBodies: ["content": [:]]
    case .headers: ["schema": true]
    case .links: ["operationId": "undescribed"]
    case .examples, .callbacks, .pathItems: [:]
    }
  }
}
