import CGatewayPlugin
import Synchronization

/// One answer in parts: the plugin's end of it.
final class ResponseChannel: Sendable {
  private struct State {
    var isPaused = false
    /// Counts `resume`: one that comes between a write and the note of its pause must not be lost, however many write.
    var resumes: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<Void, any Error>] = [:]
    var nextID: UInt64 = 0
    var lastWrite = ContinuousClock.now
  }

  let completion: Completion
  private let state = Mutex(State())

  init(_ completion: Completion) { self.completion = completion }

  var isPaused: Bool { state.withLock { $0.isPaused } }
  var lastWrite: ContinuousClock.Instant { state.withLock { $0.lastWrite } }

  /// Hands a part to the gateway, once `ready` has returned. Parts without bytes are skipped.
  func write(_ part: UnsafeRawBufferPointer) throws {
    guard part.count > 0 else { return }
    let before = state.withLock { $0.resumes }
    try taken(completion.host.pointee.write(completion.call, gw_bytes_borrowed(part)), before)
    state.withLock { $0.lastWrite = .now }
  }

  /// - Parameter before: `resumes` before the host was asked.
  func taken(_ answer: gw_completion, _ before: UInt64 = 0) throws {
    switch answer {
    case GW_ACCEPTED: break
    case GW_PAUSED: state.withLock { if $0.resumes == before { $0.isPaused = true } }
    case GW_TOO_LATE, GW_ALREADY_COMPLETE: throw ClientGone()
    default: throw ResponseRefused(code: answer.rawValue)
    }
  }

  /// Returns when writing may go on; throws `CancellationError` when the task is cancelled first.
  func ready() async throws {
    while isPaused {
      let id = state.withLock { state in
        state.nextID += 1
        return state.nextID
      }
      try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
          let outcome: Result<Void, any Error>? = state.withLock { state in
            if Task.isCancelled { return .failure(CancellationError()) }
            guard state.isPaused else { return .success(()) }
            state.waiting[id] = wake
            return nil
          }
          if let outcome { wake.resume(with: outcome) }
        }
      } onCancel: {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: CancellationError())
      }
    }
    try Task.checkCancellation()
  }

  /// From the host: writing may go on, or the client has gone, which the next write tells.
  func resume() {
    let waiting = state.withLock { state in
      state.isPaused = false
      state.resumes &+= 1
      defer { state.waiting = [:] }
      return state.waiting
    }
    for wake in waiting.values { wake.resume() }
  }
}

/// Writes a streamed answer, part by part.
public struct ResponseWriter: Sendable {
  let channel: ResponseChannel

  /// Sends a part. Waits while the client is slower than the writer, so that no more than the gateway's own buffer is
  /// ever in memory. Throws `ClientGone` or `CancellationError` when there is nobody left to write to.
  public func write(_ bytes: [UInt8]) async throws {
    try await channel.ready()
    try bytes.withUnsafeBytes { try channel.write($0) }
  }

  /// The same with text, in UTF-8.
  public func write(_ text: String) async throws {
    try await channel.ready()
    var text = text
    try text.withUTF8 { try channel.write(UnsafeRawBufferPointer($0)) }
  }
}

/// The client has closed the connection, or the exchange is over for another reason.
public struct ClientGone: Error, Sendable, CustomStringConvertible {
  public var description: String { "the client has gone" }
}

/// The gateway cannot send this head or part, such as one with a status or a field that is not allowed.
struct ResponseRefused: Error, CustomStringConvertible {
  let code: UInt32
  var description: String { "the gateway refused a part of the response (gw_completion \(code))" }
}
