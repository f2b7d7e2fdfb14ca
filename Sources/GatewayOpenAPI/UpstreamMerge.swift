import GatewayJSON

/// An operation of an upstream's document at its place in the gateway.
struct MergedOperation {
  var document: String
  /// Into the upstream's document.
  var pointer: String
  var value: JSONObject
  /// The path item's own parameters, and where they stand.
  var shared: JSONValue?
  var sharedPointer: String
  /// The upstream's path parameters → those of the gateway's path.
  var names: [String: String]
}

/// The components of all upstream documents.
struct MergedComponents {
  struct Source {
    var walk: DocumentWalk
    var securitySchemes: [String: String] = [:]
    var isDone: Set<DocumentWalk.Component> = []
    /// Of the operations that are in the document.
    var tags: Set<String> = []
  }

  var sources: [String: Source] = [:]
  /// Names in the order of their first use.
  var order: [String] = []
  var values: [ComponentKind: [String: JSONValue]] = [:]
  var names: [ComponentKind: ComponentNames] = [:]
  var tags: [JSONValue] = []
  var tagNames: Set<String> = []
}

extension DocumentBuilder {
  /// The operations of an upstream that this route leads to, under the gateway's paths.
  ///
  /// An upstream's path, with the path of its first server in front, is matched against the proxy's template; what the
  /// template's parameters stand for is put into the route's pattern. Where a route of the gateway's own, hidden or
  /// not,
  /// has the same place, it shadows the upstream's operation.
  mutating func mergedEntries(_ entry: Entry, _ own: [Entry]) -> [Entry] {
    let route = description.operations[entry.operation]
    guard let upstream = route.upstreamDocument, let paths = prepare(upstream), !route.isHidden else { return [] }
    let template = upstream.prefix == nil ? upstream.path.map { PathTemplate($0) } ?? entry.template : entry.template
    let rest = entry.template.parameters.first { $0.kind == "path" }?.name
    let base = UpstreamDocument.basePath(upstream.document)
    let shadows = Dictionary(
      grouping: own.filter { description.operations[$0.operation].upstreamDocument == nil }, by: \.template.shape)
    var result: [Entry] = []
    for path in paths.members {
      let pointer = Pointer.appending(path.name, to: "/paths")
      if path.name.hasPrefix("x-") { continue }
      guard path.name.hasPrefix("/") else {
        problem(pointer, "a path begins with `/`", document: upstream.name)
        continue
      }
      var full = base + path.name
      if let prefix = upstream.prefix {
        guard path.name.hasPrefix(prefix) else { continue }
        full = String(path.name.dropFirst(prefix.count))
        if !full.hasPrefix("/") { full = "/" + full }
      }
      guard let captures = template.captures(of: PathTemplate(literal: full).text, rest: rest) else { continue }
      guard let (item, place) = pathItem(path.value, at: pointer, upstream) else { continue }
      let (mapped, names) = mapped(entry.template, captures)
      for method in Self.methods {
        guard let operation = item[method], route.methods.isEmpty || route.methods.contains(method.uppercased()) else {
          continue
        }
        let operationPointer = "\(place)/\(method)"
        guard let value = operation.object else {
          problem(operationPointer, "an operation is an object, not \(operation.typeName)", document: upstream.name)
          continue
        }
        if isShadowed(method, route, by: shadows[mapped.shape] ?? []) { continue }
        var merged = Entry(operation: entry.operation, method: method, template: mapped)
        merged.identifier = identifier(of: value, merged, upstream.name)
        merged.merged = MergedOperation(
          document: upstream.name, pointer: operationPointer, value: value, shared: item["parameters"],
          sharedPointer: place + "/parameters", names: names)
        result.append(merged)
      }
    }
    if result.isEmpty {
      problem(
        "/operations/\(entry.operation)", "nothing that `\(upstream.name)` describes is reached by this route",
        severity: .note)
    }
    return result
  }

  /// Checks the document's head and gives its components their names, once for each document.
  private mutating func prepare(_ upstream: APIUpstreamDocument) -> JSONObject? {
    guard let is30 = UpstreamDocument.is30(upstream.document) else {
      problem("/openapi", UpstreamDocument.wrongVersion(upstream.document), document: upstream.name)
      return nil
    }
    guard let paths = upstream.document["paths"]?.object else {
      problem("/paths", "the document has no `paths`", document: upstream.name)
      return nil
    }
    guard merge.sources[upstream.name] == nil else { return paths }
    var walk = DocumentWalk(document: upstream.document, name: upstream.name, is30: is30)
    let owner = ComponentNames.sanitized(upstream.name)
    for kind in ComponentKind.allCases {
      for member in upstream.document["components"]?[kind.rawValue]?.object?.members ?? [] {
        let wanted = ComponentNames.sanitized(member.name)
        switch kind {
        case .schemas: walk.targets[kind, default: [:]][member.name] = catalog.take(wanted, owner: owner)
        case .responses:
          walk.targets[kind, default: [:]][member.name] = responseNames.take(wanted, owner: owner)
        default:
          walk.targets[kind, default: [:]][member.name] =
            merge.names[kind, default: ComponentNames()].take(wanted, owner: owner)
        }
      }
    }
    walk.operationIDs = [:]
    merge.sources[upstream.name] = MergedComponents.Source(walk: walk)
    merge.order.append(upstream.name)
    return paths
  }

  private mutating func pathItem(
    _ value: JSONValue, at pointer: String, _ upstream: APIUpstreamDocument
  ) -> (JSONObject, String)? {
    var value = value
    var pointer = pointer
    if let reference = value["$ref"]?.string {
      let fragment = reference.hasPrefix("#") ? Pointer.fragment(reference.dropFirst()) : nil
      guard let fragment, let target = Pointer.resolve(Pointer.tokens(fragment), in: upstream.document) else {
        problem(pointer + "/$ref", "`\(reference)` leads nowhere in this file", document: upstream.name)
        return nil
      }
      value = target
      pointer = fragment
    }
    guard let item = value.object else {
      problem(pointer, "a path item is an object, not \(value.typeName)", document: upstream.name)
      return nil
    }
    return (item, pointer)
  }

  /// The route's pattern with what the upstream's path puts in. Parameters of the upstream that are called like ones
  /// that the route keeps for itself get another name.
  private func mapped(_ pattern: PathTemplate, _ captures: [String: String]) -> (PathTemplate, [String: String]) {
    let kept = Set(pattern.parameters.map(\.name)).subtracting(captures.keys)
    var names: [String: String] = [:]
    var filling: [String: String] = [:]
    for (name, text) in captures {
      let template = PathTemplate(literal: text)
      for parameter in template.parameters where kept.contains(parameter.name) {
        var number = 2
        while kept.contains("\(parameter.name)_\(number)") { number += 1 }
        names[parameter.name] = "\(parameter.name)_\(number)"
      }
      filling[name] =
        PathTemplate(
          parts: template.parts.map { part in
            guard case .parameter(let name, let kind) = part else { return part }
            return .parameter(name: names[name] ?? name, kind: kind)
          }
        ).text
    }
    return (pattern.filled(with: filling), names)
  }

  private func isShadowed(_ method: String, _ route: APIOperation, by own: [Entry]) -> Bool {
    own.contains { entry in
      let other = description.operations[entry.operation]
      return (other.host == nil || other.host == route.host)
        && (other.methods.isEmpty || other.methods.contains(method.uppercased()))
    }
  }

  private mutating func identifier(of operation: JSONObject, _ entry: Entry, _ owner: String) -> String {
    guard let own = operation["operationId"]?.string, !own.isEmpty else {
      return identifiers.take(
        OperationNames.identifier(name: owner, path: entry.template.text, method: entry.method ?? ""))
    }
    let identifier = identifiers.take(own, owner: owner)
    // The first route that leads to an operation is the one that links mean.
    if merge.sources[owner]?.walk.operationIDs?[own] == nil {
      merge.sources[owner]?.walk.operationIDs?[own] = identifier
    }
    return identifier
  }
}

/// What the head of an OpenAPI document says.
enum UpstreamDocument {
  /// Nil for other versions than 3.0 and 3.1.
  static func is30(_ document: JSONValue) -> Bool? {
    guard let version = document["openapi"]?.string else { return nil }
    if version == "3.0" || version.hasPrefix("3.0.") { return true }
    return version == "3.1" || version.hasPrefix("3.1.") ? false : nil
  }

  static func wrongVersion(_ document: JSONValue) -> String {
    if let version = document["swagger"]?.string { return "this is Swagger \(version); OpenAPI 3.0 and 3.1 are read" }
    guard document.object != nil else { return "an OpenAPI document is an object, not \(document.typeName)" }
    guard let version = document["openapi"] else { return "`openapi`, the version, is missing" }
    return "OpenAPI 3.0 and 3.1 are read, not `\(version.string ?? version.typeName)`"
  }

  /// The URL of the first server with its variables at their defaults; nil where there is none.
  static func serverURL(_ server: JSONValue?) -> String? {
    guard let server, var url = server["url"]?.string else { return nil }
    for variable in server["variables"]?.object?.members ?? [] {
      guard let value = variable.value["default"]?.string else { continue }
      url = url.split(separator: "{\(variable.name)}", omittingEmptySubsequences: false).joined(separator: value)
    }
    return url
  }

  /// The path of the first server, without a slash at the end: it stands in front of every path.
  static func basePath(_ document: JSONValue) -> String {
    guard let url = serverURL(document["servers"]?.array?.first) else { return "" }
    return path(ofURL: url)
  }

  static func path(ofURL url: String) -> String {
    var rest = url.prefix { $0 != "?" && $0 != "#" }
    if let scheme = rest.firstRange(of: "://") {
      rest = rest[scheme.upperBound...].drop { $0 != "/" }
    } else if rest.hasPrefix("//") {
      rest = rest.dropFirst(2).drop { $0 != "/" }
    }
    while rest.hasSuffix("/") { rest.removeLast() }
    return rest.isEmpty || rest.hasPrefix("/") ? String(rest) : "/" + rest
  }
}
