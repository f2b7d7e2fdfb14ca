import Bookshop
import GatewayPlugin
import GatewayTesting

let dispossessed = #"{"title": "The Dispossessed", "author": "Ursula K. Le Guin", "year": 1974, "price": 8.5}"#

/// Runs `body` with a client of a bookshop of its own, as the `gateway.yaml` of this package describes it.
func withBookshop(
  database: String = ":memory:", overrides: [Override] = [], _ body: (TestClient) async throws -> Void
) async throws {
  try await TestGateway.run(
    gatewayFile, plugins: ["bookshop": bookshop(), "echo": otherPlugin()], settings: ["BOOKSHOP_DATABASE": database],
    overrides: overrides, body)
}

private let gatewayFile = #filePath.replacing(#/Tests/BookshopTests/[^/]*$/#, with: "gateway.yaml")

/// Stands in for the other plugin of the file, which these tests do not call.
private func otherPlugin() -> Plugin {
  var plugin = Plugin("echo", version: "1.0.0")
  for name in ["hello", "shout", "echo"] { plugin.inlineHandler(name) { _ in .noContent } }
  return plugin
}
