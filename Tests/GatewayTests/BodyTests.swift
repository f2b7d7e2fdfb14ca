import GatewayPlugin
import GatewayTesting
import Testing

/// Bodies that are one value: JSON, text and bytes, by their type, and what a handler gets of them.
@Suite(.timeLimit(.minutes(5)))
struct BodyTests {
  /// A route for each body; the handler answers the validated value as it would write it itself.
  private func withBodies(
    _ bodies: [String], head: String = "", _ body: (TestClient) async throws -> Void
  ) async throws {
    let routes = bodies.enumerated().map { "  - { match: POST /\($0), body: \($1), handler: p.order }" }
    try await withGateway(head + "\nroutes:\n" + routes.joined(separator: "\n")) { plugin in
      plugin.inlineHandler("order") { request in
        let value = try request.body(as: Anything.self)
        return .text(value.json)
      }
    } body: {
      try await body($0)
    }
  }

  private static let order =
    "{ type: object, required: [count], properties: { count: { type: integer }, note: { type: string, default: none }, price: { type: number } }, additionalProperties: false }"

  // MARK: JSON

  @Test func jsonIsTakenAsItIs() async throws {
    try await withBodies([Self.order]) { client async throws in
      #expect(try await client.post("/0", json: #"{"count":1.5}"#).status == 422)
      #expect(try await client.post("/0", json: #"{"count":"1"}"#).status == 422)
      expect(try await client.post("/0", json: #"{"count":1,"extra":2}"#).summary, "extra_forbidden@body.extra")
      expect(try await client.post("/0", json: "{}").summary, "missing@body.count")
      #expect(try await client.post("/0", json: "null").status == 422)
    }
  }

  @Test func defaultsAreFilledIn() async throws {
    try await withBodies([Self.order]) { client async throws in
      expect(try await client.post("/0", json: #"{"count":1}"#).text, #"{"count":1,"note":"none"}"#)
      expect(try await client.post("/0", json: #"{"count":1,"note":"x"}"#).text, #"{"count":1,"note":"x"}"#)
    }
  }

  @Test func laxCoercionReadsTextsAsNumbers() async throws {
    let lax = "{ schema: \(Self.order), coercion: lax }"
    try await withBodies([lax, Self.order]) { client async throws in
      #expect(try await client.post("/0", json: #"{"count":" 7 "}"#).text.contains(#""count":7"#))
      #expect(try await client.post("/0", json: #"{"count":true}"#).text.contains(#""count":1"#))
      expect(try await client.post("/0", json: #"{"count":"x"}"#).summary, "int_parsing@body.count")
      #expect(try await client.post("/1", json: #"{"count":"7"}"#).status == 422)
    }
    try await withBodies([Self.order, "{ schema: \(Self.order), coercion: strict }"], head: "validation: { coercion: lax }") { client async throws in
      #expect(try await client.post("/0", json: #"{"count":"7"}"#).status == 200)
      #expect(try await client.post("/1", json: #"{"count":"7"}"#).status == 422)
    }
  }

  @Test func numbersKeepEveryDigit() async throws {
    try await withBodies(["{ type: object }"]) { client async throws in
      let exact = #"{"a":12345678901234567890,"b":0.1000,"c":1E400}"#
      expect(try await client.post("/0", json: exact).text, exact)
    }
  }

  @Test func aMemberThatIsThereTwiceIsRefusedOrTheLastOneCounts() async throws {
    try await withBodies([Self.order, "{ schema: \(Self.order), duplicate_keys: last }"]) { client async throws in
      let twice = #"{"count":1,"count":2}"#
      #expect(try await client.post("/0", json: twice).entries.first?["type"] == "json_invalid")
      #expect(try await client.post("/1", json: twice).text.contains(#""count":2"#))
    }
  }

  @Test func depthIsLimited() async throws {
    try await withBodies(["true"]) { client async throws in
      let deep = { (depth: Int) in
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      }
      #expect(try await client.post("/0", json: deep(128)).status == 200)
      #expect(try await client.post("/0", json: deep(129)).entries.first?["type"] == "json_invalid")
      #expect(try await client.post("/0", json: deep(100_000)).entries.first?["type"] == "json_invalid")
    }
  }

  @Test(arguments: ["\u{FEFF}{\"count\":1}", "{\"count\":NaN}", "{\"count\":1} x", " ", "{\"count\":01}"])
  func whatIsNoJSONIsRefused(text: String) async throws {
    try await withBodies([Self.order]) { client async throws in
      #expect(try await client.post("/0", json: text).entries.first?["type"] == "json_invalid")
      #expect(try await client.post("/0", json: #"{"count":1}"#).status == 200)
    }
  }

  @Test func textThatIsNoUTF8IsRefused() async throws {
    try await withBodies(["{ type: object }"]) { client async throws in
      let answer = try await client.post("/0", "application/json", Array(#"{"a":""#.utf8) + [0xFF] + Array(#""}"#.utf8))
      #expect(answer.entries.first?["type"] == "json_invalid")
    }
  }

  // MARK: several values in one body

  private static let embed =
    "{ embed: { book: { type: object, required: [title], properties: { title: { type: string } } }, stars: { schema: { type: integer, default: 3 }, required: false } } }"

  @Test func severalValuesStandInOneObject() async throws {
    try await withBodies([Self.embed]) { client async throws in
      expect(
        try await client.post("/0", json: #"{"book":{"title":"x"},"stars":5}"#).text,
        #"{"book":{"title":"x"},"stars":5}"#)
      #expect(try await client.post("/0", json: #"{"book":{"title":"x"}}"#).text.contains(#""title":"x""#))
      expect(try await client.post("/0", json: #"{"book":{}}"#).summary, "missing@body.book.title")
      expect(try await client.post("/0", json: #"{"stars":1}"#).summary, "missing@body.book")
    }
  }

  @Test(arguments: ["[]", "5", "null", "\"x\""])
  func whatIsNoObjectLacksWhatIsRequired(text: String) async throws {
    try await withBodies([Self.embed]) { client async throws in
      expect(try await client.post("/0", json: text).summary, "missing@body.book")
    }
  }

  // MARK: types

  @Test func aTypeThatIsNotTakenIs415AndSaysWhatIs() async throws {
    let content = "{ content: { application/json: { type: object }, text/plain: { type: string }, image/*: true } }"
    try await withBodies([content]) { client async throws in
      for type in ["application/xml", "text/html", "nonsense", "multipart/form-data; boundary=b"] {
        let answer = try await client.post("/0", type, "<a/>")
        #expect(answer.status == 415, "\(type)")
        let accept = answer.header("accept") ?? ""
        #expect(accept.contains("application/json") && accept.contains("text/plain") && accept.contains("image/*"))
      }
      #expect(try await client.ask("POST /0", body: Array("{}".utf8)).status == 415)
    }
  }

  @Test func aTypeIsTakenInAnyLetterCaseAndWithParameters() async throws {
    try await withBodies(["{ type: object }"]) { client async throws in
      for type in ["Application/JSON", "application/json;charset=utf-8", "application/problem+json", "application/json ; a=\"b;c\""] {
        #expect(try await client.post("/0", type, "{}").status == 200, "\(type)")
      }
      #expect(try await client.post("/0", "application/jsonx", "{}").status == 415)
      #expect(try await client.post("/0", "text/json", "{}").status == 415)
    }
  }

  @Test func textIsDecodedByItsCharset() async throws {
    try await withBodies(["{ content: { text/plain: { type: string, maxLength: 3 } } }"]) { client async throws in
      expect(try await client.post("/0", "text/plain", "aü€").text, #""aü€""#)
      expect(try await client.post("/0", "text/plain; charset=iso-8859-1", [0xFC, 0x61]).text, #""üa""#)
      expect(try await client.post("/0", "text/plain", "four").summary, "string_too_long@body")
      #expect(try await client.post("/0", "text/plain", [0x61, 0xFF]).status == 400)
      #expect(try await client.post("/0", "text/plain; charset=utf-8", [0xC3]).status == 400)
      #expect(try await client.post("/0", "text/plain; charset=klingon", "a").status == 415)
    }
  }

  @Test func bytesPassAsTheyAre() async throws {
    try await withGateway("routes: [ { match: POST /0, body: { content: { image/*: true, application/octet-stream: true } }, handler: p.bytes } ]") {
      $0.inlineHandler("bytes") { Response(bytes: $0.body) }
    } body: { client async throws in
      #expect(try await client.post("/0", "image/png", [0, 255, 10]).body == [0, 255, 10])
      #expect(try await client.post("/0", "application/octet-stream", [0xFF]).body == [0xFF])
      #expect(try await client.post("/0", "video/mp4", [1]).status == 415)
    }
  }

  // MARK: empty bodies

  @Test func anEmptyBodyIsNone() async throws {
    let configuration = """
      routes:
        - { match: POST /must, body: { type: object }, handler: p.count }
        - { match: POST /may, body: { schema: { type: object }, required: false }, handler: p.count }
        - { match: POST /any, body: {}, handler: p.count }
        - { match: POST /null, body: { type: "null" }, handler: p.count }
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineHandler("count") { .text("\($0.body.count)") }
    } body: { client async throws in
      expect(try await client.post("/must", json: "").summary, "missing@body")
      expect(try await client.ask("POST /must").summary, "missing@body")
      expect(try await client.ask("POST /must", body: []).summary, "missing@body")
      expect(try await client.post("/may", json: "").text, "0")
      expect(try await client.ask("POST /may").text, "0")
      #expect(try await client.post("/may", json: "5").status == 422)
      // A value, and not an absent body.
      expect(try await client.post("/null", json: "null").text, "4")
      #expect(try await client.post("/null", json: "0").status == 422)
    }
  }

  @Test func aBodyThatIsOptionalForATypedHandlerIsNil() async throws {
    try await withGateway("routes: [ { match: POST /, handler: p.maybe } ]") {
      $0 = Maybe.plugin()
    } body: { client async throws in
      expect(try await client.ask("POST /").text, #""none""#)
      expect(try await client.post("/", json: "null").text, #""none""#)
      expect(try await client.post("/", json: #"{"count":2}"#).text, #""2""#)
      #expect(try await client.post("/", json: #"{"count":"2"}"#).status == 422)
    }
  }
}

@Schema struct Counted { @Field(.minimum(1)) var count: Int }

@Plugin("p", entry: false) struct Maybe {
  @Handler func maybe(@Body counted: Counted?) async -> String { counted.map { "\($0.count)" } ?? "none" }
}
