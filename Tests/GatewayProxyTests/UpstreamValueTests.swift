import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayProxy

struct UpstreamValueTests {
  @Test func targetsKnowTheirNames() throws {
    let four = try #require(Upstream.Target(host: "127.0.0.1", port: 9001))
    #expect(four.authority == "127.0.0.1:9001" && four.description == "127.0.0.1:9001")
    let six = try #require(Upstream.Target(host: "::1", port: 9001))
    #expect(six.authority == "[::1]:9001" && six.description == "[::1]:9001")
    let name = try #require(Upstream.Target(host: "stock.internal", port: 80))
    #expect(name.authority == "stock.internal" && name.description == "stock.internal:80")
    let socket = try #require(Upstream.Target(unixSocket: "/run/stock.sock"))
    #expect(socket.authority == "localhost" && socket.description == "unix:/run/stock.sock")
  }

  @Test(arguments: ["", "a b", "a/b", "a\r\nx: y", "a@b", "::zz", "ä"])
  func impossibleHostsAreRefused(host: String) {
    #expect(Upstream.Target(host: host, port: 80) == nil)
    #expect(Upstream.Target(host: "a", port: 80, authority: host.isEmpty ? "" : host) == nil || host == "::zz")
  }

  @Test func impossiblePortsAndPathsAreRefused() {
    #expect(Upstream.Target(host: "a", port: 0) == nil)
    #expect(Upstream.Target(host: "a", port: 65536) == nil)
    #expect(Upstream.Target(unixSocket: String(repeating: "a", count: 200)) == nil)
  }

  @Test(arguments: ["", "a", "/a b", "/a\r\nx: y", "/a#b", "/ä", "**"])
  func requestsWithImpossibleTargetsAreRefused(target: String) {
    #expect(UpstreamRequest(method: .get, target: ByteBuffer(string: target)) == nil)
  }

  @Test func tunnelsAndEchoesCannotBeMade() {
    #expect(UpstreamRequest(method: .connect, target: ByteBuffer(string: "/")) == nil)
    #expect(UpstreamRequest(method: .trace, target: ByteBuffer(string: "/")) == nil)
    #expect(UpstreamRequest(method: .other, methodText: "A B", target: ByteBuffer(string: "/")) == nil)
    #expect(UpstreamRequest(method: .other, methodText: "BREW", target: ByteBuffer(string: "/")) != nil)
  }

  @Test func everyFailureHasItsStatus() {
    let groups: [UInt16: [UpstreamFailure.Kind]] = [
      500: [.requestBodyMismatch],
      502: [.connectFailed, .unresolved, .reset, .closedBeforeResponse, .truncated, .malformed, .unexpectedUpgrade],
      503: [.noneAvailable, .queueFull, .queueTimeout, .shutDown],
      504: [.connectTimeout, .responseHeadTimeout, .idleTimeout, .totalTimeout],
    ]
    #expect(groups.values.joined().count == UpstreamFailure.Kind.allCases.count)
    for (status, kinds) in groups {
      for kind in kinds { #expect(UpstreamFailure(kind, upstream: "a", cause: "").status == status) }
    }
  }

  @Test func failureReadsAsOneLine() {
    let failure = UpstreamFailure(.reset, upstream: "stock", target: "127.0.0.1:1", cause: "gone")
    #expect(failure.description == "upstream stock, target 127.0.0.1:1: gone")
    #expect(FailureText.visible("a\nb\u{1B}ä") == "a?b??")
  }

  @Test func knownFieldsFitTheSetsOfNames() {
    #expect(KnownField.allCases.allSatisfy { $0.rawValue < 64 })
  }
}
