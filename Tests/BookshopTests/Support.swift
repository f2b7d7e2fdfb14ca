import Bookshop
import Foundation
import GatewayPlugin
import GatewayTesting

let dispossessed = #"{"title": "The Dispossessed", "author": "Ursula K. Le Guin", "year": 1974, "price": 8.5}"#

/// The key of those who write, in these tests.
let rightKey = "the key of the tests"

/// Runs `body` with a client of a bookshop of its own, as the `gateway.yaml` of this package describes it.
///
/// - Parameters:
///   - edit: a change of that file.
///   - body: gets a client that has the key. `another()` is one without.
func withBookshop(
  _ plugin: Plugin = bookshop(), database: String = ":memory:", key: String = rightKey, overrides: [Override] = [],
  changes: EnvironmentChanges = EnvironmentChanges(), clock: TestTime = .system, edit: (String) -> String = { $0 },
  _ body: (TestClient) async throws -> Void
) async throws {
  try await withGateway(
    text: edit(String(contentsOfFile: gatewayFile, encoding: .utf8)), path: gatewayFile,
    plugins: ["bookshop": plugin, "echo": otherPlugin()],
    settings: ["BOOKSHOP_DATABASE": database, "BOOKSHOP_KEY": key], changes: changes, overrides: overrides, clock: clock
  ) { client in
    var clerk = client
    clerk.headers["authorization"] = "Bearer \(key)"
    try await body(clerk)
  }
}

private let gatewayFile = #filePath.replacing(#/Tests/BookshopTests/[^/]*$/#, with: "gateway.yaml")

/// Stands in for the other plugin of the file, which these tests do not call.
private func otherPlugin() -> Plugin {
  var plugin = Plugin("echo", version: "1.0.0")
  for name in ["hello", "shout", "echo"] { plugin.inlineHandler(name) { _ in .noContent } }
  return plugin
}
