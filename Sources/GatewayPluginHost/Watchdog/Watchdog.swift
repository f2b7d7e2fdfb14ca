import Atomics
import CLoopWatch
import Glibc
import NIOConcurrencyHelpers
import NIOCore

/// Finds event loops that a plugin's function holds, and says whose it is while it still does.
///
/// One thread for the process, started with the first loop that is watched. It looks at each loop's slot four times in a
/// threshold; after a second in which no loop ran a plugin it sleeps until one does.
public final class Watchdog: Sendable {
  public static let shared = Watchdog()

  /// Loops that were found held, since the process began.
  public static let holds = ManagedAtomic<Int>(0)
  /// How long they were, in nanoseconds; counted when they are free again.
  public static let heldNanoseconds = ManagedAtomic<UInt64>(0)

  public struct Options: Sendable, Equatable {
    /// How long a function may keep a loop. At least a millisecond.
    public var threshold: TimeAmount
    /// Whether the thread's stack is looked at.
    public var wantsStack: Bool

    public init(threshold: TimeAmount = .milliseconds(100), wantsStack: Bool = true) {
      self.threshold = threshold
      self.wantsStack = wantsStack
    }
  }

  private final class Watched: Sendable {
    let index: UInt32
    let slot: LoopSlot
    let options: Options
    let onHold: @Sendable (LoopHold) -> Void

    init(_ index: UInt32, _ slot: LoopSlot, _ options: Options, _ onHold: @escaping @Sendable (LoopHold) -> Void) {
      self.index = index
      self.slot = slot
      self.options = options
      self.onHold = onHold
    }
  }

  private struct State {
    var loops: [Watched] = []
    var isRunning = false
  }

  private let state = NIOLockedValueBox(State())
  /// Held while loops are looked at.
  private let looking = NIOLock()

  private init() {}

  /// Watches a loop; what it did before is not looked at.
  ///
  /// - Parameters:
  ///   - index: as `LoopRegistry` numbers it. A loop that is watched already gets the new options.
  ///   - onHold: called twice for each hold, when it is found and when it is over, on the watching thread; it must not block.
  /// - Throws: where there can be no thread or no signal handler.
  public func watch(
    _ index: UInt32, _ options: Options, onHold: @escaping @Sendable (LoopHold) -> Void
  ) throws(WatchdogUnavailable) {
    guard let loop = LoopRegistry.shared.loop(at: index), let slot = LoopRegistry.shared.slot(at: index) else { return }
    let code = state.withLockedValue { state -> Int32 in
      if !state.isRunning {
        let code = lw_install()
        guard code == 0 else { return code }
        var thread = pthread_t()
        let started = pthread_create(
          &thread, nil,
          { _ in
            lw_name_thread("watchdog")
            Watchdog.shared.run()
            return nil
          }, nil)
        guard started == 0 else { return started }
        pthread_detach(thread)
        state.isRunning = true
      }
      state.loops.removeAll { $0.index == index }
      state.loops.append(Watched(index, slot, options, onHold))
      return 0
    }
    guard code == 0 else { throw WatchdogUnavailable(code: code) }
    loop.execute { slot.adoptThread() }
    lw_rouse()
  }

  /// Looks at the loop no more. To be called before its thread ends, and not from `onHold`: on return, everything that was
  /// found has been told.
  public func unwatch(_ index: UInt32) {
    state.withLockedValue { $0.loops.removeAll { $0.index == index } }
    looking.withLock {}
    lw_rouse()
  }

  // MARK: the thread

  /// A loop as this thread knows it.
  private struct Look {
    let watched: Watched
    var detector: HoldDetector
    var sequence: UInt64 = 0
    /// What is told of now.
    var hold: LoopHold?
    var processorTime: UInt64 = 0
  }

  /// Without any change for so long, the thread goes to sleep.
  private static let patience: UInt64 = 1_000_000_000
  /// A loop that goes in at the very moment in which the thread falls asleep may not wake it.
  private static let longestSleep: UInt64 = 1_000_000_000

  private func run() {
    var looks: [Look] = []
    var quietSince = Self.now()
    while true {
      let isBusy = looking.withLock {
        let loops = state.withLockedValue { $0.loops }
        looks.removeAll { look in !loops.contains { $0 === look.watched } }
        for loop in loops where !looks.contains(where: { $0.watched === loop }) {
          looks.append(Look(watched: loop, detector: HoldDetector(threshold: Self.threshold(loop.options))))
        }
        return look(&looks)
      }
      guard !looks.isEmpty else {
        lw_sleep(UInt64.max / 4)
        quietSince = Self.now()
        continue
      }
      if isBusy { quietSince = Self.now() }
      if Self.now() &- quietSince > Self.patience {
        park(looks)
        quietSince = Self.now()
      } else {
        let shortest = looks.map { Self.threshold($0.watched.options) }.min() ?? Self.patience
        lw_sleep(min(max(shortest / 4, 1_000_000), 250_000_000))
      }
    }
  }

  /// True where a loop has run something, or runs something.
  private func look(_ looks: inout [Look]) -> Bool {
    var isBusy = false
    for index in looks.indices {
      let slot = looks[index].watched.slot.pointer
      let sequence = lw_sequence(slot)
      let isInside = lw_is_inside(slot) != 0
      if isInside || sequence != looks[index].sequence { isBusy = true }
      looks[index].sequence = sequence
      let now = Self.now()
      switch looks[index].detector.look(sequence: sequence, isInside: isInside, now: now) {
      case .nothing: break
      case .held(let nanoseconds): found(&looks[index], nanoseconds)
      case .freed(let nanoseconds): ended(&looks[index], nanoseconds)
      }
    }
    return isBusy
  }

  private func park(_ looks: [Look]) {
    for look in looks { lw_park(look.watched.slot.pointer, 1) }
    // Whoever went in before it could see that: found here.
    if looks.allSatisfy({ lw_sequence($0.watched.slot.pointer) == $0.sequence }) { lw_sleep(Self.longestSleep) }
    for look in looks { lw_park(look.watched.slot.pointer, 0) }
  }

  private func found(_ look: inout Look, _ nanoseconds: UInt64) {
    let slot = look.watched.slot.pointer
    var sample = lw_sample()
    // First of all: the signal may be what the function waited for, and then it completes before this thread goes on.
    lw_note(slot, look.sequence)
    guard lw_take_sample(slot, look.sequence, look.watched.options.wantsStack ? 1 : 0, &sample) != 0 else {
      // A loop that has gone on in the meantime was nearly on time.
      lw_note(slot, UInt64.max)
      return
    }
    Self.holds.wrappingIncrement(ordering: .relaxed)
    look.processorTime = lw_thread_time(slot)
    let hold = LoopHold(
      loop: look.watched.index, function: Self.function(sample),
      route: sample.route.map { String(cString: $0) } ?? "",
      requestID: withUnsafeBytes(of: sample.request_id) {
        String(decoding: $0.prefix(Int(sample.request_id_count)), as: UTF8.self)
      }, nanoseconds: nanoseconds, processorNanoseconds: 0, stack: StackText.lines(sample), isOver: false)
    look.hold = hold
    look.watched.onHold(hold)
  }

  private func ended(_ look: inout Look, _ nanoseconds: UInt64) {
    guard var hold = look.hold else { return }
    look.hold = nil
    let slot = look.watched.slot.pointer
    lw_note(slot, UInt64.max)
    Self.heldNanoseconds.wrappingIncrement(by: nanoseconds, ordering: .relaxed)
    hold.nanoseconds = nanoseconds
    hold.processorNanoseconds = lw_thread_time(slot) &- look.processorTime
    if hold.requestID.isEmpty {
      // Given while it was held, so that its own log line can be found. The loop does not write it again before the next hold.
      hold.requestID = withUnsafeBytes(of: slot.pointee.request_id) {
        String(decoding: $0.prefix(Int(slot.pointee.request_id_count)), as: UTF8.self)
      }
    }
    slot.pointee.request_id_count = 0
    hold.isOver = true
    look.watched.onHold(hold)
  }

  private static func function(_ sample: borrowing lw_sample) -> String {
    if let function = sample.function { return String(cString: function) }
    let image = sample.run.flatMap { StackText.image(of: $0) } ?? "unknown"
    return "a task of \(image)"
  }

  private static func threshold(_ options: Options) -> UInt64 {
    UInt64(max(options.threshold.nanoseconds, 1_000_000))
  }

  private static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }
}

/// The watchdog cannot work on this system.
public struct WatchdogUnavailable: Error, CustomStringConvertible {
  /// `errno`.
  public let code: Int32

  public var description: String { "event loops cannot be watched: \(String(cString: strerror(code)))" }
}
