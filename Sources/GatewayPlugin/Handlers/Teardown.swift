import Synchronization

/// Registers what ends a provided value: a parameter of an `async` provider.
///
///     @Provider static func session(store: BookStore, teardown: Teardown) async throws -> Session {
///       let session = try await Session.begin(on: store)
///       teardown { outcome, error in try await session.end(outcome) }
///       return session
///     }
///
/// Runs once, after everything that used the value: also where the client left or the deadline passed. Where the provider
/// itself throws after registering, it runs with `.failed`. What is registered several times runs in reverse order.
///
/// What a step throws replaces the error, for the steps and teardowns that come after it too. In handler scope it becomes
/// the answer: an `HTTPError` as it says, anything else a 500. In request scope the answer is out, and it is logged. A
/// step that throws nothing changes nothing: a failure stays one.
public final class Teardown: Sendable {
  private let steps = Mutex<[@Sendable (Outcome, (any Error)?) async throws -> Void]>([])

  /// For providers that do not ask for one.
  static let unused = Teardown()

  init() {}

  /// Registers a step.
  public func callAsFunction(_ step: @escaping @Sendable (Outcome) async throws -> Void) {
    self { outcome, _ in try await step(outcome) }
  }

  /// Registers a step that looks at the error: the very one that was thrown, where this plugin threw it, else a
  /// `GatewayError`. Nil where all went well, and where the handler answered 500 or above by itself.
  public func callAsFunction(_ step: @escaping @Sendable (Outcome, (any Error)?) async throws -> Void) {
    steps.withLock { $0.append(step) }
  }

  func run(_ outcome: Outcome, _ error: (any Error)?) async throws {
    var outcome = outcome
    var error = error
    var thrown: (any Error)?
    for step in take().reversed() {
      do { try await step(outcome, error) } catch let failure {
        thrown = failure
        error = failure
        outcome = .failed
      }
    }
    if let thrown { throw thrown }
  }

  /// Ends what was registered before the provider threw: the gateway gets no value to tear down. The error to fail with.
  func run(insteadOf error: any Error) async -> any Error {
    do {
      try await run(.failed, error)
      return error
    } catch let replacement { return replacement }
  }

  private func take() -> [@Sendable (Outcome, (any Error)?) async throws -> Void] {
    steps.withLock { steps in
      defer { steps = [] }
      return steps
    }
  }
}

/// The same for a plain provider, which runs on the thread pool: what it registers may block, and cannot await.
public final class BlockingTeardown: Sendable {
  private let steps = Mutex<[@Sendable (Outcome, (any Error)?) throws -> Void]>([])

  init() {}

  /// Registers a step.
  public func callAsFunction(_ step: @escaping @Sendable (Outcome) throws -> Void) {
    self { outcome, _ in try step(outcome) }
  }

  /// Registers a step that looks at the error, as that of `Teardown`.
  public func callAsFunction(_ step: @escaping @Sendable (Outcome, (any Error)?) throws -> Void) {
    steps.withLock { $0.append(step) }
  }

  func run(_ outcome: Outcome, _ error: (any Error)?) throws {
    var outcome = outcome
    var error = error
    var thrown: (any Error)?
    for step in take().reversed() {
      do { try step(outcome, error) } catch let failure {
        thrown = failure
        error = failure
        outcome = .failed
      }
    }
    if let thrown { throw thrown }
  }

  func run(insteadOf error: any Error) -> any Error {
    do {
      try run(.failed, error)
      return error
    } catch let replacement { return replacement }
  }

  private func take() -> [@Sendable (Outcome, (any Error)?) throws -> Void] {
    steps.withLock { steps in
      defer { steps = [] }
      return steps
    }
  }
}
