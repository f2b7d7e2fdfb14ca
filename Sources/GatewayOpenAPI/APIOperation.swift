import GatewayJSON

/// One route.
public struct APIOperation: Sendable {
  /// What answers. It decides which responses are known without being declared.
  public enum Source: Sendable {
    case handler(plugin: String, name: String)
    case proxy(upstream: String)
    case redirect(status: Int)
    /// A fixed response; `example` is its body.
    case respond(status: Int, mediaType: String?, example: JSONValue?)
  }

  /// Empty: any. Then it is shown as one operation, `post` where it has a body, else `get`, and its description says
  /// so.
  public var methods: [String]
  /// A pattern of the gateway: `/books/{id:int}`, `/files/{rest:path}`, `/files/*rest`.
  public var path: String
  /// Nil: any. May begin with `*.`.
  public var host: String?
  public var source: Source
  /// The route's name: takes the handler's place in the derived `operationId` and summary.
  public var name: String?
  /// Used as it is, with `_get` and so on after it where the route has several methods.
  public var operationID: String?
  public var tags: [String] = []
  public var summary: String?
  public var description: String?
  public var externalDocumentation: APILink?
  public var isDeprecated = false
  /// Left out, but still shadows what an upstream's document describes at the same place.
  public var isHidden = false
  public var parameters: [APIParameter] = []
  public var body: APIBody?
  public var responses: [APIResponse] = []
  /// The handler's own status, used where no success is declared.
  public var successStatus: Int?
  /// Alternatives; empty: open to all.
  public var security: [APISecurityRequirement] = []
  /// Where it differs from the description's. Then the entries are all that count.
  public var errors: (shape: APIErrorShape, bodies: [APIErrorBody])?
  /// For proxies: the upstream's own document. Its operations take the place of this one.
  public var upstreamDocument: APIUpstreamDocument?

  public init(methods: [String], path: String, source: Source) {
    self.methods = methods
    self.path = path
    self.source = source
  }

  /// The plugin whose schemas the route's names may mean.
  var plugin: String? {
    if case .handler(let plugin, _) = source { plugin } else { nil }
  }
}

public enum APIParameterPlace: String, Sendable, CaseIterable {
  case path, query, header, cookie
}

public struct APIParameter: Sendable {
  public var place: APIParameterPlace
  /// As it is in the request; for paths the name in the pattern.
  public var name: String
  public var isRequired: Bool
  public var schema: APISchema
  public var style: String?
  public var explode: Bool?
  /// Nil: the schema's.
  public var description: String?
  public var isDeprecated = false
  public var examples: [APIExample] = []
  /// Accepted but not published.
  public var isHidden = false

  public init(_ place: APIParameterPlace, _ name: String, schema: APISchema, isRequired: Bool = false) {
    self.place = place
    self.name = name
    self.schema = schema
    self.isRequired = isRequired
  }
}

public struct APIExample: Sendable {
  public var name: String
  public var summary: String?
  public var description: String?
  public var value: JSONValue

  public init(name: String, summary: String? = nil, description: String? = nil, value: JSONValue) {
    self.name = name
    self.summary = summary
    self.description = description
    self.value = value
  }
}

public struct APIMediaType: Sendable {
  /// Such as `application/json`.
  public var name: String
  /// Nil: any content.
  public var schema: APISchema?
  public var examples: [APIExample] = []
  /// Encoding objects of OpenAPI, by property; for forms.
  public var encoding: JSONObject

  public init(_ name: String, schema: APISchema? = nil, encoding: JSONObject = JSONObject()) {
    self.name = name
    self.schema = schema
    self.encoding = encoding
  }
}

public struct APIBody: Sendable {
  public var content: [APIMediaType]
  public var isRequired: Bool
  public var description: String?
  /// Whether the route itself sets a limit; then 413 is documented.
  public var hasOwnLimit = false

  public init(content: [APIMediaType], isRequired: Bool = true) {
    self.content = content
    self.isRequired = isRequired
  }
}

public struct APIResponse: Sendable {
  public struct Header: Sendable {
    public var name: String
    public var description: String?
    public var schema: APISchema

    public init(_ name: String, schema: APISchema, description: String? = nil) {
      self.name = name
      self.schema = schema
      self.description = description
    }
  }

  /// `200`, `4XX` or `default`.
  public var status: String
  /// Nil: the status' usual phrase.
  public var description: String?
  public var content: [APIMediaType]
  public var headers: [Header] = []

  public init(_ status: Int, description: String? = nil, content: [APIMediaType] = []) {
    self.init("\(status)", description: description, content: content)
  }

  public init(_ status: String, description: String? = nil, content: [APIMediaType] = []) {
    self.status = status
    self.description = description
    self.content = content
  }
}

/// What an upstream says about itself, for the routes that lead to it.
public struct APIUpstreamDocument: Sendable {
  /// For problems, and in front of component names and operation ids that are taken. One name is one document: routes
  /// that lead to the same upstream share its components.
  public var name: String
  /// OpenAPI 3.0 or 3.1, as `OpenAPISource` reads it.
  public var document: JSONValue
  /// The proxy's path template, such as `/v1/{rest}`; nil: the request's path goes on as it came.
  public var path: String?
  /// What the document's paths begin with and the route's do not. Then they are held against the route's own pattern,
  /// and neither `path` nor the document's servers count.
  public var prefix: String?
  /// Otherwise its security is dropped and the route's own stands.
  public var keepsSecurity = false

  public init(name: String, document: JSONValue, path: String? = nil) {
    self.name = name
    self.document = document
    self.path = path
  }
}
