import GatewayJSON

/// Everything that is published about an API, as plain values in the order of the configuration: what `OpenAPIDocument`
/// is made from.
public struct APIDescription: Sendable {
  public var information = APIInformation()
  public var servers: [APIServer] = []
  /// In the order in which they are shown. Tags that only operations name need no entry.
  public var tags: [APITag] = []
  public var externalDocumentation: APILink?
  public var securitySchemes: [APISecurityScheme] = []
  public var errors = APIErrorShape.detail
  /// Errors with a body of their own; the closest entry counts, of equals the first.
  public var errorBodies: [APIErrorBody] = []
  /// Those of the file first, then plugin by plugin: who comes first keeps the plain name.
  public var schemas: [APINamedSchema] = []
  public var operations: [APIOperation] = []

  public init() {}
}

public struct APIInformation: Sendable {
  public var title = "Gateway"
  public var version = "0.1.0"
  public var summary: String?
  public var description: String?
  public var termsOfService: String?
  public var contact: APIContact?
  public var license: APILicense?

  public init() {}
}

public struct APIContact: Sendable {
  public var name: String?
  public var url: String?
  public var email: String?

  public init(name: String? = nil, url: String? = nil, email: String? = nil) {
    self.name = name
    self.url = url
    self.email = email
  }
}

/// `identifier` (SPDX) and `url` exclude each other.
public struct APILicense: Sendable {
  public var name: String
  public var identifier: String?
  public var url: String?

  public init(name: String, identifier: String? = nil, url: String? = nil) {
    self.name = name
    self.identifier = identifier
    self.url = url
  }
}

public struct APIServer: Sendable {
  public struct Variable: Sendable {
    public var name: String
    public var defaultValue: String
    public var values: [String]
    public var description: String?

    public init(name: String, defaultValue: String, values: [String] = [], description: String? = nil) {
      self.name = name
      self.defaultValue = defaultValue
      self.values = values
      self.description = description
    }
  }

  /// May be relative to the document, and may hold `{variable}`.
  public var url: String
  public var description: String?
  public var variables: [Variable]

  public init(url: String, description: String? = nil, variables: [Variable] = []) {
    self.url = url
    self.description = description
    self.variables = variables
  }
}

public struct APITag: Sendable {
  public var name: String
  public var description: String?
  public var externalDocumentation: APILink?

  public init(name: String, description: String? = nil, externalDocumentation: APILink? = nil) {
    self.name = name
    self.description = description
    self.externalDocumentation = externalDocumentation
  }
}

public struct APILink: Sendable {
  public var url: String
  public var description: String?

  public init(url: String, description: String? = nil) {
    self.url = url
    self.description = description
  }
}

/// A security scheme object. Members may be spelt as in OpenAPI (`bearerFormat`) or as in `gateway.yaml`
/// (`bearer_format`).
public struct APISecurityScheme: Sendable {
  public var name: String
  public var value: JSONValue

  public init(name: String, value: JSONValue) {
    self.name = name
    self.value = value
  }
}

/// One way to be let in: all of these schemes together. None at all means that no credentials are needed either.
public struct APISecurityRequirement: Sendable {
  public struct Scheme: Sendable {
    public var name: String
    public var scopes: [String]

    public init(_ name: String, scopes: [String] = []) {
      self.name = name
      self.scopes = scopes
    }
  }

  public var schemes: [Scheme]

  public init(_ schemes: [Scheme]) { self.schemes = schemes }
}

/// What errors made by the gateway look like.
public enum APIErrorShape: Sendable {
  /// FastAPI's `{"detail": …}`.
  case detail
  /// RFC 9457, `application/problem+json`.
  case problem
}

/// A schema that has a name. Two plugins may use one name for different schemas.
public struct APINamedSchema: Sendable {
  /// Who declares it; nil: the file.
  public var plugin: String?
  public var name: String
  public var value: JSONValue

  public init(_ name: String, _ value: JSONValue, plugin: String? = nil) {
    self.plugin = plugin
    self.name = name
    self.value = value
  }
}

/// A schema where it is used. `$ref` in it may name schemas as `#/schemas/Book`, `#/components/schemas/Book`, `Book`,
/// or
/// `plugin.Book`; a name is looked for where it was written first: `plugin`'s own before the file's, and from the file
/// the other way round.
public struct APISchema: Sendable {
  public var value: JSONValue
  /// Whose text it is; nil: the file's.
  public var plugin: String?

  public init(_ value: JSONValue, plugin: String? = nil) {
    self.value = value
    self.plugin = plugin
  }

  public static func named(_ name: String, plugin: String? = nil) -> APISchema {
    APISchema(.object(JSONObject([("$ref", .string("#/schemas/" + Pointer.escape(name)))])), plugin: plugin)
  }
}
