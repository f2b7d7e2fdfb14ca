import CGatewayPlugin

/// A request, lent to a handler or provider for the time of its call.
///
/// It cannot be copied or kept: what it gives out (strings, arrays, numbers) are copies and can. The body is whole,
/// and valid where the route declares a schema for it.
public struct Request: ~Copyable, @unchecked Sendable {
  // Proof for @unchecked: the gateway keeps this memory unchanged until the call completes, and a `borrowing`
  // parameter of a type that cannot be copied does not outlive the call.
  let request: UnsafePointer<gw_request>
  /// The call that it is lent for; nil in tests of this target.
  let invocation: UnsafePointer<gw_invocation>?

  init(request: UnsafePointer<gw_request>, invocation: UnsafePointer<gw_invocation>? = nil) {
    self.request = request
    self.invocation = invocation
  }

  /// As the client wrote it, such as `GET`.
  public var method: String { String(request.pointee.method) }
  /// Normalised, still percent-encoded: the path that routing and policies saw.
  public var path: String { String(request.pointee.path) }
  /// Without `?`, as received.
  public var query: String { String(request.pointee.query) }
  /// Empty where no policy gives requests an id.
  public var id: String { String(request.pointee.request_id) }
  /// The client's address; empty where there is none, as over a Unix socket.
  public var client: String { String(request.pointee.client) }
  /// Whether the client came over TLS.
  public var isTLS: Bool { request.pointee.flags & GW_REQUEST_TLS != 0 }

  // MARK: body

  /// The bytes as sent, decompressed where the route declares a body; a copy. Empty for a multipart form.
  public var body: [UInt8] { [UInt8](request.pointee.body.raw) }
  /// The body as UTF-8; wrong bytes become U+FFFD.
  public var bodyText: String { String(request.pointee.body) }

  /// Lends the body without a copy; the bytes are valid inside `read` only.
  public func withBody<Result, Failure: Error>(
    _ read: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try read(request.pointee.body.raw)
  }

  // MARK: header fields

  /// The first field of that name, in any letter case.
  public func header(_ name: String) -> String? {
    for field in fields where field.name.equalsIgnoringCase(name) { return String(field.value) }
    return nil
  }

  /// Every field of that name, in any letter case, in order.
  public func headers(_ name: String) -> [String] {
    fields.compactMap { $0.name.equalsIgnoringCase(name) ? String($0.value) : nil }
  }

  /// All fields, in order, names as the client wrote them.
  public var headers: [(name: String, value: String)] {
    fields.map { (String($0.name), String($0.value)) }
  }

  private var fields: UnsafeBufferPointer<gw_field_borrowed> {
    UnsafeBufferPointer(start: request.pointee.fields, count: request.pointee.field_count)
  }

  // MARK: parameters

  /// A parameter as sent (percent-decoded); nil where it is absent.
  public func text(_ name: String) -> String? {
    guard let found = find(name), found.kind != GW_PARAMETER_ABSENT.rawValue else { return nil }
    return String(found.text)
  }

  /// An integer parameter; nil where it is absent or was not declared as an integer.
  public func integer(_ name: String) -> Int? {
    guard let found = find(name), found.kind == GW_PARAMETER_INTEGER.rawValue else { return nil }
    return Int(found.integer)
  }

  /// A number parameter; nil where it is absent or was not declared as a number or an integer.
  public func number(_ name: String) -> Double? {
    guard let found = find(name) else { return nil }
    switch gw_parameter_kind(found.kind) {
    case GW_PARAMETER_NUMBER: return found.number
    case GW_PARAMETER_INTEGER: return Double(found.integer)
    default: return nil
    }
  }

  /// A boolean parameter; nil where it is absent or was not declared as a boolean.
  public func boolean(_ name: String) -> Bool? {
    guard let found = find(name), found.kind == GW_PARAMETER_BOOLEAN.rawValue else { return nil }
    return found.integer != 0
  }

  private func find(_ name: String) -> gw_parameter_borrowed? {
    let all = UnsafeBufferPointer(start: request.pointee.parameters, count: request.pointee.parameter_count)
    for parameter in all where parameter.name.equals(name) { return parameter }
    return nil
  }
}

extension gw_bytes_borrowed {
  var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: count == 0 ? nil : bytes, count: bytes == nil ? 0 : count) }

  func equals(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { text in
      text.count == count && zip(text, raw).allSatisfy { $0 == $1 }
    }
  }

  func equalsIgnoringCase(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { text in
      text.count == count && zip(text, raw).allSatisfy { lowercased($0) == lowercased($1) }
    }
  }

  private func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

extension String {
  init(_ bytes: gw_bytes_borrowed) { self.init(decoding: bytes.raw, as: UTF8.self) }
}
