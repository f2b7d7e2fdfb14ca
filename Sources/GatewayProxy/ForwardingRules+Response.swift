import GatewayHTTP
import NIOCore

extension ForwardingRules {
  /// Replaces `fields` by what the client gets of an upstream's fields: all but those between neighbours and the
  /// framing, which the client's stream has of its own. `Server` and fields unknown to the gateway pass.
  public func fill(_ fields: inout FieldLines, from head: borrowing ResponseHead) {
    fields.removeAll()
    let isChunked = head.framing == .chunked
    let entries = head.fields
    head.bytes.withUnsafeReadableBytes { bytes in
      let options = ConnectionOptions(bytes, entries)
      for field in entries {
        if FieldPolicy.hopByHop.contains(field.known) {
          // RFC 9110 §6.6.2: true as long as the trailers themselves are passed on, which is where chunks can be.
          guard field.known == .trailer, isChunked else { continue }
        }
        if field.known == .date, !passesDate { continue }
        if !options.names.isEmpty, options.removes(field, bytes) { continue }
        fields.append(name: bytes[field.name], value: bytes[field.value])
      }
    }
  }

  /// The length that the client's message announces: what the upstream said, also where no body follows (HEAD, 304).
  /// Nil: unknown, so the stream frames by chunks.
  public static func length(of head: borrowing ResponseHead) -> Int? {
    if case .length(let length) = head.framing { return length }
    guard head.framing == .none, let value = head.first(.contentLength) else { return nil }
    return head.bytes.withUnsafeReadableBytes { decimal($0[value]) }
  }

  /// Digits and nothing else (RFC 9110 §8.6).
  private static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard !bytes.isEmpty else { return nil }
    var value = 0
    for byte in bytes {
      guard byte &- 0x30 < 10 else { return nil }
      let (tens, over) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(byte &- 0x30))
      if over || carry { return nil }
      value = sum
    }
    return value
  }
}
