import GatewayJSON

/// A security scheme before its members are held against its type.
struct SecuritySchemeDraft: Sendable {
  enum SchemeType: String, Sendable, CaseIterable { case http, apiKey, oauth2, openIdConnect, mutualTLS }

  var type = Located(SchemeType.mutualTLS)
  var scheme: Located<String>?
  var bearerFormat: String?
  var place: APIKeyPlace?
  var name: Located<String>?
  var flows: [OAuthFlow]?
  var openIDConnectURL: String?
  var description: String?

  static let section = Section<SecuritySchemeDraft>(
    "openapi.security_schemes", "How clients prove who they are. Which keys there are depends on `type`.",
    make: SecuritySchemeDraft()
  ) {
    Option(required: "type", \.type, Kind.word.located, "The kind of scheme.")
    Option(
      "scheme", optional: \.scheme, Kind.string("an HTTP authentication scheme such as `bearer`").located,
      default: "none", "`http` needs it: the word in `authorization`.")
    Option(
      "bearer_format", optional: \.bearerFormat, .string("a word such as `JWT`"), default: "none",
      "`http` with `scheme: bearer`: what the token is, for people.")
    Option("in", optional: \.place, .word, default: "none", "`apiKey` needs it: where the key is sent.")
    Option(
      "name", optional: \.name, Kind.string("the name of a parameter").located, default: "none",
      "`apiKey` needs it: the name it is sent by.")
    Option(
      "flows", optional: \.flows, .section(OAuthFlowsDraft.section) { $0.flows($1, $2) }, default: "none",
      "`oauth2` needs it: how tokens are had.")
    Option(
      "openid_connect_url", optional: \.openIDConnectURL, .urlOrPath, default: "none",
      "`openIdConnect` needs it: where the provider's metadata is.")
    Option("description", optional: \.description, .string("text"), default: "none", "For people; CommonMark.")
  }
}

extension Kind where Value == SecurityScheme {
  static var securityScheme: Kind {
    .section(SecuritySchemeDraft.section) { draft, cursor, decoder in
      guard let kind = decoder.kind(of: draft, cursor) else { return nil }
      var scheme = SecurityScheme()
      scheme.kind = kind
      scheme.description = draft.description
      return scheme
    }
  }
}

extension SecuritySchemeDraft.SchemeType {
  /// Keys that this type needs, and keys that it may have.
  fileprivate var keys: (needed: [String], allowed: [String]) {
    switch self {
    case .http: (["scheme"], ["bearer_format"])
    case .apiKey: (["in", "name"], [])
    case .oauth2: (["flows"], [])
    case .openIdConnect: (["openid_connect_url"], [])
    case .mutualTLS: ([], [])
    }
  }
}

extension FileDecoder {
  /// The words of the HTTP authentication scheme registry, in lower case.
  private static let authenticationSchemes = [
    "basic", "bearer", "concealed", "digest", "dpop", "gnap", "hoba", "mutual", "negotiate", "oauth", "privatetoken",
    "scram-sha-1", "scram-sha-256", "vapid",
  ]

  fileprivate func kind(of draft: SecuritySchemeDraft, _ cursor: Cursor) -> SecurityScheme.Kind? {
    let type = draft.type.value
    let (needed, allowed) = type.keys
    var isRight = true
    for key in needed where cursor.child(key) == nil {
      error(
        .missingKey, "a scheme of type `\(type.rawValue)` needs the key `\(key)`", at: cursor,
        place: draft.type.location)
      isRight = false
    }
    for entry in cursor.entries ?? [] {
      let key = entry.name.value
      if key == "type" || key == "description" || needed.contains(key) || allowed.contains(key) { continue }
      let owners = SecuritySchemeDraft.SchemeType.allCases.filter {
        $0.keys.needed.contains(key) || $0.keys.allowed.contains(key)
      }
      // An unknown key has been told.
      guard let owner = owners.first else { continue }
      error(
        .conflict, "`\(key)` is for schemes of type `\(owner.rawValue)`", at: entry, place: entry.keyLocation,
        help: "remove it, or change `type`", notes: [.init("the type is here", at: draft.type)])
      isRight = false
    }
    guard isRight else { return nil }
    switch type {
    case .http: return draft.scheme.flatMap { http($0, draft.bearerFormat, cursor) }
    case .apiKey:
      guard let place = draft.place, let name = draft.name else { return nil }
      guard place == .query || HTTPText.isToken(name.value) else {
        let what = place == .header ? "field name" : "name of a cookie"
        diagnostics.error(.invalidValue, "`\(name.value)` is no \(what)", at: name)
        return nil
      }
      return .apiKey(in: place, name: name.value)
    case .oauth2: return draft.flows.map { .oauth2($0) }
    case .openIdConnect: return draft.openIDConnectURL.map { .openIDConnect(url: $0) }
    case .mutualTLS: return .mutualTLS
    }
  }

  private func http(_ scheme: Located<String>, _ bearerFormat: String?, _ cursor: Cursor) -> SecurityScheme.Kind? {
    let name = scheme.value.lowercased()
    let nearest = NearestWord.of(name, among: Self.authenticationSchemes)
    guard HTTPText.isToken(name) else {
      diagnostics.error(
        .invalidValue, "`\(scheme.value)` is no HTTP authentication scheme", at: scheme,
        expected: NearestWord.list(Self.authenticationSchemes), suggestion: nearest)
      return nil
    }
    if !Self.authenticationSchemes.contains(name) {
      diagnostics.warning(
        .invalidValue, "`\(scheme.value)` is no registered HTTP authentication scheme", at: scheme,
        expected: NearestWord.list(Self.authenticationSchemes), suggestion: nearest)
    }
    if bearerFormat != nil, name != "bearer", nearest != "bearer", let entry = cursor.child("bearer_format") {
      error(
        .conflict, "`bearer_format` is for `scheme: bearer`", at: entry, place: entry.keyLocation, help: "remove it")
      return nil
    }
    return .http(scheme: name, bearerFormat: bearerFormat)
  }
}

// MARK: flows

struct OAuthFlowsDraft: Sendable {
  var implicit: OAuthFlowDraft?
  var password: OAuthFlowDraft?
  var clientCredentials: OAuthFlowDraft?
  var authorizationCode: OAuthFlowDraft?

  static let section = Section<OAuthFlowsDraft>(
    "openapi.security_schemes.flows", "How tokens are had; at least one way.", make: OAuthFlowsDraft()
  ) {
    Option(
      "implicit", optional: \.implicit, .section(OAuthFlowDraft.section), default: "none",
      "Needs `authorization_url`.")
    Option("password", optional: \.password, .section(OAuthFlowDraft.section), default: "none", "Needs `token_url`.")
    Option(
      "client_credentials", optional: \.clientCredentials, .section(OAuthFlowDraft.section), default: "none",
      "Needs `token_url`.")
    Option(
      "authorization_code", optional: \.authorizationCode, .section(OAuthFlowDraft.section), default: "none",
      "Needs `authorization_url` and `token_url`.")
  }

  fileprivate func flows(_ cursor: Cursor, _ decoder: FileDecoder) -> [OAuthFlow]? {
    let names = OAuthFlowKind.allCases.map(\.rawValue)
    guard let entries = cursor.entries, !entries.isEmpty else {
      decoder.invalid(cursor, "`\(cursor.keyPath)` needs at least one flow", expected: NearestWord.list(names))
      return nil
    }
    var flows: [OAuthFlow] = []
    for (kind, draft) in [
      (OAuthFlowKind.implicit, implicit), (.password, password), (.clientCredentials, clientCredentials),
      (.authorizationCode, authorizationCode),
    ] {
      guard let draft, let entry = cursor.child(kind.rawValue) else { continue }
      guard let flow = draft.flow(kind, entry, decoder) else { return nil }
      flows.append(flow)
    }
    return flows
  }
}

struct OAuthFlowDraft: Sendable {
  var authorizationURL: String?
  var tokenURL: String?
  var refreshURL: String?
  var scopes: [OAuthScope] = []

  static let section = Section<OAuthFlowDraft>(
    "openapi.security_schemes.flows.flow", "One way to have a token.", make: OAuthFlowDraft()
  ) {
    Option(
      "authorization_url", optional: \.authorizationURL, .urlOrPath, default: "none", "Where the user agrees.")
    Option("token_url", optional: \.tokenURL, .urlOrPath, default: "none", "Where tokens are had.")
    Option("refresh_url", optional: \.refreshURL, .urlOrPath, default: "none", "Where tokens are renewed.")
    Option("scopes", \.scopes, .oauthScopes, default: "{}", "Scope → what it allows, for people.")
  }

  fileprivate func flow(_ kind: OAuthFlowKind, _ cursor: Cursor, _ decoder: FileDecoder) -> OAuthFlow? {
    let needsAuthorization = kind == .implicit || kind == .authorizationCode
    let needsToken = kind != .implicit
    var isRight = true
    for (key, isNeeded) in [("authorization_url", needsAuthorization), ("token_url", needsToken)] {
      let entry = cursor.child(key)
      if isNeeded, entry == nil {
        decoder.error(
          .missingKey, "the flow `\(kind.rawValue)` needs the key `\(key)`", at: cursor, place: cursor.keyLocation)
        isRight = false
      } else if !isNeeded, let entry {
        decoder.error(
          .conflict, "the flow `\(kind.rawValue)` has no `\(key)`", at: entry, place: entry.keyLocation,
          help: "remove it")
        isRight = false
      }
    }
    guard isRight else { return nil }
    var flow = OAuthFlow(kind: kind)
    flow.authorizationURL = authorizationURL
    flow.tokenURL = tokenURL
    flow.refreshURL = refreshURL
    flow.scopes = scopes
    return flow
  }
}

extension Kind where Value == [OAuthScope] {
  fileprivate static var oauthScopes: Kind {
    .mapping(
      "a mapping from scopes to descriptions", key: nil, value: .object(["type": .string("string")])
    ) { entry, decoder in
      decoder.string(entry, "text").map { OAuthScope(name: entry.name, description: $0) }
    }
  }
}

// MARK: security

extension Kind where Value == SecurityRequirement {
  /// Schemes that together let a client in: `{scheme: [scope]}`, or the name of one that needs no scopes.
  static var securityRequirement: Kind {
    let scopes = Kind<[Located<String>]>.list(of: Kind<String>.string("a scope").located)
    let schemes = Kind<[SecurityRequirement.Scheme]>.mapping(
      "a mapping from security schemes to lists of scopes", key: nil, value: scopes.schema
    ) { entry, decoder in
      scopes.read(entry, decoder).map { SecurityRequirement.Scheme(name: entry.name, scopes: $0) }
    }
    let type = "the name of a security scheme, or " + schemes.type
    return Kind(
      type, schema: .object(["anyOf": .array([.object(["type": .string("string")]), schemes.schema])])
    ) { cursor, decoder in
      var requirement = SecurityRequirement()
      if cursor.node.mapping != nil {
        guard let read = schemes.read(cursor, decoder) else { return nil }
        // A requirement without one of its schemes would be met by more clients than were meant.
        guard read.count == cursor.entries?.count else { return nil }
        requirement.schemes = read
      } else {
        guard let name = decoder.string(cursor, type) else { return nil }
        requirement.schemes = [.init(name: Located(name, at: cursor.location), scopes: [])]
      }
      return requirement
    }
  }
}
