import GatewayYAML

/// A node on its way through the decoder, with the path that led to it.
struct Cursor: Locatable {
  var node: YAMLNode
  var keyPath: String
  /// The key that names this node; nil for items of lists and the root.
  var key: YAMLNode?
  /// The alias that led into this part of the file, if one did.
  var alias: Mark?

  init(_ node: YAMLNode, keyPath: String = "", key: YAMLNode? = nil, alias: Mark? = nil) {
    self.node = node
    self.keyPath = keyPath
    self.key = key
    self.alias = node.alias ?? alias
  }

  var location: Location { Location(mark: node.mark, keyPath: keyPath) }

  /// Where the key stands; the node itself where there is none.
  var keyLocation: Location { Location(mark: key.map { $0.alias ?? $0.mark } ?? node.mark, keyPath: keyPath) }

  var name: Located<String> { Located(text, at: keyLocation) }

  /// The key as text.
  var text: String { key?.scalar?.text ?? "" }

  func child(_ pair: YAMLPair) -> Cursor {
    Cursor(
      pair.value, keyPath: KeyPathText.appending(key: pair.key.scalar?.text ?? "", to: keyPath), key: pair.key,
      alias: alias)
  }

  func child(_ key: String) -> Cursor? {
    node.mapping?.first { $0.key.scalar?.text == key }.map(child)
  }

  func child(_ index: Int, _ item: YAMLNode) -> Cursor {
    Cursor(item, keyPath: KeyPathText.appending(index: index, to: keyPath), alias: alias)
  }

  /// The children of a mapping, in order.
  var entries: [Cursor]? { node.mapping.map { $0.map(child) } }
  /// The children of a sequence, in order.
  var items: [Cursor]? { node.sequence.map { $0.enumerated().map { child($0.offset, $0.element) } } }

  /// The place of a part of the scalar's text, in UTF-8 offsets. The whole scalar where the text is not as the file
  /// has it: escapes, folding, interpolation.
  func location(ofText range: Range<Int>, in text: String) -> Location {
    guard let scalar = node.scalar, scalar.text == text else { return location }
    let length = node.mark.end - node.mark.offset
    let lead: Int
    switch scalar.style {
    case .plain where length == text.utf8.count: lead = 0
    case .singleQuoted where length == text.utf8.count + 2, .doubleQuoted where length == text.utf8.count + 2: lead = 1
    default: return location
    }
    // A text of more than one line would have been folded, so the columns of what follows are known.
    let before = text.utf8.prefix(range.lowerBound)
    let column = node.mark.column + lead + before.count { $0 & 0xC0 != 0x80 }
    let start = node.mark.offset + lead + range.lowerBound
    let mark = Mark(
      file: node.mark.file, line: node.mark.line, column: column, offset: start, end: start + range.count)
    return Location(mark: mark, keyPath: keyPath)
  }

  /// A part of the scalar's text, with its place.
  func located(_ part: Substring, in text: String) -> Located<String> {
    // Nothing to underline: the whole then.
    if part.isEmpty { return Located("", at: location) }
    let start = text.utf8.distance(from: text.startIndex, to: part.startIndex)
    return Located(String(part), at: location(ofText: start..<(start + part.utf8.count), in: text))
  }
}

extension YAMLNode {
  /// What is there, for `found:`. Long text is cut.
  var summary: String {
    switch content {
    case .sequence(let items): return items.isEmpty ? "an empty list" : "a list"
    case .mapping(let pairs): return pairs.isEmpty ? "an empty mapping" : "a mapping"
    case .scalar(let scalar):
      let text = scalar.text.count > 60 ? scalar.text.prefix(60) + "…" : scalar.text[...]
      // What references stand for may be secret.
      if scalar.text.contains("${") { return "the value of `\(text)`" }
      switch resolved {
      case .null: return scalar.text.isEmpty ? "nothing" : "null"
      case .bool: return "the boolean `\(text)`"
      case .number: return "the number `\(text)`"
      case .unrepresentable: return "`\(text)`, which JSON cannot write"
      default: return "the string `\(text)`"
      }
    }
  }
}
