import CGatewayPlugin

/// Completes invocations through the host's table.
struct Completion: @unchecked Sendable {
  // Proof for @unchecked: the table is valid for ever and callable from any thread; the call handle is two words.
  let host: UnsafePointer<gw_host>
  let call: gw_call
  /// Index of the event loop that the invocation belongs to.
  let loop: UInt32
  /// How the plugin maps its errors; nil where it does not. Never freed, so it is not counted.
  var mappers: Unmanaged<ErrorContext>?
  /// Whose last act the completion is; nil where more may follow. It runs, so it is not counted.
  var runner: Unmanaged<TaskRunner>?

  /// Calls the host, which may begin the next invocation meanwhile: the runner goes on with that one.
  @inline(__always)
  private func last<Result>(_ complete: () -> Result) -> Result {
    guard let runner else { return complete() }
    return runner._withUnsafeGuaranteedRef { $0.ending(complete) }
  }

  func respond(_ response: Response) {
    switch response.body {
    case .empty: respond(response, UnsafeRawBufferPointer(start: nil, count: 0))
    case .fixed(let text):
      text.withUTF8Buffer { respond(response, UnsafeRawBufferPointer($0)) }
    case .bytes(let bytes): bytes.withUnsafeBytes { respond(response, $0) }
    case .text(var text): text.withUTF8 { respond(response, UnsafeRawBufferPointer($0)) }
    case .file(let path): respond(response, file: path)
    case .stream: fail(StreamNeedsAsync())
    }
  }

  /// As `respond`; a stream runs to its end first.
  func send(_ response: Response) async {
    if case .stream(let body) = response.body {
      await stream(response, body)
    } else {
      respond(response)
    }
  }

  private func respond(_ response: Response, _ body: UnsafeRawBufferPointer) {
    withHead(response, body) { head in _ = last { host.pointee.respond(call, head) } }
  }

  /// As `respond`, for an error: the exchange fails, with this answer.
  func respond(_ response: Response, for error: any Error) {
    withError(error) { error in
      switch response.body {
      case .empty: respond(response, UnsafeRawBufferPointer(start: nil, count: 0), error)
      case .fixed(let text): text.withUTF8Buffer { respond(response, UnsafeRawBufferPointer($0), error) }
      case .bytes(let bytes): bytes.withUnsafeBytes { respond(response, $0, error) }
      case .text(var text): text.withUTF8 { respond(response, UnsafeRawBufferPointer($0), error) }
      case .file, .stream:
        // What it owns is passed over by `fail` too.
        _ = last { host.pointee.fail(call, error) }
      }
    }
  }

  private func respond(
    _ response: Response, _ body: UnsafeRawBufferPointer, _ error: UnsafePointer<gw_error_borrowed>
  ) {
    withHead(response, body, for: error) { head in _ = last { host.pointee.respond(call, head) } }
  }

  func withHead(
    _ response: Response, _ body: UnsafeRawBufferPointer, for error: UnsafePointer<gw_error_borrowed>? = nil,
    _ use: (UnsafePointer<gw_response_borrowed>) -> Void
  ) {
    withFields(response.headers, contentType: response.contentType) { fields in
      var answer = gw_response_borrowed()
      answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
      answer.status = UInt16(exactly: response.status) ?? 0
      answer.fields_borrowed = UnsafePointer(fields.baseAddress)
      answer.field_count = fields.count
      answer.body_borrowed = gw_bytes_borrowed(body)
      answer.error = error
      use(&answer)
    }
  }

  /// - Parameter type: looked up once, where the provider is declared: each look-up of a generic class costs 330 instructions.
  func provide<Value: Sendable>(
    _ value: Value, as type: ValueBox<Value>.Type, _ teardown: AnyValueBox.End? = nil
  ) {
    let box = Unmanaged<AnyValueBox>.passRetained(type.init(value, teardown: teardown))
    switch last({ host.pointee.provide(call, box.toOpaque()) }) {
    case GW_ACCEPTED, GW_TOO_LATE: break
    default: box.release()
    }
  }

  func finish() { _ = last { host.pointee.finish(call) } }

  func fail(_ error: any Error) {
    let error = (error as? Response).map { ResponseUnawaited(status: $0.status) } ?? error
    withError(error) { error in _ = last { host.pointee.fail(call, error) } }
  }

  /// The same where an answer is awaited: a thrown response is one.
  func failOrAnswer(_ error: any Error) {
    if let response = error as? Response { return respond(response) }
    fail(error)
  }

  /// The error as the contract shapes it. It owns a box of the error, so it is to be passed to the host once. A host of an
  /// older minor would never give the box back, so it gets none.
  private func withError(_ error: any Error, _ use: (UnsafePointer<gw_error_borrowed>) -> Void) {
    let cause = HostAccess(table: host).hasServices ? Unmanaged.passRetained(ErrorBox(error)).toOpaque() : nil
    guard let error = error as? HTTPError else {
      let type = String(reflecting: Swift.type(of: error))
      let description = String(describing: error)
      return withError(
        status: 0, detail: "", headers: [:], type: type, description: description, cause: cause, use)
    }
    withError(
      status: UInt16(exactly: error.status) ?? 1, detail: error.detailJSON, headers: error.headers, type: "HTTPError",
      description: "", cause: cause, use)
  }

  private func withError(
    status: UInt16, detail: String, headers: Headers, type: String, description: String, cause: UnsafeMutableRawPointer?,
    _ use: (UnsafePointer<gw_error_borrowed>) -> Void
  ) {
    var detail = detail
    var type = type
    var description = description
    detail.withUTF8 { detail in
      type.withUTF8 { type in
        description.withUTF8 { description in
          withFields(headers, contentType: nil) { fields in
            var failure = gw_error_borrowed()
            failure.struct_size = UInt32(MemoryLayout<gw_error_borrowed>.size)
            failure.status = status
            failure.detail_json = gw_bytes_borrowed(UnsafeRawBufferPointer(detail))
            failure.fields_borrowed = UnsafePointer(fields.baseAddress)
            failure.field_count = fields.count
            failure.type = gw_bytes_borrowed(UnsafeRawBufferPointer(type))
            failure.description = gw_bytes_borrowed(UnsafeRawBufferPointer(description))
            failure.cause_owned = cause
            failure.release_cause = cause == nil ? nil : ErrorBox.release
            use(&failure)
          }
        }
      }
    }
  }

  func withFields(
    _ headers: Headers, contentType: StaticString?, _ use: (UnsafeMutableBufferPointer<gw_field_borrowed>) -> Void
  ) {
    let count = headers.lengths.count + (contentType == nil ? 0 : 1)
    withUnsafeTemporaryAllocation(of: gw_field_borrowed.self, capacity: max(count, 1)) { fields in
      headers.bytes.withUnsafeBytes { bytes in
        var next = 0
        if let contentType {
          fields.initializeElement(
            at: 0,
            to: gw_field_borrowed(name: gw_bytes_borrowed("content-type"), value: gw_bytes_borrowed(contentType)))
          next = 1
        }
        var at = 0
        for (name, value) in headers.lengths {
          let field = gw_field_borrowed(
            name: gw_bytes_borrowed(UnsafeRawBufferPointer(rebasing: bytes[at..<at + name])),
            value: gw_bytes_borrowed(UnsafeRawBufferPointer(rebasing: bytes[at + name..<at + name + value])))
          fields.initializeElement(at: next, to: field)
          next += 1
          at += name + value
        }
        use(UnsafeMutableBufferPointer(rebasing: fields[..<count]))
      }
    }
  }
}

/// A response that was thrown where there is nothing to answer: by a teardown, a background task, a hook.
struct ResponseUnawaited: Error, CustomStringConvertible {
  let status: Int
  var description: String { "a response with status \(status) was thrown where no answer is awaited" }
}

extension gw_bytes_borrowed {
  init(_ raw: UnsafeRawBufferPointer) {
    self.init(bytes: raw.baseAddress?.assumingMemoryBound(to: UInt8.self), count: raw.count)
  }

  /// Text in the image's constants: valid for ever.
  init(_ text: StaticString) {
    self.init(bytes: text.utf8Start, count: text.utf8CodeUnitCount)
  }
}
