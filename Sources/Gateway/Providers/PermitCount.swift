/// How many values of a limited dependency there are, and how many exchanges wait for one: two counts in one word, so that
/// they change together.
///
/// Somebody waits only while every permit is taken: a permit that is given back goes to whoever waits longest, and is never
/// free in between.
struct PermitCount: Equatable {
  var taken: UInt32
  var waiting: UInt32

  init(taken: UInt32 = 0, waiting: UInt32 = 0) {
    self.taken = taken
    self.waiting = waiting
  }

  init(word: UInt64) { self.init(taken: UInt32(truncatingIfNeeded: word), waiting: UInt32(truncatingIfNeeded: word >> 32)) }

  var word: UInt64 { UInt64(waiting) << 32 | UInt64(taken) }

  /// One permit more is taken; nil where none is free.
  func taking(of limit: UInt32) -> PermitCount? {
    waiting == 0 && taken < limit ? PermitCount(taken: taken + 1) : nil
  }

  /// One more waits; nil where the queue is full.
  func joining(queue: UInt32) -> PermitCount? {
    waiting < queue ? PermitCount(taken: taken, waiting: waiting + 1) : nil
  }

  /// One waits no longer: it got a permit that somebody gave back, or has left. Nil where nobody waits.
  func leaving() -> PermitCount? { waiting > 0 ? PermitCount(taken: taken, waiting: waiting - 1) : nil }

  /// One permit is free again; nil where it is owed to somebody who waits, and where none was taken.
  func releasing() -> PermitCount? { waiting == 0 && taken > 0 ? PermitCount(taken: taken - 1) : nil }
}

/// Who waits, in the order in which they came. Each may leave from anywhere in the line.
struct WaitLine<Waiter: Sendable>: Sendable {
  private var waiters: [UInt64: Waiter] = [:]
  /// Tickets in order, among them those of some that have left.
  private var order: [UInt64] = []
  private var head = 0
  private var next: UInt64 = 0

  var count: Int { waiters.count }
  /// Places held, those of waiters that have left included.
  var places: Int { order.count }

  /// The ticket to leave with.
  mutating func join(_ waiter: Waiter) -> UInt64 {
    tidy()
    defer { next &+= 1 }
    waiters[next] = waiter
    order.append(next)
    return next
  }

  /// False where it was served already.
  mutating func leave(_ ticket: UInt64) -> Bool { waiters.removeValue(forKey: ticket) != nil }

  mutating func popFirst() -> Waiter? {
    while head < order.count {
      let ticket = order[head]
      head += 1
      if let waiter = waiters.removeValue(forKey: ticket) { return waiter }
    }
    return nil
  }

  /// Clients that come and leave while nothing is given back must not make the line longer for ever.
  private mutating func tidy() {
    guard order.count > 2 * waiters.count + 32 else { return }
    order = order[head...].filter { waiters[$0] != nil }
    head = 0
  }
}
