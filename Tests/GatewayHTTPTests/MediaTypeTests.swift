import Testing

@testable import GatewayHTTP

private func media<T>(_ text: String, _ body: (MediaType?) -> T) -> T {
  Array(text.utf8).withUnsafeBytes { body(MediaType($0)) }
}

@Suite struct MediaTypeTests {
  @Test(
    arguments: [
      ("text/html", "text", "html", nil, nil), ("Text/HTML;Charset=\"UTF-8\"", "Text", "HTML", "utf-8", nil),
      ("text/plain; charset=us-ascii ; x=y;", "text", "plain", "us-ascii", nil),
      ("multipart/form-data; boundary=AaB03x", "multipart", "form-data", nil, "AaB03x"),
      ("multipart/form-data; boundary=\"a b\\c\"", "multipart", "form-data", nil, "a bc"),
      (
        "multipart/form-data; boundary=\"gc0pJq0M:08jU534c0p=?\"", "multipart", "form-data", nil,
        "gc0pJq0M:08jU534c0p=?"
      ),
      ("a/b;;;", "a", "b", nil, nil), ("a/b; q=\"x;charset=y\"", "a", "b", nil, nil),
      ("a/b;c=\"ä\"", "a", "b", nil, nil),
      ("multipart/form-data; boundary=\"\"", "multipart", "form-data", nil, nil),
      ("multipart/form-data; boundary=a%b", "multipart", "form-data", nil, nil),
      ("multipart/form-data; boundary=\"x \"", "multipart", "form-data", nil, nil),
    ] as [(String, String, String, String?, String?)])
  func `type, subtype and the two parameters that matter`(
    text: String, type: String, subtype: String, charset: String?, boundary: String?
  ) {
    media(text) { media in
      #expect(media.map { String(decoding: $0.type, as: UTF8.self) } == type)
      #expect(media.map { String(decoding: $0.subtype, as: UTF8.self) } == subtype)
      #expect(media?.charset == charset)
      #expect(media?.boundary.map { String(decoding: $0, as: UTF8.self) } == boundary)
    }
  }

  @Test(arguments: [
    "", "text", "text/", "/html", "text/html/x", "text /html", "text/ html", "text/html; charset",
    "text/html; charset=",
    "text/html; charset =utf-8", "text/html; charset= utf-8", "text/html; charset=\"utf-8",
    "text/html; charset=\"a\" b",
    "text/html; =x", "text/html charset=utf-8", "text/html, text/plain", "text/html; a=b, c", "text/html;a=\"\\",
    "multipart/form-data; boundary=a; boundary=b", "text/plain; charset=utf-8; CHARSET=utf-7", "text/pläin",
    " text/html", "text/html; a=\"\u{0}\"",
  ])
  func `anything else is no media type`(text: String) { #expect(media(text) { $0 == nil }) }

  @Test func `a boundary has 1 to 70 characters`() {
    for (count, isAllowed) in [(1, true), (70, true), (71, false)] {
      let text = "multipart/form-data; boundary=" + String(repeating: "x", count: count)
      #expect(media(text) { ($0?.boundary != nil) == isAllowed && $0?.hasBoundary == true })
    }
  }

  @Test func `the number of parameters is limited`() {
    let parameters = { (count: Int) in "a/b" + String(repeating: ";x=y", count: count) }
    #expect(media(parameters(FieldParameters.maximum)) { $0 != nil })
    #expect(media(parameters(FieldParameters.maximum + 1)) { $0 == nil })
  }

  @Test(arguments: [
    ("application/json", true), ("APPLICATION/JSON; charset=utf-8", true), ("application/problem+JSON", true),
    ("application/+json", false), ("application/jsonl", false), ("text/json", false), ("text/x+json", false),
    ("application/x-json", false),
  ])
  func `JSON is application json or a suffix`(text: String, expected: Bool) {
    #expect(media(text) { $0?.isJSON } == expected)
  }

  @Test(arguments: [
    ("application/json", "application/json", true), ("application/json", "Application/JSON;x=y", true),
    ("application/json", "application/problem+json", false), ("application/*+json", "application/problem+json", true),
    ("application/*+json", "application/json", false), ("application/*+json", "text/x+json", false),
    ("text/*", "text/css", true),
    ("text/*", "texts/css", false), ("*/*", "a/b", true), ("Text/HTML", "text/html", true),
    ("text/html", "text/htm", false),
  ])
  func `a route's pattern matches`(pattern: String, text: String, expected: Bool) throws {
    let pattern = try #require(MediaTypePattern(pattern))
    #expect(media(text) { $0.map(pattern.matches) } == expected)
  }

  @Test(arguments: ["", "json", "*/json", "*", "a/b/c", "a/b;c=d", "a/*b", "a/*+", "a*/b", "a/*+b*", " a/b", "ä/b"])
  func `anything else is no pattern`(text: String) { #expect(MediaTypePattern(text) == nil) }

  @Test func `a 415 lists what the route reads`() {
    let patterns = ["application/json", "application/*+json", "text/*", "*/*"].compactMap { MediaTypePattern($0) }
    #expect(MediaTypePattern.accept(patterns) == "application/json, text/*, */*")
  }
}
