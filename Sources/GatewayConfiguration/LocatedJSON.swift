import GatewayJSON
import GatewayYAML

/// A JSON value written in the file (as YAML), that can be asked where any part of it stands.
public struct LocatedJSON: Sendable, Locatable {
  public var value: JSONValue
  public var location: Location
  /// The tree the value was read from; nil for values made in code.
  var node: YAMLNode?

  public init(_ value: JSONValue, at location: Location = .none) {
    self.value = value
    self.location = location
  }

  init(_ value: JSONValue, node: YAMLNode, at location: Location) {
    self.value = value
    self.location = location
    self.node = node
  }

  /// Where the part that a JSON Pointer (RFC 6901) names is written; the nearest enclosing part where it is absent.
  public func location(forPointer pointer: String) -> Location {
    var place = location
    guard var node else { return place }
    for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let word = unescaped(token)
      switch node.content {
      case .mapping(let pairs):
        guard let pair = pairs.first(where: { $0.key.scalar?.text == word }) else { return place }
        node = pair.value
        place.keyPath = KeyPathText.appending(key: word, to: place.keyPath)
      case .sequence(let items):
        guard let index = Int(word), items.indices.contains(index) else { return place }
        node = items[index]
        place.keyPath = KeyPathText.appending(index: index, to: place.keyPath)
      case .scalar:
        return place
      }
      place.mark = node.mark
    }
    return place
  }

  /// As `location(forPointer:)`, but the key of the last part rather than its value: where an unwanted or misspelt
  /// keyword is to be underlined.
  public func location(ofKeyAt pointer: String) -> Location {
    guard let slash = pointer.lastIndex(of: "/") else { return location }
    let parent = String(pointer[..<slash])
    let word = unescaped(pointer[pointer.index(after: slash)...])
    var place = location(forPointer: parent)
    guard let pairs = node(at: parent)?.mapping, let pair = pairs.first(where: { $0.key.scalar?.text == word })
    else { return place }
    place.mark = pair.key.mark
    place.keyPath = KeyPathText.appending(key: word, to: place.keyPath)
    return place
  }

  private func node(at pointer: String) -> YAMLNode? {
    var node = node
    for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let word = unescaped(token)
      switch node?.content {
      case .mapping: node = node?[word]
      case .sequence(let items): node = Int(word).flatMap { items.indices.contains($0) ? items[$0] : nil }
      default: return nil
      }
    }
    return node
  }

  /// RFC 6901 §4: `~1` first, then `~0`.
  private func unescaped(_ token: Substring) -> String {
    guard token.contains("~") else { return String(token) }
    var text = ""
    var rest = token
    while let character = rest.popFirst() {
      guard character == "~", let next = rest.first, next == "0" || next == "1" else {
        text.append(character)
        continue
      }
      rest.removeFirst()
      text.append(next == "1" ? "/" : "~")
    }
    return text
  }
}
