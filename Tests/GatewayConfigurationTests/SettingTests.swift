import GatewayConfiguration
import GatewayJSON
import Testing

/// Settings: which source counts, what a value is read as, and that secrets are not told.
@Suite struct SettingTests {
  private func load(
    _ settings: String, from: String = "{ env_prefix: S_ }", variables: [String: String] = [:],
    files: [String: String] = [:], rest: String = ""
  ) -> ConfigurationLoader.Result {
    let text = "version: 1\nsettings_from: \(from)\nsettings: \(settings)\n\(rest)"
    return ConfigurationLoader.load(
      Array(text.utf8), path: "gateway.yaml",
      environment: Environment(variables: variables, files: files.mapValues { Array($0.utf8) }))
  }

  private func value(
    _ shape: String, _ text: String?, from: String = "{ env_prefix: S_ }", variables: [String: String] = [:],
    files: [String: String] = [:]
  ) -> JSONValue? {
    var variables = variables
    if let text { variables["S_X"] = text }
    let result = load("{ x: \(shape) }", from: from, variables: variables, files: files)
    return result.diagnostics.hasErrors ? nil : result.file?.settings.first?.value
  }

  // MARK: Types

  @Test(arguments: [
    ("string", "", ""), ("string", " a ", " a "), ("string", "5", "5"), ("integer", "5", 5), ("integer", " -7 ", -7),
    ("integer", "0x10", 16), ("number", "1e3", 1000), ("boolean", "TRUE", true),
    ("boolean", "off", false), ("boolean", "1", true), ("duration", "250ms", "250ms"), ("size", "64KiB", "64KiB"),
    ("url", "http://h:1/p?q", "http://h:1/p?q"), ("{ enum: [a, 5] }", "5", 5), ("{ enum: [a, 5] }", "a", "a"),
    ("{ items: integer }", "[1, 2]", [1, 2]), ("{ items: integer, separator: \";\" }", "1; 2 ;3", [1, 2, 3]),
    ("{ items: integer, separator: \";\" }", " [1,2]", [1, 2]), ("{ items: integer, separator: \";\" }", "", []),
    ("{ values: integer }", "{\"a\": 1}", ["a": 1]), ("{ properties: { a: duration } }", "{\"a\": \"1s\"}", ["a": "1s"]),
    ("{ type: list, items: { items: integer } }", "[[1],[2,3]]", [[1], [2, 3]]),
    ("{ type: integer, minimum: 5, multipleOf: 5 }", "10", 10), ("{ type: size, maximum: 1MiB }", "1024KiB", "1024KiB"),
    ("{ pattern: \"^a+$\" }", "aaa", "aaa"), ("{ format: ipv4 }", "10.0.0.1", "10.0.0.1"),
  ] as [(String, String, JSONValue)])
  func aTextIsReadAsWhatIsDeclared(shape: String, text: String, expected: JSONValue) {
    #expect(value(shape, text) == expected)
  }

  @Test(arguments: [
    ("integer", "5.5"), ("integer", ""), ("integer", "99999999999999999999"), ("number", "1_000"), ("boolean", "maybe"),
    ("duration", "5"), ("size", "1 MiB"), ("url", "books.sqlite"), ("url", "http://"), ("url", "http://a b"),
    ("{ type: url, schemes: https }", "http://h"), ("{ enum: [a] }", "b"), ("{ items: integer }", "1,2"),
    ("{ items: integer }", "[1,\"2\"]"), ("{ values: integer }", "[]"), ("{ values: integer }", "{\"a\":\"1\"}"),
    ("{ properties: { a: integer } }", "{}"), ("{ properties: { a: integer } }", "{\"a\":1,\"b\":2}"),
    ("{ type: integer, minimum: 5 }", "4"), ("{ type: duration, maximum: 1s }", "1001ms"), ("{ pattern: \"^a+$\" }", "b"),
    ("{ type: list, uniqueItems: true }", "[\"a\",\"a\"]"), ("{ type: secret, minLength: 3 }", "ab"),
    ("{ format: ipv4 }", "10.0.0.256"), ("{ default: null }", nil),
  ] as [(String, String?)])
  func aTextThatDoesNotFitIsToldOrNull(shape: String, text: String?) {
    #expect(value(shape, text) == (text == nil ? .null : nil))
  }

  @Test func nullTextIsForSettingsThatMayBeNothing() {
    let from = "{ env_prefix: S_, null_text: none }"
    #expect(value("{ type: integer, default: null }", "none", from: from) == .null)
    #expect(value("{ type: integer, default: null }", "5", from: from) == 5)
    #expect(value("string", "none", from: from) == "none")
    #expect(value("integer", "none", from: from) == nil)
  }

  @Test func anEmptyTextIsAValueUnlessItIsIgnored() {
    #expect(value("{ default: a }", "") == "")
    #expect(value("{ default: a }", "", from: "{ env_prefix: S_, empty: ignore }") == "a")
    #expect(
      value("{ default: a }", "", from: "{ env_prefix: S_, empty: ignore }", files: [".env": "S_X=b"]) == "b")
  }

  // MARK: Names

  @Test func withoutAPrefixOnlyNamesThatAreWrittenCount() {
    #expect(value("{ default: d }", nil, from: "{}", variables: ["X": "no", "x": "no"]) == "d")
    #expect(value("{ default: d }", nil, from: "{ env_prefix: \"\" }", variables: ["X": "yes"]) == "yes")
    #expect(value("{ env: [A, B], default: d }", "no", variables: ["B": "b"]) == "b")
    #expect(value("{ env: [A, B], default: d }", "no", variables: ["B": "b", "A": "a"]) == "a")
    #expect(value("{ env: [A, B], default: d }", "no") == "d")
  }

  @Test func caseCountsOnlyWhereItIsAskedFor() {
    #expect(value("{ default: d }", nil, variables: ["s_x": "a"]) == "a")
    #expect(value("{ default: d }", nil, variables: ["s_x": "a", "S_X": "b"]) == "b")
    #expect(value("{ default: d }", nil, from: "{ env_prefix: S_, case_sensitive: true }", variables: ["S_X": "a"]) == "d")
    #expect(value("{ default: d }", nil, from: "{ env_prefix: S_, case_sensitive: true }", variables: ["S_x": "a"]) == "a")
    let clash = load("{ x: string }", variables: ["s_x": "a", "s_X": "b"])
    #expect(clash.diagnostics.all.contains { $0.code == .conflict && $0.message.contains("`s_X`, `s_x`") })
  }

  // MARK: Precedence

  @Test func everyPartOfASettingHasItsOwnSource() throws {
    let result = load(
      "{ x: { properties: { a: string, b: string, c: string, d: string, e: { default: e } }, default: { d: default } } }",
      from: "{ env_prefix: S_, env_files: [one.env, two.env], secrets: [run] }",
      variables: ["S_X__A": "process", "S_X": "{\"a\": \"parent\", \"b\": \"process\"}"],
      files: [
        "one.env": "S_X__A=1\nS_X__B=1\nS_X__C=1", "two.env": "S_X__C=2", "run/s_x": "{\"c\": \"secret\", \"d\": \"secret\"}",
      ], rest: "plugins: { p: { config: \"${settings.x}\" } }")
    #expect(!result.diagnostics.hasErrors, "\(result.diagnostics.all)")
    let setting = try #require(result.file?.settings.first)
    #expect(setting.value == ["a": "process", "b": "process", "c": "2", "d": "secret", "e": "e"])
    #expect(setting.leaves.map(\.path) == ["x.a", "x.b", "x.c", "x.d", "x.e"])
    #expect(setting.leaves[0].source == .environment(variable: "S_X__A"))
    #expect(setting.leaves[1].source == .environment(variable: "S_X"))
    guard case .envFile("two.env", "S_X__C", let place) = setting.leaves[2].source else {
      Issue.record("\(setting.leaves[2])")
      return
    }
    #expect(place.mark.line == 1)
    #expect(setting.leaves[3].source == .secretFile(path: "run/s_x"))
    #expect(result.file?.plugins.first?.config.value == setting.value)
  }

  @Test func variablesAddToMapsAndReplaceTheirDefault() {
    #expect(
      value("{ values: integer, default: { z: 0 } }", "{\"a\": 1, \"b\": 2}", variables: ["S_X__B": "3", "S_X__C_D": "4"])
        == ["b": 3, "c_d": 4, "a": 1])
    #expect(
      value(
        "{ values: { properties: { u: string, v: { default: v } } } }", nil,
        variables: ["S_X__A__U": "1", "S_X__B__U": "2", "S_X__B__V": "3"]) == ["a": ["u": "1", "v": "v"], "b": ["u": "2", "v": "3"]])
  }

  @Test(arguments: [true, false])
  func mapsOfMapsTakeTheirKeysFromTheNamesOfVariables(isCaseSensitive: Bool) {
    let from = "{ env_prefix: S_, case_sensitive: \(isCaseSensitive) }"
    let setting = isCaseSensitive ? "x" : "X"
    let lines = ["A__B=1", "A__C=2", "AB__B=3", "A-B__B=4", "A__B__C=5"]
    let names = lines.map { "S_\(setting)__\(isCaseSensitive ? $0.lowercased() : $0)\n" }
    let value = value("{ values: { values: string } }", nil, from: from, files: [".env": names.joined()])
    #expect(value?["a"]?["b"] == "1")
    #expect(value?["a"]?["c"] == "2")
    #expect(value?["a"]?["b__c"] == "5")
    #expect(value?["ab"] == ["b": "3"])
    #expect(value?["a-b"] == ["b": "4"])
  }

  @Test func aVariableOfDotEnvThatAnotherRefersToIsNotUnknown() {
    let result = load("{ url: string }", files: [".env": "S_HOST=h\nS_URL=http://${S_HOST}\nS_OTHER=x"], rest: "")
    #expect(result.diagnostics.all.filter { $0.code == .unknownKey }.map(\.message) == ["no setting is called `S_OTHER`"])
    #expect(result.file?.settings.first?.value == "http://h")
  }

  @Test func aDotEnvThatNobodyAskedForStopsNothing() {
    let result = ConfigurationLoader.load(
      Array("version: 1".utf8), path: "gateway.yaml", environment: Environment(files: [".env": Array("A B".utf8)]))
    #expect(result.diagnostics.all.map(\.severity) == [.warning])
  }

  @Test func dotEnvIsSeenByReferencesBelowTheProcess() throws {
    let result = load(
      "{}", from: "{}", variables: ["A": "process"], files: [".env": "A=file\nB=file"],
      rest: "plugins: { p: { config: \"${env:A} ${env:B}\" } }")
    #expect(result.file?.plugins.first?.config.value == "process file")
  }

  // MARK: References

  @Test func aReferenceAloneKeepsItsType() throws {
    let result = load(
      "{ i: { type: integer, default: 5 }, l: { items: integer, default: [1, 2] }, o: { values: string, default: { a.b: c, e: \"${x\" } } }",
      rest: "plugins: { p: { config: { i: \"${settings.i}\", l: \"${settings.l}\", o: \"${settings.o}\", t: \"<${settings.i}>\" } } }"
    )
    // `${x` is no reference, and nothing that is put in is looked at again.
    #expect(result.diagnostics.all.contains { $0.message == "`${` is not closed" })
    let fine = load(
      "{ i: { type: integer, default: 5 }, l: { items: integer, default: [1, 2] }, o: { values: string } }",
      variables: ["S_O": "{\"a.b\": \"$${c}\", \"a\": \"other\", \"e\": \"${x\"}"],
      rest: "plugins: { p: { config: { i: \"${settings.i}\", l: \"${settings.l}\", o: \"${settings.o}\", t: \"<${settings.i}>\" } } }"
    )
    #expect(!fine.diagnostics.hasErrors, "\(fine.diagnostics.all)")
    #expect(
      fine.file?.plugins.first?.config.value
        == ["i": 5, "l": [1, 2], "o": ["a.b": "$${c}", "a": "other", "e": "${x"], "t": "<5>"])
  }

  @Test func listsCannotBlowUpMemory() {
    let list = "[" + Array(repeating: "1", count: 2000).joined(separator: ",") + "]"
    let rest = "plugins: { p: { config: [" + Array(repeating: "\"${settings.l}\"", count: 100).joined(separator: ",") + "] } }"
    let result = load("{ l: { items: integer } }", variables: ["S_L": list], rest: rest)
    #expect(result.diagnostics.all.contains { $0.message.contains("more than 100000 parts") })
  }

  // MARK: Secrets

  @Test func aSecretIsNotToldWhereverItFlows() throws {
    let secret = "hunter2-and-more-of-it"
    let rest = """
      server: { listen: ["127.0.0.1:${settings.x}"], temporary_directory: "${settings.x}" }
      upstreams: { u: { targets: ["http://${settings.x}/ "] } }
      plugins: { p: { path: "/none/${settings.x}.so", config: { deep: ["${settings.x}"] } } }
      schemas: { s: { file: "${settings.x}" } }
      routes: [ { match: "GET /${settings.x}/{", handler: "${settings.x}.y" }, { match: GET /b, redirect: "${settings.x}" } ]
      """
    let result = load(
      "{ x: secret, url: { type: url, schemes: https } }",
      variables: ["S_X": secret, "S_URL": "postgres://user:\(secret)@h"], rest: rest)
    let text =
      DiagnosticRenderer(sources: result.sources).text(result.diagnostics) + "\(result.diagnostics.json)"
      + "\(result.file?.settings ?? [])"
    #expect(result.diagnostics.all.count >= 4)
    #expect(!text.contains("hunter2"), "\(text)")
    var dumped = ""
    dump(result.file?.settings, to: &dumped)
    #expect(!dumped.contains("hunter2"), "\(dumped)")
    #expect(result.file?.secrets.redacted("cannot open \(secret.prefix(18))…") == "cannot open (a secret of 22 bytes)…")
  }

  @Test func aSecretInTheFileItselfIsMaskedInTheLineThatIsShown() {
    let result = load("{ x: { type: secret, default: hunter2-word, maxLength: 3 } }")
    let text = DiagnosticRenderer(sources: result.sources).text(result.diagnostics)
    #expect(text.contains("a secret of 12 bytes"))
    #expect(text.contains("default: ************,"))
    #expect(!text.contains("hunter2"))
  }

  @Test(arguments: [
    ("ab", "x `ab` ab", "x `(a secret of 2 bytes)` ab"), ("abcd", "xabcdx", "x(a secret of 4 bytes)x"),
    ("line\n\"end\"", "said line\\n\\\"end\\\"", "said (a secret of 10 bytes)"), ("abcd", "abc", "abc"),
    ("é€😀x", "<é€😀x>", "<(a secret of 10 bytes)>"), ("line\r\nend", "said line\\r\\nend", "said (a secret of 11 bytes)"),
  ])
  func redactionFindsWhatIsTold(secret: String, text: String, expected: String) {
    var redactor = SecretRedactor()
    redactor.add(secret)
    let redacted = redactor.redacted(text)
    #expect(redacted.contains("secret of") ? !redacted.contains(secret) || secret == "ab" : text == expected)
    #expect(redacted.hasPrefix(expected.prefix { $0 != "(" }))
  }

  @Test func aTextOfManyMistakesTellsAllOfThemAtOnce() {
    let result = load(
      "{ a: integer, b: { properties: { c: integer, d: string } }, e: secret }", variables: ["S_B__C": "x"],
      files: [".env": "S_Z=1"])
    #expect(result.diagnostics.all.map(\.message).count == 5, "\(result.diagnostics.all.map(\.message))")
  }

  @Test func adviceForEnvFilesIsInTheCaseThatCounts() {
    for (from, name, expected) in [
      ("{ env_prefix: S_, case_sensitive: true }", "S_PORT", "S_port"), ("{ env_prefix: s_, case_sensitive: true }", "s_prt", "s_port"),
      ("{ env_prefix: s_ }", "s_prt", "S_PORT"),
    ] {
      let result = load("{ port: { type: integer, default: 1 } }", from: from, files: [".env": "\(name)=2"])
      #expect(result.diagnostics.all.first { $0.code == .unknownKey }?.suggestion == expected, "\(result.diagnostics.all)")
    }
  }

  @Test func twoSettingsAreNotGivenByOneVariableUnlessBothNameIt() {
    let rest = "routes: [ { match: GET /a, respond: { body: \"${settings.a-b} ${settings.a_b}\" } } ]"
    let clash = load("{ a-b: { default: x }, a_b: { default: y } }", rest: rest)
    #expect(clash.diagnostics.all.map(\.message) == ["the variable `S_A_B` would give two settings: `a-b` and `a_b`"])
    #expect(!load("{ a-b: { default: x, env: E }, a_b: { default: y, env: E } }", rest: rest).diagnostics.hasErrors)
  }

  @Test(arguments: [
    "{ type: secret, minLenght: 12, default: hunter2hunter2 }", "{ type: secrt, default: hunter2hunter2 }",
    "{ type: secret, default: [hunter2hunter2] }", "{ type: integer, secret: ja, default: hunter2hunter2 }",
  ])
  func aSecretIsNotToldWhereItsDeclarationIsWrong(setting: String) {
    let result = load("{ x: \(setting) }")
    let text = DiagnosticRenderer(sources: result.sources, isColored: false).text(result.diagnostics)
    #expect(result.diagnostics.hasErrors)
    #expect(!text.contains("hunter2"), "\(text)")
  }
}
