/// Walks the cookies of one `Cookie` field value as FastAPI reads it: split on `;`, the first `=` separates, blanks are
/// trimmed, a piece without `=` is a value with an empty name, empty pieces are skipped. No percent-decoding.
///
/// Several `Cookie` fields are walked one after another; of equal names the last counts (`RequestCookies.last`).
/// Holds a pointer: use it inside the closure that gave the bytes.
public struct RequestCookies: Sequence, IteratorProtocol {
  public struct Cookie: Sendable, Equatable {
    public var name: ByteRange
    /// As received, quotes included; `RequestCookies.decode` reads it.
    public var value: ByteRange
  }

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  public init(_ value: UnsafeRawBufferPointer) { bytes = value }

  public mutating func next() -> Cookie? {
    while position < bytes.count {
      let start = position
      let end = ByteScan.byte(UInt8(ascii: ";"), bytes, from: start, to: bytes.count)
      position = end + 1
      let equals = ByteScan.byte(UInt8(ascii: "="), bytes, from: start, to: end)
      let name = equals < end ? ByteScan.trimmed(bytes, start..<equals) : start..<start
      let value = ByteScan.trimmed(bytes, (equals < end ? equals + 1 : start)..<end)
      if name.isEmpty && value.isEmpty { continue }
      return Cookie(name: ByteRange(name), value: ByteRange(value))
    }
    return nil
  }

  /// The value that counts for a name (exact letter case): the last one in the last field that has it; nil where none
  /// has. A range into `head.bytes`.
  public static func last(_ name: UnsafeRawBufferPointer, in head: RequestHead) -> ByteRange? {
    head.bytes.withUnsafeReadableBytes { bytes in
      for field in head.fields.reversed() where field.known == .cookie {
        var found: ByteRange?
        for cookie in RequestCookies(bytes[field.value]) where bytes[field.value][cookie.name].elementsEqual(name) {
          found = cookie.value
        }
        if let found { return ByteRange(start: field.value.start + found.start, count: found.count) }
      }
      return nil
    }
  }

  /// The bytes of a value: one in double quotes is unquoted with `\"`, `\\` and the octal escapes `\000` to `\377` that
  /// Python's writers use for the characters of those numbers, so above `\177` two bytes of UTF-8 each. Nil where the
  /// value is as it stands, so that nothing is copied.
  public static func unquoted(_ value: UnsafeRawBufferPointer) -> [UInt8]? {
    let quote = UInt8(ascii: "\"")
    guard value.count >= 2, value[0] == quote, value[value.count - 1] == quote else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(value.count)
    let end = value.count - 1
    var at = 1
    while at < end {
      guard value[at] == UInt8(ascii: "\\"), at + 1 < end else {
        result.append(value[at])
        at += 1
        continue
      }
      if at + 3 < end, value[at + 1] &- 0x30 < 4, value[at + 2] &- 0x30 < 8, value[at + 3] &- 0x30 < 8 {
        let number = (value[at + 1] &- 0x30) << 6 | (value[at + 2] &- 0x30) << 3 | (value[at + 3] &- 0x30)
        result += UnicodeScalar(number).utf8
        at += 4
      } else {
        result.append(value[at + 1])
        at += 2
      }
    }
    return result
  }

  /// The text of a value; bytes that are not UTF-8 become U+FFFD.
  public static func decode(_ value: UnsafeRawBufferPointer) -> String {
    if let bytes = unquoted(value) { return String(decoding: bytes, as: UTF8.self) }
    return String(decoding: value, as: UTF8.self)
  }
}
