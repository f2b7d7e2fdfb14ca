import Foundation
import TestSupport
import Testing

/// Dependencies that run before a request goes to an upstream, from a plugin that was opened.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BrokenPlugins.canBuild, "needs a C compiler"))
struct GuardTests {
  private func gateway(_ port: Int, depends: String, more: String = "") throws -> RunningGateway {
    try RunningGateway(
      """
      \(Yaml.edge)
      plugins: { guards: { path: "\(try BrokenPlugins.build("guards"))" } }
      dependencies:
        key: { provider: guards.key }
        brief: { provider: guards.brief }
        tenant: { provider: guards.tenant }
      upstreams: { back: { targets: ["http://127.0.0.1:\(port)"] } }
      routes:
        - { match: "/{rest:path}", depends: \(depends), proxy: { upstream: back, path: "/{rest}" } }
      \(more)
      """)
  }

  @Test func aBodyWaitsForTheGuardAndStreamsToTheUpstream() throws {
    let back = try Backend()
    let gateway = try gateway(back.port, depends: "key")
    let client = try gateway.connect()
    try client.send(
      "POST /up HTTP/1.1\r\nhost: a\r\nx-key: sesame\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n")
    #expect(try client.line() == "HTTP/1.1 100 Continue")
    #expect(try client.line() == "")
    let served = try back.accept()
    try client.send("3\r\nabc\r\n")
    #expect(try #require(try served.head()).line == "POST /up HTTP/1.1")
    // The first part is there before the second was sent: nothing waits for the whole.
    #expect(try served.line() == "3")
    #expect(try served.line() == "abc")
    try client.send("2\r\nde\r\n0\r\n\r\n")
    #expect(try served.line() == "2")
    #expect(try served.line() == "de")
    try served.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    let answer = try client.answer()
    #expect(answer.status == 200)
    #expect(answer.text == "ok")
    #expect(gateway.stop().code == 0)
  }

  @Test func aGuardThatRefusesCostsNoUploadAndReachesNoUpstream() throws {
    let back = try Backend(listens: false)
    let gateway = try gateway(back.port, depends: "key")
    let client = try gateway.connect()
    try client.send("POST /up HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n")
    // Neither `100 Continue` nor the 502 of an upstream that refuses.
    let answer = try client.answer()
    #expect(answer.status == 401)
    #expect(answer.text == "no key")
    #expect(try gateway.ask("/up", fields: ["x-key: sesame"]).status == 502)
    #expect(gateway.stop().code == 0)
  }

  @Test func whatAGuardReadsIsCheckedWithoutWaitingForTheBody() throws {
    let back = try Backend()
    let gateway = try gateway(back.port, depends: "[tenant, key]")
    #expect(try gateway.ask("/x", fields: ["x-key: sesame", "x-tenant: seven"]).status == 422)
    #expect(try gateway.ask("/x", fields: ["x-key: sesame"]).status == 422)
    let client = try gateway.connect()
    try client.send(
      "PUT /x HTTP/1.1\r\nhost: a\r\nx-key: sesame\r\nx-tenant: 7\r\ncontent-length: 6\r\n\r\nabc")
    let served = try back.accept()
    #expect(try #require(try served.head()).line == "PUT /x HTTP/1.1")
    #expect(try served.bytes(3) == Array("abc".utf8))
    try client.send("def")
    #expect(try served.bytes(3) == Array("def".utf8))
    try served.send("HTTP/1.1 204 No Content\r\n\r\n")
    #expect(try client.answer().status == 204)
    #expect(gateway.stop().code == 0)
  }

  @Test func aTeardownOfHandlerScopeSeesTheUpstreamsAnswerFirst() throws {
    let back = try Backend()
    let gateway = try gateway(back.port, depends: "brief")
    for (fails, status) in [(false, 200), (true, 500)] {
      let client = try gateway.connect()
      try client.send("GET /x HTTP/1.1\r\nhost: a\r\n\(fails ? "x-fail: 1\r\n" : "")\r\n")
      let served = try back.accept()
      _ = try served.head()
      try served.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\nx-from: back\r\n\r\nok")
      let answer = try client.answer()
      #expect(answer.status == status)
      #expect((answer["x-from"] == "back") == !fails)
      #expect((answer.text == "ok") == !fails)
    }
    // In parts, the head is out: what fails breaks the response off.
    for fails in [false, true] {
      let client = try gateway.connect()
      try client.send("GET /x HTTP/1.1\r\nhost: a\r\n\(fails ? "x-fail: 1\r\n" : "")\r\n")
      let served = try back.accept()
      _ = try served.head()
      try served.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")
      let head = try #require(try client.head())
      #expect(head.line == "HTTP/1.1 200 OK")
      #expect(try client.line() == "2")
      #expect(try client.line() == "ab")
      try served.send("0\r\n\r\n")
      if fails {
        #expect(try client.isAtEnd())
      } else {
        #expect(try client.line() == "0")
        #expect(try client.line() == "")
      }
    }
    #expect(gateway.stop().code == 0)
  }
}
