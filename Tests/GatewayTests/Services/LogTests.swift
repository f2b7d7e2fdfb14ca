import Foundation
import GatewayPlugin
import GatewayTesting
import Testing

/// What plugins write to the log.
@Suite(.timeLimit(.minutes(5)))
struct LogTests {
  @Test func aLineOfARequestHasItsIdItsRouteAndItsHandler() async throws {
    let configuration = """
      policies: { ids: [{ request_id: {} }] }
      routes: [{ match: "GET /books/{id}", use: [ids], handler: p.book }]
      """
    try await serving(configuration) { plugin in
      plugin.handler("book") { request in
        request.log.info("lent", ["book": 7, "reader": "Ada"])
        return .noContent
      }
    } body: { client in
      let answer = try await client.get("/books/7")
      let line = try #require(try await client.gateway.log.line("lent"))
      #expect(line.level == "info")
      #expect(
        line.facts == [
          "book": "7", "reader": "Ada", "request_id": answer.header("x-request-id"), "route": "/books/{id}",
          "handler": "p.book", "function": "p.book", "plugin": "p",
        ])
    }
  }

  @Test func aBlockingHandlersLineHasThemToo() async throws {
    try await serving("routes: [{ match: GET /, handler: p.block }]") { plugin in
      plugin.blockingHandler("block") { request in
        request.log.warning("slow", error: Unexpected())
        return .noContent
      }
    } body: { client in
      _ = try await client.get("/")
      let line = try #require(try await client.gateway.log.line("slow"))
      #expect(line.level == "warning")
      #expect(line.facts["handler"] == "p.block")
      #expect(line.facts["error"] == Unexpected().description)
      #expect(line.facts["error.type"]?.hasSuffix("Unexpected") == true)
    }
  }

  @Test func factsCannotPassThemselvesOffAsTheGateways() async throws {
    try await serving("routes: [{ match: GET /, handler: p.forge }]") { plugin in
      plugin.handler("forge") { request in
        request.log.info("forged", ["request_id": "mine", "handler": "other.handler", "": "nameless"])
        return .noContent
      }
    } body: { client in
      _ = try await client.get("/")
      let line = try #require(try await client.gateway.log.line("forged"))
      #expect(line.facts["handler"] == "p.forge")
      #expect(line.facts["request_id"] != "mine")
      #expect(line.facts["plugin.request_id"] == "mine")
      #expect(line.facts["plugin."] == "nameless")
    }
  }

  @Test func whatIsTooLongIsCutAndTold() async throws {
    try await serving("routes: [{ match: GET /, handler: p.long }]") { plugin in
      plugin.handler("long") { request in
        request.log.info(String(repeating: "m", count: 20_000), ["value": String(repeating: "v", count: 5000)])
        return .noContent
      }
    } body: { client in
      _ = try await client.get("/")
      let line = try #require(try await client.gateway.log.line(String(repeating: "m", count: 16 * 1024)))
      #expect(line.facts["value"]?.utf8.count == 4096)
      #expect(line.facts["cut"] == "true")
    }
  }

  @Test func outsideOfARequestThereIsALogToo() async throws {
    try await serving("routes: [{ match: GET /, respond: 204 }]") { plugin in
      plugin.onStart { _ in Log("p.start").info("started", ["with": "nothing"]) }
    } body: { client in
      let line = try #require(try await client.gateway.log.line("started"))
      #expect(line.facts == ["logger": "p.start", "with": "nothing"])
    }
  }

  @Test func gatewaysSideBySideKeepTheirLinesApart() async throws {
    let configuration = "routes: [{ match: GET /, handler: p.speak }]"
    func speak(_ plugin: inout Plugin) {
      plugin.blockingHandler("speak") { request in
        Log("here").info("spoken", ["query": request.query])
        return .noContent
      }
    }
    try await serving(configuration, plugin: speak) { one in
      try await serving(configuration, plugin: speak) { other in
        _ = try await one.get("/?one")
        _ = try await other.get("/?other")
        #expect(try await one.gateway.log.line("spoken")?.facts["query"] == "one")
        #expect(try await other.gateway.log.line("spoken")?.facts["query"] == "other")
      }
      #expect(one.gateway.log.lines("spoken").count == 1)
    }
  }
}
