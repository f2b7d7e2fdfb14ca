import GatewayJSON

/// Makes a `CoercionPlan` out of a schema as written, beside the program that `SchemaBuilder` makes.
///
/// The mapping is the reverse of what Pydantic does when it writes a model's JSON Schema, so that the OpenAPI document of
/// a FastAPI application behaves here as the application does. A schema may be spread over several objects (`$ref` beside
/// other words, `allOf`): they are its *facets*, and read as one.
struct CoercionCompiler {
  struct Key: Hashable {
    var facets: [Int32]
    var types: UInt8
  }

  var nodes: [CoercionNode] = [CoercionNode(.any)]
  var fields: [CoercionField] = []
  var indexes: [Int32] = []
  var patterns: [CoercionPattern] = []
  var bytes: [UInt8] = []
  var labels: [String] = ["any"]
  var values: [JSONValue] = []
  var valueTexts: [ByteSpan] = []
  /// Nodes up to which parts of several schemas are read as one: n parts may meet in 2ⁿ combinations.
  static let maximumCombined = 10_000

  var converts = false
  var isExact = true
  var known: [Key: Int32] = [:]
  /// Facets of the nodes, parallel to `nodes`; for labels.
  var heads: [Int32] = [0]
  var depth = 0

  /// Adds what only the evaluator can check to `builder`, so this comes before `builder.finish`.
  static func compile(_ builder: inout SchemaBuilder, root: Int32) -> CoercionPlan {
    guard builder.problems.isEmpty else { return .empty }
    // Words compiled a second time (`addResidual`) would warn a second time.
    let warnings = builder.warnings
    defer { builder.warnings = warnings }
    var compiler = CoercionCompiler()
    let root = compiler.node(root, &builder)
    builder.compilePending()
    compiler.markFilling()
    compiler.writeLabels(builder)
    compiler.converts = compiler.nodes.contains { compiler.canConvert($0) }
    return CoercionPlan(compiler, root: root)
  }

  /// The plan's node for a schema of the program.
  mutating func node(_ schema: Int32, _ builder: inout SchemaBuilder, types: SchemaTypes = .all) -> Int32 {
    node([schema], &builder, types: types)
  }

  /// The plan's node for what several schemas say of one value.
  mutating func node(_ schemas: [Int32], _ builder: inout SchemaBuilder, types: SchemaTypes = .all) -> Int32 {
    let schemas = schemas.filter { $0 > 0 }
    guard let schema = schemas.first else { return 0 }
    guard schemas.count == 1 || nodes.count < min(CoercionCompiler.maximumCombined, builder.options.maximumNodes) else {
      // Parts that meet in ever new combinations: converted by the first, judged by all.
      isExact = false
      return node(schema, &builder, types: types)
    }
    var facets: [Int32] = []
    for schema in schemas { CoercionCompiler.collectFacets(schema, builder, &facets) }
    let place = builder.resolved(schema)
    let essential = facets.filter { CoercionCompiler.isEssential($0, builder) }
    guard !essential.isEmpty || types != .all else { return 0 }
    let key = Key(facets: essential, types: types.rawValue)
    if let known = known[key] { return known }
    if essential.count > 1 { isExact = false }
    guard depth < SchemaBuilder.maximumDepth else {
      // Chains of definitions this long: the rest is checked as JSON Schema has it.
      let index = reserve(CoercionNode(.any), place)
      nodes[Int(index)].residual = place
      isExact = false
      return index
    }
    depth += 1
    defer { depth -= 1 }
    let index = reserve(CoercionNode(.any), place)
    known[key] = index
    var made = make(Facets(facets, builder), types, place, &builder)
    made.place = place
    nodes[Int(index)] = made
    return index
  }

  mutating func reserve(_ node: CoercionNode, _ head: Int32) -> Int32 {
    nodes.append(node)
    heads.append(head)
    return Int32(truncatingIfNeeded: nodes.count - 1)
  }

  mutating func add(_ node: CoercionNode, _ place: Int32) -> Int32 {
    var node = node
    node.place = place
    return reserve(node, place)
  }

  /// The schema, what it refers to, and its `allOf`, each once.
  private static func collectFacets(_ schema: Int32, _ builder: SchemaBuilder, _ facets: inout [Int32]) {
    guard schema > 0, !facets.contains(schema), facets.count < 64 else { return }
    facets.append(schema)
    let node = builder.nodes[Int(schema)]
    if node.flags.contains(.alias) {
      collectFacets(node.applicators, builder, &facets)
      return
    }
    for position in Int(node.applicators)..<Int(node.applicators + node.applicatorCount) {
      let applicator = builder.applicators[position]
      switch applicator.operation {
      case .reference: collectFacets(applicator.first, builder, &facets)
      case .allOf:
        for child in Int(applicator.first)..<Int(applicator.first + applicator.count) {
          collectFacets(builder.schemaIndexes[child], builder, &facets)
        }
      default: break
      }
    }
  }

  private static func isEssential(_ schema: Int32, _ builder: SchemaBuilder) -> Bool {
    guard case .object(let object) = builder.written[Int(schema)] else { return true }
    return object.members.contains { $0.name != "$ref" && $0.name != "allOf" && SchemaKeywords.isAssertion($0.name) }
  }

  mutating func span(_ text: some Collection<UInt8>) -> ByteSpan {
    let span = ByteSpan(
      start: Int32(truncatingIfNeeded: bytes.count), count: Int32(truncatingIfNeeded: text.count))
    bytes += text
    return span
  }

  mutating func span(_ value: JSONValue) -> ByteSpan {
    var writer = JSONWriter()
    writer.value(value)
    return span(writer.bytes)
  }

  mutating func label(_ text: String) -> Int32 {
    labels.append(text)
    return Int32(truncatingIfNeeded: labels.count - 1)
  }

  mutating func append(_ list: [Int32]) -> Int32 {
    indexes += list
    return Int32(truncatingIfNeeded: indexes.count - list.count)
  }

  private func canConvert(_ node: CoercionNode) -> Bool {
    switch node.kind {
    case .any, .never, .null, .string, .bytes, .list, .tuple, .union, .taggedUnion, .nullable, .map: false
    case .model: node.extras == .ignored || node.fills
    default: true
    }
  }

  /// A node fills in where it has a default itself, or something below it has.
  private mutating func markFilling() {
    var parents = [[Int]](repeating: [], count: nodes.count)
    var pending: [Int] = []
    for (index, node) in nodes.enumerated() {
      for child in children(node) where child >= 0 { parents[Int(child)].append(index) }
      guard node.kind == .model else { continue }
      for field in fields[Int(node.children)..<Int(node.children + node.childCount)] where field.hasFallback {
        pending.append(index)
        break
      }
    }
    while let index = pending.popLast() {
      guard !nodes[index].fills else { continue }
      nodes[index].fills = true
      pending += parents[index]
    }
  }

  private func children(_ node: CoercionNode) -> [Int32] {
    var result = [node.item, node.object, node.array]
    result += patterns[Int(node.patterns)..<Int(node.patterns + node.patternCount)].map(\.node)
    let range = Int(node.children)..<Int(node.children + node.childCount)
    switch node.kind {
    case .union, .taggedUnion, .tuple: result += indexes[range]
    case .model: result += fields[range].map(\.node)
    default: break
    }
    return result
  }
}
