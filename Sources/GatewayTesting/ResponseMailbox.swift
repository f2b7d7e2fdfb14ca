import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore

/// A response on its way from the loop that it arrives on to the test that reads it.
final class ResponseMailbox: Sendable {
  struct Head: Sendable {
    let status: Int
    let fields: [(name: String, value: String)]
  }

  private struct State {
    var head: Head?
    var parts: CircularBuffer<ByteBuffer> = []
    var bytes = 0
    var end: Result<Void, TestGatewayError>?
    var headWaiter: CheckedContinuation<Head, any Error>?
    var partWaiter: CheckedContinuation<[UInt8]?, any Error>?
    /// Told when the reader has caught up.
    var isFull = false
  }

  private let state = NIOLockedValueBox(State())
  private let control: @Sendable (Control) -> Void

  /// What the reader asks of the transport. From any thread.
  enum Control { case more, leave }

  /// Bytes that wait for the reader above which the transport is asked to wait.
  static let limit = 64 * 1024

  init(_ control: @escaping @Sendable (Control) -> Void) { self.control = control }

  // MARK: from the transport

  func head(_ head: Head) {
    let waiter = state.withLockedValue { state in
      state.head = head
      defer { state.headWaiter = nil }
      return state.headWaiter
    }
    waiter?.resume(returning: head)
  }

  /// False: no more for now; `more` is asked for later.
  func part(_ part: ByteBuffer) -> Bool {
    let (waiter, mayGoOn) = state.withLockedValue { state -> (CheckedContinuation<[UInt8]?, any Error>?, Bool) in
      if let waiter = state.partWaiter {
        state.partWaiter = nil
        return (waiter, true)
      }
      state.parts.append(part)
      state.bytes += part.readableBytes
      state.isFull = state.bytes >= Self.limit
      return (nil, !state.isFull)
    }
    waiter?.resume(returning: Array(part.readableBytesView))
    return mayGoOn
  }

  /// Only the first end counts.
  func end(_ result: Result<Void, TestGatewayError>) {
    let (head, part) = state.withLockedValue { state in
      guard state.end == nil else { return (CheckedContinuation<Head, any Error>?.none, CheckedContinuation<[UInt8]?, any Error>?.none) }
      state.end = result
      defer { (state.headWaiter, state.partWaiter) = (nil, nil) }
      return (state.headWaiter, state.partWaiter)
    }
    switch result {
    case .success:
      head?.resume(throwing: TestGatewayError(text: "the response has no head"))
      part?.resume(returning: nil)
    case .failure(let error):
      head?.resume(throwing: error)
      part?.resume(throwing: error)
    }
  }

  // MARK: for the test

  func head() async throws -> Head {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let known = state.withLockedValue { state -> Result<Head, any Error>? in
          if let head = state.head { return .success(head) }
          if case .failure(let error)? = state.end { return .failure(error) }
          state.headWaiter = waiter
          return nil
        }
        if let known { waiter.resume(with: known) }
      }
    } onCancel: {
      leave()
    }
  }

  /// The next part; nil at the end. Throws where the response was cut off.
  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let (known, asksForMore) = state.withLockedValue { state -> (Result<[UInt8]?, any Error>?, Bool) in
          if let part = state.parts.popFirst() {
            state.bytes -= part.readableBytes
            let asks = state.isFull && state.bytes < Self.limit / 2
            if asks { state.isFull = false }
            return (.success(Array(part.readableBytesView)), asks)
          }
          switch state.end {
          case .success: return (.success(nil), false)
          case .failure(let error): return (.failure(error), false)
          case nil:
            state.partWaiter = waiter
            return (nil, false)
          }
        }
        if asksForMore { control(.more) }
        if let known { waiter.resume(with: known) }
      }
    } onCancel: {
      leave()
    }
  }

  var isOver: Bool { state.withLockedValue { $0.end != nil } }

  /// Goes away as a client that closes its connection.
  func leave() {
    guard !isOver else { return }
    end(.failure(TestGatewayError(text: "the client has left")))
    control(.leave)
  }
}

/// An exchange under way, whatever carries it.
struct TestExchange: Sendable {
  let mailbox: ResponseMailbox
  /// Hands over a part of the request's body and returns when it was taken; the last one may be empty.
  let feed: @Sendable (ByteBuffer, _ isLast: Bool) async throws -> Void
}

/// What carries requests to the gateway.
protocol TestTransport: Sendable {
  /// - Parameters:
  ///   - head: in wire form, framing included.
  ///   - body: all of it, handed over with the head; nil where `feed` is called.
  func start(_ head: ByteBuffer, method: String, body: ByteBuffer?, isSecure: Bool) async throws -> TestExchange
}
