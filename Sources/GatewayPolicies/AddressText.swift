import GatewayHTTP

/// Reads the nodes of forwarding fields out of received bytes without making text of them: they are parsed on every
/// request behind a proxy.
enum AddressText {
  /// A node as proxies write it: an address, `a.b.c.d:port`, `[v6]` or `[v6]:port` (RFC 7239 §6, and the same habit in
  /// `X-Forwarded-For`); nil for anything else.
  static func parseNode(_ bytes: UnsafeRawBufferPointer) -> IPAddress? {
    guard let first = bytes.first else { return nil }
    if first == UInt8(ascii: "[") {
      guard let close = bytes.firstIndex(of: UInt8(ascii: "]"), from: 1) else { return nil }
      let rest = bytes[(close + 1)...]
      guard rest.isEmpty || isPort(rest) else { return nil }
      return bracketed(bytes[1..<close])
    }
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":"), from: 0) else { return IPAddress(bytes) }
    // One colon is a port, more are IPv6.
    if bytes.firstIndex(of: UInt8(ascii: ":"), from: colon + 1) != nil { return IPAddress(bytes) }
    guard isPort(bytes[colon...]) else { return nil }
    return IPAddress(UnsafeRawBufferPointer(rebasing: bytes[..<colon]))
  }

  /// What may stand in brackets: IPv6 only.
  static func bracketed(_ bytes: Slice<UnsafeRawBufferPointer>) -> IPAddress? {
    bytes.contains(UInt8(ascii: ":")) ? IPAddress(UnsafeRawBufferPointer(rebasing: bytes)) : nil
  }

  /// `:` and one to five digits, or an obfuscated port `:_name` (RFC 7239 §6.3).
  private static func isPort(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard bytes.first == UInt8(ascii: ":") else { return false }
    let port = bytes.dropFirst()
    if port.first == UInt8(ascii: "_") { return port.count > 1 && port.allSatisfy(FieldSyntax.isTokenCharacter) }
    return !port.isEmpty && port.count <= 5 && port.allSatisfy { $0 &- 0x30 < 10 }
  }
}
