import GRDB
import GatewayPlugin

/// A book as clients see it.
@Schema
struct Book: Codable, FetchableRecord, MutablePersistableRecord {
  static let databaseTableName = "book"

  var id: Int64?
  var title: String
  var author: String
  var year: Int
  var price: Double

  mutating func didInsert(_ inserted: InsertionSuccess) { id = inserted.rowID }
}

/// A book as clients send it. The gateway checks it against this before a handler sees it.
@Schema(closed: true)
struct NewBook {
  @Field(.minLength(1), .maxLength(200)) var title: String
  @Field(.minLength(1)) var author: String
  @Field(.range(1450...2100)) var year: Int
  @Field(.exclusiveMinimum(0)) var price: Double

  func book(id: Int64? = nil) -> Book {
    Book(id: id, title: title, author: author, year: year, price: price)
  }
}
