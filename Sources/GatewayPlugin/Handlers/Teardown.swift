import Synchronization

/// Registers what ends a provided value: a parameter of an `async` provider.
///
///     @Provider static func session(store: BookStore, teardown: Teardown) async throws -> Session {
///       let session = try await Session.begin(on: store)
///       teardown { outcome in try await session.end(outcome) }
///       return session
///     }
///
/// Runs once, after everything that used the value; with `.failed` where the provider itself throws after registering.
/// What is registered several times runs in reverse order, and the first error counts.
public final class Teardown: Sendable {
  private let steps = Mutex<[@Sendable (Outcome) async throws -> Void]>([])

  /// For providers that do not ask for one.
  static let unused = Teardown()

  init() {}

  /// Registers a step. What it throws is a failed teardown: in handler scope the answer becomes a 500.
  public func callAsFunction(_ step: @escaping @Sendable (Outcome) async throws -> Void) {
    steps.withLock { $0.append(step) }
  }

  func run(_ outcome: Outcome) async throws {
    let steps = steps.withLock { steps in
      defer { steps = [] }
      return steps
    }
    var failure: (any Error)?
    for step in steps.reversed() {
      do { try await step(outcome) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }
}

/// The same for a plain provider, which runs on the thread pool: what it registers may block, and cannot await.
public final class BlockingTeardown: Sendable {
  private let steps = Mutex<[@Sendable (Outcome) throws -> Void]>([])

  init() {}

  /// Registers a step. What it throws is a failed teardown: in handler scope the answer becomes a 500.
  public func callAsFunction(_ step: @escaping @Sendable (Outcome) throws -> Void) {
    steps.withLock { $0.append(step) }
  }

  func run(_ outcome: Outcome) throws {
    let steps = steps.withLock { steps in
      defer { steps = [] }
      return steps
    }
    var failure: (any Error)?
    for step in steps.reversed() {
      do { try step(outcome) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }
}
