import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// An invocation in the worker: lends the plugin what the gateway sent, and sends back what becomes of it. Used on the
/// worker's loop only, and again and again.
final class WorkerCall: PluginCallDelegate {
  private let connection: WorkerConnection
  private let memory = LentInvocation()
  private(set) var number: UInt64 = 0
  private var kind = FunctionReference.Kind.start
  private var keep: UInt64 = 0
  private var provider: PluginProvider?
  private var policy: PluginPolicy?
  private var traceText = gw_bytes_borrowed()
  private var call: PluginCall?
  private let room: BackgroundRoom
  private var task: BackgroundTask?
  /// Bytes of an answer in parts that the gateway has not answered for.
  private var outstanding = 0
  private var isPaused = false

  init(_ connection: WorkerConnection) {
    self.connection = connection
    room = BackgroundRoom(connection.host.quota)
  }

  func start(
    _ number: UInt64, _ payload: UnsafeRawBufferPointer, _ shared: SharedMemory?, find: LentInvocation.Find, findCause: LentInvocation.FindCause
  ) throws(FrameError) {
    self.number = number
    let lent = try memory.read(payload, shared, find, findCause)
    kind = lent.function.kind
    keep = lent.keep
    traceText = lent.traceParent
    outstanding = 0
    isPaused = false
    guard let function = function(lent) else { throw FrameError("function \(lent.function), which the plugin does not have") }
    let host = connection.host
    guard let services = host.loopServices else { throw FrameError("an invocation before there is a loop") }
    let call = PluginCall.take(loop: host.loop, loopIndex: services.index, pool: host.pool)
    self.call = call
    room.clear()
    call.backgroundRoom = lent.request == nil ? nil : room
    call.start(
      function, delegate: self, request: lent.request, dependencies: lent.inputs, dependencyCount: lent.inputCount,
      config: lent.config, configValue: lent.configValue, value: lent.value, outcome: lent.outcome, details: lent.details)
  }

  private func function(_ lent: LentInvocation.Call) -> PluginFunction? {
    guard let plugin = connection.host.plugin else { return nil }
    let index = Int(lent.function.index)
    func element<Element>(_ list: [Element]) -> Element? { list.indices.contains(index) ? list[index] : nil }
    switch lent.function.kind {
    case .start: return plugin.start
    case .stop: return plugin.stop
    case .health: return plugin.health
    case .handler: return element(plugin.handlers)?.function
    case .errorHandler: return element(plugin.errorHandlers)?.function
    case .provider:
      provider = element(plugin.providers)
      return provider?.function
    case .teardown: return element(plugin.providers)?.teardown
    case .policyRequest:
      policy = element(plugin.policies)
      return policy?.request
    case .policyResponse:
      policy = element(plugin.policies)
      return policy?.response
    case .policyRequestPart: return element(plugin.policies)?.requestPart
    case .policyResponsePart: return element(plugin.policies)?.responsePart
    case .policyMake:
      policy = element(plugin.policies)
      return policy?.make
    case .task:
      // Kept here too: the gateway may let it go while it runs.
      task = connection.task(lent.keep)
      return task?.function
    }
  }

  /// The gateway does not wait any more; what completes it now is told as late.
  func cancel() { _ = call?.abandon() }

  func credit(_ count: Int) {
    outstanding -= count
    guard isPaused, outstanding <= StreamWindow.size / 2 else { return }
    isPaused = false
    call?.writable()
  }

  /// What was lent is in use no more.
  private func end() {
    call?.giveBack()
    call = nil
    provider = nil
    policy = nil
    task = nil
    memory.reset()
    connection.ended(self)
  }

  // MARK: outcomes

  func callResponded(_ call: PluginCall, status: UInt16, body: UnsafeRawBufferPointer) {
    let place = body.count >= SharedMemory.threshold ? connection.memoryToGateway?.put(body) : nil
    guard place != nil || body.count <= Frame.limit - (1 << 20) else {
      return callFailed(call, tooLarge(body.count))
    }
    let failure = call.answeredFailure
    let hasCause = keepCause(failure)
    connection.write(.responded, number: number) { buffer in
      buffer.put(status)
      buffer.put(failure != nil)
      buffer.put(fields: call.fields)
      buffer.put(body: body, at: place)
      if let failure { FailureMessage.write(failure, hasCause: hasCause, to: &buffer) }
    }
    call.answeredFailure = nil
    end()
  }

  private func tooLarge(_ count: Int) -> PluginFailure {
    .contract("a body of \(count) bytes from an isolated plugin; more than \(Frame.limit >> 20) MiB go in parts or as a file")
  }

  private func keepCause(_ failure: PluginFailure?) -> Bool {
    guard let cause = failure?.cause else { return false }
    connection.keep(KeptValue(kind: .cause(cause)), number)
    return true
  }

  func callBeganResponse(_ call: PluginCall, status: UInt16) {
    connection.write(.began, number: number) { buffer in
      buffer.put(status)
      buffer.put(fields: call.fields)
    }
  }

  func callWrote(_ call: PluginCall, _ part: ByteBuffer) {
    var part = part
    // Parts of any size cross; frames have a limit.
    while let piece = part.readSlice(length: min(part.readableBytes, 1 << 20)), piece.readableBytes > 0 {
      connection.write(.wrote, number: number) { $0.writeImmutableBuffer(piece) }
      outstanding += piece.readableBytes
    }
    guard outstanding > StreamWindow.size, !isPaused else { return }
    isPaused = true
    call.pauseWriting()
  }

  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8]) {
    connection.write(.file, number: number) { buffer in
      buffer.put(status)
      buffer.put(bytes: path)
      buffer.put(fields: call.fields)
    }
    end()
  }

  func callProvided(_ call: PluginCall, value: UnsafeMutableRawPointer) {
    provided(value)
    end()
  }

  private func provided(_ value: UnsafeMutableRawPointer) {
    if let policy {
      keep(KeptValue(kind: .made(value, policy)))
      return connection.write(.provided, number: number)
    }
    guard let provider else { return }
    keep(KeptValue(kind: .value(value, provider)))
    let json = connection.host.writer(for: provider)?.json(of: value, limit: 8 << 20)
    connection.write(.provided, flag: json == nil ? 0 : 1, number: number) { buffer in
      if let json { buffer.writeBytes(json) }
    }
  }

  private func keep(_ value: KeptValue) {
    if keep != 0, kind != .task { connection.host.keepShared(value, keep) } else { connection.keep(value, number) }
  }

  func callProceeded(_ call: PluginCall, _ changes: PolicyChanges?, state: UnsafeMutableRawPointer?) {
    proceeded(changes, state)
    end()
  }

  private func proceeded(_ changes: PolicyChanges?, _ state: UnsafeMutableRawPointer?) {
    if let state, let policy { keep(KeptValue(kind: .state(state, policy))) }
    connection.write(.proceeded, flag: (changes == nil ? 0 : 1) | (state == nil ? 0 : 2), number: number) { buffer in
      if let changes { ChangesMessage.write(changes, to: &buffer) }
    }
  }

  func callPassed(_ call: PluginCall, _ part: ByteBuffer) {
    connection.write(.passed, number: number) { $0.writeImmutableBuffer(part) }
    end()
  }

  func callFinished(_ call: PluginCall) {
    connection.write(.finished, number: number)
    end()
  }

  func callFailed(_ call: PluginCall, _ failure: PluginFailure) {
    let hasCause = keepCause(failure)
    connection.write(.failed, number: number) { FailureMessage.write(failure, hasCause: hasCause, to: &$0) }
    end()
  }

  func abandonedCallEnded(_ call: PluginCall, unusedValue: UnsafeMutableRawPointer?) {
    if let unusedValue {
      // The gateway ends it as it would end its own.
      if kind == .policyRequest || kind == .policyResponse { proceeded(nil, unusedValue) } else { provided(unusedValue) }
    } else {
      connection.write(.ended, number: number)
    }
    end()
  }

  func call(_ call: PluginCall, leaves task: BackgroundTask) -> Bool {
    let task = (connection.keep(task), task.label)
    connection.write(.task, number: number) { buffer in
      buffer.put(task.0)
      buffer.put(text: String(task.1.prefix(60)))
    }
    return true
  }

  // MARK: what the plugin asks

  func facts(of call: PluginCall) -> PluginCallFacts {
    var facts = PluginCallFacts()
    facts.invocation = UInt64(connection.index) << WorkerConnection.placeShift | number
    return facts
  }

  func traceParent(of call: PluginCall) -> String? {
    traceText.count == 0 ? nil : String(decoding: traceText.raw, as: UTF8.self)
  }
}
