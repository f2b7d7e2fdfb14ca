import CGatewayPlugin

extension Completion {
  /// Lets a request or an answer go on.
  func proceed(_ changes: MessageChanges, state: UnsafeMutableRawPointer? = nil) -> gw_completion {
    // A host that knows policies has this function.
    guard !changes.isEmpty else { return host.pointee.proceed(call, nil, state) }
    var outcome = GW_INVALID
    withFields(changes.added, contentType: nil) { fields in
      Self.withNames(changes.removed) { names in
        (changes.body ?? []).withUnsafeBytes { body in
          var lent = gw_changes_borrowed()
          lent.struct_size = UInt32(MemoryLayout<gw_changes_borrowed>.size)
          lent.status = changes.status
          lent.flags = changes.body == nil ? 0 : UInt16(GW_CHANGES_BODY)
          lent.removed_names = names.baseAddress
          lent.removed_count = names.count
          lent.fields_borrowed = UnsafePointer(fields.baseAddress)
          lent.field_count = fields.count
          lent.body_borrowed = gw_bytes_borrowed(body)
          outcome = host.pointee.proceed(call, &lent, state)
        }
      }
    }
    return outcome
  }

  /// Lets bytes go on instead of the part that was shown.
  func pass(_ part: UnsafeRawBufferPointer) { _ = host.pointee.pass_part(call, gw_bytes_borrowed(part)) }

  /// Answers with a whole response; one in parts is a failure.
  func answer(_ response: Response) {
    if case .stream = response.body { return fail(PolicyCannotStream()) }
    respond(response)
  }

  private static func withNames(_ names: [String], _ use: (UnsafeBufferPointer<gw_bytes_borrowed>) -> Void) {
    guard !names.isEmpty else { return use(UnsafeBufferPointer(start: nil, count: 0)) }
    // One run of bytes, so that all names lie still at once.
    let bytes = names.flatMap { Array($0.utf8) }
    bytes.withUnsafeBytes { bytes in
      var at = 0
      let lent = names.map { name in
        defer { at += name.utf8.count }
        return gw_bytes_borrowed(UnsafeRawBufferPointer(rebasing: bytes[at..<at + name.utf8.count]))
      }
      lent.withUnsafeBufferPointer(use)
    }
  }
}

/// A policy answered in parts.
struct PolicyCannotStream: Error, CustomStringConvertible {
  var description: String { "a policy cannot answer in parts: that takes a handler" }
}

/// The gateway could not let the request go on as the policy wanted it; it has failed the policy.
struct PolicyRefused: Error, CustomStringConvertible {
  let code: UInt32
  var description: String { "the gateway refused the policy's changes (gw_completion \(code))" }
}
