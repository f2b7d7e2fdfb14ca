import GatewayHTTP
import NIOCore

/// The time as one loop knows it: read once a tick, and used by everything that happens until the next one.
///
/// Times come in as values, so a test moves them by hand.
struct LoopClock {
  private(set) var now: NIODeadline
  /// `date: Sun, 06 Nov 1994 08:49:37 GMT` and its line end (RFC 9110 §6.6.1), made once a second.
  private(set) var dateLine: [UInt8] = []
  private var second = Int.min

  /// `wall` is in seconds since 1970.
  init(now: NIODeadline, wall: Int) {
    self.now = now
    set(now, wall: wall)
  }

  mutating func set(_ now: NIODeadline, wall: Int) {
    self.now = now
    guard wall != second else { return }
    second = wall
    dateLine.removeAll(keepingCapacity: true)
    dateLine.append(contentsOf: "date: ".utf8)
    dateLine.append(contentsOf: HTTPDate.format(wall).utf8)
    dateLine.append(contentsOf: "\r\n".utf8)
  }
}
