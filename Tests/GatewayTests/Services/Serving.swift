import GatewayPlugin
import GatewayTesting

/// As `withGateway`, with a mode and a clock.
func serving(
  _ configuration: String, mode: TestMode = .inProcess, clock: TestTime = .system,
  plugin declare: (inout Plugin) -> Void = { _ in }, body: (TestClient) async throws -> Void
) async throws {
  var plugin = Plugin("p", version: "1.0.0")
  declare(&plugin)
  try await GatewayTesting.withGateway(
    text: "version: 1\nplugins: { p: { library: P } }\n" + configuration, plugins: ["p": plugin], mode: mode, clock: clock,
    body)
}
