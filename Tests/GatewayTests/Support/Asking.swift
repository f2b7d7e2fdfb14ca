import CZlib
import GatewayHTTP
import GatewayJSON
import GatewayPlugin
import NIOCore

@testable import Gateway
@testable import GatewayTesting

extension TestClient {
  /// As `send`, with header fields that may repeat, in order.
  func ask(
    _ line: String, _ fields: [String] = [], body: [UInt8]? = nil
  ) async throws -> TestAnswer {
    var text = "\(line) HTTP/1.1\r\nhost: testserver\r\n" + fields.map { $0 + "\r\n" }.joined()
    if let body { text += "content-length: \(body.count)\r\n" }
    var buffer = ByteBuffer(string: text + "\r\n")
    var parser = RequestParser()
    guard case .head(let head)? = try parser.next(&buffer) else { throw HTTPError(400, detail: "no head") }
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

  func post(_ target: String, _ type: String, _ body: [UInt8], _ fields: [String] = []) async throws -> TestAnswer {
    try await ask("POST \(target)", ["content-type: \(type)"] + fields, body: body)
  }

  func post(_ target: String, _ type: String, _ body: String, _ fields: [String] = []) async throws -> TestAnswer {
    try await post(target, type, Array(body.utf8), fields)
  }
}

extension TestAnswer {
  /// The body of a 200, the entries of a 422 as `type@loc`, else the status.
  var summary: String {
    switch status {
    case 200: return text
    case 422:
      let entries = (try? json())?["detail"]?.array ?? []
      return entries.map { entry in
        let steps = (entry["loc"]?.array ?? []).map { $0.string ?? $0.number?.text ?? "?" }
        return "\(entry["type"]?.string ?? "?")@\(steps.joined(separator: "."))"
      }.joined(separator: " ")
    default: return "\(status)"
    }
  }

  /// Entries of a 422.
  var entries: [JSONValue] { (try? json())?["detail"]?.array ?? [] }
}

/// A multipart form as browsers write it.
struct FormText {
  static let boundary = "----edge-7"
  static let type = "multipart/form-data; boundary=\(boundary)"
  private(set) var bytes: [UInt8] = []

  mutating func field(_ name: String, _ value: String) {
    part("content-disposition: form-data; name=\"\(name)\"\r\n", Array(value.utf8))
  }

  mutating func file(_ name: String, _ filename: String, _ content: [UInt8], type: String = "text/plain") {
    part(
      "content-disposition: form-data; name=\"\(name)\"; filename=\"\(filename)\"\r\ncontent-type: \(type)\r\n", content)
  }

  private mutating func part(_ head: String, _ content: [UInt8]) {
    bytes += Array("--\(Self.boundary)\r\n\(head)\r\n".utf8) + content + Array("\r\n".utf8)
  }

  /// With the closing boundary.
  var whole: [UInt8] { bytes + Array("--\(Self.boundary)--\r\n".utf8) }
}

enum Compressed {
  enum Format: Int32 { case gzip = 31, zlib = 15 }

  static func make(_ bytes: [UInt8], _ format: Format) -> [UInt8] {
    var stream = z_stream()
    let version = deflateInit2_(
      &stream, 9, Z_DEFLATED, format.rawValue, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(version == Z_OK)
    defer { deflateEnd(&stream) }
    var source = bytes
    var target = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count))))
    return source.withUnsafeMutableBufferPointer { input in
      target.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = uInt(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = uInt(output.count)
        precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
        return Array(output[..<Int(stream.total_out)])
      }
    }
  }
}

extension TestClient {
  /// Exchanges under way on the client's loop.
  func active() async throws -> Int {
    try await loop.submit { [instance, loop] in
      (instance.responder(on: loop) as? LoopResponder)?.runtime.active ?? -1
    }.get()
  }
}
