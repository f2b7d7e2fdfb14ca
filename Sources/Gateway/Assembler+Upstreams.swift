import GatewayConfiguration
import GatewayHTTP
import GatewayPolicies
import GatewayProxy
import NIOCore

/// An upstream by the name that routes use.
struct NamedUpstream {
  let name: String
  let upstream: GatewayProxy.Upstream
}

extension Assembler {
  mutating func makeUpstreams() -> [NamedUpstream] {
    file.upstreams.map { entry in
      var targets: [GatewayProxy.Upstream.Target] = []
      for target in entry.targets {
        if let made = GatewayProxy.Upstream.Target(host: target.host, port: target.port, authority: target.authority) {
          targets.append(made)
        } else {
          diagnostics.error(
            .invalidValue, "this target cannot be connected to", at: target, found: target.authority,
            expected: "http://HOST:PORT")
        }
      }
      var limits = GatewayProxy.Upstream.Limits()
      limits.idleConnections = entry.connections.maxIdlePerLoop
      if let most = entry.connections.maxPerTarget { limits.connections = most }
      let timeouts = GatewayProxy.Upstream.Timeouts(
        connect: TimeAmount(entry.timeouts.connect), responseHead: TimeAmount(entry.timeouts.responseHead),
        idle: TimeAmount(entry.timeouts.idle), total: entry.timeouts.total.map { TimeAmount($0) })
      return NamedUpstream(
        name: entry.name.value,
        upstream: GatewayProxy.Upstream(name: entry.name.value, targets: targets, timeouts: timeouts, limits: limits))
    }
  }

  func makeTrustedProxies() -> TrustedProxies? {
    guard !file.server.trustedProxies.isEmpty else { return nil }
    let networks = file.server.trustedProxies.compactMap { try? CIDR($0.value.text) }
    return try? TrustedProxies(NetworkSet(networks: networks))
  }
}

extension Network {
  /// As the file writes it.
  var text: String {
    let address = IPAddress(high: high, low: low)
    return "\(address)/\(address.isV4 ? prefix - 96 : prefix)"
  }
}
