/// Well-formed UTF-8 byte sequences (Unicode 15 table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
public enum UTF8Validation {
  /// Bytes of the sequence that starts at `p` with a byte above 0x7F; 0 where it is not well formed.
  @inlinable
  public static func sequenceLength(_ p: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
    let available = end - p
    let lead = p[0]
    if lead < 0xE0 {
      guard lead >= 0xC2, available >= 2, p[1] & 0xC0 == 0x80 else { return 0 }
      return 2
    }
    if lead < 0xF0 {
      guard available >= 3, p[1] & 0xC0 == 0x80, p[2] & 0xC0 == 0x80 else { return 0 }
      if lead == 0xE0 && p[1] < 0xA0 { return 0 }
      if lead == 0xED && p[1] > 0x9F { return 0 }
      return 3
    }
    guard lead <= 0xF4, available >= 4, p[1] & 0xC0 == 0x80, p[2] & 0xC0 == 0x80, p[3] & 0xC0 == 0x80 else { return 0 }
    if lead == 0xF0 && p[1] < 0x90 { return 0 }
    if lead == 0xF4 && p[1] > 0x8F { return 0 }
    return 4
  }

  /// The offset of the first byte that is not part of well-formed UTF-8; nil where all of it is.
  public static func firstInvalidOffset(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    let end = start + bytes.count
    var p = start
    while p < end {
      if end - p >= 8, UnsafeRawPointer(p).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
        p += 8
        continue
      }
      if p[0] < 0x80 {
        p += 1
        continue
      }
      let length = sequenceLength(p, end)
      if length == 0 { return p - start }
      p += length
    }
    return nil
  }
}
