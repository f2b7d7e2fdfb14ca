import GatewayHTTP

/// An address as text, without making a String for the common IPv4 case; remembers the last one, as a connection's
/// requests come one after another.
struct ClientText {
  private var address: IPAddress?
  private var bytes: [UInt8] = []

  mutating func with<Result>(_ client: IPAddress?, _ use: (UnsafeRawBufferPointer) -> Result) -> Result {
    if client != address {
      address = client
      bytes.removeAll(keepingCapacity: true)
      if let client { write(client) }
    }
    return bytes.withUnsafeBytes(use)
  }

  private mutating func write(_ client: IPAddress) {
    guard client.isV4 else {
      bytes.append(contentsOf: client.description.utf8)
      return
    }
    for shift in [UInt64(24), 16, 8, 0] {
      if shift != 24 { bytes.append(UInt8(ascii: ".")) }
      let octet = UInt8(truncatingIfNeeded: client.low >> shift)
      if octet >= 100 { bytes.append(octet / 100 + 0x30) }
      if octet >= 10 { bytes.append(octet / 10 % 10 + 0x30) }
      bytes.append(octet % 10 + 0x30)
    }
  }
}
