import GatewayHTTP
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
    let bound = Self.bound(record, request, requestID)
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

  /// The most bytes this line can take: literals and numbers, and each text at its worst.
  private static func bound(_ record: AccessLogRecord, _ request: LoggedRequest, _ requestID: String) -> Int {
    var text = min(request.method.count, AccessLogLimits.method) + min(request.host.count, AccessLogLimits.host)
    text += min(request.path.count, AccessLogLimits.path)
    // A hidden value takes three bytes where there may have been none.
    text += min(request.query.count, AccessLogLimits.query) * 4
    text += min(request.userAgent.count, AccessLogLimits.userAgent)
    text += min(request.referer.count, AccessLogLimits.referer) * 4
    text += min(requestID.utf8.count, AccessLogLimits.requestID)
    let names = record.route.utf8.count + record.handler.utf8.count + record.upstream.utf8.count
    text += min(names + record.upstreamTarget.utf8.count + record.tlsVersion.utf8.count, 5 * AccessLogLimits.name)
    text += min(record.cause?.utf8.count ?? 0, AccessLogLimits.cause)
    return 1536 + text * Escaping.worstCase + 16 * Escaping.ellipsis
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
    let shown = UnsafeRawBufferPointer(rebasing: query[..<min(query.count, limit)])
    var start = 0
    while start < shown.count {
      let end = shown[start...].firstIndex(of: UInt8(ascii: "&")) ?? shown.count
      let pair = UnsafeRawBufferPointer(rebasing: shown[start..<end])
      if let equals = pair.firstIndex(of: UInt8(ascii: "=")),
        redaction.hides(UnsafeRawBufferPointer(rebasing: pair[..<equals]))
      {
        write(UnsafeRawBufferPointer(rebasing: pair[...equals]), limit: limit, escaping)
        write("***")
      } else {
        write(pair, limit: limit, escaping)
      }
      if end < shown.count { write(UInt8(ascii: "&")) }
      start = end + 1
    }
    if shown.count < query.count { write("...") }
  }

  /// Writes a URL with secrets in its query hidden, cut to `limit` bytes.
  mutating func writeURL(
    _ url: UnsafeRawBufferPointer, limit: Int, _ redaction: QueryRedaction, _ escaping: Escaping
  ) {
    guard redaction.isActive, let mark = url.firstIndex(of: UInt8(ascii: "?")), mark < limit else {
      return write(url, limit: limit, escaping)
    }
    write(UnsafeRawBufferPointer(rebasing: url[...mark]), limit: limit, escaping)
    writeQuery(UnsafeRawBufferPointer(rebasing: url[(mark + 1)...]), limit: limit - mark, redaction, escaping)
  }
}
