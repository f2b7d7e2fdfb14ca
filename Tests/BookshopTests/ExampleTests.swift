import GatewayPlugin
import GatewayTesting
import Testing

@testable import Bookshop

/// The example of docs/testing.md, to be copied: a plugin's own tests, in process and over a real socket.
@Suite(.timeLimit(.minutes(5)))
struct ExampleTests {
  /// Runs `body` with a client of a bookshop of its own, who has the key. Tests that run at the same time share nothing.
  private func withShop(
    mode: TestMode = .inProcess, overrides: [Override] = [], _ body: (TestClient) async throws -> Void
  ) async throws {
    let file = #filePath.replacing(#/Tests/BookshopTests/[^/]*$/#, with: "gateway.yaml")
    var echo = Plugin("echo", version: "1.0.0")
    for name in ["hello", "shout", "echo"] { echo.inlineHandler(name) { _ in .noContent } }
    try await withGateway(
      file, plugins: ["bookshop": bookshop(), "echo": echo],
      settings: ["BOOKSHOP_DATABASE": ":memory:", "BOOKSHOP_KEY": "correct horse"], overrides: overrides, mode: mode
    ) { client in
      var clerk = client
      clerk.headers["authorization"] = "Bearer correct horse"
      try await body(clerk)
    }
  }

  @Test(arguments: TestMode.allCases)
  func aBookIsCreatedAndFound(mode: TestMode) async throws {
    try await withShop(mode: mode) { client in
      let created = try await client.post("/books", json: dispossessed)
      #expect(created.status == 201)
      let location = try #require(created.header("location"))
      #expect(try await client.get(location).json()["title"] == "The Dispossessed")
      #expect(client.gateway.log.lines.allSatisfy { $0.level != "error" })
    }
  }

  @Test(arguments: TestMode.allCases)
  func whoHasNoKeyMayOnlyRead(mode: TestMode) async throws {
    try await withShop(mode: mode) { client in
      let stranger = client.another()
      let refused = try await stranger.post("/books", json: dispossessed)
      #expect(refused.status == 401)
      #expect(refused.header("www-authenticate") == "Bearer")
      #expect(try await stranger.get("/books").json().array?.count == 1)
    }
  }

  @Test func aStoreOfTheTestsOwnStandsIn() async throws {
    let store = try BookStore(path: ":memory:")
    try await withShop(overrides: [.value("store", store)]) { client in
      let seen = try await client.get("/books/1").status
      #expect(seen == 200)
    }
  }
}
