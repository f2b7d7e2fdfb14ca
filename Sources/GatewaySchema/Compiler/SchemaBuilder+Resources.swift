import GatewayJSON

/// Documents, the resources in them, and what names them.
extension SchemaBuilder {
  /// Adds a document and finds the resources and anchors in it; gives the location of its root.
  mutating func addDocument(_ value: JSONValue, name: String?, address: String) -> SchemaLocation {
    let document = documents.count
    documents.append(Document(name: name, value: value))
    let root = resources.count
    resources.append(Resource(document: document, pointer: "", base: address, vocabularies: .standard))
    documents[document].resources[ExactText("")] = root
    let location = SchemaLocation(document: document, resource: root, scope: 0, pointer: "")
    if let name, named[name] != nil, namedDocuments[name] == nil { namedDocuments[name] = document }
    if SchemaBuilder.namesParts(value, depth: 0) {
      collectAnchors(in: value, at: location, depth: 0)
    } else if let dialect = value["$schema"] {
      resources[root].vocabularies = vocabularies(of: dialect, at: location.appending("$schema"))
    }
    return entered(location)
  }

  /// Whether anything in there may be an `$id` or anchor. Most schemas have none and need not be walked with their
  /// pointers, which would be a quarter of compiling them.
  private static func namesParts(_ value: JSONValue, depth: Int) -> Bool {
    guard depth < maximumDepth else { return true }
    switch value {
    case .object(let object):
      return object.members.contains { member in
        switch member.name {
        case "$id", "$anchor", "$dynamicAnchor": true
        default: namesParts(member.value, depth: depth + 1)
        }
      }
    case .array(let items): return items.contains { namesParts($0, depth: depth + 1) }
    default: return false
    }
  }

  /// Walks all schemas of a document once. A reference may come before the `$id` or anchor it needs.
  mutating func collectAnchors(in value: JSONValue, at place: SchemaLocation, depth: Int) {
    guard case .object(let object) = value, depth < SchemaBuilder.maximumDepth else { return }
    var location = place
    // `$id` before the anchors, which belong to the resource it begins.
    if let identifier = object["$id"] {
      beginResource(identifier, at: &location)
    }
    if location.pointer == resources[location.resource].pointer, let dialect = object["$schema"] {
      resources[location.resource].vocabularies = vocabularies(of: dialect, at: location.appending("$schema"))
    }
    for member in object.members {
      switch member.name {
      case "$anchor", "$dynamicAnchor": addAnchor(member, at: location)
      case "$id", "type", "description", "title", "enum", "const", "required", "default", "examples": break
      default: collectAnchors(below: member, at: location, depth: depth)
      }
    }
  }

  private mutating func collectAnchors(below member: JSONObject.Member, at location: SchemaLocation, depth: Int) {
    switch member.value {
    case .object(let members):
      if SchemaKeywords.map.contains(member.name) {
        let place = location.appending(member.name)
        for inner in members.members {
          collectAnchors(in: inner.value, at: place.appending(inner.name), depth: depth + 1)
        }
      } else if SchemaKeywords.single.contains(member.name) {
        collectAnchors(in: member.value, at: location.appending(member.name), depth: depth + 1)
      }
    case .array(let items):
      guard SchemaKeywords.list.contains(member.name) else { return }
      let place = location.appending(member.name)
      for (position, item) in items.enumerated() {
        collectAnchors(in: item, at: place.appending(position), depth: depth + 1)
      }
    default: break
    }
  }

  private mutating func beginResource(_ identifier: JSONValue, at location: inout SchemaLocation) {
    let place = location.appending("$id")
    guard let text = identifier.string else {
      problem(place, "'$id' must be a string, found \(identifier.typeName)")
      return
    }
    let address = SchemaAddress(text)
    guard address.fragment?.isEmpty ?? true else {
      problem(place, "'$id' must not have a fragment: '$anchor' names a part of a document")
      return
    }
    let outer = resources[location.resource]
    let base = SchemaAddress.resolve(address, against: outer.base)
    var resource = location.resource
    if location.pointer.isEmpty {
      resources[resource].base = base
    } else {
      resource = resources.count
      resources.append(
        Resource(
          document: location.document, pointer: location.pointer, base: base, vocabularies: outer.vocabularies))
      documents[location.document].resources[ExactText(location.pointer)] = resource
      location.resource = resource
    }
    guard let other = resourceIndexes[base] else {
      resourceIndexes[base] = resource
      return
    }
    let first = resources[other]
    if first.document == location.document {
      problem(place, "'$id' '\(base)' stands at '\(first.pointer)' already")
    } else if JSONPointer.resolve(first.pointer, in: documents[first.document].value)
      != JSONPointer.resolve(location.pointer, in: documents[location.document].value)
    {
      // The same document given twice, under two names, is no contradiction.
      let owner = documents[first.document].name ?? ""
      problem(place, "'$id' '\(base)' is that of '\(owner)#\(first.pointer)', which is another schema")
    }
  }

  private mutating func addAnchor(_ member: JSONObject.Member, at location: SchemaLocation) {
    let place = location.appending(member.name)
    guard let text = member.value.string, SchemaBuilder.isAnchor(text) else {
      problem(place, "'\(member.name)' must be a name that starts with a letter or underscore")
      return
    }
    if let other = resources[location.resource].anchors[text], other != location.pointer {
      problem(place, "anchor '\(text)' exists already at '\(other)'")
    }
    resources[location.resource].anchors[text] = location.pointer
    if member.name == "$dynamicAnchor" { resources[location.resource].dynamicAnchors.append(text) }
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

  /// What `$schema` allows: the standard's dialect, OpenAPI's (which only adds annotations), or that of a meta-schema
  /// among the documents.
  private mutating func vocabularies(of dialect: JSONValue, at place: SchemaLocation) -> SchemaVocabularies {
    guard let text = dialect.string else {
      problem(place, "'$schema' must be a string, found \(dialect.typeName)")
      return .standard
    }
    let address = SchemaAddress(text).document
    let standard = "https://json-schema.org/draft/2020-12/schema"
    if address == standard || address == "https://spec.openapis.org/oas/3.1/dialect/base" { return .standard }
    guard let metaschema = given[address] ?? given.values.first(where: { $0["$id"]?.string == address }) else {
      let hint = address.contains("json-schema.org/") ? "earlier drafts are not supported" : "no such document is given"
      problem(place, "dialect '\(text)' is not known: \(hint); use '\(standard)'")
      return .standard
    }
    guard let listed = metaschema["$vocabulary"]?.object else { return .standard }
    var result: SchemaVocabularies = []
    for member in listed.members {
      if let vocabulary = SchemaVocabularies(address: member.name) {
        result.formUnion(vocabulary)
      } else if member.value != .bool(false) {
        problem(place, "dialect '\(text)' requires the vocabulary '\(member.name)', which is not known")
      }
    }
    return result
  }

  /// The same place, with the resource that begins there, if any, entered.
  func entering(_ place: SchemaLocation) -> Int {
    documents[place.document].resources.count == 1
      ? place.resource : documents[place.document].resources[ExactText(place.pointer)] ?? place.resource
  }

  mutating func entered(_ place: SchemaLocation) -> SchemaLocation {
    var location = place
    location.resource = entering(place)
    location.scope = scope(entering: location.resource, from: place.scope)
    return location
  }

  private mutating func scope(entering resource: Int, from scope: Int) -> Int {
    let names = resources[resource].dynamicAnchors
    // The usual case: no dynamic anchors at all.
    guard !names.isEmpty, names.contains(where: { scopes[scope][$0] == nil }) else { return scope }
    var bound = scopes[scope]
    for name in names where bound[name] == nil { bound[name] = resource }
    if let known = scopeIndexes[bound] { return known }
    scopes.append(bound)
    scopeIndexes[bound] = scopes.count - 1
    return scopes.count - 1
  }

  /// The innermost resource around `pointer`.
  func resource(around pointer: String, in document: Int) -> Int? {
    let known = documents[document].resources
    guard known.count > 1 else { return known[ExactText("")] }
    var end = pointer.utf8.endIndex
    while true {
      if let resource = known[ExactText(String(pointer[..<end]))] { return resource }
      guard let slash = pointer.utf8[..<end].lastIndex(of: UInt8(ascii: "/")) else { return known[ExactText("")] }
      end = slash
    }
  }
}
