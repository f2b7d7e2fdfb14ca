import GatewayPlugin

/// Counts what the shop has and writes it to the log. It runs after the answer: nobody waits for the count.
func takeStock(of store: BookStore, log: Log) async throws {
  let books = try await store.read { try Book.fetchCount($0) }
  log.info("stock taken", ["books": books])
}
