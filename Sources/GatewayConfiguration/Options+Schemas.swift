import GatewayJSON
import GatewayYAML

/// Words of JSON Schema 2020-12, to tell a schema from other mappings and to suggest the nearest.
enum JSONSchemaWords {
  static let types = ["string", "integer", "number", "boolean", "array", "object", "null"]

  static let keywords: Set<String> = [
    "$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$defs", "$comment", "$vocabulary", "allOf",
    "anyOf",
    "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "prefixItems", "items", "contains",
    "properties", "patternProperties", "additionalProperties", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties", "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum",
    "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains",
    "minContains", "maxProperties", "minProperties", "required", "title", "description", "default", "deprecated",
    "readOnly", "writeOnly", "examples", "discriminator", "format", "contentEncoding", "contentMediaType",
    "contentSchema",
  ]
}

extension FileDecoder {
  /// A schema in place: a mapping or a boolean. Its keywords are the schema compiler's business.
  func schema(_ cursor: Cursor) -> LocatedJSON? {
    guard cursor.node.mapping != nil || cursor.node.resolved == .bool(true) || cursor.node.resolved == .bool(false)
    else {
      mismatch(cursor, "a JSON Schema")
      return nil
    }
    return locatedJSON(cursor)
  }

  /// The name of a schema, or a schema.
  func schemaReference(_ cursor: Cursor) -> SchemaReference? {
    if case .string? = cursor.node.resolved {
      return string(cursor, "a schema or its name").map { .named(Located($0, at: cursor.location)) }
    }
    return schema(cursor).map { .inline($0) }
  }

  /// `{file: path}`: a schema in a file of its own, YAML or JSON. References `${…}` are not looked at there.
  fileprivate func schemaFile(_ entry: Cursor) -> LocatedJSON? {
    Kind.path.read(entry, self).flatMap { schemaDocument(joined: $0, at: entry.location) }
  }

  /// A file that schemas refer to, by its path as seen from the directory of the configuration.
  func schemaDocument(_ path: String, at place: Location) -> LocatedJSON? {
    schemaDocument(joined: Paths.joined(path, to: directory), at: place)
  }

  private func schemaDocument(joined path: String, at place: Location) -> LocatedJSON? {
    var limits = YAMLLimits()
    limits.size = 1 << 20
    let bytes: [UInt8]
    switch environment.read(path, limits.size) {
    case .success(let read): bytes = read
    case .failure(let problem):
      diagnostics.error(.unreadableFile, "the file `\(path)` \(problem.sentence)", at: place)
      return nil
    }
    let (root, source, issues) = YAMLDocuments.parseOne(
      bytes, name: path, file: diagnostics.sources.sources.count, limits: limits)
    _ = diagnostics.sources.add(source)
    diagnostics.add(issues)
    guard let root, issues.isEmpty else { return nil }
    let cursor = Cursor(root)
    return json(cursor, interpolating: false).map { LocatedJSON($0, node: root, at: cursor.location) }
  }
}

extension Kind where Value == NamedSchema {
  static var namedSchema: Kind {
    let isSchema = JSONValue.object(["type": .array([.string("object"), .string("boolean")])])
    return Kind("a JSON Schema, or `{ file: path }`", schema: isSchema) { cursor, decoder in
      var entry = NamedSchema()
      let pairs = cursor.node.mapping ?? []
      let schema: LocatedJSON?
      if pairs.count == 1, let file = cursor.child("file") {
        schema = decoder.schemaFile(file)
        if case .string(let path)? = file.node.resolved { entry.path = path }
      } else {
        schema = decoder.schema(cursor)
      }
      guard let schema else { return nil }
      entry.schema = schema
      return entry
    }
  }
}

extension Kind where Value == SchemaReference {
  static var schemaReference: Kind {
    Kind(
      "a schema or its name",
      schema: .object(["type": .array([.string("string"), .string("object"), .string("boolean")])])
    ) { $1.schemaReference($0) }
  }
}

extension Cursor {
  /// Whether a mapping where a schema is expected is the long form, with these keys, around one. A mapping with a word
  /// of JSON Schema is a schema; words that both know (`required` as a boolean, `description`) decide nothing. Any
  /// other mapping is the long form, so that a misspelt `schema` is told and not taken for a schema that allows
  /// everything.
  func isLongForm(_ keys: Set<String>) -> Bool {
    guard let entries, !entries.isEmpty else { return false }
    if entries.contains(where: { keys.contains($0.text) && !JSONSchemaWords.keywords.contains($0.text) }) {
      return true
    }
    return !entries.contains { entry in
      let name = entry.text
      let isShared = keys.contains(name) && (name != "required" || entry.node.scalar != nil)
      return JSONSchemaWords.keywords.contains(name) && !isShared
    }
  }
}
