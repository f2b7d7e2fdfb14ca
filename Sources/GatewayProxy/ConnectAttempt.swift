import NIOCore
import NIOPosix

/// One attempt to connect to one target.
final class ConnectAttempt {
  /// The request it was begun for; nil where that has ended meanwhile.
  var exchange: ExchangeState?
  let target: Int
  let targetDescription: String
  private let endpoint: Upstream.Target.Endpoint
  /// Channels under way: one for an address, one or more for a name ("happy eyeballs", RFC 8305).
  private var channels: [any Channel] = []
  private var isGivenUp = false

  init(exchange: ExchangeState, target: Int, of upstream: Upstream) {
    self.exchange = exchange
    self.target = target
    targetDescription = upstream.targets[target].description
    endpoint = upstream.targets[target].endpoint
  }

  /// Connects, and tells the pool the outcome; never before this call has returned.
  func run(for pool: UpstreamPool, timeout: TimeAmount?) {
    // The pool's ticks decide. This limit only ends attempts that nobody waits for any more.
    let bound = NIOLoopBound((self, pool), eventLoop: pool.eventLoop)
    let bootstrap = ClientBootstrap(group: pool.eventLoop)
      .connectTimeout(timeout.map { $0 + .seconds(1) } ?? .seconds(30))
      // Small writes go out as they are; the peer should not wait for an acknowledgement (RFC 896's delay).
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      // One read, one call: a pause takes effect before the next read, so a slow client costs one read buffer.
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let (attempt, pool) = bound.value
          guard !attempt.isGivenUp else { throw ChannelError.ioOnClosedChannel }
          attempt.channels.append(channel)
          try channel.pipeline.syncOperations.addHandler(UpstreamConnection(pool: pool, target: attempt.target))
        }
      }
    let future =
      switch endpoint {
      case .address(let address): bootstrap.connect(to: address)
      case .name(let name, let port): bootstrap.connect(host: name, port: port)
      case .unixSocket(let path): bootstrap.connect(unixDomainSocketPath: path)
      }
    // A Unix socket, or a socket that cannot be made, can be done before `connect` returns.
    var isRunning = true
    future.assumeIsolated().whenComplete { [self] result in
      if isRunning {
        pool.eventLoop.assumeIsolated().execute { self.report(result, to: pool) }
      } else {
        report(result, to: pool)
      }
    }
    isRunning = false
  }

  private func report(_ result: Result<any Channel, any Error>, to pool: UpstreamPool) {
    channels = []
    // The pool has settled what it gave up, and a name's attempt may still end well after that.
    if isGivenUp {
      if case .success(let channel) = result { channel.close(promise: nil) }
      return
    }
    switch result {
    case .success(let channel):
      guard channel.isActive,
        let connection = try? channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
      else {
        channel.close(promise: nil)
        return pool.connectFailed(self, .connectFailed, "the connection was closed as soon as it was made")
      }
      pool.connected(self, connection)
    case .failure(let error):
      let kind = FailureText.isResolution(error) ? UpstreamFailure.Kind.unresolved : .connectFailed
      pool.connectFailed(self, kind, FailureText.describe(error))
    }
  }

  /// Ends the attempt; its outcome, if one still comes, is of no interest.
  func giveUp() {
    isGivenUp = true
    for channel in channels { channel.close(promise: nil) }
    channels = []
  }
}
