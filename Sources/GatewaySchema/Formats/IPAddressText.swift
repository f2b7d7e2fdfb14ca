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
