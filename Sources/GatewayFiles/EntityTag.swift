import GatewayHTTP

/// An entity tag (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, Equatable {
  /// Without quotes.
  public let opaque: String
  public let isWeak: Bool

  /// Nil where `opaque` holds what may not stand in a tag: a quote, a blank or a control character.
  public init?(_ opaque: String, isWeak: Bool = false) {
    guard opaque.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x22 && $0 != 0x7F }) else { return nil }
    self.opaque = opaque
    self.isWeak = isWeak
  }

  /// The tag of a file: modification time and size. Without the inode, so that all copies behind a balancer have one
  /// tag.
  ///
  /// Weak until the file has rested for a second: before, it can change once more within the clock's tick and keep its
  /// time and size, and ranges of two versions would be put together (RFC 9110 §8.8.1).
  public init(_ file: FileState, now: Int) {
    opaque = "\(String(file.modified, radix: 16))\(padded(file.modifiedNanoseconds))-\(String(file.size, radix: 16))"
    isWeak = file.modified > now - 2
  }

  /// As it goes on the wire.
  public var fieldValue: String { isWeak ? "W/\"\(opaque)\"" : "\"\(opaque)\"" }

  enum Comparison { case strong, weak }

  /// Whether one tag of a list, the value of `If-Match` or `If-None-Match`, is this one; nil where the list is
  /// malformed. `*` is any.
  func isListed(_ list: UnsafeRawBufferPointer, _ comparison: Comparison) -> Bool? {
    if list.elementsEqual([UInt8(ascii: "*")]) { return true }
    var at = 0
    var isListed = false
    var expectsComma = false
    while true {
      while at < list.count, list[at] == 0x20 || list[at] == 0x09 || list[at] == UInt8(ascii: ",") {
        if list[at] == UInt8(ascii: ",") { expectsComma = false }
        at += 1
      }
      guard at < list.count else { return isListed }
      guard !expectsComma, let (weak, range) = Self.tag(list, &at) else { return nil }
      expectsComma = true
      if comparison == .strong, weak || isWeak { continue }
      if UnsafeRawBufferPointer(rebasing: list[range]).elementsEqual(opaque.utf8) { isListed = true }
    }
  }

  /// Whether the value is exactly this tag by strong comparison; nil where it is no tag.
  func isStrongly(_ value: UnsafeRawBufferPointer) -> Bool? {
    var at = 0
    guard let (weak, range) = Self.tag(value, &at), at == value.count else { return nil }
    return !weak && !isWeak && UnsafeRawBufferPointer(rebasing: value[range]).elementsEqual(opaque.utf8)
  }

  private static func tag(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> (isWeak: Bool, opaque: Range<Int>)? {
    var start = at
    let isWeak = bytes.count - start >= 2 && bytes[start] == UInt8(ascii: "W") && bytes[start + 1] == UInt8(ascii: "/")
    if isWeak { start += 2 }
    guard start < bytes.count, bytes[start] == 0x22 else { return nil }
    var end = start + 1
    while end < bytes.count, bytes[end] != 0x22 {
      guard bytes[end] > 0x20, bytes[end] != 0x7F else { return nil }
      end += 1
    }
    guard end < bytes.count else { return nil }
    at = end + 1
    return (isWeak, start + 1..<end)
  }
}

/// Eight digits at least, so that seconds and nanoseconds cannot run into one another.
private func padded(_ nanoseconds: Int) -> String {
  let digits = String(nanoseconds, radix: 16)
  return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
}
