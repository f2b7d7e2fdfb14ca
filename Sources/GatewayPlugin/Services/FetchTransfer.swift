import CGatewayPlugin
import Synchronization

/// One request to an upstream: the plugin's end of it. The host holds it until the fetch has ended.
final class FetchTransfer: Sendable {
  struct Head: Sendable {
    let status: Int
    let fields: [(name: String, value: String)]
  }

  private struct State {
    var number: UInt64 = 0
    var head: Head?
    /// What the host gave and nobody has taken yet; there is at most one, because the next one has to be asked for.
    var part: [UInt8]?
    var end: Result<Void, any Error>?
    /// Why it was given up, where that was decided here.
    var reason: (any Error)?
    var isPaused = false
    /// Counts `writable`: one that comes between a write and the note of its pause must not be lost.
    var wakes: UInt64 = 0
    var headWaiter: CheckedContinuation<Head, any Error>?
    var partWaiter: CheckedContinuation<[UInt8]?, any Error>?
    var writeWaiter: CheckedContinuation<Void, Never>?
  }

  private let host: HostAccess
  private let state = Mutex(State())

  init(_ host: HostAccess) { self.host = host }

  // MARK: to the host

  func start(
    loop: UInt32, upstream: String, method: String, target: String, headers: Headers, body: FetchBody,
    timeout: Duration?
  ) throws {
    var (upstream, method, target) = (upstream, method, target)
    var bytes: [UInt8] = []
    if case .bytes(let given) = body.content { bytes = given }
    let lent = Unmanaged.passRetained(self)
    let number = upstream.withUTF8 { upstream in
      method.withUTF8 { method in
        target.withUTF8 { target in
          bytes.withUnsafeBytes { bytes in
            headers.lend { fields in
              var fetch = Self.callbacks(lent.toOpaque())
              fetch.struct_size = UInt32(MemoryLayout<gw_fetch_borrowed>.size)
              fetch.loop = loop
              fetch.upstream = gw_bytes_borrowed(UnsafeRawBufferPointer(upstream))
              fetch.method = gw_bytes_borrowed(UnsafeRawBufferPointer(method))
              fetch.target = gw_bytes_borrowed(UnsafeRawBufferPointer(target))
              fetch.fields = fields.baseAddress
              fetch.field_count = fields.count
              fetch.body = gw_bytes_borrowed(bytes)
              if case .stream = body.content { fetch.flags = GW_FETCH_STREAMED }
              fetch.timeout = timeout.map(Self.nanoseconds) ?? 0
              return host.table.pointee.fetch(&fetch)
            }
          }
        }
      }
    }
    guard number != 0 else {
      lent.release()
      throw UpstreamError(
        status: 500, kind: "invalid_request",
        description: "the gateway refused the request: a field, the method or the target cannot be sent, or it has ended")
    }
    state.withLock { $0.number = number }
  }

  /// At least 1: 0 is no limit.
  private static func nanoseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 1 }
    let (part, isOver) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return isOver ? .max : max(1, part &+ UInt64(attoseconds / 1_000_000_000))
  }

  private static func callbacks(_ context: UnsafeMutableRawPointer) -> gw_fetch_borrowed {
    gw_fetch_borrowed(
      struct_size: 0, loop: 0, upstream: .init(), method: .init(), target: .init(), fields: nil, field_count: 0,
      body: .init(), timeout: 0, flags: 0, reserved: 0, context: context,
      head: { context, status, fields, count in
        let lent = UnsafeBufferPointer(start: fields, count: fields == nil ? 0 : count)
        let head = Head(status: Int(status), fields: lent.map { (String($0.name), String($0.value)) })
        FetchTransfer.of(context).headCame(head)
      },
      part: { context, part in FetchTransfer.of(context).partCame([UInt8](part.raw)) },
      end: { context, error in
        let transfer = Unmanaged<FetchTransfer>.fromOpaque(context).takeRetainedValue()
        transfer.ended(
          error.map {
            UpstreamError(
              status: Int($0.pointee.status), kind: String($0.pointee.type), description: String($0.pointee.description))
          })
      }, writable: { FetchTransfer.of($0).wake() })
  }

  private static func of(_ context: UnsafeMutableRawPointer) -> FetchTransfer {
    Unmanaged<FetchTransfer>.fromOpaque(context).takeUnretainedValue()
  }

  /// Gives it up. Whoever waits learns it when the host has let go: `reason`, or `CancellationError`.
  func cancel(_ reason: (any Error)? = nil) {
    let number = state.withLock { state in
      guard state.end == nil else { return UInt64(0) }
      state.reason = state.reason ?? reason ?? CancellationError()
      return state.number
    }
    if number != 0 { host.table.pointee.cancel_fetch(anyLoop, number) }
  }

  // MARK: for the plugin

  func head() async throws -> Head {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let known = state.withLock { state -> Result<Head, any Error>? in
          if let head = state.head { return .success(head) }
          if case .failure(let error)? = state.end { return .failure(error) }
          state.headWaiter = waiter
          return nil
        }
        if let known { waiter.resume(with: known) }
      }
    } onCancel: {
      cancel()
    }
  }

  /// The next part; nil at the end.
  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let (known, number) = state.withLock { state -> (Result<[UInt8]?, any Error>?, UInt64) in
          if let part = state.part {
            state.part = nil
            return (.success(part), state.end == nil ? state.number : 0)
          }
          if let end = state.end { return (end.map { nil }, 0) }
          guard state.partWaiter == nil else { return (.failure(BodyIsRead()), 0) }
          state.partWaiter = waiter
          return (nil, 0)
        }
        if number != 0 { host.table.pointee.resume_fetch(anyLoop, number) }
        if let known { waiter.resume(with: known) }
      }
    } onCancel: {
      cancel()
    }
  }

  func write(_ bytes: [UInt8], isLast: Bool = false) async throws {
    try await ready()
    guard !bytes.isEmpty || isLast else { return }
    let (number, before) = state.withLock { ($0.end == nil ? $0.number : 0, $0.wakes) }
    guard number != 0 else { throw Self.unwanted }
    let answer = bytes.withUnsafeBytes {
      host.table.pointee.write_fetch(anyLoop, number, gw_bytes_borrowed($0), isLast ? 1 : 0)
    }
    switch answer {
    case GW_ACCEPTED: break
    case GW_PAUSED: state.withLock { if $0.wakes == before, $0.end == nil { $0.isPaused = true } }
    default: throw Self.unwanted
    }
  }

  private static let unwanted = UpstreamError(
    status: 500, kind: "not_wanted", description: "the fetch has ended; the rest of the request's body is not wanted")

  private func ready() async throws {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
        let mayGoOn = state.withLock { state in
          if !state.isPaused || state.end != nil || state.reason != nil { return true }
          state.writeWaiter = waiter
          return false
        }
        if mayGoOn { waiter.resume() }
      }
    } onCancel: {
      cancel()
    }
    try Task.checkCancellation()
  }

  // MARK: from the host

  private func headCame(_ head: Head) {
    let waiter = state.withLock { state in
      state.head = head
      defer { state.headWaiter = nil }
      return state.headWaiter
    }
    waiter?.resume(returning: head)
  }

  private func partCame(_ part: [UInt8]) {
    let (waiter, number) = state.withLock { state in
      guard let waiter = state.partWaiter else {
        state.part = part
        return (CheckedContinuation<[UInt8]?, any Error>?.none, UInt64(0))
      }
      state.partWaiter = nil
      return (waiter, state.number)
    }
    guard let waiter else { return }
    // Taken: the next one may come.
    host.table.pointee.resume_fetch(anyLoop, number)
    waiter.resume(returning: part)
  }

  private func wake() {
    let waiter = state.withLock { state in
      state.isPaused = false
      state.wakes &+= 1
      defer { state.writeWaiter = nil }
      return state.writeWaiter
    }
    waiter?.resume()
  }

  private func ended(_ error: UpstreamError?) {
    let state = state.withLock { state in
      if let error {
        state.end = .failure(state.reason ?? error)
        // What was given up is not read on; what failed is read to where it failed.
        if state.reason != nil { state.part = nil }
      } else {
        state.end = .success(())
      }
      state.isPaused = false
      let copy = state
      state.headWaiter = nil
      state.partWaiter = nil
      state.writeWaiter = nil
      return copy
    }
    state.writeWaiter?.resume()
    guard case .failure(let error)? = state.end else {
      state.partWaiter?.resume(returning: nil)
      return
    }
    state.headWaiter?.resume(throwing: error)
    state.partWaiter?.resume(throwing: error)
  }
}

/// Gives the fetch up when nobody can read its answer any more.
final class FetchOwner: Sendable {
  let transfer: FetchTransfer
  private let writing = Mutex<Task<Void, Never>?>(nil)

  init(_ transfer: FetchTransfer) { self.transfer = transfer }

  deinit {
    transfer.cancel()
    writing.withLock { $0?.cancel() }
  }

  /// Writes the body beside the reading of the answer.
  func send(_ write: @escaping @Sendable () async throws -> Void) {
    let transfer = transfer
    let task = Task {
      do {
        try await write()
        try await transfer.write([], isLast: true)
      } catch let error as UpstreamError where error.kind == "not_wanted" {
        // The answer says what there is to say.
      } catch {
        transfer.cancel(error)
      }
    }
    writing.withLock { $0 = task }
  }
}

/// A body that two tasks read at once.
struct BodyIsRead: Error, CustomStringConvertible {
  var description: String { "the body is being read already" }
}
