/// The words of JSON Schema 2020-12, and some that people bring from elsewhere.
enum SchemaKeywords {
  /// Hold one schema.
  static let single: Set<String> = [
    "not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties", "contentSchema",
  ]
  /// Hold a list of schemas.
  static let list: Set<String> = ["allOf", "anyOf", "oneOf", "prefixItems"]
  /// Hold schemas by name.
  static let map: Set<String> = ["$defs", "properties", "patternProperties", "dependentSchemas", "definitions"]

  static let assertions: Set<String> = [
    "type", "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
    "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains",
    "minProperties", "maxProperties", "required", "dependentRequired",
  ]
  static let core: Set<String> = [
    "$ref", "$dynamicRef", "$schema", "$id", "$anchor", "$dynamicAnchor", "$comment", "$defs", "$vocabulary",
  ]
  /// Say something about the value, never whether it is valid.
  static let annotations: Set<String> = [
    "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "contentEncoding",
    "contentMediaType",
    // OpenAPI 3.1 §4.8.24.
    "discriminator", "xml", "externalDocs", "example",
  ]
  static let known: Set<String> = single.union(list).union(map).union(assertions).union(core).union(annotations)

  /// What has to be compiled for each known keyword: one look-up a word at load, and no search for words that are not
  /// there.
  static let groups: [String: KeywordGroups] = {
    var groups: [String: KeywordGroups] = [:]
    for word in known { groups[word] = [] }
    func add(_ group: KeywordGroups, _ words: [String]) {
      for word in words { groups[word, default: []].formUnion(group) }
    }
    add(.reference, ["$ref", "$dynamicRef"])
    add(.definitions, ["$defs"])
    add(.types, ["type"])
    add(.constants, ["const", "enum"])
    add(.numeric, ["multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])
    add(.string, ["minLength", "maxLength", "pattern", "format"])
    add(
      .array, ["minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "contains", "prefixItems", "items"])
    add(
      .object,
      [
        "minProperties", "maxProperties", "required", "dependentRequired", "properties", "patternProperties",
        "additionalProperties", "propertyNames",
      ])
    add(.applicators, ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])
    add(.unevaluated, ["unevaluatedItems", "unevaluatedProperties"])
    add(.content, ["contentEncoding", "contentMediaType", "contentSchema"])
    add(.secret, ["writeOnly", "format"])
    return groups
  }()

  /// Whether the word can make a value invalid.
  static func isAssertion(_ word: String) -> Bool {
    guard let group = groups[word] else { return false }
    return !group.isDisjoint(with: .rules.union(.reference)) || word == "format"
  }

  /// Words that once meant something, or mean something elsewhere, and what to write now.
  static let renamed: [String: String] = [
    "definitions": "'$defs'", "dependencies": "'dependentRequired' or 'dependentSchemas'",
    "additionalItems": "'items' beside 'prefixItems'", "nullable": "\"type: [\u{2026}, 'null']\"", "id": "'$id'",
    "divisibleBy": "'multipleOf'", "extends": "'allOf'", "min": "'minimum'", "max": "'maximum'", "regex": "'pattern'",
    "$recursiveRef": "'$dynamicRef'", "$recursiveAnchor": "'$dynamicAnchor'", "values": "'enum'",
    "optional": "'required' without this name",
  ]
}

/// Kinds of keywords that a schema object holds.
struct KeywordGroups: OptionSet {
  let rawValue: UInt16

  static let reference = KeywordGroups(rawValue: 1)
  static let definitions = KeywordGroups(rawValue: 2)
  static let types = KeywordGroups(rawValue: 4)
  static let constants = KeywordGroups(rawValue: 8)
  static let numeric = KeywordGroups(rawValue: 16)
  static let string = KeywordGroups(rawValue: 32)
  static let array = KeywordGroups(rawValue: 64)
  static let object = KeywordGroups(rawValue: 128)
  static let applicators = KeywordGroups(rawValue: 256)
  static let unevaluated = KeywordGroups(rawValue: 512)
  static let content = KeywordGroups(rawValue: 1024)
  /// May say that the value is a secret.
  static let secret = KeywordGroups(rawValue: 2048)

  /// Whatever may make a value invalid beside a reference.
  static let rules: KeywordGroups = [
    .types, .constants, .numeric, .string, .array, .object, .applicators, .unevaluated, .content,
  ]
}
