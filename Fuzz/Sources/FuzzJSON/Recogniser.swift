/// RFC 8259 as plainly as it can be written: one function a rule, recursion for nesting.
struct Recogniser {
  private let bytes: [UInt8]
  private let depth: Int
  private let refusesRepeatedNames: Bool
  private var position = 0

  init(_ bytes: [UInt8], depth: Int, refusesRepeatedNames: Bool) {
    self.bytes = bytes
    self.depth = depth
    self.refusesRepeatedNames = refusesRepeatedNames
  }

  mutating func accepts() -> Bool {
    guard String(validating: bytes, as: UTF8.self) != nil, bytes.prefix(3) != [0xEF, 0xBB, 0xBF] else { return false }
    blanks()
    guard value(depth) else { return false }
    blanks()
    return position == bytes.count
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Character) -> Bool {
    guard current == character.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func blanks() {
    while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private mutating func word(_ text: String) -> Bool {
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  private mutating func value(_ depth: Int) -> Bool {
    switch current {
    case UInt8(ascii: "{"): return depth > 0 && object(depth - 1)
    case UInt8(ascii: "["): return depth > 0 && array(depth - 1)
    case UInt8(ascii: "\""): return string() != nil
    case UInt8(ascii: "t"): return word("true")
    case UInt8(ascii: "f"): return word("false")
    case UInt8(ascii: "n"): return word("null")
    default: return number()
    }
  }

  private mutating func array(_ depth: Int) -> Bool {
    position += 1
    blanks()
    if take("]") { return true }
    while true {
      guard value(depth) else { return false }
      blanks()
      if take("]") { return true }
      guard take(",") else { return false }
      blanks()
    }
  }

  private mutating func object(_ depth: Int) -> Bool {
    position += 1
    blanks()
    if take("}") { return true }
    var names: Set<[UInt16]> = []
    while true {
      guard let name = string() else { return false }
      guard names.insert(name).inserted || !refusesRepeatedNames else { return false }
      blanks()
      guard take(":") else { return false }
      blanks()
      guard value(depth) else { return false }
      blanks()
      if take("}") { return true }
      guard take(",") else { return false }
      blanks()
    }
  }

  private mutating func digits() -> Bool {
    let start = position
    while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func number() -> Bool {
    _ = take("-")
    if !take("0") { guard digits() else { return false } }
    if take(".") { guard digits() else { return false } }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard digits() else { return false }
    }
    return true
  }

  /// The string in UTF-16, so that escapes compare equal to what they stand for; nil where it is none.
  private mutating func string() -> [UInt16]? {
    guard take("\"") else { return nil }
    var units: [UInt16] = []
    var run: [UInt8] = []
    func flush() {
      units += Array(String(decoding: run, as: UTF8.self).utf16)
      run = []
    }
    while let byte = current {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        flush()
        // Escaped surrogates must have been pairs.
        return Array(String(decoding: units, as: UTF16.self).utf16) == units ? units : nil
      case UInt8(ascii: "\\"):
        flush()
        guard let letter = current else { return nil }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(UInt16(letter))
        case UInt8(ascii: "b"): units.append(8)
        case UInt8(ascii: "f"): units.append(12)
        case UInt8(ascii: "n"): units.append(10)
        case UInt8(ascii: "r"): units.append(13)
        case UInt8(ascii: "t"): units.append(9)
        case UInt8(ascii: "u"):
          let hex = bytes[position...].prefix(4)
          guard hex.count == 4, hex.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: hex, as: UTF8.self), radix: 16)
          else { return nil }
          units.append(unit)
          position += 4
        default: return nil
        }
      case 0..<0x20: return nil
      default: run.append(byte)
      }
    }
    return nil
  }
}
