import GatewayPlugin

/// How a test's requests reach the gateway.
public enum TestMode: Sendable, CaseIterable {
  /// As calls in this process.
  case inProcess
  /// Over TCP, on a port of this machine that the system chooses.
  case socket
}

/// Runs `body` with a client of the gateway that a file describes: everything is started before, and ended after, also
/// where `body` throws.
///
///     @Test(arguments: TestMode.allCases)
///     func theFirstBookIsThere(mode: TestMode) async throws {
///       try await withGateway("gateway.yaml", plugins: ["bookshop": bookshop()], mode: mode) { client in
///         let answer = try await client.get("/books/1")
///         #expect(answer.status == 200)
///       }
///     }
///
/// - Parameters:
///   - path: the configuration file.
///   - plugins: plugins that are linked into the test, by their name under `plugins:`.
///   - libraries: plugins that are opened from their `.so`, by name; those in neither are looked for as the file says.
///   - settings: environment variables, for this gateway only.
///   - changes: overlay files and overrides, as `gateway run` takes them.
///   - overrides: stand-ins for dependencies. The original is never started.
///   - mode: in process, or over a real socket; the same body runs in both.
///   - clock: `.manual` for time that `client.gateway.clock` moves.
///   - holdLimit: fails where a function of a plugin keeps the event loop longer, as one that blocks although it is not
///     declared so. Real time: leave room for busy machines.
/// - Throws: `TestGatewayError` with the diagnostics where the configuration has mistakes or something does not start or
///   end; whatever `body` throws.
public func withGateway<Result>(
  _ path: String, plugins: [String: Plugin] = [:], libraries: [String: String] = [:], settings: [String: String] = [:],
  changes: EnvironmentChanges = EnvironmentChanges(), overrides: [Override] = [], mode: TestMode = .inProcess,
  clock: TestTime = .system, holdLimit: Duration? = nil, _ body: (TestClient) async throws -> Result
) async throws -> Result {
  guard let text = TextFile.read(path) else { throw TestGatewayError(text: "the file \(path) cannot be read") }
  return try await withGateway(
    text: text, path: path, plugins: plugins, libraries: libraries, settings: settings, changes: changes,
    overrides: overrides, mode: mode, clock: clock, holdLimit: holdLimit, body)
}

/// The same for a configuration in a string; relative paths in it start at the directory of `path`.
public func withGateway<Result>(
  text: String, path: String = "gateway.yaml", plugins: [String: Plugin] = [:], libraries: [String: String] = [:],
  settings: [String: String] = [:], changes: EnvironmentChanges = EnvironmentChanges(), overrides: [Override] = [],
  mode: TestMode = .inProcess, clock: TestTime = .system, holdLimit: Duration? = nil,
  _ body: (TestClient) async throws -> Result
) async throws -> Result {
  try await TestGateway.run(
    text: text, path: path, plugins: plugins, settings: settings, overrides: overrides,
    setup: TestSetup(libraries: libraries, mode: mode, changes: changes, clock: clock, holdLimit: holdLimit), body)
}
