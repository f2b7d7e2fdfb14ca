/// Searches over received bytes, eight at a time.
///
/// Every function takes `from` and `to` with `0 <= from` and `to <= bytes.count`, reads nothing outside, and returns
/// an index in `from...to`, `to` meaning "not found". `from > to` is answered with `from`.
///
/// The word tricks: for a word of eight bytes, `(w - n·0x01…) & ~w & 0x80…` sets the top bit of each byte below `n`
/// (n ≤ 128). A borrow can set bits above the first such byte but never below it, so the lowest set bit is exact, and
/// only that one is used.
enum ByteScan {
  static let ones: UInt64 = 0x0101_0101_0101_0101
  static let tops: UInt64 = 0x8080_8080_8080_8080

  /// The first control character: below 0x20, or 0x7F. What may stand in a field value (RFC 9110 §5.5) but HTAB.
  @inline(__always)
  static func control(_ bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int {
    guard let base = bytes.baseAddress else { return from }
    var at = from
    while at &+ 8 <= to {
      let word = load(base, at)
      let low = (word &- ones &* 0x20) & ~word
      let del = word ^ (ones &* 0x7F)
      let hit = (low | ((del &- ones) & ~del)) & tops
      if hit != 0 { return at &+ (hit.trailingZeroBitCount &>> 3) }
      at &+= 8
    }
    while at < to {
      let byte = base.load(fromByteOffset: at, as: UInt8.self)
      if byte < 0x20 || byte == 0x7F { return at }
      at &+= 1
    }
    return at
  }

  /// The first byte that is not visible ASCII: up to 0x20, or from 0x7F. Ends a method, a target, a version.
  @inline(__always)
  static func nonVisible(_ bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int {
    guard let base = bytes.baseAddress else { return from }
    var at = from
    while at &+ 8 <= to {
      let word = load(base, at)
      let low = (word &- ones &* 0x21) & ~word
      let del = word ^ (ones &* 0x7F)
      // Bytes from 0x80 are taken by their top bit as it stands.
      let hit = (low | ((del &- ones) & ~del) | word) & tops
      if hit != 0 { return at &+ (hit.trailingZeroBitCount &>> 3) }
      at &+= 8
    }
    while at < to {
      let byte = base.load(fromByteOffset: at, as: UInt8.self)
      if byte < 0x21 || byte >= 0x7F { return at }
      at &+= 1
    }
    return at
  }

  /// The first colon, blank or control character below 0x21. Ends a field name.
  @inline(__always)
  static func nameEnd(_ bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int {
    guard let base = bytes.baseAddress else { return from }
    var at = from
    while at &+ 8 <= to {
      let word = load(base, at)
      let low = (word &- ones &* 0x21) & ~word
      let colon = word ^ (ones &* 0x3A)
      let hit = (low | ((colon &- ones) & ~colon)) & tops
      if hit != 0 { return at &+ (hit.trailingZeroBitCount &>> 3) }
      at &+= 8
    }
    while at < to {
      let byte = base.load(fromByteOffset: at, as: UInt8.self)
      if byte < 0x21 || byte == 0x3A { return at }
      at &+= 1
    }
    return at
  }

  /// The first occurrence of one byte.
  @inline(__always)
  static func byte(_ wanted: UInt8, _ bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int {
    guard let base = bytes.baseAddress else { return from }
    var at = from
    let pattern = ones &* UInt64(wanted)
    while at &+ 8 <= to {
      let word = load(base, at) ^ pattern
      let hit = (word &- ones) & ~word & tops
      if hit != 0 { return at &+ (hit.trailingZeroBitCount &>> 3) }
      at &+= 8
    }
    while at < to {
      if base.load(fromByteOffset: at, as: UInt8.self) == wanted { return at }
      at &+= 1
    }
    return at
  }

  @inline(__always)
  private static func load(_ base: UnsafeRawPointer, _ at: Int) -> UInt64 {
    UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  /// Eight bytes, the first in the lowest place. The caller has checked `at + 8 <= bytes.count`.
  @inline(__always)
  static func load(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  /// `range` without blanks and tabs at both ends.
  static func trimmed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, isBlank(bytes[low]) { low += 1 }
    while low < high, isBlank(bytes[high - 1]) { high -= 1 }
    return low..<high
  }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// Whether `range` of `bytes` is `text` in any letter case; `text` must be lower case.
  static func equals(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ text: StaticString) -> Bool {
    FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: bytes[range]), text)
  }
}
