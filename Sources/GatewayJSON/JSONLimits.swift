/// What a parser does with two members of one object that have the same name (RFC 8259 §4 leaves it open).
public enum DuplicateKeyPolicy: Sendable, Hashable {
  /// A syntax error at the second key. The default: two readers that disagree about which member counts are how
  /// validation is bypassed.
  case refuse
  /// The later member counts, as in Python and JavaScript; the earlier one stays on the tape, marked as shadowed.
  case lastWins
}

/// The limits of one parse.
public struct JSONLimits: Sendable, Hashable {
  /// Nesting of arrays and objects; `[[]]` has depth 2. Values above `maximumDepth` count as `maximumDepth`.
  public var depth: Int
  public var duplicateKeys: DuplicateKeyPolicy

  /// Readers of a document (equality, `JSONValue`, validation) recurse once a level, so depth is bounded for good.
  public static let maximumDepth = 1024
  /// Exponents beyond this many in size are refused: they could not be compared exactly.
  public static let maximumExponent = 999_999_999

  public init(depth: Int = 128, duplicateKeys: DuplicateKeyPolicy = .refuse) {
    self.depth = min(max(depth, 0), JSONLimits.maximumDepth)
    self.duplicateKeys = duplicateKeys
  }
}
