/// `openapi:`: what the document says beside the routes, and where it is served. Without this part of the file nothing
/// is served.
public struct OpenAPISettings: Sendable, Locatable {
  public var location = Location.none
  /// Where the document is served: a path without parameters; nil: nowhere.
  public var path: Located<String>? = "/openapi.json"
  /// Where the page for people is served: a path without parameters; nil: nowhere.
  public var docs: Located<String>? = "/docs"
  /// Policies of the two paths: who may see them. They run after `GatewayFile.use`.
  public var use: [PolicyUse] = []
  /// Dependencies that run before the two paths answer, behind `GatewayFile.guards`.
  public var guards: [RouteGuard] = []
  /// The host that the two paths are bound to; nil: any. May begin with `*.`.
  public var host: Located<String>?
  public var title = "Gateway"
  public var version = "0.1.0"
  public var summary: String?
  /// CommonMark, as descriptions elsewhere.
  public var description: String?
  public var termsOfService: String?
  public var contact: OpenAPIContact?
  public var license: OpenAPILicense?
  public var servers: [OpenAPIServer] = []
  public var tags: [OpenAPITag] = []
  public var externalDocs: OpenAPIExternalDocs?
  public var securitySchemes: [SecurityScheme] = []

  public init() {}
}

public struct OpenAPIContact: Sendable, Equatable {
  public var name: String?
  public var url: String?
  public var email: String?

  public init() {}
}

public struct OpenAPILicense: Sendable, Equatable {
  public var name = ""
  /// An SPDX expression. Never beside `url`.
  public var identifier: String?
  public var url: String?

  public init() {}
}

public struct OpenAPIServer: Sendable, Equatable {
  /// Absolute, or a path on the host that serves the document.
  public var url: Located<String> = ""
  public var description: String?

  public init() {}
}

public struct OpenAPITag: Sendable, Equatable {
  public var name: Located<String> = ""
  public var description: String?

  public init() {}
}

public struct OpenAPIExternalDocs: Sendable, Equatable {
  public var url = ""
  public var description: String?

  public init() {}
}

/// An entry of `openapi.security_schemes`: how clients prove who they are, as the document tells it. It checks nothing.
public struct SecurityScheme: NamedEntry {
  public var name: Located<String> = ""
  public var kind = Kind.mutualTLS
  public var description: String?

  public init() {}

  public enum Kind: Sendable, Equatable {
    /// `scheme` is a name of the HTTP authentication scheme registry such as `basic`, in lower case.
    case http(scheme: String, bearerFormat: String?)
    case apiKey(in: APIKeyPlace, name: String)
    /// At least one flow.
    case oauth2([OAuthFlow])
    case openIDConnect(url: String)
    case mutualTLS
  }
}

public enum APIKeyPlace: String, Sendable, CaseIterable {
  case query, header, cookie
}

public struct OAuthFlow: Sendable, Equatable {
  public var kind: OAuthFlowKind
  /// Given for `implicit` and `authorizationCode`.
  public var authorizationURL: String?
  /// Given for all but `implicit`.
  public var tokenURL: String?
  public var refreshURL: String?
  public var scopes: [OAuthScope] = []

  public init(kind: OAuthFlowKind) {
    self.kind = kind
  }
}

/// The raw value is what the file writes; `documentName` is OpenAPI's.
public enum OAuthFlowKind: String, Sendable, CaseIterable {
  case implicit
  case password
  case clientCredentials = "client_credentials"
  case authorizationCode = "authorization_code"

  public var documentName: String {
    switch self {
    case .implicit: "implicit"
    case .password: "password"
    case .clientCredentials: "clientCredentials"
    case .authorizationCode: "authorizationCode"
    }
  }
}

public struct OAuthScope: Sendable, Equatable {
  public var name: Located<String>
  public var description: String

  public init(name: Located<String>, description: String) {
    self.name = name
    self.description = description
  }
}

/// Schemes that together let a client in. None: nobody is asked.
public struct SecurityRequirement: Sendable, Equatable {
  public var schemes: [Scheme] = []

  public init() {}

  public struct Scheme: Sendable, Equatable {
    /// A name of `openapi.security_schemes`.
    public var name: Located<String>
    public var scopes: [Located<String>]

    public init(name: Located<String>, scopes: [Located<String>]) {
      self.name = name
      self.scopes = scopes
    }
  }
}

/// `openapi:` of a proxied route: the document of what stands behind it.
public struct UpstreamDocument: Sendable, Equatable, Locatable {
  public var location = Location.none
  /// A readable file, JSON or YAML.
  public var file: Located<String> = ""
  /// What upstream paths begin with and the gateway's do not; nil: nothing is stripped.
  public var prefix: Located<String>?

  public init() {}
}
