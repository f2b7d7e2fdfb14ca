import Gateway
import GatewayHTTP
import GatewayJSON
import NIOCore

/// Sends requests to a gateway in this process. A value: copies are the same client.
public struct TestClient: Sendable {
  let instance: Instance
  let loop: any EventLoop

  public func get(_ target: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await send("GET", target, headers: headers)
  }

  public func post(_ target: String, json: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await send("POST", target, headers: headers, json: json)
  }

  public func put(_ target: String, json: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await send("PUT", target, headers: headers, json: json)
  }

  public func delete(_ target: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await send("DELETE", target, headers: headers)
  }

  private func send(
    _ method: String, _ target: String, headers: [String: String], json: String
  ) async throws -> TestAnswer {
    var headers = headers
    if !headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
      headers["content-type"] = "application/json"
    }
    return try await send(method, target, headers: headers, body: Array(json.utf8))
  }

  /// Sends a request and waits for its answer.
  ///
  /// - Parameters:
  ///   - target: path and query, percent-encoded as on the wire.
  ///   - body: nil for a request without one.
  /// - Throws: `HTTPError` where the request is one that a connection would refuse before it reaches a route.
  public func send(
    _ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8]? = nil
  ) async throws -> TestAnswer {
    // Through the real parser, so that what a connection refuses is refused here too.
    var text = "\(method) \(target) HTTP/1.1\r\n"
    if !headers.keys.contains(where: { $0.lowercased() == "host" }) { text += "host: testserver\r\n" }
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
    if let body { text += "content-length: \(body.count)\r\n" }
    var buffer = ByteBuffer(string: text + "\r\n")
    var parser = RequestParser()
    guard case .head(let head)? = try parser.next(&buffer) else {
      throw HTTPError(400, detail: "the request's head is not complete")
    }
    let answer = try await loop.flatSubmit { [instance, loop] () -> EventLoopFuture<InProcessStream.Answer> in
      let promise = loop.makePromise(of: InProcessStream.Answer.self)
      guard let responder = instance.responder(on: loop) else {
        promise.fail(TestGatewayError(text: "the gateway does not run on this loop"))
        return promise.futureResult
      }
      InProcessStream.answer(
        head, body: ByteBuffer(bytes: body ?? []), peer: IPAddress("127.0.0.1"), with: responder, on: loop
      ) { promise.succeed($0) }
      return promise.futureResult
    }.get()
    guard answer.isComplete else { throw TestGatewayError(text: "the response was cut off") }
    return TestAnswer(answer)
  }
}

/// A response, whole.
public struct TestAnswer: Sendable {
  public let status: Int
  /// In the order sent.
  public let headers: [(name: String, value: String)]
  public let body: [UInt8]

  init(_ answer: InProcessStream.Answer) {
    status = Int(answer.status)
    headers = answer.fields.pairs
    body = Array(answer.body.readableBytesView)
  }

  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The first field of that name, in any letter case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The body as JSON; throws where it is none.
  public func json() throws -> JSONValue { try JSONValue(parsing: body) }
}
