import GatewayHTTP

/// A network: an address and how many of its leading bits count (RFC 4632, RFC 4291 §2.3).
public struct CIDR: Sendable, Hashable, CustomStringConvertible {
  /// The first address; all bits after the prefix are zero.
  public let network: IPAddress
  /// 0...32 for IPv4, 0...128 for IPv6.
  public let prefix: Int
  /// Whether the network is of IPv4. Networks inside ::ffff:0:0/96 (IPv4-mapped) are.
  public let isV4: Bool

  /// Parses `10.0.0.0/8`, `2001:db8::/32`, `::ffff:10.0.0.0/104`, or a single address. Bits set after the prefix are
  /// refused: such an entry is a typing error more often than not, and the hint names the network that was meant.
  public init(_ text: String) throws(PolicyMistake) {
    func mistake(_ expected: String, _ hint: String? = nil) -> PolicyMistake {
      PolicyMistake(option: "", found: "\"\(text)\"", expected: expected, hint: hint)
    }
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let address = IPAddress(String(first)) else {
      throw mistake("an IP address or network, such as 10.0.0.0/8 or 2001:db8::/32")
    }
    // A mapped address written in IPv6 form counts its prefix from the IPv6 side.
    let isMappedForm = address.isV4 && first.contains(":")
    let width = address.isV4 && !isMappedForm ? 32 : 128
    var prefix = width
    if parts.count == 2 {
      guard let number = Self.decimal(parts[1]), number <= width else {
        throw mistake("a prefix length from 0 to \(width)")
      }
      prefix = number
    }
    isV4 = address.isV4 && (!isMappedForm || prefix >= 96)
    let bits128 = width == 32 ? prefix + 96 : prefix
    self.prefix = isV4 ? bits128 - 96 : prefix
    network = Self.masked(address, bits128)
    guard network == address else {
      throw mistake("no bits after the prefix", "did you mean \(description), or \(address) alone?")
    }
  }

  /// Whether the address lies in the network. An IPv6 network never contains IPv4 addresses, not even `::/0`.
  public func contains(_ address: IPAddress) -> Bool {
    address.isV4 == isV4 && address.matches(network, prefix: isV4 ? prefix + 96 : prefix)
  }

  public var description: String { "\(network)/\(prefix)" }

  /// The last address of the network.
  var last: IPAddress {
    let bits = isV4 ? prefix + 96 : prefix
    let hostHigh: UInt64 = bits >= 64 ? 0 : .max >> UInt64(bits)
    let hostLow: UInt64 = bits >= 128 ? 0 : bits <= 64 ? .max : .max >> UInt64(bits - 64)
    return IPAddress(high: network.high | hostHigh, low: network.low | hostLow)
  }

  private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
    let high: UInt64 = bits >= 64 ? .max : ~(.max >> UInt64(bits))
    let low: UInt64 = bits >= 128 ? .max : bits <= 64 ? 0 : ~(.max >> UInt64(bits - 64))
    return IPAddress(high: address.high & high, low: address.low & low)
  }

  /// One to three digits without sign or leading zero.
  private static func decimal(_ text: Substring) -> Int? {
    guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
      text == "0" || !text.hasPrefix("0")
    else { return nil }
    return Int(text)
  }
}
