import CGatewayPlugin

/// An upstream of `gateway.yaml`, asked over the gateway's own connections.
///
///     let answer = try await request.upstream("stock").fetch(.get, "/items/1")
///     guard answer.status == 200 else { throw HTTPError(502) }
///     let text = try await answer.text()
///
/// Targets, connections and timeouts are those under `upstreams`; an upstream that is not there is an error of each fetch.
/// Redirects are not followed, and nothing is retried but what the gateway retries for its routes.
public struct Upstream: Sendable {
  public let name: String
  private let loop: UInt32
  private let trace: TraceFields?
  private let given: HostAccess?

  /// For code outside of a request; inside use `request.upstream(_:)`, which adds the request's trace.
  public init(_ name: String) { self.init(name, loop: anyLoop, trace: nil) }

  init(_ name: String, loop: UInt32, trace: TraceFields?, host: HostAccess? = nil) {
    self.name = name
    given = host
    self.loop = loop
    self.trace = trace
  }

  /// The same with GET.
  public func fetch(_ target: String, headers: Headers = [:], timeout: Duration? = nil) async throws -> FetchResponse {
    try await fetch(.get, target, headers: headers, timeout: timeout)
  }

  /// Sends a request and waits for the head of its answer. The body comes while it is read, no faster.
  ///
  /// - Parameters:
  ///   - target: path and query, percent-encoded, at most 8 KiB.
  ///   - headers: at most 100 fields and 32 KiB; without those of framing and connections. `host` is the target's own
  ///     where it is not given.
  ///   - timeout: for all of it, to the end of the body; nil: the upstream's own limits only.
  /// - Throws: `UpstreamError`; `CancellationError` where the task is cancelled; what a streamed body throws.
  public func fetch(
    _ method: FetchMethod, _ target: String, headers: Headers = [:], body: FetchBody = .none,
    timeout: Duration? = nil
  ) async throws -> FetchResponse {
    guard let host = given ?? HostAccess.current else { throw UpstreamError.noGateway }
    guard host.hasServices else { throw UpstreamError.oldGateway }
    var headers = headers
    if let trace, !headers.contains("traceparent") {
      headers.append("traceparent", trace.parent)
      if !trace.state.isEmpty { headers.append("tracestate", trace.state) }
    }
    let transfer = FetchTransfer(host)
    try transfer.start(
      loop: loop, upstream: name, method: method.name, target: target, headers: headers, body: body,
      timeout: timeout)
    // From here on: whoever lets go of it gives the fetch up.
    let owner = FetchOwner(transfer)
    if case .stream(let write) = body.content {
      owner.send { try await write(FetchWriter(transfer: transfer)) }
    }
    let head = try await transfer.head()
    return FetchResponse(status: head.status, headers: head.fields, body: FetchResponseBody(owner: owner))
  }
}

/// A request's method. Case counts.
public struct FetchMethod: Sendable, Hashable, ExpressibleByStringLiteral {
  let name: String

  public init(_ name: String) { self.name = name }
  public init(stringLiteral name: String) { self.name = name }

  public static let get = FetchMethod("GET")
  public static let head = FetchMethod("HEAD")
  public static let post = FetchMethod("POST")
  public static let put = FetchMethod("PUT")
  public static let patch = FetchMethod("PATCH")
  public static let delete = FetchMethod("DELETE")
}

/// A request's body.
public struct FetchBody: Sendable {
  enum Content: Sendable {
    case none
    case bytes([UInt8])
    case stream(@Sendable (FetchWriter) async throws -> Void)
  }

  let content: Content

  public static let none = FetchBody(content: .none)

  public static func bytes(_ bytes: [UInt8]) -> FetchBody { FetchBody(content: .bytes(bytes)) }

  /// In UTF-8. Say what it is in `content-type`.
  public static func text(_ text: String) -> FetchBody { .bytes(Array(text.utf8)) }

  /// A value as JSON. `content-type: application/json` is not added.
  public static func json<Value: SchemaType>(_ value: Value) -> FetchBody {
    var json = JSONWriter()
    value.write(to: &json)
    return .bytes(json.bytes)
  }

  /// Parts as `write` makes them, while the answer may already come. An error that it throws gives the fetch up.
  public static func stream(_ write: @escaping @Sendable (FetchWriter) async throws -> Void) -> FetchBody {
    FetchBody(content: .stream(write))
  }
}

/// Writes a request's body, part by part.
public struct FetchWriter: Sendable {
  let transfer: FetchTransfer

  /// Waits while the upstream is slower than the writer. Throws `UpstreamError` where the answer is complete or there will
  /// be none: nothing more is wanted then.
  public func write(_ bytes: [UInt8]) async throws { try await transfer.write(bytes) }

  /// The same with text, in UTF-8.
  public func write(_ text: String) async throws { try await transfer.write(Array(text.utf8)) }
}

/// An upstream's answer: the head, and the body as it comes.
public struct FetchResponse: Sendable {
  public let status: Int
  /// In the order received, without those of framing and connections.
  public let headers: [(name: String, value: String)]
  /// To be read once. Letting go of it before its end gives the rest up.
  public let body: FetchResponseBody

  /// The first field of that name, in any letter case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The whole body.
  ///
  /// - Parameter limit: an upstream that sends more is an `UpstreamError` of kind `too_large`.
  public func bytes(upTo limit: Int = 16 * 1024 * 1024) async throws -> [UInt8] {
    var all: [UInt8] = []
    for try await part in body {
      guard part.count <= limit - all.count else {
        throw UpstreamError(status: 502, kind: "too_large", description: "the body has more than \(limit) bytes")
      }
      all += part
    }
    return all
  }

  /// The whole body as UTF-8; wrong bytes become U+FFFD. `limit` as for `bytes`.
  public func text(upTo limit: Int = 16 * 1024 * 1024) async throws -> String {
    String(decoding: try await bytes(upTo: limit), as: UTF8.self)
  }
}

/// A body as it comes: parts of any size. The upstream is read no faster than they are taken.
public struct FetchResponseBody: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  let owner: FetchOwner

  public struct AsyncIterator: AsyncIteratorProtocol {
    let owner: FetchOwner
    public mutating func next() async throws -> [UInt8]? { try await owner.transfer.next() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(owner: owner) }
}

/// There is no whole answer.
public struct UpstreamError: Error, Sendable, CustomStringConvertible {
  /// What a proxied route would have answered: 502, 503 or 504; 500 where the request was wrong.
  public let status: Int
  /// A stable word: `connect_failed`, `upstream_reset`, `upstream_timeout`, `overload`, `unknown_upstream`, …
  public let kind: String
  /// What exactly happened; for logs.
  public let description: String

  static let noGateway = UpstreamError(status: 500, kind: "no_gateway", description: "there is no gateway in this process")
  static let oldGateway = UpstreamError(
    status: 500, kind: "no_gateway", description: "this gateway cannot ask upstreams: that takes contract 1.2")
}
