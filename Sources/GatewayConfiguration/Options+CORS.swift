import GatewayJSON

extension CORSOptions {
  static let section = Section<CORSOptions>(
    "policies.cors", "Which other sites' scripts may call, by the Fetch standard.", make: CORSOptions()
  ) {
    Option(
      required: "origins", \.origins, .origins,
      "Origins such as `https://shop.example` or `https://*.shop.example`, or `\"*\"` for everybody.")
    Option(
      "methods", \.methods, .list(of: Kind.star(or: .method).located, isSingleAllowed: true),
      "Methods that scripts may use; `\"*\"`: all.")
    Option(
      "headers", \.headers, .list(of: Kind.star(or: .fieldName).located, isSingleAllowed: true),
      "Request fields that scripts may set; `\"*\"`: all.")
    Option(
      "expose", \.expose, .list(of: Kind.star(or: .fieldName).located, isSingleAllowed: true),
      "Response fields that scripts may read; `\"*\"`: all.")
    Option("credentials", \.credentials, .boolean, "Browsers send cookies and credentials along.")
    Option(
      "max_age", \.maxAge, .wholeSeconds(.zero...Duration.seconds(86_400)),
      "How long browsers keep a preflight's answer.")
  }

  /// With credentials a `*` would let every site act in the name of a signed-in user; browsers refuse it, and echoing
  /// the origin instead is the classic hole.
  func check(_ cursor: Cursor, _ decoder: FileDecoder) -> Bool {
    guard credentials, let place = cursor.child("credentials") else { return true }
    var isFine = true
    let written = cursor.child("origins").map { $0.items ?? [$0] } ?? []
    for origin in written {
      guard let text = decoder.scalar(origin)?.text, text == "*" || text == "null" else { continue }
      decoder.error(
        .conflict, "`\(text)` and `credentials` do not go together: any site could act for a signed-in user",
        at: origin, help: "list the origins, or turn `credentials` off",
        notes: [.init("credentials are allowed here", at: place.location)])
      isFine = false
    }
    for (key, list) in [("headers", headers), ("expose", expose), ("methods", methods)] {
      for item in list where item.value == "*" {
        decoder.diagnostics.error(
          .conflict, "with `credentials`, `*` in `\(key)` is no wildcard for browsers", at: item,
          help: "list the names",
          notes: [.init("credentials are allowed here", at: place.location)])
        isFine = false
      }
    }
    return isFine
  }
}

extension Kind where Value == CORSOptions.Origins {
  fileprivate static var origins: Kind {
    Kind<[Located<String>]>.list(of: Kind<String>.origin.located, atLeast: 1, isSingleAllowed: true).map {
      $0.contains { $0.value == "*" } ? .any : .list($0)
    }
  }
}

extension Kind where Value == String {
  fileprivate static func star(or kind: Kind) -> Kind {
    Kind(
      kind.type + ", or `\"*\"`", schema: .object(["anyOf": .array([kind.schema, .object(["const": .string("*")])])]),
      show: \.self
    ) {
      cursor, decoder in
      decoder.scalar(cursor)?.text == "*" ? "*" : kind.read(cursor, decoder)
    }
  }

  /// An origin as browsers write it: lower case, no default port (RFC 6454 §6.2).
  fileprivate static var origin: Kind {
    let type = "an origin such as `https://shop.example`, or `\"*\"`"
    return Kind(type, schema: .object(["type": .string("string")]), show: \.self) { cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      if text == "*" || text == "null" { return text }
      let lower = text.lowercased()
      func fail(_ message: String, _ suggestion: String? = nil) -> String? {
        decoder.invalid(cursor, message, expected: type, suggestion: suggestion)
        return nil
      }
      guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else {
        if lower.contains("://") { return fail("an origin's scheme must be `https` or `http`") }
        return fail("an origin needs a scheme", HostText.isHost(HostText.split(lower).host) ? "https://" + lower : nil)
      }
      let authority = lower.dropFirst(scheme.count)
      if let end = authority.firstIndex(where: { "/?#".contains($0) }) {
        return fail("an origin ends with the host or port", scheme + authority[..<end])
      }
      let (host, port) = HostText.split(String(authority))
      guard HostText.isHost(host, wildcard: true) else { return fail("`\(host)` is no host name or address") }
      guard let port else { return lower }
      guard let number = HostText.port(port, from: 1) else { return fail("`\(port)` is no port") }
      return scheme + host + (number == (scheme == "https://" ? 443 : 80) ? "" : ":\(number)")
    }
  }
}
