import GatewayHTTP

/// A set of networks, compiled for look-up: sorted ranges that do not overlap, one list for each family.
///
/// A look-up is one binary search whatever the number of networks (15 steps for 30,000).
public struct NetworkSet: Sendable {
  /// A set without members.
  public static let empty = NetworkSet(networks: [])

  /// Whether peers of a Unix socket, which have no address, are members. They are only where the list says `unix`.
  public let includesUnixSockets: Bool
  private let v4: [ClosedRange<UInt32>]
  private let v6: [ClosedRange<UInt128>]

  public init(networks: [CIDR], includesUnixSockets: Bool = false) {
    self.includesUnixSockets = includesUnixSockets
    v4 = Self.merged(
      networks.filter(\.isV4).map {
        UInt32(truncatingIfNeeded: $0.network.low)...UInt32(truncatingIfNeeded: $0.last.low)
      })
    v6 = Self.merged(networks.filter { !$0.isV4 }.map { Self.number($0.network)...Self.number($0.last) })
  }

  /// Parses a list as the configuration has it: networks, addresses, and the word `unix` for Unix sockets. All
  /// mistakes are reported at once, under the name of the `option`.
  public init(_ entries: [String], option: String) throws(PolicyMistakes) {
    var networks: [CIDR] = []
    var unix = false
    var mistakes: [PolicyMistake] = []
    for (index, entry) in entries.enumerated() {
      if entry == "unix" {
        unix = true
        continue
      }
      do {
        networks.append(try CIDR(entry))
      } catch {
        var mistake = error
        mistake.option = option
        mistake.index = index
        mistakes.append(mistake)
      }
    }
    guard mistakes.isEmpty else { throw PolicyMistakes(mistakes) }
    self.init(networks: networks, includesUnixSockets: unix)
  }

  public var isEmpty: Bool { v4.isEmpty && v6.isEmpty && !includesUnixSockets }

  /// Whether the address is a member; nil stands for the peer of a Unix socket.
  public func contains(_ address: IPAddress?) -> Bool {
    guard let address else { return includesUnixSockets }
    return address.isV4
      ? Self.contains(UInt32(truncatingIfNeeded: address.low), in: v4) : Self.contains(Self.number(address), in: v6)
  }

  private static func number(_ address: IPAddress) -> UInt128 {
    UInt128(address.high) << 64 | UInt128(address.low)
  }

  /// The last range that begins at or before `value`, if it reaches that far.
  private static func contains<Number>(_ value: Number, in ranges: [ClosedRange<Number>]) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].lowerBound <= value { low = middle + 1 } else { high = middle }
    }
    return low > 0 && ranges[low - 1].upperBound >= value
  }

  private static func merged<Number: Comparable>(_ ranges: [ClosedRange<Number>]) -> [ClosedRange<Number>] {
    var result: [ClosedRange<Number>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, last.upperBound >= range.lowerBound {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
