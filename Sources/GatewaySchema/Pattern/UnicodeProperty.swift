/// The Unicode properties of `\p{…}` that the standard library knows: general categories and some binary ones.
///
/// Scripts are not among them; naming one is an error when the pattern is compiled.
enum UnicodeProperty {
  /// Nil for names that are not known.
  static func set(named text: String) -> ScalarSet? {
    var name = text
    for prefix in ["General_Category=", "gc="] where text.hasPrefix(prefix) {
      name = String(text.dropFirst(prefix.count))
    }
    if let categories = categories(named: name) {
      return ScalarSet(generalCategories.filter { categories.contains($0.category) }.map(\.range))
    }
    guard name == text else { return nil }
    switch name {
    case "Any": return .any
    case "ASCII": return ScalarSet([0...0x7F])
    case "Assigned":
      return ScalarSet(generalCategories.filter { $0.category != .unassigned }.map(\.range))
    case "Alphabetic", "Alpha": return scalars { $0.isAlphabetic }
    case "Lowercase", "Lower": return scalars { $0.isLowercase }
    case "Uppercase", "Upper": return scalars { $0.isUppercase }
    case "White_Space", "space": return scalars { $0.isWhitespace }
    case "ID_Start", "IDS": return scalars { $0.isIDStart }
    case "ID_Continue", "IDC": return scalars { $0.isIDContinue }
    case "XID_Start", "XIDS": return scalars { $0.isXIDStart }
    case "XID_Continue", "XIDC": return scalars { $0.isXIDContinue }
    case "Emoji": return scalars { $0.isEmoji }
    case "Emoji_Presentation", "EPres": return scalars { $0.isEmojiPresentation }
    case "Ideographic", "Ideo": return scalars { $0.isIdeographic }
    case "Hex_Digit", "Hex": return scalars { $0.isHexDigit }
    case "ASCII_Hex_Digit", "AHex": return scalars { $0.isASCIIHexDigit }
    default: return nil
    }
  }

  // Where Unicode assigns properties code point by code point. Planes 4 to 13 are unassigned, 15 and 16 private use
  // throughout, so asking for them would only take four times as long.
  private static let assignedRanges: [ClosedRange<UInt32>] = [0...0x3FFFF, 0xE0000...0xE0FFF]

  /// Asks for a quarter of a million code points: tens of milliseconds, at load, only for patterns that need it.
  private static func scalars(_ matches: (Unicode.Scalar.Properties) -> Bool) -> ScalarSet {
    var ranges: [ClosedRange<UInt32>] = []
    for assigned in assignedRanges {
      var start: UInt32?
      for value in assigned {
        // Surrogates are no scalars and never reach a matcher.
        if let scalar = Unicode.Scalar(value), matches(scalar.properties) {
          if start == nil { start = value }
        } else if let first = start {
          ranges.append(first...value - 1)
          start = nil
        }
      }
      if let first = start { ranges.append(first...assigned.upperBound) }
    }
    return ScalarSet(ranges)
  }

  /// All general categories in runs: asked for once in the life of the process.
  private static let generalCategories: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = {
    var runs: [(range: ClosedRange<UInt32>, category: Unicode.GeneralCategory)] = []
    func add(_ range: ClosedRange<UInt32>, _ category: Unicode.GeneralCategory) {
      if let last = runs.last, last.category == category, last.range.upperBound + 1 == range.lowerBound {
        runs[runs.count - 1].range = last.range.lowerBound...range.upperBound
      } else {
        runs.append((range, category))
      }
    }
    for assigned in assignedRanges {
      for value in assigned {
        add(value...value, Unicode.Scalar(value).map { $0.properties.generalCategory } ?? .surrogate)
      }
    }
    add(0x40000...0xDFFFF, .unassigned)
    add(0xE1000...0xEFFFF, .unassigned)
    for plane: UInt32 in [0xF0000, 0x100000] {
      add(plane...plane + 0xFFFD, .privateUse)
      add(plane + 0xFFFE...plane + 0xFFFF, .unassigned)
    }
    return runs
  }()

  // Short and long names of UAX #44 table 12, groups included.
  private static func categories(named name: String) -> Set<Unicode.GeneralCategory>? {
    switch name {
    case "L", "Letter":
      [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter]
    case "LC", "Cased_Letter": [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter]
    case "Lu", "Uppercase_Letter": [.uppercaseLetter]
    case "Ll", "Lowercase_Letter": [.lowercaseLetter]
    case "Lt", "Titlecase_Letter": [.titlecaseLetter]
    case "Lm", "Modifier_Letter": [.modifierLetter]
    case "Lo", "Other_Letter": [.otherLetter]
    case "M", "Mark", "Combining_Mark": [.nonspacingMark, .spacingMark, .enclosingMark]
    case "Mn", "Nonspacing_Mark": [.nonspacingMark]
    case "Mc", "Spacing_Mark": [.spacingMark]
    case "Me", "Enclosing_Mark": [.enclosingMark]
    case "N", "Number": [.decimalNumber, .letterNumber, .otherNumber]
    case "Nd", "Decimal_Number", "digit": [.decimalNumber]
    case "Nl", "Letter_Number": [.letterNumber]
    case "No", "Other_Number": [.otherNumber]
    case "P", "Punctuation", "punct":
      [
        .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
        .finalPunctuation, .otherPunctuation,
      ]
    case "Pc", "Connector_Punctuation": [.connectorPunctuation]
    case "Pd", "Dash_Punctuation": [.dashPunctuation]
    case "Ps", "Open_Punctuation": [.openPunctuation]
    case "Pe", "Close_Punctuation": [.closePunctuation]
    case "Pi", "Initial_Punctuation": [.initialPunctuation]
    case "Pf", "Final_Punctuation": [.finalPunctuation]
    case "Po", "Other_Punctuation": [.otherPunctuation]
    case "S", "Symbol": [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol]
    case "Sm", "Math_Symbol": [.mathSymbol]
    case "Sc", "Currency_Symbol": [.currencySymbol]
    case "Sk", "Modifier_Symbol": [.modifierSymbol]
    case "So", "Other_Symbol": [.otherSymbol]
    case "Z", "Separator": [.spaceSeparator, .lineSeparator, .paragraphSeparator]
    case "Zs", "Space_Separator": [.spaceSeparator]
    case "Zl", "Line_Separator": [.lineSeparator]
    case "Zp", "Paragraph_Separator": [.paragraphSeparator]
    case "C", "Other": [.control, .format, .surrogate, .privateUse, .unassigned]
    case "Cc", "Control", "cntrl": [.control]
    case "Cf", "Format": [.format]
    case "Co", "Private_Use": [.privateUse]
    case "Cn", "Unassigned": [.unassigned]
    default: nil
    }
  }
}
