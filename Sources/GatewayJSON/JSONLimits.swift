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
  public var depth: Int { didSet { depth = JSONLimits.clamped(depth, JSONLimits.maximumDepth) } }
  /// Bytes of text. Values above `maximumBytes` count as `maximumBytes`.
  public var bytes: Int { didSet { bytes = JSONLimits.clamped(bytes, JSONLimits.maximumBytes) } }
  /// Words on the tape, 16 bytes each: one for a value, one for a member's name. What memory a text may take beyond its
  /// own: `[0,0,…]` takes eight times its size. Values above `maximumBytes` count as `maximumBytes`.
  public var nodes: Int { didSet { nodes = JSONLimits.clamped(nodes, JSONLimits.maximumBytes) } }
  public var duplicateKeys: DuplicateKeyPolicy
  /// Whether a byte order mark before the text is passed over, which RFC 8259 §8.1 allows to parsers; if not, it is a
  /// mistake at offset 0. Senders must not add one.
  public var acceptsByteOrderMark: Bool

  /// Readers of a document (equality, `JSONValue`, validation) recurse once a level, so depth is bounded for good.
  public static let maximumDepth = 1024
  /// 2 GiB: offsets must fit the tape.
  public static let maximumBytes = Int(Int32.max)
  /// Exponents beyond this many in size are refused: they could not be compared exactly.
  public static let maximumExponent = 999_999_999

  public init(
    depth: Int = 128, bytes: Int = maximumBytes, nodes: Int = maximumBytes,
    duplicateKeys: DuplicateKeyPolicy = .refuse, acceptsByteOrderMark: Bool = false
  ) {
    self.depth = JSONLimits.clamped(depth, JSONLimits.maximumDepth)
    self.bytes = JSONLimits.clamped(bytes, JSONLimits.maximumBytes)
    self.nodes = JSONLimits.clamped(nodes, JSONLimits.maximumBytes)
    self.duplicateKeys = duplicateKeys
    self.acceptsByteOrderMark = acceptsByteOrderMark
  }

  private static func clamped(_ value: Int, _ maximum: Int) -> Int { min(max(value, 0), maximum) }
}
