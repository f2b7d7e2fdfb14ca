/// Whether a text is a pattern by ECMA-262 §22.2.1 (Unicode mode, braces as lenient as in browsers), look-around and
/// back-references included: `format: regex` asks for the syntax, not for what `Pattern` can run. One pass, nothing is
/// built, because the text may come from a request.
struct RegexText {
  private let text: UnsafeRawBufferPointer
  private var position = 0
  private var openGroups = 0
  private var groups = 0
  private var hasNamedGroup = false
  private var highestReference = 0
  private var hasNamedReference = false

  static func isPattern(_ text: UnsafeRawBufferPointer) -> Bool {
    var pattern = RegexText(text: text)
    return pattern.isPattern()
  }

  private init(text: UnsafeRawBufferPointer) { self.text = text }

  private var current: UInt8? { position < text.count ? text[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = current, UInt32(byte) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func isPattern() -> Bool {
    var isRepeatable = false
    while let byte = current {
      position += 1
      switch byte {
      case UInt8(ascii: "("):
        guard opensGroup() else { return false }
        openGroups += 1
        isRepeatable = false
      case UInt8(ascii: ")"):
        openGroups -= 1
        guard openGroups >= 0 else { return false }
        isRepeatable = true
      case UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "$"): isRepeatable = false
      case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
        guard isRepeatable else { return false }
        _ = take("?")
        isRepeatable = false
      case UInt8(ascii: "{"):
        switch bounds() {
        case .none: isRepeatable = true
        case .some(let inOrder):
          guard inOrder, isRepeatable else { return false }
          _ = take("?")
          isRepeatable = false
        }
      case UInt8(ascii: "["):
        guard isClass() else { return false }
        isRepeatable = true
      case UInt8(ascii: "\\"):
        guard let isAtom = escape(inClass: false) else { return false }
        isRepeatable = isAtom
      default: isRepeatable = true
      }
    }
    return openGroups == 0 && highestReference <= groups && (hasNamedGroup || !hasNamedReference)
  }

  private mutating func opensGroup() -> Bool {
    guard take("?") else {
      groups += 1
      return true
    }
    if take(":") || take("=") || take("!") { return true }
    guard take("<") else { return false }
    if take("=") || take("!") { return true }
    groups += 1
    hasNamedGroup = true
    return isName()
  }

  /// Up to and with `>`.
  private mutating func isName() -> Bool {
    let start = position
    while let byte = current, byte != UInt8(ascii: ">") {
      let isLetter = HostnameText.isLetterOrDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
      guard isLetter || byte >= 0x80, position > start || byte &- UInt8(ascii: "0") >= 10 else { return false }
      position += 1
    }
    return position > start && take(">")
  }

  /// Behind `{`: nil where no repetition follows, else whether its bounds are in order.
  private mutating func bounds() -> Bool? {
    let start = position
    func digits(_ position: inout Int) -> (value: Int, count: Int) {
      let first = position
      var value = 0
      while position < text.count, text[position] &- UInt8(ascii: "0") < 10 {
        value = min(value * 10 + Int(text[position] - UInt8(ascii: "0")), 1 << 40)
        position += 1
      }
      return (value, position - first)
    }
    let low = digits(&position)
    var high: (value: Int, count: Int) = (low.value, low.count)
    if low.count > 0, take(",") { high = digits(&position) }
    guard low.count > 0, take("}") else {
      position = start
      return nil
    }
    return high.count == 0 || low.value <= high.value
  }

  private mutating func isClass() -> Bool {
    _ = take("^")
    while let byte = current {
      position += 1
      if byte == UInt8(ascii: "]") { return true }
      if byte == UInt8(ascii: "\\"), escape(inClass: true) == nil { return false }
    }
    return false
  }

  /// Behind a backslash: nil where it is no escape, else whether it stands for something that can be repeated.
  private mutating func escape(inClass: Bool) -> Bool? {
    guard let byte = current else { return nil }
    position += 1
    switch byte {
    case UInt8(ascii: "b"): return inClass
    case UInt8(ascii: "B"): return inClass ? nil : false
    case UInt8(ascii: "d"), UInt8(ascii: "D"), UInt8(ascii: "w"), UInt8(ascii: "W"), UInt8(ascii: "s"),
      UInt8(ascii: "S"), UInt8(ascii: "t"), UInt8(ascii: "n"), UInt8(ascii: "v"), UInt8(ascii: "f"), UInt8(ascii: "r"):
      return true
    case UInt8(ascii: "0"): return current.map { $0 &- UInt8(ascii: "0") < 10 } ?? false ? nil : true
    case UInt8(ascii: "1")...UInt8(ascii: "9"):
      guard !inClass else { return nil }
      var number = Int(byte - UInt8(ascii: "0"))
      while let digit = current, digit &- UInt8(ascii: "0") < 10 {
        number = min(number * 10 + Int(digit - UInt8(ascii: "0")), 1 << 40)
        position += 1
      }
      highestReference = max(highestReference, number)
      return true
    case UInt8(ascii: "k"):
      guard !inClass, take("<"), isName() else { return nil }
      hasNamedReference = true
      return true
    case UInt8(ascii: "c"):
      guard let letter = current, (letter | 0x20) &- UInt8(ascii: "a") < 26 else { return nil }
      position += 1
      return true
    case UInt8(ascii: "x"): return hexadecimal(2) ? true : nil
    case UInt8(ascii: "u"):
      guard take("{") else { return hexadecimal(4) ? true : nil }
      let start = position
      var value: UInt32 = 0
      while let digit = current, UUIDText.isHexadecimal(digit) {
        let units = digit & 0x40 == 0 ? UInt32(digit & 0xF) : UInt32(digit & 0xF) + 9
        value = min(value << 4 | units, 0x110000)
        position += 1
      }
      return position > start && value < 0x110000 && take("}") ? true : nil
    case UInt8(ascii: "p"), UInt8(ascii: "P"):
      guard take("{") else { return nil }
      let start = position
      while let letter = current,
        HostnameText.isLetterOrDigit(letter) || letter == UInt8(ascii: "_") || letter == UInt8(ascii: "=")
      {
        position += 1
      }
      return position > start && take("}") ? true : nil
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): return nil
    default: return true
    }
  }

  private mutating func hexadecimal(_ digits: Int) -> Bool {
    for _ in 0..<digits {
      guard let digit = current, UUIDText.isHexadecimal(digit) else { return false }
      position += 1
    }
    return true
  }
}
