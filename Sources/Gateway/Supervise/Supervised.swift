import CCrashReport
@preconcurrency import Dispatch
import GatewayConfiguration
import Glibc
import Logging
import NIOConcurrencyHelpers

/// The gateway's side of its supervision; nil in a process that has no supervisor.
final class Supervised: Sendable {
  /// "DESCRIPTOR:PROCESS", for the child alone: it takes it out of its environment.
  static let variable = "GATEWAY_SUPERVISOR"

  let channel: SupervisionChannel
  /// Whatever the configuration says.
  let isLoopbackOnly: Bool
  /// Waits for packets; nil until the gateway serves.
  private let source = NIOLockedValueBox<(any DispatchSourceRead)?>(nil)

  /// To be called first of all, on a thread that lives as long as the process: the end of the supervisor is told to it.
  init?() {
    guard let text = getenv(Self.variable).map({ String(cString: $0) }) else { return nil }
    unsetenv(Self.variable)
    let parts = text.split(separator: ":").compactMap { Int32($0) }
    guard parts.count == 2, parts[0] > 2, let channel = SupervisionChannel(inherited: parts[0]) else {
      Complaint.write("gateway: \(Self.variable) is set by `gateway run --supervise` and `gateway dev` alone; it is ignored\n")
      return nil
    }
    self.channel = channel
    if cr_end_with_parent(parts[1], SIGTERM) == ESRCH {
      // The supervisor has ended already: nobody would end this process.
      _exit(GatewayProcess.ExitCode.clean.rawValue)
    }
    var isLoopbackOnly = false
    switch channel.receive() {
    case .message(.quarantined(let functions)): Quarantine.shared.close(functions)
    case .message(.develop(let only)): isLoopbackOnly = only
    default: break
    }
    self.isLoopbackOnly = isLoopbackOnly
  }

  func begin(_ settings: ServerSettings?, reports: String?) {
    guard let settings else { return }
    channel.send(.rules(settings.quarantine.map { CrashLedger.Rules($0) }))
    if let reports { channel.send(.reports(reports)) }
  }

  func tell(_ message: SupervisionMessage) { channel.send(message) }

  /// From here on packets are told of as they come, on a queue of their own.
  func listen(_ receive: @escaping @Sendable (SupervisionMessage) -> Void) {
    let channel = channel
    let queue = DispatchQueue(label: "gateway.supervised")
    let source = DispatchSource.makeReadSource(fileDescriptor: channel.descriptor, queue: queue)
    source.setEventHandler {
      var isOpen = false
      while case .message(let message) = channel.receive() {
        isOpen = true
        receive(message)
      }
      // Readable, and nothing there: the other end is gone, and its signal is on the way.
      if !isOpen { source.cancel() }
    }
    self.source.withLockedValue { $0 = source }
    source.resume()
  }

  deinit {
    source.withLockedValue { $0?.cancel() }
    channel.close()
  }
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
