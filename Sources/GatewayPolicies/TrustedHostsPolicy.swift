import GatewayHTTP

/// Refuses requests whose host is not one of ours, before anything builds links, cache keys or redirects from it
/// (Host header attacks).
///
/// Entries: an exact name, `*.domain` (its subdomains at any depth, not the domain itself), an IPv4 or `[IPv6]`
/// address, or `*`. Port, letter case and one final dot do not count. The answer is 400, as FastAPI gives it: 421 would
/// invite clients to try again on another connection (RFC 9110 §15.5.20).
public struct TrustedHostsPolicy: RequestPolicy {
  public var kind: StaticString { "trusted_hosts" }

  private let names: ByteStringSet
  /// `.domain` for each `*.domain`.
  private let suffixes: ByteStringSet
  private let v6: Set<IPAddress>
  private let trustsAll: Bool

  public init(_ hosts: [String]) throws(PolicyMistakes) {
    var names: [String] = []
    var suffixes: [String] = []
    var v6: Set<IPAddress> = []
    var mistakes: [PolicyMistake] = []
    for (index, host) in hosts.enumerated() {
      let lower = host.lowercased()
      if host == "*" { continue }
      if lower.hasPrefix("*."), Self.isHostName(lower.dropFirst(2)) {
        suffixes.append(String(lower.dropFirst()))
      } else if lower.hasPrefix("["), lower.hasSuffix("]"),
        let address = IPAddress(String(lower.dropFirst().dropLast())), lower.contains(":")
      {
        v6.insert(address)
      } else if Self.isHostName(lower[...]) {
        names.append(lower)
      } else {
        mistakes.append(Self.mistake(host, index))
      }
    }
    if hosts.isEmpty {
      mistakes.append(PolicyMistake(option: "hosts", found: "no entries", expected: "at least one host"))
    }
    guard mistakes.isEmpty else { throw PolicyMistakes(mistakes) }
    self.names = ByteStringSet(names)
    self.suffixes = ByteStringSet(suffixes)
    self.v6 = v6
    trustsAll = hosts.contains("*")
  }

  public func onRequest(_ context: inout RequestContext) throws(HTTPError) -> PolicyVerdict {
    if trustsAll { return .next }
    let trusted = context.head.bytes.withUnsafeReadableBytes { trusts($0[context.head.authority]) }
    guard trusted else {
      throw HTTPError(
        400, detail: "Invalid host header", cause: "trusted_hosts: \(context.head.text(context.head.authority))")
    }
    return .next
  }

  /// `authority` is a host with or without port; an empty one (HTTP/1.0) is not trusted.
  func trusts(_ authority: UnsafeRawBufferPointer) -> Bool {
    guard let first = authority.first else { return false }
    if first == UInt8(ascii: "[") {
      guard !v6.isEmpty, let close = authority.firstIndex(of: UInt8(ascii: "]"), from: 1),
        let address = AddressText.bracketed(authority[1..<close])
      else { return false }
      return v6.contains(address)
    }
    var end = authority.firstIndex(of: UInt8(ascii: ":"), from: 0) ?? authority.count
    if end > 0, authority[end - 1] == UInt8(ascii: ".") { end -= 1 }
    let host = UnsafeRawBufferPointer(rebasing: authority[..<end])
    return names.containsLowercased(host) || hasTrustedSuffix(host)
  }

  private func hasTrustedSuffix(_ host: UnsafeRawBufferPointer) -> Bool {
    guard !suffixes.isEmpty else { return false }
    // From the second byte: the part under `*` is never empty.
    for i in host.indices.dropFirst() where host[i] == UInt8(ascii: ".") {
      if suffixes.containsLowercased(UnsafeRawBufferPointer(rebasing: host[i...])) { return true }
    }
    return false
  }

  private static func mistake(_ host: String, _ index: Int) -> PolicyMistake {
    var hint: String?
    let bare = host.split(separator: "/").last.map(String.init) ?? host
    if host.contains("://") {
      hint = "without the scheme: \(bare)"
    } else if IPAddress(host) != nil {
      hint = "in brackets: [\(host)]"
    } else if let colon = host.lastIndex(of: ":"), !host.hasPrefix("[") {
      hint = "without the port, which does not count: \(host[..<colon])"
    } else if host.utf8.contains(where: { $0 >= 0x80 }) {
      hint = "in its ASCII form (xn--…)"
    }
    return PolicyMistake(
      option: "hosts", index: index, found: "\"\(host)\"",
      expected: "a host name, *.domain, an address, or *", hint: hint)
  }

  /// Labels of letters, digits, `-` and `_`, joined by single dots; no dot at either end.
  static func isHostName(_ text: Substring) -> Bool {
    guard text.utf8.count <= 253 else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty && label.utf8.count <= 63 && label.utf8.allSatisfy(isHostByte)
    }
  }

  static func isHostByte(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }
}
