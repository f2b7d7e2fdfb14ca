import GatewayTesting
import Testing

/// The Bookshop in the real gateway with its real configuration, in this process and with a database in memory.
struct BookshopTests {
  @Test func theFirstBookIsThere() async throws {
    try await withBookshop { client in
      let answer = try await client.get("/books/1")
      #expect(answer.status == 200)
      #expect(answer.header("content-type") == "application/json")
      #expect(try answer.json()["title"] == "The Left Hand of Darkness")
    }
  }

  @Test func aCreatedBookCanBeReadAtItsLocation() async throws {
    try await withBookshop { client in
      let created = try await client.post("/books", json: dispossessed)
      #expect(created.status == 201)
      let location = try #require(created.header("location"))
      #expect(try await client.get(location).json() == created.json())
    }
  }

  @Test func anUpdatedBookIsReadAsUpdated() async throws {
    try await withBookshop { client in
      let answer = try await client.put("/books/1", json: dispossessed)
      #expect(answer.status == 200)
      #expect(try await client.get("/books/1").json()["year"] == 1974)
    }
  }

  @Test func aDeletedBookIsGone() async throws {
    try await withBookshop { client in
      let answer = try await client.delete("/books/1")
      #expect(answer.status == 204)
      #expect(answer.body.isEmpty)
      #expect(try await client.get("/books/1").status == 404)
      #expect(try await client.delete("/books/1").status == 404)
    }
  }

  @Test(arguments: ["GET", "PUT", "DELETE"])
  func whoeverMissesABookIsToldAlike(method: String) async throws {
    try await withBookshop { client in
      let answer = try await client.request(method, "/books/9", body: method == "PUT" ? .json(dispossessed) : .none)
      #expect(answer.status == 404)
      #expect(answer.text == #"{"detail":"no book 9","book":9}"#)
    }
  }

  @Test func theDocumentSaysWhatAMissingBookIsAnswered() async throws {
    try await withBookshop { client in
      let document = try await client.get("/openapi.json").json()
      let missing = document["paths"]?["/books/{book_id}"]?["get"]?["responses"]?["404"]
      let schema = missing?["content"]?["application/json"]?["schema"]
      #expect(schema?["$ref"] == "#/components/schemas/MissingBook")
    }
  }

  @Test func listsAreFilteredAndCut() async throws {
    try await withBookshop { client in
      for _ in 1...3 { _ = try await client.post("/books", json: dispossessed) }
      let all = try await client.get("/books").json().array
      #expect(all?.count == 4)
      let page = try await client.get("/books?author=Ursula%20K.%20Le%20Guin&limit=2&offset=1").json().array
      #expect(page?.compactMap { $0["id"] } == [2, 3])
      #expect(try await client.get("/books?author=nobody").text == "[]")
    }
  }

  @Test func everyMistakeOfABookIsTold() async throws {
    try await withBookshop { client in
      let answer = try await client.post("/books", json: #"{"title": "", "year": "old", "price": 1}"#)
      #expect(answer.status == 422)
      let places = try answer.json()["detail"]?.array?.compactMap { $0["loc"] }
      #expect(Set(places ?? []) == [["body", "title"], ["body", "year"], ["body", "author"]])
    }
  }

  @Test func aParameterOutOfRangeIsRefused() async throws {
    try await withBookshop { client in
      let answer = try await client.get("/books?limit=101")
      #expect(answer.status == 422)
      #expect(try await client.get("/books/0").status == 422)
    }
  }

  @Test func pagesOfTheShopMayReadAnswers() async throws {
    try await withBookshop { client in
      let answer = try await client.get("/books/999", headers: ["origin": "https://shop.example"])
      #expect(answer.status == 404)
      #expect(answer.header("access-control-allow-origin") == "https://shop.example")
    }
  }

  @Test func fiftyWritersAtOnceAllGetTheirTurn() async throws {
    try await withBookshop { client in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 1...50 { group.addTask { try await client.post("/books", json: dispossessed).status } }
        for try await status in group { #expect(status == 201) }
      }
      #expect(try await client.get("/books?limit=100").json().array?.count == 51)
    }
  }
}
