import GatewayPluginHost
import Glibc
import NIOCore
import NIOPosix

/// The worker's side of a plugin: its values, and the connections with the gateway's loops. Used on the one event loop, but
/// while the process starts.
final class WorkerHost: @unchecked Sendable {
  // Proof for @unchecked: the start-up thread writes `plugin` and `loopServices` before it hands over to the loop.
  let loop: any EventLoop
  let services: GatewayServices
  let pool: BlockingPool
  let quota: BackgroundQuota
  private let forwarding: ForwardedMetrics
  var loopServices: LoopServices?
  var plugin: LoadedPlugin?
  private var connections: [WorkerConnection] = []
  /// Made in every worker, under the gateway's numbers.
  private var shared: [UInt64: KeptValue] = [:]
  private var nextFetcher = 0

  init(_ setup: WorkerSetup, _ loop: any EventLoop, _ metrics: any PluginMetrics) {
    self.loop = loop
    forwarding = ForwardedMetrics(metrics, loop)
    services = GatewayServices(metrics: forwarding)
    pool = BlockingPool(threads: Int(setup.threads), queue: 100_000)
    quota = BackgroundQuota(perRequest: Int(setup.tasks), total: 1_000_000)
  }

  func serve(_ count: Int) {
    services.setLog { [loop] event in
      // Nobody waits for a line: one of another thread comes a turn later.
      if loop.inEventLoop { self.say(event) } else { loop.execute { self.say(event) } }
    }
    for index in 0..<count {
      let connection = WorkerConnection(self, index)
      connections.append(connection)
      connection.attach(3 + Int32(index), memory: 3 + Int32(count) + 2 * Int32(index))
    }
    forwarding.connection = connections.first
    loopServices?.fetcher = WorkerFetcher(connections)
  }

  private func say(_ event: PluginLogEvent) {
    let number = event.call?.invocation ?? 0
    let place = Int(number >> WorkerConnection.placeShift)
    guard let connection = connections.indices.contains(place) ? connections[place] : connections.first else { return }
    connection.say(event, number & (1 << WorkerConnection.placeShift - 1))
  }

  // MARK: values

  func keepShared(_ value: KeptValue, _ number: UInt64) { shared[number] = value }
  func shared(_ number: UInt64) -> KeptValue? { shared[number] }

  func releaseShared(_ number: UInt64) { shared.removeValue(forKey: number)?.release() }

  /// The provider whose JSON a value of that type has.
  func writer(for provider: PluginProvider) -> PluginProvider? {
    if provider.writesJSON { return provider }
    return plugin?.providers.first { $0.writesJSON && $0.type == provider.type }
  }

  /// The gateway has gone, or wants this worker to: nobody is left to serve.
  func end() -> Never {
    fflush(nil)
    _exit(0)
  }
}

/// What the plugin gave, until the gateway lets it go.
struct KeptValue {
  enum Kind {
    case value(UnsafeMutableRawPointer, PluginProvider)
    case state(UnsafeMutableRawPointer, PluginPolicy)
    case made(UnsafeMutableRawPointer, PluginPolicy)
    /// Released when the last one lets go.
    case cause(PluginErrorCause)
  }

  let kind: Kind

  var pointer: UnsafeMutableRawPointer? {
    switch kind {
    case .value(let pointer, _), .state(let pointer, _), .made(let pointer, _): pointer
    case .cause: nil
    }
  }

  func release() {
    switch kind {
    case .value(let pointer, let provider): provider.release(pointer)
    case .state(let pointer, let policy): policy.release(state: pointer)
    case .made(let pointer, let policy): policy.release(value: pointer)
    case .cause: break
    }
  }
}
