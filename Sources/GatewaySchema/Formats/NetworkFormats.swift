/// Addresses as text.
enum IPAddressText {
  /// RFC 2673 §3.2: four decimal numbers, without leading zeros (which some readers take for octal).
  static func isIPv4(_ text: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    for part in 0..<4 {
      if part > 0 {
        guard position < text.count, text[position] == UInt8(ascii: ".") else { return false }
        position += 1
      }
      let start = position
      var value = 0
      while position < text.count, text[position] &- UInt8(ascii: "0") < 10, position - start < 3 {
        value = value * 10 + Int(text[position] - UInt8(ascii: "0"))
        position += 1
      }
      guard position > start, value <= 255 else { return false }
      guard position - start == 1 || text[start] != UInt8(ascii: "0") else { return false }
    }
    return position == text.count
  }

  /// RFC 4291 §2.2: eight groups, one run of zeros as `::`, the last 32 bits perhaps dotted. No zone.
  static func isIPv6(_ text: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    var groups = 0
    var compressed = false
    if text.count >= 2, text[0] == UInt8(ascii: ":") {
      guard text[1] == UInt8(ascii: ":") else { return false }
      compressed = true
      position = 2
    }
    while position < text.count {
      let start = position
      while position < text.count, UUIDText.isHexadecimal(text[position]), position - start < 4 { position += 1 }
      if position < text.count, text[position] == UInt8(ascii: ".") {
        guard isIPv4(UnsafeRawBufferPointer(rebasing: text[start...])) else { return false }
        groups += 2
        position = text.count
        break
      }
      guard position > start else { return false }
      groups += 1
      guard position < text.count else { break }
      guard text[position] == UInt8(ascii: ":"), position + 1 < text.count else { return false }
      position += 1
      if text[position] == UInt8(ascii: ":") {
        guard !compressed else { return false }
        compressed = true
        position += 1
      }
    }
    return compressed ? groups <= 7 : groups == 8
  }
}

/// RFC 1123 §2.1: labels of letters, digits and inner hyphens, at most 63 each and 253 together.
enum HostnameText {
  static func isHostname(_ text: UnsafeRawBufferPointer) -> Bool {
    guard text.count > 0, text.count <= 253 else { return false }
    var start = 0
    for position in 0...text.count {
      guard position == text.count || text[position] == UInt8(ascii: ".") else { continue }
      guard isLabel(UnsafeRawBufferPointer(rebasing: text[start..<position])) else { return false }
      start = position + 1
    }
    return true
  }

  private static func isLabel(_ label: UnsafeRawBufferPointer) -> Bool {
    guard let first = label.first, let last = label.last, label.count <= 63 else { return false }
    guard first != UInt8(ascii: "-"), last != UInt8(ascii: "-") else { return false }
    // RFC 5891 §4.2.3.1: "--" in third and fourth place belongs to A-labels.
    if label.count >= 4, label[2] == UInt8(ascii: "-"), label[3] == UInt8(ascii: "-") {
      guard first | 0x20 == UInt8(ascii: "x"), label[1] | 0x20 == UInt8(ascii: "n"), label.count > 4 else {
        return false
      }
    }
    return label.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
  }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
  }
}

/// RFC 5321 §4.1.2: an ASCII mailbox, local part dotted or quoted, domain or bracketed address.
enum EmailText {
  static func failure(_ text: UnsafeRawBufferPointer) -> FormatFailure? {
    // The last "@": quoted local parts may hold others.
    guard let at = text.lastIndex(of: UInt8(ascii: "@")) else { return .emailWithoutAt }
    let local = UnsafeRawBufferPointer(rebasing: text[..<at])
    let domain = UnsafeRawBufferPointer(rebasing: text[(at + 1)...])
    guard !local.isEmpty, local.count <= 64, isDotted(local) || isQuoted(local) else { return .emailLocalPart }
    return isDomain(domain) ? nil : .emailDomain
  }

  private static func isDotted(_ local: UnsafeRawBufferPointer) -> Bool {
    var previousIsDot = true
    for byte in local {
      let isDot = byte == UInt8(ascii: ".")
      if isDot && previousIsDot || !isDot && !isAtomCharacter(byte) { return false }
      previousIsDot = isDot
    }
    return !previousIsDot
  }

  private static func isAtomCharacter(_ byte: UInt8) -> Bool {
    if HostnameText.isLetterOrDigit(byte) { return true }
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "="),
      UInt8(ascii: "?"), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"),
      UInt8(ascii: "}"), UInt8(ascii: "~"):
      return true
    default: return false
    }
  }

  private static func isQuoted(_ local: UnsafeRawBufferPointer) -> Bool {
    guard local.count >= 2, local.first == UInt8(ascii: "\""), local.last == UInt8(ascii: "\"") else { return false }
    var position = 1
    while position < local.count - 1 {
      let byte = local[position]
      guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\"") else { return false }
      if byte == UInt8(ascii: "\\") {
        position += 1
        guard position < local.count - 1 else { return false }
      }
      position += 1
    }
    return true
  }

  private static func isDomain(_ domain: UnsafeRawBufferPointer) -> Bool {
    guard domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]"), domain.count > 2 else {
      return HostnameText.isHostname(domain)
    }
    let literal = UnsafeRawBufferPointer(rebasing: domain[1..<domain.count - 1])
    let tag: StaticString = "IPv6:"
    if literal.count > 5, zip(literal, UnsafeBufferPointer(start: tag.utf8Start, count: 5)).allSatisfy({ $0 == $1 }) {
      return IPAddressText.isIPv6(UnsafeRawBufferPointer(rebasing: literal[5...]))
    }
    return IPAddressText.isIPv4(literal)
  }
}

/// RFC 3986, the shape rather than every clause: scheme, characters, escapes, brackets, port.
enum URIText {
  static func failure(_ text: UnsafeRawBufferPointer) -> FormatFailure? {
    guard let first = text.first else { return .uriEmpty }
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")), (first | 0x20) &- UInt8(ascii: "a") < 26,
      text[..<colon].allSatisfy(isSchemeCharacter)
    else { return .uriWithoutScheme }
    var fragments = 0
    var position = colon + 1
    var authorityEnd = position
    if text.count >= position + 2, text[position] == UInt8(ascii: "/"), text[position + 1] == UInt8(ascii: "/") {
      authorityEnd = position + 2
      while authorityEnd < text.count, !endsAuthority(text[authorityEnd]) { authorityEnd += 1 }
      guard isAuthority(UnsafeRawBufferPointer(rebasing: text[position + 2..<authorityEnd])) else {
        return .uriCharacter
      }
      position = authorityEnd
    }
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "%") {
        guard position + 2 < text.count, UUIDText.isHexadecimal(text[position + 1]),
          UUIDText.isHexadecimal(text[position + 2])
        else { return .uriCharacter }
      } else if byte == UInt8(ascii: "#") {
        fragments += 1
        guard fragments == 1 else { return .uriCharacter }
      } else if !isPathCharacter(byte) {
        return .uriCharacter
      }
      position += 1
    }
    return nil
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

  private static func isAuthority(_ authority: UnsafeRawBufferPointer) -> Bool {
    var host = authority[...]
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
      guard isEscapedText(authority[..<at], allowing: UInt8(ascii: ":")) else { return false }
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
    return isEscapedText(host, allowing: nil)
  }

  private static func isPort(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
  }

  private static func isEscapedText(_ text: Slice<UnsafeRawBufferPointer>, allowing extra: UInt8?) -> Bool {
    var position = text.startIndex
    while position < text.endIndex {
      let byte = text[position]
      if byte == UInt8(ascii: "%") {
        guard position + 2 < text.endIndex, UUIDText.isHexadecimal(text[position + 1]),
          UUIDText.isHexadecimal(text[position + 2])
        else { return false }
      } else if !isUnreservedOrDelimiter(byte) && byte != extra {
        return false
      }
      position += 1
    }
    return true
  }
}
