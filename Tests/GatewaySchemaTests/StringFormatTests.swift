import GatewayJSON
import GatewaySchema
import Testing

/// What the official suite leaves open about formats.
struct StringFormatTests {
  @Test(arguments: [
    ("duration", "P", false), ("duration", "P1YT1S", true), ("duration", "P1Y1M1D1D", false),
    ("duration", "PT1M1H", false),
    ("duration", "PW", false), ("duration", "P1W1", false),
    ("hostname", "XN--9N2BP8Q.example", true), ("hostname", "xn--9n2bp8q.b\u{FC}cher", false),
    ("hostname", "xn--9999999999", false), ("hostname", "xn--a-", false),
    ("idn-hostname", "b\u{FC}cher.example", true), ("idn-hostname", "B\u{DC}CHER.example", false),
    ("idn-hostname", "\u{5D0}\u{5D1}.1example", false), ("idn-hostname", "a\u{2603}", false),
    ("idn-hostname", "\u{200D}", false), ("idn-hostname", "EXAMPLE.com", true),
    ("idn-email", "\u{FC}@b\u{FC}cher.example", true), ("email", "\u{FC}@example.com", false),
    ("iri", "http://\u{E000}/", false), ("iri", "http://x/?\u{E000}", true), ("iri", "http://x/?a#\u{E000}", false),
    ("iri", "http://x/\u{FFFE}", false), ("uri", "http://\u{FC}/", false), ("uri-reference", "a:b:c", true),
    ("uri-reference", "?a:b", true), ("uri-reference", "a/b:c", true), ("uri-reference", ":a", false),
    ("uri-template", "{", false), ("uri-template", "{a:}", false), ("uri-template", "{a*}{+b,c:3}", true),
    ("uri-template", "\u{85}", false), ("json-pointer", "~0", false), ("relative-json-pointer", "0#a", false),
    ("regex", "(", false), ("regex", "a{2,1}", false), ("regex", "a**", false), ("regex", "[a", false),
    ("regex", "\\1", false), ("regex", "(a)\\1", true), ("regex", "\\k<a>", false), ("regex", "(?<1>a)", false),
    ("regex", "a{,5}", true), ("regex", "\\u{110000}", false), ("regex", "\\u{10FfFF}", true),
    ("regex", "\\p{Script=Greek}+", true), ("regex", "\\", false),
    ("regex", "^*", false), ("regex", "(?=a)b", true),
  ])
  func isChecked(format: String, text: String, isValid: Bool) throws {
    let schema = try #require(SchemaCompiler.compile(["format": .string(format)]).schema)
    var writer = JSONWriter()
    writer.string(text)
    #expect(try schema.accepts(String(decoding: writer.bytes, as: UTF8.self)) == isValid)
  }

  @Test func everyNameIsThatOfItsFormat() {
    for name in [
      "date", "time", "date-time", "duration", "uuid", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6",
      "uri", "uri-reference", "iri", "iri-reference", "uri-template", "json-pointer", "relative-json-pointer", "regex",
    ] {
      #expect(StringFormat(name: name)?.name == name)
    }
    #expect(StringFormat(name: "int32") == nil)
  }

  @Test func longHostileTextsAreAnsweredAtOnce() throws {
    let texts = [
      String(repeating: "xn--a.", count: 200_000), String(repeating: "\u{5D0}", count: 300_000),
      String(repeating: "(", count: 1_000_000), String(repeating: "{a,", count: 300_000),
      String(repeating: "[::", count: 300_000), String(repeating: "\\p{L}", count: 100_000),
    ]
    for format in ["hostname", "idn-hostname", "idn-email", "regex", "uri-template", "iri", "duration", "json-pointer"]
    {
      let schema = try #require(SchemaCompiler.compile(["format": .string(format)]).schema)
      for text in texts {
        var writer = JSONWriter()
        writer.string(text)
        _ = try schema.accepts(String(decoding: writer.bytes, as: UTF8.self))
      }
    }
  }
}
