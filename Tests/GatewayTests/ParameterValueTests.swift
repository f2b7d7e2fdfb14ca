import GatewayPlugin
import GatewayTesting
import Testing

/// Parameters that are more than one scalar: how they are written on the wire, and what of them reaches a handler.
@Suite(.timeLimit(.minutes(5)))
struct ParameterValueTests {
  /// Runs a gateway with one route that has these parameters; `ask` gives what the handler got, `name=text` with the
  /// scalar's kind behind it, or what is wrong with the request.
  private func withParameters(
    _ parameters: String, path: String = "/x", validation: String = "{}",
    _ body: (_ ask: (_ target: String, _ fields: [String]) async throws -> String) async throws -> Void
  ) async throws {
    let configuration = """
      validation: \(validation)
      routes: [ { match: "GET \(path)", parameters: \(parameters), handler: p.show } ]
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineHandler("show") { request in
        var parts: [String] = []
        for name in ["id", "list", "value", "x_token", "when", "other"] {
          guard let text = request.text(name) else { continue }
          var part = "\(name)=\(text)"
          if let integer = request.integer(name) { part += " integer \(integer)" }
          else if let number = request.number(name) { part += " number \(number)" }
          if let boolean = request.boolean(name) { part += " boolean \(boolean)" }
          parts.append(part)
        }
        return .text(parts.isEmpty ? "nothing" : parts.joined(separator: "|"))
      }
    } body: { client async throws in
      try await body { try await client.ask("GET \($0)", $1).summary }
    }
  }

  private static let integers = "{ type: array, items: { type: integer } }"

  // MARK: lists in a query

  @Test func aListIsARepeatedName() async throws {
    try await withParameters("{ list: \(Self.integers) }") { ask async throws in
      expect(try await ask("/x?list=1&other=9&list=2", []), "list=[1,2]")
      expect(try await ask("/x?l%69st=3", []), "list=[3]")
      expect(try await ask("/x", []), "nothing")
      expect(try await ask("/x?list=1,2", []), "int_parsing@query.list.0")
      expect(try await ask("/x?list=1&list=a&list=", []), "int_parsing@query.list.1 int_parsing@query.list.2")
      expect(try await ask("/x?list%5B%5D=1", []), "nothing")
    }
  }

  @Test func aRequiredListIsMissingAndNeverEmpty() async throws {
    try await withParameters("{ list: { type: array, items: { type: string }, required: true } }") { ask async throws in
      expect(try await ask("/x", []), "missing@query.list")
      expect(try await ask("/x?list=", []), #"list=[""]"#)
      expect(try await ask("/x?list=%C3%BC+%26&list=%22", []), #"list=["ü &","\""]"#)
    }
  }

  @Test func boundsOfAListHold() async throws {
    try await withParameters(
      "{ list: { type: array, items: { type: integer, maximum: 9 }, minItems: 2, maxItems: 3 } }"
    ) { ask async throws in
      expect(try await ask("/x?list=1", []), "too_short@query.list")
      expect(try await ask("/x?list=1&list=2&list=3&list=4", []), "too_long@query.list")
      expect(try await ask("/x?list=1&list=10", []), "less_than_equal@query.list.1")
      expect(try await ask("/x?list=1&list=2", []), "list=[1,2]")
    }
  }

  @Test func aListWithoutExplodeIsSplitAtCommas() async throws {
    try await withParameters("{ list: { type: array, items: { type: integer }, style: form, explode: false } }") { ask async throws in
      expect(try await ask("/x?list=1,2,3", []), "list=[1,2,3]")
      expect(try await ask("/x?list=1,b", []), "int_parsing@query.list.1")
    }
    try await withParameters("{ list: { type: array, items: { type: integer }, explode: false } }") { ask async throws in
      expect(try await ask("/x?list=1,2", []), "list=[1,2]")
    }
  }

  @Test func aStyleSaysWhatSeparates() async throws {
    try await withParameters("{ list: { type: array, items: { type: integer }, style: spaceDelimited } }") { ask async throws in
      expect(try await ask("/x?list=1%202+3", []), "list=[1,2,3]")
    }
    try await withParameters("{ list: { type: array, items: { type: integer }, style: pipeDelimited } }") { ask async throws in
      expect(try await ask("/x?list=1%7C2", []), "list=[1,2]")
      expect(try await ask("/x?list=1%7Cx", []), "int_parsing@query.list.1")
    }
  }

  @Test func aSetKeepsEachValueOnce() async throws {
    try await withParameters("{ list: { type: array, items: { type: integer }, uniqueItems: true } }") { ask async throws in
      expect(try await ask("/x?list=1&list=01&list=2", []), "list=[1,2]")
    }
  }

  // MARK: objects

  @Test func aDeepObjectIsWrittenWithBrackets() async throws {
    let schema = """
      { type: object, style: deepObject, required: [low],
        properties: { low: { type: integer }, tags: { type: array, items: { type: string } }, flag: { type: boolean, default: true } } }
      """
    try await withParameters("{ value: \(schema.replacing("\n", with: " ")) }") { ask async throws in
      expect(
        try await ask("/x?value%5Blow%5D=1&value%5Btags%5D=a&value%5Btags%5D=b&value=9&valued%5Blow%5D=3", []),
        #"value={"low":1,"tags":["a","b"],"flag":true}"#)
      expect(try await ask("/x?value%5Blow%5D=x", []), "int_parsing@query.value.low")
      expect(try await ask("/x?value%5Btags%5D=a", []), "missing@query.value.low")
      expect(try await ask("/x", []), "nothing")
    }
  }

  private static let filter =
    "{ gather: true, type: object, required: [q], properties: { q: { type: string }, limit: { type: integer, default: 10 }, tag: { type: array, items: { type: string } } } }"

  @Test func aParameterObjectGathersTheQuery() async throws {
    try await withParameters("{ value: \(Self.filter) }") { ask async throws in
      expect(try await ask("/x?tag=a&q=x&tag=b&limit=3&limit=4", []), #"value={"q":"x","limit":4,"tag":["a","b"]}"#)
      #expect(try await ask("/x?q=x", []).contains(#""limit":10"#))
      #expect(try await !ask("/x?q=x&z=1", []).contains("z"))
      expect(try await ask("/x?limit=a", []), "missing@query.q int_parsing@query.limit")
    }
  }

  @Test func aClosedParameterObjectRefusesOtherNames() async throws {
    let closed = "{ gather: true, type: object, properties: { q: { type: string } }, additionalProperties: false }"
    try await withParameters("{ value: \(closed) }") { ask async throws in
      expect(try await ask("/x?q=1", []), #"value={"q":"1"}"#)
      expect(try await ask("/x?q=1&z=1&y=2&z=3", []), "extra_forbidden@query.z extra_forbidden@query.y")
    }
  }

  @Test func aParameterObjectGathersHeaders() async throws {
    let headers =
      "{ gather: true, in: header, type: object, required: [x_token], properties: { x_token: { type: integer }, x_tag: { type: array, items: { type: string } } } }"
    try await withParameters("{ value: \(headers) }") { ask async throws in
      let value = try await ask("/x", ["X-Token: 5", "x-tag: a", "X-Tag: b,c"])
      #expect(value == #"value={"x_token":5,"x_tag":["a","b,c"]}"#)
      expect(try await ask("/x", ["x-tag: a"]), "missing@header.x-token")
      // Of repeated lines the first counts.
      expect(try await ask("/x", ["x-token: 1", "x-token: 2"]), #"value={"x_token":1}"#)
    }
  }

  @Test func aParameterObjectGathersCookies() async throws {
    let cookies =
      "{ gather: true, in: cookie, type: object, properties: { a: { type: integer }, b: { type: string } }, additionalProperties: false }"
    try await withParameters("{ value: \(cookies) }") { ask async throws in
      expect(try await ask("/x", ["cookie: a=1; b=\"x y\"", "cookie: a=2"]), #"value={"a":2,"b":"x y"}"#)
      expect(try await ask("/x", ["cookie: a=1; c=3"]), "extra_forbidden@cookie.c")
    }
  }

  // MARK: nullable values, unions, defaults

  @Test func aNullableValueIsAbsentOrNotNull() async throws {
    try await withParameters("{ value: { type: [integer, \"null\"] }, other: { type: string, nullable: true } }") { ask async throws in
      expect(try await ask("/x?value=5", []), "value=5 integer 5")
      expect(try await ask("/x", []), "nothing")
      // No text is null.
      expect(try await ask("/x?value=null", []), "int_parsing@query.value")
      expect(try await ask("/x?other=null", []), "other=null")
    }
  }

  @Test func aUnionIsWhatFitsBest() async throws {
    try await withParameters("{ value: { anyOf: [ { type: integer }, { type: boolean } ] } }") { ask async throws in
      expect(try await ask("/x?value=12", []), "value=12 integer 12")
      expect(try await ask("/x?value=yes", []), "value=true boolean true")
      expect(try await ask("/x?value=a", []), "int_parsing@query.value.int bool_parsing@query.value.bool")
    }
    // A text stays the text it is.
    try await withParameters("{ value: { anyOf: [ { type: integer }, { type: string } ] } }") { ask async throws in
      expect(try await ask("/x?value=12", []), "value=12")
    }
  }

  @Test func aDefaultMayBeAList() async throws {
    try await withParameters("{ list: { type: array, items: { type: integer }, default: [1, 2] } }") { ask async throws in
      expect(try await ask("/x", []), "list=[1,2]")
      expect(try await ask("/x?list=3", []), "list=[3]")
    }
  }

  // MARK: names

  @Test func anAliasReplacesTheName() async throws {
    try await withParameters("{ value: { type: string, alias: publicValue, required: true } }") { ask async throws in
      expect(try await ask("/x?publicValue=a", []), "value=a")
      expect(try await ask("/x?value=a", []), "missing@query.publicValue")
      expect(try await ask("/x?publicvalue=a", []), "missing@query.publicValue")
    }
  }

  @Test func aClientThatSendsTheInternalNameIsTold() async throws {
    let configuration = """
      routes: [ { match: GET /x, parameters: { title_name: { type: string, alias: titleName, required: true } }, handler: p.x } ]
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineHandler("x") { _ in .noContent }
    } body: { client async throws in
      let told = try await client.get("/x?title_name=a").entries
      #expect(told.first?["loc"] == ["query", "titleName"])
      #expect(told.first?["ctx"]?["hint"] == "title_name is sent as titleName")
      #expect(try await client.get("/x").entries.first?["ctx"] == nil)
    }
    try await withGateway("validation: { hints: false }\n" + configuration) { plugin in
      plugin.inlineHandler("x") { _ in .noContent }
    } body: { client async throws in
      #expect(try await client.get("/x?title_name=a").entries.first?["ctx"] == nil)
    }
  }

  @Test func aHeaderIsReadByItsNameWithHyphens() async throws {
    try await withParameters("{ x_token: { type: integer, in: header, required: true } }") { ask async throws in
      expect(try await ask("/x", ["X-Token: 5"]), "x_token=5 integer 5")
      expect(try await ask("/x", ["x-token: a"]), "int_parsing@header.x-token")
      expect(try await ask("/x", []), "missing@header.x-token")
      expect(try await ask("/x", ["x-token: 1", "x-token: 2"]), "x_token=1 integer 1")
    }
    try await withParameters("{ x_token: { type: integer, in: header, alias: Token-Of } }") { ask async throws in
      expect(try await ask("/x", ["token-of: 5"]), "x_token=5 integer 5")
      expect(try await ask("/x", ["x-token: 5"]), "nothing")
    }
    try await withParameters("{ x_token: { type: integer, in: header, convert_underscores: false } }") { ask async throws in
      expect(try await ask("/x", ["x-token: 5"]), "nothing")
    }
  }

  // MARK: header fields, cookies, paths

  @Test func aListOfHeaderFieldsIsOneItemALine() async throws {
    try await withParameters("{ list: { type: array, in: header, items: { type: string }, alias: X-Tag } }") { ask async throws in
      expect(try await ask("/x", ["x-tag: a", "X-TAG: b,c"]), #"list=["a","b,c"]"#)
    }
    try await withParameters(
      "{ list: { type: array, in: header, items: { type: integer }, alias: X-Tag, style: simple } }"
    ) { ask async throws in
      expect(try await ask("/x", ["x-tag: 1, 2", "x-tag: 3"]), "list=[1,2,3]")
      expect(try await ask("/x", ["x-tag: 1, b"]), "int_parsing@header.X-Tag.1")
    }
  }

  @Test func aCookieMayBeQuoted() async throws {
    try await withParameters("{ value: { type: string, in: cookie }, list: { type: array, in: cookie, items: { type: integer } } }") { ask async throws in
      expect(try await ask("/x", [#"cookie: value="a\054b \"c\""; z=1"#]), #"value=a,b "c""#)
      expect(try await ask("/x", ["cookie: value=%41"]), "value=%41")
      expect(try await ask("/x", ["cookie: value=1; value=2"]), "value=2")
      expect(try await ask("/x", ["cookie: list=1; list=2"]), "list=[1,2]")
    }
  }

  @Test func aListInAPathIsSplitAtCommas() async throws {
    try await withParameters("{ list: { type: array, items: { type: integer } } }", path: "/x/{list}") { ask async throws in
      expect(try await ask("/x/1,2", []), "list=[1,2]")
      expect(try await ask("/x/1", []), "list=[1]")
      expect(try await ask("/x/1,a", []), "int_parsing@path.list.1")
    }
    try await withParameters("{ list: { type: array, items: { type: string }, style: simple } }", path: "/x/{list}") { ask async throws in
      expect(try await ask("/x/a%20b,c", []), #"list=["a b","c"]"#)
    }
    try await withParameters("{ list: { type: array, items: { type: integer }, style: matrix } }", path: "/x/{list}") { ask async throws in
      expect(try await ask("/x/;list=1,2", []), "list=[1,2]")
    }
  }

  // MARK: scalars by format

  @Test func aFormatIsHeldAgainstTheText() async throws {
    try await withParameters("{ when: { type: string, format: date }, id: { type: string, format: uuid } }") { ask async throws in
      expect(try await ask("/x?when=2024-02-29", []), "when=2024-02-29")
      expect(try await ask("/x?when=2023-02-29", []), "date_from_datetime_parsing@query.when")
      expect(try await ask("/x?id=nope", []), "uuid_parsing@query.id")
    }
  }

  // MARK: typed

  @Test func aTypedHandlerGetsValues() async throws {
    try await withGateway("routes: [ { match: \"GET /x/{id}\", handler: p.typed } ]") { plugin in
      plugin.handler(
        "typed",
        parameters: [
          .path("id", Int.self, .minimum(1)), .query("tags", [String].self, default: ["none"]),
          .of("when", in: .header, CalendarDate.self), .of("level", in: .cookie, Wanted.self, isRequired: true),
        ], returns: [String].self
      ) { request in
        let id: Int? = try request.parameter("id", in: .path)
        let tags: [String]? = try request.parameter("tags", in: .query)
        let when: CalendarDate? = try request.parameter("when", in: .header)
        let level: Wanted? = try request.parameter("level", in: .cookie)
        return ["\(id ?? -1)"] + (tags ?? []) + [when.map { "\($0)" } ?? "-", level?.rawValue ?? "-"]
      }
    } body: { client async throws in
      let whole = try await client.ask("GET /x/7?tags=a&tags=b", ["when: 2024-02-29", "cookie: level=high"])
      #expect(whole.text == #"["7","a","b","2024-02-29","high"]"#)
      expect(try await client.ask("GET /x/7", ["cookie: level=low"]).text, #"["7","none","-","low"]"#)
      let refused = try await client.ask("GET /x/0", ["when: tomorrow", "cookie: level=mid"])
      #expect(
        refused.summary
          == "greater_than_equal@path.id date_from_datetime_parsing@header.when enum@cookie.level")
    }
  }

  @Test func aRequestAfterALongOneIsReadByItself() async throws {
    try await withParameters("{ list: \(Self.integers), value: { type: integer } }") { ask async throws in
      let many = (0..<400).map { "list=\($0)" }.joined(separator: "&")
      for _ in 0..<3 {
        let long = "list=[\((0..<400).map(String.init).joined(separator: ","))]"
        expect(try await ask("/x?\(many)", []), long)
        expect(try await ask("/x?list=a", []), "int_parsing@query.list.0")
        expect(try await ask("/x?value=1", []), "value=1 integer 1")
      }
    }
  }
}

@Schema enum Wanted: String { case low, high }
