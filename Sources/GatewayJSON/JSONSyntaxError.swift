/// Why a text is not the JSON we accept, and where.
///
/// Reasons and positions follow CPython's `json` wherever it refuses the same text, because FastAPI's clients see them
/// (`loc: ["body", characterIndex]`, `ctx.error`).
public struct JSONSyntaxError: Error, Sendable, Hashable {
  public enum Reason: Sendable, Hashable {
    case expectedValue
    case expectedPropertyName
    case expectedColon
    case expectedComma
    case extraData
    case unterminatedString
    case controlCharacter
    case invalidEscape
    case invalidUnicodeEscape
    /// A `\uD800`–`\uDFFF` escape without its other half: no UTF-8 text could hold the value.
    case loneSurrogate
    case duplicateKey
    /// Not UTF-8 (RFC 8259 §8.1). Found anywhere in the text, it is reported before any other mistake.
    case invalidUTF8
    /// RFC 8259 §8.1 lets a parser ignore a byte order mark; the gateway does not guess.
    case byteOrderMark
    case tooDeep
    /// An exponent beyond `JSONLimits.maximumExponent`.
    case numberOutOfRange
    /// More bytes than `JSONLimits.bytes`.
    case tooLarge
    /// More words than `JSONLimits.nodes`.
    case tooManyValues
  }

  public var reason: Reason
  /// Bytes from the start of the text.
  public var offset: Int
  /// From 1.
  public var line: Int
  /// In characters (code points), from 1.
  public var column: Int
  /// Characters (code points) before the mistake: what FastAPI puts into `loc`.
  public var characterIndex: Int

  init(_ reason: Reason, at offset: Int, in text: UnsafeRawBufferPointer) {
    self.reason = reason
    self.offset = offset
    var line = 1
    var column = 1
    var characters = 0
    // A byte order mark that was passed over is no character of the text.
    let hasMark = offset >= 3 && text.starts(with: [0xEF, 0xBB, 0xBF])
    for byte in text[(hasMark ? 3 : 0)..<min(offset, text.count)] where byte & 0xC0 != 0x80 {
      characters += 1
      column += 1
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      }
    }
    self.line = line
    self.column = column
    self.characterIndex = characters
  }

  /// Whether Python's json would not have got as far as a place in the text: FastAPI answers such bodies with 400.
  public var isUndecodable: Bool {
    switch reason {
    case .invalidUTF8, .tooDeep, .tooLarge, .tooManyValues: true
    default: false
    }
  }

  /// The sentence FastAPI's clients know, without position.
  public var message: String {
    switch reason {
    case .expectedValue: "Expecting value"
    case .expectedPropertyName: "Expecting property name enclosed in double quotes"
    case .expectedColon: "Expecting ':' delimiter"
    case .expectedComma: "Expecting ',' delimiter"
    case .extraData: "Extra data"
    case .unterminatedString: "Unterminated string starting at"
    case .controlCharacter: "Invalid control character at"
    case .invalidEscape: "Invalid \\escape"
    case .invalidUnicodeEscape: "Invalid \\uXXXX escape"
    case .loneSurrogate: "Lone surrogate in \\uXXXX escape"
    case .duplicateKey: "Duplicate property name"
    case .invalidUTF8: "Invalid UTF-8"
    case .byteOrderMark: "Unexpected byte order mark"
    case .tooDeep: "Nesting too deep"
    case .numberOutOfRange: "Number out of range"
    case .tooLarge: "Document too large"
    case .tooManyValues: "Too many values"
    }
  }
}

extension JSONSyntaxError: CustomStringConvertible {
  public var description: String { "\(message): line \(line), column \(column)" }
}
