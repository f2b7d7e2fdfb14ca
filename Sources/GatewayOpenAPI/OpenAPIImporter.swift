import GatewayJSON

/// Writes a `gateway.yaml` that serves the API an OpenAPI document describes.
public enum OpenAPIImporter {
  public struct Options: Sendable {
    /// Routes call `plugin.operationId`; nil: they are proxied to the document's first server.
    public var plugin: String?
    /// The name of the upstream.
    public var upstream = "api"
    /// Where the document was read from, for the comment at the top; nil: not said.
    public var source: String?

    public init(plugin: String? = nil, source: String? = nil) {
      self.plugin = plugin
      self.source = source
    }
  }

  public struct Result: Sendable {
    /// Also where there are problems; empty only where the document is none.
    public var yaml: String
    public var problems: [OpenAPIProblem]
  }

  /// - Parameter document: OpenAPI 3.0 or 3.1, as `OpenAPISource.parse` reads it.
  ///
  /// What cannot be carried over is a problem and, where it belongs to a route, a comment above it. Patterns,
  /// parameters,
  /// bodies, responses, tags, ids, security and schemas come over; callbacks, webhooks, links, examples of bodies and
  /// external documentation of operations do not.
  public static func routes(from document: JSONValue, options: Options = Options()) -> Result {
    guard let is30 = UpstreamDocument.is30(document) else {
      return Result(yaml: "", problems: [OpenAPIProblem("/openapi", UpstreamDocument.wrongVersion(document))])
    }
    var importer = Importer(document, is30: is30, options: options)
    return importer.run()
  }
}

/// One import.
struct Importer {
  let document: JSONValue
  let options: OpenAPIImporter.Options
  var walk: DocumentWalk
  var problems: [OpenAPIProblem] = []
  /// What could not be carried over of the route at hand.
  var remarks: [String] = []
  var handlers = ComponentNames()
  /// Method and shape of a path → the pointer of the first operation there.
  var places: [String: String] = [:]
  var identifiers: Set<String> = []
  /// Security schemes of the document → their names in the file.
  var schemeNames: [String: String] = [:]

  init(_ document: JSONValue, is30: Bool, options: OpenAPIImporter.Options) {
    self.document = document
    self.options = options
    walk = DocumentWalk(document: document, name: nil, is30: is30)
    walk.schemaPrefix = "#/schemas/"
    for kind in ComponentKind.allCases {
      var names = ComponentNames()
      for member in document["components"]?[kind.rawValue]?.object?.members ?? [] {
        walk.targets[kind, default: [:]][member.name] =
          kind == .schemas ? names.take(ConfigurationText.name(member.name)) : member.name
      }
    }
  }

  mutating func run() -> OpenAPIImporter.Result {
    var file: [(key: String, value: YAMLTree)] = [("version", YAMLTree(1))]
    let title = document["info"]?["title"]?.string ?? "an API"
    let schemes = securitySchemes()
    let routes = routes()
    let schemas = schemas()
    file.append(("openapi", openapi(schemes)))
    if let plugin = options.plugin {
      var plugins = YAMLTree(["library": .string(plugin)])
      plugins.comments = ["The library's name is a guess."]
      file.append(("plugins", YAMLTree(.mapping([(plugin, plugins)]))))
    } else {
      file.append(("upstreams", upstreams()))
    }
    if !schemas.isEmpty {
      var tree = YAMLTree(.mapping(schemas))
      tree.isBlock = true
      file.append(("schemas", tree))
    }
    var list = YAMLTree(.sequence(routes))
    list.isSpaced = true
    list.isBlock = true
    file.append(("routes", list))
    if document["webhooks"]?.object?.isEmpty == false {
      problem("/webhooks", "webhooks are requests the API makes itself; they are not carried over", severity: .note)
    }
    let head = "\(title), from \(options.source ?? "an OpenAPI document")."
    var tree = YAMLTree(.mapping(file), comments: [head])
    tree.isSpaced = true
    tree.isBlock = true
    return OpenAPIImporter.Result(yaml: YAMLWriter.text(tree), problems: problems + walk.problems)
  }

  mutating func problem(_ pointer: String, _ message: String, severity: OpenAPIProblem.Severity = .error) {
    problems.append(OpenAPIProblem(pointer, message, severity: severity))
  }

  /// A note that also stands above the route.
  mutating func remark(_ pointer: String, _ message: String) {
    problem(pointer, message, severity: .note)
    remarks.append(message)
  }

  // MARK: Sections

  private func openapi(_ schemes: JSONObject) -> YAMLTree {
    var result = JSONObject()
    let info = document["info"]
    for (theirs, ours) in [
      ("title", "title"), ("version", "version"), ("summary", "summary"), ("description", "description"),
      ("termsOfService", "terms_of_service"),
    ] {
      if let text = info?[theirs]?.string, !text.isEmpty { result[ours] = ConfigurationText.escaped(.string(text)) }
    }
    for (name, members) in [("contact", ["name", "url", "email"]), ("license", ["name", "identifier", "url"])] {
      let values = members.compactMap { member -> (String, JSONValue)? in
        guard let text = info?[name]?[member]?.string, !text.isEmpty else { return nil }
        return (member, .string(text))
      }
      if !values.isEmpty { result[name] = ConfigurationText.escaped(.object(JSONObject(values))) }
    }
    var tagNames: Set<String> = []
    let tags = (document["tags"]?.array ?? []).compactMap { tag -> JSONValue? in
      guard let name = tag["name"]?.string, !name.isEmpty, tagNames.insert(name).inserted else { return nil }
      var value = JSONObject([("name", .string(name))])
      if let text = tag["description"]?.string, !text.isEmpty { value["description"] = .string(text) }
      return ConfigurationText.escaped(.object(value))
    }
    if !tags.isEmpty { result["tags"] = .array(tags) }
    if !schemes.isEmpty { result["security_schemes"] = ConfigurationText.escaped(.object(schemes)) }
    if let url = document["externalDocs"]?["url"]?.string, !url.isEmpty {
      var link = JSONObject([("url", .string(url))])
      if let text = document["externalDocs"]?["description"]?.string, !text.isEmpty {
        link["description"] = .string(text)
      }
      result["external_docs"] = ConfigurationText.escaped(.object(link))
    }
    var tree = YAMLTree(.object(result))
    tree.isBlock = true
    return tree
  }

  private mutating func securitySchemes() -> JSONObject {
    var result = JSONObject()
    var names = ComponentNames()
    for member in document["components"]?["securitySchemes"]?.object?.members ?? [] {
      let pointer = Pointer.appending(member.name, to: "/components/securitySchemes")
      guard let scheme = SecuritySchemes.normalized(member.value, at: pointer, &problems) else { continue }
      let name = names.take(ConfigurationText.name(member.name))
      schemeNames[member.name] = name
      result[name] = ConfigurationText.withFileNames(scheme)
    }
    return result
  }

  private mutating func upstreams() -> YAMLTree {
    let servers = document["servers"]?.array ?? []
    let url = UpstreamDocument.serverURL(servers.first)
    var comments: [String] = []
    var target = "http://127.0.0.1:8081"
    if let url, let address = ConfigurationText.address(ofURL: url) {
      target = "http://" + address.authority
      if address.isTLS {
        let message = "the server is \(url); TLS to upstreams has to be set up by hand"
        problem("/servers/0/url", message, severity: .note)
        comments.append(message)
      }
    } else {
      let message = "the document names no server with a host; set the address of the upstream"
      problem("/servers", message, severity: .note)
      comments.append(message)
    }
    for (index, server) in servers.enumerated().dropFirst() {
      let message = "another server: \(server["url"]?.string ?? "")"
      problem("/servers/\(index)", "only the first server becomes the upstream", severity: .note)
      comments.append(message)
    }
    let tree = YAMLTree(["targets": [.string(target)]], comments: comments)
    return YAMLTree(.mapping([(options.upstream, tree)]))
  }

  private mutating func schemas() -> [(key: String, value: YAMLTree)] {
    (document["components"]?["schemas"]?.object?.members ?? []).map { member in
      let pointer = Pointer.appending(member.name, to: "/components/schemas")
      let schema = walk.schema(member.value, at: pointer) ?? true
      let name = walk.targets[.schemas]?[member.name] ?? member.name
      var comments: [String] = []
      if name != member.name {
        comments.append("called `\(member.name)` in the document")
        problem(pointer, "the schema becomes `\(name)`; names have letters, digits, `_` and `-`", severity: .note)
      }
      return (name, YAMLTree(ConfigurationText.escaped(ConfigurationText.mapping(schema)), comments: comments))
    }
  }

  private mutating func routes() -> [YAMLTree] {
    var routes: [YAMLTree] = []
    guard let paths = document["paths"]?.object else {
      if document["paths"] != nil { problem("/paths", "`paths` is an object") }
      return []
    }
    for path in paths.members where !path.name.hasPrefix("x-") {
      var pointer = Pointer.appending(path.name, to: "/paths")
      var item = path.value
      if let reference = item["$ref"]?.string {
        guard reference.hasPrefix("#"), let fragment = Pointer.fragment(reference.dropFirst()),
          let target = Pointer.resolve(Pointer.tokens(fragment), in: document)
        else {
          problem(pointer + "/$ref", "`\(reference)` leads nowhere in this file")
          continue
        }
        (item, pointer) = (target, fragment)
      }
      guard let members = item.object?.members else {
        problem(pointer, "a path item is an object, not \(item.typeName)")
        continue
      }
      for member in members where DocumentBuilder.methods.contains(member.name) {
        remarks = []
        if let route = route(member.name, path.name, item, member.value, at: "\(pointer)/\(member.name)") {
          routes.append(route)
        }
      }
    }
    return routes
  }
}
