import GatewayConfiguration
import GatewayHTTP
import GatewayServer
import NIOCore

extension Assembler {
  /// The listeners with their TLS material; what is wrong with it becomes diagnostics.
  mutating func makeListeners() -> [GatewayServer.Listener] {
    file.server.listen.compactMap { entry in
      let address: GatewayServer.ListenAddress =
        switch entry.address.value {
        case .tcp(let host, let port): .tcp(host: host, port: port)
        case .unix(let path): .unix(path: path)
        }
      guard let tls = entry.tls else { return GatewayServer.Listener(address) }
      do throws(TLSProblems) {
        let material = try TLSMaterial.load(certificatePath: tls.certificate.value, keyPath: tls.key.value)
        return GatewayServer.Listener(address, tls: material)
      } catch {
        for problem in error.problems {
          diagnostics.error(
            "tls", "\(problem.file == .certificate ? "certificate" : "key"): \(problem.message)",
            at: problem.file == .certificate ? tls.certificate : tls.key, found: problem.path, help: problem.remedy)
        }
        return nil
      }
    }
  }
}

extension ServerConfiguration {
  init(_ settings: ServerSettings) {
    self.init()
    limits.startLine = settings.limits.requestLine
    limits.head = settings.limits.head
    limits.fields = settings.limits.fields
    timeouts.head = TimeAmount(settings.timeouts.head)
    timeouts.handshake = TimeAmount(settings.timeouts.head)
    timeouts.keepAlive = TimeAmount(settings.timeouts.keepAlive)
    timeouts.bodyGrace = TimeAmount(settings.timeouts.bodyGrace)
    timeouts.bodyRate = settings.timeouts.bodyMinRate
    maxConnections = settings.limits.connections
  }
}
