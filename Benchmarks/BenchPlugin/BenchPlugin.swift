import GatewayPlugin

/// The benchmark's plugin: one handler for each way to run, all with the same 90 bytes.
///
/// What is measured is the way into a handler and back, so the handlers do no work of their own. Each reads the
/// validated input, so that none of that way can be left out.
@Plugin("bench", version: "1.0.0")
struct Bench {
  static func configure(_ plugin: inout Plugin) {
    plugin.inlineHandler("inline") { request in try book(request) }
    plugin.handler("async") { request in try book(request) }
    plugin.handler("background") { request in
      try request.background().add("count") {}
      return try book(request)
    }
    plugin.blockingHandler("blocking") { request in try book(request) }
    plugin.handler("create") { request in
      guard request.withBody({ !$0.isEmpty }) else { throw HTTPError(500, detail: "the route declares no body") }
      return answer
    }
    declareDependencies(&plugin)
    // Each sees the request and the answer, and changes nothing.
    plugin.policy("around") { request, next in try await next(request) }
    plugin.policy("hooks", config: NoConfig.self, state: { _ in 0 }) { _, _ in nil } onResponse: { _, _ in }
    plugin.inlinePolicy("inlineHooks", config: NoConfig.self, state: { _ in 0 }) { _, _ in nil } onResponse: { _, _ in }
  }

  /// The graphs of Configurations/fastapi_app.py: nothing waits and nothing works, so that only the wiring is measured.
  private static func declareDependencies(_ plugin: inout Plugin) {
    plugin.provider("store", scope: .app) { _ in Store() }
    plugin.provider("session", needs: Dependency<Store>("store")) { _, store in
      Session(store: store)
    } teardown: { session, outcome in
      session.end(outcome)
    }
    plugin.handler("withSession", needs: Dependency<Session>("session"), Dependency<Store>("store")) {
      request, session, store in
      guard session.store === store else { throw HTTPError(500, detail: "wired wrongly") }
      return try book(request)
    }
    plugin.provider("first") { _ in Link(depth: 1) }
    plugin.provider("next", needs: Dependency<Link>("previous")) { _, previous in Link(depth: previous.depth + 1) }
    plugin.handler("withChain", needs: Dependency<Link>("last")) { request, last in
      guard last.depth == 10 else { throw HTTPError(500, detail: "wired wrongly") }
      return try book(request)
    }
  }

  /// The typed way: the body becomes a struct, and a struct becomes those same bytes.
  @Handler func createTyped(@Body book: NewBook) async throws -> Book {
    Book(id: 42, title: book.title, author: book.author, inStock: true)
  }
}

@Schema
struct NoConfig {}

final class Store: Sendable {}

final class Session: Sendable {
  let store: Store
  init(store: Store) { self.store = store }
  func end(_ outcome: Outcome) {}
}

struct Link: Sendable {
  let depth: Int
}

/// The fields and bounds of Configurations/fastapi_app.py and of the Hummingbird peer.
@Schema(closed: true)
struct NewBook {
  @Field(.minLength(1), .maxLength(200)) var title: String
  @Field(.minLength(1)) var author: String
  @Field(.range(1450...2100)) var year: Int
  @Field(.exclusiveMinimum(0)) var price: Double
  @Field(.maxItems(10)) var tags: [String] = []
}

@Schema
struct Book {
  var id: Int
  var title: String
  var author: String
  @Field(.alias("in_stock")) var inStock: Bool
}

private func book(_ request: borrowing Request) throws -> Response {
  guard request.integer("book_id") != nil else { throw HTTPError(500, detail: "the route declares no book_id") }
  return answer
}

private var answer: Response {
  .json(
    fixed: #"{"id":42,"title":"The Left Hand of Darkness","author":"Ursula K. Le Guin","in_stock":true}"#)
}
