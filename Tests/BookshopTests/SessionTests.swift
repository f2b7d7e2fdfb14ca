import GatewayPlugin
import GatewayTesting
import Testing

@testable import Bookshop

/// The session's promise: what a request writes is kept whole, or not at all.
struct SessionTests {
  @Test func aHandlerThatSucceedsCommits() async throws {
    try await withSession { client in
      let answer = try await client.get("/write?then=return")
      #expect(answer.status == 204)
      #expect(try await client.get("/books").json().array?.count == 2)
    }
  }

  @Test(arguments: [("throw", 500), ("refuse", 409)])
  func aHandlerThatThrowsRollsBack(then: String, status: Int) async throws {
    try await withSession { client in
      let answer = try await client.get("/write?then=\(then)")
      #expect(answer.status == status)
      #expect(try await client.get("/books").json().array?.count == 1)
    }
  }

  @Test func aFailedSessionLeavesTheNextOneItsTurn() async throws {
    try await withSession { client in
      let answer = try await client.get("/write?then=throw")
      #expect(answer.status == 500)
      #expect(try await client.get("/write?then=return").status == 204)
    }
  }
}

/// A bookshop, and a handler that writes a book and then does as it is told.
private func withSession(_ body: (TestClient) async throws -> Void) async throws {
  // A handler more in the plugin itself: another plugin would never get its Swift values.
  var plugin = bookshop()
  plugin.handler("write", needs: Dependency<Session>("session")) { request, session in
    let end = request.text("then")
    try await session.write { db in
      var book = Book(title: "Rocannon's World", author: "Ursula K. Le Guin", year: 1966, price: 7)
      try book.insert(db)
    }
    switch end {
    case "throw": throw Unexpected()
    case "refuse": throw HTTPError(409, detail: "no")
    default: return .noContent
    }
  }
  let configuration = """
    version: 1
    plugins: { bookshop: { library: Bookshop } }
    dependencies:
      store: { provider: bookshop.store, config: { path: ":memory:" } }
      session: { provider: bookshop.session }
    routes:
      - { match: GET /books, handler: bookshop.listBooks }
      - { match: GET /write, parameters: { then: string }, handler: bookshop.write }
    """
  try await TestGateway.run(text: configuration, plugins: ["bookshop": plugin], body)
}

private struct Unexpected: Error {}
