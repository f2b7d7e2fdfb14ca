import CGatewayPlugin
import Gateway
import GatewayPluginHost
import NIOCore

/// How a gateway under test is put together, beyond its configuration.
struct TestSetup {
  var libraries: [String: String] = [:]
  var mode = TestMode.inProcess
  var changes = EnvironmentChanges()
  /// How long a plugin's function may keep the event loop; nil: nobody looks.
  var holdLimit: Duration?
  let time: GatewayTime
  let log: TestLog

  init(
    libraries: [String: String] = [:], mode: TestMode = .inProcess, changes: EnvironmentChanges = EnvironmentChanges(),
    clock: TestTime = .system, holdLimit: Duration? = nil, log: TestLog = TestLog()
  ) {
    self.libraries = libraries
    self.mode = mode
    self.changes = changes
    self.holdLimit = holdLimit
    self.log = log
    time = GatewayTime(manual: clock == .manual ? ManualTime() : nil)
  }

  /// Descriptors of the plugins that are opened from files.
  func opened() throws -> [String: UnsafePointer<gw_plugin>] {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    var opened: [String: UnsafePointer<gw_plugin>] = [:]
    for (name, path) in libraries {
      do { opened[name] = try loader.open(path: path, name: name).get().descriptor.pointer } catch {
        throw TestGatewayError(text: "\(error)")
      }
    }
    return opened
  }

  /// Runs `body` with a client, over a socket where that is wanted.
  func serve<Result>(
    _ instance: Instance, _ gateway: LoadedGateway, _ loops: LoopGroup, _ group: any EventLoopGroup,
    _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    let loop = group.next()
    var tested = TestedGateway(instance: instance, loops: loops, time: time, log: log)
    switch mode {
    case .inProcess:
      return try await body(TestClient(tested, loop, InProcessTransport(instance: instance, loop: loop)))
    case .socket:
      let server = try await LocalServer.start(instance, of: gateway, on: group)
      tested.port = server.port
      let outcome: Swift.Result<Result, any Error>
      do {
        outcome = .success(try await body(TestClient(tested, loop, SocketTransport(group: group, port: server.port))))
      } catch { outcome = .failure(error) }
      let aborted = await server.stop(within: .seconds(10))
      let result = try outcome.get()
      guard aborted == 0 else { throw TestGatewayError(text: "\(aborted) requests did not end") }
      return result
    }
  }
}
