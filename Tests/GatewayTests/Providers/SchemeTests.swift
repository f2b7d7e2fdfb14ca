import Foundation
import GatewayPlugin
import GatewayTesting
import Testing

/// The ready-made schemes: what they take, what they answer, what the document says of them.
@Suite(.timeLimit(.minutes(5)))
struct SchemeTests {
  /// Each scheme with a route of its name that answers what it found; `/optional/…` answers "nil" where there is nothing.
  private func withSchemes(_ body: (TestClient) async throws -> Void) async throws {
    let names = ["bearer", "digest", "basic", "realm", "password", "code", "oauth2", "openid", "header", "query", "cookie"]
    var configuration = "openapi: { title: t, version: '1' }\ndependencies:\n"
    for name in names {
      configuration += "  \(name): { provider: p.\(name) }\n  \(name)_optional: { provider: p.\(name)_optional }\n"
    }
    configuration += "routes:\n"
    for name in names {
      configuration += "  - { match: GET /\(name), handler: p.use_\(name) }\n"
      configuration += "  - { match: GET /optional/\(name), handler: p.use_\(name)_optional }\n"
    }
    try await withGateway(configuration) { plugin in
      func add<Credentials: Sendable>(
        _ name: String, _ scheme: SecurityScheme<Credentials>, _ text: @escaping @Sendable (Credentials) -> String
      ) {
        plugin.securityProvider(name, scheme: scheme)
        plugin.securityProvider("\(name)_optional", optionalScheme: scheme)
        plugin.handler("use_\(name)", needs: Dependency<Credentials>(name)) { _, found in .text(text(found)) }
        plugin.handler("use_\(name)_optional", needs: Dependency<Credentials?>("\(name)_optional")) { _, found in
          .text(found.map(text) ?? "nil")
        }
      }
      let credentials: @Sendable (HTTPCredentials) -> String = { "\($0.scheme)|\($0.credentials)" }
      add("bearer", .httpBearer(bearerFormat: "JWT"), credentials)
      add("digest", .httpDigest(), credentials)
      add("basic", .httpBasic()) { "\($0.username)|\($0.password)" }
      add("realm", .httpBasic(name: "Shop", realm: "shop")) { "\($0.username)|\($0.password)" }
      add("password", .oauth2Password(tokenURL: "token", scopes: [("a", "all")])) { $0 }
      add("code", .oauth2AuthorizationCode(authorizationURL: "/agree", tokenURL: "/token")) { $0 }
      add("oauth2", .oauth2(flows: [.clientCredentials(tokenURL: "/token"), .implicit(authorizationURL: "/agree")])) { $0 }
      add("openid", .openIDConnect(url: "https://id.example/.well-known/openid-configuration")) { $0 }
      add("header", .apiKey("x-key", in: .header)) { $0 }
      add("query", .apiKey("key", in: .query)) { $0 }
      add("cookie", .apiKey("session", in: .cookie)) { $0 }
    } body: {
      try await body($0)
    }
  }

  private static let basic = Data("ann:secret:word".utf8).base64EncodedString()

  /// Route, `authorization`, what is found; nil: nothing.
  @Test(arguments: [
    ("bearer", "Bearer abc", "Bearer|abc"), ("bearer", "bEARER   abc ", "bEARER|abc"), ("bearer", "Bearer", nil),
    ("bearer", "Bearer ", nil), ("bearer", "Basic abc", nil), ("bearer", "", nil), ("bearer", "Bearer a b", "Bearer|a b"),
    ("digest", "Digest username=\"a\"", "Digest|username=\"a\""), ("digest", "Bearer a", nil),
    ("basic", "basic \(basic)", "ann|secret:word"), ("basic", "Bearer \(basic)", nil),
    ("password", "Bearer abc", "abc"), ("password", "Token abc", nil), ("password", "Bearer ", nil),
    ("code", "bearer abc", "abc"), ("oauth2", "Anything at all", "Anything at all"), ("openid", "x", "x"),
  ] as [(String, String, String?)])
  func credentialsAreReadFromTheField(route: String, field: String, found: String?) async throws {
    try await withSchemes { client in
      let answer = try await client.get("/\(route)", headers: ["authorization": field])
      let optional = try await client.get("/optional/\(route)", headers: ["authorization": field])
      #expect(optional.text == found ?? "nil")
      #expect(answer.status == (found == nil ? 401 : 200))
      if let found { #expect(answer.text == found) }
    }
  }

  @Test(arguments: [
    ("bearer", "Bearer"), ("digest", "Digest"), ("basic", "Basic"), ("realm", "Basic realm=\"shop\""), ("password", "Bearer"),
    ("code", "Bearer"), ("oauth2", "Bearer"), ("openid", "Bearer"), ("header", "APIKey"), ("query", "APIKey"),
    ("cookie", "APIKey"),
  ])
  func withoutCredentialsTheAnswerSaysWhatIsWanted(route: String, challenge: String) async throws {
    try await withSchemes { client in
      let answer = try await client.get("/\(route)")
      #expect(answer.status == 401)
      #expect(answer.text == #"{"detail":"Not authenticated"}"#)
      #expect(answer.header("www-authenticate") == challenge)
      let optional = try await client.get("/optional/\(route)")
      #expect(optional.status == 200)
      #expect(optional.text == "nil")
    }
  }

  @Test(arguments: ["!!!", "YW5u", "w6TDtg==", "YW5uOnNlY3JldA", "YW5uOnN=YXJl"])
  func basicCredentialsThatCannotBeReadAre401AlsoWhereTheyAreOptional(text: String) async throws {
    try await withSchemes { client in
      for path in ["/realm", "/optional/realm"] {
        let answer = try await client.get(path, headers: ["authorization": "Basic \(text)"])
        #expect(answer.status == 401)
        #expect(answer.header("www-authenticate") == "Basic realm=\"shop\"")
      }
    }
  }

  @Test func keysAreReadFromTheirPlaces() async throws {
    try await withSchemes { client in
      let asked: [(String, [String: String], String?)] = [
        ("/header", ["X-Key": "k1"], "k1"), ("/header", ["x-key": ""], nil), ("/query?key=a%20b", [:], "a b"),
        ("/query?key=", [:], nil), ("/cookie", ["cookie": "a=b; session=s1"], "s1"), ("/cookie", ["x-key": "s1"], nil),
        ("/optional/cookie", ["cookie": "a=b"], "nil"),
      ]
      for (target, headers, found) in asked {
        let answer = try await client.get(target, headers: headers)
        #expect(answer.status == (found == nil ? 401 : 200))
        if let found { #expect(answer.text == found) }
      }
    }
  }
}
