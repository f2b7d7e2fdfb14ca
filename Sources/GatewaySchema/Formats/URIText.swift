/// RFC 3986: scheme, characters, escapes, brackets, port; RFC 3987 where it is international.
enum URIText {
  static func failure(
    _ text: UnsafeRawBufferPointer, isReference: Bool = false, isInternational: Bool = false
  ) -> FormatFailure? {
    if text.isEmpty { return isReference ? nil : .uriEmpty }
    var position = 0
    if let colon = schemeEnd(text) {
      position = colon + 1
    } else if !isReference {
      return .uriWithoutScheme
    } else if hasColonInFirstSegment(text) {
      return .uriCharacter
    }
    if text.count >= position + 2, text[position] == UInt8(ascii: "/"), text[position + 1] == UInt8(ascii: "/") {
      let start = position + 2
      var end = start
      while end < text.count, !endsAuthority(text[end]) { end += 1 }
      guard isAuthority(UnsafeRawBufferPointer(rebasing: text[start..<end]), isInternational) else {
        return .uriCharacter
      }
      position = end
    }
    var isQuery = false
    var isFragment = false
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "%") {
        guard isEscape(text, position) else { return .uriCharacter }
        position += 3
      } else if byte == UInt8(ascii: "#") {
        guard !isFragment else { return .uriCharacter }
        isFragment = true
        position += 1
      } else if byte >= 0x80 {
        guard isInternational, let scalar = UTF8Scalar.at(text, &position),
          self.isInternational(scalar, isQuery: isQuery && !isFragment)
        else { return .uriCharacter }
      } else if isPathCharacter(byte) {
        if byte == UInt8(ascii: "?") { isQuery = true }
        position += 1
      } else {
        return .uriCharacter
      }
    }
    return nil
  }

  private static func schemeEnd(_ text: UnsafeRawBufferPointer) -> Int? {
    guard let first = text.first, (first | 0x20) &- UInt8(ascii: "a") < 26 else { return nil }
    guard let colon = text.firstIndex(where: { !isSchemeCharacter($0) }), text[colon] == UInt8(ascii: ":") else {
      return nil
    }
    return colon
  }

  /// §4.2: it would be a scheme.
  private static func hasColonInFirstSegment(_ text: UnsafeRawBufferPointer) -> Bool {
    for byte in text {
      if byte == UInt8(ascii: ":") { return true }
      if endsAuthority(byte) { return false }
    }
    return false
  }

  /// `%` and two hexadecimal digits.
  static func isEscape(_ text: UnsafeRawBufferPointer, _ position: Int) -> Bool {
    position + 2 < text.count && UUIDText.isHexadecimal(text[position + 1])
      && UUIDText.isHexadecimal(text[position + 2])
  }

  /// RFC 3987 §2.2: `ucschar`, and `iprivate` in queries.
  static func isInternational(_ scalar: UInt32, isQuery: Bool) -> Bool {
    switch scalar {
    case 0xA0...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFEF: true
    case 0x10000...0xDFFFF: scalar & 0xFFFF <= 0xFFFD
    case 0xE1000...0xEFFFD: true
    case 0xE000...0xF8FF, 0xF0000...0xFFFFD, 0x100000...0x10FFFD: isQuery
    default: false
    }
  }

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }

  private static func isSchemeCharacter(_ byte: UInt8) -> Bool {
    HostnameText.isLetterOrDigit(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }

  private static func isUnreservedOrDelimiter(_ byte: UInt8) -> Bool {
    if HostnameText.isLetterOrDigit(byte) { return true }
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "!"),
      UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"),
      UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
      return true
    default: return false
    }
  }

  private static func isPathCharacter(_ byte: UInt8) -> Bool {
    isUnreservedOrDelimiter(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "/")
      || byte == UInt8(ascii: "?")
  }

  private static func isAuthority(_ authority: UnsafeRawBufferPointer, _ isInternational: Bool) -> Bool {
    var host = authority[...]
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
      guard isEscapedText(authority[..<at], allowing: UInt8(ascii: ":"), isInternational) else { return false }
      host = authority[(at + 1)...]
    }
    if host.first == UInt8(ascii: "[") {
      guard let close = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let inside = UnsafeRawBufferPointer(rebasing: host[(host.startIndex + 1)..<close])
      // IPvFuture is let through by its shape.
      guard IPAddressText.isIPv6(inside) || inside.first.map({ $0 | 0x20 == UInt8(ascii: "v") }) == true else {
        return false
      }
      let rest = host[(close + 1)...]
      return rest.isEmpty || isPort(rest)
    }
    if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
      guard isPort(host[colon...]) else { return false }
      host = host[..<colon]
    }
    return isEscapedText(host, allowing: nil, isInternational)
  }

  private static func isPort(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
  }

  private static func isEscapedText(
    _ text: Slice<UnsafeRawBufferPointer>, allowing extra: UInt8?, _ isInternational: Bool
  ) -> Bool {
    let text = UnsafeRawBufferPointer(rebasing: text)
    var position = 0
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "%") {
        guard isEscape(text, position) else { return false }
        position += 3
      } else if byte >= 0x80 {
        guard isInternational, let scalar = UTF8Scalar.at(text, &position),
          self.isInternational(scalar, isQuery: false)
        else { return false }
      } else {
        guard isUnreservedOrDelimiter(byte) || byte == extra else { return false }
        position += 1
      }
    }
    return true
  }
}
