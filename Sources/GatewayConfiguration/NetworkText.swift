import GatewayJSON
import Glibc

/// Addresses and address blocks as text.
enum NetworkText {
  enum Mistake: Error {
    case notAnAddress
    case prefix(most: Int)
    /// Bits are set that the prefix does not cover; `meant` has them cleared.
    case hostBits(meant: String)
  }

  /// `10.0.0.0/8`, `2001:db8::/32`, or a single address.
  static func parse(_ text: String) -> Result<Network, Mistake> {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let address = address(String(first)) else { return .failure(.notAnAddress) }
    let isV4 = first.contains(".") && !first.contains(":")
    let bits = isV4 ? 32 : 128
    guard parts.count == 2 else { return .success(Network(high: address.high, low: address.low, prefix: 128)) }
    guard let written = UnitText.number(parts[1]), written <= bits else { return .failure(.prefix(most: bits)) }
    let prefix = written + 128 - bits
    let network = Network(
      high: address.high & mask(min(prefix, 64)), low: address.low & mask(max(0, prefix - 64)), prefix: prefix)
    guard network.high == address.high, network.low == address.low else {
      return .failure(.hostBits(meant: format(network, isV4: isV4) + "/\(written)"))
    }
    return .success(network)
  }

  /// IPv4 in the mapped form.
  static func address(_ text: String) -> (high: UInt64, low: UInt64)? {
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      return (0, 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: v4.s_addr)))
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    return withUnsafeBytes(of: v6) {
      (
        UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
        UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
  }

  /// The mask of the first `bits` (0...64).
  private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }

  static func format(_ network: Network, isV4: Bool) -> String {
    if isV4 { return [24, 16, 8, 0].map { String(network.low >> $0 & 0xFF) }.joined(separator: ".") }
    var bytes = in6_addr()
    withUnsafeMutableBytes(of: &bytes) {
      $0.storeBytes(of: network.high.bigEndian, toByteOffset: 0, as: UInt64.self)
      $0.storeBytes(of: network.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &bytes, &text, socklen_t(text.count)) != nil else { return "" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Kind where Value == Network {
  static var network: Kind {
    let type = "an address or a block such as `10.0.0.0/8` or `2001:db8::/32`"
    return Kind(type, schema: .object(["type": .string("string")])) { cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      switch NetworkText.parse(text) {
      case .success(let network): return network
      case .failure(.notAnAddress):
        decoder.invalid(cursor, "`\(cursor.keyPath)` must be \(type)", expected: type)
      case .failure(.prefix(let most)):
        decoder.invalid(cursor, "the part after `/` must be a number from 0 to \(most)", expected: type)
      case .failure(.hostBits(let meant)):
        decoder.invalid(
          cursor, "the address has bits set that its block does not cover", suggestion: meant,
          help: "write the first address of the block, or a longer prefix")
      }
      return nil
    }
  }
}
