import Gateway
import GatewayPluginHost
import NIOConcurrencyHelpers
import NIOCore

/// Notes which functions of the plugins under test kept an event loop from everybody else.
final class LoopGuard: Sendable {
  private let loops: LoopGroup
  private let holds = NIOLockedValueBox<[LoopHold]>([])

  /// - Parameter limit: how long a function may keep a loop.
  /// - Throws: where loops cannot be watched: a check that cannot fail would be worse than none.
  init(_ loops: LoopGroup, limit: Duration) throws {
    self.loops = loops
    try loops.watch(Watchdog.Options(threshold: TimeAmount(limit))) { [holds] hold in
      holds.withLockedValue { $0.append(hold) }
    }
  }

  /// Looks no more. What was found, as an error.
  func end() -> TestGatewayError? {
    loops.unwatch()
    let found = holds.withLockedValue { $0 }.filter { !$0.isOver }
    guard !found.isEmpty else { return nil }
    let lines = found.map { hold in
      let route = hold.route.isEmpty ? "" : " (route \(hold.route))"
      let stack = hold.stack.map { "\n    at \($0)" }.joined()
      return "\(hold.function)\(route) held an event loop for \(hold.nanoseconds / 1_000_000) ms or more: "
        + LoopHold.remedy + stack
    }
    return TestGatewayError(text: lines.joined(separator: "\n"))
  }
}
