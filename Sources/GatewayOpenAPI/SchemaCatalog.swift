import GatewayJSON

/// The schemas of a document: finds what references mean, gives components their names and brings schemas into the form
/// in which they stand in the document.
///
/// A schema's own `$defs` become components beside it, because readers of OpenAPI look nowhere else.
struct SchemaCatalog {
  struct Key: Hashable {
    var plugin: String?
    var name: String

    var text: String { (plugin.map { $0 + "." } ?? "") + name }
  }

  /// Where a schema that is being rewritten stands.
  struct Scope {
    /// Whose names come first, and whose after the file's own.
    var plugin: String?
    var fallback: String?
    /// The whole schema, for references within it.
    var root: JSONValue
    /// Its component; nil for one that stays in its place and has no references to itself.
    var component: String?
    /// Component names of its `$defs` (and `definitions`).
    var definitions: [String: String] = [:]
    /// Of the root, for problems.
    var pointer: String
  }

  private(set) var components: [String: JSONValue] = [:]
  private(set) var problems: [OpenAPIProblem] = []
  private(set) var names = ComponentNames()
  private var schemas: [Key: JSONValue] = [:]
  private var componentNames: [Key: String] = [:]
  private var definitions: [Key: [String: String]] = [:]
  private var identifiers: [String: Key] = [:]
  /// Plugin, name and text of a definition → its component: equal ones are one.
  private var shared: [SharedKey: String] = [:]
  private var isQueued: Set<Key> = []
  private var queue: [Key] = []

  private struct SharedKey: Hashable {
    var plugin: String?
    var name: String
    var closure: JSONValue
  }

  /// `#/$defs/X` and `#/definitions/X`.
  private static let definitionWords = ["$defs", "definitions"]

  init(_ named: [APINamedSchema]) {
    for schema in named {
      let key = Key(plugin: schema.plugin, name: schema.name)
      guard schemas.updateValue(schema.value, forKey: key) == nil else {
        problem("/schemas/" + Pointer.escape(key.text), "the schema is declared twice; the last one counts")
        continue
      }
      componentNames[key] = names.take(
        ComponentNames.sanitized(schema.name), owner: schema.plugin.map(ComponentNames.sanitized))
      if let identifier = schema.value["$id"]?.string { identifiers[identifier] = key }
    }
    // Definitions after all named schemas: none may take the name of one.
    for schema in named {
      let key = Key(plugin: schema.plugin, name: schema.name)
      guard definitions[key] == nil, let value = schemas[key], let name = componentNames[key] else { continue }
      definitions[key] = nameDefinitions(of: value, plugin: schema.plugin, owner: name)
    }
    for schema in named where schema.plugin == nil { use(Key(plugin: nil, name: schema.name)) }
  }

  mutating func problem(_ pointer: String, _ message: String, severity: OpenAPIProblem.Severity = .error) {
    problems.append(OpenAPIProblem(pointer, message, severity: severity))
  }

  /// A name for a component that no schema of the description has.
  mutating func take(_ name: String, owner: String) -> String { names.take(name, owner: owner) }

  /// Puts a finished schema among the components.
  mutating func add(_ value: JSONValue, as name: String) { components[name] = value }

  /// The schema in the form in which it stands in the document. One that refers to itself becomes a component, called
  /// `name` where that is free.
  mutating func inline(_ schema: APISchema, fallback: String?, name: String, at pointer: String) -> JSONValue {
    var scope = Scope(plugin: schema.plugin, fallback: fallback, root: schema.value, pointer: pointer)
    guard refersToItself(schema.value) || !Self.definitionsOf(schema.value).isEmpty else {
      return rewrite(schema.value, scope, at: pointer)
    }
    let wanted = ComponentNames.sanitized(name)
    let owner = refersToItself(schema.value) ? names.take(wanted) : wanted
    scope.definitions = nameDefinitions(of: schema.value, plugin: schema.plugin, owner: owner)
    addDefinitions(scope)
    guard refersToItself(schema.value) else { return rewrite(schema.value, scope, at: pointer) }
    scope.component = owner
    components[owner] = rewrite(schema.value, scope, at: pointer)
    return Self.reference(owner)
  }

  /// Rewrites what is referred to, until nothing is left. To be called once, after the last operation.
  mutating func finish() {
    while let key = queue.popLast() {
      guard let value = schemas[key], let name = componentNames[key] else { continue }
      let scope = Scope(
        plugin: key.plugin, fallback: nil, root: value, component: name, definitions: definitions[key] ?? [:],
        pointer: "/schemas/" + Pointer.escape(key.text))
      components[name] = rewrite(value, scope, at: scope.pointer)
      addDefinitions(scope)
    }
  }

  private mutating func use(_ key: Key) {
    if isQueued.insert(key).inserted { queue.append(key) }
  }

  static func reference(_ component: String, _ rest: String = "") -> JSONValue {
    .object(JSONObject([("$ref", .string("#/components/schemas/" + component + rest))]))
  }

  // MARK: Definitions

  private static func definitionsOf(_ schema: JSONValue) -> [(name: String, value: JSONValue)] {
    definitionWords.flatMap { schema[$0]?.object?.members.map { ($0.name, $0.value) } ?? [] }
  }

  private mutating func nameDefinitions(of schema: JSONValue, plugin: String?, owner: String) -> [String: String] {
    var result: [String: String] = [:]
    for (name, value) in Self.definitionsOf(schema) where result[name] == nil {
      let closure = closure(of: value, in: schema)
      let key = closure.map { SharedKey(plugin: plugin, name: name, closure: $0) }
      if let key, let known = shared[key] {
        result[name] = known
        continue
      }
      let component = names.take(ComponentNames.sanitized(name), owner: owner)
      result[name] = component
      if let key { shared[key] = component }
    }
    return result
  }

  /// A definition with every other one it leads to: two that agree in this mean the same. Nil where it refers to
  /// something else of its schema.
  private func closure(of value: JSONValue, in root: JSONValue) -> JSONValue? {
    var reached = JSONObject()
    var pending = [value]
    while let next = pending.popLast() {
      var isClosed = true
      SchemaWalk.forEach(next) { object, _ in
        guard let reference = object["$ref"]?.string, reference.hasPrefix("#") else { return true }
        let tokens = Pointer.tokens(reference.dropFirst())
        if tokens.count == 2, Self.definitionWords.contains(tokens[0]), let target = Pointer.resolve(tokens, in: root) {
          if reached[tokens[1]] == nil {
            reached[tokens[1]] = target
            pending.append(target)
          }
        } else if resolves(String(reference.dropFirst()), in: root) {
          isClosed = false
        }
        return true
      }
      guard isClosed else { return nil }
    }
    return .array([value, .object(reached)])
  }

  private mutating func addDefinitions(_ scope: Scope) {
    for word in Self.definitionWords {
      for member in scope.root[word]?.object?.members ?? [] {
        guard let name = scope.definitions[member.name], components[name] == nil else { continue }
        // Taken before it is rewritten, so that what refers back to it does not come here again.
        components[name] = .null
        let pointer = Pointer.appending(member.name, to: scope.pointer + "/" + word)
        components[name] = rewrite(member.value, scope, at: pointer)
      }
    }
  }

  // MARK: References

  /// Whether the fragment leads somewhere inside the schema.
  private func resolves(_ fragment: String, in root: JSONValue) -> Bool {
    guard !fragment.isEmpty, !fragment.hasPrefix("/") else {
      return Pointer.resolve(Pointer.tokens(fragment), in: root) != nil
    }
    return anchor(fragment, in: root) != nil
  }

  private func anchor(_ name: String, in root: JSONValue) -> String? {
    var found: String?
    SchemaWalk.forEach(root) { object, pointer in
      if found == nil, object["$anchor"]?.string == name || object["$dynamicAnchor"]?.string == name {
        found = pointer
      }
      return found == nil
    }
    return found
  }

  /// Whether the schema has a reference into itself that is not one to a definition.
  private func refersToItself(_ schema: JSONValue) -> Bool {
    var found = false
    SchemaWalk.forEach(schema) { object, _ in
      if let reference = object["$ref"]?.string, reference.hasPrefix("#") {
        let fragment = String(reference.dropFirst())
        let tokens = Pointer.tokens(fragment)
        let isDefinition = tokens.count > 1 && Self.definitionWords.contains(tokens[0])
        if !isDefinition, resolves(fragment, in: schema) { found = true }
      }
      return !found
    }
    return found
  }

  /// What a reference is in the document; nil where it leads nowhere.
  private mutating func target(of reference: String, _ scope: Scope) -> String? {
    let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let base = parts.first.map(String.init) ?? ""
    guard let fragment = Pointer.fragment(parts.count > 1 ? parts[1] : "") else { return nil }
    if base.isEmpty {
      if fragment.isEmpty || fragment.hasPrefix("/") {
        let tokens = Pointer.tokens(fragment)
        if Pointer.resolve(tokens, in: scope.root) != nil { return local(tokens, scope) }
        for words in [["schemas"], ["components", "schemas"]] where tokens.starts(with: words) {
          let rest = tokens.dropFirst(words.count)
          guard let name = rest.first else { return nil }
          return find(name, scope).flatMap { component($0, Array(rest.dropFirst())) }
        }
        return nil
      }
      return anchor(fragment, in: scope.root).flatMap { local(Pointer.tokens($0), scope) }
    }
    return (find(base, scope) ?? identifiers[base]).flatMap { component($0, Pointer.tokens(fragment)) }
  }

  private func local(_ tokens: [String], _ scope: Scope) -> String? {
    if tokens.count > 1, Self.definitionWords.contains(tokens[0]), let name = scope.definitions[tokens[1]] {
      return "#/components/schemas/" + name + Self.text(tokens.dropFirst(2))
    }
    return scope.component.map { "#/components/schemas/" + $0 + Self.text(tokens[...]) }
  }

  private mutating func component(_ key: Key, _ rest: [String]) -> String? {
    guard let value = schemas[key], let name = componentNames[key], Pointer.resolve(rest, in: value) != nil else {
      return nil
    }
    use(key)
    let scope = Scope(
      plugin: nil, fallback: nil, root: value, component: name, definitions: definitions[key] ?? [:], pointer: "")
    return local(rest, scope)
  }

  private func find(_ name: String, _ scope: Scope) -> Key? {
    let plugins: [String?] = scope.plugin == nil ? [nil, scope.fallback] : [scope.plugin, nil]
    for plugin in plugins {
      let key = Key(plugin: plugin, name: name)
      if schemas[key] != nil { return key }
    }
    guard let dot = name.firstIndex(of: ".") else { return nil }
    let key = Key(plugin: String(name[..<dot]), name: String(name[name.index(after: dot)...]))
    return schemas[key] == nil ? nil : key
  }

  private static func text(_ tokens: ArraySlice<String>) -> String {
    tokens.map { "/" + Pointer.escape($0) }.joined()
  }

  // MARK: Rewriting

  private mutating func rewrite(
    _ schema: JSONValue, _ scope: Scope, at pointer: String
  ) -> JSONValue {
    guard case .object(var object) = schema else { return schema }
    let isRoot = pointer == scope.pointer
    if !isRoot, object["$id"] != nil {
      problem(pointer, "a schema with its own `$id` is published as it is, references and all", severity: .note)
      return schema
    }
    // What belongs to the file the schema was written in, not to this document.
    for word in ["$id", "$schema", "$anchor"] { object[word] = nil }
    if isRoot { for word in Self.definitionWords { object[word] = nil } }
    for member in object.members where member.name.hasPrefix("x-gateway") { object[member.name] = nil }
    if let reference = object["$ref"]?.string {
      if let target = target(of: reference, scope) {
        object["$ref"] = .string(target)
      } else {
        problem(Pointer.appending("$ref", to: pointer), "`\(reference)` leads to no schema")
        object["$ref"] = nil
      }
    }
    if case .object(var discriminator)? = object["discriminator"] {
      if case .object(let mapping)? = discriminator["mapping"] {
        discriminator["mapping"] = .object(
          JSONObject(
            mapping.members.map { member in
              (member.name, member.value.string.flatMap { target(of: $0, scope) }.map { .string($0) } ?? member.value)
            }))
        object["discriminator"] = .object(discriminator)
      }
    }
    return .object(
      SchemaWalk.mapChildren(object, at: pointer) { child, place in rewrite(child, scope, at: place) })
  }
}
