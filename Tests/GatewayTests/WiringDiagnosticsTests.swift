@testable import GatewayPlugin
import GatewayPluginHost
import Testing

@testable import Gateway

/// What is said of wiring that does not fit: the place, the reason, and the chain from the first route that needs it.
@Suite struct WiringDiagnosticsTests {
  /// store (app) ← session ← user; `mixed` is of app scope and needs a session; a ↔ b; `lost` exists in no plugin.
  private func plugin() -> Plugin {
    var plugin = Plugin("p", version: "1.0.0")
    let session = Dependency<[UInt8]>("session")
    plugin.provider("store", scope: .app) { _ in "store" }
    plugin.provider("session", needs: Dependency<String>("store")) { _, _ in [UInt8(1)] }
    plugin.provider("user", needs: session) { _, _ in 7 }
    plugin.provider("mixed", scope: .app, needs: session) { _, _ in "mixed" }
    plugin.provider("a", needs: Dependency<Double>("b")) { _, _ in Float(1) }
    plugin.provider("b", needs: Dependency<Float>("a")) { _, _ in Double(1) }
    plugin.inlineHandler("list", needs: session, Dependency<Int>("user")) { _, _, _ in .noContent }
    plugin.inlineHandler("plain") { _ in .noContent }
    return plugin
  }

  private func load(_ text: String, _ plugins: [String: Plugin]? = nil) -> LoadedGateway {
    let plugins = plugins ?? ["p": plugin()]
    let names = plugins.keys.sorted().map { "\($0): {}" }.joined(separator: ", ")
    return GatewayLoader.load(
      text: "version: 1\nplugins: { \(names) }\n" + text, path: "gateway.yaml", variables: [:],
      linked: plugins.compactMapValues { $0.export(to: HostTable.shared.pointer) }, overrides: [])
  }

  private func told(_ text: String, _ plugins: [String: Plugin]? = nil) -> String { load(text, plugins).text() }

  @Test func aMissingProviderIsToldWithTheChainToIt() {
    let text = told("""
      dependencies:
        store: { provider: p.stor, scope: app }
        session: { provider: p.session }
        user: { provider: p.user }
      routes:
        - { match: GET /plain, handler: p.plain }
        - { match: GET /books, handler: p.list }
      """)
    expect(text, """
      error[unknown-reference]: plugin `p` has no provider `stor`
       --> gateway.yaml:4:24
        |
      4 |   store: { provider: p.stor, scope: app }
        |                        ^^^^
        = at: dependencies.store.provider
        = expected: store, session, user, mixed, a, b
        = help: did you mean `store`?
        = note: chain: GET /books (gateway.yaml:9:14) → handler p.list → session (gateway.yaml:5:3) → store (gateway.yaml:4:3)

      1 error

      """)
  }

  @Test func aCircleIsToldFromTheRouteThroughAllOfIt() {
    let text = told("""
      dependencies:
        a: { provider: p.a }
        b: { provider: p.b }
      groups:
        g: { depends: [b] }
      routes:
        - { match: "GET,POST /x", group: g, respond: { status: 204 } }
      """)
    expect(text, """
      error[wiring]: dependency `a`: dependencies need each other in a circle: a → b → a
       --> gateway.yaml:4:3
        |
      4 |   a: { provider: p.a }
        |   ^
        = at: dependencies.a
        = note: `b` is here
       --> gateway.yaml:5:3
        |
      5 |   b: { provider: p.b }
        |   ^
        = note: chain: GET,POST /x (gateway.yaml:9:14) → depends of group g (gateway.yaml:7:18) → b (gateway.yaml:5:3) → a (gateway.yaml:4:3) → b (gateway.yaml:5:3)

      1 error

      """)
  }

  @Test func allThatIsWrongIsToldInOneRun() {
    let loaded = load("""
      dependencies:
        store: { provider: p.store }
        session: { provider: p.session, needs: { store: user } }
        user: { provider: p.user, needs: { sesion: session } }
        mixed: { provider: p.mixed }
      depends: [mixed]
      openapi: { depends: [{ dependency: store, scopes: [x] }] }
      groups:
        g: { needs: { usr: user } }
      routes:
        - { match: GET /one, group: g, handler: p.list, needs: { user: session } }
        - { match: GET /two, depends: [{ dependency: session, scopes: [a, b] }], handler: p.plain, needs: { x: user } }
      """)
    let list = loaded.diagnostics.sorted().map { diagnostic in
      let chain = diagnostic.notes.map(\.message).first { $0.hasPrefix("chain: ") }?.dropFirst(7)
      return "\(diagnostic.span?.line ?? 0):\(diagnostic.span?.column ?? 0) \(diagnostic.message)\n  \(chain ?? "")"
    }
    let one = "GET /one (gateway.yaml:13:14)"
    let session = "session (gateway.yaml:5:3)"
    let user = "user (gateway.yaml:6:3)"
    let mixed = "mixed (gateway.yaml:7:3)"
    let expected = [
      "5:3 dependency `session`: dependencies need each other in a circle: session → user → session\n  "
        + "\(one) → handler p.list → \(session) → \(user) → \(session)",
      "5:51 dependency `session`: input 'store' needs Swift.String, but dependency 'user' provides Swift.Int\n  "
        + "\(one) → handler p.list → \(session) → \(user)",
      "6:38 dependency `user`: there is no input 'sesion'; did you mean 'session'?; declared: session\n  "
        + "\(one) → handler p.list → \(session) → \(user)",
      "7:3 dependency `mixed`: input 'session' of a dependency of app scope is wired to 'session' of request scope, which "
        + "is gone before it\n  \(one) → depends of the gateway (gateway.yaml:8:11) → \(mixed) → \(session)",
      "9:36 the document and its page: 'store' is asked for x, and neither it nor anything that it needs looks at scopes\n  "
        + "openapi (gateway.yaml:9:1) → depends (gateway.yaml:9:36) → store (gateway.yaml:4:3)",
      "11:17 no handler of group `g` has an input `usr`\n  ",
      "13:66 handler `p.list`: input 'user' needs Swift.Int, but dependency 'session' provides Swift.Array<Swift.UInt8>\n  "
        + "\(one) → handler p.list → \(session)",
      "14:48 route `GET /two`: 'session' is asked for a, b, and neither it nor anything that it needs looks at scopes\n  "
        + "GET /two (gateway.yaml:14:14) → depends (gateway.yaml:14:48) → \(session)",
      "14:103 handler `p.plain`: there is no input 'x'; nothing is needed here\n  "
        + "GET /two (gateway.yaml:14:14) → handler p.plain",
    ]
    for (found, wanted) in zip(list, expected) { expect(found, wanted) }
    #expect(list.count == expected.count)
    #expect(loaded.snapshot == nil)
  }

  @Test func anInputThatNothingProvidesIsToldAtTheHandler() {
    let text = told("""
      dependencies:
        store: { provider: p.store }
        se: { provider: p.session }
      routes:
        - { match: GET /one, handler: p.list, needs: { session: se } }
      """)
    expect(text, """
      error[wiring]: handler `p.list`: input 'user' of type Swift.Int is not wired, and no dependency provides one
       --> gateway.yaml:7:33
        |
      7 |   - { match: GET /one, handler: p.list, needs: { session: se } }
        |                                 ^^^^^^
        = at: routes[0].handler
        = note: chain: GET /one (gateway.yaml:7:14) → handler p.list

      1 error

      """)
  }

  @Test func whatNoRouteNeedsIsAWarning() {
    let loaded = load("""
      dependencies:
        store: { provider: p.store }
        session: { provider: p.session }
        user: { provider: p.user }
        a: { provider: p.a }
      groups:
        g: { needs: { user: user } }
        h: { group: g, needs: { user: user } }
      routes:
        - { match: GET /plain, depends: [session], handler: p.plain }
        - { match: GET /list, group: h, handler: p.list }
      """)
    // `a` needs `b`, which is not declared: a mistake, used or not.
    #expect(loaded.diagnostics.all.map(\.message).contains { $0.contains("input 'b' of type Swift.Double is not wired") })
    let fine = load("""
      dependencies:
        store: { provider: p.store }
        session: { provider: p.session }
        user: { provider: p.user }
        mixed: { provider: p.store }
      groups:
        g: { needs: { user: user } }
        h: { group: g, needs: { user: user } }
      routes:
        - { match: GET /plain, depends: [session], handler: p.plain }
        - { match: GET /list, group: h, handler: p.list }
      """)
    expect(fine.text(), """
      warning[unused]: the dependency `mixed` is unused: no route needs it, directly or through another
       --> gateway.yaml:7:3
        |
      7 |   mixed: { provider: p.store }
        |   ^^^^^
        = at: dependencies.mixed

      warning[unused]: `user` of group `g` is unused: every route wires it otherwise
       --> gateway.yaml:9:17
        |
      9 |   g: { needs: { user: user } }
        |                 ^^^^
        = at: groups.g.needs.user

      2 warnings

      """)
    #expect(fine.snapshot != nil)
  }

  @Test func oneLibraryUnderTwoNamesIsAWarning() {
    let descriptor = plugin().export(to: HostTable.shared.pointer)
    let loaded = GatewayLoader.load(
      text: """
        version: 1
        plugins: { p: {}, q: {} }
        routes:
          - { match: GET /p, handler: p.plain }
          - { match: GET /q, handler: q.plain }
        """, path: "gateway.yaml", variables: [:], linked: ["p": descriptor, "q": descriptor].compactMapValues(\.self),
      overrides: [])
    #expect(
      loaded.diagnostics.all.map(\.message) == [
        "plugins `p` and `q` are one library: it is started twice and has one state"
      ])
    #expect(loaded.snapshot != nil)
  }

  @Test func oneNameOfAViewHasOneSchema() throws {
    func plugin(_ name: String, _ schema: String) -> Plugin {
      var plugin = Plugin(name, version: "1.0.0")
      plugin.provider("view", scope: .app) { _ in name }
      plugin.providers[0].declaration =
        #"{"provides":[{"json":"user","version":"1.0","schema":\#(schema)},{"service":"clock","version":"1.0"}]}"#
      plugin.inlineHandler("plain") { _ in .noContent }
      return plugin
    }
    let routes = "routes:\n  - { match: GET /a, handler: a.plain }\n  - { match: GET /b, handler: b.plain }\n"
    let object = #"{"type":"object","properties":{}}"#
    let same = load(routes, ["a": plugin("a", object), "b": plugin("b", #"{"properties":{},"type":"object"}"#)])
    expect(same.text(), "")
    let other = told(routes, ["a": plugin("a", object), "b": plugin("b", #"{"type":"string"}"#)])
    expect(other, """
      error[provided-twice]: plugins `a` and `b` both provide `json:user@1.0`, with different schemas
       --> gateway.yaml:2:19
        |
      2 | plugins: { a: {}, b: {} }
        |                   ^
        = at: plugins.b
        = found: a.view and b.view
        = expected: one schema for one name and version
        = help: one of the plugins has to give what it provides another name or version
        = note: the other plugin is here
       --> gateway.yaml:2:12
        |
      2 | plugins: { a: {}, b: {} }
        |            ^

      1 error

      """)
  }

  @Test func anInputThatIsWiredByItsNameAloneIsAUse() {
    let loaded = load("""
      dependencies:
        store: { provider: p.store }
        session: { provider: p.session }
        user: { provider: p.user }
      routes:
        - { match: GET /books, handler: p.list }
      """)
    expect(loaded.text(), "")
    #expect(loaded.snapshot != nil)
  }

  @Test(arguments: [
    ("parallel: true", true), ("parallel: false", false),
  ])
  func limitsThatAreTakenSideBySideHaveNoOrder(options: String, isTold: Bool) {
    var plugin = Plugin("p", version: "1.0.0")
    plugin.provider("one") { _ in 1 }
    plugin.provider("two") { _ in 2.0 }
    plugin.inlineHandler("use", needs: Dependency<Int>("one"), Dependency<Double>("two")) { _, _, _ in .noContent }
    let text = told(
      """
      dependencies:
        one: { provider: p.one, max_concurrency: 1, \(options) }
        two: { provider: p.two, max_concurrency: 1, \(options) }
      routes: [{ match: GET /, handler: p.use }]
      """, ["p": plugin])
    #expect(text.contains("at their limits they block each other") == isTold, "\(text)")
  }

  @Test(arguments: [("false", true), ("true", false)])
  func aRequestThatNeedsSeveralOfALimitIsTold(cache: String, isTold: Bool) {
    var plugin = Plugin("p", version: "1.0.0")
    plugin.provider("one") { _ in 1 }
    plugin.inlineHandler("use", needs: Dependency<Int>("a"), Dependency<Int>("b")) { _, _, _ in .noContent }
    let text = told(
      """
      dependencies: { one: { provider: p.one, max_concurrency: 3, cache: \(cache) } }
      routes: [{ match: GET /, handler: p.use, needs: { a: one, b: one } }]
      """, ["p": plugin])
    #expect(text.contains("one request needs 2 values of `one`") == isTold, "\(text)")
    #expect(!text.contains("error["), "\(text)")
  }

  // MARK: groups

  @Test func aMistakeInAPrefixIsToldOnceAtTheGroup() {
    let text = told("""
      groups: { g: { prefix: "/a{" }, h: { prefix: "/{id}" } }
      routes:
        - { match: GET /a, group: g, handler: p.plain }
        - { match: GET /b, group: g, handler: p.plain }
        - { match: "GET /{id}", group: h, handler: p.plain }
      """)
    #expect(text.contains("the prefix of group `g`"), "\(text)")
    #expect(text.contains("group `h` puts `/{id}` before it"), "\(text)")
    #expect(text.contains("2 errors"), "\(text)")
  }

  @Test func whatAGroupSaysOfLimitsIsForRoutesThatSayNothing() throws {
    let loaded = load("""
      use: [ { limits: { timeout: 1s } } ]
      groups:
        g: { limits: { body: 10B, timeout: 2s } }
        h: { group: g, limits: { body: 20B } }
      routes:
        - { match: POST /none, group: h, handler: p.plain }
        - { match: POST /own, group: h, handler: p.plain, limits: { body: 1KiB } }
        - { match: POST /size, group: h, handler: p.plain, body: { schema: { type: string }, max_size: 2KiB } }
        - { match: POST /out, handler: p.plain }
      """)
    expect(loaded.text(), "")
    let snapshot = try #require(loaded.snapshot)
    #expect(snapshot.routes.map(\.body.limit) == [20, 1024, 2048, 1 << 20])
    #expect(snapshot.routes.map(\.timeout) == [.seconds(2), .seconds(2), .seconds(2), .seconds(1)])
    let policy = load("""
      groups: { g: { limits: { body: 10B } } }
      routes: [ { match: POST /a, group: g, handler: p.plain, use: [ { limits: { body: 1KiB } } ] } ]
      """)
    #expect(policy.snapshot?.routes.map(\.body.limit) == [1024], "\(policy.text())")
  }

  @Test func aMissingConfigValueIsToldAtTheDependencyWithItsName() {
    var plugin = Plugin("p", version: "1.0.0")
    plugin.provider("store", scope: .app, config: #"{"type":"object","required":["path"]}"#) { _ in "store" }
    plugin.inlineHandler("plain", needs: Dependency<String>("store")) { _, _ in .noContent }
    let text = told(
      "dependencies: { store: { provider: p.store } }\nroutes: [ { match: GET /a, handler: p.plain } ]", ["p": plugin])
    #expect(text.contains("config of dependency `store`: `path`: Field required\n --> gateway.yaml:3:17"), "\(text)")
  }
}
