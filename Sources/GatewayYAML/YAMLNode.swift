/// One value of a YAML document, with its place in the file.
///
/// Aliases are already followed: the node an alias stands for appears in its place, with the marks of the anchored
/// text and with `alias` set to where the alias was written.
public struct YAMLNode: Sendable {
  public enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    /// Pairs in the order of the file. Keys are unique unless an issue was reported.
    case mapping([YAMLPair])
  }

  public var content: Content
  public var mark: Mark
  private var rare: Rare?

  /// What few nodes have, kept apart so that the others stay small.
  private final class Rare: Sendable {
    let tag: String?
    let alias: Mark?

    init(tag: String?, alias: Mark?) {
      self.tag = tag
      self.alias = alias
    }
  }

  /// The tag as resolved by the parser (`tag:yaml.org,2002:str`, `!local`); nil where none was written.
  public var tag: String? { rare?.tag }

  /// Where the alias stands that brought this node here; nil for a node in its own place.
  public var alias: Mark? {
    get { rare?.alias }
    set { rare = Rare(tag: rare?.tag, alias: newValue) }
  }

  public init(_ content: Content, mark: Mark, tag: String? = nil) {
    self.content = content
    self.mark = mark
    rare = tag.map { Rare(tag: $0, alias: nil) }
  }
}

/// A key and its value.
public struct YAMLPair: Sendable {
  public var key: YAMLNode
  public var value: YAMLNode

  public init(key: YAMLNode, value: YAMLNode) {
    self.key = key
    self.value = value
  }
}

/// The text of a scalar before any meaning is read into it.
public struct YAMLScalar: Sendable, Equatable {
  public enum Style: Sendable {
    case plain, singleQuoted, doubleQuoted, literal, folded
  }

  /// Escapes, folding and quotes are already undone.
  public var text: String
  public var style: Style

  public init(_ text: String, style: Style) {
    self.text = text
    self.style = style
  }
}

extension YAMLNode {
  public var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  public var sequence: [YAMLNode]? {
    if case .sequence(let items) = content { items } else { nil }
  }

  public var mapping: [YAMLPair]? {
    if case .mapping(let pairs) = content { pairs } else { nil }
  }

  /// The value of a key, where this is a mapping that has it.
  public subscript(key: String) -> YAMLNode? {
    mapping?.first { $0.key.scalar?.text == key }?.value
  }

  /// True for a plain scalar whose text is empty or a null word, and for `!!null`.
  public var isNull: Bool { resolved == .null }
}
