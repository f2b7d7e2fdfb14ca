import CGatewayPlugin

/// A task that runs one invocation after the other, and sleeps between them.
///
/// A task of its own for each invocation costs its allocations, its making and its unmaking: 0.89 µs an invocation against 0.82 µs
/// with this one, for a provider that never waits, measured in the SDK alone. This one is resumed instead: its continuation
/// hands its job to the executor, which runs it here and now. And where the host begins the next invocation while this one
/// completes, as for a chain of dependencies, the task goes on with that one without having slept: 2,000 instructions less for
/// each of them.
///
/// An invocation that waits keeps the runner until it has ended; the next one takes another.
final class TaskRunner: @unchecked Sendable {
  // Proof for @unchecked: used on the executor's loop only, where the contract has invocations begin, and where the task runs
  // whenever it runs.
  typealias Body = nonisolated(nonsending) @Sendable (Invocation, Completion) async -> Void

  private let executor: LoopExecutor
  // What begins next. The host keeps both until the invocation completes, and not longer: the function is not counted, and what
  // it is needed for later is copied.
  private var function: Unmanaged<Function>?
  private var invocation: UnsafePointer<gw_invocation>?

  private var wake: UnsafeContinuation<Void, Never>?
  /// Nil before it runs first and after it has ended.
  private var task: Task<Void, Never>?

  init(_ executor: LoopExecutor) { self.executor = executor }

  /// Starts the body here and now. Returns the token by which it can be cancelled, retained.
  func start(_ function: Function, _ invocation: UnsafePointer<gw_invocation>) -> UnsafeMutableRawPointer {
    setNext(function, invocation)
    if let wake, let task {
      self.wake = nil
      let token = Self.token(task)
      executor.runNow { wake.resume() }
      return token
    }
    // Detached: task-local values of the first invocation are not the next one's.
    return Self.token(Task.immediateDetached(executorPreference: executor) { await self.run() })
  }

  /// Runs the body behind the one that completes now. Returns its token, retained; nil where another one follows already.
  func follow(_ function: Function, _ invocation: UnsafePointer<gw_invocation>) -> UnsafeMutableRawPointer? {
    guard self.invocation == nil, let task else { return nil }
    setNext(function, invocation)
    return Self.token(task)
  }

  @inline(__always)
  private func setNext(_ function: Function, _ invocation: UnsafePointer<gw_invocation>) {
    self.function = .passUnretained(function)
    self.invocation = invocation
  }

  /// Runs what completes an invocation, as the last act of its body: what the host begins meanwhile may follow.
  @inline(__always)
  func ending<Result>(_ complete: () -> Result) -> Result {
    // A cancelled task stays cancelled, and the next invocation is not.
    guard !isCancelled else { return complete() }
    let outer = executor.ending
    executor.ending = Unmanaged.passUnretained(self)
    defer { executor.ending = outer }
    return complete()
  }

  private var isCancelled: Bool { task?.isCancelled ?? true }

  private nonisolated(nonsending) func run() async {
    task = Self.currentTask
    while await runAll() { await withUnsafeContinuation { wake = $0 } }
    // The task holds the runner, the runner the task.
    task = nil
  }

  /// A function of its own, so that the bodies and what they hold are gone while the runner waits. False: the runner is not
  /// used again.
  private nonisolated(nonsending) func runAll() async -> Bool {
    while let invocation, let function {
      self.invocation = nil
      let (body, errors) = function._withUnsafeGuaranteedRef { ($0.body, $0.errors) }
      await body(
        Invocation(pointer: invocation),
        Completion(
          host: executor.host.table, call: invocation.pointee.call, loop: invocation.pointee.loop, mappers: errors,
          runner: Unmanaged.passUnretained(self)))
      // Whatever holds the loop from here on is the next one.
      if let next = self.invocation { executor.host.enter?(next.pointee.call) }
    }
    return !isCancelled && executor.keep(self)
  }

  /// Proof for the casts: `UnsafeCurrentTask` and `Task` are each one reference to a Swift object, the task.
  static var currentTask: Task<Void, Never>? {
    withUnsafeCurrentTask { $0.map { unsafeBitCast($0, to: Task<Void, Never>.self) } }
  }

  /// The task, retained, as the contract has it.
  static func token(_ task: Task<Void, Never>) -> UnsafeMutableRawPointer {
    Unmanaged.passRetained(unsafeBitCast(task, to: AnyObject.self)).toOpaque()
  }
}
