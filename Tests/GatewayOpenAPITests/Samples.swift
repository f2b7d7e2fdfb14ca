import GatewayJSON
import GatewayOpenAPI

enum Samples {
  /// A description with something of everything.
  static var everything: APIDescription {
    var api = APIDescription()
    api.information.title = "Bookshop"
    api.information.version = "1.2.0"
    api.information.summary = "Books"
    api.information.contact = APIContact(name: "Team", url: "https://shop.example", email: "team@shop.example")
    api.information.license = APILicense(name: "Apache 2.0", identifier: "Apache-2.0")
    api.servers = [
      APIServer(
        url: "https://{region}.shop.example", description: "Production",
        variables: [.init(name: "region", defaultValue: "eu", values: ["eu", "us"])])
    ]
    api.tags = [APITag(name: "books", description: "All about books")]
    api.externalDocumentation = APILink(url: "https://shop.example/docs")
    api.securitySchemes = [
      APISecurityScheme(name: "token", value: ["type": "http", "scheme": "bearer", "bearer_format": "JWT"]),
      APISecurityScheme(name: "key", value: ["type": "apiKey", "in": "header", "name": "x-key"]),
    ]
    api.schemas = [
      APINamedSchema(
        "NewBook",
        [
          "type": "object", "required": ["title"], "x-gateway-source": "file",
          "properties": [
            "title": ["type": "string", "minLength": 1], "secret": ["type": "string", "writeOnly": true],
            "tags": ["type": "array", "items": ["type": "string"], "default": []],
          ],
        ]),
      APINamedSchema(
        "Book",
        [
          "allOf": [["$ref": "#/schemas/NewBook"]],
          "properties": ["id": ["type": "integer", "readOnly": true], "author": ["$ref": "#/$defs/Author"]],
          "$defs": ["Author": ["type": "object", "properties": ["books": ["type": "array", "items": ["$ref": "#"]]]]],
        ], plugin: "bookshop"),
      APINamedSchema("Book", ["type": "string"], plugin: "other"),
      APINamedSchema("Unused", ["type": "null"], plugin: "other"),
    ]
    var list = APIOperation(
      methods: ["GET"], path: "/books", source: .handler(plugin: "bookshop", name: "listBooks"))
    list.tags = ["books"]
    var limit = APIParameter(.query, "limit", schema: APISchema(["type": "integer", "maximum": 100]))
    limit.examples = [APIExample(name: "few", summary: "Few", value: 3)]
    var filter = APIParameter(.query, "filter", schema: APISchema(["type": "object"]))
    filter.style = "deepObject"
    filter.explode = true
    list.parameters = [limit, filter, APIParameter(.cookie, "session", schema: APISchema(["type": "string"]))]
    list.responses = [
      APIResponse(
        200,
        content: [APIMediaType("application/json", schema: APISchema(["type": "array", "items": ["$ref": "Book"]]))])
    ]
    var create = APIOperation(
      methods: ["POST"], path: "/books", source: .handler(plugin: "bookshop", name: "createBook"))
    create.body = APIBody(content: [
      APIMediaType("application/json", schema: .named("NewBook")),
      APIMediaType(
        "multipart/form-data",
        schema: APISchema([
          "type": "object",
          "properties": ["cover": ["type": "string", "contentMediaType": "application/octet-stream"]],
        ]), encoding: JSONObject([("cover", .object(JSONObject([("contentType", "image/png")])))])),
    ])
    create.security = [APISecurityRequirement([.init("token")]), APISecurityRequirement([.init("key")])]
    create.successStatus = 201
    var other = APIOperation(
      methods: ["DELETE"], path: "/books/{id:int}", source: .handler(plugin: "other", name: "remove"))
    other.isDeprecated = true
    other.host = "*.shop.example"
    var response = APIResponse(204)
    response.headers = [.init("x-left", schema: APISchema(["type": "integer"]), description: "How many are left")]
    other.responses = [response, APIResponse(404, content: [APIMediaType("application/json", schema: .named("Book"))])]
    api.operations = [
      list, create, other,
      APIOperation(methods: [], path: "/stock/{rest:path}", source: .proxy(upstream: "stock")),
      APIOperation(methods: ["GET"], path: "/old/{page}", source: .redirect(status: 308)),
      APIOperation(
        methods: ["GET"], path: "/healthz",
        source: .respond(status: 200, mediaType: "application/json", example: ["status": "ok"])),
    ]
    return api
  }
}
