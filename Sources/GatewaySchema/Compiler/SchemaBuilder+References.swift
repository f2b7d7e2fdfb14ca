import GatewayJSON

extension SchemaBuilder {
  /// Where a reference leads: the place, and what stands there.
  private struct Target {
    var location: SchemaLocation
    var value: JSONValue
    /// The fragment where it is an anchor's name.
    var anchor: String?
  }

  /// The schema a `$ref` leads to; `place` is the keyword's own location.
  mutating func reference(_ value: JSONValue, at place: SchemaLocation) -> Int32 {
    guard let target = target(of: value, "$ref", at: place) else { return 0 }
    return schema(target.value, at: target.location, isDeferred: true)
  }

  /// The schema a `$dynamicRef` leads to in this scope. Where its own target is no dynamic anchor, it is a plain
  /// reference (Core §8.2.3.2).
  mutating func dynamicReference(_ value: JSONValue, at place: SchemaLocation) -> Int32 {
    guard var target = target(of: value, "$dynamicRef", at: place) else { return 0 }
    if let anchor = target.anchor, resources[target.location.resource].dynamicAnchors.contains(anchor),
      let outermost = scopes[place.scope][anchor], let pointer = resources[outermost].anchors[anchor],
      let found = self.target(pointer, in: resources[outermost].document, from: place)
    {
      target = found
    }
    return schema(target.value, at: target.location, isDeferred: true)
  }

  /// The value a reference leads to; nil, without a problem, where it leads nowhere.
  mutating func referenced(_ text: String, from place: SchemaLocation) -> (index: Int32, value: JSONValue)? {
    let before = problems.count
    guard let target = target(of: .string(text), "$ref", at: place) else {
      // Not an `$ref`, so what was said about it here is forgotten; documents that the search has led to are not.
      let name = documents[place.document].name
      let kept = problems[before...].filter { $0.pointer != place.pointer || $0.resource != name }
      for problem in problems[before...] { told.remove(problem) }
      problems.removeSubrange(before...)
      for problem in kept where told.insert(problem).inserted { problems.append(problem) }
      return nil
    }
    return (schema(target.value, at: target.location, isDeferred: true), target.value)
  }

  private mutating func target(of value: JSONValue, _ keyword: String, at place: SchemaLocation) -> Target? {
    hasReferences = true
    guard case .string(let text) = value else {
      problem(place, "'\(keyword)' must be a string, found \(value.typeName)")
      return nil
    }
    let address = SchemaAddress(text)
    let fragment = JSONPointer.percentDecoded(String(address.fragment ?? ""))
    guard let resource = resource(at: address, from: place) else { return nil }
    let isPointer = fragment.isEmpty || fragment.utf8.first == UInt8(ascii: "/")
    let pointer: String
    if isPointer {
      pointer = resources[resource].pointer + fragment
    } else if let anchor = resources[resource].anchors[fragment] {
      pointer = anchor
    } else {
      let nearest = NearestWord.of(fragment, among: resources[resource].anchors.keys.sorted())
      problem(place, "no anchor '\(fragment)'" + (nearest.map { "; did you mean '#\($0)'?" } ?? ""))
      return nil
    }
    guard var target = target(pointer, in: resources[resource].document, from: place) else {
      return sharedSchema(fragment, written: text, at: place)
    }
    if !isPointer { target.anchor = fragment }
    return target
  }

  private mutating func target(_ pointer: String, in document: Int, from place: SchemaLocation) -> Target? {
    guard let value = JSONPointer.resolve(pointer, in: documents[document].value) else { return nil }
    findResources(around: pointer, in: document, value)
    guard let resource = resource(around: pointer, in: document) else { return nil }
    let location = SchemaLocation(document: document, resource: resource, scope: place.scope, pointer: pointer)
    return Target(location: entered(location), value: value)
  }

  /// A pointer may lead into a part of the document that is no schema by the keywords around it; what is named there is
  /// known only from now on.
  private mutating func findResources(around pointer: String, in document: Int, _ value: JSONValue) {
    guard !SchemaBuilder.isSchemaPath(JSONPointer.tokens(pointer)),
      let resource = resource(around: pointer, in: document),
      documents[document].extraPlaces.insert(ExactText(pointer)).inserted
    else { return }
    collectAnchors(
      in: value, at: SchemaLocation(document: document, resource: resource, scope: 0, pointer: pointer), depth: 0)
  }

  /// Whether all steps go through keywords that hold schemas.
  private static func isSchemaPath(_ tokens: [String]) -> Bool {
    var rest = tokens[...]
    while let keyword = rest.popFirst() {
      if SchemaKeywords.single.contains(keyword) { continue }
      guard SchemaKeywords.map.contains(keyword) || SchemaKeywords.list.contains(keyword), rest.popFirst() != nil else {
        return false
      }
    }
    return true
  }

  /// `#/schemas/NewBook` from inside a schema that has no such part of its own.
  private mutating func sharedSchema(_ pointer: String, written text: String, at place: SchemaLocation) -> Target? {
    var tokens = JSONPointer.tokens(pointer)[...]
    if tokens.first == "components" { tokens = tokens.dropFirst() }
    guard tokens.first == "schemas", let name = tokens.dropFirst().first else {
      problem(place, "'\(text)' leads nowhere")
      return nil
    }
    guard let document = namedDocument(name) else {
      unknown(name, among: named.keys.sorted(), at: place)
      return nil
    }
    let rest = tokens.dropFirst(2).map { "/" + JSONPointer.escape($0) }.joined()
    guard let target = target(rest, in: document, from: place) else {
      problem(place, "'\(text)' leads nowhere in schema '\(name)'")
      return nil
    }
    return target
  }

  /// The resource a reference names. Resources by address come first, then documents, then named schemas.
  private mutating func resource(at address: SchemaAddress, from place: SchemaLocation) -> Int? {
    let written = address.document
    if written.isEmpty { return place.resource }
    let resolved = SchemaAddress.resolve(address, against: resources[place.resource].base)
    if let known = resourceIndexes[resolved] { return known }
    if let value = given[resolved] { return addGiven(value, resolved) }
    if let document = namedDocument(written) { return documents[document].resources[ExactText("")] }
    // A resource may be inside a document that nothing has led to yet.
    addAllGiven()
    if let known = resourceIndexes[resolved] { return known }
    if written.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) {
      let nearest = NearestWord.of(resolved, among: resourceIndexes.keys.sorted())
      problem(
        place,
        "unknown document '\(resolved)'"
          + (nearest.map { "; did you mean '\($0)'?" }
            ?? ": nothing is fetched, documents have to be given beside the schema"))
      return nil
    }
    unknown(written, among: named.keys.sorted(), at: place)
    return nil
  }

  private mutating func unknown(_ name: String, among names: [String], at place: SchemaLocation) {
    let nearest = NearestWord.of(name, among: names)
    problem(place, "unknown schema '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
  }

  private mutating func namedDocument(_ name: String) -> Int? {
    if let known = namedDocuments[name] { return known }
    guard let value = named[name] else { return nil }
    let location = addDocument(value, name: name, address: address)
    namedDocuments[name] = location.document
    return location.document
  }

  private mutating func addGiven(_ value: JSONValue, _ address: String) -> Int {
    let location = addDocument(value, name: address, address: address)
    // By where it was found, too: `$id` may say something else.
    resourceIndexes[address] = location.resource
    return location.resource
  }

  private mutating func addAllGiven() {
    guard !hasAddedAllGiven else { return }
    hasAddedAllGiven = true
    for (address, value) in given.sorted(by: { $0.key < $1.key }) where resourceIndexes[address] == nil {
      _ = addGiven(value, address)
    }
    // Their `$id` may be what is looked for.
    for name in named.keys.sorted() { _ = namedDocument(name) }
  }

  /// What FastAPI would call this schema as a branch of a union.
  func label(of value: JSONValue, at location: SchemaLocation) -> String {
    if location.pointer.isEmpty, let name = documents[location.document].name {
      // An address is no name.
      if named[name] != nil { return name }
      return value["title"]?.string ?? SchemaBuilder.lastPart(of: name) ?? name
    }
    if location.pointer.utf8.dropFirst().first == UInt8(ascii: "$"), location.pointer.hasPrefix("/$defs/") {
      let tokens = JSONPointer.tokens(location.pointer)
      if tokens.count == 2 { return tokens[1] }
    }
    return SchemaBuilder.label(of: value, depth: 0)
  }

  private static func label(of value: JSONValue, depth: Int) -> String {
    guard case .object(let object) = value else { return "any" }
    // One pass, because this runs for every schema at load.
    var label: String?
    var type: String?
    for member in object.members {
      switch (member.name, member.value) {
      case ("title", .string(let title)): return title
      case ("$ref", .string(let reference)):
        label = SchemaBuilder.lastPart(of: reference) ?? "any"
      case ("const", _), ("enum", _): label = label ?? "literal"
      case ("type", .string(let name)): type = name
      default: break
      }
    }
    if let label { return label }
    if type == "array" {
      return "list[\(object["items"].map { depth < 8 ? self.label(of: $0, depth: depth + 1) : "any" } ?? "any")]"
    }
    return type.map { self.label(ofType: SchemaTypes(name: $0) ?? .all) } ?? "any"
  }

  /// `NewBook` of `#/$defs/NewBook`.
  static func lastPart(of reference: String) -> String? {
    reference.utf8.split(whereSeparator: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "#") }).last
      .map { JSONPointer.unescape(Substring($0)) }
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
