import Foundation
import Glibc
import TestSupport
import Testing

/// HTTP/1.1 as bytes on the wire, from outside.
@Suite(.timeLimit(.minutes(5))) struct ProtocolTests {
  private func gateway(_ server: String = "") throws -> RunningGateway {
    try RunningGateway(
      """
      version: 1
      server: { listen: ["127.0.0.1:0"], workers: 2\(server) }
      plugin_path: ["\(BuiltPlugins.directory)"]
      plugins: { echo: { library: Echo } }
      routes:
        - { match: GET /hello, handler: echo.hello }
        - { match: "GET /shout/{name}", handler: echo.shout }
        - { match: GET /search, handler: echo.hello, parameters: { name: { type: string, const: "nobody sends this" } } }
        - { match: POST /echo, handler: echo.echo }
        - { match: POST /small, handler: echo.echo, limits: { body: 16B } }
        - match: POST /json
          handler: echo.echo
          body: { type: object, required: [text], properties: { text: { type: string } } }
      """)
  }

  @Test func pipelinedRequestsAreAnsweredInTheirOrder() throws {
    let gateway = try gateway()
    let wire = try gateway.connect()
    var script = ""
    for index in 0..<50 {
      // Inline, async and blocking handlers in turn: the later ones are done first, and still wait.
      switch index % 3 {
      case 0: script += "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n\(10 + index)"
      case 1: script += "GET /shout/n\(index) HTTP/1.1\r\nhost: a\r\n\r\n"
      default: script += "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n"
      }
    }
    try wire.send(script)
    for index in 0..<50 {
      let expected = index % 3 == 0 ? "\(10 + index)" : index % 3 == 1 ? "N\(index)!" : #"{"hello":"world"}"#
      #expect(try wire.answer().text == expected)
    }
  }

  @Test func aChunkedBodyReachesItsHandlerWhole() throws {
    let wire = try gateway().connect()
    // Byte for byte, so that every split inside sizes, extensions and trailers occurs.
    let request = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
      + "3;x=\"y\"\r\none\r\nA\r\n-two-three\r\n0\r\nx-trailer: 1\r\n\r\n"
    for byte in request.utf8 { try wire.send([byte]) }
    let answer = try wire.answer()
    #expect(answer.text == "one-two-three")
    #expect(try wire.ask("/hello").status == 200)
  }

  @Test func expectContinueIsAnsweredBeforeTheBody() throws {
    let gateway = try gateway()
    let wire = try gateway.connect()
    try wire.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n")
    #expect(try wire.answer().status == 100)
    try wire.send("body")
    #expect(try wire.answer().text == "body")
    // A request that will be refused anyway is refused before its body is sent.
    let refused = try gateway.connect()
    try refused.send("POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n")
    #expect(try refused.answer().status == 404)
    let large = try gateway.connect()
    try large.send("POST /small HTTP/1.1\r\nhost: a\r\ncontent-length: 17\r\nexpect: 100-continue\r\n\r\n")
    #expect(try large.answer().status == 413)
    let unknown = try gateway.connect()
    try unknown.send("GET /hello HTTP/1.1\r\nhost: a\r\nexpect: miracles\r\n\r\n")
    #expect(try unknown.answer().status == 417)
  }

  @Test func http10IsAnsweredAndClosed() throws {
    let gateway = try gateway()
    let wire = try gateway.connect()
    try wire.send("GET /hello HTTP/1.0\r\n\r\n")
    let answer = try wire.answer()
    #expect(answer.status == 200)
    #expect(answer.version == "HTTP/1.1")
    #expect(try wire.isAtEnd())
    let kept = try gateway.connect()
    try kept.send("GET /hello HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
    #expect(try kept.answer()["connection"]?.lowercased() == "keep-alive")
    #expect(try kept.ask("/hello").status == 200)
  }

  @Test func connectionCloseIsObeyed() throws {
    let wire = try gateway().connect()
    let answer = try wire.ask("/hello", fields: ["connection: close"])
    #expect(answer["connection"] == "close")
    #expect(try wire.isAtEnd())
  }

  private static let malformed: [(name: String, request: String, status: Int)] = [
    ("no host", "GET /hello HTTP/1.1\r\n\r\n", 400),
    ("two hosts", "GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
    ("nonsense", "nonsense\r\n\r\n", 400),
    ("space before the colon", "GET /hello HTTP/1.1\r\nhost : a\r\n\r\n", 400),
    ("folded field", "GET /hello HTTP/1.1\r\nhost: a\r\nx: 1\r\n 2\r\n\r\n", 400),
    ("NUL in a value", "GET /hello HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n", 400),
    ("bare CR", "GET /hello HTTP/1.1\r\nhost: a\r\nx: 1\r2\r\n\r\n", 400),
    ("two lengths", "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 400),
    ("signed length", "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\na", 400),
    ("length and chunks",
      "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("unknown coding", "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("chunked twice", "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("chunk size that is none", "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", 400),
    ("chunk without its end", "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
    ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("space in the target", "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("path above the root", "GET /../x HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("encoded control character", "GET /a%0Ab HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("broken escape", "GET /%zz HTTP/1.1\r\nhost: a\r\n\r\n", 400),
  ]

  @Test func malformedRequestsAreRefusedAndNothingAfterThemIsRead() throws {
    let gateway = try gateway()
    for (name, request, status) in Self.malformed {
      let wire = try gateway.connect()
      try wire.send(request + "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n")
      let answer = try wire.answer()
      #expect(answer.status == status, "\(name)")
      #expect(answer.json["detail"] is String, "\(name): \(answer.text)")
      #expect(answer["connection"] == "close", "\(name)")
      #expect(try wire.rest().isEmpty, "\(name)")
    }
    #expect(try gateway.ask("/hello").status == 200)
  }

  @Test func whatIsTooLargeIsRefusedWithItsOwnStatus() throws {
    let gateway = try gateway(
      ", limits: { request_line: 1KiB, head: 4KiB, fields: 20, body: 64KiB }")
    let long = String(repeating: "a", count: 2000)
    #expect(try gateway.ask("/\(long)").status == 414)
    #expect(try gateway.ask("/hello", fields: (0..<3).map { "x-\($0): \(long)" }).status == 431)
    #expect(try gateway.ask("/hello", fields: (0..<30).map { "x-\($0): 1" }).status == 431)
    let full = try gateway.ask("POST", "/echo", body: [UInt8](repeating: 65, count: 64 << 10))
    #expect(full.body.count == 64 << 10)
    #expect(try gateway.ask("POST", "/echo", body: [UInt8](repeating: 65, count: (64 << 10) + 1)).status == 413)
    #expect(try gateway.ask("POST", "/small", body: [UInt8](repeating: 65, count: 16)).status == 200)
    #expect(try gateway.ask("POST", "/small", body: [UInt8](repeating: 65, count: 17)).status == 413)
    // Chunks announce nothing: the limit holds while they come.
    let wire = try gateway.connect()
    try wire.send("POST /small HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
    try wire.send("8\r\n12345678\r\n9\r\n123456789\r\n")
    #expect(try wire.answer().status == 413)
    #expect(try gateway.ask("/hello").status == 200)
  }

  @Test func slowHeadsAre408AndIdleConnectionsAreClosed() throws {
    let gateway = try gateway(", timeouts: { head: 2s, keep_alive: 2s }")
    let slow = try gateway.connect()
    try slow.send("GET /hello HTTP/1.1\r\nho")
    #expect(try slow.answer().status == 408)
    #expect(try slow.isAtEnd())
    let idle = try gateway.connect()
    #expect(try idle.ask("/hello").status == 200)
    #expect(try idle.isAtEnd())
  }

  @Test(.enabled(if: BrokenPlugins.canBuild, "\(BrokenPlugins.whyNot)")) func aRouteHasATimeoutOfItsOwn() throws {
    let yaml = try Yaml.broken("never_completes", handlers: ["hello"])
      + "  - { match: /never, handler: broken.never, limits: { timeout: 100ms } }\n"
    let gateway = try RunningGateway(yaml)
    let wire = try gateway.connect()
    let answer = try wire.ask("/never")
    #expect(answer.status == 504)
    #expect(answer.text.contains(RunningGateway.isIsolated ? "Plugin 'broken' did not answer in time" : #"{"detail":"Gateway Timeout"}"#))
    #expect(try gateway.ask("/hello").text == "hello")
  }

  @Test(.enabled(if: Certificate.canMake && Child.find("curl") != nil, "needs openssl and curl"))
  func tlsAndClearTextAreServedSideBySide() throws {
    let files = try Certificate()
    let gateway = try RunningGateway(
      """
      version: 1
      server:
        listen:
          - "127.0.0.1:0"
          - { address: "127.0.0.1:0", tls: { certificate: \(files.certificate), key: \(files.key) } }
      plugin_path: ["\(BuiltPlugins.directory)"]
      plugins: { echo: { library: Echo } }
      use: [ { security_headers: {} } ]
      routes: [ { match: GET /hello, handler: echo.hello }, { match: POST /echo, handler: echo.echo } ]
      """)
    let secure = gateway.child.errors.soFar.map(RunningGateway.fields).first { $0["tls"] == "true" }?["bound"] ?? ""
    let curl = try #require(Child.find("curl"))
    let trusted = ["-sS", "--max-time", "20", "--cacert", files.certificate]
    let hello = try Child.run(curl, trusted + ["-i", "https://\(secure)/hello"])
    #expect(hello.code == 0, "\(hello.errors)")
    #expect(hello.output.hasPrefix("HTTP/1.1 200"))
    #expect(hello.output.lowercased().contains("strict-transport-security:"))
    #expect(hello.output.hasSuffix("{\"hello\":\"world\"}\n"))
    let large = try RunningGateway.folder() + "/large"
    try Data(repeating: 66, count: 500_000).write(to: URL(fileURLWithPath: large))
    let echo = try Child.run(
      curl, trusted + ["--data-binary", "@\(large)", "-o", "\(large).back", "https://\(secure)/echo"])
    #expect(echo.code == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(large).back")).count == 500_000)
    // Nobody is served who does not trust the certificate, nor one who speaks clear text to the port.
    #expect(try Child.run(curl, ["-sS", "https://\(secure)/hello"]).code == 60)
    let clear = try Wire(port: Int(secure.split(separator: ":").last ?? "") ?? 0)
    try clear.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n")
    #expect(!String(decoding: try clear.rest(), as: UTF8.self).contains("200"))
    let plain = try gateway.ask("/hello")
    #expect(plain.status == 200)
    #expect(plain["strict-transport-security"] == nil)
    #expect(gateway.stop().code == 0)
  }

  @Test func aUnixSocketIsServedAndRemovedAtTheEnd() throws {
    let path = try RunningGateway.folder() + "/g.sock"
    // One loop: several share the socket's queue, and in debug builds SwiftNIO asserts that a loop that was woken finds
    // a connection there, which another loop may have taken.
    let yaml = """
      version: 1
      server: { listen: ["unix:\(path)"], workers: 1 }
      routes: [ { match: GET /hello, respond: { status: 200, body: hi } } ]
      """
    let first = try RunningGateway(yaml)
    #expect(try Wire(unixPath: path).ask("/hello").text == "hi")
    #expect(first.stop().code == 0)
    #expect(!FileManager.default.fileExists(atPath: path))
    // What a killed process left behind does not keep the next one from starting.
    let second = try RunningGateway(yaml)
    #expect(second.stop(SIGKILL).code == 128 + SIGKILL)
    let third = try RunningGateway(yaml)
    #expect(try Wire(unixPath: path).ask("/hello").text == "hi")
    #expect(third.stop().code == 0)
  }

  private struct Entry: Decodable { let input: String }

  @Test(.enabled(if: Corpora.file("naughty-strings/blns.json") != nil, "\(Corpora.whyNot)"))
  func naughtyStringsAreData() throws {
    let file = try #require(Corpora.file("naughty-strings/blns.json"))
    let strings = try JSONDecoder().decode([String].self, from: Data(contentsOf: URL(fileURLWithPath: file)))
    let gateway = try gateway()
    let wire = try gateway.connect()
    var unreserved = CharacterSet.alphanumerics
    unreserved.formIntersection(CharacterSet(charactersIn: Unicode.Scalar(0)..<Unicode.Scalar(128)))
    for text in strings {
      let escaped = text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
      let query = try wire.ask("/search?name=\(escaped)")
      // Told back as what was wrong, character for character.
      #expect(query.status == 422, "\(text)")
      let told = try JSONDecoder().decode([String: [Entry]].self, from: Data(query.body))
      #expect(told["detail"]?.first?.input == text)
      let body = try JSONEncoder().encode(["text": text])
      let json = try wire.ask("POST", "/json", fields: ["content-type: application/json"], body: Array(body))
      #expect(json.status == 200, "\(text)")
      #expect(json.body == Array(body))
    }
    #expect(gateway.stop().code == 0)
  }

  @Test(.enabled(if: Corpora.file("http-fuzz/http1.txt") != nil, "\(Corpora.whyNot)"))
  func whatAFuzzerFoundForAnotherServerDoesNoHarm() throws {
    let file = try #require(Corpora.file("http-fuzz/http1.txt"))
    let inputs = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      .compactMap { Data(base64Encoded: String($0)) }
    #expect(inputs.count > 1000)
    let gateway = try gateway()
    let steady = try gateway.connect()
    #expect(try steady.ask("/hello").status == 200)
    let baseline = gateway.child.descriptors
    for input in inputs {
      let wire = try gateway.connect()
      // The gateway may refuse and close before it has read everything.
      try? wire.send(Array(input))
      wire.finishSending()
      let answer = try wire.rest()
      #expect(answer.isEmpty || answer.starts(with: "HTTP/1.1 ".utf8))
    }
    #expect(try gateway.returns(to: baseline, on: steady, asking: "/hello"))
    #expect(gateway.stop().code == 0)
  }
}
