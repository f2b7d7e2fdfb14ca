import GatewayJSON

/// A schema seen as a type with a way to read it, as Pydantic sees it: what lax coercion and the filling in of defaults
/// walk along. Constraints stay where they are compiled already, in `SchemaProgram`; nodes refer to them.
struct CoercionNode: BitwiseCopyable, Sendable {
  enum Kind: UInt8, Sendable, BitwiseCopyable {
    /// Anything; objects and arrays may have rules all the same (`object`, `array`).
    case any
    /// Nothing.
    case never
    case null
    case boolean
    case integer
    case number
    case decimal
    case string
    case bytes
    case date
    case dateTime
    case time
    case duration
    case uuid
    /// A named list of values, and values written in place: they are read, and refused, differently.
    case enumeration
    case literal
    case list
    case set
    case tuple
    case model
    case map
    case union
    case taggedUnion
    /// `item` or null.
    case nullable
  }

  enum Extras: UInt8, Sendable, BitwiseCopyable {
    /// Left out.
    case ignored
    case forbidden
    case kept
    /// Read by `item`.
    case typed
  }

  enum EnumerationBase: UInt8, Sendable, BitwiseCopyable { case text, integer, mixed }

  static let none: Int32 = -1

  var kind: Kind
  var extras = Extras.kept
  var base = EnumerationBase.mixed
  /// A default may have to be filled in here or below.
  var fills = false
  /// Format to be checked on a text that stays a text.
  var format = StringFormat.none
  /// A decimal that the schema has as a text.
  var isText = false
  /// `uuid4` and its like; 0 for any.
  var version: UInt8 = 0
  /// The schema's own node in the program: for the place in messages, and to decide between alternatives in strict mode.
  var place: Int32 = 0
  /// Program nodes with numeric and string rules, in `CoercionPlan.indexes`.
  var rules: Int32 = 0
  var ruleCount: Int32 = 0
  /// Program node with what only JSON Schema can say (`not`, `if`, `contains`, …); checked on what a scalar became, and
  /// on objects and arrays as they were sent.
  var residual = CoercionNode.none
  /// In `CoercionPlan.labels`.
  var label: Int32 = 0
  /// Items of lists, sets and maps; members beyond the fields of a model; what `nullable` wraps.
  var item = CoercionNode.none
  /// Names of a map's members.
  var keys = CoercionNode.none
  var minimum = 0
  var maximum = Int.max
  /// Choices of unions and items of tuples, in `indexes`; fields of models, in `fields`; values of lists, in `values`.
  var children: Int32 = 0
  var childCount: Int32 = 0
  /// Fields by name; tags of a union, in the order of its choices' tags.
  var names = NameTable()
  /// For tags: the choice each leads to, in `indexes`.
  var tagChoices: Int32 = 0
  /// In `labels`.
  var discriminator = CoercionNode.none
  /// `patternProperties`, in `patterns`.
  var patterns: Int32 = 0
  var patternCount: Int32 = 0
  /// `any`: how an object or an array is read.
  var object = CoercionNode.none
  var array = CoercionNode.none

  init(_ kind: Kind) { self.kind = kind }
}

/// A declared member.
struct CoercionField: BitwiseCopyable, Sendable {
  var node: Int32
  var isRequired: Bool
  /// Absent, it becomes null: it may be null, need not be sent, and names no default.
  var isNullByDefault: Bool
  /// The member's name as JSON with its colon, and its default as JSON: ranges of `CoercionPlan.bytes`.
  var name: ByteSpan
  var fallback: ByteSpan
  var hasFallback: Bool
  /// The name, in `labels`.
  var label: Int32
}

struct ByteSpan: BitwiseCopyable, Sendable {
  var start: Int32 = 0
  var count: Int32 = 0
}

struct CoercionPattern: BitwiseCopyable, Sendable {
  var pattern: Int32
  var node: Int32
}

/// The compiled nodes of one schema.
final class CoercionPlan: Sendable {
  let root: Int32
  let nodes: FrozenTable<CoercionNode>
  let fields: FrozenTable<CoercionField>
  let indexes: FrozenTable<Int32>
  let patterns: FrozenTable<CoercionPattern>
  let bytes: FrozenTable<UInt8>
  let labels: [String]
  /// Values of enumerations and literals, and the text of each as JSON.
  let values: [JSONValue]
  let valueTexts: FrozenTable<ByteSpan>
  /// Some value that is valid in lax mode may come out different from how it was sent.
  let converts: Bool
  /// What the walk accepts is valid by the schema too. Otherwise the schema says something that the plan leaves out
  /// (`CoercionCompiler.isExact`), and has the last word on what came out.
  let isExact: Bool

  init(_ compiler: CoercionCompiler, root: Int32) {
    self.root = root
    nodes = FrozenTable(compiler.nodes)
    fields = FrozenTable(compiler.fields)
    indexes = FrozenTable(compiler.indexes)
    patterns = FrozenTable(compiler.patterns)
    bytes = FrozenTable(compiler.bytes)
    labels = compiler.labels
    values = compiler.values
    valueTexts = FrozenTable(compiler.valueTexts)
    converts = compiler.converts
    isExact = compiler.isExact
  }

  /// False where a value of this kind of JSON cannot be one of `index`, whatever is in it. For values taken as they are,
  /// without conversion.
  func canHold(_ index: Int32, _ kind: JSONKind) -> Bool {
    var node = nodes.base[Int(max(index, 0))]
    while node.kind == .nullable {
      if kind == .null { return true }
      node = nodes.base[Int(max(node.item, 0))]
    }
    switch node.kind {
    case .list, .set, .tuple: return kind == .array
    case .model, .map, .taggedUnion: return kind == .object
    case .boolean: return kind == .true || kind == .false
    case .integer, .number: return kind == .number
    case .string, .bytes, .date, .dateTime, .time, .duration, .uuid: return kind == .string
    case .null: return kind == .null
    case .never: return false
    // A list of values may hold any; alternatives are asked each for itself.
    case .decimal: return kind == .number || kind == .string
    case .any, .enumeration, .literal, .union, .nullable: return true
    }
  }

  /// Accepts everything and changes nothing.
  static let empty = CoercionPlan(CoercionCompiler(), root: 0)
}
