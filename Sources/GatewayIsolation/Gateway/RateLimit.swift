import NIOCore

/// So many in a second. A value: time is what it is told.
struct RateLimit {
  private let perSecond: Int
  private var second: UInt64 = .max
  private var count = 0

  init(perSecond: Int) { self.perSecond = perSecond }

  /// Whether one more is taken, and how many were not in the second before.
  mutating func take(now: NIODeadline) -> (isTaken: Bool, before: Int) {
    let now = now.uptimeNanoseconds / 1_000_000_000
    var before = 0
    if now != second {
      before = max(0, count - perSecond)
      second = now
      count = 0
    }
    count += 1
    return (count <= perSecond, before)
  }
}
