import GatewayHTTP
import GatewayServer
import NIOCore

/// Sends requests to an instance in this process, as a connection would.
struct ConformanceRunner: Sendable {
  enum Outcome: Sendable, Equatable {
    case answered(UInt16)
    case cutOff
    case unanswered
  }

  let instance: Instance
  let loop: (any EventLoop)?

  /// Longer than the deadline of the routes.
  static let patience = TimeAmount.seconds(8)

  /// For paths where the gateway itself makes an error.
  static func errorRequest(_ path: String) -> ConformanceRequests.Request? {
    switch path {
    case "/nothing":
      .init(name: "to a path that is nowhere", head: "GET /nothing HTTP/1.1\r\nhost: conformance\r\n\r\n", body: [])
    case "/errors":
      .init(
        name: "with a method that is not allowed",
        head: "PUT /errors HTTP/1.1\r\nhost: conformance\r\ncontent-length: 0\r\n\r\n", body: [])
    default: nil
    }
  }

  func send(_ request: ConformanceRequests.Request) async -> [Outcome] {
    guard let loop else { return [] }
    let futures = (0..<request.times).map { _ in
      let promise = loop.makePromise(of: Outcome.self)
      let (head, body, leaves) = (request.head, request.body, request.leaves)
      loop.execute { [instance] in
        ConformanceExchange.start(head, body, leaves: leaves, on: loop, instance.responder(on: loop), promise)
      }
      return promise.futureResult
    }
    var outcomes: [Outcome] = []
    for future in futures { outcomes.append((try? await future.get()) ?? .unanswered) }
    return outcomes
  }
}

/// One request, on its loop.
private final class ConformanceExchange {
  private let promise: EventLoopPromise<ConformanceRunner.Outcome>
  private var stream: InProcessStream?
  private var status: UInt16 = 0
  private var timer: Scheduled<Void>?

  private init(_ promise: EventLoopPromise<ConformanceRunner.Outcome>) { self.promise = promise }

  static func start(
    _ head: String, _ body: [UInt8], leaves: Bool, on loop: any EventLoop, _ responder: (any Responder)?,
    _ promise: EventLoopPromise<ConformanceRunner.Outcome>
  ) {
    var bytes = ByteBuffer(string: head)
    var parser = RequestParser()
    guard let responder, case .head(let head)? = try? parser.next(&bytes) else {
      // What the server itself refuses never reaches a plugin.
      return promise.succeed(.answered(400))
    }
    let exchange = ConformanceExchange(promise)
    let stream = InProcessStream(
      head.method, loop,
      .init(
        head: { status, _ in exchange.status = status }, part: { _ in },
        end: { isComplete in exchange.end(isComplete ? .answered(exchange.status) : .cutOff) }))
    exchange.stream = stream
    stream.peer = IPAddress("127.0.0.1")
    exchange.timer = loop.assumeIsolated().scheduleTask(in: ConformanceRunner.patience) { exchange.leave() }
    if !body.isEmpty { stream.feed(ByteBuffer(bytes: body)) {} }
    stream.finishBody()
    stream.start(head, with: responder)
    if leaves { loop.assumeIsolated().execute { exchange.leave() } }
  }

  private func leave() {
    guard let stream else { return }
    stream.leave()
    end(.unanswered)
  }

  private func end(_ outcome: ConformanceRunner.Outcome) {
    guard stream != nil else { return }
    stream = nil
    timer?.cancel()
    timer = nil
    promise.succeed(outcome)
  }
}
