import Dispatch
import Glibc

/// The signals a gateway lives by, as events.
public enum GatewaySignal: Sendable {
  /// SIGTERM or SIGINT: end after the requests in hand; a second one: end now.
  case stop
  /// SIGUSR1: open log files again, after a rotation.
  case reopenLogs
  /// SIGHUP: read the configuration again.
  case reload
}

/// Receives signals on a queue of its own for as long as it lives.
final class SignalSource: Sendable {
  // nonisolated(unsafe): dispatch sources are thread-safe objects; Dispatch does not say so in its types here.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  init(_ receive: @escaping @Sendable (GatewaySignal) -> Void) {
    // A peer that closes early is an error of that write, never the end of the process.
    signal(SIGPIPE, SIG_IGN)
    let queue = DispatchQueue(label: "gateway.signals")
    let table: [(Int32, GatewaySignal)] = [
      (SIGTERM, .stop), (SIGINT, .stop), (SIGUSR1, .reopenLogs), (SIGHUP, .reload),
    ]
    let registered = DispatchGroup()
    sources = table.map { number, event in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { receive(event) }
      registered.enter()
      source.setRegistrationHandler { registered.leave() }
      source.resume()
      return source
    }
    // Registered on another thread, sooner or later: a signal that comes in between would be ignored for good, and the
    // process would outlive its supervisor's patience.
    _ = registered.wait(timeout: .now() + 5)
  }

  func cancel() {
    for source in sources { source.cancel() }
  }
}
