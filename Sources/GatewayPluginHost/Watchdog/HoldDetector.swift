/// Tells from looks at one loop's sequence number, taken from time to time, when it is held. A value, without clock or thread.
///
/// The number changes with every way into a plugin's function and out of it: one that stands still while the loop is inside is
/// one call that has not come back.
struct HoldDetector {
  enum Event: Equatable {
    case nothing
    /// It has been in one call for at least that long; told once for each call.
    case held(nanoseconds: UInt64)
    /// The call that was told of has come back; it took about that long.
    case freed(nanoseconds: UInt64)
  }

  /// Nanoseconds in one call that are too long.
  let threshold: UInt64
  private var sequence: UInt64?
  /// When this number was seen first.
  private var since: UInt64 = 0
  private var isTold = false

  init(threshold: UInt64) { self.threshold = threshold }

  /// - Parameters:
  ///   - sequence: the loop's number.
  ///   - isInside: whether it is in a plugin's function.
  ///   - now: nanoseconds of a clock that only goes forward.
  mutating func look(sequence: UInt64, isInside: Bool, now: UInt64) -> Event {
    guard sequence == self.sequence else {
      let freed = isTold ? Event.freed(nanoseconds: now &- since) : .nothing
      self.sequence = sequence
      since = now
      isTold = false
      return freed
    }
    guard isInside, !isTold, now &- since >= threshold else { return .nothing }
    isTold = true
    return .held(nanoseconds: now &- since)
  }
}
