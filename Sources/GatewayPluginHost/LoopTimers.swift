import Atomics
import NIOCore

/// The timers that plugins have started on one loop. Used on it, but for `makeNumber`.
final class LoopTimers {
  typealias Fire = @convention(c) (UnsafeMutableRawPointer?, UInt32) -> Void

  /// What a timer calls.
  struct Callback: @unchecked Sendable {
    // Proof for @unchecked: the contract hands the context over, to be given back to `fire` once, on the loop; work of the
    // host's own is given on the loop and runs there.
    private let work: (Bool) -> Void

    init(fire: @escaping Fire, context: UnsafeMutableRawPointer?, on loop: UInt32) {
      work = { isCancelled in
        LoopRegistry.shared.inside(Self.name, on: loop) { fire(context, isCancelled ? 1 : 0) }
      }
    }

    /// For the watchdog; whose it is, its stack tells.
    private static let name = ImmortalText("a plugin's timer")

    init(_ work: @escaping (Bool) -> Void) { self.work = work }

    func callAsFunction(isCancelled: Bool) { work(isCancelled) }
  }

  private struct Pending {
    let deadline: NIODeadline
    let callback: Callback
    let scheduled: Scheduled<Void>?
  }

  private let loop: any EventLoop
  private let time: GatewayTime
  private var pending: [UInt64: Pending] = [:]

  init(_ loop: any EventLoop, _ time: GatewayTime) {
    self.loop = loop
    self.time = time
  }

  func start(_ number: UInt64, at deadline: NIODeadline, _ callback: Callback) {
    guard time.manual == nil else {
      pending[number] = Pending(deadline: deadline, callback: callback, scheduled: nil)
      return
    }
    let scheduled = loop.assumeIsolated().scheduleTask(deadline: deadline) { [self] () -> Void in
      pending.removeValue(forKey: number)?.callback(isCancelled: false)
    }
    pending[number] = Pending(deadline: deadline, callback: callback, scheduled: scheduled)
  }

  func cancel(_ number: UInt64) {
    guard let timer = pending.removeValue(forKey: number) else { return }
    timer.scheduled?.cancel()
    timer.callback(isCancelled: true)
  }

  func cancelAll() {
    let all = pending.sorted { $0.key < $1.key }
    pending.removeAll()
    for (_, timer) in all {
      timer.scheduled?.cancel()
      timer.callback(isCancelled: true)
    }
  }

  var count: Int { pending.count }

  /// Looks at all of them, so only for time that is moved by hand.
  var next: NIODeadline? { pending.values.map(\.deadline).min() }

  func fire(until now: NIODeadline) {
    let due = pending.filter { $0.value.deadline <= now }.sorted {
      ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key)
    }
    // One may cancel another.
    for (number, _) in due { pending.removeValue(forKey: number)?.callback(isCancelled: false) }
  }
}

/// Numbers of timers and fetches: each once in a process, with the loop that they belong to. Never 0.
enum HostNumber {
  private static let next = ManagedAtomic<UInt64>(1)
  /// A loop's index needs 16 bits; the rest is good for a million a second for years.
  private static let bits: UInt64 = 46

  static func make(_ loop: UInt32) -> UInt64 {
    UInt64(loop) << bits | next.loadThenWrappingIncrement(ordering: .relaxed) & (1 << bits - 1)
  }

  static func loop(of number: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: number >> bits) }
}
