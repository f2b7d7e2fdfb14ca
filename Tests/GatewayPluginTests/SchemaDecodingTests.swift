import GatewayPlugin
import Testing

struct SchemaDecodingTests {
  @Test func aStructIsDecodedFromItsMembers() throws {
    let book = try decode(
      NewBook.self, #"{"year": 1974, "title": "The \u0044ispossessed", "price": 8, "tags": ["a", "b"], "unknown": {"a": [1]}}"#)
    #expect(book == NewBook(title: "The Dispossessed", year: 1974, price: 8, tags: ["a", "b"], subtitle: nil))
  }
}
