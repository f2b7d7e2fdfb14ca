import GatewayPlugin
import Synchronization
import Testing

@testable import GatewayTesting

/// As plugin `a` has it.
@Schema private struct Account {
  var id: Int
  var name: String
  var secret: String?
}

/// As plugin `b` reads it: fewer members, and one with a default.
@Schema private struct Visitor {
  @Field(.minLength(2)) var name: String
  var id: Int
  var role: String = "guest"
}

/// Values across plugins: JSON that is checked and decoded into the consumer's own type, at most once for each value.
@Suite(.timeLimit(.minutes(5)))
struct ViewTests {
  private let journal = Journal()

  /// Plugin `a` provides `account` in any scope; plugin `b` reads it in its own type.
  private func run(
    _ configuration: String, provider: (inout Plugin, Journal) -> Void = ViewTests.account,
    consumer: (inout Plugin, Journal) -> Void = ViewTests.shows, overrides: [Override] = [],
    _ body: (TestClient) async throws -> Void
  ) async throws {
    var a = Plugin("a", version: "1.0.0")
    provider(&a, journal)
    var b = Plugin("b", version: "1.0.0")
    consumer(&b, journal)
    let text = "version: 1\nplugins: { a: { library: A }, b: { library: B } }\n" + configuration
    try await TestGateway.run(text: text, plugins: ["a": a, "b": b], overrides: overrides, body)
  }

  private func failure(
    _ configuration: String = ViewTests.route, provider: (inout Plugin, Journal) -> Void = ViewTests.account,
    consumer: (inout Plugin, Journal) -> Void = ViewTests.shows, overrides: [Override] = []
  ) async throws -> String {
    let error = await #expect(throws: TestGatewayError.self) {
      try await run(configuration, provider: provider, consumer: consumer, overrides: overrides) { _ in }
    }
    return error?.text ?? ""
  }

  private static let route = """
    dependencies: { account: { provider: a.account } }
    routes: [ { match: GET /show, handler: b.show, needs: { visitor: account } } ]
    """

  private static let account: @Sendable (inout Plugin, Journal) -> Void = { plugin, journal in
    plugin.provider("account") { provision -> Account in
      journal.note("made")
      let name = try provision.withRequest { $0.header("x-name") } ?? "Ada"
      return Account(id: 7, name: name, secret: "s")
    } teardown: { _, _ in journal.note("ended") }
    plugin.offer("account", Account.self, as: .json("catalog.account", version: "1.2"))
  }

  private static let shows: @Sendable (inout Plugin, Journal) -> Void = { plugin, _ in
    let visitor = Dependency<Visitor>("visitor", json: "catalog.account@1.0")
    plugin.handler("show", needs: visitor) { _, visitor in .text("\(visitor.id) \(visitor.name) \(visitor.role)") }
  }

  @Test func aValueOfAnotherPluginIsDecodedIntoTheConsumersOwnType() async throws {
    try await run(Self.route) { client in
      try await client.shows("7 Ada guest")
      try await client.shows("7 Grace \"Hopper\" guest", ["x-name": "Grace \"Hopper\""])
    }
    #expect(journal.count("made") == 2)
    #expect(journal.count("ended") == 2)
  }

  @Test func whatDoesNotFitAtRunTimeIsA500ThatNamesBothPlugins() async throws {
    var a = Plugin("a", version: "1.0.0")
    Self.account(&a, journal)
    var b = Plugin("b", version: "1.0.0")
    Self.shows(&b, journal)
    let log = TestLog()
    try await withGateway(Self.route, log: log, plugins: ["a": a, "b": b]) { client in
      let answer = try await client.get("/show", headers: ["x-name": "X"])
      #expect(answer.status == 500)
      #expect(answer.text == #"{"detail":"Internal Server Error"}"#)
      // The next one is none the worse for it.
      try await client.shows("7 Ada guest")
    }
    let line = try await log.line("request failed in the gateway")
    let error = line?.facts["error"] ?? ""
    #expect(error.contains("a.account") && error.contains("b.show") && error.contains("/name"), "\(error)")
    // The value may be secret.
    #expect(!error.contains("\"X\""))
    await journal.wait(for: "ended", count: 2)
  }

  @Test func aValueIsWrittenOnceHoweverManyReadIt() async throws {
    let yaml = """
      dependencies: { account: { provider: a.account }, twice: { provider: b.twice, needs: { visitor: account } } }
      routes: [ { match: GET /show, handler: b.show, needs: { visitor: account, strict: account, twice: twice } } ]
      """
    try await run(yaml) { plugin, journal in
      plugin.inlineProvider("account") { _ in CountedAccount(journal: journal) }
      plugin.offer("account", CountedAccount.self, as: .json("catalog.account", version: "1.0"))
    } consumer: { plugin, _ in
      let visitor = Dependency<Visitor>("visitor", json: "catalog.account@1.0")
      let strict = Dependency<CountedAccount>("strict", json: "catalog.account@1.0")
      plugin.provider("twice", needs: visitor) { _, visitor in "\(visitor.name)\(visitor.name)" }
      plugin.handler("show", needs: visitor, strict, Dependency<String>("twice")) { _, visitor, _, twice in
        .text("\(visitor.role) \(twice)")
      }
    } _: { client in
      try await client.shows("guest AdaAda")
      #expect(journal.count("written") == 1)
      try await client.shows("guest AdaAda")
      #expect(journal.count("written") == 2)
    }
  }

  @Test func aValueOfAppScopeIsWrittenOnceForAll() async throws {
    let yaml = """
      dependencies: { account: { provider: a.account }, next: { provider: b.next, needs: { visitor: account } } }
      routes: [ { match: GET /show, handler: b.show, needs: { visitor: account, next: next } } ]
      """
    try await run(yaml) { plugin, journal in
      plugin.inlineProvider("account", scope: .app) { _ in CountedAccount(journal: journal) }
      plugin.offer("account", CountedAccount.self, as: .json("catalog.account", version: "1.0"))
    } consumer: { plugin, _ in
      let visitor = Dependency<Visitor>("visitor", json: "catalog.account@1.0")
      plugin.provider("next", scope: .app, needs: visitor) { _, visitor in visitor.id + 1 }
      plugin.handler("show", needs: visitor, Dependency<Int>("next")) { _, visitor, next in .text("\(visitor.name) \(next)") }
    } _: { client in
      for _ in 0..<3 { try await client.shows("Ada 8") }
      // One text, for two consumers and three exchanges: each view is of the same value.
      #expect(journal.count("written") == 1)
    }
  }

  @Test func anAppScopeValueThatDoesNotFitStopsTheStart() async throws {
    let text = try await failure("""
      dependencies: { account: { provider: a.account, scope: app } }
      routes: [ { match: GET /show, handler: b.show, needs: { visitor: account } } ]
      """) { plugin, _ in
      plugin.inlineProvider("account") { _ in Account(id: 1, name: "X") }
      plugin.offer("account", Account.self, as: .json("catalog.account", version: "1.2"))
    }
    #expect(text.contains("dependency 'account' cannot be used by another plugin"), "\(text)")
    #expect(text.contains("b.show"), "\(text)")
  }

  @Test func aSwiftValueOfAnotherPluginIsRefused() async throws {
    let text = try await failure { plugin, journal in Self.account(&plugin, journal) } consumer: { plugin, _ in
      plugin.handler("show", needs: Dependency<Account>("visitor")) { _, visitor in .text(visitor.name) }
    }
    #expect(text.contains("it is a value of plugin `a`"), "\(text)")
    #expect(text.contains("can take it as `json:catalog.account@1.2`"), "\(text)")
    #expect(text.contains("gateway.yaml:4:"), "\(text)")
  }

  @Test(arguments: [
    ("catalog.account@2.0", "version is another"), ("catalog.account@1.3", "version is older"),
    ("catalog.acount@1.2", "json:catalog.account@1.2"), ("other", "plugin has to be mended"),
  ])
  func aViewThatIsNotOfferedIsRefused(wanted: String, reason: String) async throws {
    let text = try await failure { plugin, journal in Self.account(&plugin, journal) } consumer: { plugin, _ in
      plugin.handler("show", needs: Dependency<Visitor>("visitor", json: wanted)) { _, visitor in .text(visitor.name) }
    }
    #expect(text.contains(reason), "\(text)")
  }

  @Test func whatTheProviderDoesNotGuaranteeIsRefusedWithBothSchemas() async throws {
    let text = try await failure { plugin, journal in Self.account(&plugin, journal) } consumer: { plugin, _ in
      let visitor = Dependency<Demanding>("visitor", json: "catalog.account@1.0")
      plugin.handler("show", needs: visitor) { _, visitor in .text(visitor.secret) }
    }
    #expect(text.contains("`/secret`"), "\(text)")
    #expect(text.contains("`/email` is not there, and is required"), "\(text)")
    #expect(text.contains("what the provider guarantees"), "\(text)")
    #expect(text.contains("what the consumer needs"), "\(text)")
    #expect(text.contains("gateway.yaml:4:"), "\(text)")
  }

  @Test func anOfferOfWhatIsNotThereRefusesThePlugin() async throws {
    let text = try await failure { plugin, _ in
      plugin.inlineProvider("account") { _ in 1 }
      plugin.offer("acount", Account.self, as: .json("catalog.account", version: "1.0"))
    }
    #expect(text.contains("does not fit") || text.contains("there is no plugin") || text.contains("library"), "\(text)")
  }

  @Test func macrosWriteBothSides() async throws {
    let yaml = """
      version: 1
      plugins: { a: { library: A }, b: { library: B } }
      dependencies:
        account: { provider: a.account }
        counter: { provider: a.counter }
        label: { provider: b.label, needs: { visitor: account } }
      routes: [ { match: GET /show, handler: b.show, needs: { visitor: account, counter: counter, label: label } } ]
      """
    try await TestGateway.run(text: yaml, plugins: ["a": ViewsA.plugin(), "b": ViewsB.plugin()]) { client in
      try await client.shows(#""label of Ada, 41, 42""#)
      try await client.shows(#""label of Ada, 43, 44""#)
    }
  }
}

extension TestClient {
  fileprivate func shows(
    _ text: String, _ headers: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let answer = try await get("/show", headers: headers)
    #expect(answer.text == text, sourceLocation: sourceLocation)
  }
}

/// A value that tells when it is written.
private struct CountedAccount: SchemaType {
  var journal: Journal?

  init(journal: Journal) { self.journal = journal }

  static func schema(_ schemas: inout SchemaCollector) -> SchemaObject {
    SchemaObject([
      "type": #""object""#, "required": #"["name","id"]"#,
      "properties": #"{"id":{"type":"integer"},"name":{"type":"string"}}"#,
    ])
  }

  init(from value: borrowing JSONView) throws(DecodingFailure) {}

  func write(to json: inout JSONWriter) {
    journal?.note("written")
    json.raw(#"{"id":7,"name":"Ada"}"#)
  }
}

@Schema private struct Demanding {
  var secret: String
  var email: String
}

@Schema struct ViewsAccount {
  var id: Int
  var name: String
}

@Schema struct ViewsVisitor { var name: String }

/// Laid out as a C struct of function pointers.
struct CounterFunctions: Sendable {
  var next: @convention(c) @Sendable (UnsafeMutableRawPointer?) -> Int64
}

final class ViewsCounter: ServiceValue {
  static let service = ServiceDefinition(
    "views.counter", version: "2.1", functions: CounterFunctions { context in ViewsCounter.from(context)?.next() ?? -1 })

  private let count = Mutex(Int64(40))

  func next() -> Int64 {
    count.withLock { count in
      count += 1
      return count
    }
  }
}

@Plugin(entry: false) struct ViewsA {
  @Provider(provides: .json("views.account", version: "1.0"))
  static func account() async throws -> ViewsAccount { ViewsAccount(id: 1, name: "Ada") }

  @Provider(scope: .app, inline: true, provides: .service)
  static func counter() -> ViewsCounter { ViewsCounter() }
}

@Plugin(entry: false) struct ViewsB {
  @Provider static func label(@From("views.account@1.0") visitor: ViewsVisitor) async throws -> String {
    "label of \(visitor.name)"
  }

  @Handler func show(
    @From("views.account@1.0") visitor: ViewsVisitor, @From("views.counter@2.0") counter: Service<CounterFunctions>,
    label: Label
  ) async throws -> String {
    let first = counter.functions.next(counter.context)
    await Task.yield()
    return "\(label), \(first), \(counter.functions.next(counter.context))"
  }

  typealias Label = String
}
