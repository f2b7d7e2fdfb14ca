import CGatewayPlugin
import GatewayHTTP
import NIOCore

/// Puts frames together, one behind the other.
extension ByteBuffer {
  /// A frame whose payload `body` writes.
  mutating func writeFrame(
    _ kind: UInt8, flag: UInt8 = 0, number: UInt64 = 0, _ body: (inout ByteBuffer) -> Void = { _ in }
  ) {
    let start = beginFrame(kind, flag: flag, number: number)
    body(&self)
    endFrame(start)
  }

  /// Writes a head; the payload follows, then `endFrame`.
  mutating func beginFrame(_ kind: UInt8, flag: UInt8, number: UInt64) -> Int {
    let start = writerIndex
    writeMultipleIntegers(UInt32(0), kind, flag, UInt16(0), number, endianness: .little)
    return start
  }

  mutating func endFrame(_ start: Int) {
    setInteger(UInt32(truncatingIfNeeded: writerIndex - start - Frame.headSize), at: start, endianness: .little)
  }

  /// Takes back what was written since then.
  mutating func dropFrame(_ start: Int) { moveWriterIndex(to: start) }

  mutating func put(_ value: UInt8) { writeInteger(value) }
  mutating func put(_ value: UInt16) { writeInteger(value, endianness: .little) }
  mutating func put(_ value: UInt32) { writeInteger(value, endianness: .little) }
  mutating func put(_ value: UInt64) { writeInteger(value, endianness: .little) }
  mutating func put(_ value: Bool) { writeInteger(UInt8(value ? 1 : 0)) }

  /// Bytes with their number in front.
  mutating func put(bytes: UnsafeRawBufferPointer) {
    put(UInt32(truncatingIfNeeded: bytes.count))
    writeBytes(bytes)
  }

  mutating func put(bytes: gw_bytes_borrowed) { put(bytes: bytes.raw) }
  mutating func put(bytes: [UInt8]) { bytes.withUnsafeBytes { put(bytes: $0) } }

  /// A body: where it lies in shared memory, or the bytes.
  mutating func put(body: UnsafeRawBufferPointer, at place: Int?) {
    guard let place else {
      put(BodyForm.within.rawValue)
      return put(bytes: body)
    }
    put(BodyForm.shared.rawValue)
    put(UInt64(place))
    put(UInt64(body.count))
  }

  mutating func put(text: String) {
    var text = text
    text.withUTF8 { put(bytes: UnsafeRawBufferPointer($0)) }
  }

  mutating func put(texts: [String]) {
    put(UInt32(texts.count))
    for text in texts { put(text: text) }
  }

  /// Header fields: their number, then name and value of each.
  mutating func put(fields: UnsafePointer<gw_field_borrowed>?, count: Int) {
    let given = UnsafeBufferPointer(start: fields, count: fields == nil ? 0 : max(0, count))
    put(UInt32(truncatingIfNeeded: given.count))
    for field in given {
      put(bytes: field.name)
      put(bytes: field.value)
    }
  }

  mutating func put(fields: FieldLines) {
    let place = writerIndex
    put(UInt32(0))
    var count: UInt32 = 0
    fields.forEach { name, value in
      count += 1
      put(bytes: name)
      put(bytes: value)
    }
    setInteger(count, at: place, endianness: .little)
  }

  /// Zeros up to a multiple of 8 behind `start`.
  mutating func align(to start: Int) {
    let rest = (writerIndex - start) & 7
    if rest != 0 { writeRepeatingByte(0, count: 8 - rest) }
  }
}
