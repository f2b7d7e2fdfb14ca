import Atomics
import NIOConcurrencyHelpers

/// How far a plugin that answers in parts may run ahead of its client.
///
/// Only answers in parts pay for the lock.
final class PartFlow: Sendable {
  typealias Resume = @convention(c) (UnsafeMutableRawPointer?) -> Void

  // Proof for @unchecked: the context is the plugin's, handed over to be given back to `resume` on the loop.
  private struct State: @unchecked Sendable {
    /// Of the invocation whose answer this is: whoever comes with another one is too late or too early.
    var generation = UInt64.max
    var resume: Resume?
    var context: UnsafeMutableRawPointer?
    /// Bytes that other threads wrote and the loop has not seen yet.
    var pending = 0
    /// Parts, ends and failures on their way to the loop.
    var queued = 0
    /// The client is slow.
    var isPaused = false
    /// The plugin was told to wait.
    var isWaiting = false
    /// Bytes written although the plugin was told to wait.
    var excess = 0
  }

  private let state = NIOLockedValueBox(State())
  /// Whether the invocation answers in parts. Set before its phase says so and cleared on the loop, so that whoever has seen the
  /// phase sees this too; invocations that do not are spared the lock.
  private let isUsed = ManagedAtomic<Bool>(false)

  /// Bytes on their way to the loop above which other threads are told to wait.
  static let pendingLimit = 64 * 1024
  /// Bytes a plugin may write without waiting when told to; then its answer is broken off.
  static let excessLimit = 1 << 20

  enum Verdict {
    case goOn
    case wait
    /// The plugin writes on and on without waiting.
    case overrun
  }

  func begin(_ generation: UInt64, _ resume: @escaping Resume, _ context: UnsafeMutableRawPointer?) {
    isUsed.store(true, ordering: .relaxed)
    state.withLockedValue { $0 = State(generation: generation, resume: resume, context: context) }
  }

  func reset() {
    guard isUsed.load(ordering: .relaxed) else { return }
    isUsed.store(false, ordering: .relaxed)
    state.withLockedValue { $0 = State() }
  }

  var hasPending: Bool { isUsed.load(ordering: .relaxed) && state.withLockedValue { $0.queued > 0 } }

  /// A part was given to the stream directly.
  func wrote(_ count: Int, _ generation: UInt64) -> Verdict {
    state.withLockedValue { state in
      guard state.generation == generation else { return .goOn }
      return Self.verdict(&state, count, isOver: state.isPaused)
    }
  }

  /// A part is on its way to the loop.
  func queue(_ count: Int, _ generation: UInt64) -> Verdict {
    state.withLockedValue { state in
      guard state.generation == generation else { return .goOn }
      state.queued += 1
      state.pending += count
      return Self.verdict(&state, count, isOver: state.isPaused || state.pending > Self.pendingLimit)
    }
  }

  private static func verdict(_ state: inout State, _ count: Int, isOver: Bool) -> Verdict {
    guard isOver else { return .goOn }
    if state.isWaiting { state.excess += count }
    state.isWaiting = true
    return state.excess > excessLimit ? .overrun : .wait
  }

  /// The loop has it. `mayResume`: the invocation has not ended.
  func arrived(_ count: Int, _ generation: UInt64, mayResume: Bool) {
    let isOurs = state.withLockedValue { state in
      guard state.generation == generation else { return false }
      state.queued -= 1
      state.pending -= count
      return true
    }
    if isOurs, mayResume { resumeIfWanted() }
  }

  /// The client is slow. On the loop.
  func pause() { state.withLockedValue { $0.isPaused = true } }

  /// The client reads again. On the loop.
  func goOn(mayResume: Bool) {
    state.withLockedValue { $0.isPaused = false }
    if mayResume { resumeIfWanted() }
  }

  private func resumeIfWanted() {
    let call = state.withLockedValue { state -> State? in
      guard state.isWaiting, !state.isPaused, state.pending <= Self.pendingLimit / 2 else { return nil }
      state.isWaiting = false
      state.excess = 0
      return state
    }
    call?.resume?(call?.context)
  }

  /// The client has gone: whoever waits learns it from its next write. On the loop.
  func wake() {
    let call = state.withLockedValue { state -> State in
      state.isWaiting = false
      return state
    }
    call.resume?(call.context)
  }
}
