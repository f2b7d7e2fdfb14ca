import GatewayHTTP
import GatewayPolicies
import Testing

@Suite struct TrustedHostsPolicyTests {
  private func status(_ hosts: [String], _ host: String) throws -> UInt16? {
    statusAfter(try TrustedHostsPolicy(hosts), makeContext(host: host))
  }

  @Test(arguments: [
    "shop.example", "SHOP.example", "shop.example:8080", "shop.example.", "shop.example.:80", "a.cdn.example",
    "a.b.cdn.example:1", "A.CDN.Example", "[2001:db8::1]", "[2001:DB8:0::1]:443", "192.0.2.1:80",
  ])
  func aListedHostPasses(host: String) throws {
    #expect(try status(["Shop.Example", "*.cdn.example", "[2001:db8::1]", "192.0.2.1"], host) == nil)
  }

  @Test(arguments: [
    "", ":80", "evil.test", "shop.example.evil.test", "evilshop.example", "cdn.example", ".cdn.example",
    "evilcdn.example",
    "[2001:db8::2]", "[2001:db8::1", "2001:db8::1", "192.0.2.11", "shop.example..", "shop", "*.cdn.example/x",
  ])
  func anyOtherHostIsRefused(host: String) throws {
    #expect(try status(["shop.example", "*.cdn.example", "[2001:db8::1]", "192.0.2.1"], host) == 400)
  }

  @Test func aStarTrustsEveryHost() throws {
    #expect(try status(["*"], "anything.test") == nil)
    #expect(try status(["*"], "") == nil)
  }

  @Test(
    arguments: [
      ("https://shop.example", "without the scheme: shop.example"),
      ("shop.example:80", "without the port, which does not count: shop.example"),
      ("2001:db8::1", "in brackets: [2001:db8::1]"), ("bücher.example", "in its ASCII form (xn--…)"), ("", nil),
      ("*shop.example", nil), ("a.*.example", nil), ("*.", nil), ("a..b", nil), ("[1.2.3.4]", nil),
    ] as [(String, String?)])
  func whatIsNoHostIsAMistakeWithAHint(host: String, hint: String?) {
    let found = mistakes { _ = try TrustedHostsPolicy(["shop.example", host]) }
    #expect(found.map(\.index) == [1])
    #expect(found.first?.hint == hint)
  }

  @Test func anEmptyListIsAMistake() {
    #expect(mistakes { _ = try TrustedHostsPolicy([]) }.count == 1)
  }
}
