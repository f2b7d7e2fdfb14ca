import GatewayYAML
import Testing

@Suite struct YAMLDocumentsTests {
  private struct NotANumber: Error {}

  private func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) -> (root: YAMLNode?, issues: [YAMLIssue]) {
    let (root, _, issues) = YAMLDocuments.parseOne(Array(text.utf8), name: "test.yaml", limits: limits)
    return (root, issues)
  }

  private func place(_ mark: Mark?) -> String {
    mark.map { "\($0.line):\($0.column) \($0.offset)..<\($0.end)" } ?? "none"
  }

  // MARK: Marks

  @Test func nodesAndKeysKnowTheirPlace() throws {
    let root = try #require(parse("a: 1\nlist:\n  - x\n  - {k: v}\n").root)
    #expect(place(root["a"]?.mark) == "1:4 3..<4")
    #expect(place(root.mapping?[1].key.mark) == "2:1 5..<9")
    #expect(place(root["list"]?.sequence?[0].mark) == "3:5 15..<16")
    #expect(place(root["list"]?.sequence?[1].mark) == "4:5 21..<27")
    #expect(place(root["list"]?.sequence?[1]["k"]?.mark) == "4:9 25..<26")
  }

  @Test func columnsCountCharactersAndOffsetsCountBytes() throws {
    let root = try #require(parse("ключ: {名前: \"é\", x: y}\n").root)
    let inner = try #require(root["ключ"])
    #expect(place(inner.mapping?[0].key.mark) == "1:8 11..<17")
    #expect(place(inner["名前"]?.mark) == "1:12 19..<23")
    #expect(place(inner["x"]?.mark) == "1:20 28..<29")
  }

  @Test func placesAreRightFarBehindOtherCharacters() throws {
    let filler = String(repeating: "ä", count: 1000)
    let root = try #require(parse("{a: \"\(filler)\", b: here}\n").root)
    #expect(place(root["b"]?.mark) == "1:1012 2011..<2015")
  }

  @Test func blockCollectionsEndWithTheirLastPart() throws {
    let root = try #require(parse("a:\n  b: c\n\n# comment\n\nd: e\n").root)
    #expect(place(root["a"]?.mark) == "2:3 5..<9")
  }

  @Test func crLfAndByteOrderMarkCountAsNothing() throws {
    let root = try #require(parse("\u{FEFF}a: 1\r\nb: 2\r\n").root)
    #expect(place(root.mapping?[0].key.mark) == "1:1 3..<4")
    #expect(place(root["b"]?.mark) == "2:4 12..<13")
  }

  @Test func aliasesShowTheAnchoredTextAndRememberTheirOwnPlace() throws {
    let root = try #require(parse("a: &x {k: v}\nb: *x\n").root)
    #expect(place(root["b"]?.mark) == place(root["a"]?.mark))
    #expect(place(root["b"]?.alias) == "2:4 16..<18")
    #expect(root["a"]?.alias == nil)
  }

  // MARK: Core schema

  @Test(arguments: [
    ("null", YAMLValue.null), ("~", .null), ("NULL", .null), ("nULL", .string("nULL")),
    ("true", .bool(true)), ("False", .bool(false)), ("yes", .string("yes")), ("no", .string("no")),
    ("on", .string("on")), ("Off", .string("Off")), ("y", .string("y")),
    (".inf", .unrepresentable), ("-.INF", .unrepresentable), (".NaN", .unrepresentable),
    ("0xFFFFFFFFFFFFFFFFF", .unrepresentable), ("1_000", .string("1_000")), ("12:30:45", .string("12:30:45")),
    ("0b1", .string("0b1")), ("1e", .string("1e")), (".", .string(".")), ("+", .string("+")),
    ("1.2.3", .string("1.2.3")),
    ("2001-12-14", .string("2001-12-14")), ("=", .string("=")), ("٣", .string("٣")), ("-0x1", .string("-0x1")),
  ])
  func plainTextMeansWhatTheCoreSchemaSays(text: String, value: YAMLValue) throws {
    #expect(try #require(parse("- \(text)").root?.sequence?[0]).resolved == value)
  }

  @Test(arguments: [
    ("0", "0"), ("-0", "0"), ("+12", "12"), ("007", "7"), ("0o17", "15"), ("0x1F", "31"), ("1.", "1"), (".5", "0.5"),
    ("-00.50", "-0.50"), ("1e3", "1e3"), ("1E+3", "1e3"), ("6.02e-23", "6.02e-23"),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
  ])
  func numbersAreWrittenAsJSONWithEveryDigit(text: String, json: String) throws {
    guard case .number(let number)? = parse("- \(text)").root?.sequence?[0].resolved else {
      Issue.record("\(text) is no number")
      return
    }
    #expect(number.text == json)
  }

  @Test func quotesAndTagsMakeStrings() throws {
    let items = try #require(parse("[\"1\", 'true', !!str 5, ! 7]").root?.sequence)
    #expect(items.map(\.resolved) == [.string("1"), .string("true"), .string("5"), .string("7")])
  }

  @Test func coreTagsGiveTypesToQuotedText() throws {
    let items = try #require(parse("[!!int \"5\", !!bool \"true\", !!float \"1\", !!null \"\"]").root?.sequence)
    guard case .number(let number)? = items[0].resolved else { throw NotANumber() }
    #expect(number.integer == 5)
    #expect(items[1].resolved == .bool(true))
    #expect(items[3].resolved == .null)
  }

  // MARK: Mistakes

  @Test func duplicateKeysNameBothPlacesAndKeepTheFirst() throws {
    let (root, issues) = parse("a: 1\nb: 2\na: 3\n\"b\": 4\n")
    #expect(issues.map(\.kind) == [.duplicateKey, .duplicateKey])
    #expect(place(issues[0].mark) == "3:1 10..<11")
    #expect(place(issues[0].related.first?.mark) == "1:1 0..<1")
    #expect(root?["a"]?.scalar?.text == "1")
  }

  @Test(arguments: [
    ("a: [1, 2", YAMLIssue.Kind.syntax), ("a: \"x", .syntax), ("a:\n\tb: 1", .syntax), ("a: b: c", .syntax),
    ("a: @b", .syntax),
    ("a: *b", .unknownAlias), ("a: &x [*x]", .recursiveAlias), ("a: !foo b", .unknownTag), ("a: !!int b", .tagMismatch),
    ("a: !!map [b]", .tagMismatch), ("a: !set {b}", .unknownTag), ("{[a]: b}", .compositeKey),
    ("a: {<<: {}}", .mergeKey),
    ("a: 1\n---\nb: 2", .severalDocuments), ("", .emptyDocument), ("# x", .emptyDocument), ("---\n", .emptyDocument),
    ("a: \u{1}", .encoding), ("%YAML 3.0\n---\na", .syntax),
  ])
  func mistakesAreOfTheirKind(text: String, kind: YAMLIssue.Kind) {
    let issues = parse(text).issues
    #expect(issues.map(\.kind) == [kind])
    #expect(issues.allSatisfy { !$0.message.isEmpty && $0.mark.line >= 1 && $0.mark.column >= 1 })
  }

  @Test(
    arguments: [
      [0x61, 0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
      [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82], [0xFF], [0xE2, 0x28, 0xA1],
    ] as [[UInt8]])
  func bytesThatAreNoUTF8AreRefused(bytes: [UInt8]) {
    #expect(YAMLDocuments.parseOne(bytes, name: "").issues.map(\.kind) == [.encoding])
  }

  @Test func quotedMergeKeyIsAPlainKey() {
    #expect(parse("{\"<<\": 1}").issues.isEmpty)
  }

  @Test func laterAnchorsOfTheSameNameWin() throws {
    let root = try #require(parse("a: &x 1\nb: &x 2\nc: *x\nd: &y [&y 3]\ne: *y\n").root)
    #expect(root["c"]?.scalar?.text == "2")
    #expect(root["e"]?.scalar?.text == "3")
  }

  // MARK: Limits

  @Test func filesOverTheSizeLimitAreRefused() {
    var limits = YAMLLimits()
    limits.size = 4
    #expect(parse("a: 1", limits: limits).issues.isEmpty)
    #expect(parse("a: 12", limits: limits).issues.map(\.kind) == [.limit])
  }

  @Test func depthIsCountedThroughAliases() {
    var limits = YAMLLimits()
    limits.depth = 3
    #expect(parse("[[[x]]]", limits: limits).issues.isEmpty)
    #expect(parse("[[[[x]]]]", limits: limits).issues.map(\.kind) == [.limit])
    #expect(parse("[&a [[x]], [*a]]", limits: limits).issues.map(\.kind) == [.limit])
    #expect(parse("[&a [[x]], *a]", limits: limits).issues.isEmpty)
  }

  @Test func aliasBombsAreRefusedBeforeTheyGrow() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    #expect(parse(text).issues.map(\.kind) == [.limit])
  }

  @Test func aliasesAreCounted() {
    var limits = YAMLLimits()
    limits.aliases = 2
    #expect(parse("[&a x, *a, *a]", limits: limits).issues.isEmpty)
    #expect(parse("[&a x, *a, *a, *a]", limits: limits).issues.map(\.kind) == [.limit])
  }

  @Test func deepNestingDoesNotOverflowTheStack() {
    var limits = YAMLLimits()
    limits.depth = 1_000_000
    let text = String(repeating: "[", count: 100_000)
    #expect(parse(text, limits: limits).issues.map(\.kind) == [.limit])
  }

  @Test func hopelessFilesGiveALimitedNumberOfIssues() {
    let text = String(repeating: "a: 1\n", count: 1000)
    #expect(parse(text).issues.count == YAMLLimits().issues)
  }
}
