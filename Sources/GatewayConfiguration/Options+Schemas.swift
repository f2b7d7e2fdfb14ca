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
    "readOnly", "writeOnly", "examples", "format", "contentEncoding", "contentMediaType", "contentSchema",
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
    guard let path = Kind.path.read(entry, self) else { return nil }
    var limits = YAMLLimits()
    limits.size = 1 << 20
    let bytes: [UInt8]
    switch environment.read(path, limits.size) {
    case .success(let read): bytes = read
    case .failure(let problem):
      error(.unreadableFile, "the file `\(path)` \(problem.sentence)", at: entry)
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
      } else {
        schema = decoder.schema(cursor)
      }
      guard let schema else { return nil }
      entry.schema = schema
      return entry
    }
  }
}

/// `body:` in its long form.
struct BodyDraft: Sendable {
  var schema: SchemaReference?
  var maxSize: Located<Int>?
  var isRequired = true

  static let section = Section<BodyDraft>("routes.body", "A request body in its long form.", make: BodyDraft()) {
    Option("schema", optional: \.schema, .schemaReference, default: "any body", "A schema or the name of one.")
    Option(
      "max_size", optional: \.maxSize, Kind.size().located, default: "`server.limits.body`", "Over it 413.")
    Option("required", \.isRequired, .boolean, "Without a body the request is 422.")
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

extension Kind where Value == RouteBody {
  static var body: Kind {
    let long = Kind<BodyDraft>.section(BodyDraft.section)
    let short = Kind<SchemaReference>.schemaReference
    return Kind(
      "a schema, its name, or a mapping with `schema`",
      schema: .object(["anyOf": .array([short.schema, long.schema])]),
      sections: long.sections
    ) { cursor, decoder in
      var body = RouteBody()
      body.location = cursor.location
      guard isLongForm(cursor) else {
        guard let schema = decoder.schemaReference(cursor) else { return nil }
        body.schema = schema
        return body
      }
      guard let draft = long.read(cursor, decoder) else { return nil }
      body.schema = draft.schema
      body.maxSize = draft.maxSize
      body.isRequired = nil
      return body
    }
  }

  /// A mapping with a word of JSON Schema is a schema; `required` alone is one when it is a list. Any other mapping is
  /// the long form, so that a misspelt `schema` is told and not taken for a schema that allows everything.
  private static func isLongForm(_ cursor: Cursor) -> Bool {
    guard let entries = cursor.entries, !entries.isEmpty else { return false }
    let own = BodyDraft.section.options.map(\.name).filter { $0 != "required" }
    if entries.contains(where: { own.contains($0.name.value) }) { return true }
    return !entries.contains { entry in
      JSONSchemaWords.keywords.contains(entry.name.value)
        && !(entry.name.value == "required" && entry.node.scalar != nil)
    }
  }
}

extension Kind where Value == [RouteResponse] {
  static var responses: Kind {
    let type = "a mapping from statuses to schemas"
    let item = Kind<SchemaReference>.schemaReference
    let schema = JSONValue.object([
      "type": .string("object"), "propertyNames": .object(["pattern": .string("^[1-5][0-9][0-9]$")]),
      "additionalProperties": item.schema,
    ])
    return Kind(type, schema: schema) { cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, type)
        return nil
      }
      return entries.compactMap { entry in
        guard let status = UnitText.number(entry.name.value[...]), (100...599).contains(status) else {
          decoder.error(
            .invalidValue, "`\(entry.name.value)` is no status", at: entry, place: entry.keyLocation,
            expected: "a number from 100 to 599")
          return nil
        }
        return item.read(entry, decoder).map {
          var response = RouteResponse(status: Located(status, at: entry.keyLocation))
          response.schema = $0
          return response
        }
      }
    }
  }
}
