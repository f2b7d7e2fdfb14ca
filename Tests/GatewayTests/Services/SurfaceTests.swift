import GatewayPlugin
import GatewayTesting
import Testing

/// What plugins and their tests may call, where nothing else calls it.
@Suite(.timeLimit(.minutes(5)))
struct SurfaceTests {
  private let journal = Journal()

  private static let gauge = Gauge("surface_tests_free")
  private static let histogram = Histogram("surface_tests_seconds")

  @Schema struct Settings: Sendable {
    @Field(.minLength(2)) var word: String
  }

  // MARK: plugins

  @Test func aConfigIsCheckedAgainstItsTypeOrItsSchema() async throws {
    for isTyped in [true, false] {
      var plugin = Plugin("p", version: "1.0.0")
      if isTyped {
        plugin.config(Settings.self)
      } else {
        plugin.config(schema: #"{"type": "object", "properties": {"word": {"type": "string", "minLength": 2}}}"#)
      }
      plugin.handler("h") { _ in .noContent }
      let text = { (word: String) in
        "version: 1\nplugins: { p: { library: P, config: { word: \(word) } } }\nroutes: [{ match: GET /, handler: p.h }]"
      }
      try await withGateway(text: text("word"), plugins: ["p": plugin]) { client async throws in
        #expect(try await client.get("/").status == 204)
      }
      await #expect(throws: TestGatewayError.self) {
        try await withGateway(text: text("w"), plugins: ["p": plugin]) { _ in }
      }
    }
  }

  @Test func aSecurityProviderMayBlock() async throws {
    let configuration = """
      dependencies: { user: { provider: p.user } }
      routes:
        - match: POST /
          body: { type: object }
          handler: p.who
          needs: { user: { dependency: user, scopes: [read] } }
      """
    let journal = journal
    try await serving(configuration) { plugin in
      plugin.blockingSecurityProvider("user") { provision in
        guard provision.scopes.isCovered(by: ["read", "write"]) else { throw HTTPError(403) }
        guard let name = try provision.withRequest({ $0.header("x-user") }) else {
          throw HTTPError.notAuthenticated(challenge: "Test")
        }
        return BasicCredentials(username: name, password: "")
      } teardown: { user, outcome in
        journal.note("end \(user.username) \(outcome)")
      }
      plugin.handler("who", needs: Dependency<BasicCredentials>("user")) { _, user in .text(user.username) }
    } body: { client async throws in
      // Before the body, which is wrong, is looked at.
      let refused = try await client.post("/", json: "1")
      #expect(refused.status == 401)
      #expect(refused.header("www-authenticate") == "Test")
      #expect(try await client.post("/", json: "1", headers: ["x-user": "ada"]).status == 422)
      #expect(try await client.post("/", json: "{}", headers: ["x-user": "ada"]).text == "ada")
    }
    #expect(journal.count("end ada succeeded") == 1)
  }

  @Test(arguments: [([], [], true), (["a"], [], false), (["a", "b"], ["b", "a", "c"], true), (["a", "b"], ["a"], false)] as [([String], [String], Bool)])
  func scopesAreCoveredByThoseThatWereGranted(asked: [String], granted: [String], isCovered: Bool) {
    #expect(SecurityScopes(asked).isCovered(by: granted) == isCovered)
  }

  @Test func logsAndMetricsOfEveryKindAreKept() async throws {
    try await serving("routes: [{ match: GET /, handler: p.h }]") { plugin in
      plugin.handler("h") { request in
        request.log.debug("looked", ["at": 1])
        request.log.error("broke", error: Unexpected())
        Self.gauge.labels(["of": "seats"]).set(4)
        Self.histogram.labels(["of": "waits"]).record(.milliseconds(1500))
        return .noContent
      }
    } body: { client async throws in
      _ = try await client.get("/")
      let broke = try #require(try await client.gateway.log.line("broke"))
      #expect(broke.level == "error")
      #expect(broke.facts["error"] == "the password is swordfish")
      #expect(client.gateway.log.lines("looked").map(\.level) == ["debug"])
      let metrics = client.gateway.metrics
      #expect(metrics.value("surface_tests_free", ["of": "seats"]) == 4)
      #expect(metrics.value("surface_tests_seconds", ["of": "waits"]) == 1.5)
      #expect(metrics.text.contains(#"surface_tests_free{of="seats"} 4"#))
    }
  }

  @Test func aProviderHasTheClockAndTheUpstreams() async throws {
    let routes = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].map { "{ match: \($0) /, handler: p.back }" }
    try await serving("routes: [\(routes.joined(separator: ", "))]", mode: .socket) { plugin in
      plugin.handler("back") { request in .text("\(request.method) \(request.bodyText)", headers: ["x-method": request.method]) }
    } body: { behind async throws in
      let port = try #require(behind.gateway.port)
      let configuration = """
        dependencies: { told: { provider: p.told } }
        upstreams: { back: { targets: ["http://127.0.0.1:\(port)"] } }
        routes: [{ match: GET /, handler: p.ask, needs: { told: told } }]
        """
      try await serving(configuration) { plugin in
        plugin.provider("told") { provision in
          let (began, clock, upstream) = (provision.clock.now, provision.clock, provision.upstream("back"))
          var told: [String] = []
          for method in [FetchMethod.get, .head, .post, .put, .patch, .delete, FetchMethod("PUT")] {
            let answer = try await upstream.fetch(method, "/", body: method == .put ? .json(["a", "b"]) : .none)
            told.append("\(answer.header("x-method") ?? "-"):\(try await answer.text())")
          }
          #expect(clock.now >= began)
          return told.joined(separator: "|")
        }
        plugin.handler("ask", needs: Dependency<String>("told")) { _, told in .text(told) }
      } body: { client async throws in
        let put = #"PUT:PUT ["a","b"]"#
        #expect(try await client.get("/").text == "GET:GET |HEAD:|POST:POST |\(put)|PATCH:PATCH |DELETE:DELETE |\(put)")
      }
    }
  }

  // MARK: the test kit

  @Test(arguments: TestMode.allCases)
  func aClientSendsEveryMethodAndBodiesInTexts(mode: TestMode) async throws {
    let configuration = """
      routes:
        - { match: GET /, handler: p.echo }
        - { match: PATCH /, handler: p.echo }
        - { match: POST /, handler: p.echo }
      """
    try await serving(configuration, mode: mode) { plugin in
      plugin.handler("echo") { request in
        .text("\(request.method) \(request.bodyText) \(request.header("cookie") ?? "-")", headers: ["set-cookie": "a=1"])
      }
    } body: { client async throws in
      let head = try await client.head("/")
      #expect(head.status == 200)
      #expect(head.body.isEmpty)
      #expect(try await client.patch("/", json: "[1]").text == "PATCH [1] a=1")
      client.cookies.removeAll()
      let streamed = try await client.request("POST", "/", body: .stream { writer in
        try await writer.write("one ")
        try await writer.write("two")
      })
      #expect(streamed.text == "POST one two -")
    }
  }

  @Test func aDateThatTheClockCannotShowIsRefused() async throws {
    try await serving("routes: [{ match: GET /, respond: { status: 204 } }]", clock: .manual) { client async throws in
      try client.gateway.clock.setDate(1_700_000_000)
      #expect(throws: TestGatewayError.self) { try client.gateway.clock.setDate(.max) }
      #expect(throws: TestGatewayError.self) { try client.gateway.clock.setDate(.min) }
    }
  }
}
