import Foundation
import TestSupport
import Testing

/// A security provider of a library that was opened, seen from the wire.
@Suite(.timeLimit(.minutes(5))) struct SecurityTests {
  private func gateway() throws -> RunningGateway {
    try RunningGateway(
      """
      version: 1
      server: { listen: ["127.0.0.1:0"], workers: 1 }
      plugin_path: ["\(BuiltPlugins.directory)"]
      plugins: { echo: { library: Echo } }
      openapi: { title: Security, version: "1", path: /openapi.json }
      dependencies: { caller: { provider: echo.caller } }
      routes:
        - match: POST /upload
          handler: echo.whoami
          needs: { caller: { dependency: caller, scopes: ["files:write"] } }
      """)
  }

  @Test func aClientThatMayNotComeIsNotAskedForItsBody() throws {
    let gateway = try gateway()
    for (field, status) in [("", 401), ("authorization: Bearer stranger\r\n", 403)] {
      let wire = try gateway.connect()
      try wire.send(
        "POST /upload HTTP/1.1\r\nhost: a\r\n\(field)content-length: 500000\r\nexpect: 100-continue\r\n\r\n")
      // Not 100: the first thing it hears is the refusal.
      let answer = try wire.answer()
      #expect(answer.status == status)
      #expect(answer.text.contains(status == 401 ? "Not authenticated" : "Not enough permissions"))
    }
    let wire = try gateway.connect()
    try wire.send(
      "POST /upload HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ann\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n")
    #expect(try wire.answer().status == 100)
    try wire.send("body")
    #expect(try wire.answer().text == "ann files:write 4")
  }

  /// The client has begun to send, and nobody reads it: the connection ends in an orderly way, with the answer.
  @Test func aBodyThatComesAnywayIsNotRead() throws {
    let wire = try gateway().connect()
    try wire.send("POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 500000\r\n\r\n")
    try wire.send(Array(repeating: 0x61, count: 100_000))
    #expect(try wire.answer().status == 401)
    let short = try gateway().connect()
    try short.send("POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody")
    #expect(try short.answer().status == 401)
    // A short one is passed over, and the connection goes on.
    try short.send("POST /upload HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ann\r\ncontent-length: 0\r\n\r\n")
    #expect(try short.answer().text == "ann files:write 0")
  }

  @Test func theDocumentSaysWhatIsAskedFor() throws {
    let wire = try gateway().connect()
    let answer = try wire.ask("/openapi.json")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    let components = document["components"] as? [String: Any]
    let schemes = components?["securitySchemes"] as? [String: [String: String]]
    #expect(schemes == ["HTTPBearer": ["type": "http", "scheme": "bearer"]])
    let paths = document["paths"] as? [String: [String: [String: Any]]]
    let operation = paths?["/upload"]?["post"]
    #expect(operation?["security"] as? [[String: [String]]] == [["HTTPBearer": ["files:write"]]])
    #expect((operation?["responses"] as? [String: Any])?["401"] != nil)
  }
}
