import GatewayPlugin

/// Who may change what the shop has: whoever has the key.
struct Clerk: Sendable {
  let scopes: [String]
}

extension Clerk {
  /// Throws what a client gets that may not come, with a challenge as RFC 6750 §3.1 wants it.
  init(_ credentials: HTTPCredentials, asked: SecurityScopes, config: ClerkConfig) throws {
    // Secrets are compared in constant time: how long it takes says nothing about how much of a key is right.
    guard Secret(credentials.credentials) == config.key else {
      throw HTTPError.notAuthenticated(challenge: #"Bearer error="invalid_token""#)
    }
    guard asked.isCovered(by: config.scopes) else {
      let challenge = #"Bearer error="insufficient_scope", scope="\#(asked.text)""#
      throw HTTPError(403, detail: "Not enough permissions", headers: ["www-authenticate": challenge])
    }
    scopes = config.scopes
  }
}

@Schema(closed: true)
struct ClerkConfig {
  @Field(.minLength(8)) var key: Secret
  /// What the key allows.
  var scopes: [String] = []
}
