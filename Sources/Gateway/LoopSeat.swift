import GatewayPluginHost
import GatewayProxy
import NIOCore

/// What one event loop keeps while snapshots succeed each other: connections to upstreams, and the requests that plugins
/// have under way. Used on its loop only.
final class LoopSeat {
  let services: LoopServices
  let fetcher: LoopFetcher
  let ledger: PluginLedger
  private var pools: [(pool: UpstreamPool, users: Int)] = []
  /// Of the snapshot in service.
  private var serving: [UpstreamPool] = []

  init(_ services: LoopServices, _ ledger: PluginLedger) {
    self.services = services
    self.ledger = ledger
    fetcher = LoopFetcher(loop: services.loop)
    services.fetcher = fetcher
  }

  /// The connections to that upstream: those that there are, where an earlier snapshot has it alike.
  func takePool(for upstream: Upstream) -> UpstreamPool {
    if let index = pools.firstIndex(where: { $0.pool.upstream.isSame(as: upstream) }) {
      pools[index].users += 1
      return pools[index].pool
    }
    let time = services.gateway.time
    let pool = UpstreamPool(
      upstream: upstream, eventLoop: services.loop, loopIndex: Int(services.index), clock: { time.now() })
    pools.append((pool, 1))
    order()
    return pool
  }

  /// These are in service from now on: what plugins ask for by name. Those of a snapshot that is still starting, and may come to
  /// nothing, are found only where nothing in service has their name.
  func serve(_ pools: [UpstreamPool]) {
    serving = pools
    order()
  }

  private func order() {
    fetcher.pools = serving + pools.reversed().map(\.pool).filter { pool in !serving.contains { $0 === pool } }
  }

  /// The last who has it ends it.
  func giveBack(_ pool: UpstreamPool) {
    guard let index = pools.firstIndex(where: { $0.pool === pool }) else { return }
    pools[index].users -= 1
    guard pools[index].users == 0 else { return }
    pools.remove(at: index)
    serving.removeAll { $0 === pool }
    order()
    pool.shutdown()
  }

  /// After the last snapshot.
  func close() {
    if services.fetcher === fetcher { services.fetcher = nil }
    fetcher.close()
  }
}

extension Upstream {
  func isSame(as other: Upstream) -> Bool {
    name == other.name && timeouts == other.timeouts && limits == other.limits
      && targets.map(\.description) == other.targets.map(\.description)
      && targets.map(\.authority) == other.targets.map(\.authority)
  }
}
