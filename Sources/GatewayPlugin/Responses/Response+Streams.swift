extension Response {
  /// An answer in parts, of a length that is not known ahead. For `async` handlers.
  ///
  /// The head goes out before `body` runs. An error that `body` throws breaks the connection off, because the status can
  /// no longer tell it.
  public static func stream(
    status: Int = 200, contentType: StaticString = "application/octet-stream", headers: Headers = [:],
    _ body: @escaping @Sendable (ResponseWriter) async throws -> Void
  ) -> Response {
    Response(status: status, contentType: contentType, headers: headers, body: .stream(body))
  }

  /// JSON lines: one document a line (`application/jsonl`).
  public static func jsonLines<Items: AsyncSequence & Sendable>(
    _ items: Items, status: Int = 200, headers: Headers = [:]
  ) -> Response where Items.Element: SchemaType {
    stream(status: status, contentType: "application/jsonl", headers: headers) { writer in
      for try await item in items { try await writer.writeLine(item) }
    }
  }

  /// JSON lines: one document a line (`application/jsonl`).
  public static func jsonLines<Items: Sequence & Sendable>(
    _ items: Items, status: Int = 200, headers: Headers = [:]
  ) -> Response where Items.Element: SchemaType {
    stream(status: status, contentType: "application/jsonl", headers: headers) { writer in
      for item in items { try await writer.writeLine(item) }
    }
  }

  /// Server-Sent Events, for as long as `body` runs or the client stays.
  ///
  /// - Parameter keepAlive: after so long without an event a comment is sent, so that proxies do not take the connection
  ///   for dead. Zero or less: never.
  public static func events(
    keepAlive: Duration = .seconds(15), headers: Headers = [:],
    _ body: @escaping @Sendable (EventWriter) async throws -> Void
  ) -> Response {
    var headers = headers
    headers.append("cache-control", "no-cache")
    // nginx and others hold answers back until a buffer is full, unless told.
    headers.append("x-accel-buffering", "no")
    return stream(contentType: "text/event-stream; charset=utf-8", headers: headers) { writer in
      try await withThrowingTaskGroup(of: Void.self) { group in
        if keepAlive > .zero { group.addTask { try await writer.ping(every: keepAlive) } }
        group.addTask { try await body(EventWriter(writer: writer)) }
        // Only `body` ends by itself; whichever throws ends both.
        try await group.next()
        group.cancelAll()
      }
    }
  }
}

extension ResponseWriter {
  fileprivate func writeLine(_ value: some SchemaType) async throws {
    var json = JSONWriter()
    value.write(to: &json)
    json.raw("\n")
    try await write(json.finish())
  }

  /// Writes a comment whenever nothing was written for that long; throws when cancelled or the client is gone.
  fileprivate func ping(every interval: Duration) async throws {
    while true {
      try await Task.sleep(until: channel.lastWrite + interval, clock: .continuous)
      guard channel.lastWrite + interval <= .now else { continue }
      // Where the client is slow there is something on its way to it anyway.
      try await write(": ping\n\n")
    }
  }
}

/// Sends Server-Sent Events.
public struct EventWriter: Sendable {
  let writer: ResponseWriter

  /// Sends an event. Waits while the client is slow; throws `ClientGone` or `CancellationError` when there is nobody
  /// left.
  public func send(_ event: ServerSentEvent) async throws { try await writer.write(event.bytes) }

  /// An event of nothing but a value as JSON.
  public func send(_ value: some SchemaType) async throws { try await send(try ServerSentEvent(json: value)) }
}

/// One event of a `text/event-stream`, as the WHATWG HTML standard (§9.2) has it.
public struct ServerSentEvent: Sendable {
  let bytes: [UInt8]

  /// - Parameters:
  ///   - text: any text; its lines become one `data` field each.
  ///   - event: the event's type; one line.
  ///   - id: what a client that comes back says it has seen last; one line without NUL.
  ///   - retry: how long the client should wait before it comes back; whole milliseconds are sent.
  ///   - comment: for people who watch the stream.
  public init(
    text: String? = nil, event: String? = nil, id: String? = nil, retry: Duration? = nil, comment: String? = nil
  ) throws {
    var lines: [UInt8] = []
    func add(_ field: String, _ value: String) {
      lines += Array(field.utf8) + Array(value.utf8) + [UInt8(ascii: "\n")]
    }
    if let comment { for line in Self.lines(comment) { add(": ", line) } }
    if let event {
      guard Self.isOneLine(event) else { throw EventInvalid(description: "`event` has more than one line") }
      add("event: ", event)
    }
    if let text { for line in Self.lines(text) { add("data: ", line) } }
    if let id {
      guard Self.isOneLine(id) else { throw EventInvalid(description: "`id` has more than one line") }
      guard !id.utf8.contains(0) else { throw EventInvalid(description: "`id` contains NUL: clients ignore such") }
      add("id: ", id)
    }
    if let retry {
      guard retry >= .zero else { throw EventInvalid(description: "`retry` is negative") }
      let (seconds, attoseconds) = retry.components
      let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
      guard !overflow else { throw EventInvalid(description: "`retry` is too long") }
      add("retry: ", "\(product + attoseconds / 1_000_000_000_000_000)")
    }
    lines.append(UInt8(ascii: "\n"))
    bytes = lines
  }

  /// As above, with a value as JSON for its data.
  public init(
    json value: some SchemaType, event: String? = nil, id: String? = nil, retry: Duration? = nil, comment: String? = nil
  ) throws {
    try self.init(text: JSONWriter.text(value), event: event, id: id, retry: retry, comment: comment)
  }

  private static func isOneLine(_ text: String) -> Bool { !text.utf8.contains { $0 == 0x0A || $0 == 0x0D } }

  /// CR LF, LF and CR all end a line there; a line that went unnoticed could be a field of an attacker's choice.
  private static func lines(_ text: String) -> [String] {
    var lines: [String] = [""]
    var wasReturn = false
    for scalar in text.unicodeScalars {
      defer { wasReturn = scalar == "\r" }
      if scalar == "\n" && wasReturn { continue }
      if scalar == "\n" || scalar == "\r" {
        lines.append("")
      } else {
        lines[lines.count - 1].unicodeScalars.append(scalar)
      }
    }
    return lines
  }
}

/// An event that the format cannot carry.
public struct EventInvalid: Error, Sendable, CustomStringConvertible {
  public let description: String
}
