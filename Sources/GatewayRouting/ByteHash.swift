/// Hashing and comparing for the tables of routes and hosts.
///
/// Not seeded: keys come from the configuration alone, and the builder makes sure that no look-up probes more than
/// `StaticEdges.longestProbe` slots, whatever a client asks for.
enum ByteHash {
  static let seed: UInt64 = 0x9E37_79B9_7F4A_7C15
  private static let factor: UInt64 = 0xD6E8_FEB8_6659_FD93

  @inline(__always)
  static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word).multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }

  /// End and hash of the segment that starts at `start`: it ends before the next slash or with the path.
  ///
  /// Eight bytes a step. The hash covers the segment's bytes in words of eight, the last one filled up with zeros, and
  /// its length.
  @inline(__always)
  static func segment(_ path: UnsafeRawBufferPointer, from start: Int) -> (end: Int, hash: UInt64) {
    var state = seed
    var at = start
    while true {
      var word: UInt64
      let left = path.count &- at
      if left >= 8 {
        word = UInt64(littleEndian: path.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      } else {
        word = 0
        for i in 0..<left { word |= UInt64(path[at &+ i]) << UInt64(8 &* i) }
      }
      // A byte becomes zero where a slash stands; the lowest zero byte's high bit is the lowest bit set in `marks`.
      let difference = word ^ 0x2F2F_2F2F_2F2F_2F2F
      let marks = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
      let before = marks == 0 ? 8 : marks.trailingZeroBitCount >> 3
      let length = min(before, left)
      if length < 8 {
        word &= (1 << UInt64(8 &* length)) &- 1
        at &+= length
        return (at, mix(mix(state, word), UInt64(truncatingIfNeeded: at &- start)))
      }
      state = mix(state, word)
      at &+= 8
    }
  }

  @inline(__always)
  static func equal(
    _ a: UnsafeRawBufferPointer, _ aStart: Int, _ b: UnsafeRawBufferPointer, _ bStart: Int, count: Int
  ) -> Bool {
    var i = 0
    while count &- i >= 8 {
      let x = a.loadUnaligned(fromByteOffset: aStart &+ i, as: UInt64.self)
      let y = b.loadUnaligned(fromByteOffset: bStart &+ i, as: UInt64.self)
      if x != y { return false }
      i &+= 8
    }
    while i < count {
      if a[aStart &+ i] != b[bStart &+ i] { return false }
      i &+= 1
    }
    return true
  }
}
