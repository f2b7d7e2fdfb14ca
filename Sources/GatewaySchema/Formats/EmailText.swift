/// RFC 5321 §4.1.2: a mailbox, local part dotted or quoted, domain or bracketed address; with characters beyond ASCII
/// in both parts where it is international (RFC 6531 §3.3).
enum EmailText {
  static func failure(_ text: UnsafeRawBufferPointer, isInternational: Bool = false) -> FormatFailure? {
    // The last "@": quoted local parts may hold others.
    guard let at = text.lastIndex(of: UInt8(ascii: "@")) else { return .emailWithoutAt }
    let local = UnsafeRawBufferPointer(rebasing: text[..<at])
    let domain = UnsafeRawBufferPointer(rebasing: text[(at + 1)...])
    guard !local.isEmpty, local.count <= 64, isDotted(local, isInternational) || isQuoted(local, isInternational)
    else { return .emailLocalPart }
    return isDomain(domain, isInternational) ? nil : .emailDomain
  }

  private static func isDotted(_ local: UnsafeRawBufferPointer, _ isInternational: Bool) -> Bool {
    var previousIsDot = true
    for byte in local {
      let isDot = byte == UInt8(ascii: ".")
      if isDot && previousIsDot || !isDot && !isAtomCharacter(byte) && !(isInternational && byte >= 0x80) {
        return false
      }
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

  private static func isQuoted(_ local: UnsafeRawBufferPointer, _ isInternational: Bool) -> Bool {
    guard local.count >= 2, local.first == UInt8(ascii: "\""), local.last == UInt8(ascii: "\"") else { return false }
    var position = 1
    while position < local.count - 1 {
      let byte = local[position]
      guard byte >= 0x20, byte < 0x7F || isInternational && byte >= 0x80, byte != UInt8(ascii: "\"") else {
        return false
      }
      if byte == UInt8(ascii: "\\") {
        position += 1
        guard position < local.count - 1 else { return false }
      }
      position += 1
    }
    return true
  }

  private static func isDomain(_ domain: UnsafeRawBufferPointer, _ isInternational: Bool) -> Bool {
    guard domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]"), domain.count > 2 else {
      return isInternational ? InternationalHostname.isHostname(domain) : HostnameText.isHostname(domain)
    }
    let literal = UnsafeRawBufferPointer(rebasing: domain[1..<domain.count - 1])
    let tag: StaticString = "IPv6:"
    if literal.count > 5, zip(literal, UnsafeBufferPointer(start: tag.utf8Start, count: 5)).allSatisfy({ $0 == $1 }) {
      return IPAddressText.isIPv6(UnsafeRawBufferPointer(rebasing: literal[5...]))
    }
    return IPAddressText.isIPv4(literal)
  }
}
