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
  static let core: Set<String> = ["$ref", "$schema", "$id", "$anchor", "$comment", "$defs", "$dynamicAnchor"]
  /// Say something about the value, never whether it is valid.
  static let annotations: Set<String> = [
    "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "contentEncoding",
    "contentMediaType", "contentSchema", "$comment", "$defs", "$anchor", "$schema", "$dynamicAnchor",
    // OpenAPI 3.1 §4.8.24.
    "discriminator", "xml", "externalDocs", "example",
  ]
  static let notSupportedYet: Set<String> = [
    "$dynamicRef", "$vocabulary", "$recursiveRef", "$recursiveAnchor", "unevaluatedItems", "unevaluatedProperties",
  ]
  static let known: Set<String> =
    single.union(list).union(map).union(assertions).union(core).union(annotations).union(notSupportedYet)

  /// Words that once meant something, or mean something elsewhere, and what to write now.
  static let renamed: [String: String] = [
    "definitions": "'$defs'", "dependencies": "'dependentRequired' or 'dependentSchemas'",
    "additionalItems": "'items' beside 'prefixItems'", "nullable": "\"type: [\u{2026}, 'null']\"", "id": "'$id'",
    "divisibleBy": "'multipleOf'", "extends": "'allOf'", "min": "'minimum'", "max": "'maximum'", "regex": "'pattern'",
    "values": "'enum'", "optional": "'required' without this name",
  ]
}
