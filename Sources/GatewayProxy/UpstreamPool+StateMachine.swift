import NIOCore

extension UpstreamPool {
  /// Which request gets which connection: decided here, as a value without I/O; the pool only carries out.
  ///
  /// Events name what happened, answers name what to do. Counting rule: `open` of a target counts every connection
  /// from the decision to connect until `connectFailed` or `closed`, exactly once each. An event that cannot be (a
  /// connection closed that was never opened) is our own bug: debug builds stop, release builds leave counters at 0.
  struct StateMachine<Connection: AnyObject, Waiter: AnyObject> {
    struct Parked {
      let connection: Connection
      let keepFor: TimeAmount
      /// When a tick first saw it parked. Ticks bring the time, so that parking reads no clock.
      var since: NIODeadline?
    }

    struct Target {
      /// Oldest first; taken from the end, so that a falling load lets the surplus grow old.
      var parked: [Parked] = []
      var open = 0
      var connecting = 0
      /// Failed attempts to connect since the last success.
      var failures = 0
      /// Nil where the last attempt succeeded (or none was made), so that the usual path reads no clock.
      var backedOffUntil: NIODeadline?
    }

    enum Assignment {
      /// Use this connection, which had served a request before.
      case reuse(Connection)
      /// Open a connection to this target.
      case connect(target: Int)
      /// Close this parked connection and open one to its target in its place: its `closed` is not to be reported.
      case replace(Connection, target: Int)
      /// Wait; an answer of `next` will name the waiter.
      case wait
      case refuse(UpstreamFailure.Kind)
    }

    enum Release {
      case use(Waiter)
      case park
      /// Close it and report `closed`.
      case close
    }

    private let limits: Upstream.Limits
    private(set) var targets: [Target]
    private(set) var waiting = CircularBuffer<Waiter>()
    private(set) var isRetired = false
    /// The target whose turn it is.
    private var turn: Int

    /// `offset`: the first turn, so that loops do not all begin with the same target.
    init(targets: Int, limits: Upstream.Limits, offset: Int) {
      self.limits = limits
      self.targets = Array(repeating: Target(), count: targets)
      turn = targets == 0 ? 0 : Int(offset.magnitude) % targets
    }

    // MARK: requests

    /// A request wants a connection. `fresh`: one that has served nothing yet (a retry after a stale connection).
    mutating func assign(_ waiter: Waiter, fresh: Bool = false, now: @autoclosure () -> NIODeadline) -> Assignment {
      guard !targets.isEmpty else { return .refuse(.noneAvailable) }
      if let found = find(fresh: fresh, now: now) { return found }
      guard waiting.count < limits.waiting else { return .refuse(.queueFull) }
      waiting.append(waiter)
      return .wait
    }

    /// A waiting request is no longer wanted; false where it was not waiting.
    mutating func cancel(_ waiter: Waiter) -> Bool {
      guard let index = waiting.firstIndex(where: { $0 === waiter }) else { return false }
      waiting.remove(at: index)
      return true
    }

    /// After any event but `assign`: the next waiting request that can be served, to be asked until nil.
    mutating func next(now: @autoclosure () -> NIODeadline) -> (Waiter, Assignment)? {
      guard let waiter = waiting.first, let found = find(fresh: false, now: now) else { return nil }
      waiting.removeFirst()
      return (waiter, found)
    }

    // MARK: connections

    /// An attempt succeeded; the connection belongs to the request it was made for, or has to be released.
    mutating func connected(target: Int) {
      targets[target].connecting = decremented(targets[target].connecting)
      targets[target].failures = 0
      targets[target].backedOffUntil = nil
    }

    /// An attempt failed or took too long. Answers the waiting requests that there is no hope for: no target can be
    /// connected to and nothing is open that could come back, so each would only repeat this failure.
    mutating func connectFailed(target: Int, now: NIODeadline) -> [Waiter] {
      targets[target].connecting = decremented(targets[target].connecting)
      targets[target].open = decremented(targets[target].open)
      targets[target].failures += 1
      targets[target].backedOffUntil = now + pause(afterFailures: targets[target].failures)
      guard targets.allSatisfy({ $0.open == 0 && isBackedOff($0, now) }) else { return [] }
      defer { waiting.removeAll() }
      return Array(waiting)
    }

    /// An attempt was given up without a verdict on the target.
    mutating func connectAbandoned(target: Int) {
      targets[target].connecting = decremented(targets[target].connecting)
      targets[target].open = decremented(targets[target].open)
    }

    /// A connection finished a request in good order and could serve another one, or wait for one for `keepFor`.
    mutating func release(_ connection: Connection, target: Int, keepFor: TimeAmount) -> Release {
      if !waiting.isEmpty { return .use(waiting.removeFirst()) }
      guard !isRetired, keepFor > .zero, targets[target].parked.count < limits.idleConnections else { return .close }
      targets[target].parked.append(Parked(connection: connection, keepFor: keepFor, since: nil))
      return .park
    }

    /// A connection is gone, parked or not.
    mutating func closed(_ connection: Connection, target: Int) {
      targets[target].open = decremented(targets[target].open)
      // From the end: a connection that dies while parked was most often parked last.
      if let index = targets[target].parked.lastIndex(where: { $0.connection === connection }) {
        targets[target].parked.remove(at: index)
      }
    }

    // MARK: time and end

    /// Connections that were parked for too long. Close them and report `closed`.
    mutating func expire(now: NIODeadline) -> [Connection] {
      var expired: [Connection] = []
      for target in targets.indices where !targets[target].parked.isEmpty {
        targets[target].parked.removeAll { parked in
          guard let since = parked.since, now - since >= parked.keepFor else { return false }
          expired.append(parked.connection)
          return true
        }
        for index in targets[target].parked.indices where targets[target].parked[index].since == nil {
          targets[target].parked[index].since = now
        }
      }
      return expired
    }

    /// From now on nothing is parked. Answers what is parked: close it and report `closed`.
    mutating func retire() -> [Connection] {
      isRetired = true
      var parked: [Connection] = []
      for target in targets.indices {
        parked.append(contentsOf: targets[target].parked.map(\.connection))
        targets[target].parked.removeAll()
      }
      return parked
    }

    /// Takes every waiting request out.
    mutating func removeWaiting() -> [Waiter] {
      defer { waiting.removeAll() }
      return Array(waiting)
    }

    // MARK: choosing

    /// Round robin over the targets that are not backed off. Where all are, one attempt at a time to each is let
    /// through: it is the probe that finds out when one is back, and the rest wait for its result instead of knocking
    /// as well.
    private mutating func find(fresh: Bool, now: () -> NIODeadline) -> Assignment? {
      var time: NIODeadline?
      var live = false
      for step in targets.indices {
        let target = (turn + step) % targets.count
        if targets[target].backedOffUntil != nil {
          let current = time ?? now()
          time = current
          if isBackedOff(targets[target], current) { continue }
          // The pause is over: live again, but one attempt at a time until one succeeds.
          if targets[target].connecting > 0, targets[target].parked.isEmpty { continue }
        }
        live = true
        if let found = take(target, fresh: fresh) { return found }
      }
      if live { return nil }
      for step in targets.indices {
        let target = (turn + step) % targets.count
        if targets[target].connecting == 0 || !targets[target].parked.isEmpty,
          let found = take(target, fresh: fresh)
        {
          return found
        }
      }
      return nil
    }

    private mutating func take(_ target: Int, fresh: Bool) -> Assignment? {
      if !fresh, let parked = targets[target].parked.popLast() {
        advance(past: target)
        return .reuse(parked.connection)
      }
      if targets[target].open < limits.connections {
        targets[target].open += 1
        targets[target].connecting += 1
        advance(past: target)
        return .connect(target: target)
      }
      if fresh, !targets[target].parked.isEmpty {
        targets[target].connecting += 1
        advance(past: target)
        return .replace(targets[target].parked.removeFirst().connection, target: target)
      }
      return nil
    }

    private mutating func advance(past target: Int) {
      turn = target + 1 == targets.count ? 0 : target + 1
    }

    private func isBackedOff(_ target: Target, _ now: NIODeadline) -> Bool {
      target.backedOffUntil.map { now < $0 } ?? false
    }

    private func pause(afterFailures failures: Int) -> TimeAmount {
      var pause = limits.backoff
      for _ in 1..<max(failures, 1) where pause < limits.longestBackoff { pause = pause + pause }
      return min(pause, limits.longestBackoff)
    }

    private func decremented(_ count: Int) -> Int {
      assert(count > 0, "a connection was counted out that was never counted in")
      return max(count - 1, 0)
    }
  }
}
