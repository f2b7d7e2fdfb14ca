import Foundation
import Glibc
import Testing

/// gateway.yaml as it stands in the repository, with the Bookshop's database in memory.
@Suite(.timeLimit(.minutes(5))) struct ExampleTests {
  private func example() throws -> RunningGateway {
    try RunningGateway(Yaml.example(), environment: ["BOOKSHOP_DATABASE": ":memory:"])
  }

  private let book = #"{"title":"Kindred","author":"Octavia E. Butler","year":1979,"price":12.5}"#

  @Test func booksAreListedCreatedReadChangedAndDeleted() throws {
    let gateway = try example()
    let first = try gateway.ask("/books")
    #expect(first.status == 200)
    #expect(first["content-type"] == "application/json")
    #expect(first.jsonList.map { $0["title"] as? String } == ["The Left Hand of Darkness"])

    let created = try gateway.ask("POST", "/books", fields: [Yaml.key], json: book)
    #expect(created.status == 201)
    #expect(created["location"] == "/books/2")
    #expect(created.json["title"] as? String == "Kindred")

    let read = try gateway.ask("/books/2")
    #expect(read.status == 200)
    #expect(read.json["price"] as? Double == 12.5)
    #expect(try gateway.ask("/books?author=Octavia%20E.+Butler&limit=1").jsonList.count == 1)
    #expect(try gateway.ask("/books?offset=2").jsonList.isEmpty)

    let changed = try gateway.ask("PUT", "/books/2", fields: [Yaml.key], json: book.replacingOccurrences(of: "12.5", with: "8"))
    #expect(changed.status == 200)
    #expect(try gateway.ask("/books/2").json["price"] as? Double == 8)

    let deleted = try gateway.ask("DELETE", "/books/2", fields: [Yaml.key])
    #expect(deleted.status == 204)
    #expect(deleted["content-length"] == nil)
    for method in ["GET", "DELETE"] {
      let missing = try gateway.ask(method, "/books/2", fields: [Yaml.key])
      #expect(missing.status == 404)
      #expect(missing.text == #"{"detail":"no book 2","book":2}"#)
    }
    #expect(try gateway.ask("PUT", "/books/2", fields: [Yaml.key], json: book).status == 404)
    // Nobody holds the writing session after an error.
    #expect(try gateway.ask("POST", "/books", fields: [Yaml.key], json: book).status == 201)
    #expect(gateway.stop().code == 0)
  }

  @Test func whatDoesNotFitIsAnswered422WithEveryViolation() throws {
    let gateway = try example()
    let answer = try gateway.ask("POST", "/books", fields: [Yaml.key], json: #"{"title":"","year":1200,"price":"x","isbn":1}"#)
    #expect(answer.status == 422)
    let details = answer.json["detail"] as? [[String: Any]] ?? []
    let places = details.compactMap { $0["loc"] as? [String] }.map { $0.joined(separator: ".") }
    #expect(Set(places) == ["body.title", "body.author", "body.year", "body.price", "body.isbn"])
    for detail in details {
      #expect(detail["type"] is String)
      #expect(detail["msg"] is String)
      #expect(detail.keys.contains("input"))
    }

    let query = try gateway.ask("/books?limit=0&offset=x&author=")
    #expect(query.status == 422)
    let found = (query.json["detail"] as? [[String: Any]] ?? []).compactMap { $0["loc"] as? [String] }
    #expect(Set(found) == [["query", "limit"], ["query", "offset"], ["query", "author"]])

    let path = try gateway.ask("/books/nine")
    #expect(path.status == 422)
    #expect(path.text.contains(#""loc":["path","book_id"]"#))

    let broken = try gateway.ask("POST", "/books", fields: [Yaml.key], json: #"{"title":"#)
    #expect(broken.status == 422)
    #expect(broken.text.contains(#""type":"json_invalid""#))
    #expect(try gateway.ask("POST", "/books", fields: [Yaml.key], json: "").status == 422)
    #expect(try gateway.ask("/books").jsonList.count == 1)
  }

  @Test func whoHasNoKeyIsAnsweredBeforeTheBodyIsThere() throws {
    let gateway = try example()
    for (field, challenge) in [
      ("x-none: 1", "Bearer"), ("authorization: Basic open-sesame", "Bearer"),
      ("authorization: Bearer open-sesam", #"Bearer error="invalid_token""#),
    ] {
      // The body is announced and never sent.
      let head = "POST /books HTTP/1.1\r\nhost: a\r\n\(field)\r\ncontent-length: 90\r\n\r\n"
      let wire = try gateway.connect()
      try wire.send(Array(head.utf8))
      let answer = try wire.answer()
      #expect(answer.status == 401)
      #expect(answer["www-authenticate"] == challenge)
      #expect(answer.text == #"{"detail":"Not authenticated"}"#)
    }
    // Reading needs none.
    #expect(try gateway.ask("/books/1").status == 200)
    let ended = gateway.stop()
    #expect(ended.code == 0)
    #expect(!(ended.log.map { "\($0)" } + ended.output).contains { $0.contains("open-sesam") })
  }

  @Test func anAddedBookIsCountedBehindItsAnswer() throws {
    let gateway = try example()
    let created = try gateway.ask("POST", "/books", fields: [Yaml.key], json: book)
    #expect(created.status == 201)
    let line = try #require(gateway.event("stock taken"))
    #expect(line["books"] == "2")
    #expect(line["request_id"] == created["x-request-id"])
    #expect(line["plugin"] == "bookshop")
  }

  @Test func theShopTellsHowLongItTook() throws {
    let field = try example().ask("/books")["server-timing"]
    #expect(field?.wholeMatch(of: /shop;dur=[0-9]+\.[0-9]{1,3}/) != nil, "\(field ?? "none")")
  }

  @Test func aBodyOfAnotherTypeIsAnswered415() throws {
    let gateway = try example()
    let answer = try gateway.ask("POST", "/books", fields: [Yaml.key, "content-type: text/plain"], body: Array(book.utf8))
    #expect(answer.status == 415)
    #expect(try gateway.ask("/books").jsonList.count == 1)
  }

  @Test func methodsThatNoRouteTakesAreAnsweredForThePath() throws {
    let gateway = try example()
    let refused = try gateway.ask("PATCH", "/books/1")
    #expect(refused.status == 405)
    let allowed = Set((refused["allow"] ?? "").components(separatedBy: ", "))
    #expect(allowed == ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])

    let options = try gateway.ask("OPTIONS", "/books")
    #expect(options.status == 204)
    #expect(Set((options["allow"] ?? "").components(separatedBy: ", ")) == ["GET", "HEAD", "POST", "OPTIONS"])

    let wire = try gateway.connect()
    let full = try wire.ask("/books/1")
    let head = try wire.ask("HEAD", "/books/1")
    #expect(head.status == 200)
    #expect(head["content-length"] == full["content-length"])
    // Had the answer to HEAD carried a body, this one would begin in it.
    #expect(try wire.ask("/hello").text == #"{"hello":"world"}"#)
  }

  @Test func preflightsAndForeignOriginsGetTheirAnswers() throws {
    let gateway = try example()
    let asked = [
      "origin: https://shop.example", "access-control-request-method: PUT",
      "access-control-request-headers: authorization, content-type",
    ]
    let preflight = try gateway.ask("OPTIONS", "/books/1", fields: asked)
    #expect([200, 204].contains(preflight.status))
    #expect(preflight["access-control-allow-origin"] == "https://shop.example")
    #expect(preflight["access-control-allow-methods"]?.contains("PUT") == true)
    #expect(preflight["access-control-allow-headers"]?.lowercased().contains("content-type") == true)
    #expect(preflight["access-control-allow-headers"]?.lowercased().contains("authorization") == true)

    let simple = try gateway.ask("/books", fields: ["origin: https://shop.example"])
    #expect(simple["access-control-allow-origin"] == "https://shop.example")
    let foreign = try gateway.ask("/books", fields: ["origin: https://evil.example"])
    #expect(foreign["access-control-allow-origin"] == nil)
    #expect(foreign["vary"]?.lowercased().contains("origin") == true)
    // Errors carry the policies too, or a script could not read them.
    let error = try gateway.ask("/books/x", fields: ["origin: https://shop.example"])
    #expect(error.status == 422)
    #expect(error["access-control-allow-origin"] == "https://shop.example")
  }

  @Test func theGatewayAnswersByItself() throws {
    let gateway = try example()
    let health = try gateway.ask("/healthz")
    #expect(health.status == 200)
    #expect(health["content-type"] == "application/json")
    #expect(health.json["status"] as? String == "ok")

    // As soon as the plugins have said so.
    while try gateway.ask("/healthz/ready").text != #"{"status":"ready"}"# { sched_yield() }

    let redirect = try gateway.ask("/catalogue/7?page=2")
    #expect(redirect.status == 308)
    #expect(redirect["location"] == "/books/7?page=2")

    let missing = try gateway.ask("/nowhere")
    #expect(missing.status == 404)
    #expect(missing.text == #"{"detail":"Not Found"}"#)
    for answer in [health, redirect, missing] {
      #expect(answer["x-content-type-options"] == "nosniff")
      #expect(answer["x-request-id"]?.isEmpty == false)
      #expect(answer["date"] != nil)
    }
  }

  @Test func handlersOfEachKindAnswer() throws {
    let gateway = try example()
    let wire = try gateway.connect()
    #expect(try wire.ask("/about").json["name"] as? String == "bookshop")
    #expect(try wire.ask("/hello").text == #"{"hello":"world"}"#)
    #expect(try wire.ask("/shout/gr%C3%BC%C3%9F%20dich%2Fwelt").text == "GRÜSS DICH/WELT!")
    let echo = try wire.ask("POST", "/echo", body: Array("as it is".utf8))
    #expect(echo.text == "as it is")
    #expect(echo["x-method"] == "POST")
  }

  @Test func theStandInForTheBackEndIsAConfigurationThatFits() throws {
    let yaml = try String(
      contentsOfFile: "\(RunningGateway.repository)/Plugins/Bookshop/stock.yaml", encoding: .utf8)
    let checked = try RunningGateway.command("check", yaml: yaml)
    #expect(checked.code == 0, "\(checked.errors)")
  }
}
