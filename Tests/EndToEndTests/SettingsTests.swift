import Foundation
import TestSupport
import Testing

/// Settings through the program: process environment, `.env` files, secret files, and what is told of them.
@Suite(.timeLimit(.minutes(5))) struct SettingsTests {
  private func folder(_ files: [String: String]) throws -> String {
    let folder = try RunningGateway.folder()
    for (name, text) in files {
      let path = "\(folder)/\(name)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
    return folder
  }

  private let yaml = """
    version: 1
    settings_from: { env_prefix: SHOP_, env_files: [.env, .env.local], secrets: secrets }
    settings:
      workers: { type: integer, maximum: 8 }
      token: { type: secret, minLength: 8 }
      origins: { items: url, separator: "," }
      greeting: { default: hello }
    server: { listen: ["127.0.0.1:0"], workers: "${settings.workers}" }
    use: [ { cors: { origins: "${settings.origins}" } } ]
    routes:
      - { match: GET /greeting, redirect: "/${settings.greeting}" }
    """

  @Test func everySourceCountsInItsOrderAndTheCommandSaysWhich() throws {
    let folder = try folder([
      "gateway.yaml": yaml, ".env": "SHOP_WORKERS=1\nSHOP_ORIGINS=https://a.example", "secrets/token": "hunter2-token\n",
      ".env.local": "SHOP_ORIGINS=\"https://a.example, https://b.example\"\nSHOP_WORKERS=7",
    ])
    let environment = ["SHOP_WORKERS": "2"]
    let table = try Child.run(RunningGateway.program, ["settings", "\(folder)/gateway.yaml"], environment: environment)
    #expect(table.code == 0, "\(table.errors)")
    let rows = table.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
    #expect(rows.map { $0[0] } == ["SETTING", "workers", "token", "origins", "greeting"])
    #expect(table.output.contains("environment SHOP_WORKERS"))
    #expect(table.output.contains("a secret of 13 bytes"))
    #expect(table.output.contains("\(folder)/.env.local:1 SHOP_ORIGINS"))
    #expect(!(table.output + table.errors).contains("hunter2"))

    let json = try Child.run(
      RunningGateway.program, ["settings", "--json", "\(folder)/gateway.yaml"], environment: environment)
    let list = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    #expect(list[0]["value"] as? Int == 2)
    #expect(list[1]["value"] is NSNull)
    #expect(list[2]["value"] as? [String] == ["https://a.example", "https://b.example"])
    #expect((list[3]["source"] as? [String: Any])?["kind"] as? String == "default")
    #expect(!json.output.contains("hunter2"))
  }

  @Test func aPluginThatDoesNotStartMayQuoteASecretAndTheLogDoesNot() throws {
    let path = try #require(BuiltPlugins.path("BrokenFailingStart"))
    let yaml = """
      version: 1
      settings: { word: { type: secret, env: WORD } }
      server: { listen: ["127.0.0.1:0"] }
      plugins: { broken: { path: "\(path)" } }
      routes: [ { match: GET /hello, handler: broken.hello } ]
      """
    // What the plugin says of the licence is the secret here.
    let failed = try RunningGateway.failure(yaml, environment: ["WORD": "licence expired"])
    #expect(failed.code == 2)
    #expect(failed.errors.contains("the (a secret of 15 bytes)"), "\(failed.errors)")
    #expect(!failed.errors.contains("licence"), "\(failed.errors)")
  }

  @Test func everyMistakeIsToldAtOnceAndNoSecret() throws {
    let folder = try folder([
      "gateway.yaml": yaml, ".env": "SHOP_WORKERS=12\nSHOP_GREETNG=hi\nSHOP_X Y", "secrets/token": "hunter2",
    ])
    let checked = try Child.run(RunningGateway.program, ["check", "\(folder)/gateway.yaml"])
    #expect(checked.code == 1)
    let errors = checked.errors
    #expect(errors.contains("\(folder)/.env:1:1") && errors.contains("(`maximum` 8)"), "\(errors)")
    #expect(errors.contains("\(folder)/.env:2:1") && errors.contains("did you mean `SHOP_GREETING`?"), "\(errors)")
    #expect(errors.contains("\(folder)/.env:3:8"), "\(errors)")
    #expect(errors.contains("the secret file `\(folder)/secrets/token` does not fit"), "\(errors)")
    #expect(errors.contains("the setting `origins` has no value"), "\(errors)")
    #expect(errors.hasSuffix("5 errors\n"), "\(errors)")
    #expect(!errors.contains("hunter2"))
  }
}
