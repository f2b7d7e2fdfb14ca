import GatewayPlugin

/// Counts what the shop has and tells it the log. It runs after the answer: nobody waits for the count.
func takeStock(of store: BookStore, _ log: Log) async throws {
  let books = try await store.read { try Book.fetchCount($0) }
  log.info("stock taken", ["books": books])
}
