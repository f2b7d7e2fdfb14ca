import GatewaySchema
import Testing

struct PatternTests {
  @Test(arguments: [
    ("", "anything", true), ("a", "xax", true), ("^a$", "a", true), ("^a$", "a\n", false), ("^a", "ba", false),
    ("a|b", "xb", true), ("^(a|bc)*$", "abcbca", true), ("^(a|bc)*$", "abcb", false), ("a{2,3}", "caat", true),
    ("^a{2,3}$", "aaaa", false), ("^a{3}$", "aaa", true), ("^a{2,}$", "a", false), ("^a{0}$", "", true),
    ("^(?:ab){1,2}?$", "abab", true), ("^a+?b*?c??$", "aab", true), ("^[a-c_]+$", "ab_c", true),
    ("^[^a-c]+$", "abd", false),
    ("^[^]$", "\n", true), ("[]", "a", false), (".", "\n", false), (".", "\u{2028}", false), ("^.$", "😀", true),
    ("^..$", "😀", false),
    ("^\\d+$", "٣", false), ("^\\d+$", "123", true), ("^\\w+$", "é", false), ("^\\W$", "é", true),
    ("^\\s+$", " \u{A0}\u{FEFF}\u{3000}\t", true),
    ("^\\S+$", "a b", false), ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false), ("\\Bfoo", "afoo", true),
    ("^\\Boo", "oo", false), ("\\b$", "a", true), ("\\b$", "a ", false),
    ("^\\u00e9\\x41\\u{1F600}\\uD83D\\uDE00$", "éA😀😀", true),
    ("^\\t\\n\\r\\f\\v\\0\\cJ$", "\t\n\r\u{c}\u{b}\0\n", true),
    ("^\\^\\$\\.\\*\\+\\?\\(\\)\\[\\]\\{\\}\\|\\\\\\/\\-$", "^$.*+?()[]{}|\\/-", true),
    ("^[\\d\\-x]+$", "1-x", true), ("^[a\\]]+$", "a]", true), ("^[\\b]$", "\u{8}", true), ("^[-a]+$", "-a", true),
    ("^[a-]+$", "-a", true),
    ("^[\\w-]+$", "a-b", true), ("^[\\w-.]+$", "a-b.c", true), ("^(?<year>\\d{4})$", "2024", true),
    ("^\\p{L}+$", "aéЖ漢", true), ("^\\p{L}+$", "a1", false),
    ("^\\p{Letter}+$", "aé", true), ("^\\P{L}+$", "12", true), ("^\\p{Lu}$", "É", true), ("^[\\p{Nd}_]+$", "٣_", true),
    ("^{a}$", "{a}", true), ("^a{,2}$", "a{,2}", true), ("x*", "", true), ("^(a*)*$", "aaa", true),
    ("^(a|)+$", "aa", true),
    ("(^a|b$)", "xb", true), ("(^a|b$)", "bx", false), ("^$", "", true), ("^$", "a", false), ("^^a$$", "a", true),
    ("a^b", "ab", false), ("^[\\u4e00-\\u9fff]{2}$", "漢字", true), ("^(a|ab)(c|bcd)(d*)$", "abcd", true),
    ("[\\s\\S]", "\n", true),
    ("^[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}$", "DE44 5001 0517", true), ("^\\+?[1-9]\\d{1,14}$", "+4912345", true),
  ])
  func searchesAsECMA262(pattern: String, text: String, matches: Bool) throws {
    #expect(try Pattern(pattern).matches(text) == matches, "\(pattern)")
  }

  @Test(arguments: [
    ("(", "missing ')'"), (")", "unmatched ')'"), ("[a", "without ']'"), ("*a", "nothing to repeat"),
    ("a**", "nothing to repeat"),
    ("(?=a)", "look-ahead"), ("(?!a)", "look-ahead"), ("(?<=a)b", "look-behind"), ("(?<!a)b", "look-behind"),
    ("(a)\\1", "back-references"),
    ("\\k<x>", "back-references"), ("\\a", "unknown escape"), ("\\", "backslash"), ("[z-a]", "out of order"),
    ("a{3,2}", "out of order"),
    ("[a-\\d]", "both sides"), ("\\u{110000}", "malformed"), ("\\xZ1", "hexadecimal"),
    ("\\p{Script=Greek}", "not supported"), ("\\p{Nope}", "not supported"),
    ("(?i)a", "unknown kind"), ("(?P<n>a)", "unknown kind"), ("^*", "assertion"), ("a{1000000}", "limited"),
    ("(?<n", "without '>'"),
    ("((((a{100}){100}){100}){100}){100}", "too large"), ("(a?){5000}", "too large"), (".{1,2000}x", "an anchor"),
  ])
  func whatCannotBeMatchedIsRefused(pattern: String, reason: String) {
    do throws(PatternError) {
      _ = try Pattern(pattern)
      Issue.record("accepted \(pattern)")
    } catch {
      #expect(error.message.contains(reason), "\(error)")
    }
  }

  @Test func deepGroupsAreRefusedNotRecursedInto() {
    #expect(throws: PatternError.self) {
      try Pattern(String(repeating: "(", count: 5000) + "a" + String(repeating: ")", count: 5000))
    }
  }

  /// Each takes exponential or high polynomial time with backtracking.
  @Test(arguments: [
    "^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a*)*b", "^(a?){30}a{30}$",
  ])
  func catastrophicPatternsFinish(pattern: String) throws {
    let compiled = try Pattern(pattern)
    let text = String(repeating: "a", count: 20_000) + "!"
    #expect(!compiled.matches(text))
  }

  @Test func patternsWithoutASmallTableAreSimulated() throws {
    let pattern = try Pattern("(a|b)*a(a|b){20}$")
    #expect(!pattern.isDeterministic)
    #expect(pattern.matches(String(repeating: "b", count: 100) + "a" + String(repeating: "ab", count: 10)))
    #expect(!pattern.matches(String(repeating: "b", count: 100)))
    #expect(!pattern.matches(""))
  }

  @Test func slowPatternsAskForABound() throws {
    #expect(try warnings(#"{"pattern":"(a|b)*a(a|b){20}$"}"#).count == 1)
    #expect(try warnings(#"{"pattern":"(a|b)*a(a|b){20}$","maxLength":100}"#).isEmpty)
    #expect(try warnings(#"{"pattern":"^\\S{1,64}@\\S{1,255}$","maxLength":320}"#).isEmpty)
  }

  @Test func aSlowPatternOnALongTextIsGivenUp() throws {
    let schema = try compiled(#"{"pattern":".{1,1000}x"}"#)
    #expect(try schema.accepts("\"" + String(repeating: "a", count: 500) + "x\""))
    let text = "\"" + String(repeating: "a", count: 500_000) + "x\""
    #expect(try !schema.accepts(text))
    #expect(try schema.complaints(about: text).entries.map(\.kind) == [.tooComplex])
  }

  @Test func tableAndSimulationAgree() throws {
    // The second form of each pattern is too large for a table and means the same.
    let bulk = "|" + String(repeating: "(x|y)*x(x|y){14}", count: 1) + "\u{1}"
    for pattern in ["^a\\b", "\\bab?\\B", "a$|^b", "[^a]b+", "^(ab|ba)*$"] {
      let small = try Pattern(pattern)
      let large = try Pattern("(?:" + pattern + ")" + bulk)
      #expect(small.isDeterministic)
      #expect(!large.isDeterministic)
      var texts = [""]
      for _ in 0..<5 { texts += texts.flatMap { text in ["a", "b", " "].map { text + $0 } } }
      for text in Set(texts) where text.count <= 5 {
        #expect(small.matches(text) == large.matches(text), "\(pattern) on '\(text)'")
      }
    }
  }

  @Test func escapesOfADocumentAreResolved() throws {
    let schema = try compiled(#"{"pattern":"^\\u00e9\"\\n😀$"}"#)
    #expect(try schema.accepts(#""\u00e9\"\n\ud83d\ude00""#))
    #expect(try schema.accepts(#""é\u0022\u000a😀""#))
  }
}
