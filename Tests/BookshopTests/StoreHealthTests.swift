import GatewayTesting
import Testing

@testable import Bookshop

/// Whether the shop can serve.
@Suite(.timeLimit(.minutes(5)))
struct StoreHealthTests {
  @Test func readyMeansThatTheDatabaseAnswers() async throws {
    let store = try BookStore(path: ":memory:")
    try await withBookshop(overrides: [.value("store", store)], clock: .manual) { client in
      let clock = client.gateway.clock
      while try await client.get("/healthz/ready").text != #"{"status":"ready"}"# { await Task.yield() }
      // A memory database has one connection, and somebody keeps it.
      try await store.writers.enter()
      try await clock.advance(by: .seconds(5))
      try await clock.advance(by: .seconds(2))
      let line = try #require(try await client.gateway.log.line("plugin cannot serve"))
      #expect(line.facts["plugin"] == "bookshop")
      let answer = try await client.get("/healthz/ready")
      #expect(answer.status == 503)
      #expect(answer.text == #"{"status":"not_ready","failing":["bookshop"]}"#)
      await store.writers.leave()
      try await clock.waitForTimers()
      try await clock.advance(by: .seconds(5))
      _ = try await client.gateway.log.line("plugin can serve again")
      #expect(try await client.get("/healthz/ready").status == 200)
    }
  }
}
