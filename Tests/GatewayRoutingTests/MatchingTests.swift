import GatewayHTTP
import Testing

@testable import GatewayRouting

@Suite struct MatchingTests {
  @Test func literalBeatsConstrainedBeatsParameterBeatsRest() throws {
    let routes = try table(
      "GET /{rest:path}", "GET /{x}", "GET /{x:int}", "GET /v{x}", "GET /7", "GET /{x:uuid}", "GET /{x:float}")
    #expect(routes.find(.get, "/7") == matched(4))
    #expect(routes.find(.get, "/8") == matched(2, "8"))
    #expect(routes.find(.get, "/8.5") == matched(6, "8.5"))
    #expect(routes.find(.get, "/v8") == matched(3, "8"))
    #expect(routes.find(.get, "/v") == matched(1, "v"))
    #expect(routes.find(.get, "/x") == matched(1, "x"))
    #expect(routes.find(.get, "/x/y") == matched(0, "x/y"))
    #expect(routes.find(.get, "/") == matched(0, ""))
    let digits = String(repeating: "1", count: 32)
    #expect(routes.find(.get, "/" + digits) == matched(5, digits))
  }

  @Test func orderOfRoutesDoesNotMatter() throws {
    for routes in [["GET /books/featured", "GET /books/{id}"], ["GET /books/{id}", "GET /books/featured"]] {
      let (table, conflicts) = try build(routes)
      #expect(conflicts.isEmpty)
      #expect(table.route(.get, "/books/featured") == routes.firstIndex(of: "GET /books/featured"))
      #expect(table.route(.get, "/books/7") == routes.firstIndex(of: "GET /books/{id}"))
    }
  }

  @Test func aDeadEndIsLeftForTheNextBestRoute() throws {
    let routes = try table("GET /a/{x}/c", "GET /a/b/d", "GET /a/{x:int}/e", "GET /{rest:path}")
    #expect(routes.find(.get, "/a/b/c") == matched(0, "b"))
    #expect(routes.find(.get, "/a/b/d") == matched(1))
    #expect(routes.find(.get, "/a/1/c") == matched(0, "1"))
    #expect(routes.find(.get, "/a/1/e") == matched(2, "1"))
    #expect(routes.find(.get, "/a/b/e") == matched(3, "a/b/e"))
    #expect(routes.find(.get, "/a/b/c/") == matched(3, "a/b/c/"))
  }

  @Test func trailingSlashIsADifferentPath() throws {
    let routes = try table("GET /a", "GET /b/", "GET /c/{x}", "GET /")
    #expect(routes.route(.get, "/a") == 0)
    #expect(routes.route(.get, "/a/") == nil)
    #expect(routes.route(.get, "/b") == nil)
    #expect(routes.route(.get, "/b/") == 1)
    #expect(routes.route(.get, "/c/") == nil)
    #expect(routes.route(.get, "/") == 3)
    #expect(routes.route(.get, "//") == nil)
  }

  @Test func restTakesEverythingBelowItsSlash() throws {
    let routes = try table("GET /files/*rest", "GET /files/a")
    #expect(routes.find(.get, "/files").result == .notFound)
    #expect(routes.find(.get, "/files/") == matched(0, ""))
    #expect(routes.find(.get, "/files/a") == matched(1))
    #expect(routes.find(.get, "/files/a/") == matched(0, "a/"))
    #expect(routes.find(.get, "/files//x%2Fy/") == matched(0, "/x%2Fy/"))
  }

  @Test func pathsAreComparedAsTheyAreWritten() throws {
    let routes = try table("GET /Straße/%7bx%7D", "GET /a%2fb", "GET /a/b")
    #expect(routes.route(.get, "/Stra%C3%9Fe/%7Bx%7D") == 0)
    #expect(routes.route(.get, "/stra%C3%9Fe/%7Bx%7D") == nil)
    #expect(routes.route(.get, "/a%2Fb") == 1)
    #expect(routes.route(.get, "/a/b") == 2)
  }

  @Test(
    arguments: [
      ("/from-{a}-to-{b}", "/from-x-to-y", ["x", "y"]), ("/from-{a}-to-{b}", "/from-x-to-y-to-z", ["x-to-y", "z"]),
      ("/from-{a}-to-{b}", "/from--to-", nil), ("/from-{a}-to-{b}", "/from-x-to-", nil),
      ("/from-{a}-to-{b}", "/from--to--to-b", ["-to-", "b"]),
      ("/{name}.{ext}", "/archive.tar.gz", ["archive.tar", "gz"]), ("/{name}.{ext}", "/.a", nil),
      ("/{name}.{ext}", "/..a", [".", "a"]), ("/{name}.{ext}", "/a.", nil), ("/{name}.{ext}", "/a/b.c", nil),
      ("/{a:int}-{b}", "/1-2-3", ["1", "2-3"]), ("/{a}-{b:int}", "/1-2-3", ["1-2", "3"]),
      ("/{a}-{b:int}", "/x-1-y", nil), ("/{a}-{b:int}-{c}", "/a-1-2-b", ["a-1", "2", "b"]),
      ("/{a}-{b:int}-{c}", "/a-1-2-b-c", ["a-1", "2", "b-c"]), ("/{a}-{b:int}-{c}", "/-1-", nil),
      ("/{v:float}.json", "/1.5.json", ["1.5"]), ("/{v:float}.json", "/1.json", ["1"]), ("/{v:float}.", "/1.", ["1"]),
      ("/{v:float}", "/1.", nil), ("/{v:float}", "/.5", nil), ("/{v:float}", "/-1", nil), ("/{v:int}", "/", nil),
      ("/{v:int}", "/1x", nil), ("/{v:int}", "/%31", nil),
      ("/{u:uuid}", "/00112233-4455-6677-8899-aabbccddeeff", ["00112233-4455-6677-8899-aabbccddeeff"]),
      ("/{u:uuid}", "/00112233445566778899AABBCCDDEEFF", ["00112233445566778899AABBCCDDEEFF"]),
      ("/{u:uuid}", "/001122334-455-6677-8899-aabbccddeeff", nil),
      ("/{u:uuid}", "/00112233-4455-6677-8899-aabbccddeef", nil),
      ("/{u:uuid}", "/00112233-4455-6677-8899-aabbccddeeff0", nil),
      ("/{u:uuid}", "/00112233-4455-6677-8899-aabbccddeefg", nil),
      (
        "/{u:uuid}-{v:uuid}", "/00112233445566778899aabbccddeeff-00112233445566778899aabbccddeeff",
        ["00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff"]
      ),
      ("/v{major:int}.{minor:int}", "/v1.20", ["1", "20"]),
      // The 2 and F of %2F are not themselves.
      ("/{a}2{b}", "/x%2Fy", nil), ("/{a}2{b}", "/x%2F2y", ["x%2F", "y"]), ("/{a}F", "/x%2F", nil),
      ("/{a}%2F{b}", "/x%2Fy", ["x", "y"]),
    ] as [(String, String, [String]?)])
  func severalParametersInOneSegment(pattern: String, path: String, captures: [String]?) throws {
    let found = try table("GET \(pattern)").find(.get, path)
    #expect(found == Matched(result: captures == nil ? .notFound : .route(0), captures: captures ?? []))
  }

  @Test func shapesWithMoreTextGoFirst() throws {
    let routes = try table("GET /{a}-{b}", "GET /{a}-x-{b}", "GET /{a}-{b:int}", "GET /{a:int}-{b:int}")
    #expect(routes.route(.get, "/a-x-b") == 1)
    #expect(routes.route(.get, "/a-b") == 0)
    #expect(routes.route(.get, "/a-1") == 2)
    #expect(routes.route(.get, "/1-1") == 3)
  }

  @Test func priorityDecidesBetweenShapesOfEqualRank() throws {
    let (routes, conflicts) = try build([
      "GET /{a}-{b}/x", "GET /{a}.{b}/{c} !1", "GET /{a}.{b}/x !1", "GET /{a}_{b}/x",
    ])
    #expect(conflicts.map(\.routes) == [[0, 3]])
    // Path first: /x is more specific than /{c}. Then priority.
    #expect(routes.route(.get, "/p-q.r/x") == 2)
    #expect(routes.route(.get, "/p-q.r/y") == 1)
  }

  @Test func somethingThatIsNoPathIsNotFound() throws {
    let routes = try table("ANY /{rest:path}", "ANY /")
    for path in ["", "*", "x", "shop.example:443"] { #expect(routes.find(.options, path).result == .notFound) }
    #expect(RouteTable().find(.get, "/").result == .notFound)
    #expect(RouteTable().find(.get, "").result == .notFound)
  }

  @Test func capturesOfTheRequestBeforeAreForgotten() throws {
    let routes = try table("GET /a/{x}", "GET /b")
    var captures = [ByteRange(start: 1, count: 1)]
    _ = Array("/b".utf8).withUnsafeBytes {
      routes.match(host: UnsafeRawBufferPointer(start: nil, count: 0), method: .get, path: $0, captures: &captures)
    }
    #expect(captures.isEmpty)
  }

  @Test func everyLengthOfSegmentIsFound() throws {
    let names = (1...40).map { String(repeating: "abcdefgh", count: 6).prefix($0) }
    let routes = try build(names.map { "GET /\($0)/\($0)" }).0
    for (i, name) in names.enumerated() {
      #expect(routes.route(.get, "/\(name)/\(name)") == i)
      #expect(routes.route(.get, "/\(name)/\(name)x") == nil)
      #expect(routes.route(.get, "/\(name)") == nil)
    }
  }
}
