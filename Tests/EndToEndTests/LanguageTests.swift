import Foundation
import TestSupport
import Testing

/// Plugins that are not in Swift, served by the real program.
@Suite("Plugins in other languages", .timeLimit(.minutes(5))) struct LanguageTests {
  private func guestbook(limit: Int) throws -> RunningGateway {
    try RunningGateway(
      Yaml.edge + """
        plugins: { guestbook: { library: Guestbook } }
        dependencies: { book: { provider: guestbook.book, config: { limit: \(limit) } } }
        openapi: {}
        routes:
          - { match: "POST /guests/{name}", handler: guestbook.sign }
          - { match: GET /guests, handler: guestbook.guests }
        """)
  }

  @Test("The guest book in C counts its guests, lists them, and is described by its own declarations")
  func guests() throws {
    let gateway = try guestbook(limit: 3)
    let wire = try gateway.connect()
    #expect(try wire.ask("/guests").text == "[]")
    let first = try wire.ask("POST", "/guests/Ada")
    #expect(first.status == 201)
    #expect(first["content-type"] == "application/json")
    #expect(first.text == #"{"name":"Ada","visits":1}"#)
    #expect(try wire.ask("POST", "/guests/Ada").text == #"{"name":"Ada","visits":2}"#)
    // A character of JSON's own, and a letter of several bytes.
    #expect(try wire.ask("POST", "/guests/%22%C3%A9").text == #"{"name":"\"é","visits":1}"#)
    #expect(try wire.ask("POST", "/guests/Bob").status == 201)
    #expect(try wire.ask("GET", "/guests").names() == ["Bob", "\"é", "Ada"])
    let full = try wire.ask("POST", "/guests/Eve")
    #expect(full.status == 507)
    #expect(full.text == #"{"detail":"the book is full"}"#)
    let long = try wire.ask("POST", "/guests/\(String(repeating: "x", count: 26))")
    #expect(long.status == 422)
    #expect(long.text.contains("at most 25 characters"))
    let document = try wire.ask("/openapi.json").text
    #expect(document.contains("Signs the book."))
    #expect(gateway.stop().code == 0)
  }

  @Test("Its list comes in parts, whole for many clients at once while others sign")
  func many() throws {
    let gateway = try guestbook(limit: 100_000)
    let wire = try gateway.connect()
    for guest in 0..<2000 { #expect(try wire.ask("POST", "/guests/guest-\(guest)").status == 201) }
    let clients = try (0..<4).map { _ in try gateway.connect() }
    for client in clients {
      let names = try client.ask("/guests").names()
      #expect(names.count == 2000)
      #expect(names.first == "guest-1999")
    }
    #expect(gateway.stop().code == 0)
  }

  @Test("Its config is checked before it starts")
  func config() throws {
    let failure = try RunningGateway.failure(
      Yaml.edge + """
        plugins: { guestbook: { library: Guestbook } }
        dependencies: { book: { provider: guestbook.book, config: { limit: 0 } } }
        routes: [{ match: GET /guests, handler: guestbook.guests }]
        """)
    #expect(failure.code == 1)
    #expect(failure.errors.contains("limit"))
  }

  @Test(
    "The example in Rust builds from the contract alone, fits, and serves",
    .enabled(if: Toolchain.find("cargo") != nil, "needs cargo"))
  func words() throws {
    let cargo = try #require(Toolchain.find("cargo"))
    // Its own folder: a build writes beside the manifest.
    let folder = try RunningGateway.folder() + "/words"
    try FileManager.default.copyItem(atPath: Toolchain.repository + "/Plugins/Words", toPath: folder)
    let (code, output) = try Program.run(cargo, ["build", "--release", "--offline", "--quiet"], in: folder)
    try #require(code == 0, "\(output)")
    let library = folder + "/target/release/libwords.so"
    let inspected = try Child.run(RunningGateway.program, ["plugin", "inspect", library])
    #expect(inspected.code == 0, "\(inspected.output)")
    #expect(inspected.output.contains("the entry alone"))
    #expect(inspected.output.contains("rust"))
    let gateway = try RunningGateway(
      Yaml.edge + """
        plugins: { words: { path: "\(library)" } }
        routes: [{ match: POST /words, handler: words.count }]
        """)
    let wire = try gateway.connect()
    for _ in 0..<20 {
      let answer = try wire.ask("POST", "/words", body: Array("to be or\nnot to be\n".utf8))
      #expect(answer.text == #"{"lines":2,"words":6,"bytes":19}"#)
    }
    #expect(try wire.ask("POST", "/words", body: []).text == #"{"lines":0,"words":0,"bytes":0}"#)
    #expect(gateway.stop().code == 0)
  }
}

extension Answer {
  /// A JSON array of texts.
  fileprivate func names() throws -> [String] { try JSONDecoder().decode([String].self, from: Data(body)) }
}
