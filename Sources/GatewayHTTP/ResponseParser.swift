import NIOCore

/// What a response consists of, in order: any number of `informational`, one `head`, any number of `body`, one `end`.
public enum ResponseEvent: Sendable {
  /// A 1xx head other than 101; the final head is still to come.
  case informational(ResponseHead)
  case head(ResponseHead)
  /// A non-empty part of the content, without its framing; a slice of the received buffer.
  case body(ByteBuffer)
  case end(trailers: FieldLines?)
}

/// Takes an upstream's HTTP/1.0 and HTTP/1.1 responses out of received bytes, as strictly as `RequestParser` takes
/// requests and under the same contract for the buffer.
///
/// Upstreams are not trusted: a response is read only when one is expected (`expect`), and one that is cut short or
/// malformed ends in an `HTTPError` 502 whose `cause` says why, never in an `end`. After an error the connection is
/// of no use; the same error is thrown by every later call until `reset`.
///
/// After `end`, and where the head's `keepAlive` is true, `expect` announces the next request on the connection.
public struct ResponseParser: Sendable {
  private enum Phase: UInt8 {
    /// No request is waiting for an answer.
    case idle
    case version, status, reason, reasonLineFeed, fields, body
    /// The connection is a tunnel from here on (101, or 2xx to CONNECT); its bytes are not HTTP.
    case tunnel
  }

  public let limits: HTTPLimits
  private var phase = Phase.idle
  private var failure: HTTPError?
  private var method = HTTPMethod.get
  private var upgradeAsked = false
  private var informationalHeads = 0

  private var position = 0
  private var status: UInt16 = 0
  private var minorVersion: UInt8 = 1
  private var keepAlive = true
  private var fields = FieldScanner()
  private var body = BodyReader()

  /// Framing of the response whose head was given last.
  public private(set) var framing = BodyFraming.none

  public init(limits: HTTPLimits = HTTPLimits()) {
    self.limits = limits
  }

  /// Announces that a request was sent. `upgrade` where it asked for another protocol: a 101 that nobody asked for
  /// would turn the connection into a tunnel (hardening against CVE-2026-2833's class) and is refused.
  ///
  /// Must not be called before the response to the request before it has ended.
  public mutating func expect(responseTo method: HTTPMethod, upgrade: Bool = false) {
    assert(phase == .idle, "the response before has not ended")
    self.method = method
    upgradeAsked = upgrade
    informationalHeads = 0
    position = 0
    phase = .version
  }

  /// Whether a response is expected and not yet complete.
  public var isExpecting: Bool { phase != .idle && phase != .tunnel }
  /// Whether bytes of the expected response have been seen, so that its request must not be sent a second time.
  public var hasBegun: Bool { phase == .version ? position > 0 || informationalHeads > 0 : phase != .idle }
  /// Whether what follows in the buffer is another protocol's.
  public var isTunnel: Bool { phase == .tunnel }

  /// Content bytes still to come of the response in hand; nil where only its end will tell.
  public var remainingBody: Int? {
    guard phase == .body else { return 0 }
    if case .length = framing { return body.remaining }
    return framing == .none ? 0 : nil
  }

  /// Forgets everything but the limits, for another connection. Storage is kept.
  public mutating func reset() {
    phase = .idle
    failure = nil
    framing = .none
    body = BodyReader()
  }

  /// The next event, nil where more bytes are needed.
  public mutating func next(_ buffer: inout ByteBuffer) throws(HTTPError) -> ResponseEvent? {
    if let failure { throw failure }
    switch phase {
    case .idle:
      // A response nobody asked for would be taken for the answer to the next request (response queue poisoning).
      if buffer.readableBytes > 0 { throw fail(.malformed("bytes when no response was expected")) }
      return nil
    case .tunnel: return nil
    case .body: return try nextOfBody(&buffer)
    case .version, .status, .reason, .reasonLineFeed, .fields: return try nextOfHead(&buffer)
    }
  }

  /// The upstream closed the connection, and `next` has given nil for all bytes before.
  ///
  /// Gives the `end` of a response that ends with the connection, nil where no response is expected; throws where the
  /// response is cut short, so that a truncated body can never pass for a whole one (RFC 9112 §8).
  public mutating func connectionClosed() throws(HTTPError) -> ResponseEvent? {
    if let failure { throw failure }
    switch phase {
    case .idle, .tunnel: return nil
    case .version where position == 0: throw fail(.malformed("connection closed before a response"))
    case .version, .status, .reason, .reasonLineFeed, .fields:
      throw fail(.malformed("connection closed within the response's head"))
    case .body:
      switch framing {
      case .untilClose:
        phase = .idle
        return .end(trailers: nil)
      case .length:
        throw fail(.malformed("connection closed \(body.remaining) bytes before the end of the response's body"))
      case .chunked: throw fail(.malformed("connection closed before the last chunk of the response's body"))
      case .none: throw fail(.malformed("connection closed before the response was read to its end"))
      }
    }
  }

  private mutating func fail(_ fault: MessageFault) -> HTTPError {
    let error = fault.responseError
    failure = error
    return error
  }

  private mutating func nextOfBody(_ buffer: inout ByteBuffer) throws(HTTPError) -> ResponseEvent? {
    do {
      switch try body.next(&buffer, limits) {
      case .part(let part): return .body(part)
      case .end(let trailers):
        phase = switchesProtocol ? .tunnel : .idle
        return .end(trailers: trailers)
      case nil: return nil
      }
    } catch {
      throw fail(error)
    }
  }

  private var switchesProtocol: Bool { status == 101 || (method == .connect && status / 100 == 2) }

  private mutating func nextOfHead(_ buffer: inout ByteBuffer) throws(HTTPError) -> ResponseEvent? {
    let complete: Bool
    do {
      complete = try buffer.withUnsafeReadableBytes { (bytes) throws(MessageFault) in try scanHead(bytes) }
    } catch {
      throw fail(error)
    }
    guard complete, let bytes = buffer.readSlice(length: fields.position) else { return nil }
    let head = ResponseHead(
      bytes: bytes, status: status, minorVersion: minorVersion, fields: fields.entries, framing: framing,
      keepAlive: keepAlive)
    if status < 200, status != 101 {
      position = 0
      phase = .version
      return .informational(head)
    }
    phase = .body
    body.begin(framing)
    return .head(head)
  }

  private mutating func scanHead(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) -> Bool {
    let end = min(bytes.count, limits.head)
    if phase != .fields {
      guard try scanStatusLine(bytes, end) else {
        if end == limits.head { throw tooLarge }
        return false
      }
      phase = .fields
      fields.begin(at: position, reserving: 16)
    }
    guard try fields.scan(bytes, to: end, maxFields: limits.fields) else {
      if end == limits.head { throw tooLarge }
      return false
    }
    try judge(bytes)
    return true
  }

  private var tooLarge: MessageFault { MessageFault(431, "head is larger than \(limits.head) bytes") }

  /// RFC 9112 §4: HTTP-version SP 3DIGIT SP [ reason-phrase ] CR LF. The blank before an empty reason may be missing,
  /// as many servers leave it out.
  private mutating func scanStatusLine(_ bytes: UnsafeRawBufferPointer, _ end: Int) throws(MessageFault) -> Bool {
    let lineEnd = min(end, limits.startLine + 1)
    var at = position
    defer { position = at }
    switch phase {
    case .idle, .tunnel, .body, .fields, .version:
      at = ByteScan.nonVisible(bytes, from: at, to: min(lineEnd, 9))
      // Nine visible bytes are no version; longer ones need not be read to their end.
      guard at < 9 else { throw .malformed("malformed HTTP version") }
      guard at < lineEnd else { return try incomplete(at) }
      guard bytes[at] == 0x20 else { throw .malformed("\(MessageFault.show(bytes[at])) in the HTTP version") }
      minorVersion = try RequestParser.version(bytes, 0..<at)
      at += 1
      phase = .status
      fallthrough

    case .status:
      at = ByteScan.nonVisible(bytes, from: at, to: min(lineEnd, 13))
      guard at == 12 else {
        guard at < 12, at == lineEnd else { throw .malformed("status code is not three digits") }
        return try incomplete(at)
      }
      guard at < lineEnd else { return try incomplete(at) }
      guard let code = Self.statusCode(bytes, 9) else { throw .malformed("status code is not three digits from 100") }
      guard bytes[at] == 0x20 || bytes[at] == carriageReturn else {
        throw .malformed("\(MessageFault.show(bytes[at])) after the status code")
      }
      status = code
      if bytes[at] == 0x20 { at += 1 }
      phase = .reason
      fallthrough

    case .reason:
      while true {
        at = ByteScan.control(bytes, from: at, to: lineEnd)
        guard at < lineEnd else { return try incomplete(at) }
        if bytes[at] == carriageReturn { break }
        guard bytes[at] == UInt8(ascii: "\t") else {
          throw .malformed(
            bytes[at] == lineFeed
              ? "bare LF in the status line" : "control character \(MessageFault.show(bytes[at])) in the reason")
        }
        at += 1
      }
      at += 1
      phase = .reasonLineFeed
      fallthrough

    case .reasonLineFeed:
      guard at < end else { return false }
      guard bytes[at] == lineFeed else { throw .malformed("bare CR in the status line") }
      at += 1
      return true
    }
  }

  private func incomplete(_ at: Int) throws(MessageFault) -> Bool {
    if at > limits.startLine { throw .malformed("status line is longer than \(limits.startLine) bytes") }
    return false
  }

  /// The caller has seen that twelve bytes are there.
  private static func statusCode(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt16? {
    var code: UInt16 = 0
    for i in at..<(at + 3) {
      let digit = bytes[i] &- 0x30
      guard digit < 10 else { return nil }
      code = code * 10 + UInt16(digit)
    }
    return code >= 100 ? code : nil
  }

  /// Framing by RFC 9112 §6.3, in its order.
  private mutating func judge(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) {
    let controls = MessageControls(bytes, fields.entries)
    let declared = try controls.declaredFraming(bytes, fields.entries, minorVersion: minorVersion)
    keepAlive = controls.keepsAlive(minorVersion: minorVersion)
    if status < 200 {
      try judgeInformational(declared)
      return
    }
    if method == .connect, status < 300 {
      framing = .none
      keepAlive = false
    } else if method == .head || status == 304 {
      // What the fields say is about the response to a GET.
      framing = .none
    } else if status == 204 {
      // RFC 9112 §6.1: neither field may be there. Chunks would follow unread, so that is no response at all; a
      // length is ignored, but whether its bytes follow is unknown, so nothing more is read from the connection.
      if declared == .chunked { throw .malformed("Transfer-Encoding in a 204 response") }
      if let declared, declared != .length(0) { keepAlive = false }
      framing = .none
    } else if let declared {
      framing = declared
    } else {
      framing = .untilClose
      keepAlive = false
    }
  }

  private mutating func judgeInformational(_ declared: BodyFraming?) throws(MessageFault) {
    if declared == .chunked { throw .malformed("Transfer-Encoding in a \(status) response") }
    if let declared, declared != .length(0) { throw .malformed("Content-Length in a \(status) response") }
    framing = .none
    if status == 101 {
      guard upgradeAsked, minorVersion >= 1 else { throw .malformed("101 to a request that asked for no upgrade") }
      keepAlive = false
      return
    }
    informationalHeads += 1
    if informationalHeads > limits.informationalHeads {
      throw .malformed("more than \(limits.informationalHeads) informational responses")
    }
  }
}
