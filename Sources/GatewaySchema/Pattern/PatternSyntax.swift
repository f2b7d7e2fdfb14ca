/// A pattern as written: what can be said about it without running it.
indirect enum PatternSyntax: Sendable {
  case empty
  case set(ScalarSet)
  case sequence([PatternSyntax])
  case alternatives([PatternSyntax])
  /// `maximum` nil: any number. Greedy and lazy are the same to a question that is answered by yes or no.
  case repeated(PatternSyntax, minimum: Int, maximum: Int?)
  case start
  case end
  case wordBoundary
  case notWordBoundary
}

/// Reads the ECMA-262 pattern dialect (§22.2.1) in its Unicode mode, without what needs backtracking: look-around and
/// back-references are errors that say so.
///
/// Lenient where web browsers are (Annex B.1.2): a brace that begins no quantifier is a literal, and any punctuation
/// may be escaped.
struct PatternParser {
  private let scalars: [UInt32]
  private var position = 0
  private var depth = 0

  static let maximumDepth = 100
  static let maximumLength = 10_000
  static let maximumRepeat = 10_000

  static func parse(_ text: String) throws(PatternError) -> PatternSyntax {
    var parser = PatternParser(text)
    guard parser.scalars.count <= maximumLength else {
      throw PatternError(message: "patterns are limited to \(maximumLength) characters", position: maximumLength)
    }
    let syntax = try parser.alternatives()
    guard parser.position == parser.scalars.count else { throw parser.error("unmatched ')'") }
    return syntax
  }

  private init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }

  private func error(_ message: String) -> PatternError { PatternError(message: message, position: position) }

  private var current: UInt32? { position < scalars.count ? scalars[position] : nil }

  private func peek(_ offset: Int) -> UInt32? {
    position + offset < scalars.count ? scalars[position + offset] : nil
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard current == scalar.value else { return false }
    position += 1
    return true
  }

  private mutating func alternatives() throws(PatternError) -> PatternSyntax {
    depth += 1
    defer { depth -= 1 }
    guard depth <= PatternParser.maximumDepth else { throw error("groups are nested too deeply") }
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func sequence() throws(PatternError) -> PatternSyntax {
    var items: [PatternSyntax] = []
    while let scalar = current, scalar != 0x7C, scalar != 0x29 {
      let atom = try self.atom()
      items.append(try quantified(atom))
    }
    if items.count == 1 { return items[0] }
    return items.isEmpty ? .empty : .sequence(items)
  }

  private mutating func atom() throws(PatternError) -> PatternSyntax {
    guard let scalar = current, let character = Unicode.Scalar(scalar) else { throw error("unexpected end") }
    switch character {
    case "^":
      position += 1
      return .start
    case "$":
      position += 1
      return .end
    case ".":
      position += 1
      return .set(ScalarSet.lineEnds.inverted)
    case "(": return try group()
    case "[":
      position += 1
      return .set(try characterClass())
    case "\\":
      position += 1
      return try escape()
    case "*", "+", "?":
      throw error("nothing to repeat before '\(character)'")
    case "{" where quantifierBounds() != nil:
      throw error("nothing to repeat before '{'")
    default:
      position += 1
      return .set(ScalarSet(scalar))
    }
  }

  private mutating func group() throws(PatternError) -> PatternSyntax {
    position += 1
    if take("?") {
      if take(":") {
        // Nothing is captured either way.
      } else if current == 0x3D || current == 0x21 {
        throw error("look-ahead is not supported: it cannot be matched in linear time")
      } else if take("<") {
        if current == 0x3D || current == 0x21 {
          throw error("look-behind is not supported: it cannot be matched in linear time")
        }
        while let scalar = current, scalar != 0x3E {
          _ = scalar
          position += 1
        }
        guard take(">") else { throw error("group name without '>'") }
      } else {
        throw error("unknown kind of group")
      }
    }
    let inner = try alternatives()
    guard take(")") else { throw error("missing ')'") }
    return inner
  }

  private mutating func quantified(_ atom: PatternSyntax) throws(PatternError) -> PatternSyntax {
    let minimum: Int
    let maximum: Int?
    switch current {
    case 0x2A: (minimum, maximum) = (0, nil)
    case 0x2B: (minimum, maximum) = (1, nil)
    case 0x3F: (minimum, maximum) = (0, 1)
    case 0x7B:
      guard let bounds = quantifierBounds() else { return atom }
      guard bounds.minimum <= PatternParser.maximumRepeat, (bounds.maximum ?? 0) <= PatternParser.maximumRepeat else {
        throw error("repetition counts are limited to \(PatternParser.maximumRepeat)")
      }
      if let upper = bounds.maximum, upper < bounds.minimum { throw error("repetition bounds are out of order") }
      (minimum, maximum) = (bounds.minimum, bounds.maximum)
      position += bounds.length - 1
    default: return atom
    }
    switch atom {
    case .start, .end, .wordBoundary, .notWordBoundary: throw error("an assertion cannot be repeated")
    default: break
    }
    position += 1
    _ = take("?")
    if let scalar = current, scalar == 0x2A || scalar == 0x2B || scalar == 0x3F {
      throw error("nothing to repeat before '\(Unicode.Scalar(scalar) ?? "?")'")
    }
    return .repeated(atom, minimum: minimum, maximum: maximum)
  }

  /// `{n}`, `{n,}` or `{n,m}` at the current position; nil where the brace begins something else.
  private func quantifierBounds() -> (minimum: Int, maximum: Int?, length: Int)? {
    var offset = 1
    func number() -> Int? {
      var value: Int?
      while let scalar = peek(offset), scalar >= 0x30, scalar <= 0x39 {
        value = min((value ?? 0) * 10 + Int(scalar - 0x30), PatternParser.maximumRepeat + 1)
        offset += 1
      }
      return value
    }
    guard current == 0x7B, let minimum = number() else { return nil }
    if peek(offset) == 0x7D { return (minimum, minimum, offset + 1) }
    guard peek(offset) == 0x2C else { return nil }
    offset += 1
    let maximum = number()
    guard peek(offset) == 0x7D else { return nil }
    return (minimum, maximum, offset + 1)
  }

  private mutating func escape() throws(PatternError) -> PatternSyntax {
    guard let scalar = current, let character = Unicode.Scalar(scalar) else {
      throw error("pattern ends in a backslash")
    }
    switch character {
    case "b":
      position += 1
      return .wordBoundary
    case "B":
      position += 1
      return .notWordBoundary
    case "1"..."9", "k":
      throw error("back-references are not supported: they cannot be matched in linear time")
    default:
      return .set(try escapedSet(inClass: false))
    }
  }

  private mutating func characterClass() throws(PatternError) -> ScalarSet {
    let negated = take("^")
    var set = ScalarSet()
    while true {
      guard current != nil else { throw error("character class without ']'") }
      if take("]") { break }
      let (low, isSingle) = try classItem()
      if isSingle, current == 0x2D, let following = peek(1), following != 0x5D {
        position += 1
        let (high, highIsSingle) = try classItem()
        guard highIsSingle, let from = low.ranges.first?.lowerBound, let to = high.ranges.first?.lowerBound else {
          throw error("a range needs a character on both sides")
        }
        guard from <= to else { throw error("character range is out of order") }
        set = set.union(ScalarSet([from...to]))
      } else {
        set = set.union(low)
      }
    }
    return negated ? set.inverted : set
  }

  private mutating func classItem() throws(PatternError) -> (ScalarSet, isSingle: Bool) {
    guard let scalar = current else { throw error("character class without ']'") }
    position += 1
    guard scalar == 0x5C else { return (ScalarSet(scalar), true) }
    let set = try escapedSet(inClass: true)
    let isSingle = set.ranges.count == 1 && set.ranges[0].lowerBound == set.ranges[0].upperBound
    return (set, isSingle)
  }

  /// What follows a backslash and stands for characters.
  private mutating func escapedSet(inClass: Bool) throws(PatternError) -> ScalarSet {
    guard let scalar = current, let character = Unicode.Scalar(scalar) else {
      throw error("pattern ends in a backslash")
    }
    position += 1
    switch character {
    case "d": return .digits
    case "D": return ScalarSet.digits.inverted
    case "w": return .word
    case "W": return ScalarSet.word.inverted
    case "s": return .space
    case "S": return ScalarSet.space.inverted
    case "t": return ScalarSet(0x09)
    case "n": return ScalarSet(0x0A)
    case "v": return ScalarSet(0x0B)
    case "f": return ScalarSet(0x0C)
    case "r": return ScalarSet(0x0D)
    case "b" where inClass: return ScalarSet(0x08)
    case "0":
      guard !(0x30...0x39).contains(current ?? 0) else { throw error("octal escapes are not supported") }
      return ScalarSet(0)
    case "c":
      guard let letter = current, (0x41...0x5A).contains(letter) || (0x61...0x7A).contains(letter) else {
        throw error("\\c needs a letter")
      }
      position += 1
      return ScalarSet(letter & 31)
    case "x": return ScalarSet(try hexadecimal(digits: 2))
    case "u": return ScalarSet(try unicodeEscape())
    case "p", "P":
      let set = try property()
      return character == "P" ? set.inverted : set
    case "a"..."z", "A"..."Z", "1"..."9":
      position -= 1
      throw error("unknown escape '\\\(character)'")
    default: return ScalarSet(scalar)
    }
  }

  private mutating func hexadecimal(digits: Int) throws(PatternError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = hexDigit(current) else { throw error("expected \(digits) hexadecimal digits") }
      value = value << 4 | digit
      position += 1
    }
    return value
  }

  private func hexDigit(_ scalar: UInt32?) -> UInt32? {
    switch scalar {
    case .some(let value) where (0x30...0x39).contains(value): value - 0x30
    case .some(let value) where (0x41...0x46).contains(value & ~0x20): (value & ~0x20) - 0x41 + 10
    default: nil
    }
  }

  private mutating func unicodeEscape() throws(PatternError) -> UInt32 {
    if take("{") {
      var value: UInt32 = 0
      var digits = 0
      while let digit = hexDigit(current) {
        value = min(value << 4 | digit, ScalarSet.maximum + 1)
        digits += 1
        position += 1
      }
      guard digits > 0, value <= ScalarSet.maximum, take("}") else { throw error("malformed \\u{…} escape") }
      return value
    }
    let unit = try hexadecimal(digits: 4)
    guard (0xD800...0xDBFF).contains(unit), current == 0x5C, peek(1) == 0x75 else { return unit }
    let mark = position
    position += 2
    if let low = try? hexadecimal(digits: 4), (0xDC00...0xDFFF).contains(low) {
      return 0x10000 + ((unit - 0xD800) << 10 | (low - 0xDC00))
    }
    position = mark
    return unit
  }

  private mutating func property() throws(PatternError) -> ScalarSet {
    guard take("{") else { throw error("\\p needs a property name in braces") }
    var name = ""
    while let scalar = current, scalar != 0x7D {
      if let character = Unicode.Scalar(scalar) { name.unicodeScalars.append(character) }
      position += 1
    }
    guard take("}") else { throw error("\\p{ without '}'") }
    guard let set = UnicodeProperty.set(named: name) else {
      throw error("Unicode property '\(name)' is not supported; general categories and some binary properties are")
    }
    return set
  }
}
