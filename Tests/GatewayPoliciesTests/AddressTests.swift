import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayPolicies

@Suite struct CIDRTests {
  @Test(arguments: [
    ("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("0.0.0.0/0", "0.0.0.0/0"), ("::1", "::1/128"),
    ("::/0", "::/0"), ("2001:db8::/32", "2001:db8::/32"), ("2001:DB8:0:0::/64", "2001:db8::/64"),
    ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:10.1.2.3", "10.1.2.3/32"), ("2001:db8::1/128", "2001:db8::1/128"),
  ])
  func networksAreParsed(text: String, canonical: String) throws {
    let network = try CIDR(text)
    #expect(network.description == canonical)
    #expect(try CIDR(canonical) == network)
  }

  @Test(arguments: [
    "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0/8",
    "010.0.0.0/8", "256.0.0.0/8", "::/129", "::1::/64", "[::1]", "fe80::1%eth0", "example.com", "10.0.0.0 /8", "*",
    "10.0.0.0/255.0.0.0", "10.0.0.0/９",
  ])
  func whatIsNoNetworkIsAMistake(text: String) {
    #expect(throws: PolicyMistake.self) { try CIDR(text) }
  }

  @Test(arguments: [
    ("10.1.2.3/8", "10.0.0.0/8"), ("192.168.1.1/30", "192.168.1.0/30"), ("2001:db8::1/32", "2001:db8::/32"),
    ("::1/0", "::/0"), ("::ffff:10.1.2.3/104", "10.0.0.0/8"), ("2001:db8:0:0:1::/64", "2001:db8::/64"),
  ])
  func hostBitsAreAMistakeThatNamesTheRightNetwork(text: String, right: String) {
    let found = mistakes { _ = try CIDR(text) }
    #expect(found.first?.hint?.contains("\(right),") == true)
  }

  @Test func membershipFollowsThePrefix() throws {
    func contains(_ network: String, _ address: String) throws -> Bool {
      try CIDR(network).contains(#require(IPAddress(address)))
    }
    #expect(try contains("10.0.0.0/8", "10.255.255.255"))
    #expect(try !contains("10.0.0.0/8", "11.0.0.0"))
    #expect(try contains("10.0.0.0/8", "::ffff:10.1.1.1"))
    #expect(try contains("2001:db8::/33", "2001:db8:7fff::1"))
    #expect(try !contains("2001:db8::/33", "2001:db8:8000::"))
    #expect(try contains("2001:db8::/65", "2001:db8::7fff:0:0:0"))
    #expect(try !contains("2001:db8::/65", "2001:db8::8000:0:0:0"))
    #expect(try !contains("::/0", "10.0.0.1"))
    #expect(try !contains("0.0.0.0/0", "::1"))
  }
}

@Suite struct NetworkSetTests {
  /// A small generator with a fixed seed, so that a failure can be repeated.
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64 = 42
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }

  @Test func aSetOfThousandsAnswersLikeItsMembers() throws {
    var numbers = Numbers()
    var networks: [CIDR] = []
    for _ in 0..<3000 {
      let prefix = Int.random(in: 6...32, using: &numbers)
      let word = UInt32.random(in: 0...(.max), using: &numbers) & ~(prefix == 32 ? 0 : .max >> UInt32(prefix))
      if prefix > 12 { networks.append(try CIDR("\(IPAddress(v4: word))/\(prefix)")) }
      let high = UInt64.random(in: 0...(.max), using: &numbers) & ~(.max >> 40)
      networks.append(try CIDR("\(IPAddress(high: high | 1 << 61, low: 0))/40"))
    }
    let set = NetworkSet(networks: networks)
    for network in networks {
      #expect(set.contains(network.network))
      #expect(set.contains(network.last))
    }
    for _ in 0..<2000 {
      let v4 = IPAddress(v4: .random(in: 0...(.max), using: &numbers))
      #expect(set.contains(v4) == networks.contains { $0.contains(v4) })
      let v6 = IPAddress(high: .random(in: 0...(.max), using: &numbers), low: 0)
      #expect(set.contains(v6) == networks.contains { $0.contains(v6) })
    }
  }

  @Test func overlappingNetworksAreOne() throws {
    let set = try NetworkSet(["10.0.0.0/8", "10.1.0.0/16", "10.255.255.255", "0.0.0.0/0"], option: "allow")
    #expect(set.contains(IPAddress("10.1.2.3")))
    #expect(set.contains(IPAddress("255.255.255.255")))
    #expect(!set.contains(IPAddress("::1")))
  }

  @Test func unixSocketsAreMembersOnlyByName() throws {
    #expect(try !NetworkSet(["0.0.0.0/0", "::/0"], option: "allow").contains(nil))
    #expect(try NetworkSet(["unix"], option: "allow").contains(nil))
    #expect(!NetworkSet.empty.contains(nil))
  }

  @Test func mistakesNameTheirPlace() {
    let found = mistakes { _ = try NetworkSet(["10.0.0.0/8", "x", "10.0.0.1/8"], option: "allow") }
    #expect(found.map(\.option) == ["allow", "allow"])
    #expect(found.map(\.index) == [1, 2])
  }
}

@Suite struct AddressPolicyTests {
  private func status(_ policy: AddressPolicy, _ client: String?) -> UInt16? {
    statusAfter(policy, makeContext(peer: client))
  }

  @Test func onlyAllowedNetworksPass() throws {
    let policy = try AddressPolicy(allow: ["10.0.0.0/8", "2001:db8::/32"])
    #expect(status(policy, "10.1.2.3") == nil)
    #expect(status(policy, "2001:db8::1") == nil)
    #expect(status(policy, "192.0.2.1") == 403)
    #expect(status(policy, "::1") == 403)
  }

  @Test func denyGoesBeforeAllow() throws {
    let policy = try AddressPolicy(allow: ["10.0.0.0/8"], deny: ["10.9.0.0/16"])
    #expect(status(policy, "10.8.0.1") == nil)
    #expect(status(policy, "10.9.0.1") == 403)
  }

  @Test func denyAloneLetsEveryoneElsePass() throws {
    let policy = try AddressPolicy(deny: ["192.0.2.0/24"])
    #expect(status(policy, "192.0.2.7") == 403)
    #expect(status(policy, "192.0.3.7") == nil)
    #expect(status(policy, "::ffff:192.0.2.7") == 403)
  }

  @Test func aUnixSocketNeedsItsName() throws {
    #expect(status(try AddressPolicy(allow: ["0.0.0.0/0"]), nil) == 403)
    #expect(status(try AddressPolicy(allow: ["unix"]), nil) == nil)
    #expect(status(try AddressPolicy(deny: ["10.0.0.0/8"]), nil) == nil)
    #expect(status(try AddressPolicy(deny: ["unix"]), nil) == 403)
  }

  @Test func itLooksAtTheClientAndNotAtThePeer() throws {
    var context = makeContext(peer: "10.0.0.1")
    context.client = IPAddress("192.0.2.1")
    #expect(statusAfter(try AddressPolicy(allow: ["10.0.0.0/8"]), context) == 403)
  }

  @Test func theClientLearnsNothingAndTheLogTheAddress() throws {
    let policy = try AddressPolicy(deny: ["192.0.2.0/24"])
    var context = makeContext(peer: "192.0.2.1")
    #expect(throws: HTTPError(403, cause: "addresses: 192.0.2.1 is not admitted")) { try policy.onRequest(&context) }
  }

  @Test func noListsAndWrongEntriesAreMistakes() {
    #expect(mistakes { _ = try AddressPolicy() }.count == 1)
    #expect(
      mistakes { _ = try AddressPolicy(allow: ["x"], deny: ["y", "z"]) }.map(\.option) == ["allow", "deny", "deny"])
  }
}
