import GatewayTesting
import Testing

/// What happens after a book was added.
struct StocktakingTests {
  @Test func anAddedBookIsCountedAfterTheAnswer() async throws {
    try await withBookshop { client in
      let answer = try await client.post("/books", json: dispossessed)
      #expect(answer.status == 201)
      let line = try #require(try await client.gateway.log.line("stock taken"))
      #expect(line.level == "info")
      #expect(line.facts["books"] == "2")
      #expect(line.facts["handler"] == "bookshop.createBook")
      #expect(line.facts["request_id"] == answer.header("x-request-id"))
    }
  }

  @Test func aBookThatIsRefusedIsNotCounted() async throws {
    try await withBookshop { client in
      let refused = try await client.post("/books", json: "{}")
      #expect(refused.status == 422)
      let answer = try await client.post("/books", json: dispossessed)
      #expect(answer.status == 201)
      _ = try await client.gateway.log.line("stock taken")
      #expect(client.gateway.log.lines("stock taken").count == 1)
    }
  }
}
