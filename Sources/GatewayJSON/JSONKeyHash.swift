/// The hash that member names carry on the tape, and byte comparison to go with it.
///
/// It looks at length, head and tail only: a few instructions, good enough to tell the names of a schema apart. It is
/// not secret, so an adversary can make names collide; every table over foreign names must use a seeded hash instead
/// (`DuplicateKeys` does).
public enum JSONKeyHash {
  // Inlinable: called for every key of every body from another module; a call costs as much as hashing a short key.
  @inlinable
  @inline(__always)
  public static func of(_ bytes: UnsafeRawPointer, count: Int) -> UInt32 {
    var a: UInt64
    var b: UInt64
    if count >= 8 {
      a = bytes.loadUnaligned(as: UInt64.self)
      b = bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    } else if count >= 4 {
      a = UInt64(bytes.loadUnaligned(as: UInt32.self))
      b = UInt64(bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
    } else if count > 0 {
      a = UInt64(bytes.load(as: UInt8.self)) | UInt64(bytes.load(fromByteOffset: count >> 1, as: UInt8.self)) << 8
      b = UInt64(bytes.load(fromByteOffset: count &- 1, as: UInt8.self))
    } else {
      a = 0
      b = 0
    }
    a = (a ^ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15
    b = (b &+ 0x632B_E59B_D9B4_E019) &* 0xD6E8_FEB8_6659_FD93
    let mixed = (a ^ (b >> 29) ^ b) &* 0xFF51_AFD7_ED55_8CCD
    return UInt32(truncatingIfNeeded: mixed >> 32)
  }

  /// Compares `count` bytes. For the short texts of member names this beats the call to `memcmp`.
  @inlinable
  public static func equal(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, count: Int) -> Bool {
    if count >= 8 {
      var i = 0
      while i &+ 8 < count {
        if a.loadUnaligned(fromByteOffset: i, as: UInt64.self) != b.loadUnaligned(fromByteOffset: i, as: UInt64.self) {
          return false
        }
        i &+= 8
      }
      return a.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        == b.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    }
    if count >= 4 {
      return a.loadUnaligned(as: UInt32.self) == b.loadUnaligned(as: UInt32.self)
        && a.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
          == b.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
    }
    var i = 0
    while i < count {
      if a.load(fromByteOffset: i, as: UInt8.self) != b.load(fromByteOffset: i, as: UInt8.self) { return false }
      i &+= 1
    }
    return true
  }
}

extension JSONKeyHash {
  /// The hash of the empty name.
  public static let ofNothing: UInt32 = withUnsafeBytes(of: 0 as UInt8) { bytes in
    bytes.baseAddress.map { of($0, count: 0) } ?? 0
  }
}
