/// Which of several steps may run, and what has come of them. The outcome is the one that running them one after the other
/// would have had: of the steps that ended the exchange, the first in the order of the plan counts.
///
/// A step that ends the exchange stops those behind it. Those before it go on: one of them may end the exchange too.
struct ParallelSchedule {
  enum State: UInt8 {
    case waiting, running, made
    /// It failed, or answered by itself.
    case ended
    /// It runs, or would have, and nobody wants what comes of it.
    case stopped
  }

  enum Verdict: Equatable {
    case open
    /// All values are there.
    case made
    /// This step's error or answer is the exchange's.
    case ended(Int)
  }

  /// In the order of the plan.
  private(set) var first = 0
  private(set) var states: [State] = []
  private var earliestEnd: Int?

  /// Begins anew with steps `first` and on.
  mutating func begin(_ first: Int, count: Int) {
    self.first = first
    states.removeAll(keepingCapacity: true)
    states.append(contentsOf: repeatElement(.waiting, count: count))
    earliestEnd = nil
  }

  /// The first step that may start now; it counts as running.
  ///
  /// - Parameter needs: of a step, those of the same group.
  mutating func next(needs: (Int) -> [Int]) -> Int? {
    for offset in states.indices where states[offset] == .waiting {
      guard needs(first + offset).allSatisfy({ state($0) == .made }) else { continue }
      states[offset] = .running
      return first + offset
    }
    return nil
  }

  mutating func made(_ step: Int) {
    guard state(step) == .running else { return }
    states[step - first] = .made
  }

  /// The step failed or answered. Gives the running ones that nobody wants any more.
  mutating func ended(_ step: Int) -> [Int] {
    guard state(step) == .running else { return [] }
    states[step - first] = .ended
    guard step < earliestEnd ?? .max else { return [] }
    earliestEnd = step
    return stop(after: step)
  }

  /// Nobody wants any of them any more. Gives the running ones.
  mutating func stopAll() -> [Int] { stop(after: first - 1) }

  private mutating func stop(after step: Int) -> [Int] {
    var running: [Int] = []
    for offset in states.indices where first + offset > step {
      if states[offset] == .running { running.append(first + offset) }
      if states[offset] == .running || states[offset] == .waiting { states[offset] = .stopped }
    }
    return running
  }

  var verdict: Verdict {
    guard let earliestEnd else { return states.allSatisfy { $0 == .made } ? .made : .open }
    return states[..<(earliestEnd - first)].allSatisfy { $0 == .made } ? .ended(earliestEnd) : .open
  }

  private func state(_ step: Int) -> State? {
    states.indices.contains(step - first) ? states[step - first] : nil
  }
}
