/// UUIDs as Pydantic's lax mode reads them: hyphenated, 32 plain digits, in braces, or after `urn:uuid:`; any case.
enum LaxUUID {
  enum Failure: Sendable, Hashable {
    case length(Int)
    /// The character and its byte position.
    case character(String, Int)
    case groupCount(Int)
    case group(Int, expected: Int, found: Int)
  }

  /// Calls `put` for each of the 32 digits in lower case.
  static func parse(_ text: UnsafeRawBufferPointer, _ put: (UInt8) -> Void) -> Failure? {
    var start = 0
    var end = text.count
    var needsGroups = false
    if text.count >= 2, text[0] == UInt8(ascii: "{"), text[text.count - 1] == UInt8(ascii: "}") {
      start = 1
      end -= 1
      needsGroups = true
    } else if starts(text, "urn:uuid:") {
      start = 9
      needsGroups = true
    }
    var hyphens = 0
    for position in start..<end {
      let byte = text[position]
      if byte == UInt8(ascii: "-") {
        hyphens += 1
      } else if !UUIDText.isHexadecimal(byte) {
        let rest = String(decoding: text[position..<min(position + 4, text.count)], as: UTF8.self)
        return .character(rest.unicodeScalars.first.map { String($0) } ?? "", position)
      }
    }
    if hyphens == 0 && !needsGroups {
      guard end - start == 32 else { return .length(end - start) }
    } else {
      guard hyphens == 4 else { return .groupCount(hyphens + 1) }
      var group = 0
      var length = 0
      for position in start...end {
        if position < end, text[position] != UInt8(ascii: "-") {
          length += 1
          continue
        }
        let expected = group == 0 ? 8 : (group == 4 ? 12 : 4)
        guard length == expected else { return .group(group, expected: expected, found: length) }
        group += 1
        length = 0
      }
    }
    for position in start..<end where text[position] != UInt8(ascii: "-") {
      let byte = text[position]
      put((UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte) ? byte | 0x20 : byte)
    }
    return nil
  }

  private static func starts(_ text: UnsafeRawBufferPointer, _ prefix: StaticString) -> Bool {
    guard text.count >= prefix.utf8CodeUnitCount else { return false }
    for position in 0..<prefix.utf8CodeUnitCount where text[position] != prefix.utf8Start[position] { return false }
    return true
  }
}
