import Foundation
import Glibc
import TestSupport
import Testing

/// Proxying to real back ends: nginx, a second gateway, and one that the test plays itself.
@Suite(.timeLimit(.minutes(5))) struct ProxyTests {
  private func front(_ port: Int, timeouts: String = "{}", limits: String = "{}") throws -> RunningGateway {
    try RunningGateway(
      """
      \(Yaml.edge)
      upstreams: { back: { targets: ["http://127.0.0.1:\(port)"], timeouts: \(timeouts) } }
      routes:
        - { match: "/{rest:path}", proxy: { upstream: back, path: "/{rest}" }, limits: \(limits) }
        - { match: GET /alive, respond: 200 }
      """)
  }

  private static let megabytes: [UInt8] = {
    var bytes = [UInt8](repeating: 0, count: 10 << 20)
    let source = open("/dev/urandom", O_RDONLY | O_CLOEXEC)
    defer { close(source) }
    _ = bytes.withUnsafeMutableBytes { read(source, $0.baseAddress, $0.count) }
    return bytes
  }()

  /// Not part of an expectation, which would print both sides.
  private func isMegabytes(_ body: [UInt8]) -> Bool { body == Self.megabytes }

  @Test func statusFieldsAndBodyPassThrough() throws {
    let back = try Backend()
    let gateway = try front(back.port)
    let client = try gateway.connect()
    try client.send(
      """
      POST /a%2Fb/c?x=1&y=%20 HTTP/1.1\r
      host: shop.example:81\r
      content-length: 3\r
      connection: x-hop, keep-alive\r
      x-hop: 1\r
      keep-alive: timeout=5\r
      te: gzip\r
      proxy-authorization: Basic x\r
      x-end: 2\r
      x-end: 3\r
      x-forwarded-for: 6.6.6.6\r
      x-forwarded-proto: https\r
      \r
      abc
      """)
    let served = try back.accept()
    let head = try #require(try served.head())
    #expect(head.line == "POST /a%2Fb/c?x=1&y=%20 HTTP/1.1")
    func values(_ name: String) -> [String] { head.fields.filter { $0.name == name }.map(\.value) }
    for name in ["x-hop", "keep-alive", "te", "proxy-authorization"] { #expect(values(name).isEmpty, "\(name)") }
    #expect(!values("connection").contains { $0.contains("x-hop") })
    #expect(values("x-end") == ["2", "3"])
    // The client is no trusted proxy: what it says of itself is dropped.
    #expect(values("x-forwarded-for") == ["127.0.0.1"])
    #expect(values("x-forwarded-proto") == ["http"])
    #expect(values("x-forwarded-host") == ["shop.example:81"])
    #expect(values("content-length") == ["3"])
    #expect(try served.bytes(3) == Array("abc".utf8))
    try served.send(
      """
      HTTP/1.1 418 Short and Stout\r
      content-length: 5\r
      connection: x-drop\r
      x-drop: 1\r
      x-keep: a\r
      x-keep: b\r
      set-cookie: a=1\r
      set-cookie: b=2\r
      \r
      short
      """)
    let answer = try client.answer()
    #expect(answer.status == 418)
    #expect(answer.text == "short")
    #expect(answer["x-drop"] == nil)
    #expect(answer["x-keep"] == "a, b")
    #expect(answer.fields.filter { $0.name == "set-cookie" }.map(\.value) == ["a=1", "b=2"])
    // Both connections are kept and used again.
    try client.send("GET /again HTTP/1.1\r\nhost: a\r\n\r\n")
    #expect(try served.head()?.line == "GET /again HTTP/1.1")
    try served.send("HTTP/1.1 204 No Content\r\n\r\n")
    #expect(try client.answer().status == 204)
  }

  @Test func chunksPassAsTheyCome() throws {
    let back = try Backend()
    let gateway = try front(back.port)
    let client = try gateway.connect()
    try client.send("POST /s HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
    let served = try back.accept()
    let head = try #require(try served.head())
    #expect(head.fields.contains { $0.name == "transfer-encoding" && $0.value == "chunked" })
    // The first chunk arrives although the request has not ended.
    #expect(try served.line() == "3")
    #expect(try served.line() == "one")
    try client.send("3\r\ntwo\r\n0\r\n\r\n")
    #expect(try served.line() == "3")
    #expect(try served.line() == "two")
    #expect(try served.line() == "0")
    #expect(try served.line() == "")
    try served.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfour\r\n")
    #expect(try client.head()?.line == "HTTP/1.1 200 OK")
    #expect(try client.line() == "4")
    #expect(try client.line() == "four")
    try served.send("0\r\n\r\n")
    #expect(try client.line() == "0")
    #expect(try client.line() == "")
  }

  @Test func aBodyThatBreaksOffIsNeverPassedOffAsWhole() throws {
    let back = try Backend()
    let gateway = try front(back.port)
    for head in ["content-length: 100\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
      let client = try gateway.connect()
      try client.send("GET /broken HTTP/1.1\r\nhost: a\r\n\r\n")
      let served = try back.accept()
      _ = try served.head()
      try served.send("HTTP/1.1 200 OK\r\n\(head)")
      #expect(try client.head()?.line == "HTTP/1.1 200 OK")
      served.finishSending()
      let rest = String(decoding: try client.rest(), as: UTF8.self)
      #expect(!rest.contains("0\r\n\r\n"), "\(rest)")
    }
    #expect(try gateway.ask("/alive").status == 200)
  }

  @Test func aBackEndThatRefusesIs502() throws {
    let nobody = try Backend(listens: false)
    let gateway = try front(nobody.port)
    let answer = try gateway.ask("/x")
    #expect(answer.status == 502)
    #expect(answer.text == #"{"detail":"Bad Gateway"}"#)
    #expect(try gateway.ask("/alive").status == 200)
  }

  @Test func aBackEndThatSaysNothingIs504() throws {
    let silent = try Backend()
    let gateway = try front(silent.port, timeouts: "{ response_head: 200ms }")
    #expect(try gateway.ask("/x").status == 504)
    #expect(try gateway.ask("/alive").status == 200)
    #expect(gateway.stop().code == 0)
  }

  @Test func aBackEndThatSaysNonsenseIs502() throws {
    let back = try Backend()
    let gateway = try front(back.port)
    for nonsense in [
      "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nx y: 1\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
    ] {
      let client = try gateway.connect()
      try client.send("GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
      let served = try back.accept()
      _ = try served.head()
      try served.send(nonsense)
      #expect(try client.answer().status == 502, "\(nonsense)")
    }
  }

  @Test func aClientThatLeavesEndsTheRequestToTheBackEnd() throws {
    let back = try Backend()
    let gateway = try front(back.port)
    let steady = try gateway.connect()
    #expect(try steady.ask("/alive").status == 200)
    let baseline = gateway.child.descriptors
    for _ in 0..<20 {
      let client = try gateway.connect()
      try client.send("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
      let served = try back.accept()
      #expect(try served.head() != nil)
      client.resetOnClose()
      _ = consume client
      #expect(try served.isAtEnd())
    }
    #expect(try gateway.returns(to: baseline, on: steady, asking: "/alive"))
  }

  @Test func tenMegabytesGoThroughTwoGatewaysAndBack() throws {
    let back = try RunningGateway(
      """
      \(Yaml.edge)
      plugins: { echo: { library: Echo } }
      routes: [ { match: POST /echo, handler: echo.echo, limits: { body: 16MiB } } ]
      """)
    let gateway = try front(back.port, limits: "{ body: 16MiB }")
    let answer = try gateway.ask("POST", "/echo", body: Self.megabytes)
    #expect(answer.status == 200)
    #expect(answer["x-method"] == "POST")
    #expect(isMegabytes(answer.body))
    // Over the limit of the back end, which answers before it has the body.
    let wire = try gateway.connect()
    try wire.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: \(17 << 20)\r\n\r\n")
    #expect(try wire.answer().status == 413)
    #expect(gateway.stop().code == 0)
    #expect(back.stop().code == 0)
  }

  @Test(.enabled(if: Nginx.program != nil, "needs nginx")) func nginxIsServedThroughTheGateway() throws {
    let nginx = try Nginx()
    try Data(Self.megabytes).write(to: URL(fileURLWithPath: "\(nginx.folder)/large.bin"))
    try "hello from nginx\n".write(toFile: "\(nginx.folder)/a.txt", atomically: true, encoding: .utf8)
    let gateway = try front(nginx.port, limits: "{ body: 16MiB }")
    let wire = try gateway.connect()
    let text = try wire.ask("/files/a.txt")
    #expect(text.status == 200)
    #expect(text.text == "hello from nginx\n")
    #expect(text["content-type"]?.hasPrefix("text/plain") == true)
    #expect(text["etag"] != nil)

    let etag = try #require(text["etag"])
    let unchanged = try wire.ask("/files/a.txt", fields: ["if-none-match: \(etag)"])
    #expect(unchanged.status == 304)
    #expect(try wire.ask("/files/a.txt", fields: ["range: bytes=0-4"]).text == "hello")
    let head = try wire.ask("HEAD", "/files/large.bin")
    #expect(head.status == 200)
    #expect(head["content-length"] == "\(Self.megabytes.count)")
    #expect(try wire.ask("/files/nothing").status == 404)
    #expect(try wire.ask("/moved")["location"] == "/files/a.txt")
    #expect(isMegabytes(try wire.ask("/files/large.bin").body))
    #expect(try wire.ask("/headers").text.hasPrefix("127.0.0.1 http gateway.example"))

    // Ten megabytes in, kept by nginx, and out again.
    #expect(try gateway.ask("PUT", "/files/up.bin", body: Self.megabytes).status == 201)
    #expect(isMegabytes(try wire.ask("/files/up.bin").body))
    // nginx leaves without a body limit's worth of politeness; the gateway does not.
    nginx.child.send(SIGKILL)
    nginx.child.wait()
    #expect(try wire.ask("/files/a.txt").status == 502)
    #expect(gateway.stop().code == 0)
  }
}
