import GatewayPlugin
import GatewayTesting
import Testing

/// Bodies that come compressed: undone for what is declared, within the limits of the body.
@Suite(.timeLimit(.minutes(5)))
struct CompressedBodyTests {
  private func withRoutes(_ body: (TestClient) async throws -> Void) async throws {
    let configuration = """
      routes:
        - { match: POST /json, body: { schema: { type: object }, max_size: 10KB }, handler: p.count }
        - { match: POST /plain, body: { schema: { type: object }, content_encodings: [] }, handler: p.count }
        - { match: POST /gzip, body: { schema: { type: object }, content_encodings: [gzip] }, handler: p.count }
        - { match: POST /form, body: { content: { multipart/form-data: { type: object, required: [a], properties: { a: { type: string } } } }, max_size: 10KB }, handler: p.count }
        - { match: POST /raw, handler: p.count }
        - { match: POST /fixed, body: { type: object, required: [a] }, respond: { status: 200, body: fixed } }
      """
    try await withGateway(configuration) { plugin in
      plugin.inlineHandler("count") { .text("\($0.body.count)") }
    } body: { try await body($0) }
  }

  private static let json = Array(#"{"a":"\#(String(repeating: "x", count: 5000))"}"#.utf8)

  @Test(arguments: [("gzip", Compressed.Format.gzip), ("x-gzip", .gzip), ("GZIP", .gzip), ("deflate", .zlib)])
  func itIsUndone(coding: String, format: Compressed.Format) async throws {
    try await withRoutes { client async throws in
      let body = Compressed.make(Self.json, format)
      #expect(body.count < 200)
      expect(
        try await client.post("/json", "application/json", body, ["content-encoding: \(coding)"]).text,
        "\(Self.json.count)")
      expect(
        try await client.post("/fixed", "application/json", body, ["content-encoding: \(coding)"]).text,
        "fixed")
    }
  }

  @Test func identityIsNoCoding() async throws {
    try await withRoutes { client async throws in
      expect(try await client.post("/json", "application/json", "{}", ["content-encoding: identity"]).text, "2")
    }
  }

  @Test func aFormMayBeCompressedToo() async throws {
    try await withRoutes { client async throws in
      var form = FormText()
      form.field("a", "b")
      let body = Compressed.make(form.whole, .gzip)
      #expect(try await client.post("/form", FormText.type, body, ["content-encoding: gzip"]).status == 200)
      let empty = Compressed.make(FormText().whole, .gzip)
      expect(
        try await client.post("/form", FormText.type, empty, ["content-encoding: gzip"]).summary,
        "missing@body.a")
    }
  }

  @Test func whatGrowsBeyondTheLimitIs413() async throws {
    try await withRoutes { client async throws in
      let bomb = Compressed.make([UInt8](repeating: 0x20, count: 5_000_000), .gzip)
      #expect(bomb.count < 10_000)
      for target in ["/json", "/form"] {
        let type = target == "/json" ? "application/json" : FormText.type
        #expect(try await client.post(target, type, bomb, ["content-encoding: gzip"]).status == 413, "\(target)")
      }
      let largest = Compressed.make(Array(#"{"a":"\#(String(repeating: "x", count: 9_992))"}"#.utf8), .gzip)
      expect(try await client.post("/json", "application/json", largest, ["content-encoding: gzip"]).text, "10000")
      let larger = Compressed.make(Array(#"{"a":"\#(String(repeating: "x", count: 9_993))"}"#.utf8), .gzip)
      #expect(try await client.post("/json", "application/json", larger, ["content-encoding: gzip"]).status == 413)
    }
  }

  @Test(arguments: ["br", "zstd", "gzip, gzip", "nonsense"])
  func anotherCodingIs415AndSaysWhatIsTaken(coding: String) async throws {
    try await withRoutes { client async throws in
      let answer = try await client.post("/json", "application/json", "{}", ["content-encoding: \(coding)"])
      #expect(answer.status == 415)
      #expect(answer.header("accept-encoding") == "gzip, deflate")
    }
  }

  @Test func aRouteSaysWhichCodingsItTakes() async throws {
    try await withRoutes { client async throws in
      let gzip = Compressed.make(Array("{}".utf8), .gzip)
      let refused = try await client.post("/plain", "application/json", gzip, ["content-encoding: gzip"])
      #expect(refused.status == 415)
      #expect(refused.header("accept-encoding") == "identity")
      expect(try await client.post("/plain", "application/json", "{}").text, "2")
      expect(try await client.post("/gzip", "application/json", gzip, ["content-encoding: gzip"]).text, "2")
      let deflate = try await client.post(
        "/gzip", "application/json", Compressed.make(Array("{}".utf8), .zlib), ["content-encoding: deflate"])
      #expect(deflate.status == 415)
      #expect(deflate.header("accept-encoding") == "gzip")
    }
  }

  @Test func whatIsDamagedOrCutOffIs400() async throws {
    try await withRoutes { client async throws in
      let whole = Compressed.make(Self.json, .gzip)
      var damaged = whole
      damaged[damaged.count / 2] ^= 0xFF
      for body in [Array(whole.dropLast()), Array(whole.prefix(5)), damaged, Array("{}".utf8)] {
        #expect(
          try await client.post("/json", "application/json", body, ["content-encoding: gzip"]).status == 400)
      }
      #expect(try await client.post("/json", "application/json", whole, ["content-encoding: gzip"]).status == 200)
    }
  }

  @Test func aRouteThatDeclaresNothingGetsItAsItCame() async throws {
    try await withRoutes { client async throws in
      let body = Compressed.make(Self.json, .gzip)
      expect(
        try await client.post("/raw", "application/json", body, ["content-encoding: gzip"]).text,
        "\(body.count)")
    }
  }
}
