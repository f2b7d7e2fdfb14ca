import GatewayPlugin
import GatewayTesting
import Testing

/// What policies are shown of the messages that pass them, and how they change fields.
@Suite(.timeLimit(.minutes(5)))
struct PolicyAccessTests {
  private let journal = Journal()

  @Schema struct Empty: Sendable {}

  @Test func aPolicySeesTheRequestAndChangesItsFields() async throws {
    let journal = journal
    let configuration = """
      use: [request_id, p.look]
      routes: [{ match: "POST /books/{id}", handler: p.fields }]
      """
    try await serving(configuration) { plugin in
      plugin.policy("look", bufferedRequest: true) { request, next in
        var request = request
        journal.note("\(request.method) \(request.path)?\(request.query) \(request.client) \(request.isTLS)")
        journal.note("id \(!request.id.isEmpty) \(request.id == request.header("x-request-id"))")
        request.addHeader("x-a", "2")
        let values = request.headers("X-A")
        journal.note(values.joined(separator: ","))
        request.removeHeader("x-b")
        let isGone = request.header("x-b") == nil && request.headers("x-b").isEmpty
        journal.note("gone \(isGone)")
        let count = request.withBody { $0.count }
        request.setBody(Array("other".utf8))
        let text = request.withBody { String(decoding: $0, as: UTF8.self) }
        journal.note("\(count) \(text)")
        return try await next(request)
      }
      plugin.handler("fields") { request in
        .text("\(request.headers("x-a")) \(request.headers("x-b")) \(request.bodyText)")
      }
    } body: { client async throws in
      let answer = try await client.request(
        "POST", "/books/7?a=b", headers: ["x-a": "1", "x-b": "1"], body: .text("hello"))
      #expect(answer.text == #"["1", "2"] [] other"#)
    }
    #expect(journal.entries.dropFirst(2) == ["1,2", "gone true", "5 other"])
    #expect(journal.entries.first?.hasPrefix("POST /books/7?a=b ") == true)
    #expect(journal.entries.first?.hasSuffix(" false") == true)
    #expect(journal.entries.dropFirst().first?.hasPrefix("id true") == true)
  }

  @Test func aPolicySeesTheAnswerAndChangesItsFields() async throws {
    let journal = journal
    try await serving("routes: [{ match: GET /, use: [p.look], handler: p.fields }]") { plugin in
      plugin.policy("look", bufferedResponse: true) { request, next in
        var response = try await next(request)
        let (first, all) = (response.header("X-A") ?? "-", response.headers("x-a"))
        journal.note("\(response.status) \(first) \(all) \(response.bodyText)")
        response.removeHeader("x-a")
        response.addHeader("x-b", "2")
        let (removed, added) = (response.header("x-a") ?? "-", response.headers("x-b"))
        journal.note("\(removed) \(added)")
        return response
      }
      plugin.handler("fields") { _ in
        .text("hello", status: 203, headers: ["x-a": "1", "x-b": "1"])
      }
    } body: { client async throws in
      let answer = try await client.get("/")
      #expect(answer.header("x-a") == nil)
      #expect(answer.headers.filter { $0.name == "x-b" }.map(\.value) == ["1", "2"])
    }
    #expect(journal.entries == [#"203 1 ["1"] hello"#, #"- ["1", "2"]"#])
  }

  @Test func aPartIsLentWithoutACopy() async throws {
    let journal = journal
    try await serving("routes: [{ match: POST /, use: [p.look], handler: p.echo }]") { plugin in
      plugin.inlinePolicy(
        "look", config: Empty.self, state: { _ in },
        onRequestPart: { part, _ in
          let (lent, copied) = (part.withBytes { [UInt8]($0) }, part.bytes)
          journal.note("same \(lent == copied)")
          return lent.map { $0 &+ 1 }
        })
      plugin.handler("echo") { request in .text(request.bodyText) }
    } body: { client async throws in
      #expect(try await client.request("POST", "/", body: .text("HAL")).text == "IBM")
    }
    #expect(!journal.entries.isEmpty)
    #expect(journal.entries.allSatisfy { $0 == "same true" })
  }
}
