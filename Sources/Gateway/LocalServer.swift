import GatewayServer
import NIOCore

/// An instance behind a real socket of this machine, on a port that the system chooses: for tests.
public struct LocalServer: Sendable {
  private let server: Server
  public let port: Int

  /// Listens on 127.0.0.1 with the limits and timeouts of the file's `server`, on the loops of `group`.
  public static func start(
    _ instance: Instance, of gateway: LoadedGateway, on group: any EventLoopGroup
  ) async throws -> LocalServer {
    let configuration = gateway.file.map { ServerConfiguration($0.server) } ?? ServerConfiguration()
    let server = try await Server.start(
      [Listener(.tcp(host: "127.0.0.1", port: 0))], configuration: configuration, group: group,
      responder: { loop in instance.responder(on: loop) ?? UnavailableResponder() })
    return LocalServer(server: server, port: server.endpoints.first?.bound.port ?? 0)
  }

  /// Stops accepting and lets the exchanges in hand end; how many had to be cut off.
  public func stop(within patience: TimeAmount) async -> Int { await server.drain(within: patience).aborted }
}
