/// A reason why YAML text cannot be used as it stands.
public struct YAMLIssue: Error, Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// The bytes are no UTF-8, or hold characters that YAML does not allow.
    case encoding
    case syntax
    case duplicateKey
    /// A key that is a list or a mapping.
    case compositeKey
    /// `<<` as a plain key. YAML 1.2 has no merge keys, and readers disagree about what they do.
    case mergeKey
    case unknownAlias
    /// An alias inside the node that its anchor names.
    case recursiveAlias
    case unknownTag
    /// A scalar that is not what its tag says, such as `!!int x`.
    case tagMismatch
    /// A limit of `YAMLLimits` is reached.
    case limit
    case severalDocuments
    case emptyDocument
  }

  /// Another place that belongs to the issue.
  public struct Related: Sendable, Equatable {
    public var message: String
    public var mark: Mark

    public init(_ message: String, mark: Mark) {
      self.message = message
      self.mark = mark
    }
  }

  public var kind: Kind
  public var message: String
  public var mark: Mark
  /// What to do about it, where that is known.
  public var help: String?
  public var related: [Related]

  public init(_ kind: Kind, _ message: String, mark: Mark, help: String? = nil, related: [Related] = []) {
    self.kind = kind
    self.message = message
    self.mark = mark
    self.help = help
    self.related = related
  }
}

/// What one file may cost. libyaml itself bounds neither alias expansion, nor depth, nor size.
public struct YAMLLimits: Sendable {
  /// Bytes of the file.
  public var size = 8 * 1024 * 1024
  /// Nested sequences and mappings, counted after aliases are followed.
  public var depth = 100
  /// Nodes of the tree, counted after aliases are followed: what an alias bomb ("billion laughs") multiplies.
  public var nodes = 1_000_000
  /// Aliases written in the file.
  public var aliases = 1_000
  /// Issues kept; the rest of a hopeless file is not worth the memory.
  public var issues = 100

  public init() {}
}
