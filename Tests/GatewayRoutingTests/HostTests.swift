import GatewayHTTP
import Testing

@testable import GatewayRouting

@Suite struct HostTests {
  @Test func exactHostBeatsLongerWildcardBeatsShorterBeatsNone() throws {
    let routes = try table(
      "GET /a", "GET *.example/a", "GET *.shop.example/a", "GET eu.shop.example/a", "GET shop.example/a")
    #expect(routes.route(.get, "/a", host: "eu.shop.example") == 3)
    #expect(routes.route(.get, "/a", host: "us.shop.example") == 2)
    #expect(routes.route(.get, "/a", host: "a.us.shop.example") == 2)
    #expect(routes.route(.get, "/a", host: "shop.example") == 4)
    #expect(routes.route(.get, "/a", host: "b.example") == 1)
    #expect(routes.route(.get, "/a", host: "example") == 0)
    #expect(routes.route(.get, "/a", host: "xexample") == 0)
    #expect(routes.route(.get, "/a", host: "") == 0)
  }

  @Test(arguments: ["Shop.EXAMPLE", "shop.example:8080", "shop.example.", "shop.example.:80"])
  func caseAndPortAndTrailingDotDoNotMatter(host: String) throws {
    #expect(try table("GET Shop.Example/a").route(.get, "/a", host: host) == 0)
  }

  @Test(arguments: [
    "shop.example.evil", "evil-shop.example", "a.shop.example", ".shop.example", "shop.example..", "shop",
    "[shop.example]",
    "shop.example\0", "",
  ])
  func otherHostsDoNotMatch(host: String) throws {
    #expect(try table("GET shop.example/a").route(.get, "/a", host: host) == nil)
  }

  @Test func wildcardNeedsALabel() throws {
    let routes = try table("GET *.shop.example/a")
    #expect(routes.route(.get, "/a", host: "shop.example") == nil)
    #expect(routes.route(.get, "/a", host: ".shop.example") == nil)
    #expect(routes.route(.get, "/a", host: "a.shop.example") == 0)
  }

  @Test func addressesAreComparedAsAddresses() throws {
    let routes = try table("GET [::1]/a", "GET 127.0.0.1/a")
    for host in ["[::1]", "[::1]:80", "[0:0:0:0:0:0:0:1]", "[0000::0001]:1"] {
      #expect(routes.route(.get, "/a", host: host) == 0)
    }
    #expect(routes.route(.get, "/a", host: "127.0.0.1:80") == 1)
    for host in ["[::2]", "[::1", "::1", "[]", "["] { #expect(routes.route(.get, "/a", host: host) == nil) }
  }

  @Test func pathComesBeforeHost() throws {
    let routes = try table("GET shop.example/{x}", "GET /a")
    #expect(routes.route(.get, "/a", host: "shop.example") == 1)
    #expect(routes.route(.get, "/b", host: "shop.example") == 0)
  }

  @Test func widerHostsAreTriedForOtherMethods() throws {
    let routes = try table("GET eu.shop.example/a", "POST *.shop.example/a", "PUT *.example/a", "DELETE /a")
    #expect(routes.route(.post, "/a", host: "eu.shop.example") == 1)
    #expect(routes.route(.put, "/a", host: "eu.shop.example") == 2)
    #expect(routes.route(.delete, "/a", host: "eu.shop.example") == 3)
    #expect(
      routes.find(.patch, "/a", host: "us.shop.example").result
        == .methodNotAllowed(.of(.post, .put, .delete, .options)))
  }

  @Test func anOverlongHostMatchesNoPattern() throws {
    let routes = try table("GET *.example/a", "GET /a")
    let long = String(repeating: "a.", count: 4000) + "example"
    #expect(routes.route(.get, "/a", host: long) == 1)
  }
}
