import GatewayHTTP

/// Copies fields of a received head into another one.
///
/// A field is rebuilt from its parsed name and value. Where the received bytes are already what would be written,
/// `name: value` CR LF, neighbours are copied together: the bytes are the same, the calls are fewer.
struct FieldCopier {
  private let bytes: UnsafeRawBufferPointer
  private var start = 0
  private var end = 0

  /// `bytes`: the head whose entries will be copied.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @inline(__always)
  mutating func copy(_ field: FieldEntry, into writer: inout WireWriter) {
    let name = field.name.lowerBound
    if isCanonical(field) {
      if name != end {
        flush(into: &writer)
        start = name
      }
      end = field.value.upperBound + 2
    } else {
      flush(into: &writer)
      writer.add(bytes[field.name])
      writer.add(": ")
      writer.add(bytes[field.value])
      writer.add("\r\n")
    }
  }

  /// Writes what is still held back. To be called at the end.
  @inline(__always)
  mutating func flush(into writer: inout WireWriter) {
    if end > start { writer.add(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) }
    start = end
  }

  @inline(__always)
  private func isCanonical(_ field: FieldEntry) -> Bool {
    let colon = field.name.upperBound
    let lineEnd = field.value.upperBound
    return field.value.lowerBound == colon + 2 && lineEnd + 2 <= bytes.count
      && bytes[colon] == UInt8(ascii: ":") && bytes[colon + 1] == UInt8(ascii: " ")
      && bytes[lineEnd] == 13 && bytes[lineEnd + 1] == 10
  }
}
