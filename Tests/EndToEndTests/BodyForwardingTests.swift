import Foundation
import TestSupport
import Testing

/// Bodies of proxied routes that declare what they take: checked before the upstream hears of the request, and handed
/// on as they were sent.
@Suite(.timeLimit(.minutes(5)))
struct BodyForwardingTests {
  private struct Setting {
    let backend: Backend
    let gateway: RunningGateway

    init() throws {
      backend = try Backend()
      gateway = try RunningGateway(
        Yaml.edge + """
          upstreams: { back: { targets: ["http://127.0.0.1:\(backend.port)"] } }
          routes:
            - match: POST /json
              body: { type: object, required: [count], properties: { count: { type: integer }, note: { type: string, default: none } } }
              proxy: { upstream: back }
            - match: POST /form
              body: { content: { multipart/form-data: { type: object, required: [title], properties: { title: { type: string } } } } }
              proxy: { upstream: back }
            - match: "POST /lax/{id}"
              parameters: { id: integer }
              body: { schema: { type: object, properties: { count: { type: integer } } }, coercion: lax }
              proxy: { upstream: back }
          """)
    }

    /// Sends the request; gives what the upstream got of it.
    func forwarded(_ target: String, _ fields: [String], _ body: [UInt8]) throws -> (
      fields: [(name: String, value: String)], body: [UInt8]
    ) {
      let client = try gateway.connect()
      let head = (["POST \(target) HTTP/1.1", "host: a", "content-length: \(body.count)"] + fields).joined(separator: "\r\n")
      try client.send(Array("\(head)\r\n\r\n".utf8) + body)
      let upstream = try backend.accept()
      let received = try #require(try upstream.head())
      let length = received.fields.first { $0.name == "content-length" }.flatMap { Int($0.value) }
      let bytes = try upstream.bytes(try #require(length))
      try upstream.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
      #expect(try client.answer().text == "ok")
      return (received.fields, bytes)
    }
  }

  @Test func aBodyThatFitsIsHandedOnAsItWasSent() throws {
    let setting = try Setting()
    let json = Array(#"{ "count" : 1.0, "extra": [1,  2] }"#.utf8)
    let plain = try setting.forwarded("/json", ["content-type: application/json"], json)
    #expect(plain.body == json)
    // Lax values and defaults are the check's; the upstream gets what the client said.
    let lax = Array(#"{"count":"7"}"#.utf8)
    #expect(try setting.forwarded("/lax/5", ["content-type: application/json"], lax).body == lax)
  }

  @Test(.enabled(if: Child.find("gzip") != nil, "needs gzip")) func aCompressedBodyStaysCompressed() throws {
    let setting = try Setting()
    let folder = try RunningGateway.folder()
    try #"{"count":1}"#.write(toFile: "\(folder)/body", atomically: true, encoding: .utf8)
    #expect(try Child.run(#require(Child.find("gzip")), ["\(folder)/body"]).code == 0)
    let body = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/body.gz")))
    let fields = ["content-type: application/json", "content-encoding: gzip"]
    let forwarded = try setting.forwarded("/json", fields, body)
    #expect(forwarded.body == body)
    #expect(forwarded.fields.contains { $0.name == "content-encoding" && $0.value == "gzip" })
    let refused = try setting.gateway.ask("POST", "/json", fields: fields, body: Array(body.dropLast()))
    #expect(refused.status == 400)
  }

  @Test func aMultipartFormStaysWhole() throws {
    let setting = try Setting()
    let form = Array(
      "--b\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nx\r\n--b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n\(String(repeating: "y", count: 100_000))\r\n--b--\r\n"
        .utf8)
    let forwarded = try setting.forwarded("/form", ["content-type: multipart/form-data; boundary=b"], form)
    #expect(forwarded.body == form)
    #expect(forwarded.fields.contains { $0.value == "multipart/form-data; boundary=b" })
  }

  @Test func aBodyThatDoesNotFitNeverReachesTheUpstream() throws {
    let setting = try Setting()
    let wire = try setting.gateway.connect()
    for (target, type, body, status) in [
      ("/json", "application/json", #"{"count":"1"}"#, 422), ("/json", "application/json", "{", 422),
      ("/json", "text/plain", "{}", 415), ("/json", "application/json", "", 422),
      ("/lax/x", "application/json", "{}", 422), ("/form", "multipart/form-data; boundary=b", "--b--\r\n", 422),
      ("/form", "multipart/form-data; boundary=b", "--c", 400),
    ] {
      let answer = try wire.ask("POST", target, fields: ["content-type: \(type)"], body: Array(body.utf8))
      #expect(answer.status == status, "\(target) \(body)")
    }
    // The first that the upstream hears of is the one that fits.
    let good = Array(#"{"count":2}"#.utf8)
    #expect(try setting.forwarded("/json", ["content-type: application/json"], good).body == good)
  }

  @Test func theBodyMayArriveInPieces() throws {
    let setting = try Setting()
    let client = try setting.gateway.connect()
    try client.send("POST /json HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    for piece in ["{\"co", "unt\":", "3}"] {
      try client.send("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n")
    }
    try client.send("0\r\n\r\n")
    let upstream = try setting.backend.accept()
    let head = try #require(try upstream.head())
    #expect(head.fields.contains { $0.name == "content-length" && $0.value == "11" })
    #expect(try upstream.bytes(11) == Array(#"{"count":3}"#.utf8))
    try upstream.send("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    #expect(try client.answer().status == 204)
  }
}
