import GRDB
import Synchronization

/// What the plugin's health hook asks. A hook gets no dependencies, so a dependency brings it the store.
final class StoreHealth: Sendable {
  private let store = Mutex<BookStore?>(nil)

  func watch(_ store: BookStore) { self.store.withLock { $0 = store } }

  /// Throws where the database does not answer.
  func check() async throws {
    guard let store = store.withLock({ $0 }) else { return }
    _ = try await store.read { try Int.fetchOne($0, sql: "SELECT 1") }
  }
}
