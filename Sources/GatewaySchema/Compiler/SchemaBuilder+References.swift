import GatewayJSON

extension SchemaBuilder {
  /// Adds a document and collects its anchors. `$id` inside it is a problem: references are not resolved against it
  /// yet.
  mutating func addResource(_ value: JSONValue, name: String?) -> Int {
    let index = resources.count
    resources.append(Resource(name: name, value: value, identifier: value["$id"]?.string))
    if let name { resourceIndexes[name] = index }
    collectAnchors(in: value, at: SchemaLocation(resource: index, pointer: ""), depth: 0)
    return index
  }

  private mutating func collectAnchors(in value: JSONValue, at location: SchemaLocation, depth: Int) {
    guard case .object(let object) = value, depth < SchemaBuilder.maximumDepth else { return }
    if object["$id"] != nil && !location.pointer.isEmpty {
      // A resource of its own, with anchors of its own.
      problem(location.appending("$id"), "'$id' inside a schema is not supported yet")
      return
    }
    for keyword in ["$anchor", "$dynamicAnchor"] {
      guard let anchor = object[keyword] else { continue }
      guard let text = anchor.string, SchemaBuilder.isAnchor(text) else {
        problem(location.appending(keyword), "'\(keyword)' must be a name that starts with a letter or underscore")
        continue
      }
      if let other = resources[location.resource].anchors[text], other != location.pointer {
        problem(location.appending(keyword), "anchor '\(text)' exists already at '\(other)'")
      }
      resources[location.resource].anchors[text] = location.pointer
    }
    for member in object.members {
      switch member.value {
      case .object(let members) where SchemaKeywords.map.contains(member.name):
        let place = location.appending(member.name)
        for inner in members.members {
          collectAnchors(in: inner.value, at: place.appending(inner.name), depth: depth + 1)
        }
      case .array(let items) where SchemaKeywords.list.contains(member.name):
        let place = location.appending(member.name)
        for (position, item) in items.enumerated() {
          collectAnchors(in: item, at: place.appending(position), depth: depth + 1)
        }
      case .object where SchemaKeywords.single.contains(member.name):
        collectAnchors(in: member.value, at: location.appending(member.name), depth: depth + 1)
      default: break
      }
    }
  }

  // Core §8.2.2.
  private static func isAnchor(_ text: String) -> Bool {
    guard let first = text.utf8.first, HostnameText.isLetterOrDigit(first) || first == UInt8(ascii: "_"),
      first &- UInt8(ascii: "0") >= 10
    else { return false }
    return text.utf8.allSatisfy {
      HostnameText.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
    }
  }

  /// The schema a `$ref` leads to; `place` is the keyword's own location.
  mutating func reference(_ value: JSONValue, at place: SchemaLocation) -> Int32 {
    guard case .string(let text) = value else {
      problem(place, "'$ref' must be a string, found \(value.typeName)")
      return 0
    }
    let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let base = String(parts.first ?? "")
    let fragment = parts.count > 1 ? JSONPointer.percentDecoded(String(parts[1])) : ""
    guard let resource = resource(named: base, from: place) else { return 0 }

    let pointer: String
    if fragment.isEmpty || fragment.utf8.first == UInt8(ascii: "/") {
      pointer = fragment
    } else if let anchor = resources[resource].anchors[fragment] {
      pointer = anchor
    } else {
      let nearest = NearestWord.of(fragment, among: resources[resource].anchors.keys)
      problem(place, "no anchor '\(fragment)'" + (nearest.map { "; did you mean '#\($0)'?" } ?? ""))
      return 0
    }
    if let target = JSONPointer.resolve(pointer, in: resources[resource].value) {
      return schema(target, at: SchemaLocation(resource: resource, pointer: pointer), isDeferred: true)
    }
    return sharedSchema(pointer, written: text, at: place)
  }

  /// `#/schemas/NewBook` from inside a schema that has no such part of its own.
  private mutating func sharedSchema(_ pointer: String, written text: String, at place: SchemaLocation) -> Int32 {
    var tokens = JSONPointer.tokens(pointer)[...]
    if tokens.first == "components" { tokens = tokens.dropFirst() }
    guard tokens.first == "schemas", let name = tokens.dropFirst().first else {
      problem(place, "'\(text)' leads nowhere")
      return 0
    }
    guard let resource = resource(named: name, from: place) else { return 0 }
    let rest = tokens.dropFirst(2).map { "/" + JSONPointer.escape($0) }.joined()
    guard let target = JSONPointer.resolve(rest, in: resources[resource].value) else {
      problem(place, "'\(text)' leads nowhere in schema '\(name)'")
      return 0
    }
    return schema(target, at: SchemaLocation(resource: resource, pointer: rest), isDeferred: true)
  }

  private mutating func resource(named base: String, from place: SchemaLocation) -> Int? {
    if base.isEmpty || base == resources[place.resource].identifier { return place.resource }
    if let known = resourceIndexes[base] { return known }
    if let value = named[base] { return addResource(value, name: base) }
    if base.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) {
      problem(place, "reference to the document '\(base)': documents by address are not supported yet")
      return nil
    }
    let nearest = NearestWord.of(base, among: named.keys.sorted())
    problem(place, "unknown schema '\(base)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
    return nil
  }

  /// What FastAPI would call this schema as a branch of a union.
  func label(of value: JSONValue, at location: SchemaLocation) -> String {
    if location.pointer.isEmpty, let name = resources[location.resource].name { return name }
    if location.pointer.hasPrefix("/$defs/") {
      let tokens = JSONPointer.tokens(location.pointer)
      if tokens.count == 2 { return tokens[1] }
    }
    return SchemaBuilder.label(of: value, depth: 0)
  }

  private static func label(of value: JSONValue, depth: Int) -> String {
    if let title = value["title"]?.string { return title }
    if let reference = value["$ref"]?.string {
      let name = reference.split(whereSeparator: { $0 == "/" || $0 == "#" }).last ?? "any"
      return JSONPointer.unescape(name)
    }
    if value["const"] != nil || value["enum"] != nil { return "literal" }
    switch value["type"]?.string {
    case "array":
      let items = value["items"].map { depth < 8 ? label(of: $0, depth: depth + 1) : "any" } ?? "any"
      return "list[\(items)]"
    case let name?: return label(ofType: SchemaTypes(name: name) ?? .all)
    case nil: return "any"
    }
  }

  static func label(ofType type: SchemaTypes) -> String {
    switch type {
    case .integer: "int"
    case .number: "float"
    case .string: "str"
    case .boolean: "bool"
    case .null: "none"
    case .array: "list[any]"
    case .object: "dict[str,any]"
    default: "any"
    }
  }
}
