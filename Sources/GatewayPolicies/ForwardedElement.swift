import GatewayHTTP

/// Takes a comma-separated field value apart from right to left.
///
/// The direction matters: the right end was written by the nearest, trusted hop and is well-formed, so a client that
/// sends an unclosed quote cannot swallow what the proxy appended after it.
struct ListFromRight {
  private let bytes: UnsafeRawBufferPointer
  /// Everything left of this is still to come; nil when nothing is.
  private var end: Int?
  /// False where a quoted string has no beginning.
  private(set) var isComplete = true

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    end = bytes.count
  }

  /// The next element to the left, without blanks around it; empty ones are skipped (RFC 9110 §5.6.1).
  mutating func next() -> UnsafeRawBufferPointer? {
    while let last = end {
      var at = last
      var isQuoted = false
      while at > 0 {
        let byte = bytes[at - 1]
        if byte == UInt8(ascii: "\""), !isEscaped(at - 1) { isQuoted.toggle() }
        if byte == UInt8(ascii: ","), !isQuoted { break }
        at -= 1
      }
      guard !isQuoted else {
        isComplete = false
        end = nil
        return nil
      }
      end = at > 0 ? at - 1 : nil
      let element = Self.trimmed(UnsafeRawBufferPointer(rebasing: bytes[at..<last]))
      if !element.isEmpty { return element }
    }
    return nil
  }

  /// Whether an odd number of backslashes stands before.
  private func isEscaped(_ index: Int) -> Bool {
    var at = index
    while at > 0, bytes[at - 1] == UInt8(ascii: "\\") { at -= 1 }
    return (index - at) % 2 == 1
  }

  static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = 0
    var end = bytes.count
    while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
  }
}

/// One element of `Forwarded`: `for=192.0.2.60;proto=https` (RFC 7239 §4).
enum ForwardedElement {
  /// The address in `for`; nil where there is none, or the element is malformed.
  static func address(_ element: UnsafeRawBufferPointer) -> IPAddress? {
    parameter("for", of: element).flatMap(AddressText.parseNode)
  }

  /// The value of a parameter, without quotes; nil where it is missing, doubled, uses escapes (no address or scheme
  /// needs any) or the element is malformed.
  static func parameter(_ name: StaticString, of element: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    var found: UnsafeRawBufferPointer?
    var at = 0
    while at < element.count {
      guard let equals = element.firstIndex(of: UInt8(ascii: "="), from: at) else { return nil }
      let key = ListFromRight.trimmed(UnsafeRawBufferPointer(rebasing: element[at..<equals]))
      guard FieldSyntax.isName(key) else { return nil }
      let start = equals + 1
      let value: Range<Int>
      if start < element.count, element[start] == UInt8(ascii: "\"") {
        guard let close = closingQuote(element, from: start + 1) else { return nil }
        value = (start + 1)..<close
        at = close + 1
      } else {
        let end = element.firstIndex(of: UInt8(ascii: ";"), from: start) ?? element.count
        value = start..<end
        at = end
      }
      // Between parameters stands a semicolon and nothing else but blanks.
      while at < element.count, element[at] == 0x20 { at += 1 }
      if at < element.count {
        guard element[at] == UInt8(ascii: ";") else { return nil }
        at += 1
      }
      guard FieldSyntax.isSameName(key, name) else { continue }
      guard found == nil, !element[value].contains(UInt8(ascii: "\\")) else { return nil }
      found = ListFromRight.trimmed(UnsafeRawBufferPointer(rebasing: element[value]))
    }
    return found
  }

  /// The end of a quoted string (RFC 9110 §5.6.4), past escaped quotes.
  private static func closingQuote(_ element: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var at = start
    while at < element.count, element[at] != UInt8(ascii: "\"") {
      at += element[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    return at < element.count ? at : nil
  }
}
