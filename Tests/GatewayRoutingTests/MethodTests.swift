import GatewayHTTP
import Testing

@testable import GatewayRouting

@Suite struct MethodTests {
  @Test func wrongMethodNamesEveryMethodOfThePath() throws {
    let routes = try table("GET /a/b", "POST /a/{x}", "DELETE /{rest:path}", "PUT /a/c", "PATCH other.example/a/b")
    #expect(routes.find(.put, "/a/b").result == .methodNotAllowed(.of(.get, .head, .post, .delete, .options)))
    #expect(routes.find(.put, "/x").result == .methodNotAllowed(.of(.delete, .options)))
    #expect(
      routes.find(.put, "/a/b", host: "other.example").result
        == .methodNotAllowed(.of(.get, .head, .post, .delete, .patch, .options)))
  }

  @Test func anotherMethodIsLookedForInLessSpecificRoutes() throws {
    let routes = try table("GET /a/b", "POST /a/{x}")
    #expect(routes.find(.post, "/a/b") == matched(1, "b"))
  }

  @Test func headGoesToTheGetRoute() throws {
    let routes = try table("GET /a", "GET /b", "HEAD /b", "POST /c", "HEAD /{x}")
    #expect(routes.route(.head, "/a") == 0)
    #expect(routes.route(.head, "/b") == 2)
    #expect(routes.route(.get, "/b") == 1)
    #expect(routes.route(.head, "/c") == 4)
  }

  @Test func headFollowsPriorityBeforeItFollowsTheNameOfTheMethod() throws {
    let (routes, conflicts) = try build(["HEAD /a", "GET /a !1"])
    #expect(routes.route(.head, "/a") == 1)
    #expect(conflicts.map(\.kind) == [.shadowed])
  }

  @Test func routeWithoutMethodsTakesAll() throws {
    let routes = try table("ANY /a", "GET /a !1")
    #expect(routes.route(.get, "/a") == 1)
    #expect(routes.route(.head, "/a") == 1)
    #expect(routes.route(.post, "/a") == 0)
    #expect(routes.route(.other, "/a") == 0)
    #expect(routes.route(.options, "/a") == 0)
  }

  @Test func optionsOfARouteGoesFirst() throws {
    let routes = try table("GET /a", "OPTIONS /a", "GET /b")
    #expect(routes.route(.options, "/a") == 1)
    #expect(routes.find(.options, "/b").result == .methodNotAllowed(.of(.get, .head, .options)))
  }

  @Test func unknownMethodIsNotAllowedOnAKnownPath() throws {
    let routes = try table("GET /a")
    #expect(routes.find(.other, "/a").result == .methodNotAllowed(.of(.get, .head, .options)))
    #expect(routes.find(.other, "/b").result == .notFound)
  }
}
