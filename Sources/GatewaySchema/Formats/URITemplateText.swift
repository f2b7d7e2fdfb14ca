/// RFC 6570 §2: literals and expressions in braces.
enum URITemplateText {
  static func isTemplate(_ text: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position < text.count {
      let byte = text[position]
      switch byte {
      case UInt8(ascii: "{"):
        position += 1
        guard isExpression(text, &position) else { return false }
      case UInt8(ascii: "%"):
        guard URIText.isEscape(text, position) else { return false }
        position += 3
      // §2.1, with the apostrophe of erratum 6937.
      case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
        UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "}"), 0x7F:
        return false
      case 0x80...:
        guard let scalar = UTF8Scalar.at(text, &position), URIText.isInternational(scalar, isQuery: true) else {
          return false
        }
      default: position += 1
      }
    }
    return true
  }

  private static func isExpression(_ text: UnsafeRawBufferPointer, _ position: inout Int) -> Bool {
    guard position < text.count else { return false }
    switch text[position] {
    case UInt8(ascii: "+"), UInt8(ascii: "#"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ";"),
      UInt8(ascii: "?"), UInt8(ascii: "&"):
      position += 1
    default: break
    }
    while true {
      guard isVariable(text, &position), position < text.count else { return false }
      let byte = text[position]
      position += 1
      if byte == UInt8(ascii: "}") { return true }
      guard byte == UInt8(ascii: ",") else { return false }
    }
  }

  /// A name, and `*` or `:length` behind it.
  private static func isVariable(_ text: UnsafeRawBufferPointer, _ position: inout Int) -> Bool {
    var endsInDot = true
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: ".") {
        guard !endsInDot else { return false }
        endsInDot = true
        position += 1
        continue
      }
      if byte == UInt8(ascii: "%") {
        guard URIText.isEscape(text, position) else { return false }
        position += 3
      } else if HostnameText.isLetterOrDigit(byte) || byte == UInt8(ascii: "_") {
        position += 1
      } else {
        break
      }
      endsInDot = false
    }
    guard !endsInDot, position < text.count else { return false }
    if text[position] == UInt8(ascii: "*") {
      position += 1
    } else if text[position] == UInt8(ascii: ":") {
      position += 1
      let start = position
      while position < text.count, text[position] &- UInt8(ascii: "0") < 10 { position += 1 }
      guard position > start, position - start <= 4, text[start] != UInt8(ascii: "0") else { return false }
    }
    return true
  }
}
