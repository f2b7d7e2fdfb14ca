import Glibc
import NIOConcurrencyHelpers
import NIOCore

/// The clocks of one gateway: the system's, or one that a test moves by hand.
public final class GatewayTime: Sendable {
  /// Nil: the system's clocks.
  public let manual: ManualTime?

  public init(manual: ManualTime? = nil) { self.manual = manual }

  /// The clock that only goes forward.
  public func now() -> NIODeadline { manual?.now ?? .now() }

  /// What a tick that says `now` means here: the hand's time, where it is moved by hand.
  public func adjusted(_ now: NIODeadline) -> NIODeadline { manual?.now ?? now }

  /// Nanoseconds since 1970.
  public func wallClock() -> Int64 {
    if let manual { return manual.wallClock }
    return Self.systemWallClock()
  }

  static func systemWallClock() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
  }
}

/// Time that stands still until it is moved. It begins at the system's time, so that what was measured before fits.
public final class ManualTime: Sendable {
  private struct State {
    var now = NIODeadline.now()
    var wallClock = GatewayTime.systemWallClock()
  }

  private let state = NIOLockedValueBox(State())

  public init() {}

  public var now: NIODeadline { state.withLockedValue { $0.now } }
  public var wallClock: Int64 { state.withLockedValue { $0.wallClock } }

  /// Moves on to `deadline`; never back.
  public func move(to deadline: NIODeadline) {
    state.withLockedValue { state in
      guard deadline > state.now else { return }
      state.wallClock &+= (deadline - state.now).nanoseconds
      state.now = deadline
    }
  }

  /// Sets what the wall clock says, in nanoseconds since 1970; the other clock stays.
  public func setWallClock(_ nanoseconds: Int64) { state.withLockedValue { $0.wallClock = nanoseconds } }
}
