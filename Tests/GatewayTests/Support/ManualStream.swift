import GatewayHTTP
import GatewayServer
import NIOCore

@testable import Gateway
@testable import GatewayTesting

/// A stream that a test drives step by step, as a connection would: time passes and the client leaves when it says so.
final class ManualStream: ResponseStream, @unchecked Sendable {
  // Proof for @unchecked: everything runs on `eventLoop`, by `on`.
  let eventLoop: any EventLoop
  var consumer: (any StreamConsumer)?
  let peer: IPAddress? = IPAddress("127.0.0.1")
  let isTLS = false

  /// What the exchange did to it, in order.
  private(set) var events: [String] = []
  private(set) var body = ""
  private(set) var fields: [(name: String, value: String)] = []
  private(set) var trailers: FieldLines?
  /// Parts of the response as they came.
  private(set) var parts: [ByteBuffer] = []
  /// Whether the client takes more at once; the test says so again with `takeMore`.
  var isWritable = true
  /// After so many bytes of parts the client takes no more.
  var takesBytes = Int.max
  private(set) var takenBytes = 0
  /// "pause" and "resume" of the request's body, "part", "end" and "abort" of the response, for tests that wait.
  let journal = Journal()
  /// Runs inside the end of the stream, where a connection goes on with the next request that it has read.
  var onEnd: (() -> Void)?
  /// As a connection whose socket takes everything at once: the stream ends while `send` still runs.
  private let endsAtOnce: Bool
  private let ended: EventLoopPromise<Void>
  private let answered: EventLoopPromise<Void>
  private let instance: Instance

  init(_ client: TestClient, endsAtOnce: Bool = true) {
    instance = client.instance
    eventLoop = client.loop
    self.endsAtOnce = endsAtOnce
    ended = client.loop.makePromise()
    answered = client.loop.makePromise()
  }

  /// Runs on the loop.
  func on<Result: Sendable>(_ work: @escaping @Sendable (ManualStream) throws -> Result) async throws -> Result {
    try await eventLoop.submit { try work(self) }.get()
  }

  /// Sends a head, such as `GET /books`.
  func start(_ line: String, headers: [String] = []) async throws {
    try await on { try $0.startNow(line, headers: headers) }
  }

  func startNow(_ line: String, headers: [String] = []) throws {
    var parser = RequestParser()
    let text = (["\(line) HTTP/1.1", "host: test"] + headers).map { $0 + "\r\n" }.joined() + "\r\n"
    var buffer = ByteBuffer(string: text)
    guard case .head(let head)? = try parser.next(&buffer), let responder = instance.responder(on: eventLoop) else {
      throw HTTPError(400)
    }
    responder.respond(to: head, on: self)
  }

  /// A part of the request's body arrives.
  func feed(_ bytes: [UInt8]) async throws { try await on { $0.consumer?.requestPart(ByteBuffer(bytes: bytes)) } }

  /// The request's body is whole.
  func finishBody() async throws { try await on { $0.consumer?.requestEnd(trailers: nil) } }

  /// The client takes `bytes` more.
  func takeMore(_ bytes: Int = .max) async throws {
    try await on { stream in
      stream.takesBytes = bytes == .max ? .max : stream.takenBytes + bytes
      stream.isWritable = true
      stream.consumer?.writable()
    }
  }

  /// The response's fields, a line each.
  func fieldLines() async throws -> [String] { try await on { $0.fields.map { "\($0.name): \($0.value)" } } }

  /// All parts so far, as text.
  func text() async throws -> String { try await on { $0.parts.map { String(buffer: $0) }.joined() } }

  /// An hour passes.
  func tick() async throws { try await on { $0.consumer?.tick(.now() + .hours(1)) } }

  func leave() async throws {
    try await on { stream in
      stream.events.append("gone")
      stream.consumer?.clientGone()
      stream.end()
    }
  }

  /// The socket has taken the response.
  func flush() async throws { try await on { $0.end() } }

  func waitForAnswer() async throws { try await answered.futureResult.get() }
  func waitForEnd() async throws { try await ended.futureResult.get() }

  /// Exchanges under way on this loop.
  func active() async throws -> Int {
    try await on { stream in
      (stream.instance.responder(on: stream.eventLoop) as? LoopResponder)?.runtime.active ?? -1
    }
  }

  private func end() {
    guard let consumer else { return }
    self.consumer = nil
    consumer.streamEnded()
    onEnd?()
    answered.succeed()
    ended.succeed()
  }

  // MARK: ResponseStream

  func collectBody(limit: Int) { events.append("collect \(limit)") }
  func streamBody(limit: Int?) {}
  func pauseBody() { journal.note("pause") }
  func resumeBody() { journal.note("resume") }

  func send(status: UInt16, fields: FieldLines, body: UnsafeRawBufferPointer) {
    events.append("\(status)")
    self.fields = fields.pairs
    self.body = String(decoding: body, as: UTF8.self)
    answered.succeed()
    if endsAtOnce { end() }
  }

  func send(status: UInt16, fields: FieldLines, body: ByteBuffer) {
    body.withUnsafeReadableBytes { send(status: status, fields: fields, body: $0) }
  }

  func sendHead(status: UInt16, fields: FieldLines, length: Int?) {
    events.append("head \(status)")
    self.fields = fields.pairs
    journal.note("head")
  }

  func sendPart(_ part: ByteBuffer) {
    events.append("part")
    parts.append(part)
    takenBytes += part.readableBytes
    if takenBytes >= takesBytes { isWritable = false }
    journal.note("part")
  }

  func sendEnd(trailers: FieldLines?) {
    self.trailers = trailers
    journal.note("end")
    end()
  }

  func abort() {
    events.append("abort")
    journal.note("abort")
    end()
  }
  func closeAfterResponse() { events.append("closes") }
}
