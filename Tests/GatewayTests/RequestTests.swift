import GatewayPlugin
import GatewayTesting
import Testing

/// Parameters and bodies: how they reach a handler, and what is told where they do not fit.
@Suite(.timeLimit(.minutes(5)))
struct RequestTests {
  private func withParameters(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      routes:
        - match: GET /one/{id}/{rest:path}
          parameters:
            id: { type: integer, minimum: 1 }
            page: { type: integer, default: 3 }
            ratio: { type: number, alias: r }
            flag: boolean
            agent: { type: string, in: header, alias: X-Agent }
            session: { type: string, in: cookie }
            must: { type: string, required: true }
          handler: p.show
        - { match: "GET /plain/{name}", handler: p.show }
      """
    try await withGateway(configuration) { plugin in
      plugin.handler("show") { request in
        var parts: [String] = []
        for name in ["id", "rest", "name", "page", "ratio", "flag", "agent", "session", "must"] {
          if let text = request.text(name) { parts.append("\(name)=\(text)") }
        }
        if let id = request.integer("id") { parts.append("id:\(id)") }
        if let page = request.integer("page") { parts.append("page:\(page)") }
        if let ratio = request.number("ratio") { parts.append("ratio:\(ratio)") }
        if let flag = request.boolean("flag") { parts.append("flag:\(flag)") }
        return .text(parts.joined(separator: "|"))
      }
    } body: {
      try await body($0)
    }
  }

  @Test func parametersComeFromWhereTheyAreDeclared() async throws {
    try await withParameters { client in
      let answer = try await client.get(
        "/one/7/a/b?must=x&page=2&r=0.5&flag=true",
        headers: ["x-agent": "me", "cookie": "other=1; session=\"abc\""])
      #expect(
        answer.text
          == "id=7|rest=a/b|page=2|ratio=0.5|flag=true|agent=me|session=abc|must=x|id:7|page:2|ratio:0.5|flag:true")
    }
  }

  @Test func aDefaultStandsInForWhatIsMissing() async throws {
    try await withParameters { client in
      let answer = try await client.get("/one/7/a?must=x")
      #expect(answer.text == "id=7|rest=a|page=3|must=x|id:7|page:3")
    }
  }

  @Test func textIsPercentDecodedOnce() async throws {
    try await withParameters { client in
      let answer = try await client.get("/plain/a%20%C3%BC%2541")
      #expect(answer.text == "name=a ü%41")
      #expect(try await client.get("/plain/a%2Fb").text == "name=a/b")
      #expect(try await client.get("/one/7/a?must=a+b%26%3D").text.contains("must=a b&="))
      #expect(try await client.get("/one/7/a?m%75st=named").text.contains("must=named"))
    }
  }

  @Test func theLastOfARepeatedQueryParameterWins() async throws {
    try await withParameters { client in
      let answer = try await client.get("/one/7/a?must=x&must=y")
      #expect(answer.text.contains("must=y"))
    }
  }

  @Test func everyMistakeIsToldAtItsPlace() async throws {
    try await withParameters { client in
      let answer = try await client.get("/one/0/a?page=x&flag=maybe")
      #expect(answer.status == 422)
      let places = try answer.json()["detail"]?.array?.compactMap { $0["loc"] }
      #expect(
        places == [["path", "id"], ["query", "page"], ["query", "flag"], ["query", "must"]]
          || Set(places ?? []) == [["path", "id"], ["query", "page"], ["query", "flag"], ["query", "must"]])
    }
  }

  // MARK: bodies

  private func withBodies(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      routes:
        - match: POST /strict
          body: { type: object, required: [name], properties: { name: { type: string } } }
          handler: p.body
        - match: POST /optional
          body: { schema: { type: object }, required: false }
          handler: p.body
        - { match: POST /any, handler: p.body }
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineHandler("body") { request in .text("<\(request.bodyText)>") }
    } body: {
      try await body($0)
    }
  }

  @Test func aBodyThatFitsReachesTheHandlerAsSent() async throws {
    try await withBodies { client in
      let answer = try await client.post("/strict", json: #"{ "name": "x" }"#)
      #expect(answer.text == #"<{ "name": "x" }>"#)
      let type = ["content-type": "application/vnd.thing+json; charset=utf-8"]
      #expect(try await client.post("/strict", json: #"{"name":"x"}"#, headers: type).status == 200)
    }
  }

  @Test func anotherMediaTypeIs415() async throws {
    try await withBodies { client in
      let answer = try await client.post("/strict", json: "{}", headers: ["content-type": "text/plain"])
      #expect(answer.status == 415)
      #expect(answer.header("accept") == "application/json")
      #expect(try await client.send("POST", "/strict", body: Array("{}".utf8)).status == 415)
    }
  }

  @Test func aBodyThatIsNotJSONIs422WithThePosition() async throws {
    try await withBodies { client in
      let answer = try await client.post("/strict", json: #"{"name": }"#)
      #expect(answer.status == 422)
      let entry = try answer.json()["detail"]?.array?.first
      #expect(entry?["type"] == "json_invalid")
      #expect(entry?["loc"] == ["body", 9])
    }
  }

  @Test func aMissingBodyIs422UnlessItIsOptional() async throws {
    try await withBodies { client in
      for answer in [try await client.send("POST", "/strict"), try await client.post("/strict", json: "")] {
        #expect(answer.status == 422)
        let entry = try answer.json()["detail"]?.array?.first
        #expect(entry?["type"] == "missing")
        #expect(entry?["loc"] == ["body"])
      }
      #expect(try await client.send("POST", "/optional").text == "<>")
      #expect(try await client.post("/optional", json: "[]").status == 422)
    }
  }

  @Test func withoutASchemaAnyBodyPasses() async throws {
    try await withBodies { client in
      let answer = try await client.send("POST", "/any", body: Array("not json".utf8))
      #expect(answer.text == "<not json>")
    }
  }

  @Test func aRequestAfterARefusedOneIsJudgedByItself() async throws {
    try await withBodies { client in
      for _ in 0..<20 {
        let answer = try await client.post("/strict", json: #"{"name": 1}"#)
        #expect(answer.status == 422)
        #expect(try await client.post("/strict", json: #"{"nam"#).status == 422)
        #expect(try await client.post("/strict", json: #"{"name": "x"}"#).status == 200)
      }
    }
  }
}
