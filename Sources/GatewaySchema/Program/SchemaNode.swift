import GatewayJSON

/// A compiled schema object: what to check for each kind of value, as indexes into the tables of `SchemaProgram`.
///
/// What needs more than a rule of one kind of value is an applicator, so that nodes without it do not pay for it:
/// - `$dynamicRef` is an ordinary reference here: the compiler makes a node of its own for each dynamic scope that a
///   schema is reached in (`SchemaBuilder.Scope`), so the target is known.
/// - `unevaluatedProperties` and `unevaluatedItems`: the node is split in two; the outer one has a single applicator,
///   `unevaluated`, which runs the inner one with a set of evaluated children (`Evaluator+Unevaluated`).
struct SchemaNode: BitwiseCopyable, Sendable {
  /// No rules of that group.
  static let none: Int32 = -1

  var types: SchemaTypes = .all
  /// Types whose values are valid without a further look, `integer` meaning one written as an integer. Set when the
  /// program is frozen; see `settledTypes`.
  var settled: SchemaTypes = []
  var flags: Flags = []
  var numeric = SchemaNode.none
  var string = SchemaNode.none
  var array = SchemaNode.none
  var object = SchemaNode.none
  /// Into `EnumerationRules`.
  var enumeration = SchemaNode.none
  /// Into the list of constant values.
  var constant = SchemaNode.none
  var applicators: Int32 = 0
  var applicatorCount: Int32 = 0

  struct Flags: OptionSet, Sendable, BitwiseCopyable {
    let rawValue: UInt16
    /// `writeOnly` or `format: password`: the value must not appear in an answer.
    static let secret = Flags(rawValue: 1)
    /// Some secret lies at or below this schema.
    static let containsSecret = Flags(rawValue: 2)
    /// Stands for another node until the compiler has replaced it; never seen by evaluation.
    static let alias = Flags(rawValue: 4)
    /// Types and the rules of each kind are all there is (`isSimple`); set when the program is frozen.
    static let simple = Flags(rawValue: 8)
  }

  /// Nothing but types and the rules of each kind.
  var isSimple: Bool { enumeration < 0 && constant < 0 && applicatorCount == 0 }

  /// What `settled` has to be: each type that is allowed and has no rules. Whatever is added above and can refuse a
  /// value must be asked for here or in `isSimple`.
  var settledTypes: SchemaTypes {
    guard isSimple else { return [] }
    var settled = types
    if numeric >= 0 { settled.subtract([.number, .integer]) }
    if string >= 0 { settled.remove(.string) }
    if array >= 0 { settled.remove(.array) }
    if object >= 0 { settled.remove(.object) }
    return settled
  }

  /// Accepts everything.
  var isTrivial: Bool {
    types == .all && !flags.contains(.secret) && numeric < 0 && string < 0 && array < 0 && object < 0
      && enumeration < 0 && constant < 0 && applicatorCount == 0
  }
}

/// A bound of `minimum` and its relatives.
struct NumericBound: BitwiseCopyable, Sendable {
  var isPresent = false
  /// The bound is `mantissa / 10^scale`, so that most comparisons are one of integers.
  var isSmall = false
  var scale: UInt8 = 0
  var mantissa: Int64 = 0
  /// Into the list of exact numbers.
  var number = SchemaNode.none
}

struct NumericRules: BitwiseCopyable, Sendable {
  var minimum = NumericBound()
  var exclusiveMinimum = NumericBound()
  var maximum = NumericBound()
  var exclusiveMaximum = NumericBound()
  var divisor: JSONDivisor?
  var divisorNumber = SchemaNode.none
}

struct StringRules: BitwiseCopyable, Sendable {
  var minimumLength = 0
  var maximumLength = Int.max
  var pattern = SchemaNode.none
  var format: StringFormat = .none
}

struct ArrayRules: BitwiseCopyable, Sendable {
  var minimumItems = 0
  var maximumItems = Int.max
  /// Into the list of schema indexes.
  var prefix: Int32 = 0
  var prefixCount: Int32 = 0
  var items = SchemaNode.none
  var contains = SchemaNode.none
  var minimumContains = 1
  var maximumContains = Int.max
  var unique = false
  /// `items` stands there, though `items` above may have been dropped because it accepts everything.
  var evaluatesItems = false
}

/// A set of names with an index to each: open addressing over the hash that names carry on the tape. The names are the
/// schema's own, so nobody outside can make the table slow.
struct NameTable: BitwiseCopyable, Sendable {
  var slots: Int32 = 0
  var mask: UInt32 = 0
  var entries: Int32 = 0
  var count: Int32 = 0
}

struct NameEntry: BitwiseCopyable, Sendable {
  var hash: UInt32
  var start: Int32
  var length: Int32
  /// Properties: the schema of the value, or none.
  var schema = SchemaNode.none
  var isRequired = false
  /// Named in `properties`; otherwise only in `required`.
  var isDeclared = false
}

struct ObjectRules: BitwiseCopyable, Sendable {
  var names = NameTable()
  var requiredCount = 0
  var minimumProperties = 0
  var maximumProperties = Int.max
  /// Into pairs of pattern and schema.
  var patterns: Int32 = 0
  var patternCount: Int32 = 0
  var additional = SchemaNode.none
  /// `additionalProperties: false`.
  var isClosed = false
  /// `additionalProperties` stands there, though `additional` above may have been dropped.
  var evaluatesOthers = false
  var propertyNames = SchemaNode.none
  /// Into `DependencyRule`.
  var dependencies: Int32 = 0
  var dependencyCount: Int32 = 0
}

struct PatternProperty: BitwiseCopyable, Sendable {
  var pattern: Int32
  var schema: Int32
}

/// One name of `dependentRequired`.
struct DependencyRule: BitwiseCopyable, Sendable {
  /// Into the list of texts, as are the names it requires.
  var name: Int32
  var required: Int32 = 0
  var requiredCount: Int32 = 0
}

/// `enum`: a look-up where all values are strings, a walk otherwise.
struct EnumerationRules: BitwiseCopyable, Sendable {
  var names = NameTable()
  var isNames = false
  /// Into the list of constant values.
  var values: Int32 = 0
  var count: Int32 = 0
}

/// `discriminator` (OpenAPI 3.1 §4.8.25) beside `oneOf` or `anyOf`.
struct DiscriminatorRules: BitwiseCopyable, Sendable {
  /// Holds one name: the member whose value is the tag.
  var property = NameTable()
  /// Tags, each with the schema it selects.
  var tags = NameTable()
}

/// `contentEncoding` and `contentMediaType`, where they are asserted.
struct ContentRules: BitwiseCopyable, Sendable {
  var isBase64 = false
  var isJSON = false
  var schema = SchemaNode.none
}

/// A schema applied to the same value.
struct Applicator: BitwiseCopyable, Sendable {
  enum Operation: UInt8, Sendable, BitwiseCopyable {
    case reference
    case allOf
    case anyOf
    case oneOf
    case not
    /// first: if, second: then or none, third: else or none.
    case conditional
    /// first: the schema, second: the member that must be there for it to apply (into the list of texts).
    case dependent
    /// first: the same schema without these keywords, second: `unevaluatedProperties` or none, third:
    /// `unevaluatedItems` or none.
    case unevaluated
    /// As oneOf, with `second` into `DiscriminatorRules`: only the tagged alternative is tried.
    case tagged
    /// first: into `ContentRules`. Applies no schema to the value itself.
    case content
  }

  var operation: Operation
  /// The schema itself, or the start of `count` indexes in the list of schema indexes.
  var first: Int32
  var second = SchemaNode.none
  var third = SchemaNode.none
  var count: Int32 = 0
}
