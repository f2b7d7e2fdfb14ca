import GatewayConfiguration
import GatewayPluginHost
import Logging
import NIOCore

extension LoopGroup {
  /// Has the loops watched; each hold is told of once when it is found and once when it is over.
  public func watch(_ options: Watchdog.Options, onHold: @escaping @Sendable (LoopHold) -> Void) throws {
    for member in members { try Watchdog.shared.watch(member.index, options, onHold: onHold) }
  }

  /// To be called before the loops end.
  public func unwatch() {
    for member in members { Watchdog.shared.unwatch(member.index) }
  }
}

extension Watchdog.Options {
  init(_ settings: ServerWatchdog) {
    self.init(threshold: TimeAmount(settings.threshold), wantsStack: settings.stack)
  }
}

extension Logger {
  /// A plugin's function holds an event loop, or did.
  public func log(_ hold: LoopHold) {
    var metadata: Logger.Metadata = [
      "plugin": "\(hold.plugin)", "function": "\(hold.function)", "loop": "\(hold.loop)",
      "held_ms": "\(hold.nanoseconds / 1_000_000)",
    ]
    if !hold.route.isEmpty { metadata["route"] = "\(hold.route)" }
    if !hold.requestID.isEmpty { metadata["request_id"] = "\(hold.requestID)" }
    if hold.isOver {
      metadata["cpu_ms"] = "\(hold.processorNanoseconds / 1_000_000)"
      warning("event loop is free again", metadata: metadata)
    } else {
      metadata["remedy"] = "\(LoopHold.remedy)"
      if !hold.stack.isEmpty { metadata["stack"] = "\(hold.stack.joined(separator: " < "))" }
      warning("event loop is held by a plugin", metadata: metadata)
    }
  }

  /// The blocking threads are short of what they are asked to do.
  public func log(_ event: BlockingPool.Event) {
    switch event {
    case .starved(let threads, let queued):
      warning(
        "blocking threads were all held, added more",
        metadata: [
          "threads": "\(threads)", "queued": "\(queued)",
          "remedy": "let blocking functions not wait for each other, or raise server.blocking.threads",
        ])
    case .exhausted(let threads, let queued):
      error(
        "blocking threads are all held, and no more may be added",
        metadata: [
          "threads": "\(threads)", "queued": "\(queued)",
          "remedy": "let blocking functions not wait for each other, or raise server.blocking.extra_threads",
        ])
    case .slow(let nanoseconds, let queued):
      warning(
        "a blocking function waited long for a thread",
        metadata: [
          "waited_ms": "\(nanoseconds / 1_000_000)", "queued": "\(queued)",
          "remedy": "raise server.blocking.threads, or make the functions async",
        ])
    }
  }
}
