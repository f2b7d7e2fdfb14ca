import GatewayJSON

/// Names and values of HTTP, as far as the file holds them.
enum HTTPText {
  /// Methods that a route may name. CONNECT and TRACE are not routed: an edge is neither a tunnel nor an echo.
  static let methods = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY", "PROPFIND", "PROPPATCH", "MKCOL", "COPY",
    "MOVE", "LOCK", "UNLOCK", "REPORT", "PURGE",
  ]

  /// Fields that frame the message or belong to the connection (RFC 9110 §7.6.1, RFC 9112 §6): the gateway's own.
  static let ownFields: Set<String> = [
    "connection", "content-length", "date", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade",
  ]

  /// RFC 9110 §5.6.2.
  static func isToken(_ text: some StringProtocol) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }

  /// RFC 9110 §5.5, without obs-text: no control characters, so that a value cannot begin a new field.
  static func isFieldValue(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 < 0x7F }
      && text.first != " " && text.last != " " && text.first != "\t" && text.last != "\t"
  }
}

extension Kind where Value == String {
  /// A field name, made lower case.
  static var fieldName: Kind {
    Kind.string("a field name such as `x-request-id`", check: { HTTPText.isToken($0) ? nil : "is no field name" })
      .map(show: \.self) { $0.lowercased() }
  }

  static var fieldValue: Kind {
    .string("a field value") {
      $0.isEmpty ? "must not be empty" : HTTPText.isFieldValue($0) ? nil : "holds characters that a field cannot carry"
    }
  }

  /// A method in upper case.
  static var method: Kind {
    let type = "a method such as `GET`"
    return Kind(type, schema: .object(["enum": .strings(HTTPText.methods)])) { cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      return decoder.method(Located(text, at: cursor.location), cursor)?.value
    }
  }

  /// A host name, made lower case; may begin with `*.`.
  static var hostPattern: Kind {
    Kind.string(
      "a host name such as `shop.example` or `*.shop.example`",
      check: { text in
        if HostText.isHost(text, wildcard: true) { return nil }
        if text.contains("://") { return "must be without a scheme" }
        let (host, port) = HostText.split(text)
        if port != nil, HostText.isHost(host, wildcard: true) { return "must be without a port" }
        return "is no host name"
      }
    ).map(show: \.self) { $0.lowercased() }
  }
}

extension FileDecoder {
  func method(_ text: Located<String>, _ cursor: Cursor) -> Located<String>? {
    if HTTPText.methods.contains(text.value) { return text }
    let upper = text.value.uppercased()
    let isRefused = upper == "CONNECT" || upper == "TRACE"
    error(
      .invalidValue, isRefused ? "`\(text.value)` cannot be routed" : "`\(text.value)` is no method", at: cursor,
      place: text.location, expected: NearestWord.list(HTTPText.methods),
      suggestion: HTTPText.methods.contains(upper) ? upper : NearestWord.of(text.value, among: HTTPText.methods))
    return nil
  }
}
