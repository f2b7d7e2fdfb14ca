import GatewayPlugin
import GatewayTesting
import Testing

/// Providers that answer themselves, in other ways than with one whole answer: each runs once.
@Suite(.timeLimit(.minutes(5)))
struct AnsweringProviderTests {
  private let journal = Journal()

  private func serve(
    _ provider: String, policies: String = "[]", _ mode: TestMode, _ body: (TestClient) async throws -> Void
  ) async throws {
    let folder = try Folder()
    try folder.write("book.txt", Array("from a file".utf8))
    let path = folder.path + "/book.txt"
    let configuration = """
      dependencies: { gate: { provider: p.\(provider) } }
      routes:
        - { match: GET /, use: \(policies), depends: [gate], handler: p.never }
        - { match: GET /plain, respond: { status: 200, body: plain } }
      """
    let journal = journal
    try await withGateway(configuration, mode: mode) { plugin in
      plugin.provider("asyncFile") { _ -> Int in
        journal.note("gate")
        throw Response.file(path: path)
      }
      plugin.inlineProvider("inlineFile") { _ -> Int in
        journal.note("gate")
        throw Response.file(path: path)
      }
      plugin.securityProvider("securityFile") { _ -> Int in
        journal.note("gate")
        throw Response.file(path: path)
      }
      plugin.provider("stream") { _ -> Int in
        journal.note("gate")
        throw Response.stream { writer in
          do {
            while true {
              try await writer.write("part")
              await Task.yield()
            }
          } catch {
            journal.note("left")
            throw error
          }
        }
      }
      plugin.policy("replace") { request, next in
        _ = try await next(request)
        return PolicyResponse(Response(bytes: [UInt8](repeating: 0x61, count: 20_000_000)))
      }
      plugin.handler("never") { _ in
        journal.note("handler")
        return .text("never")
      }
    } body: { client in
      try await body(client)
      #expect(try await client.get("/plain").text == "plain")
    }
    #expect(journal.count("gate") == 1)
    #expect(journal.count("handler") == 0)
  }

  @Test(arguments: ["asyncFile", "inlineFile", "securityFile"], TestMode.allCases)
  func aFileIsAnsweredOnce(provider: String, mode: TestMode) async throws {
    try await serve(provider, mode) { client in
      let answer = try await client.get("/")
      #expect(answer.status == 200)
      #expect(answer.text == "from a file")
    }
  }

  @Test(arguments: TestMode.allCases)
  func whatAPolicyPutsInThePlaceOfAStreamEndsItsProvider(mode: TestMode) async throws {
    try await serve("stream", policies: "[p.replace]", mode) { client in
      let answer = try await client.get("/")
      #expect(answer.body.count == 20_000_000)
      await journal.wait(for: "left")
    }
  }
}
