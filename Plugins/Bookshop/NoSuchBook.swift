import GatewayPlugin

/// Thrown wherever a book is asked for that the shop does not have. `Bookshop.noSuchBook` says what clients get.
struct NoSuchBook: Error {
  let id: Int64
}

/// The answer to it.
@Schema
struct MissingBook {
  var detail: String
  var book: Int64
}
