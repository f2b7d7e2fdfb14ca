/// What a supervisor does, as a value: told of ends, it says what comes next.
struct SupervisorState {
  enum End: Equatable {
    case exited(Int32)
    case signalled(Int32)

    /// As shells tell it.
    var code: Int32 {
      switch self {
      case .exited(let code): code
      case .signalled(let number): 128 + number
      }
    }
  }

  enum Next: Equatable {
    /// The supervisor ends too.
    case exit(Int32)
    case restart(after: Duration)
  }

  var ledger = CrashLedger()
  private(set) var delay = RestartDelay()
  private(set) var starts = 0
  /// Where the child that runs now keeps its reports.
  private(set) var reports: String?
  /// Since when it serves.
  private(set) var readySince: Duration?
  private var hasServed = false
  private(set) var isStopping = false
  private var isChildStopping = false

  mutating func started() {
    starts += 1
    readySince = nil
    isChildStopping = false
  }

  mutating func received(_ message: SupervisionMessage, at now: Duration) {
    switch message {
    case .rules(let rules): ledger.rules = rules
    case .reports(let path): reports = path
    case .ready:
      readySince = now
      hasServed = true
    case .stopping: isChildStopping = true
    case .release: ledger.release()
    // Not from a child, or not from one of this supervisor's.
    case .quarantined, .develop, .reload, .reloaded: break
    }
  }

  /// Somebody wants the end; true where it was wanted before.
  mutating func stop() -> Bool {
    defer { isStopping = true }
    return isStopping
  }

  mutating func ended(_ end: End, at now: Duration, random: UInt64) -> Next {
    if isStopping { return .exit(end.code) }
    if case .exited(let code) = end {
      // Asked by somebody else, such as a signal to the child itself.
      if isChildStopping { return .exit(code) }
      // It never served: a configuration that does not start by itself will not start the next time.
      if !hasServed, code == 1 || code == 2 { return .exit(code) }
    }
    let served = readySince.map { now - $0 } ?? .zero
    return .restart(after: delay.next(served: served, random: random))
  }
}
