/// IDNA 2008 host names (RFC 5890 to 5893): labels of letters of any script, or their ASCII form `xn--…`.
///
/// Without tables of its own: categories come from the standard library, scripts and directions from block ranges. What
/// that leaves out: whether a label is in normalisation form C, and joining types outside the Arabic block.
enum InternationalHostname {
  static func isHostname(_ text: UnsafeRawBufferPointer) -> Bool {
    // 253 characters at most, so longer texts need no look.
    guard text.count > 0, text.count <= 1024, let labels = labels(text) else { return false }
    var length = labels.count - 1
    var names: [[UInt32]] = []
    for label in labels {
      guard let (name, asciiLength) = unicode(label) else { return false }
      length += asciiLength
      names.append(name)
    }
    guard length <= 253 else { return false }
    // RFC 5893 §2: one label from right to left makes all of them subject to the rule.
    guard names.contains(where: { $0.contains { Bidirectional.isRightToLeft($0) } }) else { return true }
    return names.allSatisfy(Bidirectional.isAllowed)
  }

  /// RFC 3490 §3.1: three other characters count as dots.
  private static func labels(_ text: UnsafeRawBufferPointer) -> [[UInt32]]? {
    var labels: [[UInt32]] = [[]]
    var position = 0
    while position < text.count {
      guard let scalar = UTF8Scalar.at(text, &position) else { return nil }
      switch scalar {
      case 0x2E, 0x3002, 0xFF0E, 0xFF61: labels.append([])
      default: labels[labels.count - 1].append(scalar)
      }
    }
    return labels
  }

  /// The label in Unicode, checked, and the length of its ASCII form.
  private static func unicode(_ label: [UInt32]) -> ([UInt32], Int)? {
    if label.allSatisfy({ $0 < 0x80 }) {
      let bytes = label.map { UInt8(truncatingIfNeeded: $0) }
      guard bytes.withUnsafeBytes({ HostnameText.isLabel($0) }) else { return nil }
      guard bytes.withUnsafeBytes({ HostnameText.isALabel($0) }) else { return (label, label.count) }
      // RFC 5891 §5.4: it must be the very text that its meaning is written as.
      guard let name = Punycode.decode(bytes[4...]), name.contains(where: { $0 >= 0x80 }),
        Punycode.encode(name).elementsEqual(bytes[4...].lazy.map(lowercased)), isAllowed(name)
      else { return nil }
      return (name, label.count)
    }
    guard isAllowed(label) else { return nil }
    let length = Punycode.encode(label).count + 4
    return length <= 63 ? (label, length) : nil
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
  }

  /// RFC 5891 §4.2.
  private static func isAllowed(_ label: [UInt32]) -> Bool {
    guard let first = label.first, let last = label.last, label.count <= 63, first != 0x2D, last != 0x2D else {
      return false
    }
    if label.count >= 4, label[2] == 0x2D, label[3] == 0x2D { return false }
    switch Unicode.Scalar(first)?.properties.generalCategory {
    case .nonspacingMark?, .spacingMark?, .enclosingMark?, nil: return false
    default: break
    }
    return label.indices.allSatisfy { isAllowed(label, $0) }
  }

  /// RFC 5892 §3, and the contexts of its Appendix A.
  private static func isAllowed(_ label: [UInt32], _ position: Int) -> Bool {
    let value = label[position]
    func neighbour(_ offset: Int) -> UInt32? {
      label.indices.contains(position + offset) ? label[position + offset] : nil
    }
    switch value {
    case 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007: return true
    case 0x640, 0x7FA, 0x302E, 0x302F, 0x3031...0x3035, 0x303B: return false
    case 0xB7: return neighbour(-1) == 0x6C && neighbour(1) == 0x6C
    case 0x375: return neighbour(1).map(isGreek) ?? false
    case 0x5F3, 0x5F4: return neighbour(-1).map { (0x591...0x5F4).contains($0) } ?? false
    case 0x30FB: return label.contains(where: isKanaOrHan)
    case 0x660...0x669: return !label.contains { (0x6F0...0x6F9).contains($0) }
    case 0x6F0...0x6F9: return !label.contains { (0x660...0x669).contains($0) }
    case 0x200C: return isVirama(neighbour(-1)) || joins(label, around: position)
    case 0x200D: return isVirama(neighbour(-1))
    case 0x2D, 0x30...0x39, 0x61...0x7A: return true
    // Old Hangul letters, and blocks of combining and musical symbols.
    case 0x1100...0x11FF, 0xA960...0xA97C, 0xD7B0...0xD7FB, 0x20D0...0x20FF, 0x1D100...0x1D24F: return false
    default: break
    }
    guard let properties = Unicode.Scalar(value)?.properties else { return false }
    if properties.changesWhenNFKCCaseFolded || properties.isDefaultIgnorableCodePoint || properties.isWhitespace
      || properties.isNoncharacterCodePoint
    {
      return false
    }
    switch properties.generalCategory {
    case .lowercaseLetter, .uppercaseLetter, .otherLetter, .modifierLetter, .decimalNumber, .nonspacingMark,
      .spacingMark:
      return true
    default: return false
    }
  }

  private static func isVirama(_ value: UInt32?) -> Bool {
    value.flatMap { Unicode.Scalar($0) }?.properties.canonicalCombiningClass == .virama
  }

  private static func isGreek(_ value: UInt32) -> Bool {
    (0x370...0x3E1).contains(value) || (0x3F0...0x3FF).contains(value) || (0x1F00...0x1FFF).contains(value)
  }

  private static func isKanaOrHan(_ value: UInt32) -> Bool {
    switch value {
    case 0x3041...0x309F, 0x30A1...0x30FA, 0x30FC...0x30FF, 0x31F0...0x31FF, 0x3005, 0x3007: true
    default: Unicode.Scalar(value)?.properties.isUnifiedIdeograph ?? false
    }
  }

  /// RFC 5892 A.1: a letter that joins to the left before, one that joins to the right behind, marks between.
  private static func joins(_ label: [UInt32], around position: Int) -> Bool {
    func isMark(_ value: UInt32) -> Bool {
      Unicode.Scalar(value)?.properties.generalCategory == .nonspacingMark
    }
    guard let before = label[..<position].last(where: { !isMark($0) }),
      let behind = label[(position + 1)...].first(where: { !isMark($0) })
    else { return false }
    return joinsBothSides(before) && (joinsBothSides(behind) || joinsRight(behind))
  }

  private static func joinsRight(_ value: UInt32) -> Bool {
    switch value {
    case 0x622...0x625, 0x627, 0x629, 0x62F...0x632, 0x648, 0x671...0x673, 0x675...0x677, 0x688...0x699, 0x6C0,
      0x6C3...0x6CB, 0x6CD, 0x6CF, 0x6D2, 0x6D3, 0x6D5, 0x6EE, 0x6EF:
      true
    default: false
    }
  }

  private static func joinsBothSides(_ value: UInt32) -> Bool {
    switch value {
    case 0x620, 0x626...0x64A, 0x66E, 0x66F, 0x678...0x6D3, 0x6FA...0x6FC, 0x6FF: !joinsRight(value)
    default: false
    }
  }
}

/// RFC 5893: labels whose characters would not be shown in the order they are written in.
private enum Bidirectional {
  private enum Direction {
    case left, right, europeanNumber, arabicNumber, mark, other
  }

  static func isRightToLeft(_ value: UInt32) -> Bool {
    let direction = direction(of: value)
    return direction == .right || direction == .arabicNumber
  }

  static func isAllowed(_ label: [UInt32]) -> Bool {
    let directions = label.map(direction)
    guard let first = directions.first, let last = directions.last(where: { $0 != .mark }) else { return false }
    switch first {
    case .left:
      return !directions.contains { $0 == .right || $0 == .arabicNumber } && (last == .left || last == .europeanNumber)
    case .right:
      return !directions.contains(.left)
        && !(directions.contains(.europeanNumber) && directions.contains(.arabicNumber))
        && last != .other
    default: return false
    }
  }

  private static func direction(of value: UInt32) -> Direction {
    switch value {
    case 0x30...0x39, 0x6F0...0x6F9: return .europeanNumber
    case 0x660...0x669, 0x66B, 0x66C, 0x600...0x605, 0x6DD, 0x8E2, 0x10D30...0x10D39, 0x10E60...0x10E7E:
      return .arabicNumber
    default: break
    }
    switch Unicode.Scalar(value)?.properties.generalCategory {
    case .nonspacingMark?, .enclosingMark?: return .mark
    case .uppercaseLetter?, .lowercaseLetter?, .titlecaseLetter?, .modifierLetter?, .otherLetter?, .otherSymbol?,
      .spacingMark?, .decimalNumber?, .letterNumber?, .otherNumber?:
      switch value {
      case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF, 0x1E800...0x1EFFF: return .right
      default: return .left
      }
    default: return .other
    }
  }
}
