import GatewayHTTP
import GatewayPolicies
import Testing

@Suite struct TrustedProxiesTests {
  private func client(
    _ fields: [(String, String)], peer: String? = "10.0.0.1", source: TrustedProxies.Source = .xForwardedFor,
    trusted: [String] = ["10.0.0.0/8", "2001:db8::/32"]
  ) throws -> String? {
    let proxies = try TrustedProxies(NetworkSet(trusted, option: "ranges"), source: source)
    var context = makeContext(fields: fields, peer: peer)
    proxies.apply(to: &context)
    return context.client?.description
  }

  @Test func anUntrustedPeerIsTheClientWhateverItSays() throws {
    #expect(try client([("X-Forwarded-For", "1.1.1.1")], peer: "192.0.2.1") == "192.0.2.1")
  }

  @Test func nobodyIsTrustedByDefault() {
    var context = makeContext(fields: [("x-forwarded-for", "1.1.1.1")], peer: "127.0.0.1")
    TrustedProxies.none.apply(to: &context)
    #expect(context.client?.description == "127.0.0.1")
  }

  @Test(arguments: [
    ("1.1.1.1", "1.1.1.1"), ("6.6.6.6, 1.1.1.1", "1.1.1.1"), ("6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
    ("10.0.0.3, 10.0.0.2", "10.0.0.3"), ("1.1.1.1:4711", "1.1.1.1"), ("[2a00::1]:4711", "2a00::1"),
    ("2a00::1", "2a00::1"),
    (" 1.1.1.1 ,, ", "1.1.1.1"), ("::ffff:1.1.1.1", "1.1.1.1"), ("1.1.1.1,10.0.0.2,2001:db8::5", "1.1.1.1"),
    ("", "10.0.0.1"),
  ])
  func theClientIsTheRightMostUntrustedHop(value: String, expected: String) throws {
    #expect(try client([("X-Forwarded-For", value)]) == expected)
  }

  @Test(arguments: [
    ("garbage", "10.0.0.1"), ("1.1.1.1, garbage", "10.0.0.1"), ("1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
    ("1.1.1.1, 01.2.3.4", "10.0.0.1"), ("1.1.1.1, 1.2.3.4:port", "10.0.0.1"), ("1.1.1.1, fe80::1%eth0", "10.0.0.1"),
    ("1.1.1.1, [10.0.0.2]", "10.0.0.1"), ("1.1.1.1, [::1", "10.0.0.1"), ("1.1.1.1, \"10.0.0.2", "10.0.0.1"),
  ])
  func aMalformedEntryStopsTheWalk(value: String, expected: String) throws {
    #expect(try client([("X-Forwarded-For", value)]) == expected)
  }

  @Test func severalLinesAreOneList() throws {
    let lines = [
      ("X-Forwarded-For", "6.6.6.6"), ("x-forwarded-for", "1.1.1.1"), ("X-Forwarded-For", "10.0.0.2, 10.0.0.3"),
    ]
    #expect(try client(lines) == "1.1.1.1")
  }

  @Test func aChainWithoutEndIsCut() throws {
    let value = (["6.6.6.6"] + Array(repeating: "10.0.0.2", count: 200)).joined(separator: ",")
    #expect(try client([("x-forwarded-for", value)]) == "10.0.0.2")
  }

  @Test func onlyTheChosenFieldIsRead() throws {
    let both = [("X-Forwarded-For", "1.1.1.1"), ("Forwarded", "for=2.2.2.2"), ("X-Real-IP", "3.3.3.3")]
    #expect(try client(both) == "1.1.1.1")
    #expect(try client(both, source: .forwarded) == "2.2.2.2")
    #expect(try client(both, source: .field("X-Real-IP")) == "3.3.3.3")
  }

  @Test(arguments: [
    ("for=1.1.1.1", "1.1.1.1"), ("For=\"[2a00::1]:4711\"", "2a00::1"),
    ("for=6.6.6.6, for=1.1.1.1;proto=http;by=10.0.0.1", "1.1.1.1"),
    ("for=1.1.1.1; proto=https ; by=\"_x,y;z\", for=10.0.0.2", "1.1.1.1"), ("for=\"1.1.1.1:_port\"", "1.1.1.1"),
    // A quote the client left open cannot swallow what the proxy appended.
    ("for=\"6.6.6.6, for=1.1.1.1", "1.1.1.1"), ("for=\"6.6.6.6\\, for=\"1.1.1.1\"", "1.1.1.1"),
    ("\"\"\"\\\", for=1.1.1.1;host=\"a,b\\\"c\"", "1.1.1.1"),
  ])
  func forwardedIsReadFromTheRight(value: String, expected: String) throws {
    #expect(try client([("Forwarded", value)], source: .forwarded) == expected)
  }

  @Test(arguments: [
    "for=unknown", "for=_hidden", "by=1.1.1.1", "for=1.1.1.1 x", "for=", "for", "=1.1.1.1", "for=1.1.1.1;for=2.2.2.2",
    "for=\"1.1.1.1", "for=\"1.1.1.1\\\"\"", "for=2a00::1;proto", "for=\"1.1.1.1\"x", ";", "for=[1.1.1.1]",
  ])
  func whatForwardedDoesNotSayLeavesThePeer(value: String) throws {
    #expect(try client([("Forwarded", "for=6.6.6.6"), ("Forwarded", value)], source: .forwarded) == "10.0.0.1")
  }

  @Test func aSingleAddressFieldMustBeSingle() throws {
    let source = TrustedProxies.Source.field("cf-connecting-ip")
    #expect(try client([("CF-Connecting-IP", "1.1.1.1")], source: source) == "1.1.1.1")
    #expect(try client([("CF-Connecting-IP", "1.1.1.1, 2.2.2.2")], source: source) == "10.0.0.1")
    #expect(
      try client([("cf-connecting-ip", "1.1.1.1"), ("cf-connecting-ip", "2.2.2.2")], source: source) == "10.0.0.1")
    #expect(try client([], source: source) == "10.0.0.1")
  }

  @Test func aTrustedUnixSocketHasNoAddressOfItsOwn() throws {
    #expect(try client([("x-forwarded-for", "1.1.1.1")], peer: nil, trusted: ["unix"]) == "1.1.1.1")
    #expect(try client([], peer: nil, trusted: ["unix"]) == nil)
    #expect(try client([("x-forwarded-for", "1.1.1.1")], peer: nil) == nil)
  }

  @Test func theProxysWordOnTLSCountsOnlyWhereItIsTrusted() throws {
    func isTLS(_ fields: [(String, String)], _ peer: String, _ source: TrustedProxies.Source) throws -> Bool {
      let proxies = try TrustedProxies(NetworkSet(["10.0.0.0/8"], option: "ranges"), source: source)
      var context = makeContext(fields: fields, peer: peer)
      proxies.apply(to: &context)
      return context.isTLS
    }
    let lines = [("X-Forwarded-Proto", "HTTPS"), ("Forwarded", "for=1.1.1.1;proto=https")]
    #expect(try isTLS(lines, "10.0.0.1", .xForwardedFor))
    #expect(try isTLS(lines, "10.0.0.1", .forwarded))
    #expect(try !isTLS(lines, "192.0.2.1", .xForwardedFor))
    #expect(try !isTLS([("X-Forwarded-Proto", "https, http")], "10.0.0.1", .xForwardedFor))
    #expect(try !isTLS([("X-Forwarded-Proto", "")], "10.0.0.1", .xForwardedFor))
    #expect(try !isTLS([], "10.0.0.1", .forwarded))
  }

  @Test func aWrongFieldNameIsAMistake() {
    #expect(mistakes { _ = try TrustedProxies(.empty, source: .field("x y")) }.map(\.option) == ["header"])
  }
}
