import CGatewayPlugin
import Synchronization

/// The gateway's clock. In tests it can be moved by hand, so take it instead of `ContinuousClock` and `Date`.
///
///     try await request.clock.sleep(for: .seconds(2))
///     let taken = await clock.measure { … }
///
/// `request.clock` and `provision.clock` are the clock of that gateway; `GatewayClock()` is that of whichever gateway the
/// calling thread works for. A sleep costs no thread; it ends with `CancellationError` when its task is cancelled, and when
/// the gateway ends.
public struct GatewayClock: Clock {
  /// A time of the gateway's clock, which only goes forward; it means something in this process only.
  public struct Instant: InstantProtocol, Sendable {
    /// Since some time before the process began.
    public let nanoseconds: UInt64

    /// - Parameter nanoseconds: since the same time.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Not before the first and not behind the last instant that there is.
    public func advanced(by duration: Duration) -> Instant {
      let (seconds, attoseconds) = duration.components
      let (part, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      let (change, isOverToo) = part.addingReportingOverflow(attoseconds / 1_000_000_000)
      guard !isOver, !isOverToo else { return Instant(nanoseconds: duration < .zero ? 0 : .max) }
      let (sum, isOut) =
        change < 0
        ? nanoseconds.subtractingReportingOverflow(change.magnitude) : nanoseconds.addingReportingOverflow(change.magnitude)
      return Instant(nanoseconds: isOut ? (change < 0 ? 0 : .max) : sum)
    }

    public func duration(to other: Instant) -> Duration {
      other < self ? .zero - .nanoseconds(nanoseconds - other.nanoseconds) : .nanoseconds(other.nanoseconds - nanoseconds)
    }

    public static func < (one: Instant, other: Instant) -> Bool { one.nanoseconds < other.nanoseconds }
  }

  private let loop: UInt32
  private let given: HostAccess?

  public init() { self.init(loop: anyLoop) }

  init(loop: UInt32, host: HostAccess? = nil) {
    self.loop = loop
    given = host
  }

  /// Nil without a gateway, or with one that has no clock to offer: the system's serves.
  private var host: HostAccess? { (given ?? HostAccess.current).flatMap { $0.hasServices ? $0 : nil } }

  public var now: Instant {
    if let host { return Instant(nanoseconds: host.table.pointee.now(loop)) }
    return Instant(nanoseconds: 1 << 40).advanced(by: Self.zero.duration(to: .now))
  }

  private static let zero = ContinuousClock.now

  /// A sleep may last so much longer.
  public var minimumResolution: Duration { .milliseconds(1) }

  /// The time of day, as far as the system knows it.
  public var timestamp: Timestamp {
    guard let host else {
      let now = WallClock.now()
      return Timestamp(seconds: now.seconds, nanoseconds: now.nanoseconds)
    }
    let time = host.table.pointee.wall_clock(loop)
    let (seconds, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    return rest < 0
      ? Timestamp(seconds: seconds - 1, nanoseconds: UInt32(clamping: rest + 1_000_000_000))
      : Timestamp(seconds: seconds, nanoseconds: UInt32(clamping: rest))
  }

  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    try Task.checkCancellation()
    let now = now
    guard deadline > now else { return }
    guard let host else { return try await Task.sleep(for: now.duration(to: deadline)) }
    let sleeper = Sleeper(host)
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { sleeper.sleep(loop, deadline.nanoseconds - now.nanoseconds, $0) }
    } onCancel: {
      sleeper.cancel()
    }
  }
}

/// One sleep: the timer's other end.
private final class Sleeper: Sendable {
  private struct State {
    var timer: UInt64 = 0
    var isCancelled = false
    var waiting: CheckedContinuation<Void, any Error>?
  }

  private let host: HostAccess
  private let state = Mutex(State())

  init(_ host: HostAccess) { self.host = host }

  func sleep(_ loop: UInt32, _ nanoseconds: UInt64, _ waiting: CheckedContinuation<Void, any Error>) {
    // Before the timer runs, which may be on another thread.
    state.withLock { $0.waiting = waiting }
    let lent = Unmanaged.passRetained(self)
    let timer = host.table.pointee.start_timer(loop, nanoseconds, { context, isCancelled in
      guard let context else { return }
      Unmanaged<Sleeper>.fromOpaque(context).takeRetainedValue().fire(isCancelled: isCancelled != 0)
    }, lent.toOpaque())
    guard timer != 0 else {
      lent.release()
      return fire(isCancelled: true)
    }
    let isCancelled = state.withLock { state in
      state.timer = timer
      return state.isCancelled
    }
    if isCancelled { host.table.pointee.cancel_timer(loop, timer) }
  }

  /// The sleep ends when the host has let go of the timer.
  func cancel() {
    let timer = state.withLock { state in
      state.isCancelled = true
      return state.timer
    }
    if timer != 0 { host.table.pointee.cancel_timer(anyLoop, timer) }
  }

  private func fire(isCancelled: Bool) {
    let waiting = state.withLock { state in
      defer { state.waiting = nil }
      return state.waiting
    }
    if isCancelled { waiting?.resume(throwing: CancellationError()) } else { waiting?.resume() }
  }
}
