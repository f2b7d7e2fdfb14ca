import GatewayHTTP

/// Reads IP addresses out of received bytes without making text of them: forwarding fields are parsed on every request
/// behind a proxy.
enum AddressText {
  /// Dotted IPv4 (four decimal numbers, no leading zeros, which some read as octal) or IPv6 (RFC 4291 §2.2) without
  /// brackets, port or zone; nil for anything else.
  static func parse(_ bytes: UnsafeRawBufferPointer) -> IPAddress? {
    guard bytes.count >= 2, bytes.count <= 45 else { return nil }
    if bytes.contains(UInt8(ascii: ":")) { return parseV6(bytes) }
    return parseV4(bytes[...]).map { IPAddress(v4: $0) }
  }

  /// A node as proxies write it: an address, `a.b.c.d:port`, `[v6]` or `[v6]:port` (RFC 7239 §6, and the same habit in
  /// `X-Forwarded-For`).
  static func parseNode(_ bytes: UnsafeRawBufferPointer) -> IPAddress? {
    guard let first = bytes.first else { return nil }
    if first == UInt8(ascii: "[") {
      guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      let rest = bytes[(close + 1)...]
      guard rest.isEmpty || isPort(rest) else { return nil }
      return parseV6(UnsafeRawBufferPointer(rebasing: bytes[1..<close]))
    }
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return parse(bytes) }
    // One colon is a port, more are IPv6.
    if bytes[(colon + 1)...].contains(UInt8(ascii: ":")) { return parse(bytes) }
    guard isPort(bytes[colon...]) else { return nil }
    return parse(UnsafeRawBufferPointer(rebasing: bytes[..<colon]))
  }

  /// `:` and one to five digits, or an obfuscated port `:_name` (RFC 7239 §6.3).
  private static func isPort(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard bytes.first == UInt8(ascii: ":") else { return false }
    let port = bytes.dropFirst()
    if port.first == UInt8(ascii: "_") { return port.count > 1 && port.allSatisfy(FieldSyntax.isTokenCharacter) }
    return !port.isEmpty && port.count <= 5 && port.allSatisfy { $0 &- 0x30 < 10 }
  }

  private static func parseV4(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt32? {
    var address: UInt32 = 0
    var number: UInt32 = 0
    var digits = 0
    var numbers = 0
    for byte in bytes {
      if byte == UInt8(ascii: ".") {
        guard digits > 0, numbers < 3 else { return nil }
        address = address << 8 | number
        numbers += 1
        number = 0
        digits = 0
        continue
      }
      let digit = UInt32(byte &- 0x30)
      guard digit < 10, digits == 0 || number != 0 else { return nil }
      number = number * 10 + digit
      digits += 1
      guard number < 256 else { return nil }
    }
    guard digits > 0, numbers == 3 else { return nil }
    return address << 8 | number
  }

  private static func parseV6(_ bytes: UnsafeRawBufferPointer) -> IPAddress? {
    let colon = UInt8(ascii: ":")
    guard bytes.count >= 2, bytes.count <= 45 else { return nil }
    // Groups before `::` fill `address` from the left, groups after it `tail` from the right.
    var address: (high: UInt64, low: UInt64) = (0, 0)
    var groups = 0
    var groupsAtGap: Int?
    var at = 0
    func push(_ group: UInt64) {
      address = (address.high << 16 | address.low >> 48, address.low << 16 | group)
      groups += 1
    }
    if bytes[0] == colon {
      guard bytes[1] == colon else { return nil }
      groupsAtGap = 0
      at = 2
    }
    while at < bytes.count {
      guard groups < 8 else { return nil }
      var end = at
      var value: UInt64 = 0
      while end < bytes.count, let digit = hexDigit(bytes[end]) {
        value = value << 4 | UInt64(digit)
        end += 1
        guard end - at <= 4 else { return nil }
      }
      if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
        guard groups <= 6, let v4 = parseV4(bytes[at...]) else { return nil }
        push(UInt64(v4 >> 16))
        push(UInt64(v4 & 0xFFFF))
        at = bytes.count
        break
      }
      guard end > at else { return nil }
      push(value)
      at = end
      guard at < bytes.count else { break }
      guard bytes[at] == colon else { return nil }
      at += 1
      guard at < bytes.count else { return nil }
      if bytes[at] == colon {
        guard groupsAtGap == nil else { return nil }
        groupsAtGap = groups
        at += 1
      }
    }
    guard let gap = groupsAtGap else { return groups == 8 ? IPAddress(high: address.high, low: address.low) : nil }
    guard groups < 8 else { return nil }
    return spread(address, groups: groups, gap: gap)
  }

  /// Moves the groups before the gap to the left end; `address` holds all groups at the right end.
  private static func spread(_ address: (high: UInt64, low: UInt64), groups: Int, gap: Int) -> IPAddress {
    let all = UInt128(address.high) << 64 | UInt128(address.low)
    let tailBits = UInt128((groups - gap) * 16)
    let tail = all & ((1 << tailBits) - 1)
    let head = gap == 0 ? 0 : (all >> tailBits) << UInt128((8 - gap) * 16)
    let joined = head | tail
    return IPAddress(high: UInt64(truncatingIfNeeded: joined >> 64), low: UInt64(truncatingIfNeeded: joined))
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    if byte &- 0x30 < 10 { return byte &- 0x30 }
    let letter = byte | 0x20
    return letter &- 0x61 < 6 ? letter &- 0x61 &+ 10 : nil
  }
}
