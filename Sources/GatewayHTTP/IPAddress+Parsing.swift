extension IPAddress {
  /// Dotted IPv4, or IPv6 text without brackets or zone, as bytes. No leading zeros and no short forms in IPv4:
  /// `010.1` is one address to some readers and another to others.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    // The longest text is 45 bytes (IPv6 with a dotted end); the limit keeps a hostile value cheap.
    guard !bytes.isEmpty, bytes.count <= 45 else { return nil }
    if bytes.contains(UInt8(ascii: ":")) { self.init(v6: bytes) } else { self.init(v4: bytes) }
  }

  /// RFC 3986 §3.2.2, `IPv4address`.
  init?(v4 bytes: UnsafeRawBufferPointer) {
    guard let word = Self.dotted(bytes, 0..<bytes.count) else { return nil }
    self.init(v4: word)
  }

  /// RFC 4291 §2.2: eight groups of one to four hex digits, `::` once for at least one group, the last two groups also
  /// as dotted IPv4.
  init?(v6 bytes: UnsafeRawBufferPointer) {
    let count = bytes.count
    guard count >= 2, count <= 45 else { return nil }
    var groups = SIMD8<UInt16>()
    var filled = 0
    /// Where `::` stands, as a number of groups.
    var gap: Int?
    var at = 0
    if bytes[0] == UInt8(ascii: ":") {
      guard bytes[1] == UInt8(ascii: ":") else { return nil }
      gap = 0
      at = 2
    }
    while at < count {
      guard filled < 8 else { return nil }
      let start = at
      var value: UInt16 = 0
      while at < count, at - start < 4, let digit = PercentCoding.hexDigit(bytes[at]) {
        value = value << 4 | UInt16(digit)
        at += 1
      }
      if at < count, bytes[at] == UInt8(ascii: ".") {
        guard filled <= 6, let word = Self.dotted(bytes, start..<count) else { return nil }
        groups[filled] = UInt16(truncatingIfNeeded: word >> 16)
        groups[filled + 1] = UInt16(truncatingIfNeeded: word)
        filled += 2
        break
      }
      guard at > start else { return nil }
      groups[filled] = value
      filled += 1
      guard at < count else { break }
      // A group must be followed by a colon and more: no fifth digit, no colon at the end but of `::`.
      guard bytes[at] == UInt8(ascii: ":"), at + 1 < count else { return nil }
      at += 1
      if bytes[at] == UInt8(ascii: ":") {
        guard gap == nil else { return nil }
        gap = filled
        at += 1
      }
    }
    if let gap {
      guard filled < 8 else { return nil }
      let moved = filled - gap
      for i in 0..<moved {
        groups[7 - i] = groups[filled - 1 - i]
        groups[filled - 1 - i] = 0
      }
    } else {
      guard filled == 8 else { return nil }
    }
    let word = { (i: Int) in
      UInt64(groups[i]) << 48 | UInt64(groups[i + 1]) << 32 | UInt64(groups[i + 2]) << 16 | UInt64(groups[i + 3])
    }
    self.init(high: word(0), low: word(4))
  }

  /// Four decimal numbers up to 255 with dots between them, over exactly `range`.
  private static func dotted(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt32? {
    var word: UInt32 = 0
    var at = range.lowerBound
    for part in 0..<4 {
      if part > 0 {
        guard at < range.upperBound, bytes[at] == UInt8(ascii: ".") else { return nil }
        at += 1
      }
      let start = at
      var value: UInt32 = 0
      while at < range.upperBound, at - start < 3, bytes[at] &- 0x30 < 10 {
        value = value * 10 + UInt32(bytes[at] &- 0x30)
        at += 1
      }
      guard at > start, value <= 255, at - start == 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
      word = word << 8 | value
    }
    return at == range.upperBound ? word : nil
  }
}
