import GatewayPlugin
import GatewayTesting
import Testing

/// Where a body could slip past its schema.
@Suite struct UncheckedBodyTests {
  private func ask(_ body: String, _ run: (TestClient) async throws -> Void) async throws {
    let routes = "routes: [ { match: POST /x, body: { content: \(body) }, respond: { status: 200, body: passed } } ]"
    try await withGateway(routes) { _ in } body: { try await run($0) }
  }

  @Test func aTypeThatNoSchemaDescribesDoesNotPassAWildcardWithOne() async throws {
    try await ask("{ '*/*': { type: object, required: [a] } }") { client async throws in
      #expect(try await client.post("/x", "a/b", "{}").status == 415)
      #expect(try await client.post("/x", "application/json", "{}").summary == "missing@body.a")
      #expect(try await client.post("/x", "application/json", #"{"a":1}"#).text == "passed")
    }
    try await ask("{ '*/*': {} }") { client async throws in
      #expect(try await client.post("/x", "a/b", "{}").text == "passed")
    }
  }

  @Test func aSchemaForATypeThatIsNeverReadIsAMistake() async throws {
    await #expect(throws: TestGatewayError.self) {
      try await ask("{ application/xml: { type: object, required: [a] } }") { _ in }
    }
  }

  @Test func twoContentTypesAreRefused() async throws {
    try await ask("{ application/json: { type: object } }") { client async throws in
      let answer = try await client.ask(
        "POST /x", ["content-type: application/json", "content-type: text/plain"], body: Array("{}".utf8))
      #expect(answer.status == 400)
    }
  }

  @Test func aTextIsNoFileAndAFileNoText() async throws {
    let form = """
      { multipart/form-data: { type: object, required: [file, title], properties: {
          file: { type: string, contentMediaType: application/octet-stream }, title: { type: string } } } }
      """
    try await ask(form) { client async throws in
      var right = FormText()
      right.file("file", "a.txt", [1])
      right.field("title", "b")
      #expect(try await client.post("/x", FormText.type, right.whole).text == "passed")
      var wrong = FormText()
      wrong.field("file", "a")
      wrong.file("title", "b.txt", [1])
      #expect(
        try await client.post("/x", FormText.type, wrong.whole).summary == "missing@body.file missing@body.title")
    }
  }

  @Test func aFormWithASchemaThatIsNoObjectIsAMistake() async throws {
    await #expect(throws: TestGatewayError.self) {
      try await ask("{ application/x-www-form-urlencoded: { type: array } }") { _ in }
    }
  }

  @Test func timesAndDurationsBeyondRangeAreRefused() async throws {
    let routes = """
      routes:
        - match: GET /q
          parameters: { when: { type: string, format: date-time }, wait: { type: string, format: duration } }
          respond: { status: 200, body: passed }
      """
    try await withGateway(routes) { _ in } body: { client async throws in
      #expect(try await client.get("/q?when=-9223372036854775807").status == 422)
      let years = String(repeating: "4294967295Y", count: 68)
      #expect(try await client.get("/q?wait=P\(years)9Y0.999999Y").status == 422)
      #expect(try await client.get("/q?when=2024-01-01T00:00:00Z&wait=P1D").text == "passed")
    }
  }

  @Test func whatTheSettingsHideIsNotDescribed() async throws {
    let configuration = """
      settings: { key: { type: string, secret: true, default: swordfish } }
      openapi: {}
      routes: [ { match: GET /inner, respond: { status: 200, body: "${settings.key}" } } ]
      """
    try await withGateway(configuration) { _ in } body: { client async throws in
      #expect(try await client.get("/inner").text == "swordfish")
      let document = try await client.get("/openapi.json").text
      #expect(document.contains("/inner"))
      #expect(!document.contains("swordfish"))
    }
  }
}
