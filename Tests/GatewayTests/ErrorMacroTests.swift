import GatewayPlugin
import GatewayTesting
import Testing

/// Background tasks and error handlers as the macros write them.
@Suite(.timeLimit(.minutes(5))) struct ErrorMacroTests {
  @Test func aPluginOfMacrosMapsExplainsAndLeavesWork() async throws {
    let configuration = """
      version: 1
      openapi: { title: T, path: /openapi.json }
      plugins: { lending: { library: L } }
      errors:
        responses:
          404: { handler: lending.explain }
          422: { json: { code: "{status}", problems: "{errors}" }, headers: { content-type: application/vnd.errors+json } }
          413: { text: "too large" }
          415: { handler: lending.explain }
      dependencies: { desk: { provider: lending.desk } }
      routes:
        - { match: "POST /lend/{id}", handler: lending.lend, body: { schema: { type: object }, max_size: 1KiB } }
        - { match: "POST /other/{id}", handler: lending.lend, body: { type: object }, errors: problem }
      """
    try await TestGateway.run(text: configuration, plugins: ["lending": Lending.plugin()]) { client in
      let lent = try await client.post("/lend/1", json: "{}")
      #expect(lent.status == 200)
      await Lending.journal.wait(for: "stamped 1 at the desk")
      await Lending.journal.wait(for: "desk closed")
      #expect(Lending.journal.entries.suffix(3) == ["desk opened", "stamped 1 at the desk", "desk closed"])

      let out = try await client.post("/lend/7", json: "{}")
      #expect(out.status == 409)
      #expect(out.text == #"{"until":"friday"}"#)

      let missing = try await client.get("/none")
      #expect(missing.status == 404)
      #expect(missing.text == "no /none here")

      let invalid = try await client.post("/lend/x", json: "{}")
      #expect(invalid.status == 422)
      #expect(invalid.header("content-type") == "application/vnd.errors+json")
      #expect(try invalid.json()["problems"]?.array?.count == 1)

      let document = try await client.get("/openapi.json").json()
      let responses = document["paths"]?["/lend/{id}"]?["post"]?["responses"]
      #expect(responses?["409"]?["content"]?["application/json"]?["schema"]?["$ref"]?.string == "#/components/schemas/Lent")
      let body = responses?["422"]?["content"]?["application/vnd.errors+json"]?["schema"]?["properties"]
      #expect(body?["code"]?["type"]?.string == "integer")
      #expect(body?["problems"]?["items"]?["required"] != nil)
      func shared(_ name: String) -> String? { responses?[name]?["$ref"]?.string.map { String($0.split(separator: "/").last ?? "") } }
      let tooLarge = document["components"]?["responses"]?[try #require(shared("413"))]
      #expect(tooLarge?["content"]?["text/plain"] != nil)
      let unsupported = document["components"]?["responses"]?[try #require(shared("415"))]
      #expect(unsupported?["description"] != nil)
      #expect(unsupported?["content"] == nil)
      // A route with a shape of its own keeps the file's entries, with entries of that shape.
      let other = document["paths"]?["/other/{id}"]?["post"]?["responses"]?["422"]?["content"]
      #expect(other?["application/vnd.errors+json"]?["schema"]?["properties"]?["problems"]?["items"]?["properties"]?["pointer"] != nil)
    }
  }
}

@Plugin("lending", entry: false) struct Lending {
  static let journal = Journal()

  struct AlreadyLent: Error {}
  struct Desk: Sendable { var name: String }

  @Schema struct Lent { var until: String }

  @Provider static func desk(background: BackgroundTasks, teardown: Teardown) async throws -> Desk {
    Self.journal.note("desk opened")
    teardown { _, _ in Self.journal.note("desk closed") }
    return Desk(name: "desk")
  }

  @Handler func lend(@Path id: Int, desk: Desk, background: BackgroundTasks) async throws -> Lent {
    if id == 7 { throw AlreadyLent() }
    try background.addBlocking("stamp") { Self.journal.note("stamped \(id) at the \(desk.name)") }
    return Lent(until: "monday")
  }

  @ErrorHandler(status: 409) func alreadyLent(_ error: AlreadyLent) async -> Lent { Lent(until: "friday") }

  @ErrorHandler static func explain(error: GatewayError, request: borrowing Request) -> Response {
    .text("no \(request.path) here", status: error.status)
  }
}
