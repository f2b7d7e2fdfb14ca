import Synchronization

/// What happened, in order; tests wait for entries instead of for time.
final class Journal: Sendable {
  private struct State {
    var entries: [String] = []
    var waiting: [(entry: String, count: Int, wake: CheckedContinuation<Void, Never>)] = []

    func count(_ entry: String) -> Int { entries.count { $0 == entry } }
  }

  private let state = Mutex(State())

  var entries: [String] { state.withLock { $0.entries } }

  func count(_ entry: String) -> Int { state.withLock { $0.count(entry) } }

  func note(_ entry: String) {
    let woken = state.withLock { state in
      state.entries.append(entry)
      let count = state.count(entry)
      let ready = state.waiting.filter { $0.entry == entry && $0.count <= count }
      state.waiting.removeAll { $0.entry == entry && $0.count <= count }
      return ready
    }
    for waiter in woken { waiter.wake.resume() }
  }

  /// Waits until `entry` was noted `count` times. Does not heed cancellation.
  func wait(for entry: String, count: Int = 1) async {
    await withCheckedContinuation { wake in
      let isThere = state.withLock { state in
        if state.count(entry) >= count { return true }
        state.waiting.append((entry, count, wake))
        return false
      }
      if isThere { wake.resume() }
    }
  }
}

/// A value that tells when it goes.
final class Tracked: Sendable {
  let name: String
  private let journal: Journal

  init(_ name: String, _ journal: Journal) {
    self.name = name
    self.journal = journal
    journal.note("made \(name)")
  }

  deinit { journal.note("freed \(name)") }
}
