import GatewayHTTP
import GatewayServer
import NIOCore

/// A request that comes from this process, and its response collected: the second implementation of `ResponseStream`
/// beside a connection's, for tests and tools. Used on its loop.
public final class InProcessStream: ResponseStream {
  /// What came back.
  public struct Answer: Sendable {
    public var status: UInt16
    public var fields: FieldLines
    public var body: ByteBuffer
    /// False where the response was cut off.
    public var isComplete: Bool
  }

  public let eventLoop: any EventLoop
  public var consumer: (any StreamConsumer)?
  public var peer: IPAddress?
  public var isTLS = false
  private let method: HTTPMethod
  private let body: ByteBuffer
  private var answer = Answer(status: 0, fields: FieldLines(), body: ByteBuffer(), isComplete: false)
  private var done: ((Answer) -> Void)?
  private var ticks: RepeatedTask?

  /// Answers one request through `responder`. `done` is called once, on the loop. Call it on the loop.
  public static func answer(
    _ head: RequestHead, body: ByteBuffer, peer: IPAddress?, with responder: any Responder, on loop: any EventLoop,
    done: @escaping (Answer) -> Void
  ) {
    let stream = InProcessStream(head.method, body, loop, done)
    stream.peer = peer
    stream.start(responder, head)
  }

  private init(_ method: HTTPMethod, _ body: ByteBuffer, _ loop: any EventLoop, _ done: @escaping (Answer) -> Void) {
    self.method = method
    self.body = body
    self.done = done
    eventLoop = loop
  }

  private func start(_ responder: any Responder, _ head: RequestHead) {
    let bound = NIOLoopBound((stream: self, responder: responder), eventLoop: eventLoop)
    ticks = eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(20), delay: .milliseconds(20)) { _ in
      bound.value.stream.consumer?.tick(.now())
      bound.value.responder.tick(.now())
    }
    responder.respond(to: head, on: self)
  }

  private func soon(_ work: @escaping () -> Void) { eventLoop.assumeIsolated().execute(work) }

  public func collectBody(limit: Int) {
    soon { [self] in
      guard body.readableBytes <= limit else {
        consumer?.requestFailed(HTTPError(413, detail: "The body may have at most \(limit) bytes"))
        return
      }
      consumer?.requestBody(body)
    }
  }

  public func streamBody(limit: Int?) {
    soon { [self] in
      if let limit, body.readableBytes > limit {
        consumer?.requestFailed(HTTPError(413, detail: "The body may have at most \(limit) bytes"))
        return
      }
      if body.readableBytes > 0 { consumer?.requestPart(body) }
      consumer?.requestEnd(trailers: nil)
    }
  }

  public func pauseBody() {}
  public func resumeBody() {}

  public func send(status: UInt16, fields: FieldLines, body: UnsafeRawBufferPointer) {
    send(status: status, fields: fields, body: ByteBuffer(bytes: body))
  }

  public func send(status: UInt16, fields: FieldLines, body: ByteBuffer) {
    sendHead(status: status, fields: fields, length: body.readableBytes)
    sendPart(body)
    sendEnd(trailers: nil)
  }

  public func sendHead(status: UInt16, fields: FieldLines, length: Int?) {
    answer.status = status
    // The exchange keeps its own and goes on using it.
    answer.fields = FieldLines()
    answer.fields.append(contentsOf: fields)
    // RFC 9110 §8.6: a 304 has the length of the 200 that it stands for, or none.
    if let length, status != 204, status != 304 || length > 0 { answer.fields.append("content-length", length) }
  }

  public func sendPart(_ part: ByteBuffer) {
    guard method != .head, answer.status != 204, answer.status != 304 else { return }
    answer.body.writeImmutableBuffer(part)
  }

  public func sendEnd(trailers: FieldLines?) { end(isComplete: true) }
  public var isWritable: Bool { true }
  public func abort() { end(isComplete: false) }
  public func closeAfterResponse() {}

  private func end(isComplete: Bool) {
    guard let done else { return }
    self.done = nil
    ticks?.cancel()
    ticks = nil
    answer.isComplete = isComplete
    done(answer)
    soon { [self] in
      let consumer = self.consumer
      self.consumer = nil
      consumer?.streamEnded()
    }
  }
}
