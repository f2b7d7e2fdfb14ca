import GatewayJSON
import GatewayOpenAPI

/// Descriptions that configuration and plugins could give, mistakes included.
enum RandomDescription {
  static let names = [
    "Book", "Author", "a b", "é", "Book.x", "ValidationError", "HTTPError", "$ref", "id", "x-gateway-a",
  ]
  static let plugins = ["bookshop", "other", "x.y"]
  static let paths = [
    "/", "/books", "/books/{id}", "/books/{book_id:int}", "/books/{id}/", "/files/{rest:path}", "/files/*rest",
    "/{a}-{b}",
    "/{a}/{b}", "/x/{id:uuid}", "/ü/{id:float}", "/a%20b", "/x{id}", "/books/{id}/pages/{page:int}",
  ]
  static let texts = ["", "a", "Text\nof two lines", "\u{C}hidden", "\"quoted\" \\ \u{1}", "日本"]

  static func make(_ random: inout Seeded) -> APIDescription {
    var api = APIDescription()
    api.information.title = random.pick(texts)
    api.information.license = random.flip() ? APILicense(name: "x", identifier: "MIT", url: "https://x.example") : nil
    api.errors = random.flip() ? .detail : .problem
    api.tags = (0..<random.next(3)).map { _ in APITag(name: random.pick(names), description: random.pick(texts)) }
    api.servers = random.flip() ? [APIServer(url: "/api")] : []
    api.securitySchemes = [
      APISecurityScheme(name: "token", value: ["type": "http", "scheme": "bearer", "bearer_format": "JWT"]),
      APISecurityScheme(
        name: "key", value: ["type": "apiKey", "in": random.flip() ? "header" : "nowhere", "name": "x"]),
      APISecurityScheme(name: "bad name", value: ["type": "mutualTLS"]),
      APISecurityScheme(
        name: "login", value: ["type": "oauth2", "flows": ["password": ["token_url": "/t", "scopes": ["a": "A"]]]]),
    ]
    api.schemas = (0..<random.next(6)).map { _ in
      APINamedSchema(
        random.pick(names), schema(&random, depth: 0), plugin: random.flip() ? nil : random.pick(plugins))
    }
    api.operations = (0..<random.next(8)).map { _ in operation(&random) }
    return api
  }

  private static func operation(_ random: inout Seeded) -> APIOperation {
    let methods = (0..<random.next(3)).map { _ in
      random.pick(["GET", "POST", "PUT", "PURGE", "HEAD", "TRACE", "OPTIONS"])
    }
    let source: APIOperation.Source =
      switch random.next(6) {
      case 0: .proxy(upstream: random.pick(names))
      case 1: .redirect(status: random.pick([301, 307, 308]))
      case 2: .respond(status: random.pick([200, 404]), mediaType: random.flip() ? "text/plain" : nil, example: "x")
      default: .handler(plugin: random.pick(plugins), name: random.pick(names))
      }
    var operation = APIOperation(
      methods: methods.enumerated().filter { methods.firstIndex(of: $0.element) == $0.offset }.map(\.element),
      path: random.pick(paths), source: source)
    operation.host = random.next(4) == 0 ? random.pick(["a.example", "*.example", "b.test"]) : nil
    operation.operationID = random.next(4) == 0 ? random.pick(["one", "two"]) : nil
    operation.name = random.next(3) == 0 ? random.pick(names) : nil
    operation.summary = random.flip() ? random.pick(texts) : nil
    operation.description = random.flip() ? random.pick(texts) : nil
    operation.isDeprecated = random.flip()
    operation.isHidden = random.next(5) == 0
    operation.tags = (0..<random.next(3)).map { _ in random.pick(names) }
    operation.parameters = (0..<random.next(5)).map { _ in parameter(&random) }
    if random.flip() {
      operation.body = APIBody(content: content(&random), isRequired: random.flip())
      operation.body?.hasOwnLimit = random.flip()
    }
    operation.responses = (0..<random.next(3)).map { _ in
      var response = APIResponse(
        random.pick(["200", "201", "404", "4XX", "default", "999", "2xx"]),
        description: random.flip() ? random.pick(texts) : nil, content: content(&random))
      response.headers = (0..<random.next(2)).map { _ in
        .init(random.pick(["x-a", "Content-Type"]), schema: use(&random))
      }
      return response
    }
    operation.security = (0..<random.next(3)).map { _ in
      APISecurityRequirement(
        (0..<random.next(3)).map { _ in
          .init(random.pick(["token", "key", "login", "nobody"]), scopes: random.flip() ? ["a"] : [])
        })
    }
    return operation
  }

  private static func parameter(_ random: inout Seeded) -> APIParameter {
    var parameter = APIParameter(
      random.pick(APIParameterPlace.allCases), random.pick(["id", "a", "book_id", "x-y", "limit"]),
      schema: use(&random),
      isRequired: random.flip())
    parameter.style = random.flip() ? random.pick(["form", "simple", "deepObject", "matrix", "none"]) : nil
    parameter.explode = random.flip() ? random.flip() : nil
    parameter.isDeprecated = random.flip()
    parameter.isHidden = random.next(6) == 0
    if random.flip() { parameter.examples = [APIExample(name: "one", summary: random.pick(texts), value: 1)] }
    return parameter
  }

  private static func content(_ random: inout Seeded) -> [APIMediaType] {
    (0..<random.next(3)).map { _ in
      APIMediaType(
        random.pick(["application/json", "text/plain", "*/*", "multipart/form-data"]),
        schema: random.flip() ? use(&random) : nil,
        encoding: random.flip()
          ? JSONObject([("file", .object(JSONObject([("contentType", "image/png"), ("nonsense", 1)])))]) : JSONObject())
    }
  }

  private static func use(_ random: inout Seeded) -> APISchema {
    random.flip()
      ? .named(random.pick(names), plugin: random.flip() ? random.pick(plugins) : nil)
      : APISchema(schema(&random, depth: 1), plugin: random.flip() ? random.pick(plugins) : nil)
  }

  private static func schema(_ random: inout Seeded, depth: Int) -> JSONValue {
    if random.next(12) == 0 { return .bool(random.flip()) }
    var object = JSONObject()
    if random.flip() { object["type"] = .string(random.pick(["string", "integer", "object", "array"])) }
    if random.flip() { object["description"] = .string(random.pick(texts)) }
    if random.next(3) == 0 { object["examples"] = [.single(random.pick(names), ["$ref": "#/nowhere"])] }
    if random.next(3) == 0 { object["x-gateway-secret"] = true }
    if random.next(6) == 0 { object["$anchor"] = "here" }
    // Not at the root: a schema that is nothing but itself means nothing, and the outside validator never ends on it.
    if depth > 1, random.next(3) == 0 {
      object["$ref"] = .string(
        random.pick([
          "#/schemas/Book", "Author", "#", "#/$defs/Author", "#here", "#/properties/id", "bookshop.Book", "other.json",
          "#/$defs/Author/items",
        ]))
    }
    if random.next(8) == 0 {
      object["discriminator"] = ["propertyName": "kind", "mapping": ["a": "#/schemas/Book", "b": "Author"]]
    }
    guard depth < 4 else { return .object(object) }
    if random.flip() {
      object["properties"] = .object(
        JSONObject((0..<random.next(4)).map { _ in (random.pick(names), schema(&random, depth: depth + 1)) }))
    }
    if random.next(3) == 0 { object["items"] = schema(&random, depth: depth + 1) }
    if random.next(4) == 0 {
      object["anyOf"] = [["type": "null"], .single("items", schema(&random, depth: depth + 1))]
    }
    if random.next(4) == 0 {
      object["$defs"] = .object(JSONObject([("Author", schema(&random, depth: depth + 1))]))
    }
    return .object(object)
  }
}

extension JSONValue {
  static func single(_ name: String, _ value: JSONValue) -> JSONValue { .object(JSONObject([(name, value)])) }
}
