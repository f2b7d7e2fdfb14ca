import GRDB
import GatewayPlugin

/// A unit of work: everything a request writes is kept, or nothing is.
///
/// Made when the request begins, ended by its teardown: commit after success, roll back after an error, a timeout or a
/// client that went away. It is of handler scope, so a commit that fails still turns the answer into an error, and a
/// client that has its answer finds the data.
public final class Session: Sendable {
  let store: BookStore

  private init(_ store: BookStore) { self.store = store }

  static func begin(on store: BookStore) async throws -> Session {
    try await store.writers.enter()
    do {
      try await store.database.writeWithoutTransaction { try $0.beginTransaction(.immediate) }
      return Session(store)
    } catch {
      await store.writers.leave()
      throw error
    }
  }

  func end(_ outcome: Outcome) async throws {
    do {
      try await store.database.writeWithoutTransaction { db in
        guard db.isInsideTransaction else { return }
        if outcome == .succeeded { try db.commit() } else { try db.rollback() }
      }
      await store.writers.leave()
    } catch {
      try? await store.database.writeWithoutTransaction { if $0.isInsideTransaction { try $0.rollback() } }
      await store.writers.leave()
      throw error
    }
  }

  /// For async handlers.
  func write<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await store.database.writeWithoutTransaction(work)
  }

  /// For blocking handlers.
  func writeNow<Value>(_ work: (Database) throws -> Value) throws -> Value {
    try store.database.writeWithoutTransaction(work)
  }
}
