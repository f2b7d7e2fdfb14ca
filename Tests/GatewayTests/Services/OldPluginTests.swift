import Foundation
import GatewayTesting
import Testing

/// Plugins that were built against earlier contracts, as binaries that are never made again.
@Suite(.timeLimit(.minutes(5)), .enabled(if: isTheirMachine, "the old plugins are built for Linux on x86-64"))
struct OldPluginTests {
  private static let folder = #filePath.replacing(#/GatewayTests/Services/[^/]*$/#, with: "OldPlugins")

  private static let configuration = """
    version: 1
    plugins: { old: { library: Old } }
    dependencies: { greeting: { provider: old.greeting } }
    routes:
      - { match: "GET /greet/{name}", handler: old.greet, needs: { greeting: greeting } }
      - { match: POST /echo, handler: old.echo }
      - { match: GET /count, handler: old.count }
    """

  @Test(arguments: ["1.0", "1.1"], TestMode.allCases)
  func itServesAsOnItsFirstDay(contract: String, mode: TestMode) async throws {
    // A copy: a library, once opened, stays in the process with its state.
    let copy = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).so")
    try FileManager.default.copyItem(atPath: "\(Self.folder)/\(contract)/libOld.so", toPath: copy.path)
    defer { try? FileManager.default.removeItem(at: copy) }
    try await GatewayTesting.withGateway(
      text: Self.configuration + (contract == "1.1" ? "\n  - { match: GET /stream, handler: old.stream }" : ""),
      libraries: ["old": copy.path], mode: mode
    ) { client in
      #expect(client.gateway.log.lines("an old plugin starts").count == 1)
      let greeting = try await client.get("/greet/Ada")
      #expect(greeting.text == "Hello Ada")
      #expect(try await client.request("POST", "/echo", body: .text("once")).text == "once")
      #expect(try await client.get("/greet/Bo").status == 200)
      // Both greetings were torn down.
      #expect(try await client.get("/count").text == "2")
      if contract == "1.1" {
        #expect(try await client.get("/stream").text == "one two")
        // What it declares counts.
        #expect(try await client.get("/greet/A").status == 422)
      }
    }
  }
}

private let isTheirMachine: Bool = {
  #if arch(x86_64) && os(Linux)
    true
  #else
    false
  #endif
}()
