import GatewayPlugin
import GatewayTesting
import Testing

/// Stand-ins for dependencies: Swift values and closures of a test, JSON, and those that overlays name.
@Suite(.timeLimit(.minutes(5)))
struct OverrideTests {
  private let journal = Journal()

  private static let yaml = """
    version: 1
    plugins: { p: { library: P }, other: { library: O } }
    settings: { prefix: { type: string, default: "from the file", env: PREFIX } }
    dependencies:
      store: { provider: p.store, config: { wrong: true } }
      name: { provider: p.name, config: { is: not checked } }
      user: { provider: p.user, needs: { name: name } }
    routes:
      - { match: GET /show, handler: p.show }
      - { match: GET /other, handler: other.show, needs: { visitor: user } }
      - { match: GET /setting, respond: { body: "${settings.prefix}" } }
    """

  @Schema struct User {
    var name: String
    @Field(.range(1...99)) var id: Int = 1
  }

  private func plugins() -> [String: Plugin] {
    let journal = journal
    var p = Plugin("p", version: "1.0.0")
    p.provider("store", scope: .app, config: Plugin.configSchema(User.self)) { _ -> Tracked in
      journal.note("original store")
      return Tracked("store", journal)
    }
    p.provider("fakeStore", scope: .request) { _ in Tracked("fake", journal) } teardown: { _, _ in journal.note("fake ended") }
    p.provider("name") { _ -> String in
      journal.note("original name")
      return "Ada"
    }
    p.provider("user", needs: Dependency<String>("name")) { _, name in User(name: name) }
    p.offer("user", User.self, as: .json("p.user", version: "1.0"))
    p.handler("show", needs: Dependency<Tracked>("store"), Dependency<User>("user")) { _, store, user in
      .text("\(store.name) \(user.name) \(user.id)")
    }
    var other = Plugin("other", version: "1.0.0")
    other.handler("show", needs: Dependency<User>("visitor", json: "p.user@1.0")) { _, user in .text("other \(user.name)") }
    other.provider("store") { _ in Tracked("other's", journal) }
    return ["p": p, "other": other]
  }

  private func run(
    _ overrides: [Override], overlays: [String] = [], arguments: [String] = [], yaml: String = OverrideTests.yaml,
    _ body: (TestClient) async throws -> Void
  ) async throws {
    try await withOverlays(
      yaml, plugins: plugins(), overlays: overlays, arguments: arguments, overrides: overrides, body)
  }

  private func shows(
    _ expected: String, _ overrides: [Override], overlays: [String] = [], arguments: [String] = [], at path: String = "/show",
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await run(overrides, overlays: overlays, arguments: arguments) { client in
      let answer = try await client.get(path)
      #expect(answer.text == expected, sourceLocation: sourceLocation)
    }
  }

  private func refusal(
    _ overrides: [Override] = [], overlays: [String] = [], arguments: [String] = []
  ) async throws -> String {
    let error = await #expect(throws: TestGatewayError.self) {
      try await run(overrides, overlays: overlays, arguments: arguments) { _ in }
    }
    return error?.text ?? ""
  }

  // What the other tests build on: without them nothing fits.
  private var plain: [Override] { [.value("store", Tracked("test", journal)), .value("name", "Grace")] }

  @Test func aValueStandsInAndTheOriginalIsNeverMadeNorChecked() async throws {
    try await shows("test Grace 1", plain)
    #expect(journal.count("original store") == 0)
    #expect(journal.count("original name") == 0)
    let text = try await refusal([.value("name", "Grace")])
    #expect(text.contains("config of dependency `store`"), "\(text)")
  }

  @Test func aClosureHasNeedsAndATeardownAndLivesAsLongAsTheOriginal() async throws {
    let journal = journal
    let store = Override.make("store") {
      journal.note("made store")
      return Tracked("closure", journal)
    } teardown: { _, outcome in journal.note("store \(outcome)") }
    let user = Override.make("user", scope: .handler, needs: Dependency<String>("name"), Dependency<Tracked>("store")) {
      name, store in
      await Task.yield()
      if name == "nobody" { throw HTTPError(403) }
      return User(name: "\(name) of \(store.name)", id: 9)
    } teardown: { user, outcome in journal.note("\(user.id) \(outcome)") }
    try await run([store, user, .value("name", "Grace")]) { client in
      for _ in 0..<2 {
        let answer = try await client.get("/show")
        #expect(answer.text == "closure Grace of closure 9")
      }
      // Other plugins get it as they get the original.
      let answer = try await client.get("/other")
      #expect(answer.text == "other Grace of closure")
      // Of app scope, as the original is.
      #expect(journal.count("made store") == 1)
      #expect(journal.count("9 succeeded") == 3)
      #expect(journal.count("store succeeded") == 0)
    }
    #expect(journal.count("store succeeded") == 1)
    try await run([store, user, .value("name", "nobody")]) { client in
      let answer = try await client.get("/show")
      #expect(answer.status == 403)
    }
  }

  @Test func jsonIsReadByThePluginThatOffersIt() async throws {
    try await shows("test Lin 1", plain + [.json("user", #"{"name":"Lin"}"#)])
    try await shows("other Lin", plain + [.json("user", #"{"name":"Lin"}"#)], at: "/other")
    let wrong = try await refusal(plain + [.json("user", #"{"name":"Lin","id":100}"#)])
    #expect(wrong.contains("value of override `user`"), "\(wrong)")
    let none = try await refusal([.value("name", "Grace"), .json("store", "{}")])
    #expect(none.contains("offers no view of it as JSON"), "\(none)")
    let broken = try await refusal(plain + [.json("user", "{")])
    #expect(broken.contains("is not JSON"), "\(broken)")
  }

  @Test func anOverlayNamesProvidersAndValues() async throws {
    let overlay = """
      settings: { prefix: "from the overlay" }
      overrides:
        store: { provider: p.fakeStore }
        name: { provider: p.name }
        user: { value: { name: Lin, id: 3 } }
      """
    try await shows("fake Lin 3", [], overlays: [overlay])
    await journal.wait(for: "fake ended")
    try await shows("from the overlay", [], overlays: [overlay], at: "/setting")
    try await shows("again", [], overlays: [overlay, "settings: { prefix: again }"], at: "/setting")
    // A test's own count above those of overlays.
    try await shows("test Lin 3", [.value("store", Tracked("test", journal))], overlays: [overlay])
  }

  @Test func theCommandLineCountsAboveOverlays() async throws {
    let overlay = "overrides: { store: { provider: p.fakeStore }, name: { provider: p.name }, user: { value: { name: Lin } } }"
    try await shows("fake Joan 4", [], overlays: [overlay], arguments: [#"user={"name":"Joan","id":4}"#])
    try await shows(
      "fake Ada 1", [], overlays: ["overrides: { store: { value: 1 }, name: { provider: p.name } }"],
      arguments: ["store=p.fakeStore"])
  }

  @Test(arguments: [
    ("overrides: { stroe: { provider: p.fakeStore } }", ["overlay-0.yaml:1:14", "there is no dependency `stroe`", "store"]),
    ("overrides: { store: { provider: p.fakStore } }", ["overlay-0.yaml:1:35", "has no provider `fakStore`", "fakeStore"]),
    ("overrides: { store: { provider: q.fakeStore } }", ["overlay-0.yaml:1:33", "there is no plugin `q`"]),
    ("overrides: { store: { provider: other.store } }", ["overlay-0.yaml:1:33", "no type of one library is a type of another"]),
    ("overrides: { store: { provider: p.name } }", ["overlay-0.yaml:1:33", "of another type", "Swift.String"]),
    ("overrides: { store: { } }", ["overlay-0.yaml:1:14", "a `provider` or a `value`"]),
    ("overrides: { store: { value: 1, config: {} } }", ["overlay-0.yaml:1:33", "this is a `value`"]),
    ("overrides: { user: { value: { name: 1 } } }", ["overlay-0.yaml:1:37", "value of override `user`"]),
    ("overrides: { store: { provider: p.fakeStore, needs: { a: nme } } }", ["there is no dependency `nme`", "name"]),
    ("settings: { prefx: a }", ["overlay-0.yaml:1:13", "there is no setting `prefx`", "prefix"]),
    ("settings: { prefix: 1 }", ["overlay-0.yaml:1:21", "the overlay does not fit the setting `prefix`"]),
    ("plugins: { p: { library: P } }", ["overlay-0.yaml:1:12", "an overlay only adds plugins"]),
    ("routes: []", ["overlay-0.yaml:1:1", "unknown key `routes`"]),
    ("overrides: { store", ["overlay-0.yaml"]),
  ])
  func everyMistakeInAnOverlayPointsIntoIt(overlay: String, texts: [String]) async throws {
    let text = try await refusal(overlays: [overlay])
    for expected in texts { #expect(text.contains(expected), "\(text)") }
  }

  @Test(arguments: [
    ("store", "cannot be read"), ("=p.fakeStore", "cannot be read"), ("store=", "cannot be read"),
    ("store=Ada", "neither a provider nor JSON"), ("stroe=p.fakeStore", "there is no dependency `stroe`"),
    ("user={\"name\":1}", "--override user="), ("name=${env:HOME}", "neither a provider nor JSON"),
  ])
  func everyMistakeInAnArgumentNamesIt(argument: String, expected: String) async throws {
    let text = try await refusal(arguments: [argument])
    #expect(text.contains(expected), "\(text)")
  }

  @Test func referencesInArgumentsAreText() async throws {
    try await shows("test ${env:HOME} 1", plain, arguments: [#"user={"name":"${env:HOME}"}"#])
  }

  @Test func whatOnlyTheOriginalReadsIsNeitherRequiredNorDescribed() async throws {
    let yaml = """
      version: 1
      openapi: { path: /openapi.json }
      plugins: { p: { library: P } }
      dependencies: { key: { provider: p.key } }
      routes: [ { match: GET /show, handler: p.show } ]
      """
    var plugin = Plugin("p", version: "1.0.0")
    plugin.asyncProvider("key", scope: .request, hasTeardown: false) {
      $0.parameter("x-key", in: .header, String.self)
    } _: { inputs, _ in try inputs.parameter("x-key", in: .header, String.self) }
    plugin.handler("show", needs: Dependency<String>("key")) { _, key in .text(key) }
    for overrides in [[], [Override.value("key", "test")]] {
      try await TestGateway.run(text: yaml, plugins: ["p": plugin], overrides: overrides) { client in
        let answer = try await client.get("/show")
        #expect(answer.status == (overrides.isEmpty ? 422 : 200))
        let document = try await client.get("/openapi.json")
        #expect(document.text.contains("x-key") == overrides.isEmpty)
      }
    }
  }

  @Test func theEnvironmentCountsAboveAnOverlaysSettings() async throws {
    try await withOverlays(
      Self.yaml, plugins: plugins(), overlays: ["settings: { prefix: overlay }"], arguments: [], overrides: plain,
      settings: ["PREFIX": "environment"]
    ) { client in
      let answer = try await client.get("/setting")
      #expect(answer.text == "environment")
    }
  }

  @Test func whatTheFileSaysOfTheOriginalDoesNotKeepAStandInOut() async throws {
    let yaml = """
      version: 1
      plugins: { p: { library: P } }
      dependencies:
        key: { provider: p.key }
        user: { provider: p.user, cache: false, max_concurrency: 2, parallel: true }
      depends: [{ dependency: key, scopes: [read] }]
      routes:
        - match: GET /show
          handler: p.show
          needs: { key: { dependency: key, scopes: [write] }, user: { dependency: user, cache: false } }
      """
    var plugin = Plugin("p", version: "1.0.0")
    plugin.securityProvider("key") { _ -> String in throw HTTPError(401) }
    plugin.provider("user", scope: .request) { _ in User(name: "original") }
    plugin.offer("user", User.self, as: .json("p.user", version: "1.0"))
    plugin.handler("show", needs: Dependency<String>("key"), Dependency<User>("user")) { _, key, user in
      .text("\(key) \(user.name)")
    }
    for user in [Override.json("user", #"{"name":"Lin"}"#), .value("user", User(name: "Lin"))] {
      try await TestGateway.run(text: yaml, plugins: ["p": plugin], overrides: [.value("key", "sesame"), user]) { client in
        let answer = try await client.get("/show")
        #expect(answer.text == "sesame Lin")
      }
    }
  }

  @Test(arguments: [
    ("overrides: { name: { provider: p.loud } }", ["overlay-0.yaml:1:32"]),
    ("overrides: { name: { provider: p.loud, needs: { name: store } } }", ["overlay-0.yaml:1:55", "dependency `name`"]),
    ("overrides: { user: { value: { id: 2 } } }", ["overlay-0.yaml:1:29", "value of override `user`: `name`: Field required"]),
    ("overrides: { store: { provider: p.strict } }", ["overlay-0.yaml:1:33", "config of override `store`: `name`: Field required"]),
    ("plugins: { q: { library: Q } }\noverrides: { name: { provider: q.none } }", ["overlay-0.yaml:2:34", "no provider `none`"]),
  ])
  func everyMistakeOfAStandInPointsIntoTheOverlay(overlay: String, texts: [String]) async throws {
    var all = plugins()
    var p = try #require(all["p"])
    p.provider("loud", needs: Dependency<Double>("name")) { _, _ in "LOUD" }
    p.provider("strict", config: Plugin.configSchema(User.self)) { _ -> Tracked in throw HTTPError(500) }
    all["p"] = p
    all["q"] = Plugin("q", version: "1.0.0")
    let error = await #expect(throws: TestGatewayError.self) {
      try await withOverlays(Self.yaml, plugins: all, overlays: [overlay], arguments: [], overrides: []) { _ in }
    }
    for expected in texts { #expect(error?.text.contains(expected) == true, "\(error?.text ?? "")") }
  }
}
