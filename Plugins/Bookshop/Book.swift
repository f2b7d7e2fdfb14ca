import GRDB

/// A book as clients see it.
struct Book: Codable, Sendable, FetchableRecord, MutablePersistableRecord {
  static let databaseTableName = "book"

  var id: Int64?
  var title: String
  var author: String
  var year: Int
  var price: Double

  mutating func didInsert(_ inserted: InsertionSuccess) { id = inserted.rowID }
}

/// A book as clients send it. The gateway has checked it against the route's schema before a handler sees it.
struct NewBook: Codable, Sendable {
  var title: String
  var author: String
  var year: Int
  var price: Double

  func book(id: Int64? = nil) -> Book {
    Book(id: id, title: title, author: author, year: year, price: price)
  }
}
