import Foundation
import GatewayTesting
import Testing

@testable import Bookshop

/// Stand-ins for dependencies, and what they leave alone.
struct OverrideTests {
  @Test func aStoreOfTheTestsOwnStandsIn() async throws {
    let store = try BookStore(path: ":memory:")
    // The original would fail to open this.
    let database = "/no/such/directory/books.sqlite"
    try await withBookshop(database: database, overrides: [.value("store", store)]) { client in
      let answer = try await client.post("/books", json: dispossessed)
      #expect(answer.status == 201)
    }
    // The store is the test's: no gateway closed it.
    try await withBookshop(database: database, overrides: [.value("store", store)]) { client in
      let answer = try await client.get("/books/2")
      #expect(answer.status == 200)
    }
  }

  @Test func withoutAStandInTheOriginalsFailureIsTold() async throws {
    let error = await #expect(throws: TestGatewayError.self) {
      try await withBookshop(database: "/no/such/directory/books.sqlite") { _ in }
    }
    #expect(error?.text.contains("dependency 'store'") == true)
  }

  @Test func aSessionOfTheTestsOwnStandsIn() async throws {
    let elsewhere = try BookStore(path: ":memory:")
    let session = Override.make("session") {
      try await Session.begin(on: elsewhere)
    } teardown: { session, outcome in
      try await session.end(outcome)
    }
    try await withBookshop(overrides: [session]) { client in
      let answer = try await client.post("/books", json: dispossessed)
      #expect(answer.status == 201)
      #expect(try await client.get("/books/2").status == 404)
    }
  }

  @Test func aStandInOfAnotherTypeIsRefused() async throws {
    let error = await #expect(throws: TestGatewayError.self) {
      try await withBookshop(overrides: [.value("store", "a text")]) { _ in }
    }
    #expect(error?.text.contains("Swift.String") == true)
    #expect(error?.text.contains("Bookshop.BookStore") == true)
  }

  @Test func aStandInForNothingIsRefused() async throws {
    let error = await #expect(throws: TestGatewayError.self) {
      try await withBookshop(overrides: [.value("stroe", "a text")]) { _ in }
    }
    #expect(error?.text.contains("store") == true)
  }

  @Test func twoBookshopsAtOnceShareNothing() async throws {
    try await withBookshop { first in
      try await withBookshop { second in
        let answer = try await first.post("/books", json: dispossessed)
        #expect(answer.status == 201)
        #expect(try await first.get("/books/2").status == 200)
        #expect(try await second.get("/books/2").status == 404)
      }
    }
  }

  @Test func booksOutliveTheGateway() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).sqlite").path
    defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + end) } }
    try await withBookshop(database: file) { client in
      let answer = try await client.post("/books", json: dispossessed)
      #expect(answer.status == 201)
    }
    try await withBookshop(database: file) { client in
      let answer = try await client.get("/books/2")
      #expect(answer.status == 200)
    }
  }
}
