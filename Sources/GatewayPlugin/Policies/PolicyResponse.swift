import CGatewayPlugin

/// An answer on its way through a policy, which may change it: the one that stands behind the policy made, or one of its own.
///
/// Lent for the time of the hook. It cannot be copied or kept; what it gives out are copies and can.
public struct PolicyResponse: ~Copyable, @unchecked Sendable {
  // Proof for @unchecked: the gateway keeps this memory unchanged until the invocation completes, which takes the response
  // back first: it cannot be copied.
  enum Source: Sendable {
    case lent(Invocation)
    case made(Response)
  }

  let source: Source
  var changes = MessageChanges()

  /// An answer of the policy's own, instead of what stands behind it. Not one in parts, and behind `next` not a file: both are a
  /// failed policy and a 500.
  public init(_ response: Response) { source = .made(response) }

  init(_ invocation: Invocation) { source = .lent(invocation) }

  /// 200 to 599. Anything else becomes a 500, and the log says why.
  public var status: Int {
    get {
      if changes.status != 0 { return Int(changes.status) }
      switch source {
      case .lent(let invocation): return Int(invocation.pointer.pointee.response?.pointee.status ?? 0)
      case .made(let response): return response.status
      }
    }
    set { changes.status = UInt16(exactly: newValue) ?? 1 }
  }

  // MARK: fields

  /// The first field of that name, in any letter case, with the changes made so far.
  public func header(_ name: String) -> String? { headers(name).first }

  /// Every field of that name, in any letter case, with the changes made so far.
  public func headers(_ name: String) -> [String] {
    if changes.removes(name) { return changes.added.values(name) }
    switch source {
    case .lent(let invocation):
      var values: [String] = []
      if let response = invocation.pointer.pointee.response?.pointee {
        for field in UnsafeBufferPointer(start: response.fields_borrowed, count: response.field_count)
        where field.name.equalsIgnoringCase(name) { values.append(String(field.value)) }
      }
      return values + changes.added.values(name)
    case .made(let response):
      let type = response.contentType.flatMap { name.isSameName("content-type") ? "\($0)" : nil }
      return (type.map { [$0] } ?? []) + response.headers.values(name) + changes.added.values(name)
    }
  }

  /// Replaces every field of that name by one.
  ///
  /// `content-length`, `date`, `connection`, `transfer-encoding` and the like are the gateway's: changing one is a failed policy and
  /// a 500.
  public mutating func setHeader(_ name: String, _ value: String) {
    changes.remove(name)
    changes.added.append(name, value)
  }

  /// Adds a field behind those that are there.
  public mutating func addHeader(_ name: String, _ value: String) { changes.added.append(name, value) }

  /// Removes every field of that name, in any letter case.
  public mutating func removeHeader(_ name: String) { changes.remove(name) }

  // MARK: body

  /// The bytes as they are on the way, compressed or not; a copy. There with `bufferedResponse` only, and empty for an answer to
  /// HEAD that an upstream gave. Of an answer of the policy's own always there, unless it is a file.
  public var body: [UInt8] {
    if let body = changes.body { return body }
    switch source {
    case .lent(let invocation):
      return invocation.pointer.pointee.response.map { [UInt8]($0.pointee.body_borrowed.raw) } ?? []
    case .made(let response): return response.wholeBody
    }
  }

  /// The body as UTF-8; wrong bytes become U+FFFD. There with `bufferedResponse` only.
  public var bodyText: String { String(decoding: body, as: UTF8.self) }

  /// Replaces the body. Of an answer from behind the policy only with `bufferedResponse`: else the policy fails.
  public mutating func setBody(_ body: [UInt8]) { changes.body = body }

  /// An answer of the policy's own with its changes.
  static func apply(_ changes: MessageChanges, to response: Response) -> Response {
    guard !changes.isEmpty else { return response }
    var response = response
    if changes.status != 0 { response.status = Int(changes.status) }
    for name in changes.removed {
      response.headers.remove(name)
      if name.isSameName("content-type") { response.contentType = nil }
    }
    for (name, value) in changes.added.pairs { response.headers.append(name, value) }
    if let body = changes.body { response.body = .bytes(body) }
    return response
  }
}

/// A part of a body on its way through a policy.
public struct PolicyPart: ~Copyable, @unchecked Sendable {
  // Proof for @unchecked: as for Request.
  let invocation: Invocation

  /// A copy.
  public var bytes: [UInt8] { [UInt8](invocation.pointer.pointee.part.raw) }
  /// Nothing follows. The last part may be empty.
  public var isLast: Bool { invocation.pointer.pointee.part_flags & GW_PART_LAST != 0 }

  /// Lends the bytes without a copy; they are valid inside `read` only.
  public func withBytes<Result, Failure: Error>(
    _ read: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try read(invocation.pointer.pointee.part.raw)
  }
}
