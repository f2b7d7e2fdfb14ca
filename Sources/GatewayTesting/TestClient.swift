import Gateway
import GatewayHTTP
import GatewayJSON
import NIOCore

/// Sends requests to a gateway under test. A value: copies share their cookies, and may differ in everything else.
public struct TestClient: Sendable {
  let instance: Instance
  let loop: any EventLoop
  private let transport: any TestTransport
  /// The gateway that it talks to: its clock, log, metrics.
  public let gateway: TestedGateway
  public let cookies: CookieJar
  /// How many redirects are followed, to this gateway only; 0: they are answers like any other.
  public var followsRedirects = 20
  /// Fields of every request, where it does not have them itself.
  public var headers: [String: String] = [:]
  /// Requests as over TLS; in process only. Cookies marked `Secure` go with these alone.
  public var isSecure = false

  init(instance: Instance, loop: any EventLoop) {
    let gateway = TestedGateway(instance: instance, loops: nil, time: nil, log: TestLog())
    self.init(gateway, loop, InProcessTransport(instance: instance, loop: loop))
  }

  init(_ gateway: TestedGateway, _ loop: any EventLoop, _ transport: any TestTransport) {
    instance = gateway.instance
    self.loop = loop
    self.transport = transport
    self.gateway = gateway
    let time = gateway.time
    cookies = CookieJar { Int(time.wallClock() / 1_000_000_000) }
  }

  private init(_ other: TestClient, _ cookies: CookieJar) {
    instance = other.instance
    loop = other.loop
    transport = other.transport
    gateway = other.gateway
    self.cookies = cookies
  }

  /// Another client of the same gateway, with no cookies: another user.
  public func another() -> TestClient {
    let time = gateway.time
    return TestClient(self, CookieJar { Int(time.wallClock() / 1_000_000_000) })
  }

  // MARK: requests

  public func get(_ target: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await send("GET", target, headers: headers)
  }

  public func head(_ target: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await send("HEAD", target, headers: headers)
  }

  public func delete(_ target: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await send("DELETE", target, headers: headers)
  }

  public func post(_ target: String, json: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await request("POST", target, headers: headers, body: .json(json))
  }

  public func put(_ target: String, json: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await request("PUT", target, headers: headers, body: .json(json))
  }

  public func patch(_ target: String, json: String, headers: [String: String] = [:]) async throws -> TestAnswer {
    try await request("PATCH", target, headers: headers, body: .json(json))
  }

  /// Sends a request and waits for its answer.
  ///
  /// - Parameters:
  ///   - target: path and query, percent-encoded as on the wire.
  ///   - body: nil for a request without one.
  /// - Throws: `HTTPError` where the request is one that a connection would refuse before it reaches a route;
  ///   `TestGatewayError` where the answer was cut off.
  public func send(
    _ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8]? = nil
  ) async throws -> TestAnswer {
    try await request(method, target, headers: headers, body: body.map { .bytes($0) } ?? .none)
  }

  /// Sends a request with a body of any kind and waits for its whole answer, following redirects.
  public func request(
    _ method: String, _ target: String, headers: [String: String] = [:], body: TestBody = .none
  ) async throws -> TestAnswer {
    var (method, target, body) = (method, target, body)
    var left = followsRedirects
    while true {
      let answer = try await stream(method, target, headers: headers, body: body) { try await $0.whole() }
      guard followsRedirects > 0, let next = redirect(of: answer, from: target) else { return answer }
      guard left > 0 else { throw TestGatewayError(text: "more than \(followsRedirects) redirects, the last one to \(next)") }
      left -= 1
      // RFC 9110 §15.4: 303 is asked for with GET, and so in practice are 301 and 302 after a POST.
      if answer.status == 303 && method != "HEAD" || [301, 302].contains(answer.status) && method == "POST" {
        (method, body) = ("GET", .none)
      } else if case .stream = body.content {
        return answer
      }
      target = next
    }
  }

  /// Sends a request and lends the answer as it comes. When `read` returns, what was not read is given up, as by a client
  /// that closes its connection. Redirects are not followed.
  public func stream<Result>(
    _ method: String = "GET", _ target: String, headers: [String: String] = [:], body: TestBody = .none,
    _ read: (TestStream) async throws -> Result
  ) async throws -> Result {
    let path = String(target.prefix { $0 != "?" })
    let head = head(method, target, path, headers, body)
    var whole: ByteBuffer? = ByteBuffer()
    var writing: Task<Void, any Error>?
    switch body.content {
    case .none: break
    case .bytes(let bytes): whole = ByteBuffer(bytes: bytes)
    case .stream: whole = nil
    }
    let exchange = try await transport.start(head, method: method, body: whole, isSecure: isSecure)
    if case .stream(let write) = body.content { writing = Task { try await Self.write(write, to: exchange) } }
    defer {
      exchange.mailbox.leave()
      writing?.cancel()
    }
    let answer = try await exchange.mailbox.head()
    for field in answer.fields where field.name == "set-cookie" { cookies.take(field.value, path: path) }
    return try await read(TestStream(head: answer, mailbox: exchange.mailbox))
  }

  /// Sends bytes as they are over a connection of their own, and gives what comes back until the gateway closes it. Over a
  /// socket only.
  public func raw(_ bytes: [UInt8]) async throws -> [UInt8] {
    guard let socket = transport as? SocketTransport else {
      throw TestGatewayError(text: "raw bytes need a socket: run the gateway with `mode: .socket`")
    }
    return try await socket.exchange(bytes)
  }

  // MARK: parts

  private func head(
    _ method: String, _ target: String, _ path: String, _ own: [String: String], _ body: TestBody
  ) -> ByteBuffer {
    var all = headers.filter { entry in !own.keys.contains { $0.lowercased() == entry.key.lowercased() } }
    all.merge(own) { $1 }
    let names = Set(all.keys.map { $0.lowercased() })
    var text = "\(method) \(target) HTTP/1.1\r\n"
    if !names.contains("host") { text += "host: testserver\r\n" }
    for (name, value) in all.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
    if let type = body.contentType, !names.contains("content-type") { text += "content-type: \(type)\r\n" }
    if !names.contains("cookie"), let field = cookies.field(for: path, isSecure: isSecure) { text += "cookie: \(field)\r\n" }
    if !(transport is InProcessTransport) { text += "connection: close\r\n" }
    switch body.content {
    case .none: break
    case .bytes(let bytes): text += "content-length: \(bytes.count)\r\n"
    case .stream: text += "transfer-encoding: chunked\r\n"
    }
    return ByteBuffer(string: text + "\r\n")
  }

  private static func write(
    _ write: @Sendable (TestBodyWriter) async throws -> Void, to exchange: TestExchange
  ) async throws {
    do {
      try await write(TestBodyWriter(feed: exchange.feed))
      try await exchange.feed(ByteBuffer(), true)
    } catch {
      // A client that breaks off in the middle of its request.
      exchange.mailbox.leave()
      throw error
    }
  }

  /// Where a redirect of this gateway leads; nil where it leads elsewhere, or is none.
  private func redirect(of answer: TestAnswer, from target: String) -> String? {
    guard [301, 302, 303, 307, 308].contains(answer.status), var location = answer.header("location") else { return nil }
    for scheme in ["http://", "https://"] where location.hasPrefix(scheme) {
      let rest = location.dropFirst(scheme.count)
      let host = rest.prefix { $0 != "/" && $0 != "?" }
      guard host == "testserver" || host == (headers.first { $0.key.lowercased() == "host" }?.value ?? "") else { return nil }
      location = String(rest.dropFirst(host.count))
      if !location.hasPrefix("/") { location = "/" + location }
    }
    if location.hasPrefix("//") { return nil }
    location = String(location.prefix { $0 != "#" })
    let path = target.prefix { $0 != "?" }
    if location.hasPrefix("/") { return location }
    if location.hasPrefix("?") { return path + location }
    // Relative to the directory (RFC 3986 §5.2.3).
    let directory = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
    return directory + location
  }
}

/// An answer as it comes.
public struct TestStream: Sendable, AsyncSequence {
  public typealias Element = [UInt8]
  private let head: ResponseMailbox.Head
  private let mailbox: ResponseMailbox

  init(head: ResponseMailbox.Head, mailbox: ResponseMailbox) {
    self.head = head
    self.mailbox = mailbox
  }

  public var status: Int { head.status }
  /// In the order sent.
  public var headers: [(name: String, value: String)] { head.fields }

  /// The first field of that name, in any letter case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The next part of the body; nil at its end. The gateway sends no more than 64 KiB ahead of the reader. Throws where
  /// the answer was cut off.
  public func next() async throws -> [UInt8]? { try await mailbox.next() }

  /// The rest of the answer.
  public func whole() async throws -> TestAnswer {
    var body: [UInt8] = []
    while let part = try await next() { body += part }
    return TestAnswer(status: status, headers: headers, body: body)
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let stream: TestStream
    public mutating func next() async throws -> [UInt8]? { try await stream.next() }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: self) }
}

/// A response, whole.
public struct TestAnswer: Sendable {
  public let status: Int
  /// In the order sent.
  public let headers: [(name: String, value: String)]
  public let body: [UInt8]

  init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  init(_ answer: InProcessStream.Answer) {
    status = Int(answer.status)
    headers = answer.fields.pairs
    body = Array(answer.body.readableBytesView)
  }

  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The first field of that name, in any letter case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The body as JSON; throws where it is none.
  public func json() throws -> JSONValue { try JSONValue(parsing: body) }
}
