import CCrashReport
import GatewayConfiguration
import Glibc
import Logging

/// The gateway's side of its supervision; nil in a process that has no supervisor.
final class Supervised: Sendable {
  /// "DESCRIPTOR:PROCESS", for the child alone: it takes it out of its environment.
  static let variable = "GATEWAY_SUPERVISOR"

  // nonisolated(unsafe): an open descriptor, never changed; sending packets on it is safe from any thread.
  private nonisolated(unsafe) let channel: SupervisionChannel

  /// To be called first of all, on the main thread.
  init?() {
    guard let text = getenv(Self.variable).map({ String(cString: $0) }) else { return nil }
    unsetenv(Self.variable)
    let parts = text.split(separator: ":").compactMap { Int32($0) }
    guard parts.count == 2, parts[0] > 2, let channel = SupervisionChannel(inherited: parts[0]) else {
      Complaint.write("gateway: \(Self.variable) is set by `gateway run --supervise` alone; it is ignored\n")
      return nil
    }
    self.channel = channel
    if cr_end_with_parent(parts[1], SIGTERM) == ESRCH {
      // The supervisor has ended already: nobody would end this process.
      _exit(GatewayProcess.ExitCode.clean.rawValue)
    }
    if case .message(.quarantined(let functions)) = channel.receive() { Quarantine.shared.close(functions) }
  }

  func begin(_ settings: ServerSettings?, reports: String?) {
    guard let settings else { return }
    channel.send(.rules(settings.quarantine.map { CrashLedger.Rules($0) }))
    if let reports { channel.send(.reports(reports)) }
  }

  func tell(_ message: SupervisionMessage) { channel.send(message) }

  deinit { channel.close() }
}

extension CrashLedger.Rules {
  init(_ settings: ServerQuarantine) {
    self.init(crashes: settings.crashes, within: settings.within, time: settings.time)
  }
}

extension Quarantine {
  /// Says who is out of service; at the start.
  func tell(_ logger: Logger) {
    for function in functions() {
      logger.error(
        "function is quarantined",
        metadata: [
          "function": "\(function.name)", "crashes": "\(function.crashes)",
          "seconds": "\(function.remaining.components.seconds)",
          "remedy": "its routes answer 503; mend the plugin, then send SIGHUP to let it in again at once",
        ])
    }
  }

  /// Everybody is let in again, because somebody asked for it.
  func release(_ supervised: Supervised?, _ logger: Logger) {
    supervised?.tell(.release)
    let names = releaseAll()
    if !names.isEmpty { logger.info("quarantine is over", metadata: ["functions": "\(names.joined(separator: ", "))"]) }
  }
}
