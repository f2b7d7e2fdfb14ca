import Hummingbird
import Logging
import NIOCore
import NIOPosix

/// The Hummingbird peer: the same routes, declared the usual way, on one event loop.
@main
struct Peer {
  static func main() async throws {
    guard let port = CommandLine.arguments.dropFirst().first.flatMap({ Int($0) }) else {
      print("usage: peer PORT")
      return
    }
    let router = Router()
    router.get("/direct") { _, _ in answer }
    router.get("/books/:book_id") { _, context in
      _ = try context.parameters.require("book_id", as: Int.self)
      return answer
    }
    router.post("/books") { request, context in
      let book = try await request.decode(as: NewBook.self, context: context)
      guard book.isValid else { throw HTTPError(.unprocessableContent) }
      return answer
    }
    router.post("/typed/books") { request, context in
      let book = try await request.decode(as: NewBook.self, context: context)
      guard book.isValid else { throw HTTPError(.unprocessableContent) }
      return Book(id: 42, title: book.title, author: book.author, in_stock: true)
    }
    let app = Application(
      router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
      eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)),
      logger: Logger(label: "peer") { _ in SwiftLogNoOpLogHandler() })
    try await app.runService()
  }

  private static var answer: Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(
        byteBuffer: ByteBuffer(
          string: #"{"id":42,"title":"The Left Hand of Darkness","author":"Ursula K. Le Guin","in_stock":true}"#)))
  }
}

/// Encoded by Hummingbird's own JSONEncoder.
struct Book: ResponseEncodable {
  var id: Int
  var title: String
  var author: String
  var in_stock: Bool
}

struct NewBook: Decodable {
  var title: String
  var author: String
  var year: Int
  var price: Double
  var tags: [String]?

  var isValid: Bool {
    (1...200).contains(title.count) && !author.isEmpty && (1450...2100).contains(year) && price > 0
      && (tags?.count ?? 0) <= 10
  }
}
