import GatewayPlugin
import GatewayPluginHost
import GatewayTesting
import Logging
import NIOPosix
import Synchronization

@testable import Gateway
@testable import GatewayTesting

/// What a gateway says in the process log, for tests that look at it.
final class ProcessLog: Sendable {
  struct Line: Sendable {
    var level: Logger.Level
    var message: String
    var facts: [String: String]
  }

  private let written = Mutex<[Line]>([])
  private let journal = Journal()

  var lines: [Line] { written.withLock { $0 } }

  func lines(_ message: String) -> [Line] { lines.filter { $0.message == message } }

  /// Waits for the line.
  func line(_ message: String) async -> Line? {
    await journal.wait(for: message)
    return lines(message).first
  }

  fileprivate func write(_ line: Line) {
    written.withLock { $0.append(line) }
    journal.note(line.message)
  }

  var logger: Logger { Logger(label: "gateway") { _ in Handler(log: self) } }

  private struct Handler: LogHandler {
    let log: ProcessLog
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    init(log: ProcessLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let facts = (event.metadata ?? [:]).mapValues { "\($0)" }
      log.write(Line(level: event.level, message: "\(event.message)", facts: facts))
    }
  }
}

/// As `withGateway`, with the process log kept.
func withGateway(
  _ configuration: String, log: ProcessLog, plugin declare: (inout Plugin) -> Void,
  body: (TestClient) async throws -> Void
) async throws {
  var plugin = Plugin("p", version: "1.0.0")
  declare(&plugin)
  try await withGateway(configuration, log: log, plugins: ["p": plugin], body: body)
}

/// The same with several plugins.
func withGateway(
  _ configuration: String, log: ProcessLog, plugins: [String: Plugin], body: (TestClient) async throws -> Void
) async throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let blocking = BlockingPool(threads: 4, queue: 256)
  let outcome: Result<Void, any Error>
  do {
    guard let loops = LoopGroup(group) else { throw TestGatewayError(text: "too many event loops in this process") }
    let linked = plugins.compactMapValues { $0.export(to: HostTable.shared.pointer) }
    let names = plugins.keys.sorted().map { "\($0): { library: \($0.uppercased()) }" }.joined(separator: ", ")
    let loaded = GatewayLoader.load(
      text: "version: 1\nplugins: { \(names) }\n" + configuration, path: "gateway.yaml", variables: [:],
      linked: linked, overrides: [])
    guard let snapshot = loaded.snapshot else { throw TestGatewayError(text: loaded.text()) }
    let instance = try await Instance.start(snapshot, loops: loops, blocking: blocking, logger: log.logger)
    do {
      try await body(TestClient(instance: instance, loop: group.next()))
      outcome = .success(())
    } catch { outcome = .failure(error) }
    _ = await instance.stop(within: .seconds(10))
    snapshot.closeLogs()
  } catch { outcome = .failure(error) }
  await withCheckedContinuation { done in blocking.shutdown { done.resume() } }
  try? await group.shutdownGracefully()
  try outcome.get()
}
