import Foundation
import GatewayHTTP
import NIOCore
import NIOPosix

@testable import GatewayServer

/// A server on a free port for the time of `body`.
func withServer<T: Sendable>(
  _ listeners: [Listener] = [Listener(.tcp(host: "127.0.0.1", port: 0))],
  configuration: ServerConfiguration = ServerConfiguration(), loops: Int = 1,
  onEvent: @escaping @Sendable (ServerEvent) -> Void = { _ in },
  responder: @escaping @Sendable (any EventLoop) -> any Responder = { _ in ScriptedResponder() },
  _ body: (Server) async throws -> T
) async throws -> T {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
  do {
    let server = try await Server.start(
      listeners, configuration: configuration, group: group, onEvent: onEvent, responder: responder)
    let result: T
    do { result = try await body(server) } catch {
      _ = await server.drain(within: .zero)
      throw error
    }
    _ = await server.drain(within: .zero)
    try await group.shutdownGracefully()
    return result
  } catch {
    try? await group.shutdownGracefully()
    throw error
  }
}

extension Server {
  var address: SocketAddress { endpoints[0].bound }

  /// Waits until a condition on the counters holds; false if it does not within ten seconds.
  func reaches(_ condition: (ServerCounters) -> Bool) async -> Bool {
    for _ in 0..<1000 {
      if condition(await counters()) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}

/// A folder of its own, gone at the end.
func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
  let path = NSTemporaryDirectory() + "gateway-server-\(UUID().uuidString.prefix(8))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}
