/// RFC 1123 §2.1: labels of letters, digits and inner hyphens, at most 63 each and 253 together. A-labels have to stand
/// for something (RFC 5890 §2.3.2.1).
enum HostnameText {
  static func isHostname(_ text: UnsafeRawBufferPointer) -> Bool {
    guard text.count > 0, text.count <= 253 else { return false }
    var start = 0
    var hasALabel = false
    for position in 0...text.count {
      guard position == text.count || text[position] == UInt8(ascii: ".") else { continue }
      let label = UnsafeRawBufferPointer(rebasing: text[start..<position])
      guard isLabel(label) else { return false }
      hasALabel = hasALabel || isALabel(label)
      start = position + 1
    }
    return !hasALabel || InternationalHostname.isHostname(text)
  }

  static func isLabel(_ label: UnsafeRawBufferPointer) -> Bool {
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

  /// Begins with `xn--`.
  static func isALabel(_ label: UnsafeRawBufferPointer) -> Bool {
    label.count >= 4 && label[2] == UInt8(ascii: "-") && label[3] == UInt8(ascii: "-")
  }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
  }
}
