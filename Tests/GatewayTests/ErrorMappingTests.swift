import GatewayPlugin
import GatewayTesting
import Testing

@testable import Gateway

/// How a plugin maps the errors that its handlers and providers throw.
@Suite(.timeLimit(.minutes(5))) struct ErrorMappingTests {
  private class Base: Error, @unchecked Sendable {}
  private class Middle: Base, @unchecked Sendable {}
  private final class Leaf: Middle, @unchecked Sendable {}
  private final class Other: Base, @unchecked Sendable {}
  private protocol Worded: Error { var word: String { get } }
  private struct First: Worded { let word = "first" }
  private enum Second: Worded {
    case one
    var word: String { "second" }
  }
  private struct Unknown: Error {}
  private struct Looping: Error {}

  @Schema struct Shortage {
    var left: Int
  }

  private static let configuration = """
    dependencies: { b: { provider: p.b }, s: { provider: p.s } }
    routes:
      - { match: "GET /async/{what}", handler: p.async }
      - { match: "GET /blocking/{what}", handler: p.blocking }
      - { match: "GET /inline/{what}", handler: p.inline }
      - { match: "GET /provider/{what}", handler: p.needs }
      - { match: "GET /plain/{what}", handler: p.needsPlain }
    """

  private static func fail(_ what: String?) throws -> Never {
    switch what {
    case "leaf": throw Leaf()
    case "other": throw Other()
    case "first": throw First()
    case "second": throw Second.one
    case "stock": throw OutOfStock(left: 2)
    case "http": throw HTTPError(402, detail: "pay")
    case "looping": throw Looping()
    default: throw Unknown()
    }
  }

  private static func declare(_ plugin: inout Plugin) {
    plugin.handler("async") { request in try fail(request.text("what")) }
    plugin.blockingHandler("blocking") { request in try fail(request.text("what")) }
    plugin.inlineHandler("inline") { request in try fail(request.text("what")) }
    plugin.provider("b") { provision -> Int in try fail(try provision.withRequest { $0.text("what") }) }
    plugin.blockingProvider("s") { provision -> Int in try fail(try provision.withRequest { $0.text("what") }) }
    plugin.handler("needs", needs: Dependency<Int>("b")) { _, _ in .noContent }
    plugin.handler("needsPlain", needs: Dependency<Int>("s")) { _, _ in .noContent }
    // Registered first, so that anything that counts more has to be looked for.
    plugin.onError((any Worded).self) { error, _ in .text(error.word, status: 409) }
    plugin.onError(Base.self) { error, _ in .text("base of \(type(of: error))", status: 410) }
    plugin.onError(Middle.self) { _, request in
      await Task.yield()
      return .text("middle at \(request.path)", status: 411)
    }
    plugin.onError(Second.self) { _, _ in .text("second itself", status: 412) }
    plugin.onError(OutOfStock.self, status: 409, returns: Shortage.self) { error, _ in Shortage(left: error.left) }
    plugin.onError(Looping.self) { _, _ in throw Looping() }
    plugin.onError((any Error).self) { error, _ in .text("any: \(type(of: error))", status: 418) }
  }

  @Test(arguments: ["async", "blocking", "inline", "provider", "plain"])
  func theMostSpecificMappingAnswers(from place: String) async throws {
    try await withGateway(Self.configuration, plugin: Self.declare) { (client: TestClient) async throws in
      for (what, status, text) in [
        ("leaf", 411, "middle at /\(place)/leaf"), ("other", 410, "base of Other"), ("first", 409, "first"),
        ("second", 412, "second itself"), ("stock", 409, #"{"left":2}"#), ("unknown", 418, "any: Unknown"),
        ("http", 402, #"{"detail":"pay"}"#), ("looping", 500, #"{"detail":"Internal Server Error"}"#),
      ] {
        let answer = try await client.get("/\(place)/\(what)")
        #expect(answer.status == status, "\(what)")
        expect(answer.text, text)
      }
      #expect(try await client.active() == 0)
    }
  }

  @Test(arguments: ["async", "inline"])
  func aMappingIsCancelledWithItsInvocation(how: String) async throws {
    let journal = Journal()
    try await withGateway("routes: [{ match: GET /use, handler: p.use }]") { plugin in
      if how == "async" {
        plugin.handler("use") { _ in throw Unknown() }
      } else {
        plugin.inlineHandler("use") { _ in throw Unknown() }
      }
      plugin.onError(Unknown.self) { _, _ in
        await withTaskCancellationHandler {
          journal.note("mapping")
          await journal.wait(for: "cancelled")
        } onCancel: {
          journal.note("cancelled")
        }
        return .noContent
      }
    } body: { (client: TestClient) async throws in
      let stream = ManualStream(client)
      try await stream.start("GET /use")
      await journal.wait(for: "mapping")
      try await stream.tick()
      #expect(try await stream.on { $0.events } == ["504"])
      await journal.wait(for: "cancelled")
    }
  }

  @Test func theMappedAnswersAreInTheDocument() async throws {
    let configuration = "openapi: { title: T, path: /openapi.json }\n" + Self.configuration
    try await withGateway(configuration, plugin: Self.declare) { (client: TestClient) async throws in
      let document = try await client.get("/openapi.json").json()
      let operation = document["paths"]?["/async/{what}"]?["get"]
      let response = operation?["responses"]?["409"]?["content"]?["application/json"]?["schema"]?["$ref"]?.string
      #expect(response == "#/components/schemas/Shortage")
    }
  }
}

struct OutOfStock: Error { var left: Int }
