/// The vocabularies of JSON Schema 2020-12 (Core §8.1.2): which keywords a schema document may use.
struct SchemaVocabularies: OptionSet, Hashable {
  let rawValue: UInt8

  static let applicator = SchemaVocabularies(rawValue: 1)
  static let unevaluated = SchemaVocabularies(rawValue: 2)
  static let validation = SchemaVocabularies(rawValue: 4)
  static let formatAnnotation = SchemaVocabularies(rawValue: 8)
  static let formatAssertion = SchemaVocabularies(rawValue: 16)
  static let content = SchemaVocabularies(rawValue: 32)

  /// Those of the standard's own meta-schema.
  static let standard: SchemaVocabularies = [.applicator, .unevaluated, .validation, .formatAnnotation, .content]

  static let prefix = "https://json-schema.org/draft/2020-12/vocab/"

  /// Nil for vocabularies nobody here knows.
  init?(address: String) {
    guard address.hasPrefix(SchemaVocabularies.prefix) else { return nil }
    switch address.dropFirst(SchemaVocabularies.prefix.count) {
    case "core", "meta-data": self = []
    case "applicator": self = .applicator
    case "unevaluated": self = .unevaluated
    case "validation": self = .validation
    case "format-annotation": self = .formatAnnotation
    case "format-assertion": self = .formatAssertion
    case "content": self = .content
    default: return nil
    }
  }

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The vocabulary that gives `keyword` its meaning; nil for the core's and for words that check nothing.
  static func vocabulary(of keyword: String) -> SchemaVocabularies? {
    switch keyword {
    case "unevaluatedItems", "unevaluatedProperties": .unevaluated
    case "format": [.formatAnnotation, .formatAssertion]
    case "contentEncoding", "contentMediaType", "contentSchema": .content
    case "properties", "patternProperties", "dependentSchemas": .applicator
    default:
      if SchemaKeywords.assertions.contains(keyword) {
        .validation
      } else if SchemaKeywords.single.contains(keyword) || SchemaKeywords.list.contains(keyword) {
        .applicator
      } else {
        nil
      }
    }
  }
}
