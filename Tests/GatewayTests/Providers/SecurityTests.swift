import Foundation
import GatewayPlugin
import GatewayTesting
import Testing

/// Security providers: who may come is known before anything else is looked at.
@Suite(.timeLimit(.minutes(5)))
struct SecurityTests {
  private let journal = Journal()

  // MARK: the phase

  /// user (security) ← session, and a body that the route declares.
  private func withUser(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      dependencies:
        token: { provider: p.token }
        users: { provider: p.users }
        user: { provider: p.user }
        session: { provider: p.session }
      routes:
        - match: POST /books/{id}
          parameters: { id: { type: integer }, page: { in: query, type: integer, required: true } }
          body: { type: object, required: [title] }
          handler: p.create
          needs: { user: { dependency: user, scopes: [books:write] } }
        - { match: GET /upload, handler: p.read, needs: { user: user } }
        - { match: POST /proxied, respond: { status: 200, body: fixed }, depends: [user] }
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      let token = Dependency<HTTPCredentials>("token")
      let users = Dependency<Tracked>("users")
      plugin.securityProvider("token", scheme: .httpBearer())
      plugin.provider("users") { provision in
        let length = try provision.withRequest { $0.body.count }
        journal.note("users see \(length) bytes")
        return Tracked("users", journal)
      } teardown: { _, outcome in
        journal.note("end users \(outcome)")
      }
      plugin.securityProvider("user", needs: token, users) { provision, token, _ in
        journal.note("user \(token.credentials) for \(provision.scopes.text)")
        await Task.yield()
        switch token.credentials {
        case "elsewhere": throw Response.redirect(to: "/login", status: 303)
        case "unknown": throw HTTPError(403, detail: "Not enough permissions")
        case "told": throw Response.text("in parts", status: 404)
        default: return token.credentials
        }
      }
      plugin.provider("session") { _ in Tracked("session", journal) }
      plugin.handler("create", needs: Dependency<String>("user"), Dependency<Tracked>("session")) { request, user, _ in
        .text("\(user) \(request.integer("id") ?? 0) \(request.bodyText)")
      }
      plugin.handler("read", needs: Dependency<String>("user")) { _, user in .text(user) }
    } body: {
      try await body($0)
    }
  }

  @Test func aClientThatMayNotComeLearnsNothingAboutTheRoute() async throws {
    try await withUser { client in
      // Parameters and body are wrong too, and nothing says so.
      let nobody = try await client.post("/books/x", json: "{")
      #expect(nobody.status == 401)
      #expect(nobody.text == #"{"detail":"Not authenticated"}"#)
      #expect(nobody.header("www-authenticate") == "Bearer")
      let unknown = try await client.post("/books/x", json: "{", headers: ["authorization": "Bearer unknown"])
      #expect(unknown.status == 403)
      #expect(unknown.text == #"{"detail":"Not enough permissions"}"#)
      #expect(journal.count("made session") == 0)
      await journal.wait(for: "freed users")
    }
  }

  @Test func whoMayComeIsCheckedLikeAnybodyAndGetsItsAnswer() async throws {
    try await withUser { client in
      let headers = ["authorization": "bearer  ann "]
      let wrong = try await client.post("/books/x", json: "{}", headers: headers)
      #expect(wrong.status == 422)
      #expect(wrong.text.contains(#""loc":["path","id"]"#) && wrong.text.contains(#""loc":["query","page"]"#))
      #expect(wrong.text.contains(#""loc":["body","title"]"#))
      let right = try await client.post("/books/7?page=1", json: #"{"title":"a"}"#, headers: headers)
      #expect(right.text == #"ann 7 {"title":"a"}"#)
      await journal.wait(for: "freed users", count: 2)
    }
    #expect(journal.count("user ann for books:write") == 2)
    #expect(journal.count("users see 0 bytes") == 2)
    #expect(journal.count("made session") == 1)
    // What ran before the body ends with everything else.
    #expect(journal.count("end users failed") == 1)
    #expect(journal.count("end users succeeded") == 1)
  }

  @Test func aProviderMayAnswerByItself() async throws {
    try await withUser { client in
      var client = client
      client.followsRedirects = 0
      let elsewhere = try await client.get("/upload", headers: ["authorization": "Bearer elsewhere"])
      #expect(elsewhere.status == 303)
      #expect(elsewhere.header("location") == "/login")
      let told = try await client.get("/upload", headers: ["authorization": "Bearer told"])
      #expect(told.status == 404)
      #expect(told.text == "in parts")
    }
  }

  @Test func theBodyIsNotAskedForBeforeTheClientMayCome() async throws {
    try await withUser { client in
      let stream = ManualStream(client)
      try await stream.start("POST /books/1?page=1", headers: ["content-length: 15"])
      #expect(try await stream.on { $0.events } == ["401"])
      let allowed = ManualStream(client)
      try await allowed.start(
        "POST /books/1?page=1",
        headers: ["content-length: 15", "content-type: application/json", "authorization: Bearer ann"])
      await journal.wait(for: "user ann for books:write")
      try await allowed.on { _ in }
      let asked = try await allowed.on { $0.events.first ?? "" }
      #expect(asked.hasPrefix("collect"))
      try await allowed.leave()
      await journal.wait(for: "end users cancelled")
    }
  }

  @Test func routesWithoutAHandlerAreGuardedToo() async throws {
    try await withUser { client in
      #expect(try await client.post("/proxied", json: "{").status == 401)
      let answer = try await client.post("/proxied", json: "{", headers: ["authorization": "Bearer ann"])
      #expect(answer.text == "fixed")
    }
    #expect(journal.count("user ann for ") == 1)
  }

  @Test func whatRunsBeforeTheBodyMayTakeItsTimeAndNoMore() async throws {
    let journal = journal
    let configuration = """
      dependencies: { user: { provider: p.user } }
      routes: [{ match: POST /, handler: p.use }]
      """
    try await withGateway(configuration) { plugin in
      plugin.securityProvider("user") { _ in
        journal.note("asked")
        await journal.wait(for: "go")
        return Tracked("user", journal)
      } teardown: { _, outcome in
        journal.note("end \(outcome)")
      }
      plugin.handler("use", needs: Dependency<Tracked>("user")) { _, _ in .noContent }
    } body: { client in
      for end in ["late", "left"] {
        let stream = ManualStream(client)
        try await stream.start("POST /", headers: ["content-length: 5"])
        await journal.wait(for: "asked", count: end == "late" ? 1 : 2)
        if end == "late" { try await stream.tick() } else { try await stream.leave() }
        #expect(try await stream.on { $0.events } == [end == "late" ? "504" : "gone"])
        #expect(try await stream.active() == (end == "late" ? 1 : 2))
        if end == "left" { journal.note("go") }
      }
      await journal.wait(for: "freed user", count: 2)
      #expect(journal.count("end cancelled") == 2)
    }
  }

  @Test func parametersOfSecurityProvidersAreCheckedFirst() async throws {
    let configuration = """
      dependencies: { tenant: { provider: p.tenant } }
      routes: [{ match: GET /, parameters: { page: { type: integer } }, handler: p.use }]
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      plugin.inlineProvider("tenant", scope: .request, hasTeardown: false) { signature in
        signature.isSecurity = true
        signature.parameter("x-tenant", in: .header, Int.self)
      } _: { inputs, _ in
        let tenant = try inputs.parameter("x-tenant", in: .header, Int.self)
        journal.note("tenant \(tenant) page \(try inputs.request().text("page") ?? "none")")
        return tenant
      }
      plugin.handler("use", needs: Dependency<Int>("tenant")) { request, tenant in
        .text("\(tenant) \(request.integer("page") ?? 0)")
      }
    } body: { client in
      let wrong = try await client.get("/?page=x", headers: ["x-tenant": "y"])
      #expect(wrong.status == 422)
      #expect(wrong.text.contains("x-tenant") && !wrong.text.contains("page"))
      let later = try await client.get("/?page=x", headers: ["x-tenant": "3"])
      #expect(later.text.contains("page"))
      #expect(try await client.get("/?page=2", headers: ["x-tenant": "3"]).text == "3 2")
    }
    #expect(journal.entries == ["tenant 3 page none", "tenant 3 page none"])
  }

  // MARK: scopes

  @Test func scopesAddUpAlongTheReferencesAndEachSetIsAskedOnce() async throws {
    let configuration = """
      dependencies:
        user: { provider: p.user }
        items: { provider: p.items, needs: { user: { dependency: user, scopes: [items:read] } } }
      depends: [{ dependency: user, scopes: [gateway] }]
      routes:
        - match: GET /
          handler: p.use
          needs: { items: { dependency: items, scopes: [route, items:read] }, user: { dependency: user, scopes: gateway } }
      """
    let journal = journal
    try await withGateway(configuration) { plugin in
      plugin.inlineSecurityProvider("user") { provision in
        journal.note("[\(provision.scopes.text)]")
        return provision.scopes.all.count
      }
      plugin.inlineProvider("items", needs: Dependency<Int>("user")) { provision, count in
        #expect(provision.scopes.all == [])
        return "\(count)"
      }
      plugin.handler("use", needs: Dependency<String>("items"), Dependency<Int>("user")) { _, items, user in
        .text("\(items) \(user)")
      }
    } body: { client in
      let answer = try await client.get("/")
      #expect(answer.text == "2 1")
    }
    #expect(journal.entries == ["[gateway]", "[route items:read]"])
  }

  // MARK: what is wrong is told

  @Test(arguments: [
    ("user: { provider: p.user, scope: app }", "app scope"),
    ("user: { provider: p.user, max_concurrency: 2, queue: x }", "queue"),
    ("user: { provider: p.user, queue: 2 }", "`queue` is for dependencies with `max_concurrency`"),
    ("user: { provider: p.user }\n  store: { provider: p.store, cache: false }", "`cache: false` of `store` has no effect"),
    ("user: { provider: p.user }\n  store: { provider: p.store, max_concurrency: 1 }", "`max_concurrency` of `store` has no effect"),
    ("user: { provider: p.user }\n  store: { provider: p.store, parallel: true }", "`parallel` of `store` has no effect"),
  ])
  func whatCannotWorkIsTold(dependencies: String, message: String) async throws {
    let store = dependencies.contains("store:") ? "" : "\n  store: { provider: p.store }"
    let configuration = """
      dependencies:
        \(dependencies)\(store)
      routes: [{ match: GET /, handler: p.use }]
      """
    let failure = await #expect(throws: TestGatewayError.self) {
      try await withGateway(configuration) { plugin in
        plugin.securityProvider("user") { _ in 1 }
        plugin.provider("store", scope: .app) { _ in "" }
        plugin.handler("use", needs: Dependency<Int>("user"), Dependency<String>("store")) { _, _, _ in .noContent }
      } body: { _ in
      }
    }
    #expect(failure?.description.contains(message) == true, "\(failure?.description ?? "")")
  }

  @Test func whatIsWrongEarlyIsToldInTheRoutesOwnForm() async throws {
    let configuration = """
      dependencies: { tenant: { provider: p.tenant } }
      routes: [{ match: GET /, handler: p.use, errors: problem }]
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineProvider("tenant", scope: .request, hasTeardown: false) { signature in
        signature.isSecurity = true
        signature.parameter("x-tenant", in: .header, Int.self)
      } _: { inputs, _ in try inputs.parameter("x-tenant", in: .header, Int.self) }
      plugin.handler("use", needs: Dependency<Int>("tenant")) { _, _ in .noContent }
    } body: { client in
      let wrong = try await client.get("/", headers: ["x-tenant": "y"])
      #expect(wrong.status == 422)
      let entry = try wrong.json()["errors"]?.array?.first
      #expect(entry != nil && entry?["loc"] == nil, "\(wrong.text)")
    }
  }
}
