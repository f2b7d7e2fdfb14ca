/// How clients say who they are: finds the credentials in a request, and describes itself in the OpenAPI document.
///
/// It verifies nothing: that a token is good, or a password right, is for the provider that gets the credentials.
///
/// Made by `.httpBearer()`, `.httpBasic()`, `.httpDigest()`, `.oauth2Password(…)`, `.oauth2AuthorizationCode(…)`, `.oauth2(…)`,
/// `.openIDConnect(…)` and `.apiKey(…)`. Without credentials the answer is 401 `{"detail": "Not authenticated"}` with the
/// scheme's `www-authenticate`.
public struct SecurityScheme<Credentials: Sendable>: Sendable {
  /// Under `components.securitySchemes` of the document.
  public let name: String
  /// A security scheme object of OpenAPI 3.1.
  let document: String
  /// What `www-authenticate` of a 401 says.
  let challenge: String
  /// What is read as a parameter, where it is no `authorization`.
  let parameter: (name: String, place: ParameterPlace)?
  /// Nil where there are none. Throws where they cannot be used.
  let read: @Sendable (borrowing Request) throws -> Credentials?

  init(
    _ name: String, _ document: [(String, String)], description: String?, challenge: String,
    parameter: (name: String, place: ParameterPlace)? = nil,
    read: @escaping @Sendable (borrowing Request) throws -> Credentials?
  ) {
    self.name = name
    var members = document
    if let description { members.append(("description", JSONWriter.text(description))) }
    self.document = members.asJSONObject
    self.challenge = challenge
    self.parameter = parameter
    self.read = read
  }

  /// The credentials of a request. Throws the 401 where there are none.
  func require(_ request: borrowing Request) throws -> Credentials {
    guard let credentials = try read(request) else { throw HTTPError.notAuthenticated(challenge: challenge) }
    return credentials
  }
}

extension SecurityScheme where Credentials == HTTPCredentials {
  /// `authorization: Bearer …` (RFC 6750).
  ///
  /// - Parameters:
  ///   - name: in the OpenAPI document.
  ///   - bearerFormat: a hint for readers of the document, such as `JWT`.
  public static func httpBearer(
    name: String = "HTTPBearer", bearerFormat: String? = nil, description: String? = nil
  ) -> SecurityScheme {
    var members = [("type", "\"http\""), ("scheme", "\"bearer\"")]
    if let bearerFormat { members.append(("bearerFormat", JSONWriter.text(bearerFormat))) }
    return SecurityScheme(name, members, description: description, challenge: "Bearer") {
      Authorization($0)?.credentials(of: "bearer")
    }
  }

  /// `authorization: Digest …` (RFC 7616). Only the scheme's name is looked at: the rest is the provider's.
  public static func httpDigest(name: String = "HTTPDigest", description: String? = nil) -> SecurityScheme {
    SecurityScheme(
      name, [("type", "\"http\""), ("scheme", "\"digest\"")], description: description, challenge: "Digest"
    ) { Authorization($0)?.credentials(of: "digest") }
  }
}

extension SecurityScheme where Credentials == BasicCredentials {
  /// `authorization: Basic …` (RFC 7617). Credentials that cannot be decoded are a 401, also where they are optional.
  ///
  /// - Parameter realm: what browsers show; without quotes and control characters.
  public static func httpBasic(
    name: String = "HTTPBasic", realm: String? = nil, description: String? = nil
  ) -> SecurityScheme {
    let challenge = realm.map { "Basic realm=\"\($0)\"" } ?? "Basic"
    return SecurityScheme(
      name, [("type", "\"http\""), ("scheme", "\"basic\"")], description: description, challenge: challenge
    ) { request in
      guard let authorization = Authorization(request), authorization.isScheme("basic") else { return nil }
      guard let credentials = BasicCredentials(base64: authorization.parameter) else {
        throw HTTPError.notAuthenticated(challenge: challenge)
      }
      return credentials
    }
  }
}

extension SecurityScheme where Credentials == String {
  /// A bearer token that clients get for a user's name and password (RFC 6749 §4.3). Gives the token.
  ///
  /// - Parameters:
  ///   - tokenURL: where they get it, in the document; relative to it.
  ///   - scopes: name → what it allows.
  public static func oauth2Password(
    name: String = "OAuth2PasswordBearer", tokenURL: String, refreshURL: String? = nil, scopes: [(String, String)] = [],
    description: String? = nil
  ) -> SecurityScheme {
    let flow = OAuth2Flow.password(tokenURL: tokenURL, refreshURL: refreshURL, scopes: scopes)
    return bearer(name, [flow], description)
  }

  /// A bearer token that clients get by way of a page where the user agrees (RFC 6749 §4.1). Gives the token.
  public static func oauth2AuthorizationCode(
    name: String = "OAuth2AuthorizationCodeBearer", authorizationURL: String, tokenURL: String, refreshURL: String? = nil,
    scopes: [(String, String)] = [], description: String? = nil
  ) -> SecurityScheme {
    let flow = OAuth2Flow.authorizationCode(
      authorizationURL: authorizationURL, tokenURL: tokenURL, refreshURL: refreshURL, scopes: scopes)
    return bearer(name, [flow], description)
  }

  private static func bearer(_ name: String, _ flows: [OAuth2Flow], _ description: String?) -> SecurityScheme {
    SecurityScheme(name, OAuth2Flow.scheme(flows), description: description, challenge: "Bearer") {
      Authorization($0)?.credentials(of: "bearer")?.credentials
    }
  }

  /// Any flows of OAuth 2. Gives the whole value of `authorization`, whatever its scheme.
  public static func oauth2(
    name: String = "OAuth2", flows: [OAuth2Flow], description: String? = nil
  ) -> SecurityScheme {
    SecurityScheme(name, OAuth2Flow.scheme(flows), description: description, challenge: "Bearer") {
      Authorization($0)?.value
    }
  }

  /// OpenID Connect. Gives the whole value of `authorization`, whatever its scheme.
  ///
  /// - Parameter url: of the discovery document.
  public static func openIDConnect(
    name: String = "OpenIdConnect", url: String, description: String? = nil
  ) -> SecurityScheme {
    SecurityScheme(
      name, [("type", "\"openIdConnect\""), ("openIdConnectUrl", JSONWriter.text(url))], description: description,
      challenge: "Bearer"
    ) { Authorization($0)?.value }
  }

  /// A key in a header field, the query or a cookie. Gives the key; an empty one is none.
  ///
  /// - Parameters:
  ///   - parameter: its name in the request; of header fields in small letters.
  ///   - place: not the path.
  ///   - name: in the OpenAPI document; `APIKeyHeader` and so on where nil.
  public static func apiKey(
    _ parameter: String, in place: ParameterPlace, name: String? = nil, description: String? = nil
  ) -> SecurityScheme {
    let own = place == .header ? "APIKeyHeader" : place == .query ? "APIKeyQuery" : "APIKeyCookie"
    return SecurityScheme(
      name ?? own,
      [("type", "\"apiKey\""), ("in", "\"\(place.rawValue)\""), ("name", JSONWriter.text(parameter))],
      description: description, challenge: "APIKey", parameter: (parameter, place)
    ) { request in
      let key = request.text(parameter, in: place)
      return key?.isEmpty == false ? key : nil
    }
  }
}

/// One way in which clients get a token, for the OpenAPI document.
public struct OAuth2Flow: Sendable {
  let name: String
  let document: String

  private init(_ name: String, _ urls: [(String, String?)], _ scopes: [(String, String)]) {
    self.name = name
    var members = urls.compactMap { url in url.1.map { (url.0, JSONWriter.text($0)) } }
    members.append(("scopes", scopes.map { ($0.0, JSONWriter.text($0.1)) }.asJSONObject))
    document = members.asJSONObject
  }

  /// RFC 6749 §4.2.
  public static func implicit(
    authorizationURL: String, refreshURL: String? = nil, scopes: [(String, String)] = []
  ) -> OAuth2Flow {
    OAuth2Flow("implicit", [("authorizationUrl", authorizationURL), ("refreshUrl", refreshURL)], scopes)
  }

  /// RFC 6749 §4.3.
  public static func password(
    tokenURL: String, refreshURL: String? = nil, scopes: [(String, String)] = []
  ) -> OAuth2Flow {
    OAuth2Flow("password", [("tokenUrl", tokenURL), ("refreshUrl", refreshURL)], scopes)
  }

  /// RFC 6749 §4.4.
  public static func clientCredentials(
    tokenURL: String, refreshURL: String? = nil, scopes: [(String, String)] = []
  ) -> OAuth2Flow {
    OAuth2Flow("clientCredentials", [("tokenUrl", tokenURL), ("refreshUrl", refreshURL)], scopes)
  }

  /// RFC 6749 §4.1.
  public static func authorizationCode(
    authorizationURL: String, tokenURL: String, refreshURL: String? = nil, scopes: [(String, String)] = []
  ) -> OAuth2Flow {
    OAuth2Flow(
      "authorizationCode",
      [("authorizationUrl", authorizationURL), ("tokenUrl", tokenURL), ("refreshUrl", refreshURL)], scopes)
  }

  static func scheme(_ flows: [OAuth2Flow]) -> [(String, String)] {
    [("type", "\"oauth2\""), ("flows", flows.map { ($0.name, $0.document) }.asJSONObject)]
  }
}

extension Array where Element == (String, String) {
  /// Names with JSON texts.
  var asJSONObject: String {
    "{" + map { JSONWriter.text($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
  }
}
