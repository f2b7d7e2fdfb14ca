import GatewayPlugin
import Testing

@testable import GatewayTesting

/// What a 422 looks like, in each shape and profile, and what of it the process log has.
@Suite(.timeLimit(.minutes(5)))
struct ViolationShapeTests {
  private static let routes = """
    routes:
      - match: "POST /orders/{id}"
        parameters: { id: { type: integer }, page: { type: integer, minimum: 1 }, key: { type: string, in: header, alias: X-Key, format: password, minLength: 8 } }
        body:
          type: object
          required: [items, password]
          properties:
            items: { type: array, items: { type: integer } }
            password: { type: string, writeOnly: true, minLength: 8 }
            token: { type: string, format: password, maxLength: 3 }
        handler: p.order
    """

  private func withOrders(_ head: String, log: TestLog = TestLog(), _ body: (TestClient) async throws -> Void) async throws {
    try await withGateway(head + "\n" + Self.routes, log: log) { plugin in
      plugin.inlineHandler("order") { _ in .noContent }
    } body: { try await body($0) }
  }

  private static let good = #"{"items":[],"password":"long enough"}"#

  // MARK: detail

  @Test func theDetailShapeIsFastAPIs() async throws {
    try await withOrders("errors: detail") { client async throws in
      let answer = try await client.post("/orders/x?page=0", json: #"{"items":[1,"a"]}"#)
      #expect(answer.status == 422)
      #expect(answer.header("content-type") == "application/json")
      // The order of members counts too.
      #expect(
        answer.text
          == #"{"detail":[{"type":"int_parsing","loc":["path","id"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"},{"type":"greater_than_equal","loc":["query","page"],"msg":"Input should be greater than or equal to 1","input":"0","ctx":{"ge":1}},{"type":"int_parsing","loc":["body","items",1],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"a"},{"type":"missing","loc":["body","password"],"msg":"Field required","input":{"items":[1,"a"]}}]}"#
      )
    }
  }

  // MARK: problem

  @Test func theProblemShapePointsIntoTheValues() async throws {
    let head = "errors: problem\nuse: [ { request_id: { accept: always } } ]"
    try await withOrders(head) { client async throws in
      let answer = try await client.post(
        "/orders/x?page=0", json: #"{"items":[1,"a"]}"#, headers: ["x-request-id": "seven"])
      #expect(answer.status == 422)
      #expect(answer.header("content-type") == "application/problem+json")
      let problem = try answer.json()
      #expect(problem["status"] == 422)
      #expect(problem["title"]?.string?.isEmpty == false)
      #expect(problem["request_id"] == "seven")
      #expect(answer.header("x-request-id") == "seven")
      let pointers = problem["errors"]?.array?.compactMap { $0["pointer"]?.string }
      #expect(pointers == ["#/id", "#/page", "#/items/1", "#/password"])
      #expect(problem["errors"]?.array?.compactMap { $0["location"]?.string } == ["path", "query", "body", "body"])
    }
  }

  @Test func everyErrorOfTheGatewayHasTheShape() async throws {
    try await withOrders("errors: problem") { client async throws in
      for (line, status) in [("GET /nowhere", 404), ("GET /orders/1", 405)] {
        let answer = try await client.ask(line)
        #expect(answer.status == status)
        #expect(answer.header("content-type") == "application/problem+json")
      }
      let malformed = try await client.post("/orders/1", json: "{")
      #expect(malformed.header("content-type") == "application/problem+json")
      #expect(try malformed.json()["errors"]?.array?.first?["type"] == "json_invalid")
      let missing = try await client.post("/orders/1", json: "")
      #expect(try missing.json()["errors"]?.array?.first?["type"] == "missing")
      let unsupported = try await client.post("/orders/1", "text/css", "{}")
      #expect(unsupported.status == 415)
      #expect(unsupported.header("content-type") == "application/problem+json")
      #expect(unsupported.header("accept") == "application/json")
    }
  }

  // MARK: how many

  @Test func entriesAreCountedAndTheLastOneSaysThatThereAreMore() async throws {
    try await withOrders("validation: { max_errors: 3 }") { client async throws in
      let many = #"{"items":["a","b","c","d"],"password":"long enough"}"#
      let entries = try await client.post("/orders/1", json: many).entries
      #expect(entries.count == 4)
      #expect(entries.last?["type"] == "too_many_errors")
      #expect(entries.dropLast().allSatisfy { $0["type"] == "int_parsing" })
      // Exactly as many as there may be are all of them.
      let three = #"{"items":["a","b","c"],"password":"long enough"}"#
      expect(
        try await client.post("/orders/1", json: three).summary,
        "int_parsing@body.items.0 int_parsing@body.items.1 int_parsing@body.items.2")
      // Those of parameters count too.
      let mixed = try await client.post("/orders/x?page=0", json: many).entries
      #expect(mixed.count == 4)
      #expect(mixed.map { $0["type"]?.string } == ["int_parsing", "greater_than_equal", "int_parsing", "too_many_errors"])
    }
  }

  @Test func aHundredEntriesAreEnough() async throws {
    try await withOrders("") { client async throws in
      let items = (0..<5000).map { _ in "\"a\"" }.joined(separator: ",")
      let answer = try await client.post("/orders/1", json: #"{"items":[\#(items)],"password":"long enough"}"#)
      #expect(answer.entries.count == 101)
      #expect(answer.body.count < 20_000)
    }
  }

  // MARK: secrets

  @Test(arguments: ["detail", "problem"])
  func secretsAreNotRepeated(shape: String) async throws {
    let log = TestLog()
    try await withOrders("errors: \(shape)\nvalidation: { log: true }", log: log) { client async throws in
      for body in [
        #"{"items":[],"password":"hunter2"}"#, #"{"items":1,"password":"hunter2","token":"hunter2"}"#,
        #"{"password":"hunter2"}"#, #"{"items":[],"password":["hunter2"]}"#,
      ] {
        let answer = try await client.post("/orders/1", json: body, headers: ["x-key": "hunter2"])
        #expect(answer.status == 422)
        #expect(!answer.text.contains("hunter2"), "\(body)")
        #expect(answer.text.contains("string_too_short") || body.contains("["), "\(body)")
      }
    }
    #expect(log.lines.count >= 4)
    #expect(!log.lines.contains { $0.facts.values.contains { $0.contains("hunter2") } })
  }

  // MARK: the log

  @Test func entriesAreLoggedWhereAskedFor() async throws {
    for (head, isLogged) in [("", false), ("validation: { log: true }", true)] {
      let log = TestLog()
      try await withOrders(head, log: log) { client async throws in
        #expect(try await client.post("/orders/x", json: Self.good).status == 422)
        #expect(try await client.post("/orders/1", json: Self.good).status == 204)
      }
      let lines = log.lines("request does not fit what is declared")
      #expect(lines.count == (isLogged ? 1 : 0))
      guard isLogged else { continue }
      #expect(lines.first?.facts["violations"]?.contains(#""loc":["path","id"]"#) == true)
      #expect(lines.first?.facts["path"] == "/orders/x")
      #expect(lines.first?.facts["handler"] == "p.order")
    }
  }

  // MARK: the profile of FastAPI

  @Test func malformedJSONHidesEverythingElse() async throws {
    try await withOrders("validation: { profile: fastapi }") { client async throws in
      let answer = try await client.post("/orders/x?page=0", json: #"{"a": }"#)
      #expect(
        answer.text
          == #"{"detail":[{"type":"json_invalid","loc":["body",6],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}]}"#
      )
    }
    try await withOrders("") { client async throws in
      expect(
        try await client.post("/orders/x", json: #"{"a": }"#).summary, "int_parsing@path.id json_invalid@body.6")
    }
  }

  @Test func aBodyOfAnotherTypeIsReadAsText() async throws {
    try await withOrders("validation: { profile: fastapi }") { client async throws in
      for type in ["text/plain", "application/xml"] {
        let answer = try await client.post("/orders/1", type, #"{"items":[]}"#)
        expect(answer.summary, "model_attributes_type@body")
        #expect(answer.entries.first?["input"] == .string(#"{"items":[]}"#))
      }
      let untyped = try await client.ask("POST /orders/1", body: Array("{}".utf8))
      expect(untyped.summary, "model_attributes_type@body")
    }
  }

  @Test func textThatIsNoUTF8Is400() async throws {
    try await withOrders("validation: { profile: fastapi }") { client async throws in
      let answer = try await client.post("/orders/1", "application/json", [0x22, 0xFF, 0x22])
      #expect(answer.status == 400)
      #expect(answer.text == #"{"detail":"There was an error parsing the body"}"#)
    }
  }

  @Test func theProfileIsLaxAndKeepsNothingBack() async throws {
    try await withOrders("validation: { profile: fastapi }") { client async throws in
      #expect(
        try await client.post("/orders/1", json: #"{"items":["1", 2.0, true],"password":"long enough","password":"longer yet"}"#).status == 204)
      let items = (0..<150).map { _ in "\"a\"" }.joined(separator: ",")
      let answer = try await client.post("/orders/1", json: #"{"items":[\#(items)],"password":"hunter2"}"#)
      #expect(answer.entries.count == 151, "FastAPI knows no limit")
      #expect(answer.text.contains("hunter2"))
    }
  }

  @Test func aBodyMayBeginWithAByteOrderMarkThere() async throws {
    try await withOrders("validation: { profile: fastapi }") { client async throws in
      #expect(try await client.post("/orders/1", json: "\u{FEFF}" + Self.good).status == 204)
    }
  }
}
