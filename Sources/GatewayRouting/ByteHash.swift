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

  /// A segment of a path as the look-up needs it.
  struct Segment {
    var end: Int
    /// Of the segment's bytes in words of eight, the last one filled up with zeros, and its length.
    var hash: UInt64
    /// Its first eight bytes, filled up with zeros.
    var head: UInt64
  }

  /// Reads the segment that starts at `start`: it ends before the next slash or with the path. Eight bytes a step.
  @inline(__always)
  static func segment(_ path: UnsafeRawBufferPointer, from start: Int) -> Segment {
    var state = seed
    var at = start
    var head: UInt64 = 0
    while true {
      let left = path.count &- at
      var word = word(path, at, left)
      // A byte becomes zero where a slash stands; the lowest zero byte's high bit is the lowest bit set in `marks`.
      let difference = word ^ 0x2F2F_2F2F_2F2F_2F2F
      let marks = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
      let length = min(marks.trailingZeroBitCount &>> 3, left)
      if length < 8 {
        word &= (1 &<< UInt64(8 &* length)) &- 1
        if at == start { head = word }
        at &+= length
        return Segment(end: at, hash: mix(mix(state, word), UInt64(truncatingIfNeeded: at &- start)), head: head)
      }
      if at == start { head = word }
      state = mix(state, word)
      at &+= 8
    }
  }

  /// Where the segment that starts at `start` ends.
  @inline(__always)
  static func segmentEnd(_ path: UnsafeRawBufferPointer, from start: Int) -> Int {
    var at = start
    while true {
      let left = path.count &- at
      let difference = word(path, at, left) ^ 0x2F2F_2F2F_2F2F_2F2F
      let marks = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
      let length = min(marks.trailingZeroBitCount &>> 3, left)
      at &+= length
      if length < 8 { return at }
    }
  }

  /// Eight bytes from `at` on, first byte lowest, zeros behind the last of the `left` bytes that remain.
  ///
  /// Near the end the bytes are loaded with those before them and shifted down: a loop over single bytes costs a match
  /// 5 to 11 % more instructions.
  @inline(__always)
  private static func word(_ path: UnsafeRawBufferPointer, _ at: Int, _ left: Int) -> UInt64 {
    if left >= 8 { return UInt64(littleEndian: path.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }
    if left <= 0 { return 0 }
    if path.count >= 8 {
      let last = UInt64(littleEndian: path.loadUnaligned(fromByteOffset: path.count &- 8, as: UInt64.self))
      return last &>> UInt64(64 &- 8 &* left)
    }
    var word: UInt64 = 0
    for i in 0..<left { word |= UInt64(path[at &+ i]) &<< UInt64(8 &* i) }
    return word
  }

  /// Whether two runs of at least eight bytes are equal behind their first eight.
  @inline(__always)
  static func equalBehindHead(
    _ a: UnsafeRawBufferPointer, _ aStart: Int, _ b: UnsafeRawBufferPointer, _ bStart: Int, count: Int
  ) -> Bool {
    var i = 8
    while i < count {
      // The last word overlaps the one before it.
      let at = min(i, count &- 8)
      let x = a.loadUnaligned(fromByteOffset: aStart &+ at, as: UInt64.self)
      let y = b.loadUnaligned(fromByteOffset: bStart &+ at, as: UInt64.self)
      if x != y { return false }
      i &+= 8
    }
    return true
  }
}
