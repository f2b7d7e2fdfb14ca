import Foundation
import Testing

/// Policies of a plugin that was opened from its library, through the real binary.
@Suite(.timeLimit(.minutes(5))) struct PolicyTests {
  private func gateway(_ routes: String, back: Int = 1) throws -> RunningGateway {
    try RunningGateway(
      """
      \(Yaml.edge)
      plugins: { echo: { library: Echo } }
      upstreams: { back: { targets: ["http://127.0.0.1:\(back)"] } }
      use: [security_headers]
      routes:
      \(routes)
      """)
  }

  @Test func aPolicySignsRequestsAndAnswersOfAnUpstream() throws {
    let back = try Backend()
    let gateway = try gateway(
      "  - { match: /a, use: [{ echo.sign: { text: edge } }], proxy: { upstream: back } }", back: back.port)
    let client = try gateway.connect()
    // The client says so itself, and asks for the policy's word to be dropped.
    try client.send("GET /a HTTP/1.1\r\nhost: x\r\nX-Signed-By: me\r\nconnection: x-signed-by\r\n\r\n")
    let served = try back.accept()
    let head = try #require(try served.head())
    #expect(head.fields.filter { $0.name == "x-signed-by" }.map(\.value) == ["edge"])
    try served.send("HTTP/1.1 200 OK\r\nx-signed-by: back\r\ncontent-length: 2\r\n\r\nok")
    let answer = try client.answer()
    #expect(answer.text == "ok")
    #expect(answer["x-signed-by"] == "edge")
    #expect(answer["x-frame-options"] == "DENY")
    #expect(gateway.stop().code == 0)
  }

  @Test func largeBodiesGoThroughInPartsInBothDirections() throws {
    let gateway = try gateway("  - { match: POST /e, limits: { body: 8MiB }, use: [echo.upper], handler: echo.echo }")
    let body = [UInt8](repeating: UInt8(ascii: "q"), count: 3 << 20)
    let answer = try gateway.ask("POST", "/e", fields: ["content-type: text/plain"], body: body)
    #expect(answer.status == 200)
    #expect(answer.body.count == body.count)
    #expect(answer.body.allSatisfy { $0 == UInt8(ascii: "Q") })
    #expect(gateway.stop().code == 0)
  }

  @Test func anUnknownPolicyStopsTheStart() throws {
    let error = #expect(throws: (any Error).self) {
      try gateway("  - { match: /a, use: [echo.sing], handler: echo.hello }")
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("has no policy `sing`"))
  }
}
