import CGatewayPlugin

/// What stands behind a policy: the policies after it, and the route's action. Called once, or not at all.
public struct PolicyNext: ~Copyable, Sendable {
  let around: AroundPolicy

  /// Lets the request go on, with the changes made to it, and waits for the answer.
  ///
  /// Throws `CancellationError` where the exchange ends without one that the policy could see: the client has gone, or the
  /// time is over.
  public consuming func callAsFunction(_ request: consuming PolicyRequest) async throws -> PolicyResponse {
    PolicyResponse(try await around.proceed(request.changes))
  }
}

/// One run of an around-style policy: a task that the host sees as two invocations, with this as the state in between.
///
/// Where nothing waits, the task runs in two pieces on the loop's stack: one when the request comes, one when the answer
/// does.
final class AroundPolicy: @unchecked Sendable {
  // Proof for @unchecked: used by the task, and between its two pieces by the host's loop. The host's `proceed` orders the first
  // before the second, and the resumption of the task the second before the rest.
  private enum Phase {
    case request
    /// The request went on; the task waits.
    case waiting
    case answer
    /// No invocation is open any more.
    case over
  }

  private let host: Host
  private var completion: Completion
  private var phase = Phase.request
  private var continuation: UnsafeContinuation<Invocation, any Error>?
  /// The policy's own task, whichever one calls `next`; nil once it has ended.
  private var task: Task<Void, Never>?

  init(host: Host, completion: Completion) {
    self.host = host
    self.completion = completion
  }

  // MARK: the task's side

  /// The calling task is the policy's.
  func began() { task = TaskRunner.currentTask }

  /// The policy's task is about to end.
  func ended() { task = nil }

  func proceed(_ changes: MessageChanges) async throws -> Invocation {
    try await withUnsafeThrowingContinuation { wake in
      continuation = wake
      phase = .waiting
      let state = Unmanaged.passRetained(self)
      let outcome = completion.proceed(changes, state: state.toOpaque())
      // From here on the state is the host's, or everything is this task's alone again.
      if outcome == GW_ACCEPTED || outcome == GW_TOO_LATE { return }
      state.release()
      continuation = nil
      phase = .over
      wake.resume(throwing: outcome == GW_ALREADY_COMPLETE ? CancellationError() : PolicyRefused(code: outcome.rawValue))
    }
  }

  /// The policy's work is done.
  func end(_ response: consuming PolicyResponse) {
    let isAnswer = phase == .answer
    guard phase != .over else { return }
    phase = .over
    let changes = response.changes
    switch response.source {
    case .made(let made): completion.answer(PolicyResponse.apply(changes, to: made))
    case .lent where isAnswer: _ = completion.proceed(changes)
    case .lent: completion.fail(PolicyRefused(code: GW_WRONG_KIND.rawValue))
    }
  }

  func fail(_ error: any Error) {
    guard phase != .over else { return }
    phase = .over
    completion.failOrAnswer(error)
  }

  // MARK: the host's side

  /// The answer is there: the task goes on, here and now.
  func answered(_ invocation: UnsafePointer<gw_invocation>) -> UnsafeMutableRawPointer? {
    guard let wake = continuation else { return nil }
    continuation = nil
    phase = .answer
    completion = Completion(host: completion.host, call: invocation.pointee.call, loop: completion.loop)
    // Retained before the task goes on, as it may end before this returns.
    guard let task else {
      // It has ended without waiting for `next`: nobody would complete this invocation.
      phase = .over
      wake.resume(throwing: CancellationError())
      completion.fail(PolicyLeft())
      return nil
    }
    let token = TaskRunner.token(task)
    host.executor(for: completion.loop).runNow { wake.resume(returning: Invocation(pointer: invocation)) }
    return token
  }

  /// The host lets go of the state.
  func released() {
    guard let wake = continuation else { return }
    // No answer came, and none will.
    continuation = nil
    phase = .over
    task?.cancel()
    wake.resume(throwing: CancellationError())
  }
}

/// A policy returned while `next`, called by another task, was still waiting for the answer.
struct PolicyLeft: Error, CustomStringConvertible {
  var description: String { "the policy ended without waiting for `next`" }
}

/// An around-style policy as the host knows it.
final class AroundFunction: Sendable {
  typealias Run = @Sendable (consuming PolicyRequest, Invocation, consuming PolicyNext) async throws -> PolicyResponse

  private let around: Function
  private let make: Function?

  init(host: Host, run: @escaping Run, make: Function?) {
    self.make = make
    let work = Work.async { invocation, completion in
      // The task is not over when it lets the request go on, so nothing may follow in it.
      var completion = completion
      completion.runner = nil
      let around = AroundPolicy(host: host, completion: completion)
      around.began()
      do {
        around.end(try await run(try PolicyRequest(invocation), invocation, PolicyNext(around: around)))
      } catch { around.fail(error) }
      around.ended()
    }
    around = Function(host: host, work: work)
  }

  static let request: gw_function = { context, invocation in
    guard let context else { return nil }
    return Unmanaged<AroundFunction>.fromOpaque(context)._withUnsafeGuaranteedRef {
      Function.invoke(Unmanaged.passUnretained($0.around).toOpaque(), invocation)
    }
  }

  static let response: gw_function = { _, invocation in
    guard let state = invocation.pointee.value_borrowed else { return nil }
    return Unmanaged<AroundPolicy>.fromOpaque(state).takeUnretainedValue().answered(invocation)
  }

  static let releaseState: @convention(c) (UnsafeMutableRawPointer) -> Void = { state in
    Unmanaged<AroundPolicy>.fromOpaque(state).takeRetainedValue().released()
  }

  static let make: gw_function = { context, invocation in
    guard let context else { return nil }
    let function = Unmanaged<AroundFunction>.fromOpaque(context).takeUnretainedValue()
    return function.make.flatMap { Function.invoke(Unmanaged.passUnretained($0).toOpaque(), invocation) }
  }
}
