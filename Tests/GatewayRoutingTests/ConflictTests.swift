import GatewayHTTP
import Testing

@testable import GatewayRouting

@Suite struct ConflictTests {
  @Test(arguments: [
    ["GET /a/{x}", "GET /a/{y}"], ["GET /a", "GET,POST /a"], ["ANY /a", "GET /a"],
    ["GET h.example/a", "GET H.EXAMPLE./a"],
    ["GET /{a}-{b}", "GET /{a}.{b}"], ["GET /{a:int}-{b}", "GET /{a}-{b:int}"], ["GET /a/*x", "GET /a/{y:path}"],
    ["GET /x{a}", "GET /{a}x"], ["GET /caf%c3%a9", "GET /café"], ["ANY /a", "ANY /a"], ["HEAD /a", "HEAD,GET /a"],
    ["GET /{a}-{b}/{c}.{d}", "GET /{a}-{b}/{c}-{d}"], ["GET /a !5", "GET /a !5"], ["ANY /a", "OPTIONS /a"],
  ])
  func routesThatMatchTheSameRequestsTie(routes: [String]) throws {
    let conflicts = try build(routes).1
    #expect(conflicts.map(\.kind) == [.tie])
    #expect(conflicts.first.map { Set($0.routes) } == [0, 1])
    #expect(conflicts.first?.severity == .error)
    #expect(conflicts.first?.explanation.contains("another priority") == true)
  }

  @Test(arguments: [
    ["GET /a/{x}", "POST /a/{y}"], ["GET /a", "HEAD /a"], ["GET /a", "GET /b"], ["GET /a", "GET /a/"],
    ["GET h.example/a", "GET /a"], ["GET *.example/a", "GET h.example/a"], ["GET h.example/a", "GET i.example/a"],
    ["GET /x{a}", "GET /y{a}"], ["GET /{a}x", "GET /{a}y"], ["GET /{a:int}-{b:int}", "GET /{a:int}.{b:int}"],
    ["GET /{a}", "GET /{a:int}"], ["ANY /a", "HEAD /a"], ["GET /a/*x", "GET /a/{x}"],
    ["GET /{a}-{b}/c", "GET /{a}.{b}/d"],
    ["GET /{a}-{b}/{c}", "GET /{a}.{b}/d"], ["GET /{a}-{b} !1", "GET /{a}.{b}"], ["GET /{a:int}-x", "GET /{a:uuid}.x"],
  ])
  func routesThatDifferDoNotTie(routes: [String]) throws {
    #expect(try build(routes).1 == [])
  }

  @Test func manyEqualRoutesGiveOneFindingEach() throws {
    let conflicts = try build(Array(repeating: "GET /a", count: 50)).1
    #expect(conflicts.count == 49)
    #expect(conflicts.allSatisfy { $0.kind == .tie && $0.routes[0] == 0 })
  }

  @Test func aRouteThatNeverGetsARequestIsAWarning() throws {
    let (_, conflicts) = try build(["GET /a", "GET /a !1", "POST /a", "ANY /a !-1", "GET,POST /a !-2"])
    #expect(conflicts.map(\.kind) == [.shadowed, .shadowed])
    #expect(conflicts.map(\.routes) == [[0, 1], [4, 1, 2]])
    #expect(conflicts.allSatisfy { $0.severity == .warning })
    #expect(conflicts[0].explanation.contains("GET /a never gets a request"))
  }

  @Test func aRouteOfAWiderHostIsNotShadowed() throws {
    #expect(try build(["GET /a", "GET h.example/a !9"]).1 == [])
  }
}

@Suite struct BoundTests {
  /// All combinations of `a` and a parameter in each of `depth` segments: each request's walk may branch everywhere.
  private func adversarial(depth: Int) throws -> (RouteTable, [RouteConflict]) {
    try build(
      (0..<(1 << depth)).map { bits in
        "GET " + (0..<depth).map { bits >> $0 & 1 == 0 ? "/a" : "/{p\($0)}" }.joined() + "/end"
      })
  }

  @Test func theBoundOfAnAdversarialTableIsKnownAndSmallEnough() throws {
    let (table, conflicts) = try adversarial(depth: 10)
    #expect(conflicts.isEmpty)
    #expect(table.worstCaseSteps <= RouteTable.Builder.maximumSteps)
    #expect(table.route(.get, String(repeating: "/a", count: 10) + "/end") != nil)
    #expect(table.find(.get, String(repeating: "/a", count: 10) + "/no").result == .notFound)
    #expect(table.find(.get, String(repeating: "/a", count: 5_000)).result == .notFound)
  }

  @Test func aTableThatCouldCostTooMuchIsAnError() throws {
    let (table, conflicts) = try adversarial(depth: 13)
    #expect(table.worstCaseSteps > RouteTable.Builder.maximumSteps)
    #expect(conflicts.count == 1)
    #expect(conflicts.first?.severity == .error)
    #expect(conflicts.first?.explanation.contains("overlap") == true)
  }

  @Test func ordinaryTablesNeedFewSteps() throws {
    let routes = (0..<500).flatMap { i in
      ["GET /r\(i)", "POST /r\(i)", "GET /r\(i)/{id}", "GET /r\(i)/{id}/parts/{part}", "GET /r\(i)/{id}/parts/all"]
    }
    let (table, conflicts) = try build(routes)
    #expect(conflicts.isEmpty)
    #expect(table.worstCaseSteps < 10)
    #expect(table.route(.get, "/r499/7/parts/all") == routes.count - 1)
  }

  @Test func longSegmentsAreReadInLinearTime() throws {
    // Would take 10¹⁰ steps and more if places were tried again and again.
    let routes = try table("GET /{a}-{b}-{c}-{d}-{e}-{f}-x", "GET /{a}1-{b:int}-{c:int}", "GET /q{a:int}-1x")
    for unit in ["-", "1-", "1", "-1"] {
      #expect(routes.route(.get, "/" + String(repeating: unit, count: 100_000) + "!") == nil)
    }
  }

  @Test func deepPathsDoNotDeepenTheWalk() throws {
    let routes = try table("GET /{rest:path}", "GET /{a}/{b}/{c}/{d}")
    #expect(routes.route(.get, String(repeating: "/a", count: 200_000)) == 0)
    #expect(routes.route(.get, String(repeating: "/", count: 200_000)) == 0)
  }
}
