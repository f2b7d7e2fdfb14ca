import GatewayConfiguration
import GatewayJSON
import GatewayYAML
import Testing

@Suite struct DiagnosticsTests {
  private func load(_ text: String) -> ConfigurationLoader.Result {
    ConfigurationLoader.load(Array(text.utf8), path: "dir/gateway.yaml", environment: Environment())
  }

  private let text = """
    version: 1
    plugins: { p: { config: { list: [ { a/b: 1, "x~y": [ 7, 8 ] } ] } } }
    routes: [ { match: GET /a, handler: p.hello } ]
    """

  @Test func laterStagesPointAtPartsOfReferences() throws {
    let result = load(text)
    let file = try #require(result.file)
    var diagnostics = result.diagnostics
    guard case .handler(let handler) = try #require(file.routes.first).action else { return }
    diagnostics.error("unknown-handler", "there is no handler `hello`", at: handler.member, suggestion: "hallo")
    #expect(
      DiagnosticRenderer(sources: diagnostics.sources).text(diagnostics) == """
        error[unknown-handler]: there is no handler `hello`
         --> dir/gateway.yaml:3:39
          |
        3 | routes: [ { match: GET /a, handler: p.hello } ]
          |                                       ^^^^^
          = at: routes[0].handler
          = help: did you mean `hallo`?

        1 error

        """)
  }

  @Test func pointersIntoJSONFindTheirPlaceInTheFile() throws {
    let config = try #require(load(text).file?.plugins.first?.config)
    let item = config.location(forPointer: "/list/0/x~0y/1")
    #expect((item.mark.line, item.mark.column) == (2, 57))
    #expect(item.keyPath == "plugins.p.config.list[0][\"x~y\"][1]")
    #expect(config.location(forPointer: "/list/0/a~1b").mark.column == 42)
    #expect(config.location(ofKeyAt: "/list/0/a~1b").mark.column == 37)
    #expect(config.location(forPointer: "").keyPath == "plugins.p.config")
    // The nearest enclosing part for what is not there.
    #expect(config.location(forPointer: "/list/9").keyPath == "plugins.p.config.list")
    #expect(config.location(forPointer: "/list/0/none/deeper").keyPath == "plugins.p.config.list[0]")
  }

  @Test func jsonHasEveryFact() throws {
    let result = load("version: 1\nserver: { workers: 2, workers: 3 }\nerrors: detial\n")
    let list = try #require(result.diagnostics.json.array)
    #expect(list.count == 2)
    let first = list[0]
    #expect(first["severity"]?.string == "error")
    #expect(first["code"]?.string == "duplicate-key")
    #expect(first["file"]?.string == "dir/gateway.yaml")
    #expect(first["line"]?.number == 2 && first["column"]?.number == 23)
    #expect(first["endLine"]?.number == 2 && first["endColumn"]?.number == 30)
    #expect(first["notes"]?.array?.first?["column"]?.number == 11)
    let second = list[1]
    #expect(second["keyPath"]?.string == "errors")
    #expect(second["found"]?.string == "the string `detial`")
    #expect(second["expected"]?.string == "one of `detail`, `problem`")
    #expect(second["suggestion"]?.string == "detail")
  }

  @Test func colourIsOffUntilAskedFor() {
    let result = load("version: 2")
    let plain = DiagnosticRenderer(sources: result.sources).text(result.diagnostics)
    #expect(!plain.contains("\u{1B}"))
    let colored = DiagnosticRenderer(sources: result.sources, isColored: true).text(result.diagnostics)
    #expect(colored.contains("\u{1B}[1;31merror[invalid-value]\u{1B}[0m"))
  }

  @Test func mistakesOverTheLimitAreCounted() {
    let text = "version: 1\nserver:\n" + (0..<1500).map { "  k\($0): 1\n" }.joined()
    let result = load(text)
    #expect(result.diagnostics.all.count == Diagnostics.limit)
    #expect(result.diagnostics.omitted == 500)
    #expect(
      DiagnosticRenderer(sources: result.sources).text(result.diagnostics).hasSuffix("and 500 more\n1000 errors\n"))
  }

  @Test func aStageCanAskWhetherAMistakeIsToldAlready() throws {
    let result = load("version: 1\nroutes: [ { match: GET /a, redirect: \"/{x}\" } ]\n")
    guard case .redirect(let redirect) = try #require(result.file?.routes.first).action else { return }
    #expect(result.diagnostics.hasError(within: redirect.to))
    #expect(try !result.diagnostics.hasError(within: #require(result.file?.routes.first).match.path))
  }

  @Test func secretsAreNotPrinted() throws {
    let text =
      "version: 1\nsettings: { token: { env: TOKEN, secret: true } }\nserver: { workers: \"${settings.token}\" }\n"
    let result = ConfigurationLoader.load(
      Array(text.utf8), path: "x", environment: Environment(variables: ["TOKEN": "hunter2"]))
    #expect(result.diagnostics.hasErrors)
    #expect(!DiagnosticRenderer(sources: result.sources).text(result.diagnostics).contains("hunter2"))
    let setting = try #require(result.file?.settings.first)
    #expect(setting.value == .string("hunter2"))
    #expect(!"\(setting)".contains("hunter2"))
    var dumped = ""
    dump(setting, to: &dumped)
    #expect(!dumped.contains("hunter2"))
  }

  @Test func valuesThatArePutInAreNotLookedAtAgain() throws {
    let text = "version: 1\nplugins: { p: { config: \"${env:A}\" } }\nroutes: [ { match: /, handler: p.h } ]"
    let result = ConfigurationLoader.load(
      Array(text.utf8), path: "x", environment: Environment(variables: ["A": "${env:B} ${", "B": "no"]))
    #expect(result.file?.plugins.first?.config.value == .string("${env:B} ${"))
  }

  @Test func referencesCannotBlowUpMemory() {
    let big = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    let text =
      "version: 1\nplugins: { p: { config: [" + Array(repeating: "\"${file:big}\"", count: 100).joined(separator: ", ")
      + "] } }"
    let result = ConfigurationLoader.load(
      Array(text.utf8), path: "x", environment: Environment(files: ["big": big]))
    #expect(result.diagnostics.all.contains { $0.message.contains("more than 32MiB") })
  }
}
