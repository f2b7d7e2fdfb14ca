import GatewayHTTP

/// A host pattern: `shop.example`, `*.shop.example` or an IP literal (`[::1]` or `::1` for IPv6).
///
/// Compared without regard to letter case, port and one trailing dot. The wildcard stands for one or more labels, so
/// `*.shop.example` matches `eu.shop.example` and `a.eu.shop.example`, not `shop.example`. IPv6 addresses are compared
/// as addresses, not as text.
public struct HostPattern: Sendable, Hashable {
  /// Longest host name (RFC 1035 §2.3.4, as text without the trailing dot).
  static let maximumLength = 253

  enum Form: Sendable, Hashable {
    /// Lower case, without trailing dot.
    case name([UInt8])
    /// What follows `*.`, likewise.
    case wildcard([UInt8])
    case address(IPAddress)
  }

  /// As written.
  public let text: String
  let form: Form

  /// - Throws: the first problem; offsets count UTF-8 bytes of `text`.
  public init(_ text: String) throws(RoutePatternProblem) {
    self.text = text
    self.form = try Self.parse(Array(text.utf8))
  }

  public static func == (a: HostPattern, b: HostPattern) -> Bool { a.form == b.form }
  public func hash(into hasher: inout Hasher) { hasher.combine(form) }

  private static func parse(_ bytes: [UInt8]) throws(RoutePatternProblem) -> Form {
    func problem(_ kind: RoutePatternProblem.Kind, _ range: Range<Int>) -> RoutePatternProblem {
      RoutePatternProblem(kind: kind, offset: range.lowerBound, count: range.count)
    }
    guard let first = bytes.first else { throw problem(.emptyHost, 0..<0) }
    let colons = bytes.indices.filter { bytes[$0] == UInt8(ascii: ":") }
    if first == UInt8(ascii: "[") || colons.count > 1 {
      var inner = bytes[...]
      if first == UInt8(ascii: "[") {
        guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else {
          throw problem(.invalidHostAddress, 0..<bytes.count)
        }
        guard close == bytes.count - 1 else {
          let isPort = bytes[close + 1] == UInt8(ascii: ":")
          throw problem(isPort ? .hostWithPort : .invalidHostAddress, close + 1..<bytes.count)
        }
        inner = bytes[1..<close]
      }
      guard let address = inner.contains(UInt8(ascii: ":")) ? inner.withUnsafeBytes({ IPAddress($0) }) : nil else {
        throw problem(.invalidHostAddress, inner.startIndex..<inner.endIndex)
      }
      return .address(address)
    }
    if let colon = colons.first { throw problem(.hostWithPort, colon..<bytes.count) }

    let isWildcard = bytes.starts(with: "*.".utf8)
    let start = isWildcard ? 2 : 0
    var name = bytes[start...]
    if name.last == UInt8(ascii: ".") { name = name.dropLast() }
    for at in name.indices {
      switch bytes[at] {
      case UInt8(ascii: "*"): throw problem(.hostWildcard, at..<at + 1)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        break
      case 0x80...: throw problem(.invalidHostCharacter("a character outside ASCII"), at..<at + 1)
      case 0..<0x21, 0x7F: throw problem(.invalidHostCharacter("a blank or control character"), at..<at + 1)
      default:
        throw problem(.invalidHostCharacter("'\(Character(UnicodeScalar(bytes[at])))'"), at..<at + 1)
      }
    }
    let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard name.count <= maximumLength, labels.allSatisfy({ 1...63 ~= $0.count }) else {
      throw problem(.invalidHostLabel, start..<bytes.count)
    }
    let lowered = name.map { $0 &- UInt8(ascii: "A") < 26 ? $0 | 0x20 : $0 }
    return isWildcard ? .wildcard(lowered) : .name(lowered)
  }

  /// Position in the order in which hosts are preferred: exact before wildcard, longer wildcard before shorter.
  var rank: (group: Int, length: Int, text: [UInt8]) {
    switch form {
    case .name(let name): (0, 0, name)
    case .address(let address): (0, 1, Array(address.description.utf8))
    case .wildcard(let suffix): (1, -suffix.count, suffix)
    }
  }
}
