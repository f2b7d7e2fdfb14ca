import GatewayHTTP
import NIOCore

/// What the connections of a server may cost. Every value has a default that is safe at the edge.
public struct ServerConfiguration: Sendable {
  /// Sizes of one request's head and of its chunk framing.
  public var limits = HTTPLimits()
  public var timeouts = Timeouts()
  /// Connections of all loops together; nil: what the descriptor limit allows (`DescriptorLimit`).
  ///
  /// At the cap new connections wait in the kernel's backlog; keep-alive connections that are idle the longest are
  /// closed to make room for them.
  public var maxConnections: Int?
  /// Connections that the kernel holds before they are accepted, for each listening socket. The kernel lowers it to
  /// `net.core.somaxconn`.
  public var backlog: Int32 = 1024
  /// Bytes of a request body nobody asked for that are read and dropped to keep the connection (RFC 9112 §9.3);
  /// with more to come it is closed instead.
  public var unreadBody = 64 * 1024
  /// Bytes read and dropped after the last response, so that the client can read it before a reset (RFC 9112 §9.6).
  public var lingerBytes = 256 * 1024
  /// Bytes of a response held for a client that reads slowly before `isWritable` turns false, and the rest at which
  /// it turns true again.
  public var writeBuffer = ChannelOptions.Types.WriteBufferWaterMark(low: 32 * 1024, high: 64 * 1024)

  public init() {}

  /// Ends of patience. They are looked at every `ServerLoop.tickInterval`, so each may come that much late or early.
  public struct Timeouts: Sendable {
    /// From accept to the end of the TLS handshake; then the connection is closed.
    public var handshake = TimeAmount.seconds(10)
    /// From a request's first byte (or from accept, for the first request) to the end of its head, in total, however
    /// steadily bytes arrive (Slowloris); then 408 where something had arrived, and close.
    public var head = TimeAmount.seconds(10)
    /// From the end of a response to the next request's first byte; then close.
    public var keepAlive = TimeAmount.seconds(60)
    /// Time a body may take before its rate counts, and the least rate in bytes per second after that; below it the
    /// body fails with 408. A client ahead of the rate may stand still for at most `bodyCredit`.
    public var bodyGrace = TimeAmount.seconds(5)
    public var bodyRate = 240
    public var bodyCredit = TimeAmount.seconds(30)
    /// Time without room for a response in a slow client's write buffer; then the connection is reset.
    public var write = TimeAmount.seconds(60)
    /// Time to read the last response before the connection is closed in both directions (RFC 9112 §9.6).
    public var linger = TimeAmount.seconds(1)

    public init() {}
  }
}
