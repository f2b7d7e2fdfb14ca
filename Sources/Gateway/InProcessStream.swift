import GatewayHTTP
import GatewayPluginHost
import GatewayServer
import NIOCore

/// A request that comes from this process: the second implementation of `ResponseStream` beside a connection's, for tests
/// and tools. Used on its loop.
public final class InProcessStream: ResponseStream {
  /// What came back.
  public struct Answer: Sendable {
    public var status: UInt16
    public var fields: FieldLines
    public var body: ByteBuffer
    /// False where the response was cut off.
    public var isComplete: Bool
  }

  /// Who gets the response as it comes. All calls come on the loop; `end` comes last, once.
  public struct Receiver {
    public var head: (UInt16, FieldLines) -> Void
    public var part: (ByteBuffer) -> Void
    /// False: the response was cut off.
    public var end: (Bool) -> Void

    public init(
      head: @escaping (UInt16, FieldLines) -> Void, part: @escaping (ByteBuffer) -> Void, end: @escaping (Bool) -> Void
    ) {
      self.head = head
      self.part = part
      self.end = end
    }
  }

  public let eventLoop: any EventLoop
  public var consumer: (any StreamConsumer)?
  public var peer: IPAddress?
  public var isTLS = false
  private let method: HTTPMethod
  private var receiver: Receiver?
  private var hidesBody = false
  private var ticks: RepeatedTask?
  private var services: LoopServices?

  // The request's body: what was fed and the exchange has not taken yet.
  private enum Intake {
    case notAsked
    case collecting(limit: Int)
    case streaming(limit: Int?)
    case over
  }
  private var intake = Intake.notAsked
  private var fed: [(part: ByteBuffer, taken: () -> Void)] = []
  private var isFedWhole = false
  private var collected = ByteBuffer()
  private var received = 0
  private var isPaused = false
  private var isFlowing = false

  /// Answers one request with a body that is at hand. `done` is called once, on the loop. Call it on the loop.
  public static func answer(
    _ head: RequestHead, body: ByteBuffer, peer: IPAddress?, with responder: any Responder, on loop: any EventLoop,
    done: @escaping (Answer) -> Void
  ) {
    let collector = Collector(done)
    let stream = InProcessStream(head.method, loop, collector.receiver)
    stream.peer = peer
    if body.readableBytes > 0 { stream.feed(body) {} }
    stream.finishBody()
    stream.start(head, with: responder)
  }

  /// A stream that is not started yet. The body is fed; a request without one is finished at once.
  public init(_ method: HTTPMethod, _ loop: any EventLoop, _ receiver: Receiver) {
    self.method = method
    self.receiver = receiver
    eventLoop = loop
  }

  /// Hands the request to the gateway. `receiver` may be called before this returns.
  public func start(_ head: RequestHead, with responder: any Responder) {
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    let tick = { @Sendable (now: NIODeadline) -> Void in bound.value.consumer?.tick(now) }
    ticks = eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(20), delay: .milliseconds(20)) { _ in tick(.now()) }
    services = (responder as? LoopResponder)?.runtime.services
    services?.watch(self, tick)
    responder.respond(to: head, on: self)
  }

  private func soon(_ work: @escaping () -> Void) { eventLoop.assumeIsolated().execute(work) }

  // MARK: from the client

  /// A part of the request's body. `taken` is called when the exchange has it, or wants no more.
  public func feed(_ part: ByteBuffer, taken: @escaping () -> Void) {
    guard !isFedWhole, receiver != nil else { return taken() }
    if case .over = intake { return taken() }
    fed.append((part, taken))
    soon { [self] in flow() }
  }

  public func finishBody() {
    isFedWhole = true
    soon { [self] in flow() }
  }

  /// The client takes more, or no more for now.
  public func setWritable(_ writable: Bool) {
    guard writable != isWritable else { return }
    isWritable = writable
    if writable { consumer?.writable() }
  }

  /// The client goes away.
  public func leave() {
    guard receiver != nil else { return }
    let consumer = self.consumer
    receiver = nil
    stop()
    consumer?.clientGone()
    soon { consumer?.streamEnded() }
  }

  // MARK: the request's body

  public func collectBody(limit: Int) {
    intake = .collecting(limit: limit)
    soon { [self] in flow() }
  }

  public func streamBody(limit: Int?) {
    intake = .streaming(limit: limit)
    soon { [self] in flow() }
  }

  public func pauseBody() { isPaused = true }

  public func resumeBody() {
    isPaused = false
    soon { [self] in flow() }
  }

  private func flow() {
    guard !isFlowing else { return }
    isFlowing = true
    defer { isFlowing = false }
    while case .streaming(let limit) = intake, !isPaused, !fed.isEmpty {
      let (part, taken) = fed.removeFirst()
      guard admits(part, limit) else { return refuse(limit ?? 0, taken) }
      consumer?.requestPart(part)
      taken()
    }
    while case .collecting(let limit) = intake, !fed.isEmpty {
      let (part, taken) = fed.removeFirst()
      guard admits(part, limit) else { return refuse(limit, taken) }
      collected.writeImmutableBuffer(part)
      taken()
    }
    guard isFedWhole, fed.isEmpty else { return }
    switch intake {
    case .collecting:
      intake = .over
      consumer?.requestBody(collected)
    case .streaming where !isPaused:
      intake = .over
      consumer?.requestEnd(trailers: nil)
    default: break
    }
  }

  private func admits(_ part: ByteBuffer, _ limit: Int?) -> Bool {
    received += part.readableBytes
    return limit.map { received <= $0 } ?? true
  }

  private func refuse(_ limit: Int, _ taken: () -> Void) {
    dropBody()
    taken()
    consumer?.requestFailed(HTTPError(413, detail: "The body may have at most \(limit) bytes"))
  }

  private func dropBody() {
    intake = .over
    let waiting = fed
    fed = []
    for entry in waiting { entry.taken() }
  }

  // MARK: the response

  public private(set) var isWritable = true

  public func send(status: UInt16, fields: FieldLines, body: UnsafeRawBufferPointer) {
    send(status: status, fields: fields, body: ByteBuffer(bytes: body))
  }

  public func send(status: UInt16, fields: FieldLines, body: ByteBuffer) {
    sendHead(status: status, fields: fields, length: body.readableBytes)
    sendPart(body)
    sendEnd(trailers: nil)
  }

  public func sendHead(status: UInt16, fields: FieldLines, length: Int?) {
    hidesBody = method == .head || status == 204 || status == 304
    // The exchange keeps its own and goes on using it.
    var copy = FieldLines()
    copy.append(contentsOf: fields)
    // RFC 9110 §8.6: a 304 has the length of the 200 that it stands for, or none.
    if let length, status != 204, status != 304 || length > 0 { copy.append("content-length", length) }
    receiver?.head(status, copy)
  }

  public func sendPart(_ part: ByteBuffer) {
    guard !hidesBody, part.readableBytes > 0 else { return }
    receiver?.part(part)
  }

  public func sendEnd(trailers: FieldLines?) { end(isComplete: true) }
  public func abort() { end(isComplete: false) }
  public func closeAfterResponse() {}

  private func end(isComplete: Bool) {
    guard let receiver else { return }
    self.receiver = nil
    stop()
    // Before the receiver knows: what it asks the loop for then comes behind the end of the exchange.
    soon { [self] in
      let consumer = self.consumer
      self.consumer = nil
      consumer?.streamEnded()
    }
    receiver.end(isComplete)
  }

  private func stop() {
    ticks?.cancel()
    ticks = nil
    services?.unwatch(self)
    services = nil
    dropBody()
  }

  /// Puts an answer together.
  private final class Collector {
    private var answer = Answer(status: 0, fields: FieldLines(), body: ByteBuffer(), isComplete: false)
    private let done: (Answer) -> Void

    init(_ done: @escaping (Answer) -> Void) { self.done = done }

    var receiver: Receiver {
      Receiver(
        head: { [self] status, fields in
          answer.status = status
          answer.fields = fields
        }, part: { [self] in answer.body.writeImmutableBuffer($0) },
        end: { [self] isComplete in
          answer.isComplete = isComplete
          done(answer)
        })
    }
  }
}
