import NIOCore

/// What every stage of an exchange may know about the request in hand.
///
/// Owned by the exchange, passed to policies by reference; nothing in it outlives the exchange.
public struct RequestContext: Sendable {
  public var head: RequestHead
  /// The path that routes, policies, logs and upstreams see: one and the same (no bypass by spelling).
  /// Normalised, still percent-encoded; ranges are into `path`.
  public var path: ByteBuffer
  /// The query without `?`, as received; a range into `head.bytes`.
  public var query: ByteRange
  /// The peer of the connection; nil over a Unix socket.
  public var peer: IPAddress?
  /// The client as far as the configuration trusts forwarding headers; the peer otherwise.
  public var client: IPAddress?
  public var isTLS: Bool
  /// Empty until the request-id policy (or the first error) sets it.
  public var requestID: String
  /// When the head was complete.
  public var started: NIODeadline

  public init(
    head: RequestHead, path: ByteBuffer, query: ByteRange, peer: IPAddress?, isTLS: Bool, started: NIODeadline
  ) {
    self.head = head
    self.path = path
    self.query = query
    self.peer = peer
    self.client = peer
    self.isTLS = isTLS
    self.requestID = ""
    self.started = started
  }
}

/// A response that the gateway or a policy makes itself.
public struct LocalResponse: Sendable {
  public var status: UInt16
  public var fields: FieldLines
  public var body: ByteBuffer

  public init(status: UInt16, fields: FieldLines = FieldLines(), body: ByteBuffer = ByteBuffer()) {
    self.status = status
    self.fields = fields
    self.body = body
  }
}

/// A request that ends early with a status: the only error type that stages of an exchange throw.
/// One place turns it into a response.
public struct HTTPError: Error, Sendable, Equatable {
  public var status: UInt16
  /// For the client; the standard reason phrase where nil.
  public var detail: String?
  /// For the log only.
  public var cause: String?
  /// Whether the connection has to close after the answer because its framing can no longer be trusted.
  public var closes: Bool
  /// Further fields of the answer, such as `allow` or `retry-after`.
  public var fields: [(name: String, value: String)] { fieldPairs.map { ($0[0], $0[1]) } }
  private var fieldPairs: [[String]]

  public init(
    _ status: UInt16, detail: String? = nil, cause: String? = nil, closes: Bool = false,
    fields: [(name: String, value: String)] = []
  ) {
    self.status = status
    self.detail = detail
    self.cause = cause
    self.closes = closes
    self.fieldPairs = fields.map { [$0.name, $0.value] }
  }
}
