import GatewayJSON

/// What a response leaves out (FastAPI's `response_model_exclude_…`).
public struct ShapeOptions: Sendable, Hashable {
  /// Members of models that are null.
  public var excludesNull: Bool
  /// Members of models that equal their `default`.
  public var excludesDefaults: Bool

  public init(excludesNull: Bool = false, excludesDefaults: Bool = false) {
    self.excludesNull = excludesNull
    self.excludesDefaults = excludesDefaults
  }
}

extension Schema {
  /// Validates a response against this schema (strictly: a handler knows its types) and writes it as compact JSON.
  /// Members of models that the schema does not declare are left out, unless `additionalProperties` lets them in: what a
  /// handler read from its database beyond the declared never leaves. Where nothing is wrong the answer is empty.
  ///
  /// An undeclared member of a closed object (`additionalProperties: false`) is left out too, not a violation: leaving out
  /// is what the caller asked for. On any other violation nothing is written.
  public func shape(
    _ document: borrowing JSONDocument, _ options: ShapeOptions = ShapeOptions(), limit: Int = 100,
    into writer: inout JSONWriter
  ) -> Violations {
    guard let tape = document.unsafeTape else { return Violations() }
    return withExtendedLifetime((program, coercion)) {
      if !isValid(document) {
        // All of them: what is left out must not hide what is wrong. Not inside alternatives, where it decides which
        // one is meant.
        var violations = violations(of: document, limit: .max)
        violations.entries.removeAll { violation in
          violation.kind == .additional
            && !violation.path.contains { if case .branch = $0 { true } else { false } }
        }
        violations.isTruncated = violations.entries.count > limit
        violations.entries.removeLast(max(violations.entries.count - max(limit, 1), 0))
        guard violations.isEmpty else { return violations }
      }
      var taken: [UInt8] = []
      swap(&taken, &writer.bytes)
      var shaper = ResponseShaper(self, tape, options, taken)
      taken = []
      shaper.write(coercion.root, 0)
      swap(&writer.bytes, &shaper.bytes)
      return Violations()
    }
  }
}

/// Writes what a schema declares of a valid value.
private struct ResponseShaper {
  unowned(unsafe) let plan: CoercionPlan
  let tables: SchemaTables
  let nodes: UnsafePointer<CoercionNode>
  let tape: UnsafeJSONTape
  let options: ShapeOptions
  var evaluator: Evaluator
  var bytes: [UInt8]

  // Unowned: the schema is held by the caller for the length of the run.
  init(_ schema: Schema, _ tape: UnsafeJSONTape, _ options: ShapeOptions, _ bytes: [UInt8]) {
    plan = schema.coercion
    tables = schema.program.tables
    nodes = schema.coercion.nodes.base
    self.tape = tape
    self.options = options
    self.bytes = bytes
    evaluator = Evaluator(schema.program, tape)
  }

  mutating func write(_ index: Int32, _ input: Int) {
    let kind = tape[input].kind
    guard index > 0, kind.isContainer else { return copy(input) }
    let node = nodes + Int(index)
    switch node.pointee.kind {
    case .nullable: write(node.pointee.item, input)
    case .any: write(kind == .object ? node.pointee.object : node.pointee.array, input)
    case .union: write(choice(node, input), input)
    case .taggedUnion: write(taggedChoice(node, input), input)
    case .list, .set, .tuple: kind == .array ? writeItems(node, input) : copy(input)
    case .model, .map: kind == .object ? writeMembers(node, input) : copy(input)
    default: copy(input)
    }
  }

  /// The first alternative that the value fits; where only undeclared members are in the way, the first it could fit.
  private mutating func choice(_ node: UnsafePointer<CoercionNode>, _ input: Int) -> Int32 {
    for position in 0..<Int(node.pointee.childCount) {
      let choice = plan.indexes.base[Int(node.pointee.children) + position]
      // Alternatives of one schema (`type: [string, object]`) share its place, which so does not tell them apart.
      guard plan.canHold(choice, tape[input].kind) else { continue }
      if choice == 0 || evaluator.isValid(nodes[Int(choice)].place, input, depth: 0) { return choice }
    }
    return CoercionNode.none
  }

  private func taggedChoice(_ node: UnsafePointer<CoercionNode>, _ input: Int) -> Int32 {
    guard let tag = tape.member(plan.labels[Int(node.pointee.discriminator)], of: input), tape[tag].kind == .string
    else { return CoercionNode.none }
    let found = tables.find(tag, in: node.pointee.names, tape)
    guard found >= 0 else { return CoercionNode.none }
    return plan.indexes.base[Int(node.pointee.tagChoices + found - node.pointee.names.entries)]
  }

  private mutating func writeItems(_ node: UnsafePointer<CoercionNode>, _ input: Int) {
    bytes.append(UInt8(ascii: "["))
    let end = tape.next(input)
    var item = input + 1
    var position = 0
    while item < end {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      let isPrefix = node.pointee.kind == .tuple && position < Int(node.pointee.childCount)
      write(isPrefix ? plan.indexes.base[Int(node.pointee.children) + position] : node.pointee.item, item)
      item = tape.next(item)
      position += 1
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func writeMembers(_ node: UnsafePointer<CoercionNode>, _ input: Int) {
    bytes.append(UInt8(ascii: "{"))
    let start = bytes.count
    let isModel = node.pointee.kind == .model
    let end = tape.next(input)
    var key = input + 1
    while key < end {
      let word = tape[key]
      defer { key = tape.next(key + 1) }
      guard !word.isShadowed else { continue }
      let value = key + 1
      let found = isModel ? tables.find(key, in: node.pointee.names, tape) : SchemaNode.none
      let schema: Int32
      if found >= 0 {
        let field = plan.fields.base + Int(node.pointee.children + found - node.pointee.names.entries)
        if options.excludesNull, tape[value].kind == .null { continue }
        if options.excludesDefaults, isDefault(field, value) { continue }
        schema = field.pointee.node
      } else if let matched = patternSchema(node, key) {
        schema = matched
      } else {
        switch node.pointee.extras {
        case .ignored, .forbidden: continue
        case .kept: schema = CoercionNode.none
        case .typed: schema = node.pointee.item
        }
      }
      if bytes.count > start { bytes.append(UInt8(ascii: ",")) }
      copy(key)
      bytes.append(UInt8(ascii: ":"))
      write(schema, value)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private func isDefault(_ field: UnsafePointer<CoercionField>, _ value: Int) -> Bool {
    if field.pointee.isNullByDefault { return tape[value].kind == .null }
    guard field.pointee.hasFallback else { return false }
    let text = UnsafeBufferPointer(
      start: plan.bytes.base + Int(field.pointee.fallback.start), count: Int(field.pointee.fallback.count))
    guard let fallback = try? JSONValue(parsing: text) else { return false }
    return tape.equals(value, fallback)
  }

  private mutating func patternSchema(_ node: UnsafePointer<CoercionNode>, _ key: Int) -> Int32? {
    for position in node.pointee.patterns..<node.pointee.patterns + node.pointee.patternCount {
      let rule = plan.patterns.base[Int(position)]
      if evaluator.matches(rule.pattern, key) { return rule.node }
    }
    return nil
  }

  private mutating func copy(_ input: Int) {
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    var writer = JSONWriter(appendingTo: taken)
    taken = []
    writer.value(tape, input)
    bytes = writer.bytes
  }
}
