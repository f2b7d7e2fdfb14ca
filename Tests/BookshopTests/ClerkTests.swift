import GatewayPlugin
import GatewayTesting
import Testing

@testable import Bookshop

/// Who may write, and what everybody else gets.
struct ClerkTests {
  @Test(arguments: ["POST /books", "PUT /books/1", "DELETE /books/1"])
  func withoutTheKeyNobodyWrites(route: String) async throws {
    let parts = route.split(separator: " ").map(String.init)
    try await withBookshop { client in
      // A body that would be a 422: nobody looks at it.
      let answer = try await client.another().request(parts[0], parts[1], body: .json("{"))
      #expect(answer.status == 401)
      #expect(answer.header("www-authenticate") == "Bearer")
      #expect(answer.text == #"{"detail":"Not authenticated"}"#)
      #expect(try await client.get("/books").json().array?.count == 1)
    }
  }

  @Test(arguments: ["", "x", "\(rightKey)x", String(rightKey.dropLast()), rightKey.uppercased()])
  func aWrongKeyIsNoKey(wrong: String) async throws {
    try await withBookshop { client in
      let answer = try await client.delete("/books/1", headers: ["authorization": "Bearer \(wrong)"])
      #expect(answer.status == 401)
      let challenge = wrong.isEmpty ? "Bearer" : #"Bearer error="invalid_token""#
      #expect(answer.header("www-authenticate") == challenge)
      #expect(try await client.get("/books/1").status == 200)
    }
  }

  @Test func aKeyAllowsWhatItsScopesSay() async throws {
    try await withBookshop(edit: { $0.replacing(#", "books:delete"] } }"#, with: "] } }") }) { client in
      #expect(try await client.put("/books/1", json: dispossessed).status == 200)
      let answer = try await client.delete("/books/1")
      #expect(answer.status == 403)
      #expect(answer.text == #"{"detail":"Not enough permissions"}"#)
      #expect(answer.header("www-authenticate") == #"Bearer error="insufficient_scope", scope="books:delete""#)
      #expect(try await client.get("/books/1").status == 200)
    }
  }

  @Test func aStandInOfATestLetsEverybodyWrite() async throws {
    var plugin = bookshop()
    plugin.inlineSecurityProvider("anybody") { provision in Clerk(scopes: provision.scopes.all) }
    try await withBookshop(plugin, changes: EnvironmentChanges(overrides: ["clerk=bookshop.anybody"])) { client in
      let answer = try await client.another().delete("/books/1")
      #expect(answer.status == 204)
    }
  }

  @Test func aKeyThatIsTooShortStopsTheStartAndIsNotTold() async throws {
    let error = await #expect(throws: TestGatewayError.self) {
      try await withBookshop(key: "shorty") { _ in }
    }
    #expect(error?.text.contains("a secret of 6 bytes") == true)
    #expect(error?.text.contains("shorty") == false)
  }

  @Test func theDocumentTellsWhatAWriterNeeds() async throws {
    try await withBookshop { client in
      let document = try await client.get("/openapi.json").json()
      let book = document["paths"]?["/books/{book_id}"]
      #expect(book?["get"]?["security"] == nil)
      #expect(book?["delete"]?["security"]?.array?.first?["HTTPBearer"] == ["books:write", "books:delete"])
      #expect(book?["delete"]?["responses"]?["401"] != nil)
    }
  }
}
