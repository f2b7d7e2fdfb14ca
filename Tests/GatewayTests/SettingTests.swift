import GatewayPlugin
import GatewayTesting
import Testing

@Schema private struct Store {
  var url: String
  @Field(.minimum(1)) var pool: Int = 2
}

@Schema private struct ShopConfig {
  var store: Store
  var password: Secret
  var origins: [String]
  var limits: [String: Int]
  var note: String?
  var debug: Bool
}

/// Settings on their way into a plugin: typed, checked at load, secret to the end.
@Suite(.timeLimit(.minutes(5)))
struct SettingTests {
  private let text = """
    version: 1
    settings_from: { env_prefix: SHOP_, env_files: [] }
    settings:
      store: { properties: { url: string, pool: { type: integer, default: 3 } } }
      password: secret
      origins: { items: string, separator: "," }
      limits: { values: integer, default: {} }
      note: { default: null }
      debug: { type: boolean, default: false }
    plugins:
      p:
        config: &config
          store: ${settings.store}
          password: ${settings.password}
          origins: ${settings.origins}
          limits: ${settings.limits}
          note: ${settings.note}
          debug: ${settings.debug}
    dependencies: { shop: { provider: p.shop, config: *config } }
    routes: [ { match: GET /, handler: p.show } ]
    """

  private func plugin(_ journal: Journal) -> Plugin {
    var plugin = Plugin("p", version: "1.0.0")
    plugin.onStart(config: ShopConfig.self) { config in
      journal.note("start \(config.store.url) \(config.password) \(config.password.reveal())")
    }
    plugin.provider("shop", scope: .app, config: ShopConfig.self) { _, config in
      "\(config.store.pool) \(config.origins) \(config.limits) \(config.note ?? "nil") \(config.debug)"
    }
    plugin.inlineHandler("show", needs: Dependency<String>("shop")) { _, shop in .text(shop) }
    return plugin
  }

  @Test func aPluginGetsThemAsItsOwnTypes() async throws {
    let journal = Journal()
    let settings = [
      "SHOP_STORE__URL": "db", "SHOP_PASSWORD": "hunter2-hunter2", "SHOP_ORIGINS": "a, b", "SHOP_LIMITS__X": "7",
      "SHOP_DEBUG": "on", "SHOP_STORE": #"{"pool": 9}"#,
    ]
    try await TestGateway.run(text: text, plugins: ["p": plugin(journal)], settings: settings) { client in
      let answer = try await client.get("/")
      #expect(answer.text == #"9 ["a", "b"] ["x": 7] nil true"#)
    }
    #expect(journal.entries == ["start db ********** hunter2-hunter2"])
  }

  @Test func whatDoesNotFitThePluginIsToldAtLoadAllAtOnceAndWithoutSecrets() async throws {
    let journal = Journal()
    let wrong = text.replacing("debug: ${settings.debug}", with: "debug: ${settings.password}")
      .replacing("limits: ${settings.limits}", with: "limits: { x: \"${settings.password}\" }")
    let settings = [
      "SHOP_STORE__URL": "db", "SHOP_STORE__POOL": "0", "SHOP_PASSWORD": "hunter2-hunter2", "SHOP_ORIGINS": "",
    ]
    let error = await #expect(throws: TestGatewayError.self) {
      try await TestGateway.run(text: wrong, plugins: ["p": plugin(journal)], settings: settings) { _ in }
    }
    let said = try #require(error).text
    for message in ["greater than or equal to 1", "config.debug", "config.limits.x", "config.store.pool"] {
      #expect(said.contains(message), "\(message): \(said)")
    }
    #expect(!said.contains("hunter2"))
    #expect(journal.entries.isEmpty)
  }
}
