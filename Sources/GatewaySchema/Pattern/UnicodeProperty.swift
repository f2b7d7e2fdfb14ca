/// The Unicode properties of `\p{…}` that the standard library knows: general categories and some binary ones.
///
/// Scripts are not among them; naming one is an error when the pattern is compiled.
enum UnicodeProperty {
  /// Nil for names that are not known.
  static func set(named text: String) -> ScalarSet? {
    var name = text
    for prefix in ["General_Category=", "gc="] where text.hasPrefix(prefix) { name = String(text.dropFirst(prefix.count)) }
    if let categories = categories(named: name) { return scalars { categories.contains($0.generalCategory) } }
    guard name == text else { return nil }
    switch name {
    case "Any": return .any
    case "ASCII": return ScalarSet([0...0x7F])
    case "Assigned": return scalars { $0.generalCategory != .unassigned }
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

  /// Asks all 1.1 million code points: tens of milliseconds, at load, only for patterns that use a property.
  private static func scalars(_ matches: (Unicode.Scalar.Properties) -> Bool) -> ScalarSet {
    var ranges: [ClosedRange<UInt32>] = []
    var start: UInt32?
    for value in 0...ScalarSet.maximum {
      // Surrogates are no scalars and never reach a matcher.
      if let scalar = Unicode.Scalar(value), matches(scalar.properties) {
        if start == nil { start = value }
      } else if let first = start {
        ranges.append(first...value - 1)
        start = nil
      }
    }
    if let first = start { ranges.append(first...ScalarSet.maximum) }
    return ScalarSet(ranges)
  }

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
