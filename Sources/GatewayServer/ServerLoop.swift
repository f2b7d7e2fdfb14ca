import GatewayHTTP
import NIOCore

/// All that the connections of one event loop share. Used on that loop only, so nothing in it is locked.
final class ServerLoop {
  /// How often connections are looked at. Every deadline may come this much late.
  static let tickInterval = TimeAmount.milliseconds(100)
  static let idleTickInterval = TimeAmount.milliseconds(500)

  let eventLoop: any EventLoop
  let configuration: ServerConfiguration
  let responder: any Responder
  let maxConnections: Int

  /// Read once a tick, and good enough for everything that happens until the next one. Times come in as values, so a
  /// test moves them by hand.
  private(set) var now: NIODeadline
  private(set) var dateLine: [UInt8]
  var table = ConnectionTable()
  var counters = ServerCounters()
  private(set) var isDraining = false
  /// Nothing will happen on this loop any more.
  private(set) var isDrained = false

  private var date: DateLine
  /// Storage for output, lent to the connection that is writing.
  private var spare: ByteBuffer?
  private var unflushed: ContiguousArray<HTTP1Connection> = []
  private var gates: [AcceptGate] = []
  private var drainDeadline = NIODeadline.distantFuture
  private var drained: EventLoopPromise<DrainReport>?
  private var aborted = 0

  init(
    eventLoop: any EventLoop, configuration: ServerConfiguration, responder: any Responder, maxConnections: Int,
    now: NIODeadline, wall: Int
  ) {
    self.eventLoop = eventLoop
    self.configuration = configuration
    self.responder = responder
    self.maxConnections = maxConnections
    self.now = now
    date = DateLine(wall: wall)
    dateLine = date.bytes
  }

  // MARK: Connections

  var isFull: Bool { table.count >= maxConnections }

  func add(_ connection: HTTP1Connection) {
    table.add(connection)
    counters.accepted += 1
    counters.open = table.count
  }

  func remove(_ connection: HTTP1Connection) {
    table.remove(connection)
    counters.open = table.count
    if !isFull { gates.forEach { $0.resume(.connections) } }
    finishDrainIfDone()
  }

  func add(_ gate: AcceptGate) { gates.append(gate) }
  func remove(_ gate: AcceptGate) { gates.removeAll { $0 === gate } }

  // MARK: Output

  /// Storage to write a response into; `giveBack` it when it has left.
  func takeOutput() -> ByteBuffer {
    spare.take() ?? ByteBufferAllocator().buffer(capacity: 4096)
  }

  /// Takes storage back if nobody else (a write that is still pending) holds it and it has not grown out of
  /// proportion.
  func giveBack(_ buffer: consuming ByteBuffer) {
    guard buffer.capacity <= 128 * 1024, buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil else { return }
    spare = buffer
  }

  /// Flushes `connection` at the end of the loop's present turn, together with all others that asked for it: parts of
  /// a response that come one after the other leave in one system call.
  func flushSoon(_ connection: HTTP1Connection) {
    unflushed.append(connection)
    guard unflushed.count == 1 else { return }
    eventLoop.assumeIsolated().execute { [self] in
      // What is added meanwhile gets a turn of its own.
      let connections = unflushed
      unflushed.removeAll(keepingCapacity: true)
      for connection in connections { connection.flushScheduled() }
    }
  }

  // MARK: Time

  /// Looks at all connections whose time has come.
  func tick(now: NIODeadline, wall: Int) {
    self.now = now
    date.set(wall: wall)
    dateLine = date.bytes
    // Backwards: a connection that is removed is replaced by one that was looked at already.
    var slot = table.count - 1
    while slot >= 0 {
      table.due(slot, now)?.tick(now)
      slot -= 1
    }
    for gate in gates {
      gate.tick(now)
      if gate.waitsForConnections { evictIdle() }
    }
    if now >= drainDeadline { terminateAll() }
  }

  /// Makes room for connections that wait in the backlog: closes those that are idle the longest, a few at a time.
  private func evictIdle() {
    let idle = table.connections.filter { $0.isIdle }.sorted { $0.idleSince < $1.idleSince }
    for connection in idle.prefix(max(1, maxConnections / 32)) {
      counters.evicted += 1
      connection.closeIdle()
    }
  }

  // MARK: Drain

  /// Stops accepting, closes idle connections, lets exchanges end until `deadline` and then cuts them off. The
  /// promise is fulfilled when the last connection has gone.
  func drain(until deadline: NIODeadline, _ promise: EventLoopPromise<DrainReport>) {
    if let drained {
      // A second, more impatient call.
      drainDeadline = min(drainDeadline, deadline)
      drained.futureResult.cascade(to: promise)
      return
    }
    isDraining = true
    drainDeadline = deadline
    drained = promise
    gates.forEach { $0.close() }
    // Idle ones close at the next tick, not now: a request that is on its way into the socket is still answered.
    for connection in table.connections { table.look(at: connection, ConnectionTable.atOnce) }
    finishDrainIfDone()
  }

  private func terminateAll() {
    drainDeadline = .distantFuture
    let rest = table.connections
    aborted += rest.count { $0.isInExchange }
    rest.forEach { $0.reset() }
  }

  private func finishDrainIfDone() {
    guard isDraining, table.isEmpty, gates.isEmpty, let drained else { return }
    self.drained = nil
    isDrained = true
    drained.succeed(DrainReport(aborted: aborted))
  }

  func gateClosed(_ gate: AcceptGate) {
    remove(gate)
    finishDrainIfDone()
  }
}
