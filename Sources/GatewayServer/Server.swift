import GatewayHTTP
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// An address to listen on, with TLS or without.
public struct Listener: Sendable {
  public var address: ListenAddress
  public var tls: TLSMaterial?

  public init(_ address: ListenAddress, tls: TLSMaterial? = nil) {
    self.address = address
    self.tls = tls
  }
}

/// Listeners and the connections they accept, on all loops of a group.
///
/// Each loop has its own listening socket for each address, its own responder and its own connections: nothing is
/// shared between threads once it runs.
public final class Server: Sendable {
  /// A listener and the address it got: with port 0 the one that the kernel chose.
  public struct Endpoint: Sendable {
    public var listener: ListenAddress
    public var bound: SocketAddress
    public var isTLS: Bool
  }

  public let endpoints: [Endpoint]
  /// Connections that may be open together.
  public let maxConnections: Int
  private let loops: [NIOLoopBound<ServerLoop>]
  private let files: [UnixSocketFile]

  /// Binds all listeners, or none, and then starts to accept.
  ///
  /// `responder` is called once for each loop, on it, before any connection. `onEvent` is called on the loops and must
  /// not block. Raises the limit of open files as far as it is allowed to.
  public static func start(
    _ listeners: [Listener], configuration: ServerConfiguration = ServerConfiguration(), group: any EventLoopGroup,
    onEvent: @escaping @Sendable (ServerEvent) -> Void = { _ in },
    responder: @escaping @Sendable (any EventLoop) -> any Responder
  ) async throws(ListenError) -> Server {
    let eventLoops = Array(group.makeIterator())
    let limit = try connectionLimit(configuration, loops: eventLoops.count)
    var sockets: [(socket: ListenSocket, tls: NIOSSLContext?)] = []
    do {
      for listener in listeners {
        for socket in try ListenSocket.open(listener.address, loops: eventLoops.count, backlog: configuration.backlog) {
          sockets.append((socket, listener.tls?.context))
        }
      }
    } catch {
      sockets.forEach { $0.socket.close() }
      throw error
    }
    let share = max(1, limit / max(1, eventLoops.count))
    let opened = sockets
    var loops: [NIOLoopBound<ServerLoop>] = []
    do {
      for (index, eventLoop) in eventLoops.enumerated() {
        let loop = try await eventLoop.flatSubmit { () -> EventLoopFuture<NIOLoopBound<ServerLoop>> in
          let loop = ServerLoop(
            eventLoop: eventLoop, configuration: configuration, responder: responder(eventLoop), maxConnections: share,
            now: .now(), wall: DateLine.wall)
          LoopTimer(loop).start()
          let bound = NIOLoopBound(loop, eventLoop: eventLoop)
          let acceptors = opened.compactMap { socket, tls -> EventLoopFuture<Void>? in
            guard index < socket.descriptors.count else { return nil }
            return Acceptor(
              loop: loop, descriptor: socket.descriptors[index], address: socket.address, tls: tls, onEvent: onEvent
            ).start()
          }
          return EventLoopFuture.andAllSucceed(acceptors, on: eventLoop).map { bound }
        }.get()
        loops.append(loop)
      }
    } catch {
      let message = (error as? IOError).map(IOErrorText.of) ?? String(describing: error)
      for loop in loops {
        let promise = loop.eventLoop.makePromise(of: DrainReport.self)
        loop.eventLoop.execute { loop.value.drain(until: .now(), promise) }
      }
      // The loops that started close theirs as they drain.
      for socket in opened { socket.socket.descriptors.dropFirst(loops.count).forEach { _ = close($0) } }
      opened.forEach { $0.socket.file?.remove() }
      throw ListenError(.system, address: "", message: "a loop could not take its listeners into service: \(message)")
    }
    return Server(
      endpoints: sockets.map { Endpoint(listener: $0.socket.address, bound: $0.socket.bound, isTLS: $0.tls != nil) },
      maxConnections: share * eventLoops.count, loops: loops, files: sockets.compactMap(\.socket.file))
  }

  private init(endpoints: [Endpoint], maxConnections: Int, loops: [NIOLoopBound<ServerLoop>], files: [UnixSocketFile]) {
    self.endpoints = endpoints
    self.maxConnections = maxConnections
    self.loops = loops
    self.files = files
  }

  private static func connectionLimit(_ configuration: ServerConfiguration, loops: Int) throws(ListenError) -> Int {
    let descriptors = DescriptorLimit.raise()
    let possible = descriptors.connections(loops: loops)
    guard possible >= 8 * loops else {
      throw ListenError(
        .descriptors, address: "",
        message: "the limit of \(descriptors.soft) open files is too low for \(loops) event loops",
        remedy: "raise it (ulimit -n, LimitNOFILE= in a systemd unit)")
    }
    return min(configuration.maxConnections ?? possible, possible)
  }

  /// Stops accepting, closes idle connections, lets the exchanges in hand end (their responses say
  /// `connection: close`) and cuts off those that take longer than `patience`. Returns when no connection is left.
  /// A second call can only shorten the first one's patience.
  public func drain(within patience: TimeAmount) async -> DrainReport {
    let deadline = NIODeadline.now() + patience
    var report = DrainReport()
    let promises = loops.map { loop in
      let promise = loop.eventLoop.makePromise(of: DrainReport.self)
      loop.eventLoop.execute { loop.value.drain(until: deadline, promise) }
      return promise.futureResult
    }
    files.forEach { $0.remove() }
    for promise in promises {
      // Only a loop that was shut down before its server fails here; it has no connections either.
      if let part = try? await promise.get() { report.aborted += part.aborted }
    }
    return report
  }

  /// What all loops have counted so far.
  public func counters() async -> ServerCounters {
    var sum = ServerCounters()
    for loop in loops {
      if let part = try? await loop.eventLoop.submit({ loop.value.counters }).get() { sum = sum + part }
    }
    return sum
  }
}
