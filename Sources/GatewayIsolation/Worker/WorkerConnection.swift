import CGatewayPlugin
import GatewayPluginHost
import NIOCore
import NIOPosix

/// One event loop of the gateway, as the worker sees it. Used on the worker's loop only. The gateway is trusted: what cannot be
/// understood ends the process.
final class WorkerConnection: ChannelInboundHandler, @unchecked Sendable {
  // Proof for @unchecked: see above; the rest is immutable.
  typealias InboundIn = ByteBuffer

  let host: WorkerHost
  let index: Int
  private var channel: (any Channel)?
  private var splitter = FrameSplitter()
  private var out = ByteBuffer()
  private var isFlushDue = false
  private var isReading = false
  private var calls: [UInt64: WorkerCall] = [:]
  private var spare: [WorkerCall] = []
  private var kept: [UInt64: KeptValue] = [:]
  private var memoryFromGateway: SharedMemory?
  private(set) var memoryToGateway: SharedMemory?
  private var tasks: [UInt64: BackgroundTask] = [:]
  private var nextTask: UInt64 = 1

  private static let keptStorage = 256 << 10
  private static let mostSpare = 256
  /// Bits of an invocation's number; above them is the place of the connection.
  static let placeShift: UInt64 = 48

  init(_ host: WorkerHost, _ index: Int) {
    self.host = host
    self.index = index
  }

  /// - Parameter memory: the first of two descriptors.
  func attach(_ socket: NIOBSDSocket.Handle, memory: Int32) {
    memoryFromGateway = SharedMemory(taking: memory, isWritable: false)
    memoryToGateway = SharedMemory(taking: memory + 1, isWritable: true)
    ClientBootstrap(group: host.loop)
      .channelOption(.maxMessagesPerRead, value: 16)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(self) }
      }
      .withConnectedSocket(socket).whenFailure { [host] _ in host.end() }
  }

  // MARK: the channel

  func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }
  func channelInactive(context: ChannelHandlerContext) { host.end() }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { host.end() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    do throws(FrameSplitter.SplitError<FrameError>) {
      try splitter.feed(unwrapInboundIn(data)) { (head, payload) throws(FrameError) in
        try take(head, payload)
        return true
      }
    } catch { host.end() }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    if isFlushDue { flush() }
  }

  func write(_ kind: WorkerFrame, flag: UInt8 = 0, number: UInt64 = 0, _ body: (inout ByteBuffer) -> Void = { _ in }) {
    out.writeFrame(kind.rawValue, flag: flag, number: number, body)
    guard !isFlushDue else { return }
    isFlushDue = true
    if !isReading { host.loop.assumeIsolated().execute { [self] in flush() } }
  }

  private func flush() {
    guard isFlushDue else { return }
    isFlushDue = false
    channel?.writeAndFlush(out, promise: nil)
    if out.storageCapacity > Self.keptStorage { out = ByteBuffer() } else { out.clear() }
  }

  // MARK: from the gateway

  private func take(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    guard let kind = GatewayFrame(rawValue: head.kind) else { throw FrameError("a frame of kind \(head.kind)") }
    switch kind {
    case .setup: throw FrameError("a second setup")
    case .invoke: try invoke(head.number, payload)
    case .cancel: calls[head.number]?.cancel()
    case .credit:
      var reader = FrameReader(payload)
      let count: UInt32 = try reader.integer()
      calls[head.number]?.credit(Int(count))
    case .release:
      if head.flag == 1 {
        host.releaseShared(head.number)
      } else {
        kept.removeValue(forKey: head.number)?.release()
      }
    case .releaseTask: tasks[head.number] = nil
    case .fetchHead, .fetchPart, .fetchEnd, .fetchCredit, .fetchRefused:
      (host.loopServices?.fetcher as? WorkerFetcher)?.take(kind, head, payload)
    case .ping: write(.pong)
    case .free: memoryToGateway?.free(Int(truncatingIfNeeded: head.number))
    case .end: host.end()
    }
  }

  private func invoke(_ number: UInt64, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    let call = spare.popLast() ?? WorkerCall(self)
    calls[number] = call
    try call.start(
      number, payload, memoryFromGateway,
      find: { (reference) throws(FrameError) in
        switch reference {
        case .none: return nil
        case .local(let number):
          guard let value = kept[number] else { throw FrameError("value \(number), which is not kept") }
          return value.pointer
        case .shared(let number):
          guard let value = host.shared(number) else { throw FrameError("value \(number), which is not kept") }
          return value.pointer
        }
      },
      findCause: { reference in
        if case .local(let number) = reference, case .cause(let cause)? = kept[number]?.kind { return cause }
        return nil
      })
  }

  // MARK: for calls

  func ended(_ call: WorkerCall) {
    calls[call.number] = nil
    guard spare.count < Self.mostSpare else { return }
    spare.append(call)
  }

  func keep(_ value: KeptValue, _ number: UInt64) { kept[number] = value }

  func keep(_ task: BackgroundTask) -> UInt64 {
    defer { nextTask += 1 }
    tasks[nextTask] = task
    return nextTask
  }

  func task(_ number: UInt64) -> BackgroundTask? { tasks[number] }

  func say(_ event: PluginLogEvent, _ number: UInt64) {
    write(.log, number: number) { buffer in
      buffer.put(UInt8(truncatingIfNeeded: event.level.rawValue))
      buffer.put(text: event.message)
      buffer.put(UInt32(event.facts.count))
      for fact in event.facts {
        buffer.put(text: fact.name)
        buffer.put(text: fact.value)
      }
    }
  }
}
