import Gateway
import GatewayHTTP
import NIOCore

/// Calls the gateway in this process, on its loop, through the real parser: what a connection refuses is refused here too.
struct InProcessTransport: TestTransport {
  let instance: Instance
  let loop: any EventLoop

  func start(_ head: ByteBuffer, method: String, body: ByteBuffer?, isSecure: Bool) async throws -> TestExchange {
    var bytes = head
    var parser = RequestParser()
    guard case .head(let head)? = try parser.next(&bytes) else {
      throw HTTPError(400, detail: "the request's head is not complete")
    }
    let loop = loop
    return try await loop.submit { [instance] in
      guard let responder = instance.responder(on: loop) else {
        throw TestGatewayError(text: "the gateway does not run on this loop")
      }
      let place = Place(loop)
      let mailbox = ResponseMailbox { control in loop.execute { place.on(control) } }
      let stream = InProcessStream(
        head.method, loop,
        .init(
          head: { mailbox.head(.init(status: Int($0), fields: $1.pairs)) },
          part: { if !mailbox.part($0) { place.stream?.setWritable(false) } },
          end: { isComplete in
            mailbox.end(isComplete ? .success(()) : .failure(TestGatewayError(text: "the response was cut off")))
            place.stream = nil
          }))
      stream.peer = IPAddress("127.0.0.1")
      stream.isTLS = isSecure
      place.stream = stream
      if let body {
        if body.readableBytes > 0 { stream.feed(body) {} }
        stream.finishBody()
      }
      stream.start(head, with: responder)
      return TestExchange(mailbox: mailbox) { part, isLast in
        let taken = loop.makePromise(of: Void.self)
        loop.execute {
          guard let stream = place.stream else { return taken.succeed() }
          if part.readableBytes > 0 { stream.feed(part) { taken.succeed() } }
          if isLast { stream.finishBody() }
          if part.readableBytes == 0 { taken.succeed() }
        }
        try await taken.futureResult.get()
      }
    }.get()
  }

  /// Where the stream is while it lives.
  ///
  /// Proof for @unchecked: used on the loop only.
  private final class Place: @unchecked Sendable {
    private let loop: any EventLoop
    var stream: InProcessStream?

    init(_ loop: any EventLoop) { self.loop = loop }

    func on(_ control: ResponseMailbox.Control) {
      loop.preconditionInEventLoop()
      switch control {
      case .more: stream?.setWritable(true)
      case .leave:
        stream?.leave()
        stream = nil
      }
    }
  }
}
