import GatewayJSON

/// One run of lax coercion over a tape: writes the value's compact JSON, or collects what is wrong.
///
/// Runs twice for a refused document: quietly first, stopping at the first failure, then with `collects`. Output of a
/// failed value is left where it is; whoever tries alternatives cuts it off.
struct Coercer {
  /// How close a value was to its type, in Pydantic's scale; decides between the alternatives of a union.
  enum Exactness: UInt8, Comparable {
    case lax, strict, exact

    static func < (a: Exactness, b: Exactness) -> Bool { a.rawValue < b.rawValue }
  }

  unowned(unsafe) let program: SchemaProgram
  unowned(unsafe) let plan: CoercionPlan
  let tables: SchemaTables
  let nodes: UnsafePointer<CoercionNode>
  let tape: UnsafeJSONTape
  var bytes: [UInt8]
  var evaluator: Evaluator
  var collects = false
  /// Writes the value to be judged by the schema: nothing filled in or left out, decimals as the schema has them.
  var isForChecking = false
  var limit = 1
  var path: [Violation.Step] = []
  var result = Violations()
  var exactness = Exactness.exact
  /// Members of models that were sent; nil where there was no model.
  var fieldsSet: Int?

  // Unowned: the schema, held by the caller, holds both; a strong reference would be counted on every use.
  init(_ schema: Schema, _ tape: UnsafeJSONTape, _ bytes: [UInt8]) {
    program = schema.program
    plan = schema.coercion
    tables = schema.program.tables
    nodes = schema.coercion.nodes.base
    self.tape = tape
    self.bytes = bytes
    evaluator = Evaluator(schema.program, tape)
  }

  var isFull: Bool { result.isTruncated || evaluator.isExhausted }

  mutating func floor(_ value: Exactness) {
    if value < exactness { exactness = value }
  }

  /// Notes a failure; always false, so that callers can return it.
  mutating func fail(_ kind: Violation.Kind, _ node: UnsafePointer<CoercionNode>, _ input: Int) -> Bool {
    guard collects else { return false }
    guard result.entries.count < limit else {
      result.isTruncated = true
      return false
    }
    let place = program.information[Int(node.pointee.place)]
    result.entries.append(
      Violation(
        path: path, schemaName: place.resource, schemaPointer: place.pointer, kind: kind,
        input: JSONIndex(position: input)))
    return false
  }

  mutating func fail(_ failure: CoercionFailure, _ node: UnsafePointer<CoercionNode>, _ input: Int) -> Bool {
    fail(.coercion(failure), node, input)
  }

  mutating func within(_ step: Step, _ body: (inout Coercer) -> Bool) -> Bool {
    guard collects else { return body(&self) }
    path.append(self.step(step))
    let holds = body(&self)
    path.removeLast()
    return holds
  }

  /// A step of the path before anyone needs its name.
  enum Step {
    case item(Int)
    /// In the plan's labels.
    case field(Int32)
    case branch(Int32)
    /// A string on the tape.
    case member(Int)
    case name(Int)
    case tag(Int)
  }

  private func step(_ step: Step) -> Violation.Step {
    switch step {
    case .item(let position): .item(position)
    case .field(let label): .member(plan.labels[Int(label)])
    case .branch(let label): .branch(plan.labels[Int(label)])
    case .member(let key): .member(tape.string(key))
    case .name(let key): .name(tape.string(key))
    case .tag(let value): .branch(tape.string(value))
    }
  }

  mutating func coerce(_ index: Int32, _ input: Int, depth: Int) -> Bool {
    evaluator.steps &-= 1
    guard evaluator.steps > 0, depth < Evaluator.maximumDepth else {
      evaluator.isExhausted = true
      return false
    }
    if collects && isFull { return false }
    let node = nodes + Int(index)
    let start = bytes.count
    guard coerceValue(node, input, depth) else { return false }
    return node.pointee.residual < 0 || holdsResidual(node, from: start, input, depth)
  }

  private mutating func coerceValue(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ depth: Int) -> Bool {
    let word = tape.nodes[input]
    switch node.pointee.kind {
    case .any: return coerceAny(node, input, word, depth)
    case .never: return fail(.forbidden, node, input)
    case .null:
      guard word.kind == .null else { return fail(.noneRequired, node, input) }
      return copy(input)
    case .boolean: return coerceBoolean(node, input, word)
    case .integer: return coerceInteger(node, input, word)
    case .number: return coerceNumber(node, input, word)
    case .decimal: return coerceDecimal(node, input, word)
    case .string: return coerceString(node, input, word)
    case .bytes: return coerceBytes(node, input, word)
    case .date: return coerceDate(node, input, word)
    case .dateTime: return coerceDateTime(node, input, word)
    case .time: return coerceTime(node, input, word)
    case .duration: return coerceDuration(node, input, word)
    case .uuid: return coerceUUID(node, input, word)
    case .enumeration: return coerceEnumeration(node, input, word)
    case .literal: return coerceLiteral(node, input, word)
    case .list: return coerceList(node, input, word, depth)
    case .set: return coerceSet(node, input, word, depth)
    case .tuple: return coerceTuple(node, input, word, depth)
    case .model: return coerceModel(node, input, word, depth)
    case .map: return coerceMap(node, input, word, depth)
    case .union: return coerceUnion(node, input, depth)
    case .taggedUnion: return coerceTagged(node, input, word, depth)
    case .nullable:
      if word.kind == .null { return copy(input) }
      return coerce(node.pointee.item, input, depth: depth &+ 1)
    }
  }

  private mutating func coerceAny(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode, _ depth: Int
  ) -> Bool {
    floor(.strict)
    switch word.kind {
    case .object where node.pointee.object >= 0: return coerce(node.pointee.object, input, depth: depth &+ 1)
    case .array where node.pointee.array >= 0: return coerce(node.pointee.array, input, depth: depth &+ 1)
    case .number where node.pointee.ruleCount > 0:
      guard checkNumber(tape.decimal(input), node, input) else { return false }
    case .string where node.pointee.ruleCount > 0 || node.pointee.format != .none:
      guard checkText(node, input) else { return false }
    default: break
    }
    return copy(input)
  }

  /// The value as it was sent, compact.
  mutating func copy(_ input: Int) -> Bool {
    appendValue(tape, input)
    return true
  }

  mutating func appendValue(_ tape: UnsafeJSONTape, _ input: Int) {
    if !tape[input].kind.isContainer, tape[input].kind != .string || !tape[input].isEscaped {
      append(tape.rawText(input))
      return
    }
    var writer = JSONWriter(appendingTo: take())
    writer.value(tape, input)
    bytes = writer.bytes
  }

  mutating func take() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    return taken
  }

  mutating func append(_ text: UnsafeRawBufferPointer) { bytes.append(contentsOf: text) }
  mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
  mutating func append(_ span: ByteSpan) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: plan.bytes.base + Int(span.start), count: Int(span.count)))
  }
}
