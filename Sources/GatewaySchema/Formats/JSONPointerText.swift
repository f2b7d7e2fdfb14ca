/// Pointers into JSON values as text.
enum JSONPointerText {
  /// RFC 6901 §3.
  static func isPointer(_ text: UnsafeRawBufferPointer) -> Bool { isPointer(text, from: 0) }

  private static func isPointer(_ text: UnsafeRawBufferPointer, from start: Int) -> Bool {
    guard start < text.count else { return true }
    guard text[start] == UInt8(ascii: "/") else { return false }
    for position in start..<text.count where text[position] == UInt8(ascii: "~") {
      guard position + 1 < text.count,
        text[position + 1] == UInt8(ascii: "0") || text[position + 1] == UInt8(ascii: "1")
      else { return false }
    }
    return true
  }

  /// Relative JSON Pointer draft §3: levels up, then `#` or a pointer.
  static func isRelativePointer(_ text: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position < text.count, text[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    guard position > 0, position == 1 || text[0] != UInt8(ascii: "0") else { return false }
    if position < text.count, text[position] == UInt8(ascii: "#") { return position + 1 == text.count }
    return isPointer(text, from: position)
  }
}
