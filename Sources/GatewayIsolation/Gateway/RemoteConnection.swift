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
  private(set) var inFlight: [UInt64: RemoteCall] = [:]

  private var channel: (any Channel)?
  private var splitter = FrameSplitter()
  private let memoryToWorker: SharedMemory?
  private let memoryFromWorker: SharedMemory?
  private var out = ByteBuffer()
  private var isFlushDue = false
  private var isReading = false
  private var nextNumber: UInt64 = 1
  private let fields = FieldTable()
  private let failureFields = FieldTable()
  private var metrics: [UInt64: UInt64] = [:]
  var fetches: [UInt64: RemoteFetch] = [:]
  var fetchBytes = 0

  // Invocations that were given up and have not ended.
  private var cancelled: [RemoteCall] = []
  private var watch: Scheduled<Void>?
  private var pingedAt: NIODeadline?
  /// It does not read what it is sent; after a while it is ended.
  private var stall: Scheduled<Void>?

  private var taken = 0
  private var takenSince = NIODeadline.now()
  /// More frames in less time are no work that anybody asked for.
  private static let flood = (count: 100_000, time: TimeAmount.milliseconds(100))

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

  private func freeBody(of call: RemoteCall) {
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

  // MARK: from the worker

  private func take(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    guard let kind = WorkerFrame(rawValue: head.kind) else { throw FrameError("a frame of kind \(head.kind)") }
    try checkFlood()
    switch kind {
    case .opened, .refused: try lane.group?.told(kind, payload, self)
    case .responded: try responded(head, payload)
    case .began: try began(head, payload)
    case .wrote: try wrote(head, payload)
    case .file: try answeredWithFile(head, payload)
    case .provided: try provided(head, payload)
    case .proceeded: try proceeded(head, payload)
    case .passed:
      let call = try complete(head)
      if let handle = host(call) { _ = host.pointee.pass_part(handle, lent(payload)) }
    case .finished:
      let call = try complete(head)
      switch call.waiter {
      case .host(let handle):
        _ = call.isStreaming ? host.pointee.end_response(handle) : host.pointee.finish(handle)
      case .setup(let done): done(.done(json: nil))
      }
    case .failed: try failed(head, payload)
    case .ended:
      let call = try complete(head)
      let failure = RemoteRefusal(status: 500, detail: "", type: "Cancelled", cause: "it was given up")
      switch call.waiter {
      case .host(let handle): failure.fail(handle, host)
      case .setup(let done): done(.failed(SetupFailure(type: "Cancelled", description: "it was given up")))
      }
    case .task: try left(head, payload)
    case .log: try said(head, payload)
    case .metric: try named(head, payload)
    case .record:
      var reader = FrameReader(payload)
      let value = Double(bitPattern: try reader.integer())
      guard let metric = metrics[head.number] else { throw FrameError("a value of a metric that was not named") }
      if metric != 0 { host.pointee.record(metric, value) }
    case .fetch, .fetchResume, .fetchWrite, .fetchCancel: try fetch(kind, head, payload)
    case .pong: pingedAt = nil
    }
  }

  /// A worker that sends without end would have its loop to itself.
  private func checkFlood() throws(FrameError) {
    taken &+= 1
    guard taken >= Self.flood.count else { return }
    let now = NIODeadline.now()
    if now - takenSince < Self.flood.time { throw FrameError("\(Self.flood.count) frames in less than a tenth of a second") }
    taken = 0
    takenSince = now
  }

  private func open(_ head: Frame.Head) throws(FrameError) -> RemoteCall {
    guard let call = inFlight[head.number] else {
      throw FrameError("something about invocation \(head.number), which is not open")
    }
    return call
  }

  /// The invocation is over.
  private func complete(_ head: Frame.Head) throws(FrameError) -> RemoteCall {
    guard let call = inFlight.removeValue(forKey: head.number) else {
      throw FrameError("the end of invocation \(head.number), which is not open")
    }
    call.phase = .over
    freeBody(of: call)
    life.completed.wrappingIncrement(ordering: .relaxed)
    lane.unpin(call.exchange, self)
    return call
  }

  /// Nil where the host does not wait for it; then it is told.
  private func host(_ call: RemoteCall) -> gw_call? {
    switch call.waiter {
    case .host(let handle): return handle
    case .setup(let done):
      done(.failed(SetupFailure(type: "ContractViolation", description: "it completed with something else than was asked for")))
      return nil
    }
  }

  private func responded(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    var answer = gw_response_borrowed()
    answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    answer.status = try reader.integer()
    let hasFailure = try reader.boolean()
    try fields.read(&reader)
    answer.fields_borrowed = fields.pointer
    answer.field_count = fields.count
    let body = try reader.body(memoryFromWorker)
    // What is parsed here must not change meanwhile.
    let copy = body.place != nil && isJSON(fields) ? [UInt8](body.bytes) : []
    let failure = hasFailure ? try FailureMessage(&reader, failureFields) : nil
    try reader.end()
    let call = try complete(head)
    defer { if let place = body.place { write(.free, number: place) } }
    guard let handle = host(call) else { return }
    copy.withUnsafeBytes { copy in
      answer.body_borrowed = lent(copy.isEmpty ? body.bytes : copy)
      respond(handle, &answer, failure, call)
    }
  }

  private func isJSON(_ fields: FieldTable) -> Bool {
    UnsafeBufferPointer(start: fields.pointer, count: fields.count).contains { field in
      field.name.count == 12 && field.value.raw.count >= 4
        && String(decoding: field.name.raw, as: UTF8.self).lowercased() == "content-type"
        && String(decoding: field.value.raw, as: UTF8.self).lowercased().contains("json")
    }
  }

  private func respond(
    _ handle: gw_call, _ answer: inout gw_response_borrowed, _ failure: FailureMessage?, _ call: RemoteCall
  ) {
    guard let failure else { return _ = host.pointee.respond(handle, &answer) }
    var error = failure.error(failureFields)
    own(failure, of: call, &error)
    withUnsafePointer(to: &error) { error in
      answer.error = error
      _ = host.pointee.respond(handle, &answer)
    }
  }

  /// The plugin's own object goes along as a name.
  private func own(_ failure: FailureMessage, of call: RemoteCall, _ error: inout gw_error_borrowed) {
    guard failure.hasCause else { return }
    lane.pin(call.exchange, self)
    error.cause_owned = RemoteValue(
      plugin: plugin, connection: self, number: call.number, exchange: call.exchange
    ).owned()
    error.release_cause = RemoteValue.release
  }

  private func failed(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let failure = try FailureMessage(&reader, failureFields)
    try reader.end()
    let call = try complete(head)
    switch call.waiter {
    case .setup(let done):
      if failure.hasCause { write(.release, number: call.number) }
      done(
        .failed(
          SetupFailure(
            status: failure.kind == .status ? failure.status : 0, detailJSON: String(decoding: failure.detail, as: UTF8.self),
            type: String(decoding: failure.type, as: UTF8.self),
            description: String(decoding: failure.description, as: UTF8.self))))
    case .host(let handle):
      var error = failure.error(failureFields)
      own(failure, of: call, &error)
      _ = host.pointee.fail(handle, &error)
    }
  }

  private func began(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    var answer = gw_response_borrowed()
    answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    answer.status = try reader.integer()
    try fields.read(&reader)
    try reader.end()
    answer.fields_borrowed = fields.pointer
    answer.field_count = fields.count
    let call = try open(head)
    guard case .host(let handle) = call.waiter, !call.isStreaming else { throw FrameError("an answer that begins twice") }
    call.isStreaming = true
    // Kept by the token that the host has, and by this connection.
    follow(
      call,
      host.pointee.start_response(handle, &answer, RemoteCall.resume, Unmanaged.passUnretained(call).toOpaque()))
  }

  private func wrote(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    let call = try open(head)
    guard case .host(let handle) = call.waiter, call.isStreaming else {
      throw FrameError("a part of an answer that did not begin")
    }
    call.unacknowledged += payload.count
    follow(call, host.pointee.write(handle, lent(payload)))
  }

  /// What became of a part.
  private func follow(_ call: RemoteCall, _ verdict: gw_completion) {
    switch verdict {
    case GW_PAUSED: call.isPaused = true
    case GW_ACCEPTED, GW_TOO_LATE:
      if !call.isPaused, call.unacknowledged >= StreamWindow.step { acknowledge(call) }
    default:
      // The host has ended it: whatever comes is of no use.
      call.cancel()
    }
  }

  private func answeredWithFile(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    var answer = gw_response_borrowed()
    answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    answer.status = try reader.integer()
    let path = try reader.data(limit: 8192)
    try fields.read(&reader)
    try reader.end()
    answer.fields_borrowed = fields.pointer
    answer.field_count = fields.count
    let call = try complete(head)
    if let handle = host(call) { _ = host.pointee.respond_file(handle, &answer, lent(path)) }
  }

  private func provided(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    let json = head.flag == 1 ? [UInt8](payload) : nil
    let call = try complete(head)
    switch call.waiter {
    case .setup(let done): done(.done(json: json))
    case .host(let handle):
      give(call, json: json) { host.pointee.provide(handle, $0) }
    }
  }

  /// Passes a value over; where it is not taken, it goes back.
  private func give(_ call: RemoteCall, json: [UInt8]? = nil, _ pass: (UnsafeMutableRawPointer) -> gw_completion) {
    lane.pin(call.exchange, self)
    let value = RemoteValue(
      plugin: plugin, connection: self, number: call.number, json: json, exchange: call.exchange
    ).owned()
    switch pass(value) {
    case GW_ACCEPTED, GW_TOO_LATE: break
    default: RemoteValue.release(value)
    }
  }

  private func proceeded(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    let hasState = head.flag & 2 != 0
    guard head.flag & 1 != 0 else {
      let call = try complete(head)
      guard let handle = host(call) else { return }
      if hasState {
        give(call) { host.pointee.proceed(handle, nil, $0) }
      } else {
        _ = host.pointee.proceed(handle, nil, nil)
      }
      return
    }
    // Before it is read: the changes are lent inside.
    let call = try open(head)
    var reader = FrameReader(payload)
    try ChangesMessage.read(&reader, fields) { changes in
      guard (try? complete(head)) != nil, let handle = host(call) else { return }
      if hasState {
        give(call) { host.pointee.proceed(handle, changes, $0) }
      } else {
        _ = host.pointee.proceed(handle, changes, nil)
      }
    }
  }

  private func left(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let number: UInt64 = try reader.integer()
    let label = try reader.data(limit: 256)
    try reader.end()
    let call = try open(head)
    guard case .host(let handle) = call.waiter else { return releaseTask(number) }
    let context = Unmanaged.passRetained(RemoteTask(call.owner, self, number)).toOpaque()
    var task = gw_task_borrowed(
      struct_size: UInt32(MemoryLayout<gw_task_borrowed>.size), execution: GW_ASYNC.rawValue, invoke: RemoteTask.run,
      context_owned: context, release_context: RemoteTask.release, label: lent(label))
    if host.pointee.background(handle, &task) != GW_ACCEPTED { RemoteTask.release(context) }
  }

  private func said(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let level = UInt32(try reader.integer(UInt8.self))
    let message = try reader.data(limit: 64 << 10)
    try fields.read(&reader)
    try reader.end()
    guard lane.mayLog() else { return }
    if case .host(var handle)? = inFlight[head.number]?.waiter {
      host.pointee.log_event(&handle, level, lent(message), fields.pointer, fields.count)
    } else {
      plugin.said(level, message, fields)
    }
  }

  private func named(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let kind = UInt32(try reader.integer(UInt8.self))
    let name = try reader.data(limit: 1024)
    try fields.read(&reader)
    try reader.end()
    guard metrics[head.number] == nil, metrics.count < Self.mostMetrics else { throw FrameError("too many metrics") }
    metrics[head.number] = host.pointee.metric(kind, lent(name), fields.pointer, fields.count)
  }
}

/// How far an answer in parts may run ahead of its client.
enum StreamWindow {
  /// Bytes that the gateway has not answered for, above which the worker's plugin is told to wait.
  static let size = 256 << 10
  /// Bytes after which the gateway answers.
  static let step = 32 << 10
}
