import GatewayHTTP
import NIOCore

/// Heads that policies change. What frames the message and whom it is for are not among what can be changed.
extension RequestHead {
  /// The head without some fields, and with further ones behind the others.
  ///
  /// Where `Connection` nominates a field that is added it does so no longer: else a client could have what a policy
  /// says of it (`Connection: x-user`) taken out again on the way to the upstream (RFC 9110 §7.6.1).
  func changed(
    removing isRemoved: (FieldEntry, UnsafeRawBufferPointer) -> Bool, adding added: FieldLines?
  ) -> RequestHead {
    var head = self
    var entries: [FieldEntry] = []
    entries.reserveCapacity(fields.count + 4)
    let addedBytes = added?.bytes.readableBytes ?? 0
    var out = ByteBuffer()
    // Twice the blanks at most: a field without a blank behind its colon gets one.
    out.reserveCapacity(bytes.readableBytes + fields.count + addedBytes + 2)
    bytes.withUnsafeReadableBytes { received in
      let start = fields.first?.name.lowerBound ?? max(received.count - 2, 0)
      out.writeBytes(received[..<min(start, received.count)])
      for field in fields where !isRemoved(field, received[field.name]) {
        var value = received[field.value]
        var filtered: [UInt8] = []
        if let added, field.known == .connection {
          filtered = Self.options(value, without: added)
          if filtered.isEmpty { continue }
          value = filtered.withUnsafeBytes { $0 }
        }
        // `value` may lie in `filtered`, which lives until the line is written.
        withExtendedLifetime(filtered) {
          let entry = Self.write(received[field.name], value, known: field.known, into: &out)
          if authority.lowerBound >= start, authority.lowerBound >= field.value.lowerBound,
            authority.upperBound <= field.value.upperBound
          {
            head.authority.start = entry.value.start + (authority.start - field.value.start)
          }
          entries.append(entry)
        }
      }
      added?.forEach { name, value in
        entries.append(Self.write(name, value, known: KnownField(name), into: &out))
      }
    }
    out.writeStaticString("\r\n")
    head.bytes = out
    head.fields = entries
    return head
  }

  private static func write(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, known: KnownField, into out: inout ByteBuffer
  ) -> FieldEntry {
    let nameStart = out.readableBytes
    out.writeBytes(name)
    out.writeStaticString(": ")
    let valueStart = out.readableBytes
    out.writeBytes(value)
    out.writeStaticString("\r\n")
    return FieldEntry(
      name: ByteRange(nameStart..<nameStart + name.count), value: ByteRange(valueStart..<valueStart + value.count),
      known: known)
  }

  /// The options of a `Connection` that nominate nothing of `added`, joined.
  private static func options(_ value: UnsafeRawBufferPointer, without added: FieldLines) -> [UInt8] {
    var kept: [UInt8] = []
    for option in value.split(separator: UInt8(ascii: ",")) {
      let name = option.drop { $0 == 0x20 || $0 == 0x09 }
      let text = UnsafeRawBufferPointer(rebasing: name[..<(name.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? name.startIndex)])
      guard !text.isEmpty else { continue }
      var isAdded = false
      added.forEach { field, _ in isAdded = isAdded || FieldName.isSame(field, text) }
      if isAdded { continue }
      if !kept.isEmpty { kept += [UInt8(ascii: ","), 0x20] }
      kept.append(contentsOf: text)
    }
    return kept
  }
}

enum FieldName {
  /// Letter case aside.
  static func isSame(_ a: UnsafeRawBufferPointer, _ b: some Collection<UInt8>) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { FieldSyntax.lowercased($0) == FieldSyntax.lowercased($1) }
  }
}
