import GatewayYAML
import Testing

@testable import GatewayConfiguration

/// Overlays as values; what they do to a running gateway is tested with one.
struct OverlayTests {
  private func load(_ text: String, _ overlays: [OverlaySource], files: [String: String] = [:]) -> ConfigurationLoader.Result {
    ConfigurationLoader.load(
      Array(text.utf8), path: "conf/gateway.yaml", overlays: overlays,
      environment: Environment(variables: ["HOST": "h"], files: files.mapValues { Array($0.utf8) }))
  }

  private static let text = """
    version: 1
    settings: { a: { type: integer, default: 1 }, b: { type: string, default: x } }
    plugins: { p: { library: P } }
    dependencies: { store: { provider: p.store, config: { a: "${settings.a}", b: "${settings.b}" } } }
    """

  @Test func laterOverlaysCountAboveEarlierOnes() throws {
    let result = load(
      Self.text, [.file("a.yaml"), .file("sub/b.yaml"), .override("store=q.other")],
      files: [
        "a.yaml": "settings: { a: 2, b: \"${env:HOST}\" }\noverrides: { store: { value: { n: 1 } } }",
        "sub/b.yaml": "settings: { a: 3 }\nplugins: { q: { path: \"q/${settings.b}.so\" } }",
      ])
    #expect(result.diagnostics.all.filter { $0.severity == .error }.map(\.message) == [])
    let file = try #require(result.file)
    let config = file.dependencies.first?.config.value
    #expect(config?["a"]?.number?.text == "3")
    #expect(config?["b"]?.string == "h")
    #expect(file.plugins.map(\.name.value) == ["p", "q"])
    #expect(file.plugins.last?.path?.value == "sub/q/h.so")
    #expect(file.overrides.count == 1)
    guard case .provider(let reference)? = file.overrides.first?.source else {
      Issue.record("the override is no provider")
      return
    }
    #expect("\(reference)" == "q.other")
  }

  @Test func aMissingOverlayIsAMistake() {
    let result = load(Self.text, [.file("none.yaml")])
    #expect(result.diagnostics.all.first?.message == "the overlay `none.yaml` does not exist")
  }

  @Test(arguments: ["a: { type: integer, default: x }", "a: { type: boolean, default: 1 }", "a: { default: 1 }"])
  func aDefaultOfAnotherTypeIsAMistake(setting: String) {
    let result = load("version: 1\nsettings: { \(setting) }", [])
    #expect(result.diagnostics.all.contains { $0.severity == .error && $0.code == .invalidValue })
  }

  private func errors(_ result: ConfigurationLoader.Result) -> [String] {
    result.diagnostics.all.filter { $0.severity == .error }.map(\.message)
  }

  @Test func aSettingOfAnOverlayIsReadBesideItAndSeesEnvFiles() {
    let result = load(
      Self.text, [.file("sub/o.yaml"), .file("other/o.yaml")],
      files: [
        "sub/o.yaml": "settings: { b: \"${env:LOCAL} ${file:b.txt}\" }", "other/o.yaml": "settings: { a: \"${file:b.txt}\" }",
        "sub/b.txt": "text", "other/b.txt": "5", "conf/.env": "LOCAL=here",
      ])
    #expect(errors(result) == [])
    let config = result.file?.dependencies.first?.config.value
    #expect(config?["b"]?.string == "here text")
    #expect(config?["a"]?.number?.text == "5")
  }

  @Test func severalOverlaysFillInAnObjectTogether() {
    let text = """
      version: 1
      settings: { t: { properties: { a: integer, b: integer, c: integer }, default: { a: 1, b: 1, c: 1 } } }
      plugins: { p: { library: P } }
      dependencies: { store: { provider: p.store, config: "${settings.t}" } }
      """
    let result = load(
      text, [.file("one.yaml"), .file("two.yaml")],
      files: ["one.yaml": "settings: { t: { a: 2, b: 2 } }", "two.yaml": "settings: { t: { b: 3 } }"])
    #expect(errors(result) == [])
    #expect(result.file?.dependencies.first?.config.value == ["a": 2, "b": 3, "c": 1])
  }

  @Test func anOverlayThatCannotBeReadHasNoFollowUps() {
    let text = "version: 1\nsettings: { r: string }\nroutes: [ { match: GET /a, respond: { body: \"${settings.r}\" } } ]"
    #expect(errors(load(text, [.file("none.yaml")])) == ["the overlay `none.yaml` does not exist"])
    #expect(errors(load(text, [.file("a.yaml")], files: ["a.yaml": "settings: { r: [ "])).count == 1)
    let twice = load(text, [.file("a.yaml")], files: ["a.yaml": "settings: { r: a, r: b }"])
    #expect(twice.diagnostics.all.map(\.code) == [.duplicateKey])
    #expect(errors(load(text, [])).count == 1)
  }

  @Test func aPluginThatOnlyAnOverrideUsesIsUsed() {
    let text = "version: 1\nplugins: { p: { library: P }, q: { library: Q } }\ndependencies: { store: { provider: p.store } }"
    #expect(load(text, [.override("store=q.other")]).diagnostics.all.isEmpty)
    #expect(load(text, []).diagnostics.all.count == 1)
  }
}
