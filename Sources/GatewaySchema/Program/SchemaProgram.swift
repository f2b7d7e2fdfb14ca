import GatewayJSON

/// The compiled tables of one schema and all it refers to. Node 0 accepts everything.
final class SchemaProgram: Sendable {
  let root: Int32
  let nodes: FrozenTable<SchemaNode>
  let numeric: FrozenTable<NumericRules>
  let strings: FrozenTable<StringRules>
  let arrays: FrozenTable<ArrayRules>
  let objects: FrozenTable<ObjectRules>
  let enumerations: FrozenTable<EnumerationRules>
  let applicators: FrozenTable<Applicator>
  let schemaIndexes: FrozenTable<Int32>
  let patternProperties: FrozenTable<PatternProperty>
  let dependencies: FrozenTable<DependencyRule>
  let discriminators: FrozenTable<DiscriminatorRules>
  let contents: FrozenTable<ContentRules>
  let nameSlots: FrozenTable<Int32>
  let nameEntries: FrozenTable<NameEntry>
  let nameBytes: FrozenTable<UInt8>
  // Seldom read, so plain arrays.
  let patterns: [Pattern]
  let numbers: [JSONNumber]
  let constants: [JSONValue]
  let texts: [String]
  let information: [NodeInformation]
  let tables: SchemaTables

  init(_ builder: SchemaBuilder, root: Int32) {
    self.root = root
    nodes = FrozenTable(
      builder.nodes.map { node in
        var node = node
        node.settled = node.settledTypes
        if node.isSimple { node.flags.insert(.simple) }
        return node
      })
    numeric = FrozenTable(builder.numeric)
    strings = FrozenTable(builder.strings)
    arrays = FrozenTable(builder.arrays)
    objects = FrozenTable(builder.objects)
    enumerations = FrozenTable(builder.enumerations)
    applicators = FrozenTable(builder.applicators)
    schemaIndexes = FrozenTable(builder.schemaIndexes)
    patternProperties = FrozenTable(builder.patternProperties)
    dependencies = FrozenTable(builder.dependencies)
    discriminators = FrozenTable(builder.discriminators)
    contents = FrozenTable(builder.contents)
    nameSlots = FrozenTable(builder.nameSlots)
    nameEntries = FrozenTable(builder.nameEntries)
    nameBytes = FrozenTable(builder.nameBytes)
    patterns = builder.patterns
    numbers = builder.numbers
    constants = builder.constants
    texts = builder.texts
    information = builder.information
    tables = SchemaTables(
      nodes: .init(nodes), numeric: .init(numeric), strings: .init(strings), arrays: .init(arrays),
      objects: .init(objects), enumerations: .init(enumerations), applicators: .init(applicators),
      schemaIndexes: .init(schemaIndexes), patternProperties: .init(patternProperties),
      dependencies: .init(dependencies), discriminators: .init(discriminators), contents: .init(contents),
      nameSlots: .init(nameSlots), nameEntries: .init(nameEntries), nameBytes: .init(nameBytes))
  }
}

/// The addresses of a program's tables, without owning them: copied into each run, so that running touches no reference
/// counts (they are atomic, and would be most of the cost of a small document). Valid as long as the program lives.
///
/// `@unchecked Sendable`: addresses of memory that is never written again.
struct SchemaTables: @unchecked Sendable {
  struct View<Element: BitwiseCopyable> {
    let base: UnsafePointer<Element>

    init(_ table: FrozenTable<Element>) { base = table.base }

    /// Only for indexes the compiler of this schema wrote.
    @inline(__always)
    subscript(_ index: Int32) -> Element { base[Int(index)] }
  }

  let nodes: View<SchemaNode>
  let numeric: View<NumericRules>
  let strings: View<StringRules>
  let arrays: View<ArrayRules>
  let objects: View<ObjectRules>
  let enumerations: View<EnumerationRules>
  let applicators: View<Applicator>
  let schemaIndexes: View<Int32>
  let patternProperties: View<PatternProperty>
  let dependencies: View<DependencyRule>
  let discriminators: View<DiscriminatorRules>
  let contents: View<ContentRules>
  let nameSlots: View<Int32>
  let nameEntries: View<NameEntry>
  let nameBytes: View<UInt8>
}

/// What only error messages need of a node.
struct NodeInformation: Sendable {
  /// The named schema this node belongs to; nil in the root's own document.
  var resource: String?
  /// JSON Pointer into that document.
  var pointer: String
  /// What FastAPI calls this branch of a union: `int`, `str`, `list[int]`, or the schema's title or name.
  var label: String
  /// Bounds are echoed as floats (`1.0`), as Pydantic does for float fields.
  var isFloat: Bool
}
