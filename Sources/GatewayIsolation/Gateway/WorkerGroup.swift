import Atomics
import CGatewayPlugin
import GatewayPluginHost
import Glibc
import NIOCore
import NIOPosix

/// Starts the workers of one plugin, starts them again, and has all of them do what all have to: `start`, values of the
/// application, policies. Used on the home loop only, which is the first of the gateway's.
final class WorkerGroup: @unchecked Sendable {
  // Proof for @unchecked: see above; the rest is immutable.
  let plugin: RemotePlugin
  let lanes: [RemoteLane]
  let home: RemoteLane
  private let host = HostTable.shared.pointer
  private var slots: [Slot]
  /// What a new worker does before it takes requests, in the order in which it was first done.
  private var steps: [Step] = []
  private var serial = 0
  private var isStopping = false
  private var isClosed = false
  private var whenReady: ((String?) -> Void)?
  private var whenClosed: (() -> Void)?
  /// Also after another start nothing old has a number of today's.
  private static let nextShared = ManagedAtomic<UInt64>(1)

  /// How long a worker may take until it takes requests.
  static let longestStart = TimeAmount.seconds(30)
  /// From the word that it may go to SIGTERM, and to SIGKILL.
  static let patience = (term: TimeAmount.seconds(1), kill: TimeAmount.seconds(3))

  private struct Slot {
    var state: WorkerState
    var life: WorkerLife?
    var serial = 0
    /// On the home loop.
    var connection: RemoteConnection?
    var began = NIODeadline.now()
    var timer: Scheduled<Void>?
  }

  private struct Step {
    let number: UInt64
    let function: FunctionReference
    let owner: RemoteOwner
    let payload: ByteBuffer
  }

  init(_ plugin: RemotePlugin, _ lanes: [RemoteLane], home: RemoteLane) {
    self.plugin = plugin
    self.lanes = lanes
    self.home = home
    slots = (0..<plugin.options.workers).map { _ in Slot(state: WorkerState(plugin.options.restart)) }
  }

  // MARK: start

  /// `done` hears nil when all workers are there, or why one is not.
  func start(_ done: @escaping (String?) -> Void) {
    whenReady = done
    for index in slots.indices { launch(index) }
  }

  private func launch(_ index: Int) {
    guard !isClosed else { return }
    serial += 1
    let mine = serial
    slots[index].state.started()
    slots[index].serial = mine
    slots[index].began = .now()
    let ends: WorkerDescriptors.Ends
    do throws(WorkerDescriptors.Failure) {
      ends = try WorkerDescriptors.make(connections: lanes.count)
    } catch {
      // As if it had ended at once: the next one comes later.
      return failed(index, error.description)
    }
    let process = WorkerProcess(plugin.launch(ends, connections: lanes.count)) { [self] end in
      home.loop.execute { self.ended(index, mine, end) }
    }
    let life = WorkerLife(slot: index, process: process)
    slots[index].life = life
    slots[index].timer = home.loop.assumeIsolated().scheduleTask(in: Self.longestStart) {
      process.end("it was not ready within \(Self.longestStart.nanoseconds / 1_000_000_000) s")
    }
    listen(to: ends.output, life)
    for (place, lane) in lanes.enumerated() {
      let socket = ends.sockets[place]
      let memories = (ends.memories[2 * place], ends.memories[2 * place + 1])
      lane.loop.execute {
        let connection = RemoteConnection(lane, life, toWorker: memories.0, fromWorker: memories.1)
        lane.add(connection)
        let isHome = lane === self.home
        connection.attach(socket).assumeIsolated().whenComplete { result in
          switch result {
          case .success: if isHome { self.introduce(index, mine, connection) }
          case .failure(let error): life.process.end("its connection failed: \(error)")
          }
        }
      }
    }
  }

  private func introduce(_ index: Int, _ serial: Int, _ connection: RemoteConnection) {
    guard slots[index].serial == serial else { return }
    slots[index].connection = connection
    connection.write(.setup) { plugin.setup(isQuestion: false).write(to: &$0) }
  }

  /// Says what the worker writes to its standard output and error.
  private func listen(to output: Int32, _ life: WorkerLife) {
    let plugin = plugin
    NIOPipeBootstrap(group: home.loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(OutputReader { plugin.wrote($0, life) })
        }
      }
      .takingOwnershipOfDescriptor(input: output).whenFailure { _ in _ = Glibc.close(output) }
  }

  /// A worker says what it offers, or why it does not.
  func told(_ kind: WorkerFrame, _ payload: UnsafeRawBufferPointer, _ connection: RemoteConnection) throws(FrameError) {
    let index = connection.life.slot
    guard slots[index].connection === connection, slots[index].state.isComing else {
      throw FrameError("it introduces itself twice")
    }
    if kind == .refused {
      let problems = try ProblemCoding.read(payload)
      let text = problems.first { $0.severity == .error }.map(\.description) ?? "no reason"
      return connection.life.process.end("it could not open the plugin: \(text)")
    }
    guard try PluginDescription(payload) == plugin.description else {
      return connection.life.process.end("it offers something else than when the gateway looked: the file was replaced")
    }
    replay(index, connection, from: 0)
  }

  /// One step after the other; then it takes requests.
  private func replay(_ index: Int, _ connection: RemoteConnection, from next: Int) {
    guard connection.isOpen, slots[index].connection === connection else { return }
    guard next < steps.count else { return ready(index, connection) }
    let step = steps[next]
    let call = RemoteCall(
      step.function, step.owner,
      .setup { [self] outcome in
        switch outcome {
        case .failed(let failure):
          connection.life.process.end("it could not do again what it did at the start: \(failure)")
        case .done:
          // Steps may have gone meanwhile: on from the one behind this.
          let place = steps.firstIndex { $0.number == step.number }.map { $0 + 1 } ?? min(next, steps.count)
          replay(index, connection, from: place)
        }
      }, nil, lane: home)
    connection.send(call, payload: step.payload)
  }

  private func ready(_ index: Int, _ connection: RemoteConnection) {
    slots[index].timer?.cancel()
    slots[index].timer = nil
    let now = NIODeadline.now()
    slots[index].state.ready(at: now)
    plugin.report(
      .ready(worker: index, pid: connection.life.process.pid ?? 0, nanoseconds: (now - slots[index].began).nanoseconds))
    let life = connection.life
    for lane in lanes {
      if lane === home {
        lane.ready(of: life)
      } else {
        lane.loop.execute { lane.ready(of: life) }
      }
    }
    tellAbsence()
    guard slots.allSatisfy(\.state.isReady) else { return }
    whenReady?(nil)
    whenReady = nil
  }

  // MARK: end

  private func failed(_ index: Int, _ reason: String) {
    settle(index, calls: 0, reason, pid: 0)
  }

  private func ended(_ index: Int, _ serial: Int, _ end: WorkerProcess.End) {
    guard slots[index].serial == serial, let life = slots[index].life else { return }
    slots[index].life = nil
    slots[index].connection = nil
    slots[index].timer?.cancel()
    slots[index].timer = nil
    let pid = life.process.pid ?? 0
    let cause = "process \(pid) " + (life.process.reason.map { "was ended by the gateway: \($0)" } ?? "\(end)")
    for lane in lanes {
      if lane === home {
        lane.ended(life, cause)
      } else {
        lane.loop.execute { lane.ended(life, cause) }
      }
    }
    settle(index, calls: life.completed.load(ordering: .relaxed), cause, pid: pid)
  }

  private func settle(_ index: Int, calls: Int, _ cause: String, pid: pid_t) {
    if isClosed {
      slots[index].state.close()
      guard slots.allSatisfy({ $0.life == nil }) else { return }
      whenClosed?()
      whenClosed = nil
      return
    }
    plugin.report(.ended(worker: index, pid: pid, cause: cause, calls: calls))
    if let tell = whenReady {
      // Never ready yet: whoever starts it decides.
      whenReady = nil
      slots[index].state.close()
      return tell(cause)
    }
    guard !isStopping else { return }
    let now = NIODeadline.now()
    let next = slots[index].state.ended(at: now, calls: calls, jitter: Double.random(in: 0...1))
    switch next {
    case .startNow: launch(index)
    case .startAt(let time):
      plugin.report(.delayed(worker: index, nanoseconds: (time - now).nanoseconds))
      wake(index, at: time)
    case .pauseUntil(let time):
      plugin.report(.paused(worker: index, nanoseconds: (time - now).nanoseconds, failures: slots[index].state.failures))
      wake(index, at: time)
    case .nothing: break
    }
    tellAbsence()
  }

  private func wake(_ index: Int, at time: NIODeadline) {
    home.loop.assumeIsolated().scheduleTask(deadline: time) { [self] in
      guard !isClosed, !isStopping, slots[index].state.isDue(at: .now()) else { return }
      launch(index)
      tellAbsence()
    }
  }

  /// Requests wait where somebody comes soon.
  private func tellAbsence() {
    let isHope = slots.contains { $0.state.isReady || $0.state.isComing }
    let reason = isHope ? nil : "its workers ended too soon, too often; the next start waits"
    for lane in lanes {
      if lane === home {
        lane.setAbsence(reason)
      } else {
        lane.loop.execute { lane.setAbsence(reason) }
      }
    }
  }

  var readyCount: Int { slots.count { $0.state.isReady } }

  /// Ends all workers; `done` when none is left.
  func close(_ done: @escaping () -> Void) {
    guard !isClosed else { return done() }
    isClosed = true
    let lives = slots.compactMap(\.life)
    for index in slots.indices {
      slots[index].state.close()
      slots[index].connection?.write(.end)
    }
    for lane in lanes { lane.loop.execute { lane.setAbsence("the gateway stops") } }
    guard !lives.isEmpty else { return done() }
    let loop = home.loop.assumeIsolated()
    let term = loop.scheduleTask(in: Self.patience.term) { for life in lives { life.process.signal(SIGTERM) } }
    let kill = loop.scheduleTask(in: Self.patience.kill) { for life in lives { life.process.end("it did not end when asked") } }
    whenClosed = {
      term.cancel()
      kill.cancel()
      done()
    }
  }

  // MARK: what all workers do

  /// An invocation outside of requests. From any thread; its memory stays until it completes.
  func begin(
    _ function: FunctionReference, _ owner: RemoteOwner, _ invocation: UnsafePointer<gw_invocation>
  ) -> UnsafeMutableRawPointer? {
    let call = SetupCall(self, function, owner, invocation)
    let token = call.token()
    if home.loop.inEventLoop { run(call) } else { home.loop.execute { self.run(call) } }
    return token
  }

  private func run(_ call: SetupCall) {
    let invocation = call.invocation
    if call.function.kind == .stop { isStopping = true }
    if call.function.kind == .health {
      guard readyCount > 0 else { return call.fail(.notReady(plugin.name, "none of its workers is ready")) }
      guard plugin.description.hasHealth else { return call.succeed(nil) }
    }
    var number: UInt64 = 0
    if call.function.keeps {
      number = Self.nextShared.loadThenWrappingIncrement(ordering: .relaxed)
    } else if call.function.kind == .teardown, let value = invocation.pointee.value_borrowed {
      // A worker that starts from now on does not make it any more.
      let ended = RemoteValue.of(value).number
      steps.removeAll { $0.number == ended }
    }
    var payload = ByteBuffer()
    InvocationWriter(
      invocation: invocation, function: call.function, takesJSON: call.owner.takesJSON, keep: number,
      reference: { RemoteConnection.reference($0) }, cause: { _ in .none }
    ).write(to: &payload)
    guard payload.readableBytes <= Frame.limit else { return call.fail(.tooLarge(plugin.name, payload.readableBytes)) }
    let isKept = call.function.keeps || call.function.kind == .start
    call.number = number
    if isKept {
      // `start` comes once, so 0 names it.
      steps.append(Step(number: number, function: call.function, owner: call.owner, payload: payload))
    }
    let connections = slots.filter(\.state.isReady).compactMap(\.connection)
    guard !connections.isEmpty else {
      // What is gone needs no end.
      guard call.function.kind != .teardown, call.function.kind != .stop else { return call.succeed(nil) }
      forget(call)
      return call.fail(.notReady(plugin.name, "none of its workers is ready"))
    }
    call.left = connections.count
    for connection in connections {
      let one = RemoteCall(call.function, call.owner, .setup { call.heard($0) }, nil, lane: home)
      call.calls.append(one)
      connection.send(one, payload: payload)
    }
  }

  /// It came to nothing: no worker does it again.
  fileprivate func forget(_ call: SetupCall) {
    guard call.function.keeps || call.function.kind == .start else { return }
    steps.removeAll { $0.number == call.number && $0.function.kind == call.function.kind }
  }

  func releaseShared(_ number: UInt64) {
    steps.removeAll { $0.number == number && $0.function.keeps }
    for slot in slots { slot.connection?.write(.release, flag: 1, number: number) }
  }
}

/// An invocation that every worker gets. Used on the home loop, but for `cancel`.
final class SetupCall: RemoteToken, @unchecked Sendable {
  // Proof for @unchecked: see above; what `cancel` reads is immutable.
  private let group: WorkerGroup
  let function: FunctionReference
  let owner: RemoteOwner
  let invocation: UnsafePointer<gw_invocation>
  private let handle: gw_call
  var number: UInt64 = 0
  var left = 0
  var calls: [RemoteCall] = []
  private var failure: SetupFailure?
  private var json: [UInt8]?

  init(
    _ group: WorkerGroup, _ function: FunctionReference, _ owner: RemoteOwner, _ invocation: UnsafePointer<gw_invocation>
  ) {
    self.group = group
    self.function = function
    self.owner = owner
    self.invocation = invocation
    handle = invocation.pointee.call
  }

  override func cancel() {
    group.home.loop.execute { for call in self.calls { call.cancel() } }
  }

  func heard(_ outcome: SetupOutcome) {
    switch outcome {
    case .done(let json): if self.json == nil { self.json = json }
    case .failed(let failure): if self.failure == nil { self.failure = failure }
    }
    left -= 1
    guard left == 0 else { return }
    calls = []
    if let failure {
      // Those that did it drop it again.
      group.forget(self)
      if function.keeps { group.releaseShared(number) }
      fail(
        RemoteRefusal(
          status: failure.status, detailJSON: failure.detailJSON, type: failure.type, cause: failure.cause))
    } else {
      succeed(json)
    }
  }

  func succeed(_ json: [UInt8]?) {
    let host = HostTable.shared.pointer
    guard function.keeps else { return _ = host.pointee.finish(handle) }
    let value = RemoteValue(plugin: group.plugin, connection: nil, number: number, json: json).owned()
    switch host.pointee.provide(handle, value) {
    case GW_ACCEPTED, GW_TOO_LATE: break
    default: RemoteValue.release(value)
    }
  }

  func fail(_ refusal: RemoteRefusal) { refusal.fail(handle, HostTable.shared.pointer) }
}

/// Gives lines of a worker's output to whoever tells of them.
private final class OutputReader: ChannelInboundHandler, @unchecked Sendable {
  // Proof for @unchecked: used on its channel's loop only.
  typealias InboundIn = ByteBuffer
  private var lines = OutputLines()
  private let take: (OutputLines.Output) -> Void

  init(_ take: @escaping (OutputLines.Output) -> Void) { self.take = take }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = Int64(NIODeadline.now().uptimeNanoseconds)
    unwrapInboundIn(data).withUnsafeReadableBytes { lines.feed($0, now: now, take) }
  }

  func channelInactive(context: ChannelHandlerContext) { lines.finish(take) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
