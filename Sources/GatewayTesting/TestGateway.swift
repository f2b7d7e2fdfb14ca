import CGatewayPlugin
import Gateway
import GatewayPlugin
import GatewayPluginHost
import NIOCore
import NIOPosix

/// A gateway in this process, without sockets: for a plugin's own tests.
///
///     let plugins = ["bookshop": bookshop()]
///     try await TestGateway.run("gateway.yaml", plugins: plugins, settings: ["BOOKSHOP_DATABASE": ":memory:"]) { client in
///       let answer = try await client.get("/books/1")
///       #expect(answer.status == 200)
///     }
///
/// Everything is as in production: the same file, the same checks, app-scope dependencies started before and torn down
/// after. Gateways of different tests share nothing and may run at the same time.
public enum TestGateway {
  /// Runs `body` with a client of the gateway that a file describes.
  ///
  /// - Parameters:
  ///   - path: the configuration file.
  ///   - plugins: plugins that are linked into the test, by their name under `plugins:`; others are opened from their
  ///     library.
  ///   - settings: environment variables, for this gateway only.
  ///   - changes: overlay files and overrides, as `gateway run` takes them.
  ///   - overrides: stand-ins for dependencies. The original is never started.
  ///   - holdLimit: fails where a function of a plugin keeps the event loop longer, as one that blocks although it is not
  ///     declared so. Real time: leave room for busy machines.
  /// - Throws: `TestGatewayError` with the diagnostics where the configuration has mistakes or something does not start
  ///   or end; whatever `body` throws.
  public static func run<Result>(
    _ path: String, plugins: [String: Plugin] = [:], settings: [String: String] = [:],
    changes: EnvironmentChanges = EnvironmentChanges(), overrides: [Override] = [], holdLimit: Duration? = nil,
    _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    guard let text = TextFile.read(path) else { throw TestGatewayError(text: "the file \(path) cannot be read") }
    return try await run(
      text: text, path: path, plugins: plugins, settings: settings, changes: changes, overrides: overrides,
      holdLimit: holdLimit, body)
  }

  /// The same for a configuration in a string; relative paths in it start at the directory of `path`.
  public static func run<Result>(
    text: String, path: String = "gateway.yaml", plugins: [String: Plugin] = [:], settings: [String: String] = [:],
    changes: EnvironmentChanges = EnvironmentChanges(), overrides: [Override] = [], holdLimit: Duration? = nil,
    _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    try await run(
      text: text, path: path, plugins: plugins, settings: settings, overrides: overrides,
      setup: TestSetup(changes: changes, holdLimit: holdLimit), body)
  }

  static func run<Result>(
    text: String, path: String, plugins: [String: Plugin], settings: [String: String], overrides: [Override],
    setup: TestSetup, _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let blocking = BlockingPool(threads: 4, queue: 256)
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(try await serve(text, path, plugins, settings, overrides, group, blocking, setup, body))
    } catch {
      outcome = .failure(error)
    }
    await withCheckedContinuation { done in blocking.shutdown { done.resume() } }
    try? await group.shutdownGracefully()
    return try outcome.get()
  }

  private static func serve<Result>(
    _ text: String, _ path: String, _ plugins: [String: Plugin], _ settings: [String: String], _ overrides: [Override],
    _ group: MultiThreadedEventLoopGroup, _ blocking: BlockingPool, _ setup: TestSetup,
    _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    // Loops first: plugins learn of them when they are exported.
    guard let loops = LoopGroup(group, time: setup.time) else { throw TestGatewayError(text: "too many event loops in this process") }
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(try await serve(text, path, plugins, settings, overrides, loops, group, blocking, setup, body))
    } catch { outcome = .failure(error) }
    await loops.close()
    setup.log.close()
    return try outcome.get()
  }

  private static func serve<Result>(
    _ text: String, _ path: String, _ plugins: [String: Plugin], _ settings: [String: String], _ overrides: [Override],
    _ loops: LoopGroup, _ group: MultiThreadedEventLoopGroup, _ blocking: BlockingPool, _ setup: TestSetup,
    _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    let host = HostTable.shared.pointer
    let linked = try setup.opened().merging(plugins.compactMapValues { $0.export(to: host) }) { $1 }
    let loaded = GatewayLoader.load(
      text: text, path: path, changes: setup.changes, variables: settings, linked: linked,
      libraries: Set(setup.libraries.keys), overrides: try Override.standIns(overrides))
    guard let snapshot = loaded.snapshot else { throw TestGatewayError(text: loaded.text()) }
    defer { snapshot.closeLogs() }
    let instance: Instance
    do {
      instance = try await Instance.start(
        snapshot, loops: loops, blocking: blocking, logger: setup.log.logger)
    } catch { throw TestGatewayError(text: "\(error)") }
    var loopGuard: LoopGuard?
    let outcome: Swift.Result<Result, any Error>
    do {
      // From here on: what the plugins do before the first request keeps nobody waiting.
      loopGuard = try setup.holdLimit.map { try LoopGuard(loops, limit: $0) }
      outcome = .success(try await setup.serve(instance, loaded, loops, group, body))
    } catch { outcome = .failure(error) }
    // Once, whatever came of the body; what it threw says more than what the end finds.
    let problems = await instance.stop(within: .seconds(10))
    let held = loopGuard?.end()
    let result = try outcome.get()
    guard problems.isEmpty else { throw TestGatewayError(text: problems.joined(separator: "\n")) }
    if let held { throw held }
    return result
  }
}

/// The gateway could not be put together, started or ended; the text says why.
public struct TestGatewayError: Error, CustomStringConvertible {
  public var text: String
  public var description: String { text }
}
