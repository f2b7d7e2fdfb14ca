import NIOCore

/// An IPv4 or IPv6 address as 16 bytes; IPv4 in the mapped form ::ffff:a.b.c.d, so that both compare alike.
public struct IPAddress: Sendable, Hashable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  public init(v4: UInt32) {
    high = 0
    low = 0x0000_FFFF_0000_0000 | UInt64(v4)
  }

  public var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// Nil where the address is not an internet address (a Unix socket).
  public init?(_ address: SocketAddress?) {
    switch address {
    case .v4(let v4): self.init(v4: UInt32(bigEndian: v4.address.sin_addr.s_addr))
    case .v6(let v6):
      let words = withUnsafeBytes(of: v6.address.sin6_addr) {
        (
          UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
          UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
      }
      self.init(high: words.0, low: words.1)
    default: return nil
    }
  }

  /// Whether the first `prefix` bits (of 128) agree.
  public func matches(_ network: IPAddress, prefix: Int) -> Bool {
    guard prefix > 0 else { return true }
    if prefix <= 64 {
      return (high ^ network.high) >> UInt64(64 - prefix) == 0
    }
    return high == network.high
      && (prefix >= 128 ? low == network.low : (low ^ network.low) >> UInt64(128 - prefix) == 0)
  }
}

extension IPAddress: LosslessStringConvertible {
  /// Dotted IPv4, or IPv6 text without brackets or zone.
  public init?(_ text: String) {
    var text = text
    guard let address = text.withUTF8({ IPAddress(UnsafeRawBufferPointer($0)) }) else { return nil }
    self = address
  }

  /// Dotted for IPv4; RFC 5952 for IPv6.
  public var description: String {
    if isV4 { return [24, 16, 8, 0].map { String(low >> $0 & 0xFF) }.joined(separator: ".") }
    let groups = [high >> 48, high >> 32, high >> 16, high, low >> 48, low >> 32, low >> 16, low].map {
      UInt16(truncatingIfNeeded: $0)
    }
    var best = 0..<0
    var at = 0
    while at < 8 {
      var end = at
      while end < 8, groups[end] == 0 { end += 1 }
      if end - at > max(best.count, 1) { best = at..<end }
      at = max(end, at + 1)
    }
    let hex = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
    return best.isEmpty ? hex(groups[...]) : hex(groups[..<best.lowerBound]) + "::" + hex(groups[best.upperBound...])
  }
}
