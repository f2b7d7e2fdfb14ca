/// RFC 9562 §4: 8-4-4-4-12 hexadecimal digits in either case.
enum UUIDText {
  static func failure(_ text: UnsafeRawBufferPointer) -> FormatFailure? {
    var group = 0
    var length = 0
    func expectedLength(_ group: Int) -> Int { group == 0 ? 8 : (group == 4 ? 12 : 4) }
    for position in 0..<text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "-") {
        guard group < 4 else { return .uuidLength(text.count) }
        guard length == expectedLength(group) else {
          return .uuidGroup(group, expected: expectedLength(group), found: length)
        }
        group += 1
        length = 0
      } else if isHexadecimal(byte) {
        length += 1
      } else {
        return .uuidCharacter(byte, position)
      }
    }
    guard group == 4 else { return .uuidLength(text.count) }
    return length == 12 ? nil : .uuidGroup(4, expected: 12, found: length)
  }

  static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
