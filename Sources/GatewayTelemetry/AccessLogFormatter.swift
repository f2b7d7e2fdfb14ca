import GatewayHTTP
import Glibc
import NIOCore

/// Turns records into lines at the end of a buffer. One for each event loop: it keeps the text of the current second.
///
/// Whatever the request held, one record gives exactly one line, and its length is bounded (`AccessLogLimits`).
/// `authorization`, `cookie` and other fields that carry credentials are never looked at.
struct AccessLogFormatter {
  let options: AccessLogOptions
  var clock = ClockText()

  init(_ options: AccessLogOptions) { self.options = options }

  /// Appends a line for an exchange that began at `time` (nanoseconds since 1970).
  /// False (and nothing appended) where the line did not fit its computed bound: a defect, but not the request's.
  mutating func append(
    _ record: AccessLogRecord, _ context: RequestContext, at time: Int64, to buffer: inout ByteBuffer
  ) -> Bool {
    context.head.bytes.withUnsafeReadableBytes { head in
      context.path.withUnsafeReadableBytes { path in
        var parts = LoggedRequest(client: context.client, peer: context.peer, isTLS: context.isTLS)
        parts.read(context, head: head, path: path)
        return append(record, parts, requestID: context.requestID, at: time, to: &buffer)
      }
    }
  }

  /// Appends a line for bytes that never became a request (malformed, too large, too slow).
  mutating func append(
    _ record: AccessLogRecord, peer: IPAddress?, isTLS: Bool, requestID: String, at time: Int64,
    to buffer: inout ByteBuffer
  ) -> Bool {
    let parts = LoggedRequest(client: peer, peer: peer, isTLS: isTLS)
    return append(record, parts, requestID: requestID, at: time, to: &buffer)
  }

  private mutating func append(
    _ record: AccessLogRecord, _ request: LoggedRequest, requestID: String, at time: Int64, to buffer: inout ByteBuffer
  ) -> Bool {
    let bound = Self.bound(record, request)
    var isWhole = false
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { memory in
      guard var line = LineCursor(memory) else { return 0 }
      switch options.format {
      case .json: writeJSON(record, request, requestID, time, to: &line)
      case .combined: writeCombined(record, request, time, to: &line)
      }
      line.write("\n")
      isWhole = !line.overflowed
      return isWhole ? line.count : 0
    }
    return isWhole
  }

  /// The most bytes this line can take: literals and numbers, and each text at its worst. What is always short counts
  /// with its limit.
  private static func bound(_ record: AccessLogRecord, _ request: LoggedRequest) -> Int {
    // A hidden value takes three bytes where there may have been none.
    let text =
      min(request.path.count, AccessLogLimits.path) + min(request.query.count, AccessLogLimits.query) * 4
      + min(request.referer.count, AccessLogLimits.referer) * 4
      + min(record.cause?.utf8.count ?? 0, AccessLogLimits.cause)
    return AccessLogLimits.fixedPart + text * Escaping.worstCase
  }
}

/// The parts of a request that a line shows, where they lie in the received bytes. Empty means absent.
struct LoggedRequest {
  var client: IPAddress?
  var peer: IPAddress?
  var isTLS: Bool
  var minorVersion: UInt8?
  var method = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Without the port.
  var host = UnsafeRawBufferPointer(start: nil, count: 0)
  var path = UnsafeRawBufferPointer(start: nil, count: 0)
  var query = UnsafeRawBufferPointer(start: nil, count: 0)
  var userAgent = UnsafeRawBufferPointer(start: nil, count: 0)
  var referer = UnsafeRawBufferPointer(start: nil, count: 0)

  init(client: IPAddress?, peer: IPAddress?, isTLS: Bool) {
    self.client = client
    self.peer = peer
    self.isTLS = isTLS
  }

  mutating func read(_ context: RequestContext, head: UnsafeRawBufferPointer, path: UnsafeRawBufferPointer) {
    minorVersion = context.head.minorVersion
    method = head[context.head.methodRange]
    host = Self.withoutPort(head[context.head.authority])
    self.path = path
    query = head[context.query]
    for field in context.head.fields {
      switch field.known {
      case .userAgent where userAgent.isEmpty: userAgent = head[field.value]
      case .referer where referer.isEmpty: referer = head[field.value]
      default: continue
      }
    }
  }

  private static func withoutPort(_ authority: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var at = authority.count
    while at > 0 {
      at -= 1
      let byte = authority[at]
      if byte == UInt8(ascii: ":") { return UnsafeRawBufferPointer(rebasing: authority[..<at]) }
      if byte &- 0x30 >= 10 { break }
    }
    return authority
  }
}

extension LineCursor {
  /// Writes a query with secrets hidden, cut to `limit` bytes.
  mutating func writeQuery(
    _ query: UnsafeRawBufferPointer, limit: Int, _ redaction: QueryRedaction, _ escaping: Escaping
  ) {
    guard redaction.isActive else { return write(query, limit: limit, escaping) }
    guard let base = query.baseAddress else { return }
    // `at` and what follows it stay below `shown`, which is no more than the query's length.
    let shown = min(query.count, limit)
    var at = 0
    while at < shown {
      let start = at
      var letters = NameLetters()
      var nameEnd: Int?
      while at < shown {
        let byte = base.load(fromByteOffset: at, as: UInt8.self)
        if byte == UInt8(ascii: "&") { break }
        if nameEnd == nil {
          if byte == UInt8(ascii: "=") { nameEnd = at } else { letters.add(byte) }
        }
        at &+= 1
      }
      let pair = UnsafeRawBufferPointer(start: base + start, count: at - start)
      if let nameEnd, redaction.hides(UnsafeRawBufferPointer(start: base + start, count: nameEnd - start), letters) {
        write(UnsafeRawBufferPointer(start: base + start, count: nameEnd - start), limit: limit, escaping)
        write("=***")
      } else {
        write(pair, limit: limit, escaping)
      }
      if at < shown { write(UInt8(ascii: "&")) }
      at &+= 1
    }
    if shown < query.count { write("...") }
  }

  /// Writes a URL with secrets in its query hidden, cut to `limit` bytes.
  mutating func writeURL(
    _ url: UnsafeRawBufferPointer, limit: Int, _ redaction: QueryRedaction, _ escaping: Escaping
  ) {
    guard redaction.isActive, let mark = url.firstIndex(of: UInt8(ascii: "?"), from: 0), mark < limit else {
      return write(url, limit: limit, escaping)
    }
    write(UnsafeRawBufferPointer(rebasing: url[...mark]), limit: limit, escaping)
    writeQuery(UnsafeRawBufferPointer(rebasing: url[(mark + 1)...]), limit: limit - mark, redaction, escaping)
  }
}

extension UnsafeRawBufferPointer {
  /// The collection's own search looks at every byte through its indices; this is the C library's.
  fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    guard let base = baseAddress, start < count, let found = memchr(base + start, Int32(byte), count - start) else {
      return nil
    }
    return UnsafeRawPointer(found) - base
  }
}
