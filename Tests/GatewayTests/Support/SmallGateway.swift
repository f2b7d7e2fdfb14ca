import GatewayPlugin
import GatewayTesting

/// Runs a gateway with one plugin, `p`, that the test makes, and the rest of a configuration.
func withGateway(
  _ configuration: String, plugin declare: (inout Plugin) -> Void, body: (TestClient) async throws -> Void
) async throws {
  var plugin = Plugin("p", version: "1.0.0")
  declare(&plugin)
  let text = "version: 1\nplugins: { p: { library: P } }\n" + configuration
  try await TestGateway.run(text: text, plugins: ["p": plugin], body)
}

struct Unexpected: Error, CustomStringConvertible {
  var description: String { "the password is swordfish" }
}
