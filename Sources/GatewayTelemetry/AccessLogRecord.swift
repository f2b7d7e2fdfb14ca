/// What the access log says about one exchange beside its request: plain values, filled by the exchange as it goes.
///
/// Strings are expected to be shared ones (names out of the snapshot); empty means absent, and absent values are not
/// written.
public struct AccessLogRecord: Sendable {
  /// The final status; 0 where none was sent (the client left before).
  public var status: UInt16
  /// How the exchange ended.
  public var reason: TerminationReason
  /// Body bytes received from the client.
  public var requestBytes = 0
  /// Body bytes handed to the client's connection.
  public var responseBytes = 0
  /// Nanoseconds from the complete head to the end of the response.
  public var duration: Int64 = 0
  public var phases = AccessLogPhases()
  /// The route's pattern, `/books/{id}`: never the raw path.
  public var route = ""
  /// `plugin.handler`.
  public var handler = ""
  public var upstream = ""
  /// The target that answered (or was tried last), `127.0.0.1:9001`.
  public var upstreamTarget = ""
  /// The upstream's own status; 0 where it gave none.
  public var upstreamStatus: UInt16 = 0
  /// Attempts at the upstream; 0 where the route has none.
  public var attempts = 0
  /// `1.0`, `1.1` or `2`; nil takes HTTP/1 with the minor version of the head.
  public var protocolVersion: StaticString?
  /// `1.3`.
  public var tlsVersion = ""
  /// What went wrong, for the operator: an `HTTPError`'s cause. Written shortened to 1024 bytes.
  public var cause: String?

  public init(status: UInt16, reason: TerminationReason = .ok) {
    self.status = status
    self.reason = reason
  }
}

/// How long the parts of an exchange took, in nanoseconds; nil where a part did not happen.
public struct AccessLogPhases: Sendable, Equatable {
  // Negative is nil: an optional would cost a word and a branch each, for eight values in every exchange.
  private var values = SIMD8<Int64>(repeating: -1)

  public init() {}

  /// From the first byte of the head to the last.
  public var header: Int64? {
    get { self[0] }
    set { self[0] = newValue }
  }
  /// Waiting for a thread, a slot or a connection.
  public var queue: Int64? {
    get { self[1] }
    set { self[1] = newValue }
  }
  /// Authentication.
  public var auth: Int64? {
    get { self[2] }
    set { self[2] = newValue }
  }
  /// Reading and checking parameters and body.
  public var validate: Int64? {
    get { self[3] }
    set { self[3] = newValue }
  }
  /// Inside the plugin: providers and handler.
  public var plugin: Int64? {
    get { self[4] }
    set { self[4] = newValue }
  }
  /// Connecting to the upstream target.
  public var connect: Int64? {
    get { self[5] }
    set { self[5] = newValue }
  }
  /// From the request's end to the upstream's first byte.
  public var firstByte: Int64? {
    get { self[6] }
    set { self[6] = newValue }
  }
  /// From the response's head to its end.
  public var body: Int64? {
    get { self[7] }
    set { self[7] = newValue }
  }

  subscript(_ index: Int) -> Int64? {
    get { values[index] < 0 ? nil : values[index] }
    set { values[index] = max(newValue ?? -1, -1) }
  }

  var isEmpty: Bool { values == SIMD8(repeating: -1) }

  static let names: [StaticString] = [
    ",\"t_header\":", ",\"t_queue\":", ",\"t_auth\":", ",\"t_validate\":", ",\"t_plugin\":", ",\"t_connect\":",
    ",\"t_ttfb\":", ",\"t_body\":",
  ]
}
