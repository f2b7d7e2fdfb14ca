/// Lets one through at a time, in the order of arrival. Who waits occupies no thread.
actor Turnstile {
  private var isTaken = false
  private var waiting: [(id: UInt64, wake: CheckedContinuation<Void, any Error>)] = []
  private var lastID: UInt64 = 0

  /// Waits for its turn; throws `CancellationError` when the task is cancelled first.
  func enter() async throws {
    try Task.checkCancellation()
    guard isTaken else {
      isTaken = true
      return
    }
    lastID += 1
    let id = lastID
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
        if Task.isCancelled {
          wake.resume(throwing: CancellationError())
        } else {
          waiting.append((id, wake))
        }
      }
    } onCancel: {
      Task { await self.giveUp(id) }
    }
  }

  func leave() {
    if waiting.isEmpty {
      isTaken = false
    } else {
      waiting.removeFirst().wake.resume()
    }
  }

  private func giveUp(_ id: UInt64) {
    guard let at = waiting.firstIndex(where: { $0.id == id }) else { return }
    waiting.remove(at: at).wake.resume(throwing: CancellationError())
  }
}
