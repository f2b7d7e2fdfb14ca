import CGatewayPlugin

/// Completes invocations through the host's table.
struct Completion: @unchecked Sendable {
  // Proof for @unchecked: the table is valid for ever and callable from any thread; the call handle is two words.
  let host: UnsafePointer<gw_host>
  let call: gw_call
  /// Index of the event loop that the invocation belongs to.
  let loop: UInt32

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
    withHead(response, body) { _ = host.pointee.respond(call, $0) }
  }

  func withHead(
    _ response: Response, _ body: UnsafeRawBufferPointer, _ use: (UnsafePointer<gw_response_borrowed>) -> Void
  ) {
    withFields(response.headers, contentType: response.contentType) { fields in
      var answer = gw_response_borrowed()
      answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
      answer.status = UInt16(exactly: response.status) ?? 0
      answer.fields_borrowed = UnsafePointer(fields.baseAddress)
      answer.field_count = fields.count
      answer.body_borrowed = gw_bytes_borrowed(body)
      use(&answer)
    }
  }

  func provide<Value: Sendable>(_ value: Value, _ teardown: AnyValueBox.End? = nil) {
    let box = Unmanaged<AnyValueBox>.passRetained(ValueBox(value, teardown: teardown))
    switch host.pointee.provide(call, box.toOpaque()) {
    case GW_ACCEPTED, GW_TOO_LATE: break
    default: box.release()
    }
  }

  func finish() { _ = host.pointee.finish(call) }

  /// As `fail`; a stream that was thrown runs to its end first.
  func end(_ error: any Error) async {
    if let response = error as? Response { await send(response) } else { fail(error) }
  }

  func fail(_ error: any Error) {
    if let response = error as? Response { return respond(response) }
    guard let error = error as? HTTPError else {
      let type = String(reflecting: Swift.type(of: error))
      let description = String(describing: error)
      fail(status: 0, detail: "", headers: [:], type: type, description: description)
      return
    }
    fail(
      status: UInt16(exactly: error.status) ?? 1, detail: error.detailJSON, headers: error.headers, type: "HTTPError",
      description: "")
  }

  private func fail(status: UInt16, detail: String, headers: Headers, type: String, description: String) {
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
            _ = host.pointee.fail(call, &failure)
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

extension gw_bytes_borrowed {
  init(_ raw: UnsafeRawBufferPointer) {
    self.init(bytes: raw.baseAddress?.assumingMemoryBound(to: UInt8.self), count: raw.count)
  }

  /// Text in the image's constants: valid for ever.
  init(_ text: StaticString) {
    self.init(bytes: text.utf8Start, count: text.utf8CodeUnitCount)
  }
}
