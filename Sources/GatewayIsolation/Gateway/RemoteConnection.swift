import Atomics
import CGatewayPlugin
import GatewayPluginHost
import NIOCore
import NIOPosix

/// One process of a plugin, from its start to its end.
final class WorkerLife: Sendable {
  let slot: Int
  let process: WorkerProcess
  /// Invocations that it has completed.
  let completed = ManagedAtomic<Int>(0)

  init(slot: Int, process: WorkerProcess) {
    self.slot = slot
    self.process = process
  }
}

/// The connection of one event loop with one worker. What comes over it is not trusted: whatever breaks the rules ends the
/// worker, and nothing else.
final class RemoteConnection: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer

  // Proof for @unchecked: used on `loop` only, but for what is immutable.
  let plugin: RemotePlugin
  let lane: RemoteLane
  let life: WorkerLife
  let loop: any EventLoop
  let host = HostTable.shared.pointer
  private(set) var isOpen = true
  /// It takes invocations of the host's.
  var isReady = false
  var inFlight: [UInt64: RemoteCall] = [:]

  private var channel: (any Channel)?
  private var splitter = FrameSplitter()
  private let memoryToWorker: SharedMemory?
  let memoryFromWorker: SharedMemory?
  private var out = ByteBuffer()
  private var isFlushDue = false
  private var isReading = false
  private var nextNumber: UInt64 = 1
  let fields = FieldTable()
  let failureFields = FieldTable()
  var metrics: [UInt64: UInt64] = [:]
  var fetches: [UInt64: RemoteFetch] = [:]
  var fetchBytes = 0

  // Invocations that were given up and have not ended.
  private var cancelled: [RemoteCall] = []
  private var watch: Scheduled<Void>?
  var pingedAt: NIODeadline?
  /// It does not read what it is sent; after a while it is ended.
  private var stall: Scheduled<Void>?

  var taken = 0
  var takenSince = NIODeadline.now()
  /// More frames in less time are no work that anybody asked for.
  static let flood = (count: 100_000, time: TimeAmount.milliseconds(100))

  static let mostInFlight = 4096
  static let mostMetrics = 10_000
  static let mostFetches = 1024
  /// Of all requests to upstreams that have not ended: what is sent with them is in the gateway's memory until then.
  static let mostFetchBytes = 128 << 20
  /// Storage that is kept from one flush to the next.
  private static let keptStorage = 256 << 10

  /// Takes over the descriptors of shared memory.
  init(_ lane: RemoteLane, _ life: WorkerLife, toWorker: Int32, fromWorker: Int32) {
    memoryToWorker = SharedMemory(taking: toWorker, isWritable: true)
    memoryFromWorker = SharedMemory(taking: fromWorker, isWritable: false)
    plugin = lane.plugin
    self.lane = lane
    self.life = life
    loop = lane.loop
  }

  /// Takes the socket over. On the loop.
  func attach(_ socket: NIOBSDSocket.Handle) -> EventLoopFuture<any Channel> {
    ClientBootstrap(group: loop)
      .channelOption(.writeBufferWaterMark, value: .init(low: 16 << 20, high: 64 << 20))
      .channelOption(.maxMessagesPerRead, value: 16)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(self) }
      }
      .withConnectedSocket(socket)
  }

  /// The process has ended: nothing comes any more, and nothing will be asked.
  func close() {
    isOpen = false
    isReady = false
    watch?.cancel()
    watch = nil
    stall?.cancel()
    stall = nil
    channel?.close(promise: nil)
    channel = nil
    let fetches = self.fetches
    self.fetches = [:]
    for fetch in fetches.values { fetch.abandon() }
  }

  /// Those that it never ended; the caller ends them.
  func takeInFlight() -> [RemoteCall] {
    let calls = inFlight.sorted { $0.key < $1.key }.map(\.value)
    inFlight = [:]
    for call in calls { call.phase = .over }
    return calls
  }

  // MARK: the channel

  func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard isOpen else { return }
    isReading = true
    do throws(FrameSplitter.SplitError<FrameError>) {
      try splitter.feed(unwrapInboundIn(data)) { (head, payload) throws(FrameError) in
        try take(head, payload)
        return isOpen
      }
    } catch {
      switch error {
      case .frame(let error), .taker(let error): violated(error)
      }
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    if isFlushDue { flush() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    guard isOpen else { return }
    isOpen = false
    isReady = false
    // If it has ended, how it did is told soon; a process that closes a socket and lives on is of no use.
    let process = life.process
    loop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { process.end("it closed its connection") }
  }

  /// A worker that asks and does not read the answers would fill the gateway's memory: nothing is read of it until it has taken
  /// what waits.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard isOpen else { return }
    let isWritable = context.channel.isWritable
    try? context.channel.syncOptions?.setOption(.autoRead, value: isWritable)
    stall?.cancel()
    stall = nil
    guard !isWritable else { return }
    let process = life.process
    stall = loop.assumeIsolated().scheduleTask(in: plugin.options.patience) {
      process.end("it does not read what it is sent")
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func violated(_ error: FrameError) {
    guard isOpen else { return }
    isOpen = false
    isReady = false
    life.process.end("it broke the protocol: \(error)")
  }

  // MARK: to the worker

  /// There is room for more.
  var isWritable: Bool { channel?.isWritable ?? false }

  func write(_ kind: GatewayFrame, flag: UInt8 = 0, number: UInt64 = 0, _ body: (inout ByteBuffer) -> Void = { _ in }) {
    guard isOpen else { return }
    out.writeFrame(kind.rawValue, flag: flag, number: number, body)
    flushSoon()
  }

  /// One write for all of a turn of the loop.
  private func flushSoon() {
    guard !isFlushDue else { return }
    isFlushDue = true
    if !isReading { loop.assumeIsolated().execute { [self] in flush() } }
  }

  private func flush() {
    guard isFlushDue else { return }
    isFlushDue = false
    guard let channel, isOpen else { return }
    channel.writeAndFlush(out, promise: nil)
    if out.storageCapacity > Self.keptStorage { out = ByteBuffer() } else { out.clear() }
  }

  /// Gives the worker an invocation.
  func send(_ call: RemoteCall) throws(RemoteRefusal) {
    guard let invocation = call.invocation else { return }
    let number = takeNumber()
    if let body = invocation.pointee.request?.pointee.body.raw, body.count >= SharedMemory.threshold {
      call.bodyPlace = memoryToWorker?.put(body)
    }
    var trace: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    let start = out.beginFrame(GatewayFrame.invoke.rawValue, flag: 0, number: number)
    withUnsafeMutableBytes(of: &trace) { trace in
      var count = 0
      if case .host(let handle) = call.waiter, invocation.pointee.request != nil, let place = trace.baseAddress {
        count = host.pointee.trace_parent(handle, place.assumingMemoryBound(to: UInt8.self), trace.count)
      }
      var function = call.function
      var keep: UInt64 = 0
      if let task = call.task {
        function.index = 0
        keep = task.number
      }
      InvocationWriter(
        invocation: invocation, function: function, takesJSON: call.owner.takesJSON, keep: keep,
        reference: { Self.reference($0) }, cause: { RemoteValue.cause($0, self) },
        traceParent: UnsafeRawBufferPointer(rebasing: trace[..<min(max(count, 0), trace.count)]), bodyPlace: call.bodyPlace
      ).write(to: &out)
    }
    let count = out.writerIndex - start - Frame.headSize
    guard count <= Frame.limit else {
      out.dropFrame(start)
      freeBody(of: call)
      throw .tooLarge(plugin.name, count)
    }
    out.endFrame(start)
    add(call, number)
  }

  /// The same for a payload that is at hand.
  func send(_ call: RemoteCall, payload: ByteBuffer) {
    let number = takeNumber()
    write(.invoke, number: number) { $0.writeImmutableBuffer(payload) }
    add(call, number)
  }

  func freeBody(of call: RemoteCall) {
    if let place = call.bodyPlace { memoryToWorker?.free(place) }
    call.bodyPlace = nil
  }

  private func takeNumber() -> UInt64 {
    defer { nextNumber &+= 1 }
    return nextNumber
  }

  private func add(_ call: RemoteCall, _ number: UInt64) {
    call.number = number
    call.connection = self
    call.phase = .sent
    inFlight[number] = call
    flushSoon()
  }

  static func reference(_ pointer: UnsafeMutableRawPointer?) -> ValueReference {
    guard let pointer else { return .none }
    let value = RemoteValue.of(pointer)
    return value.connection == nil ? .shared(value.number) : .local(value.number)
  }

  func release(_ value: RemoteValue) {
    lane.unpin(value.exchange, self)
    write(.release, number: value.number)
  }

  func releaseTask(_ number: UInt64) { write(.releaseTask, number: number) }

  func acknowledge(_ call: RemoteCall) {
    guard call.unacknowledged > 0 else { return }
    let count = UInt32(clamping: call.unacknowledged)
    call.unacknowledged = 0
    write(.credit, number: call.number) { $0.put(count) }
  }

  // MARK: invocations that were given up

  func cancel(_ call: RemoteCall) {
    write(.cancel, number: call.number)
    cancelled.append(call)
    watchCancelled()
  }

  /// A worker that is stuck costs nobody more than what is stuck in it.
  private func watchCancelled() {
    guard watch == nil, isOpen else { return }
    let patience = plugin.options.patience
    watch = loop.assumeIsolated().scheduleTask(in: .nanoseconds(max(patience.nanoseconds / 2, 1))) { [self] in
      watch = nil
      cancelled.removeAll { $0.phase == .over }
      guard let oldest = cancelled.first?.cancelledAt, isOpen else { return pingedAt = nil }
      let now = NIODeadline.now()
      let seconds = Double(patience.nanoseconds) / 1e9
      if let pingedAt, now - pingedAt >= patience {
        return life.process.end("its event loop did not answer for \(seconds) s after a request was given up")
      }
      if now - oldest >= .nanoseconds(patience.nanoseconds * 10) {
        return life.process.end("a request that was given up \(seconds * 10) s ago did not end")
      }
      if pingedAt == nil, now - oldest >= patience {
        pingedAt = now
        write(.ping)
      }
      watchCancelled()
    }
  }
}

/// How far an answer in parts may run ahead of its client.
enum StreamWindow {
  /// Bytes that the gateway has not answered for, above which the worker's plugin is told to wait.
  static let size = 256 << 10
  /// Bytes after which the gateway answers.
  static let step = 32 << 10
}
