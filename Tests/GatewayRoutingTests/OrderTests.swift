import GatewayHTTP
import Testing

@testable import GatewayRouting

@Suite struct OrderTests {
  @Test func routesAreListedInMatchingOrder() throws {
    let routes = [
      "GET /a", "GET /a/{x:uuid}", "GET /a/v{x}", "GET /a/{x:int}", "GET /a/{x:float}", "GET h.example/a/{x}",
      "GET *.b.example/a/{x}", "GET *.example/a/{x}", "GET /a/{x} !2", "HEAD /a/{x}", "GET /a/{x}", "GET /a/*x",
      "GET /b",
    ]
    var builder = RouteTable.Builder()
    for (index, route) in routes.enumerated().reversed() { try addRoute(&builder, route, index: index) }
    let order = builder.build().0.orderedRoutes()
    #expect(order.first == 0)
    #expect(order == [0, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  }

  @Test func anExplanationSaysWhyEachCandidateLost() throws {
    let routes = try table(
      "GET /a/{x}", "GET /a/b", "POST /a/b !1", "GET h.example/a/b", "GET i.example/a/b", "GET /a/b !-1", "GET /c",
      "GET /*r")
    let why = routes.explain(method: .get, host: "h.example:80", path: "/a/b")
    #expect(why.match == .route(3))
    #expect(
      why.candidates == [
        RouteCandidate(route: 3, outcome: .selected),
        RouteCandidate(route: 4, outcome: .hostMismatch),
        RouteCandidate(route: 2, outcome: .methodMismatch(accepts: .of(.post))),
        RouteCandidate(route: 1, outcome: .outranked(by: 3, because: .host)),
        RouteCandidate(route: 5, outcome: .outranked(by: 3, because: .host)),
        RouteCandidate(route: 0, outcome: .outranked(by: 3, because: .path(segment: 1))),
        RouteCandidate(route: 7, outcome: .outranked(by: 3, because: .path(segment: 0))),
      ])
    let priority = routes.explain(method: .get, host: "", path: "/a/b").candidates
    #expect(priority.contains(RouteCandidate(route: 5, outcome: .outranked(by: 1, because: .priority))))
  }

  @Test func whereNoPathMatchesTheClosestRoutesAreShown() throws {
    let routes = try table("GET /a/b/c", "GET /a/b/{x:int}/d", "GET /x", "GET /a/c")
    let why = routes.explain(method: .get, host: "", path: "/a/b/x", nearest: 2)
    #expect(why.match == .notFound)
    #expect(
      why.candidates == [
        RouteCandidate(route: 0, outcome: .pathMismatch(segment: 2)),
        RouteCandidate(route: 1, outcome: .pathMismatch(segment: 2)),
      ])
    #expect(
      routes.explain(method: .get, host: "", path: "/a/b/c/d").candidates.first
        == RouteCandidate(route: 0, outcome: .pathMismatch(segment: 3)))
  }
}
