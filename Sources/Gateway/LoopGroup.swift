import GatewayPluginHost
import GatewayTelemetry
import NIOCore

/// Event loops that plugins know by index.
public struct LoopGroup: Sendable {
  public struct Member: Sendable {
    public let services: LoopServices
    public var loop: any EventLoop { services.loop }
    public var index: UInt32 { services.index }
  }

  public let members: [Member]
  public let services: GatewayServices

  /// Registers the loops; nil where there are more than plugins can name. Do it before plugins are opened.
  public init?(_ group: any EventLoopGroup, time: GatewayTime = GatewayTime()) {
    metrics = MetricRegistry()
    services = GatewayServices(time: time, metrics: metrics)
    guard let registered = HostTable.shared.register(Array(group.makeIterator()), services) else { return nil }
    members = registered.map { Member(services: $0) }
  }

  /// What plugins count.
  public let metrics: MetricRegistry

  /// Ends plugins' timers; after the last instance, before the loops end.
  public func close() async {
    for member in members { try? await member.loop.submit { member.services.close() }.get() }
  }
}
