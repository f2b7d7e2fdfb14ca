import GatewayJSON

/// Host names and `host:port` as text.
enum HostText {
  /// A host name by RFC 1123 §2.1, an IPv4 address, or `[IPv6]`; `wildcard`: may begin with `*.`.
  static func isHost(_ text: some StringProtocol, wildcard: Bool = false) -> Bool {
    if text.hasPrefix("["), text.hasSuffix("]") {
      let inner = String(text.dropFirst().dropLast())
      return inner.contains(":") && NetworkText.address(inner) != nil
    }
    let name = wildcard && text.hasPrefix("*.") ? String(text.dropFirst(2)) : String(text)
    guard !name.isEmpty, name.utf8.count <= 253 else { return false }
    return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy { byte in
          byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
            || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
        }
    }
  }

  /// Splits at the last colon outside brackets. `port` is nil where there is none; an empty or wrong one is no number.
  static func split(_ text: String) -> (host: Substring, port: Substring?) {
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
      let rest = text[text.index(after: close)...]
      return (text[...close], rest.isEmpty ? nil : rest.hasPrefix(":") ? rest.dropFirst() : rest)
    }
    guard let colon = text.lastIndex(of: ":") else { return (text[...], nil) }
    return (text[..<colon], text[text.index(after: colon)...])
  }

  static func port(_ text: Substring, from least: Int = 0) -> Int? {
    UnitText.number(text).flatMap { (least...65_535).contains($0) ? $0 : nil }
  }

  static func withoutBrackets(_ host: some StringProtocol) -> String {
    host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
  }
}

extension Kind where Value == ListenAddress {
  static var listenAddress: Kind {
    let type = "an address such as `127.0.0.1:8080`, `[::]:443` or `unix:/run/gateway.sock`"
    return Kind(type, schema: JSONValue.object(["type": .string("string")]), show: \.description) { cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      if text.hasPrefix("unix:") {
        let path = String(text.dropFirst("unix:".count))
        // sockaddr_un.sun_path holds 108 bytes with the terminator.
        let joined = Paths.joined(path, to: decoder.directory)
        if !path.isEmpty, joined.utf8.count <= 107 { return .unix(path: joined) }
        decoder.invalid(cursor, path.isEmpty ? "the socket has no path" : "the socket's path is longer than 107 bytes")
        return nil
      }
      let (host, port) = HostText.split(text)
      func fail(_ message: String, _ suggestion: String? = nil) -> ListenAddress? {
        decoder.invalid(cursor, message, expected: type, suggestion: suggestion)
        return nil
      }
      guard let port else {
        if let number = HostText.port(text[...]) { return fail("the address has no host", "127.0.0.1:\(number)") }
        return fail("the address has no port", HostText.isHost(text) ? text + ":8080" : nil)
      }
      guard let number = HostText.port(port) else { return fail("`\(port)` is no port: a number from 0 to 65535") }
      if host.isEmpty || host == "*" {
        return fail("the address has no host", "0.0.0.0:\(number)")
      }
      if host.contains(":"), !host.hasPrefix("["), NetworkText.address(String(host)) != nil {
        return fail("an IPv6 address needs brackets", "[\(host)]:\(number)")
      }
      guard HostText.isHost(host) else { return fail("`\(host)` is no host name or address") }
      return .tcp(host: HostText.withoutBrackets(host), port: number)
    }
  }
}

extension Kind where Value == UpstreamTarget {
  static var target: Kind {
    let type = "a URL such as `http://127.0.0.1:9001`"
    return Kind(type, schema: JSONValue.object(["type": .string("string")])) { cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      func fail(_ message: String, _ suggestion: String? = nil) -> UpstreamTarget? {
        decoder.invalid(cursor, message, expected: type, suggestion: suggestion)
        return nil
      }
      let lower = text.lowercased()
      if lower.hasPrefix("https://") {
        decoder.error(
          .notAvailable, "TLS to upstreams is not available yet", at: cursor, found: cursor.node.summary, expected: type
        )
        return nil
      }
      guard lower.hasPrefix("http://") else {
        let hasScheme = text.contains("://")
        return fail(
          hasScheme ? "a target's scheme must be `http`" : "a target needs a scheme",
          hasScheme ? nil : "http://" + text)
      }
      var authority = String(text.dropFirst("http://".count))
      if authority.hasSuffix("/") { authority.removeLast() }
      if let end = authority.firstIndex(where: { "/?#".contains($0) }) {
        return fail(
          "a target has no path; what is sent is decided by the route's `proxy.path`",
          "http://" + authority[..<end])
      }
      if authority.contains("@") { return fail("a target holds no user name or password") }
      let (host, port) = HostText.split(authority)
      guard HostText.isHost(host) else { return fail("`\(host)` is no host name or address") }
      guard let port else {
        return UpstreamTarget(
          host: HostText.withoutBrackets(host), port: 80, authority: authority, location: cursor.location)
      }
      guard let number = HostText.port(port, from: 1) else {
        return fail("`\(port)` is no port: a number from 1 to 65535")
      }
      return UpstreamTarget(
        host: HostText.withoutBrackets(host), port: number, authority: number == 80 ? String(host) : authority,
        location: cursor.location)
    }
  }
}
