import NIOCore

/// What a request consists of, in order: one `head`, any number of `body`, one `end`.
public enum RequestEvent: Sendable {
  case head(RequestHead)
  /// A non-empty part of the content, without its framing; a slice of the received buffer.
  case body(ByteBuffer)
  case end(trailers: FieldLines?)
}

/// Takes HTTP/1.0 and HTTP/1.1 requests out of received bytes (RFC 9112), strictly and within `HTTPLimits`, over any
/// split of the bytes. Pure: no I/O, no clock.
///
/// The caller keeps one buffer for a connection: it appends what it reads and calls `next` until that gives nil. The
/// parser moves the reader index over what it has used up. While a head is incomplete its bytes stay in the buffer and
/// must be there, unchanged, at the next call; they are not looked at again. After the `end` of one request the next
/// call begins with the next one (pipelining). Which bytes belong to which request is never guessed: where that is in
/// doubt, `next` throws.
///
/// What a peer can do wrong ends in one way: an `HTTPError` with `closes` set, whose `detail` says what was wrong; the
/// same error is thrown again by every later call until `reset`. No byte behind the fault is ever looked at.
public struct RequestParser: Sendable {
  private enum Phase: UInt8 {
    case start, method, target, version, versionLineFeed, fields, body
  }

  public let limits: HTTPLimits
  private var phase = Phase.start
  private var emptyLines: UInt8 = 0
  private var failure: HTTPError?

  private var position = 0
  private var targetStart = 0
  private var versionStart = 0
  private var minorVersion: UInt8 = 1
  private var method = HTTPMethod.other
  private var methodCount = 0
  private var authority = ByteRange(start: 0, count: 0)
  private var pathAndQuery = ByteRange(start: 0, count: 0)
  private var isAbsoluteForm = false
  private var keepAlive = true
  private var expectsContinue = false
  private var fields = FieldScanner()
  private var body = BodyReader()

  /// Framing of the request whose head was given last.
  public private(set) var framing = BodyFraming.none

  public init(limits: HTTPLimits = HTTPLimits()) {
    self.limits = limits
  }

  /// True between requests: no byte of the next one was looked at.
  public var isBetweenMessages: Bool { phase == .start && emptyLines == 0 && failure == nil }

  /// Content bytes still to come of the request in hand; nil where only its end will tell (chunked).
  public var remainingBody: Int? {
    guard phase == .body else { return 0 }
    return framing == .chunked ? nil : body.remaining
  }

  /// Forgets everything but the limits, for another connection. Storage is kept.
  public mutating func reset() {
    phase = .start
    emptyLines = 0
    failure = nil
    framing = .none
    body = BodyReader()
  }

  /// The next event, nil where more bytes are needed (or, in the body, where none are left in `buffer`).
  public mutating func next(_ buffer: inout ByteBuffer) throws(HTTPError) -> RequestEvent? {
    if let failure { throw failure }
    if phase == .body { return try nextOfBody(&buffer) }
    if buffer.readableBytes == 0 { return nil }
    let used: Int
    do {
      used = try buffer.withUnsafeReadableBytes { (bytes) throws(MessageFault) in
        if phase == .start {
          let empty = try skipEmptyLines(bytes)
          if phase == .start || empty > 0 { return -empty }
        }
        return try scanHead(bytes) ? fields.position : 0
      }
    } catch {
      throw fail(error)
    }
    if used <= 0 {
      if used == 0 { return nil }
      buffer.moveReaderIndex(forwardBy: -used)
      return try next(&buffer)
    }
    guard let bytes = buffer.readSlice(length: used) else { return nil }
    phase = .body
    body.begin(framing)
    return .head(
      RequestHead(
        bytes: bytes, method: method, methodRange: ByteRange(from: 0, to: methodCount),
        target: ByteRange(from: targetStart, to: versionStart &- 1), minorVersion: minorVersion, fields: fields.entries,
        framing: framing, keepAlive: keepAlive, expectsContinue: expectsContinue, authority: authority,
        pathAndQuery: pathAndQuery))
  }

  private mutating func nextOfBody(_ buffer: inout ByteBuffer) throws(HTTPError) -> RequestEvent? {
    do {
      switch try body.next(&buffer, limits) {
      case .part(let part): return .body(part)
      case .end(let trailers):
        phase = .start
        emptyLines = 0
        return .end(trailers: trailers)
      case nil: return nil
      }
    } catch {
      throw fail(error)
    }
  }

  private mutating func fail(_ fault: MessageFault) -> HTTPError {
    let error = fault.requestError
    failure = error
    return error
  }

  /// The number of bytes of whole empty lines before the request line, which begins (`phase`) if there is a byte of it.
  ///
  /// RFC 9112 §2.2: some clients send an empty line after a body. Two are let pass, a flood is not.
  @inline(__always)
  private mutating func skipEmptyLines(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) -> Int {
    var at = 0
    while at < bytes.count {
      if bytes[at] == lineFeed { throw .malformed("bare LF before the request line") }
      if bytes[at] != carriageReturn {
        phase = .method
        position = 0
        break
      }
      if emptyLines == 2 { throw .malformed("more than two empty lines before the request line") }
      guard at + 1 < bytes.count else { break }
      if bytes[at + 1] != lineFeed { throw .malformed("bare CR before the request line") }
      emptyLines += 1
      at += 2
    }
    return at
  }

  /// Reads on in the head; true when it is complete and judged.
  @inline(__always)
  private mutating func scanHead(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) -> Bool {
    let end = min(bytes.count, limits.head)
    if phase != .fields {
      guard try scanRequestLine(bytes, end) else {
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

  /// RFC 9112 §3: method SP request-target SP HTTP-version CR LF, one blank each.
  @inline(__always)
  private mutating func scanRequestLine(_ bytes: UnsafeRawBufferPointer, _ end: Int) throws(MessageFault) -> Bool {
    // The CR of the longest allowed line stands at `startLine`.
    let lineEnd = min(end, limits.startLine &+ 1)
    var at = position
    defer { position = at }
    switch phase {
    case .start, .method, .fields, .body:
      at = ByteScan.nonVisible(bytes, from: at, to: lineEnd)
      guard at < lineEnd else { return try incomplete(at) }
      guard bytes[at] == 0x20 else { throw Self.badRequestLine(bytes[at], "method") }
      method = HTTPMethod.table.find(bytes, 0, at)
      if method == .other, !FieldSyntax.isName(UnsafeRawBufferPointer(rebasing: bytes[0..<at])) {
        throw .malformed(at == 0 ? "blank before the method" : "method is not a token")
      }
      methodCount = at
      at &+= 1
      targetStart = at
      phase = .target
      fallthrough

    case .target:
      at = ByteScan.nonVisible(bytes, from: at, to: lineEnd)
      guard at < lineEnd else { return try incomplete(at) }
      guard bytes[at] == 0x20 else { throw Self.badRequestLine(bytes[at], "request target") }
      guard at > targetStart else { throw .malformed("more than one blank after the method") }
      at &+= 1
      versionStart = at
      phase = .version
      fallthrough

    case .version:
      at = ByteScan.nonVisible(bytes, from: at, to: lineEnd)
      guard at < lineEnd else { return try incomplete(at) }
      guard bytes[at] == carriageReturn else { throw Self.badRequestLine(bytes[at], "HTTP version") }
      minorVersion = try Self.version(bytes, versionStart..<at)
      try readTarget(bytes)
      at &+= 1
      phase = .versionLineFeed
      fallthrough

    case .versionLineFeed:
      guard at < end else { return false }
      guard bytes[at] == lineFeed else { throw .malformed("bare CR in the request line") }
      at &+= 1
      return true
    }
  }

  private func incomplete(_ at: Int) throws(MessageFault) -> Bool {
    if at > limits.startLine { throw MessageFault(414, "request line is longer than \(limits.startLine) bytes") }
    return false
  }

  private static func badRequestLine(_ byte: UInt8, _ part: StaticString) -> MessageFault {
    switch byte {
    case lineFeed: .malformed("bare LF in the request line")
    case carriageReturn: .malformed("request line ends with its \(part)")
    case 0x20: .malformed("blank in or after the \(part)")
    case 0x80...: .malformed("byte \(MessageFault.show(byte)) in the \(part); only ASCII is allowed, percent-encode it")
    default: .malformed("control character \(MessageFault.show(byte)) in the \(part)")
    }
  }

  /// RFC 9112 §2.3: a higher minor version is taken as the highest known one. RFC 9110 §15.6.6 for other majors.
  @inline(__always)
  static func version(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(MessageFault) -> UInt8 {
    guard range.count == 8 else { throw .malformed("malformed HTTP version") }
    // "HTTP/1.1" and "HTTP/1.0" as little-endian words.
    let word = ByteScan.load(bytes, range.lowerBound)
    if word == 0x312E_312F_5054_5448 { return 1 }
    if word == 0x302E_312F_5054_5448 { return 0 }
    return try otherVersion(word)
  }

  private static func otherVersion(_ word: UInt64) throws(MessageFault) -> UInt8 {
    let major = UInt8(truncatingIfNeeded: word >> 40) &- 0x30
    let minor = UInt8(truncatingIfNeeded: word >> 56) &- 0x30
    // "HTTP/?.?" without its two digits.
    guard word & 0x00FF_00FF_FFFF_FFFF == 0x002E_002F_5054_5448, major < 10, minor < 10 else {
      throw .malformed("malformed HTTP version")
    }
    guard major == 1 else { throw MessageFault(505, "HTTP/\(major).\(minor) is not supported on this connection") }
    return 1
  }

  /// RFC 9112 §3.2: which form the target has, and what it names.
  @inline(__always)
  private mutating func readTarget(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) {
    let target = ByteRange(from: targetStart, to: versionStart &- 1)
    isAbsoluteForm = false
    authority = ByteRange(start: 0, count: 0)
    pathAndQuery = target
    if bytes[targetStart] == UInt8(ascii: "/"), method != .connect { return }
    try readOtherTarget(bytes, target.range)
  }

  private mutating func readOtherTarget(
    _ bytes: UnsafeRawBufferPointer, _ target: Range<Int>
  ) throws(MessageFault) {
    if method == .connect {
      // Authority-form, for CONNECT alone and nothing else for CONNECT; a port is a must (RFC 9110 §9.3.6).
      guard try Authority(bytes, target, what: "the CONNECT target").port != nil else {
        throw .malformed("the CONNECT target has no port")
      }
      authority = ByteRange(from: target.lowerBound, to: target.upperBound)
      isAbsoluteForm = true
      return
    }
    if target.count == 1, bytes[target.lowerBound] == UInt8(ascii: "*") {
      guard method == .options else { throw .malformed("request target * is for OPTIONS only") }
      return
    }
    let colon = ByteScan.byte(UInt8(ascii: ":"), bytes, from: target.lowerBound, to: target.upperBound)
    let scheme = target.lowerBound..<colon
    guard colon + 3 <= target.upperBound, bytes[colon + 1] == UInt8(ascii: "/"), bytes[colon + 2] == UInt8(ascii: "/")
    else { throw .malformed("request target is neither a path nor an http URI") }
    guard ByteScan.equals(bytes, scheme, "http") || ByteScan.equals(bytes, scheme, "https") else {
      throw .malformed("request target with a scheme other than http and https")
    }
    let start = colon + 3
    var pathStart = start
    while pathStart < target.upperBound {
      let byte = bytes[pathStart]
      if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { break }
      pathStart += 1
    }
    _ = try Authority(bytes, start..<pathStart, what: "the request target")
    isAbsoluteForm = true
    authority = ByteRange(from: start, to: pathStart)
    pathAndQuery = ByteRange(from: pathStart, to: target.upperBound)
  }

  /// What only the whole head can tell: host, framing, persistence, expectations.
  @inline(__always)
  private mutating func judge(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) {
    let controls = MessageControls(bytes, fields.entries)
    // RFC 9112 §3.2: a request without, or with two, is answered 400.
    if controls.hostCount != 1 {
      if controls.hostCount > 1 { throw .malformed("more than one Host") }
      if minorVersion >= 1 { throw .malformed("no Host") }
    } else {
      _ = try Authority(bytes, controls.host.range, what: "Host")
      // RFC 9112 §3.2.2: the target's own authority wins over Host.
      if !isAbsoluteForm { authority = controls.host }
    }
    framing = try controls.declaredFraming(bytes, fields.entries, minorVersion: minorVersion) ?? .none
    keepAlive = controls.keepsAlive(minorVersion: minorVersion)
    expectsContinue = controls.hasExpectation ? try readExpectation(bytes) : false
  }

  /// RFC 9110 §10.1.1: `100-continue` means nothing in HTTP/1.0 or without content; anything else cannot be met.
  private func readExpectation(_ bytes: UnsafeRawBufferPointer) throws(MessageFault) -> Bool {
    for entry in fields.entries where entry.known == .expect {
      for expectation in ListElements(bytes, entry.value.range)
      where !ByteScan.equals(bytes, expectation, "100-continue") {
        throw MessageFault(417, "expectation other than 100-continue")
      }
    }
    return minorVersion >= 1 && framing != .none && framing != .length(0)
  }
}
