import CGatewayPlugin
import NIOCore

/// A request to an upstream that a worker's plugin makes through the gateway. Used on its connection's loop.
final class RemoteFetch {
  private unowned let connection: RemoteConnection
  /// As the worker calls it, and as the host does.
  private let number: UInt64
  private var hostNumber: UInt64 = 0
  private var isOver = false
  /// Sent with it.
  private var bodyBytes = 0
  /// Bytes of the body that the host took and the worker has not heard of.
  private var unacknowledged = 0
  private var isPaused = false

  init(_ connection: RemoteConnection, _ number: UInt64) {
    self.connection = connection
    self.number = number
  }

  private static func of(_ context: UnsafeMutableRawPointer) -> RemoteFetch {
    Unmanaged<RemoteFetch>.fromOpaque(context).takeUnretainedValue()
  }

  func start(_ payload: UnsafeRawBufferPointer, _ fields: FieldTable) throws(FrameError) {
    var reader = FrameReader(payload)
    var fetch = gw_fetch_borrowed(
      struct_size: UInt32(MemoryLayout<gw_fetch_borrowed>.size), loop: connection.lane.index,
      upstream: lent(try reader.data(limit: 256)), method: lent(try reader.data(limit: 64)),
      target: lent(try reader.data(limit: 64 << 10)), fields: nil, field_count: 0, body: gw_bytes_borrowed(), timeout: 0,
      flags: 0, reserved: 0, context: Unmanaged.passUnretained(self).toOpaque(),
      head: { context, status, fields, count in
        let fetch = RemoteFetch.of(context)
        // The worker has gone, and its connection with it.
        guard !fetch.isOver else { return }
        fetch.connection.write(.fetchHead, number: fetch.number) {
          $0.put(status)
          $0.put(fields: fields, count: count)
        }
      },
      part: { context, part in
        let fetch = RemoteFetch.of(context)
        guard !fetch.isOver else { return }
        fetch.connection.write(.fetchPart, number: fetch.number) { $0.writeBytes(part.raw) }
      },
      end: { context, error in
        // Balances the one that `start` took.
        let fetch = Unmanaged<RemoteFetch>.fromOpaque(context).takeRetainedValue()
        fetch.ended(error)
      },
      writable: { context in RemoteFetch.of(context).writable() })
    try fields.read(&reader)
    fetch.fields = fields.pointer
    fetch.field_count = fields.count
    fetch.body = lent(try reader.data())
    fetch.timeout = try reader.integer()
    fetch.flags = try reader.integer()
    try reader.end()
    guard connection.fetches.count <= RemoteConnection.mostFetches,
      connection.fetchBytes + fetch.body.count <= RemoteConnection.mostFetchBytes
    else { return finish(status: 503, type: "overloaded", "too many requests of this plugin to upstreams are under way") }
    bodyBytes = fetch.body.count
    connection.fetchBytes += bodyBytes
    // The host calls back until `end`, also after the worker has gone.
    let mine = Unmanaged.passRetained(self)
    hostNumber = connection.host.pointee.fetch(&fetch)
    guard hostNumber == 0 else { return }
    mine.release()
    finish(status: 500, type: "invalid_request", "the request cannot be sent")
  }

  private func ended(_ error: UnsafePointer<gw_error_borrowed>?) {
    guard !isOver else { return }
    forget()
    connection.write(.fetchEnd, flag: error == nil ? 0 : 1, number: number) { buffer in
      guard let error else { return }
      buffer.put(error.pointee.status)
      buffer.put(bytes: error.pointee.type)
      buffer.put(bytes: error.pointee.description)
    }
  }

  private func finish(status: UInt16, type: String, _ description: String) {
    forget()
    connection.write(.fetchEnd, flag: 1, number: number) { buffer in
      buffer.put(status)
      buffer.put(text: type)
      buffer.put(text: description)
    }
  }

  private func forget() {
    isOver = true
    connection.fetches[number] = nil
    connection.fetchBytes -= bodyBytes
    bodyBytes = 0
  }

  func resume() { connection.host.pointee.resume_fetch(connection.lane.index, hostNumber) }

  func cancel() { connection.host.pointee.cancel_fetch(connection.lane.index, hostNumber) }

  /// The worker has gone.
  func abandon() {
    isOver = true
    cancel()
  }

  func write(_ part: UnsafeRawBufferPointer, isLast: Bool) {
    unacknowledged += part.count
    switch connection.host.pointee.write_fetch(connection.lane.index, hostNumber, lent(part), isLast ? 1 : 0) {
    case GW_ACCEPTED: if !isPaused { acknowledge() }
    case GW_PAUSED: isPaused = true
    case let refusal: connection.write(.fetchRefused, number: number) { $0.put(refusal.rawValue) }
    }
  }

  private func writable() {
    isPaused = false
    acknowledge()
  }

  private func acknowledge() {
    guard !isOver else { return }
    let count = UInt32(clamping: unacknowledged)
    unacknowledged = 0
    connection.write(.fetchCredit, number: number) { $0.put(count) }
  }
}

extension RemoteConnection {
  func fetch(_ kind: WorkerFrame, _ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    if kind == .fetch {
      guard fetches[head.number] == nil else { throw FrameError("a request to an upstream that is there already") }
      let fetch = RemoteFetch(self, head.number)
      fetches[head.number] = fetch
      return try fetch.start(payload, FieldTable())
    }
    // It may have ended while this was on its way.
    guard let fetch = fetches[head.number] else { return }
    switch kind {
    case .fetchResume: fetch.resume()
    case .fetchWrite: fetch.write(payload, isLast: head.flag & 1 != 0)
    default: fetch.cancel()
    }
  }
}
