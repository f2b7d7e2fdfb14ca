import GRDB
import GatewayPlugin

/// The plugin as a value; tests link it and open it without a library file.
public func bookshop() -> Plugin { Bookshop.plugin() }

/// The example plugin: books in SQLite, with handlers for each way to run.
@Plugin("bookshop", version: "1.0.0")
struct Bookshop {
  // MARK: dependencies

  @Provider(scope: .app) static func store(config: StoreConfig, teardown: Teardown) async throws -> BookStore {
    let store = try BookStore(path: config.path)
    teardown { _ in try store.close() }
    return store
  }

  @Provider(scope: .handler) static func session(store: BookStore, teardown: Teardown) async throws -> Session {
    let session = try await Session.begin(on: store)
    teardown { outcome in try await session.end(outcome) }
    return session
  }

  /// Security: asked before a body is read, so that a client without the key uploads nothing.
  @Provider(security: .httpBearer(), inline: true) static func clerk(
    credentials: HTTPCredentials, scopes: SecurityScopes, config: ClerkConfig
  ) throws -> Clerk { try Clerk(credentials, asked: scopes, config: config) }

  // MARK: handlers

  // Async: waits for the database without holding a thread.

  /// Lists books.
  @Handler func listBooks(
    @Query(.minLength(1)) author: String?, @Query(.range(1...100)) limit: Int = 20, @Query(.minimum(0)) offset: Int = 0,
    store: BookStore
  ) async throws -> [Book] {
    try await store.read { db in
      let all = author.map { Book.filter(Column("author") == $0) } ?? Book.all()
      return try all.order(Column("id")).limit(limit, offset: offset).fetchAll(db)
    }
  }

  /// Finds a book.
  @Handler func getBook(@Path("book_id", .minimum(1)) id: Int64, store: BookStore) async throws -> Book {
    guard let book = try await store.read({ try Book.fetchOne($0, key: id) }) else { throw NoSuchBook(id: id) }
    return book
  }

  /// Adds a book.
  @Handler(status: 201) func createBook(
    @Body book: NewBook, session: Session, background: BackgroundTasks
  ) async throws -> Reply<Book> {
    let stored = try await session.write { db in
      var stored = book.book()
      try stored.insert(db)
      return stored
    }
    try background.add("stocktaking") { log in try await takeStock(of: session.store, log) }
    return Reply(stored, headers: ["location": "/books/\(stored.id ?? 0)"])
  }

  // Blocking: SQLite's own synchronous calls, on a thread that may wait for them.

  /// Replaces a book.
  @Handler func updateBook(
    @Path("book_id", .minimum(1)) id: Int64, @Body book: NewBook, session: Session
  ) throws -> Book {
    try session.writeNow { db in
      guard try Book.exists(db, key: id) else { throw NoSuchBook(id: id) }
      let changed = book.book(id: id)
      try changed.update(db)
      return changed
    }
  }

  /// Removes a book.
  @Handler func deleteBook(@Path("book_id", .minimum(1)) id: Int64, session: Session) throws {
    guard try session.writeNow({ try Book.deleteOne($0, key: id) }) else { throw NoSuchBook(id: id) }
  }

  // MARK: errors and policies

  /// One place says what clients get, whoever throws it.
  @ErrorHandler(status: 404) func noSuchBook(error: NoSuchBook) -> MissingBook {
    MissingBook(detail: "no book \(error.id)", book: error.id)
  }

  /// Tells how long the shop took. It runs around what stands behind it.
  @Policy func timing(
    request: consuming PolicyRequest, config: Timing, next: consuming PolicyNext
  ) async throws -> PolicyResponse {
    let clock = GatewayClock()
    let began = clock.now
    var response = try await next(request)
    response.addHeader("server-timing", config.field(began.duration(to: clock.now)))
    return response
  }

  // MARK: without macros

  /// The same API as closures.
  static func configure(_ plugin: inout Plugin) {
    // Inline: nothing to wait for.
    plugin.inlineHandler("about") { _ in .json(fixed: #"{"name":"bookshop","version":"1.0.0"}"#) }

    let health = StoreHealth()
    plugin.provider("health", scope: .app, needs: Dependency<BookStore>("store")) { _, store in
      health.watch(store)
      return health
    }
    plugin.onHealth { try await health.check() }
  }
}

@Schema(closed: true)
struct StoreConfig {
  /// A file, or :memory:.
  @Field(.minLength(1)) var path: String
}
