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

  init(_ services: LoopServices, _ ledger: PluginLedger) {
    self.services = services
    self.ledger = ledger
    fetcher = LoopFetcher(loop: services.loop)
    services.fetcher = fetcher
  }

  /// The connections to that upstream: those that there are, where an earlier snapshot has it alike.
  func takePool(for upstream: Upstream) -> UpstreamPool {
    if let index = pools.firstIndex(where: { $0.pool.upstream.isSame(as: upstream) }) {
      let known = pools.remove(at: index)
      // To the end: plugins that name an upstream mean the newest.
      pools.append((known.pool, known.users + 1))
      fetcher.pools = pools.reversed().map(\.pool)
      return known.pool
    }
    let time = services.gateway.time
    let pool = UpstreamPool(
      upstream: upstream, eventLoop: services.loop, loopIndex: Int(services.index), clock: { time.now() })
    pools.append((pool, 1))
    fetcher.pools = pools.reversed().map(\.pool)
    return pool
  }

  /// The last who has it ends it.
  func giveBack(_ pool: UpstreamPool) {
    guard let index = pools.firstIndex(where: { $0.pool === pool }) else { return }
    pools[index].users -= 1
    guard pools[index].users == 0 else { return }
    pools.remove(at: index)
    fetcher.pools = pools.reversed().map(\.pool)
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
