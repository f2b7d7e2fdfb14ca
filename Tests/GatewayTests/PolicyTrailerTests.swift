import GatewayPlugin
import NIOCore
import NIOPosix
import Testing

@testable import GatewayTesting

/// Trailers of an answer that an upstream sends in parts, behind policies of plugins.
@Suite(.timeLimit(.minutes(5)))
struct PolicyTrailerTests {
  @Schema struct Empty: Sendable {}

  /// An upstream that answers everything with two chunks and a trailer.
  private final class Upstream: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard String(buffer: unwrapInboundIn(data)).hasSuffix("\r\n\r\n") else { return }
      let text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n"
        + "3\r\none\r\n3\r\ntwo\r\n0\r\nx-sum: 6\r\n\r\n"
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
  }

  /// What the client gets: body and trailers.
  private func answer(behind policies: String) async throws -> (text: String, trailers: [String: String]?) {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Upstream()) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    let configuration = """
      upstreams: { back: { targets: ["http://127.0.0.1:\(port)"] } }
      routes: [{ match: GET /, use: \(policies), proxy: { upstream: back } }]
      """
    var answer = (text: "", trailers: [String: String]?.none)
    try await withGateway(configuration) { plugin in
      plugin.policy("around") { request, next in
        var response = try await next(request)
        response.addHeader("x-around", "1")
        return response
      }
      plugin.inlinePolicy(
        "parts", config: Empty.self, state: { _ in },
        onResponsePart: { part, _ in part.bytes.map { $0 == UInt8(ascii: "o") ? UInt8(ascii: "0") : $0 } })
      plugin.policy("whole", bufferedResponse: true) { request, next in try await next(request) }
    } body: { client async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /", headers: ["te: trailers"])
      try await stream.waitForEnd()
      answer = try await stream.on { stream in
        let parts = stream.parts.map { String(buffer: $0) }.joined()
        return (parts + stream.body, stream.trailers.map { Dictionary($0.pairs.map { ($0.name, $0.value) }) { $1 } })
      }
    }
    try await server.close()
    return answer
  }

  @Test func theyPassAPolicyThatLeavesTheBodyAlone() async throws {
    for policies in ["[]", "[p.around]", "[p.around, p.around]"] {
      let answer = try await answer(behind: policies)
      #expect(answer.text == "onetwo")
      #expect(answer.trailers == ["x-sum": "6"], "behind \(policies)")
    }
  }

  @Test func theyAreNotSentWithABodyThatAPolicyMakesOfTheirs() async throws {
    let changed = try await answer(behind: "[p.around, p.parts]")
    #expect(changed.text == "0netw0")
    #expect(changed.trailers == nil)
    // Sent whole, with a length.
    let whole = try await answer(behind: "[p.whole]")
    #expect(whole.text == "onetwo")
    #expect(whole.trailers == nil)
  }
}
