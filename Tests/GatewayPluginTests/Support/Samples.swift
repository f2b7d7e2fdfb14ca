import GatewayPlugin

/// A book as clients send it.
@Schema(closed: true)
public struct NewBook: Equatable {
  /// As on the cover.
  @Field(.minLength(1), .maxLength(200))
  public var title: String
  @Field(.range(1450...2100)) public var year: Int
  @Field(.exclusiveMinimum(0)) var price: Double
  @Field(.uniqueItems, .maxItems(5), .items(.minLength(1))) var tags: [String] = []
  @Field(.alias("subTitle"), .example("A Novel")) var subtitle: String?
  var genre: Genre = .novel
  public static let unrelated = 1
  var computed: Int { 1 }
}

@Schema enum Genre: String { case novel, poem, scienceFiction = "science-fiction" }

@Schema enum Level: Int { case low = 1, high = 10 }

/// Without raw values.
@Schema enum Colour { case red, `default` }

/// Contains itself.
@Schema struct Comment: Equatable {
  var text: String
  var replies: [Comment] = []
}

@Schema struct Circle: Equatable { var radius: Double }

@Schema struct Empty: Equatable {}

/// What a drawing is made of.
@Schema(discriminator: "kind") indirect enum Shape: Equatable {
  case circle(Circle)
  case box(width: Int, height: Int = 1, label: String?)
  case group(of: [Shape])
  case nothing
  case blank(Empty)
}

@Schema struct Page<Item: SchemaType> {
  var items: [Item]
  let next: Int?
}

@Schema(name: "Everything") struct Everything: Equatable {
  var flag: Bool
  var tiny: Int8
  var small: UInt16
  var big: UInt64
  var float: Float
  var map: [String: Int?]
  var set: Set<Int>
  var at: Timestamp
  var day: CalendarDate
  var id: UniqueID
  var price: ExactDecimal
  var lasting: Duration
  var `class`: String
  @Field(.secret) var password: String?
  struct Inner: Equatable { var a: Int }
}

enum Outer {
  @Schema struct Circle { var diameter: Int }
}

@Schema struct TwoCircles {
  var first: Circle
  var second: Outer.Circle
}

final class Store: Sendable {
  let path: String
  init(path: String) { self.path = path }
}

@Schema struct StoreConfig { @Field(.minLength(1)) var path: String; var size: Int = 10 }

@Plugin("shop", version: "1.2.3", entry: false)
public struct Shop {
  @Provider(scope: .app) static func store(config: StoreConfig, teardown: Teardown) async throws -> Store {
    teardown { outcome in Journal.shared.add("\(config.path) \(outcome)") }
    return Store(path: config.path)
  }

  @Provider static func user(@Header xUserID: Int, store: Store) throws -> String { "\(store.path):\(xUserID)" }

  /// Finds a book.
  ///
  /// By its number.
  /// - Parameter id: the number.
  @Handler(tags: ["books"]) func getBook(@Path("book_id", .minimum(1)) id: Int, store: Store) async throws -> NewBook {
    guard id < 100 else { throw HTTPError(404, detail: "no book \(id)") }
    return NewBook(title: "\(store.path) \(id)", year: 1969, price: 9.5)
  }

  @Handler(status: 201) func createBook(
    @Body book: NewBook, @Query notify: Bool = false, @Query(.range(1...10)) copies: Int?, store: Store
  ) async throws -> Reply<NewBook> {
    Reply(book, headers: ["location": "/books/\(notify)/\(copies ?? -1)"])
  }

  @Handler(inline: true) static func about() -> [String: String] { ["name": "shop"] }

  @Handler func deleteBook(@Path id: Int) throws { Journal.shared.add("deleted \(id)") }

  @Handler("raw") func anything(request: borrowing Request, @Cookie session: String?, @Header("ETag") tag: [String] = ["none"]) -> Response {
    .text("\(request.method) \(session ?? "-") \(tag)")
  }

  @Handler func upload(@Form title: String, @Form(.range(1...5)) stars: Int = 3, @File photo: UploadedFile, @File others: [UploadedFile])
    async throws -> String
  {
    "\(title) \(stars) \(photo.filename) \(try photo.bytes().count) \(others.count)"
  }

  @Handler func search(@Query terms: [String], @Query since: Timestamp?, @Query exact: ExactDecimal?, @Query shape: Circle?) async -> [String] {
    terms + [since?.description ?? "-", exact?.text ?? "-", shape.map { "\($0.radius)" } ?? "-"]
  }

  @Handler func maybe(@Body shape: Shape?) async -> Shape? { shape }

  @Handler func countdown() async -> Response {
    .jsonLines([3, 2, 1])
  }

  static func configure(_ plugin: inout Plugin) {
    plugin.inlineHandler("ping") { _ in .json(fixed: "{}") }
    plugin.handler("typed", parameters: [.query("limit", Int.self, .range(1...9))], body: Circle.self, returns: Circle.self, needs: Dependency<Store>("store")) {
      request, circle, store in
      Circle(radius: circle.radius * Double(try request.parameter("limit", in: .query, as: Int.self) ?? 1))
    }
  }
}
