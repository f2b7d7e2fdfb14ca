import GatewayJSON
import GatewayYAML
import Testing

@testable import GatewayOpenAPI

@Suite struct YAMLWriterTests {
  private func roundTrip(_ value: JSONValue, comments: [String] = []) -> JSONValue? {
    let text = YAMLWriter.text(YAMLTree(value, comments: comments))
    let (result, problems) = OpenAPISource.parse(Array(text.utf8), name: "test.yaml")
    if !problems.isEmpty { Issue.record("\(problems)\n\(text)") }
    return result
  }

  static let strings = [
    "", " ", "a", "a b", " a", "a ", "null", "Null", "~", "true", "TRUE", "yes", "No", "on", "y", "1", "-1", "1.0",
    "1e3",
    "0x1F", "0o17", ".inf", ".nan", "+1", "1_000", "12:30", "2001-01-01", "-", "- a", "--- a", "---", "...", "?", "? a",
    ":", "a:", "a: b", "a:b", ":a", "a #b", "a#b", "#a", "&a", "*a", "!a", "|", ">", "'a'", "\"a\"", "a'b", "a\"b",
    "%a",
    "@a", "`a`", "{a}", "[a]", "a, b", "GET /books/{id}", "{ a: b }", "a\nb", "a\n", "\na", "a\n\n", "a\n\nb", " a\nb",
    "a\n b", "a \nb", "a\r\nb", "\t", "a\tb", "\u{0}", "\u{7}", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{FFFE}", "é", "日本",
    "😀", "\u{202E}x", "e\u{301}", "a\\b", "C:\\x", "${x}", "https://x.example/a?b=c#d", "=", "<<", "a\n---\nb",
    "a\n...\nb",
    "# a\nb", "key: |", "a,b", "]", "a]", "x: {", "\u{1F468}\u{200D}\u{1F469}", "-1a", ".a", "..", "a\n\n \nb", "a  \n",
  ]

  @Test(arguments: strings) func stringsReadBackAsTheyWere(text: String) {
    let value: JSONValue = .string(text)
    for document: JSONValue in [
      [value], ["key": value], ["list": [value, value]], ["a": ["b": ["c": value, "d": [value]]]],
      [["first": value, "second": value]],
    ] {
      #expect(roundTrip(document) == document)
    }
    let key = JSONValue.object(JSONObject([(text, value)]))
    #expect(roundTrip(["outer": key]) == ["outer": key])
    #expect(roundTrip(["outer": [key]], comments: [text]) == ["outer": [key]])
  }

  @Test func longKeysAreSaidToBeKeys() {
    let key = String(repeating: "k", count: 3000)
    let value = JSONValue.object(JSONObject([(key, .single("a", 1)), ("b", .single(key, "x"))]))
    #expect(roundTrip(value) == value)
    #expect(roundTrip([value]) == [value])
  }

  @Test func shortCollectionsAreOnOneLineAndLongOnesAreNot() {
    let value: JSONValue = [
      "short": ["type": "string", "minLength": 1], "text": "one\ntwo\n", "empty": [:], "none": [],
      "long": ["description": .string(String(repeating: "x ", count: 60) + "y"), "type": "string"],
    ]
    #expect(
      YAMLWriter.text(YAMLTree(value)) == """
        short: { type: string, minLength: 1 }
        text: |
          one
          two
        empty: {}
        none: []
        long:
          description: \(String(repeating: "x ", count: 60))y
          type: string

        """)
  }

  @Test func commentsStayComments() {
    var entry = YAMLTree(1)
    entry.comments = ["first\nsecond: 2\u{85}third: 3\u{2028}fourth: 4\rfifth: 5"]
    let text = YAMLWriter.text(YAMLTree(.mapping([("a", entry)])))
    #expect(OpenAPISource.parse(Array(text.utf8), name: "").document == ["a": 1])
  }

  @Test func valuesOfEveryShapeReadBack() {
    var random = Seeded(seed: 7)
    for _ in 0..<400 {
      let value: JSONValue = ["root": randomValue(&random, depth: 0)]
      #expect(roundTrip(value) == value)
    }
  }

  private func randomValue(_ random: inout Seeded, depth: Int) -> JSONValue {
    switch random.next(depth > 4 ? 5 : 8) {
    case 0: .null
    case 1: .bool(random.next(2) == 0)
    case 2: .number(JSONNumber(random.next(100_000) - 50_000))
    case 3: JSONNumber("\(random.next(1000)).\(random.next(1000))e-\(random.next(40))").map { .number($0) } ?? .null
    case 4: .string(random.pick(Self.strings))
    case 5: .array((0..<random.next(5)).map { _ in randomValue(&random, depth: depth + 1) })
    default:
      .object(
        JSONObject(
          (0..<random.next(5)).map { _ in (random.pick(Self.strings), randomValue(&random, depth: depth + 1)) }))
    }
  }
}

/// The same numbers for the same seed, on every machine (SplitMix64).
struct Seeded {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// From 0 to below `bound`.
  mutating func next(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((value ^ (value >> 31)) % UInt64(max(bound, 1)))
  }

  mutating func pick<T>(_ values: [T]) -> T { values[next(values.count)] }
  mutating func flip() -> Bool { next(2) == 0 }
}
