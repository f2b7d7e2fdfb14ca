import GatewayPlugin

@testable import GatewayTesting

/// Runs a gateway with one plugin, `p`, that the test makes, and the rest of a configuration.
///
/// - Parameter log: for tests that look at it after the gateway has ended.
func withGateway(
  _ configuration: String, log: TestLog = TestLog(), mode: TestMode = .inProcess, plugin declare: (inout Plugin) -> Void,
  body: (TestClient) async throws -> Void
) async throws {
  var plugin = Plugin("p", version: "1.0.0")
  declare(&plugin)
  try await withGateway(configuration, log: log, mode: mode, plugins: ["p": plugin], body: body)
}

/// The same with several plugins.
func withGateway(
  _ configuration: String, log: TestLog, mode: TestMode = .inProcess, plugins: [String: Plugin],
  body: (TestClient) async throws -> Void
) async throws {
  let names = plugins.keys.sorted().map { "\($0): { library: \($0.uppercased()) }" }.joined(separator: ", ")
  try await TestGateway.run(
    text: "version: 1\nplugins: { \(names) }\n" + configuration, path: "gateway.yaml", plugins: plugins, settings: [:],
    overrides: [], setup: TestSetup(mode: mode, log: log), body)
}

struct Unexpected: Error, CustomStringConvertible {
  var description: String { "the password is swordfish" }
}
