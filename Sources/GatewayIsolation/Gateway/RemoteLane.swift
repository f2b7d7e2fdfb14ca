import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// What one event loop of the gateway has of an isolated plugin: a connection with each of its workers. A request stays on its
/// loop. Used on that loop only.
final class RemoteLane: @unchecked Sendable {
  // Proof for @unchecked: see above; the rest is immutable.
  let plugin: RemotePlugin
  let loop: any EventLoop
  let index: UInt32
  private let host = HostTable.shared.pointer
  /// Of the first loop only: who starts workers.
  weak var group: WorkerGroup?
  /// Those that take requests, by their worker's place.
  private var connections: [RemoteConnection?]
  /// The same, and those of workers that are starting.
  private var arriving: [ObjectIdentifier: RemoteConnection] = [:]
  private var waiting: [RemoteCall] = []
  private var waitTimer: Scheduled<Void>?
  /// Nil: somebody may come, and requests wait for him.
  private var absence: String?
  /// Where an exchange has been: its values are there. Only with several workers.
  private var pins: [UnsafeRawPointer: (connection: RemoteConnection, count: Int)] = [:]
  private var logged = RateLimit(perSecond: RemoteLane.logRate)

  static let mostWaiting = 1024
  static let longestWait = TimeAmount.seconds(2)
  /// Log lines in a second that workers may write through this loop.
  static let logRate = 2000

  init(_ plugin: RemotePlugin, _ services: LoopServices) {
    self.plugin = plugin
    loop = services.loop
    index = services.index
    connections = Array(repeating: nil, count: plugin.options.workers)
  }

  // MARK: invocations

  func begin(
    _ function: FunctionReference, _ owner: RemoteOwner, _ invocation: UnsafePointer<gw_invocation>, _ task: RemoteTask?
  ) -> UnsafeMutableRawPointer? {
    let handle = invocation.pointee.call
    let call = RemoteCall(function, owner, .host(handle), invocation, task: task, lane: self)
    do throws(RemoteRefusal) {
      switch try choose(call) {
      case .use(let connection): try send(call, connection)
      case .wait:
        waiting.append(call)
        watchWaiting()
      case .nothingLeft:
        call.phase = .over
        _ = host.pointee.finish(handle)
      }
    } catch {
      call.phase = .over
      error.fail(handle, host)
    }
    return call.phase == .over ? nil : call.token()
  }

  private enum Choice {
    case use(RemoteConnection)
    /// For a worker that is starting.
    case wait
    /// What it is about went with its worker.
    case nothingLeft
  }

  private func choose(_ call: RemoteCall) throws(RemoteRefusal) -> Choice {
    let needed: RemoteConnection?
    do throws(RemoteRefusal) { needed = try holder(of: call) } catch {
      // The end of a value that is gone is what it should come to.
      if call.function.kind == .teardown { return .nothingLeft }
      throw error
    }
    if let needed { return .use(needed) }
    if let exchange = call.exchange, let pin = pins[exchange], pin.connection.isReady { return .use(pin.connection) }
    var best: RemoteConnection?
    var hasAny = false
    for case let connection? in connections where connection.isReady {
      hasAny = true
      guard connection.inFlight.count < RemoteConnection.mostInFlight, connection.isWritable else { continue }
      if best.map({ connection.inFlight.count < $0.inFlight.count }) ?? true { best = connection }
    }
    if let best { return .use(best) }
    if hasAny { throw .busy(plugin.name, "its workers have as many requests in hand as may be") }
    if let absence { throw .notReady(plugin.name, absence) }
    guard waiting.count < Self.mostWaiting else { throw .busy(plugin.name, "as many requests as may wait for a worker") }
    return .wait
  }

  /// Who keeps the values that it needs; nil where it needs none.
  private func holder(of call: RemoteCall) throws(RemoteRefusal) -> RemoteConnection? {
    var holder = call.task?.connection
    func add(_ pointer: UnsafeMutableRawPointer?) throws(RemoteRefusal) {
      guard let pointer else { return }
      let value = RemoteValue.of(pointer)
      // Numbers are those of one opening of a plugin: another one's would name something else here.
      guard value.plugin === plugin else { throw .valuesGone(plugin.name) }
      guard let connection = value.connection else { return }
      if holder == nil { holder = connection }
      guard holder === connection else { throw .valuesGone(plugin.name) }
    }
    if let invocation = call.invocation?.pointee {
      try add(invocation.value_borrowed)
      if let inputs = invocation.dependencies_borrowed {
        for index in 0..<invocation.dependency_count {
          let isJSON = index < call.owner.takesJSON.count && call.owner.takesJSON[index]
          if !isJSON { try add(inputs[index]) }
        }
      }
    }
    guard holder?.isReady ?? true else { throw .valuesGone(plugin.name) }
    return holder
  }

  private func send(_ call: RemoteCall, _ connection: RemoteConnection) throws(RemoteRefusal) {
    try connection.send(call)
    pin(call.exchange, connection)
  }

  // MARK: where exchanges are

  func pin(_ exchange: UnsafeRawPointer?, _ connection: RemoteConnection) {
    guard connections.count > 1, let exchange else { return }
    // Another worker's, that has ended: what is kept from now on is here.
    if let pin = pins[exchange], pin.connection === connection {
      pins[exchange] = (connection, pin.count + 1)
    } else {
      pins[exchange] = (connection, 1)
    }
  }

  func unpin(_ exchange: UnsafeRawPointer?, _ connection: RemoteConnection) {
    guard connections.count > 1, let exchange, let pin = pins[exchange], pin.connection === connection else { return }
    pins[exchange] = pin.count > 1 ? (pin.connection, pin.count - 1) : nil
  }

  // MARK: those that wait for a worker

  func giveUp(_ call: RemoteCall) {
    waiting.removeAll { $0 === call }
    refuse(call, .notReady(plugin.name, "it was given up before a worker was ready"))
  }

  private func refuse(_ call: RemoteCall, _ refusal: RemoteRefusal) {
    call.phase = .over
    if case .host(let handle) = call.waiter { refusal.fail(handle, host) }
  }

  private func watchWaiting() {
    guard waitTimer == nil else { return }
    waitTimer = loop.assumeIsolated().scheduleTask(in: Self.longestWait) { [self] in
      waitTimer = nil
      let calls = waiting
      waiting = []
      // Up to twice as long as the limit, for those that came later.
      for call in calls { refuse(call, .notReady(plugin.name, "no worker was ready in time")) }
    }
  }

  private func drain() {
    let calls = waiting
    waiting = []
    waitTimer?.cancel()
    waitTimer = nil
    for call in calls where call.phase == .waiting {
      guard case .host(let handle) = call.waiter else { continue }
      do throws(RemoteRefusal) {
        switch try choose(call) {
        case .use(let connection): try send(call, connection)
        case .wait:
          waiting.append(call)
          watchWaiting()
        case .nothingLeft:
          call.phase = .over
          _ = host.pointee.finish(handle)
        }
      } catch { refuse(call, error) }
    }
  }

  // MARK: workers come and go

  /// Every connection, before anything comes over it.
  func add(_ connection: RemoteConnection) { arriving[ObjectIdentifier(connection.life)] = connection }

  func ready(of life: WorkerLife) {
    guard let connection = arriving[ObjectIdentifier(life)], connection.isOpen else { return }
    connections[life.slot] = connection
    connection.isReady = true
    absence = nil
    drain()
  }

  /// Nobody is there, and nobody comes soon; nil: somebody may.
  func setAbsence(_ reason: String?) {
    absence = reason
    if reason != nil, !connections.contains(where: { $0?.isReady == true }) { drain() }
  }

  /// The process has ended: what it had in hand has failed, and nothing else.
  func ended(_ life: WorkerLife, _ cause: String) {
    guard let connection = arriving.removeValue(forKey: ObjectIdentifier(life)) else { return }
    if connections[life.slot] === connection { connections[life.slot] = nil }
    let calls = connection.takeInFlight()
    connection.close()
    let refusal = RemoteRefusal.ended(plugin.name, cause)
    for (index, call) in calls.enumerated() {
      unpin(call.exchange, connection)
      switch call.waiter {
      case .setup(let done): done(.failed(SetupFailure(type: refusal.type, description: cause)))
      case .host(var handle):
        if index < 64 { tell(&handle, cause) }
        refusal.fail(handle, host)
      }
    }
  }

  private func tell(_ handle: inout gw_call, _ cause: String) {
    var message = "request lost with the process of its plugin"
    var cause = cause
    message.withUTF8 { message in
      cause.withUTF8 { cause in
        let name: StaticString = "error"
        var fact = gw_field_borrowed(
          name: gw_bytes_borrowed(bytes: name.utf8Start, count: name.utf8CodeUnitCount),
          value: lent(UnsafeRawBufferPointer(cause)))
        host.pointee.log_event(&handle, GW_LOG_ERROR.rawValue, lent(UnsafeRawBufferPointer(message)), &fact, 1)
      }
    }
  }

  /// A worker that floods the log is heard so often in a second.
  func mayLog() -> Bool {
    let lost = logged.take(now: NIODeadline.now())
    if lost.before > 0 { plugin.lost(lost.before) }
    return lost.isTaken
  }
}
