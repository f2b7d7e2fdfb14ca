import NIOCore
import Testing

@testable import GatewayHTTP

@Suite struct IPAddressTests {
  @Test(arguments: [
    "0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "fe80::1:2:3",
    "1:0:3:4:5:6:7:8", "::2:3:4:5:6:7", "1:2:3:4:5:6::",
  ])
  func `an address in canonical text is read and written back`(text: String) {
    #expect(IPAddress(text)?.description == text)
  }

  @Test(arguments: [
    ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("0:0:0:0:0:0:0:0", "::"), ("::ffff:1.2.3.4", "1.2.3.4"),
    ("::ffff:102:304", "1.2.3.4"), ("0001:02::", "1:2::"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("1::2:3.4.5.6", "1::2:304:506"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
  ])
  func `other spellings are the same address`(text: String, canonical: String) {
    #expect(IPAddress(text)?.description == canonical)
    #expect(IPAddress(text) == IPAddress(canonical))
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "0x7f.1",
    "1.2.3.1000",
    ":", ":::", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
    "12345::",
    "::g", "[::1]", "::1%eth0", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4.5", "1:2:3:4:5:6:7:8:",
    "a.b",
  ])
  func `anything else is no address`(text: String) { #expect(IPAddress(text) == nil) }

  @Test func `addresses agree with the system's`() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let sparse = { UInt64.random(in: 0...(.max), using: &random) & UInt64.random(in: 0...(.max), using: &random) }
      let address = IPAddress(
        high: sparse() & (Bool.random() ? 0xFFFF_0000_0000_FFFF : .max), low: sparse() & (Bool.random() ? 0xFFFF : .max)
      )
      let text = address.description
      #expect(IPAddress(text) == address)
      #expect(IPAddress(try SocketAddress(ipAddress: text, port: 0)) == address)
    }
  }

  @Test func `networks match by prefix`() throws {
    let network = try #require(IPAddress("10.1.0.0"))
    #expect(try #require(IPAddress("10.1.2.3")).matches(network, prefix: 96 + 16))
    #expect(try !#require(IPAddress("10.2.0.0")).matches(network, prefix: 96 + 16))
    #expect(try #require(IPAddress("9.9.9.9")).matches(network, prefix: 0))
    #expect(try #require(IPAddress("2001:db8:1::")).matches(#require(IPAddress("2001:db8::")), prefix: 32))
  }
}
