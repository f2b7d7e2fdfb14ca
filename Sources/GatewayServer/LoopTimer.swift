import NIOCore

/// Drives a loop's tick: often while there are connections, seldom while there are none.
final class LoopTimer {
  private let loop: ServerLoop

  init(_ loop: ServerLoop) { self.loop = loop }

  func start() {
    let interval = loop.table.isEmpty ? ServerLoop.idleTickInterval : ServerLoop.tickInterval
    loop.eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
      loop.tick(now: .now(), wall: DateLine.wall)
      guard !loop.isDrained else { return }
      start()
    }
  }
}
