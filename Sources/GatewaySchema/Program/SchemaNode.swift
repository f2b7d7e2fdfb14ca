import GatewayJSON

/// A compiled schema object: what to check for each kind of value, as indexes into the tables of `SchemaProgram`.
///
/// Ready for the rest of the standard without a new mechanism:
/// - `$id` and remote documents: the compiler already keys schemas by (resource, pointer); more resources appear there,
///   and nothing changes here.
/// - `$dynamicRef`: one more `Applicator.Operation` whose target is looked up in the stack of resources that evaluation
///   has entered; `Evaluator` passes through one place for references.
/// - `unevaluatedProperties` and `unevaluatedItems`: nodes that need them (known when compiling) run the same rules
///   with a set of evaluated children that in-place applicators merge upwards; all others keep today's path.
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
  var propertyNames = SchemaNode.none
  /// Into `DependencyRule`.
  var dependencies: Int32 = 0
  var dependencyCount: Int32 = 0
}

struct PatternProperty: BitwiseCopyable, Sendable {
  var pattern: Int32
  var schema: Int32
}

/// `dependentRequired` (`required` set) or `dependentSchemas` (`schema` set): both ask for a name first.
struct DependencyRule: BitwiseCopyable, Sendable {
  /// Into the list of texts.
  var name: Int32
  var required: Int32 = 0
  var requiredCount: Int32 = 0
  var schema = SchemaNode.none
}

/// `enum`: a look-up where all values are strings, a walk otherwise.
struct EnumerationRules: BitwiseCopyable, Sendable {
  var names = NameTable()
  var isNames = false
  /// Into the list of constant values.
  var values: Int32 = 0
  var count: Int32 = 0
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
  }

  var operation: Operation
  /// The schema itself, or the start of `count` indexes in the list of schema indexes.
  var first: Int32
  var second = SchemaNode.none
  var third = SchemaNode.none
  var count: Int32 = 0
}
