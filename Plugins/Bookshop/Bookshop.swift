import Foundation
import GRDB
import GatewayPlugin

/// The example plugin: books in SQLite, with one handler for each way to run.
@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
  bookshop().export(to: host)
}

/// The plugin as a value; tests link it and open it without a library file.
public func bookshop() -> Plugin {
  var plugin = Plugin("bookshop", version: "1.0.0")
  let store = Dependency<BookStore>("store")
  let session = Dependency<Session>("session")

  // MARK: dependencies

  plugin.provider("store", scope: .app, config: StoreConfig.schema) { provision in
    try BookStore(path: try JSONDecoder().decode(StoreConfig.self, from: Data(provision.config)).path)
  } teardown: { store, _ in
    try store.close()
  }

  plugin.provider("session", scope: .handler, needs: store) { _, store in
    try await Session.begin(on: store)
  } teardown: { session, outcome in
    try await session.end(outcome)
  }

  // MARK: handlers

  // Inline: nothing to wait for.
  plugin.inlineHandler("about") { _ in .json(fixed: #"{"name":"bookshop","version":"1.0.0"}"#) }

  // Async: waits for the database without holding a thread.
  plugin.handler("listBooks", needs: store) { request, store in
    let limit = request.integer("limit") ?? 20
    let offset = request.integer("offset") ?? 0
    let author = request.text("author")
    let books = try await store.read { db in
      let all = author.map { Book.filter(Column("author") == $0) } ?? Book.all()
      return try all.order(Column("id")).limit(limit, offset: offset).fetchAll(db)
    }
    return .json(try encoded(books))
  }

  plugin.handler("getBook", needs: store) { request, store in
    let id = try bookID(request)
    guard let book = try await store.read({ try Book.fetchOne($0, key: id) }) else { throw notFound(id) }
    return .json(try encoded(book))
  }

  plugin.handler("createBook", needs: session) { request, session in
    let new = try decoded(NewBook.self, request)
    let book = try await session.write { db in
      var book = new.book()
      try book.insert(db)
      return book
    }
    return .json(try encoded(book), status: 201, headers: ["location": "/books/\(book.id ?? 0)"])
  }

  // Blocking: SQLite's own synchronous calls, on a thread that may wait for them.
  plugin.blockingHandler("updateBook", needs: session) { request, session in
    let id = try bookID(request)
    let book = try decoded(NewBook.self, request).book(id: id)
    return try session.writeNow { db in
      guard try Book.exists(db, key: id) else { throw notFound(id) }
      try book.update(db)
      return .json(try encoded(book))
    }
  }

  plugin.blockingHandler("deleteBook", needs: session) { request, session in
    let id = try bookID(request)
    guard try session.writeNow({ try Book.deleteOne($0, key: id) }) else { throw notFound(id) }
    return .noContent
  }

  return plugin
}

struct StoreConfig: Codable {
  var path: String

  static let schema = """
    {"type": "object", "required": ["path"], "additionalProperties": false,
     "properties": {"path": {"type": "string", "minLength": 1, "description": "a file, or :memory:"}}}
    """
}

private func bookID(_ request: borrowing Request) throws -> Int64 {
  guard let id = request.integer("book_id") else {
    throw HTTPError(422, detail: "the route does not declare book_id as an integer")
  }
  return Int64(id)
}

private func notFound(_ id: Int64) -> HTTPError { HTTPError(404, detail: "no book \(id)") }

private func encoded(_ value: some Encodable) throws -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.withoutEscapingSlashes]
  return [UInt8](try encoder.encode(value))
}

private func decoded<Value: Decodable>(_ type: Value.Type, _ request: borrowing Request) throws -> Value {
  try JSONDecoder().decode(type, from: Data(request.body))
}
