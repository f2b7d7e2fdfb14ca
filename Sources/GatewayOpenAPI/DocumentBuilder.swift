import GatewayJSON

/// One document in the making.
struct DocumentBuilder {
  /// One method of one route.
  struct Entry {
    var operation: Int
    /// As a member of a path item; nil: OpenAPI has no such member.
    var method: String?
    var template: PathTemplate
    var identifier = ""
    /// Finished already: from an upstream's document.
    var merged: MergedOperation?
  }

  let description: APIDescription
  let host: String?
  var catalog: SchemaCatalog
  var errors: ErrorComponents
  var problems: [OpenAPIProblem] = []
  var responseNames = ComponentNames()
  var identifiers = ComponentNames()
  /// Names of security schemes that are in the document.
  var schemes = JSONObject()
  var merge = MergedComponents()

  static let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]

  init(_ description: APIDescription, host: String?) {
    self.description = description
    self.host = host?.lowercased()
    catalog = SchemaCatalog(description.schemas)
    errors = ErrorComponents(description.errors, description.errorBodies, &catalog, &responseNames)
  }

  mutating func build() -> OpenAPIDocument.Result {
    collectSecuritySchemes()
    var own = ownEntries()
    nameOperations(&own)
    let entries = own.flatMap { entry in
      description.operations[entry.operation].upstreamDocument == nil ? [entry] : mergedEntries(entry, own)
    }
    let paths = paths(chosen(entries))
    finishMerged()
    errors.addSchemas(to: &catalog)
    catalog.finish()

    var document = JSONObject([("openapi", "3.1.0"), ("info", .object(information()))])
    if !description.servers.isEmpty { document["servers"] = .array(description.servers.map(server)) }
    document["paths"] = .object(paths)
    if let components = components() { document["components"] = .object(components) }
    let tags = tags()
    if !tags.isEmpty { document["tags"] = .array(tags) }
    if let link = description.externalDocumentation { document["externalDocs"] = .object(JSONObject(link)) }
    // What several operations share is looked at for each of them.
    var seen: Set<OpenAPIProblem> = []
    return OpenAPIDocument.Result(
      document: .object(document), problems: (problems + catalog.problems).filter { seen.insert($0).inserted })
  }

  mutating func problem(
    _ pointer: String, _ message: String, severity: OpenAPIProblem.Severity = .error, document: String? = nil
  ) {
    problems.append(OpenAPIProblem(pointer, message, severity: severity, document: document))
  }

  // MARK: Entries

  private mutating func ownEntries() -> [Entry] {
    var entries: [Entry] = []
    for (index, operation) in description.operations.enumerated() {
      let template = PathTemplate(operation.path)
      let methods =
        operation.methods.isEmpty ? [operation.body == nil ? "get" : "post"] : operation.methods.map { $0.lowercased() }
      for method in methods {
        let isKnown = Self.methods.contains(method)
        if !isKnown, !operation.isHidden, operation.upstreamDocument == nil {
          problem(
            "/operations/\(index)/methods", "OpenAPI 3.1 cannot describe the method \(method.uppercased())",
            severity: .note)
        }
        if isKnown || operation.upstreamDocument != nil {
          entries.append(Entry(operation: index, method: isKnown ? method : nil, template: template))
        }
      }
    }
    // One entry stands for a route whose operations come from an upstream's document.
    var seen: Set<Int> = []
    return entries.filter { entry in
      description.operations[entry.operation].upstreamDocument == nil || seen.insert(entry.operation).inserted
    }
  }

  /// Names come from all routes, whatever the host, so that an operation has one id in every document.
  private mutating func nameOperations(_ entries: inout [Entry]) {
    for index in entries.indices {
      let operation = description.operations[entries[index].operation]
      guard let wanted = operation.operationID, isNamed(entries[index]) else { continue }
      let identifier = operation.methods.count > 1 ? "\(wanted)_\(entries[index].method ?? "")" : wanted
      entries[index].identifier = identifiers.take(identifier)
      if entries[index].identifier != identifier {
        problem(
          "/operations/\(entries[index].operation)/operationID",
          "the operation id `\(identifier)` is used twice; this one becomes `\(entries[index].identifier)`")
      }
    }
    for index in entries.indices where entries[index].identifier.isEmpty && isNamed(entries[index]) {
      let operation = description.operations[entries[index].operation]
      entries[index].identifier = identifiers.take(
        OperationNames.identifier(
          name: operation.ownName ?? operation.kindName, path: entries[index].template.text,
          method: entries[index].method ?? ""))
    }
  }

  private func isNamed(_ entry: Entry) -> Bool {
    let operation = description.operations[entry.operation]
    return !operation.isHidden && operation.upstreamDocument == nil
  }

  /// The entries to describe, in order: one for each path and method.
  private mutating func chosen(_ entries: [Entry]) -> [Entry] {
    struct Place: Hashable {
      var shape: String
      var method: String?
    }
    var winners: [Place: Int] = [:]
    for (index, entry) in entries.enumerated() {
      let operation = description.operations[entry.operation]
      guard entry.merged != nil || !operation.isHidden, let rank = rank(operation.host) else { continue }
      let place = Place(shape: entry.template.shape, method: entry.method)
      guard let first = winners[place] else {
        winners[place] = index
        continue
      }
      let other = description.operations[entries[first].operation]
      if host != nil, let otherRank = self.rank(other.host), otherRank != rank {
        if rank > otherRank { winners[place] = index }
        continue
      }
      if entry.merged == nil, entries[first].merged != nil { winners[place] = index }
      let why =
        operation.host == other.host
        ? "OpenAPI takes its path for the same as that of operation \(entries[first].operation)"
        : "operation \(entries[first].operation) has the same path on another host; make the document of one host"
      problem("/operations/\(entry.operation)", "not described: \(why)", severity: .note)
    }
    return winners.values.sorted().map { entries[$0] }
  }

  /// How closely a route's host is that of the document; nil where it is another.
  private func rank(_ pattern: String?) -> Int? {
    guard let host else { return 0 }
    guard let pattern = pattern?.lowercased() else { return 0 }
    if pattern == host { return Int.max }
    guard pattern.hasPrefix("*."), host.hasSuffix(pattern.dropFirst()), host.count >= pattern.count else { return nil }
    return pattern.count
  }

  private mutating func paths(_ entries: [Entry]) -> JSONObject {
    var paths = JSONObject()
    var templates: [String: PathTemplate] = [:]
    for entry in entries {
      guard let method = entry.method else { continue }
      let shape = entry.template.shape
      let template = templates[shape] ?? entry.template
      templates[shape] = template
      let value: JSONObject
      if let merged = entry.merged {
        value = mergedOperation(entry, merged, renamedTo: template)
      } else {
        value = operation(entry, renamedTo: template)
      }
      var item = paths[template.text]?.object ?? JSONObject()
      item[method] = .object(value)
      paths[template.text] = .object(item)
    }
    return paths
  }

  // MARK: The document's own members

  private mutating func information() -> JSONObject {
    let source = description.information
    var info = JSONObject([("title", .string(source.title))])
    info["summary"] = source.summary.map { .string($0) }
    info["description"] = source.description.map { .string($0) }
    info["termsOfService"] = source.termsOfService.map { .string($0) }
    if let contact = source.contact {
      var object = JSONObject()
      object["name"] = contact.name.map { .string($0) }
      object["url"] = contact.url.map { .string($0) }
      object["email"] = contact.email.map { .string($0) }
      if !object.isEmpty { info["contact"] = .object(object) }
    }
    if let license = source.license {
      var object = JSONObject([("name", .string(license.name))])
      if let identifier = license.identifier {
        object["identifier"] = .string(identifier)
        if license.url != nil {
          problem("/information/license/url", "a license has an identifier or a URL; the URL is left out")
        }
      } else {
        object["url"] = license.url.map { .string($0) }
      }
      info["license"] = .object(object)
    }
    info["version"] = .string(source.version)
    return info
  }

  private func server(_ server: APIServer) -> JSONValue {
    var object = JSONObject([("url", .string(server.url))])
    object["description"] = server.description.map { .string($0) }
    if !server.variables.isEmpty {
      object["variables"] = .object(
        JSONObject(
          server.variables.map { variable in
            var value = JSONObject()
            if !variable.values.isEmpty { value["enum"] = .array(variable.values.map { .string($0) }) }
            value["default"] = .string(variable.defaultValue)
            value["description"] = variable.description.map { .string($0) }
            return (variable.name, .object(value))
          }))
    }
    return .object(object)
  }

  private mutating func tags() -> [JSONValue] {
    var tags: [JSONValue] = []
    var seen: Set<String> = []
    for (index, tag) in description.tags.enumerated() {
      guard seen.insert(tag.name).inserted else {
        problem("/tags/\(index)", "the tag `\(tag.name)` is described twice; the first counts")
        continue
      }
      var object = JSONObject([("name", .string(tag.name))])
      object["description"] = tag.description.map { .string($0) }
      if let link = tag.externalDocumentation { object["externalDocs"] = .object(JSONObject(link)) }
      tags.append(.object(object))
    }
    return tags + merge.tags.filter { seen.insert($0["name"]?.string ?? "").inserted }
  }

  private mutating func collectSecuritySchemes() {
    for scheme in description.securitySchemes {
      let pointer = "/securitySchemes/" + Pointer.escape(scheme.name)
      if scheme.name != ComponentNames.sanitized(scheme.name) {
        problem(pointer, "`\(scheme.name)` cannot be the name of a component: letters, digits, `.`, `-` and `_` can")
        continue
      }
      if let value = SecuritySchemes.normalized(scheme.value, at: pointer, &problems) { schemes[scheme.name] = value }
    }
  }

  private func components() -> JSONObject? {
    var components = JSONObject()
    func add(_ kind: String, _ values: [String: JSONValue]) {
      guard !values.isEmpty else { return }
      components[kind] = .object(
        JSONObject(
          values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }))
    }
    add("schemas", catalog.components)
    for kind in ComponentKind.allCases where kind != .schemas && kind != .responses {
      add(kind.rawValue, merge.values[kind] ?? [:])
    }
    add("responses", errors.responses.merging(merge.values[.responses] ?? [:]) { own, _ in own })
    if !schemes.isEmpty { components["securitySchemes"] = .object(schemes) }
    return components.isEmpty ? nil : components
  }
}

extension APIOperation {
  var ownName: String? {
    if let name { return name }
    if case .handler(_, let handler) = source { return handler }
    return nil
  }

  var kindName: String {
    switch source {
    case .handler(_, let name): name
    case .proxy(let upstream): upstream
    case .redirect: "redirect"
    case .respond: "respond"
    }
  }
}

extension JSONObject {
  init(_ link: APILink) {
    self.init([("url", .string(link.url))])
    self["description"] = link.description.map { .string($0) }
  }
}

extension JSONValue {
  /// An object with one member.
  static func single(_ name: String, _ value: JSONValue) -> JSONValue { .object(JSONObject([(name, value)])) }
}
