import GRDB

/// The database: one for the life of the gateway.
public final class BookStore: Sendable {
  let database: any DatabaseWriter
  /// One writing session at a time: SQLite has one writer.
  let writers = Turnstile()
  private let isInMemory: Bool

  /// - Parameter path: a file, made when missing, or ":memory:".
  public init(path: String) throws {
    isInMemory = path == ":memory:"
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    // A session's transaction stays open from its provider to its teardown, over several accesses.
    configuration.allowsUnsafeTransactions = true
    database =
      isInMemory
      ? try DatabaseQueue(configuration: configuration) : try DatabasePool(path: path, configuration: configuration)
    try Self.migrator.migrate(database)
  }

  /// Reads committed books. A file has connections for readers of their own; a memory database has a single
  /// connection, so its readers wait for the writing session to end.
  func read<Value: Sendable>(_ value: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    guard isInMemory else { return try await database.read(value) }
    try await writers.enter()
    do {
      let result = try await database.read(value)
      await writers.leave()
      return result
    } catch {
      await writers.leave()
      throw error
    }
  }

  func close() throws {
    // Readers first: whoever closes last takes SQLite's log back into the file, and readers cannot.
    (database as? DatabasePool)?.invalidateReadOnlyConnections()
    try database.close()
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("books") { db in
      try db.create(table: "book") { table in
        table.autoIncrementedPrimaryKey("id")
        table.column("title", .text).notNull()
        table.column("author", .text).notNull().indexed()
        table.column("year", .integer).notNull()
        table.column("price", .double).notNull()
      }
      var first = Book(title: "The Left Hand of Darkness", author: "Ursula K. Le Guin", year: 1969, price: 9.99)
      try first.insert(db)
    }
    return migrator
  }
}
