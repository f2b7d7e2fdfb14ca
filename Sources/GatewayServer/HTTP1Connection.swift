import GatewayHTTP
import NIOCore
import NIOTLS

/// One HTTP/1.1 connection: takes requests out of the bytes, gives each to the responder, writes the responses, in
/// order and one exchange at a time.
///
/// Bytes of further requests (pipelining) wait unparsed, and with some waiting nothing more is read from the socket,
/// so a client that sends without reading fills its own buffers and not ours. The path of a request that is answered
/// at once allocates nothing: the head is parsed in the buffer it was received in, the response is written into
/// storage that the loop lends, and everything that was written in one read cycle leaves in one system call.
///
/// The state and its three kinds of unfitting events are in `ConnectionState`; this file receives, the extensions
/// write, watch the time and close.
final class HTTP1Connection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let loop: ServerLoop
  let isTLS: Bool
  /// In the loop's table.
  var slot = -1

  var context: ChannelHandlerContext?
  var peer: IPAddress?
  var state = ConnectionState()
  var parser: RequestParser
  /// Received and not yet used: the part of a head, or what has to wait.
  ///
  /// These are optional and not empty buffers: an empty `ByteBuffer` holds a storage that all threads share, and they
  /// would fight for its reference count.
  var input: ByteBuffer?
  /// Written and not yet handed to the channel.
  var output: ByteBuffer?
  /// The part of the request's body that has arrived, where the exchange wants it whole.
  var collected: ByteBuffer?
  var stream: HTTP1Stream?

  init(loop: ServerLoop, isTLS: Bool) {
    self.loop = loop
    self.isTLS = isTLS
    parser = RequestParser(limits: loop.configuration.limits)
    // Here and not when the channel becomes active: a tick may come in between.
    state.since = loop.now
    if isTLS { state.reading = .handshake }
  }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.add(self)
    if context.channel.isActive { channelActive(context: context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    connectionEnded()
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    peer = IPAddress(context.channel.remoteAddress)
  }

  /// Also for a client that only closed its own direction: nothing tells the two apart before the response is written,
  /// and one that left should not keep a handler at work. What was answered in the same read cycle has been sent.
  func channelInactive(context: ChannelHandlerContext) {
    connectionEnded()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event, state.reading == .handshake {
      state.reading = .head
      state.since = loop.now
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Nothing that a client does to its connection is worth a log line each; the counters tell.
    if state.reading == .handshake { loop.counters.failedHandshakes += 1 }
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    state.inRead = true
    if var waiting = input.take() {
      waiting.writeBuffer(&bytes)
      bytes = waiting
    }
    advance(&bytes)
    if bytes.readableBytes > 0 || state.reading != .head || state.writing != .idle {
      settle(&bytes)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    state.inRead = false
    flush(context)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let writable = context.channel.isWritable
    guard writable != state.channelIsWritable else { return }
    state.channelIsWritable = writable
    guard writable else {
      state.stalled = loop.now
      return
    }
    state.stalled = nil
    switch state.writing {
    case .parts: stream?.consumer?.writable()
    case .flushing: endExchange()
    case .idle, .waiting: resume()
    }
  }

  // MARK: Requests

  /// Uses up `bytes` as far as the exchange in hand lets it. A response that is sent meanwhile only changes the state:
  /// this loop, not a recursion, goes on with the next request.
  func advance(_ bytes: inout ByteBuffer) {
    guard !state.advancing else { return }
    state.advancing = true
    defer { state.advancing = false }
    do throws(HTTPError) {
      while true {
        switch state.reading {
        case .head:
          // A client that does not take its responses gets no further ones made.
          guard state.channelIsWritable else { return }
          guard case .head(let head)? = try parser.next(&bytes) else { return }
          try begin(head, &bytes)
          if let output, output.readableBytes > loop.configuration.writeBuffer.high { flush() }
        case .body:
          guard wantsBody else { return }
          if state.awaitsContinue { answerExpectation(bytes) }
          guard let event = try parser.next(&bytes) else { return }
          receive(event)
        case .unread:
          guard let event = try parser.next(&bytes) else { return }
          drop(event)
        case .closing:
          drop(&bytes)
          return
        case .handshake, .complete:
          return
        }
      }
    } catch {
      fail(error)
      bytes.clear()
    }
  }

  /// Goes on with bytes that had to wait.
  func resume() {
    guard !state.advancing else { return }
    var bytes = input.take() ?? ByteBuffer()
    advance(&bytes)
    settle(&bytes)
    if !state.inRead { flush() }
  }

  /// Keeps what is left of `bytes` and reads on, or not, as the state demands.
  private func settle(_ bytes: inout ByteBuffer) {
    loop.table.look(at: self, ConnectionTable.atOnce)
    if bytes.readableBytes == 0 {
      setReading(true)
      return
    }
    input = bytes
    switch state.reading {
    case .head:
      setReading(state.channelIsWritable)
      if !state.inHead, state.channelIsWritable {
        state.inHead = true
        if !state.isFirst { state.since = loop.now }
      }
    case .body: setReading(wantsBody)
    case .unread, .closing: setReading(true)
    case .handshake, .complete: setReading(false)
    }
    // Only the channel's last reading before the client's FIN gets here: everything the kernel had, with reading
    // stopped. That client takes no part in the exchange any more.
    if bytes.readableBytes > 256 * 1024 + loop.configuration.limits.head { context?.close(promise: nil) }
  }

  func setReading(_ reads: Bool) {
    guard reads != state.reads else { return }
    state.reads = reads
    try? context?.channel.syncOptions?.setOption(.autoRead, value: reads)
  }

  private func begin(_ head: RequestHead, _ bytes: inout ByteBuffer) throws(HTTPError) {
    state.isHead = head.method == .head
    state.isHTTP10 = head.minorVersion == 0
    state.keepAlive = head.keepAlive
    state.awaitsContinue = head.expectsContinue
    state.isFirst = false
    state.inHead = false
    state.writing = .waiting
    state.demand = .none
    if head.framing == .none {
      // Gives the end at once.
      _ = try parser.next(&bytes)
      state.reading = .complete
    } else {
      state.reading = .body
      state.bodyBytes = 0
      state.bodyCredit = loop.configuration.timeouts.bodyGrace
      state.lastLook = loop.now
    }
    loop.counters.requests &+= 1
    loop.responder.respond(to: head, on: freshStream())
  }

  private func freshStream() -> HTTP1Stream {
    if isKnownUniquelyReferenced(&stream), let stream {
      stream.begin(on: self)
      return stream
    }
    let stream = HTTP1Stream(eventLoop: loop.eventLoop, peer: peer, isTLS: isTLS)
    stream.begin(on: self)
    self.stream = stream
    return stream
  }

  /// A message that cannot be understood, or a body that went wrong.
  func fail(_ error: HTTPError) {
    switch state.reading {
    case .head:
      loop.counters.malformed += 1
      refuse(error)
    case .complete, .body:
      failBody(error)
    case .unread, .handshake, .closing:
      closeAfterOutput(linger: false)
    }
  }

  // MARK: End

  /// The connection is gone; whoever is in the middle of something hears of it once.
  private func connectionEnded() {
    guard slot >= 0 else { return }
    state.reading = .closing
    input = nil
    output = nil
    collected = nil
    if state.writing != .idle {
      state.writing = .idle
      let consumer = stream?.end()
      consumer?.clientGone()
      consumer?.streamEnded()
    }
    loop.remove(self)
  }
}
