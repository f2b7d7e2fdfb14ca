import GatewayJSON

/// Copies a valid document with `default`s filled in where members are absent; nothing else is changed. Members keep
/// their order; what is filled in comes after them, in the schema's order.
struct DefaultFiller {
  private unowned(unsafe) let plan: CoercionPlan
  private let tables: SchemaTables
  private let nodes: UnsafePointer<CoercionNode>
  private let tape: UnsafeJSONTape
  private var evaluator: Evaluator
  var bytes: [UInt8]
  /// Work ran out while choosing between alternatives: what was written means nothing.
  var isExhausted: Bool { evaluator.isExhausted }

  // Unowned: the schema is held by the caller for the length of the run.
  init(_ schema: Schema, _ tape: UnsafeJSONTape, _ bytes: [UInt8]) {
    plan = schema.coercion
    tables = schema.program.tables
    nodes = schema.coercion.nodes.base
    self.tape = tape
    self.bytes = bytes
    evaluator = Evaluator(schema.program, tape)
  }

  mutating func fill(_ index: Int32, _ input: Int) {
    let node = nodes + Int(index)
    guard index > 0, node.pointee.fills else { return copy(input) }
    let kind = tape[input].kind
    switch node.pointee.kind {
    case .nullable: fill(node.pointee.item, input)
    case .any:
      fill(kind == .object ? node.pointee.object : (kind == .array ? node.pointee.array : CoercionNode.none), input)
    case .union: fill(choice(node, input), input)
    case .taggedUnion: fill(taggedChoice(node, input), input)
    // A `where` belongs to its own pattern only, so each has one.
    case .list where kind == .array, .set where kind == .array, .tuple where kind == .array: fillItems(node, input)
    case .model where kind == .object: fillMembers(node, input)
    case .map where kind == .object: fillMembers(node, input)
    default: copy(input)
    }
  }

  /// False where nothing is to be filled in, so that the document need not be written, and parsed, anew. True may also
  /// mean that only writing would tell.
  func isMissing(_ index: Int32, _ input: Int) -> Bool {
    let node = nodes + Int(index)
    guard index > 0, node.pointee.fills else { return false }
    let kind = tape[input].kind
    switch node.pointee.kind {
    case .nullable: return isMissing(node.pointee.item, input)
    case .model where kind == .object: return isMemberMissing(node, input)
    case .any, .union, .taggedUnion, .list, .set, .tuple, .map:
      // These are written to find out; what holds nothing has nothing to fill.
      return kind.isContainer
    default: return false
    }
  }

  private func isMemberMissing(_ node: UnsafePointer<CoercionNode>, _ input: Int) -> Bool {
    let end = tape.next(input)
    var key = input &+ 1
    var fallbacks = 0
    while key < end {
      let word = tape.nodes[key]
      // Named twice: only writing leaves the first one out.
      guard !word.isShadowed else { return true }
      let found = tables.find(word, key, in: node.pointee.names, hash: word.keyHash, tape)
      let field =
        found >= 0
        ? plan.fields.base[Int(node.pointee.children) + Int(found - node.pointee.names.entries)] : nil as CoercionField?
      if let field {
        if field.hasFallback { fallbacks &+= 1 }
        if isMissing(field.node, key &+ 1) { return true }
      } else if node.pointee.extras == .typed || node.pointee.patternCount > 0 {
        return true
      }
      key = tape.next(key &+ 1)
    }
    for position in 0..<Int(node.pointee.childCount)
    where plan.fields.base[Int(node.pointee.children) + position].hasFallback {
      fallbacks &-= 1
    }
    return fallbacks != 0
  }

  /// The first alternative that the value fits.
  private mutating func choice(_ node: UnsafePointer<CoercionNode>, _ input: Int) -> Int32 {
    for position in 0..<Int(node.pointee.childCount) {
      let choice = plan.indexes.base[Int(node.pointee.children) + position]
      let place = nodes[Int(choice)].place
      // Alternatives of one schema (`type: [string, object]`) share its place, which so does not tell them apart.
      guard plan.canHold(choice, tape[input].kind) else { continue }
      if choice == 0 || evaluator.isValid(place, input, depth: 0) { return choice }
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

  private mutating func fillItems(_ node: UnsafePointer<CoercionNode>, _ input: Int) {
    bytes.append(UInt8(ascii: "["))
    let end = tape.next(input)
    var item = input &+ 1
    var position = 0
    while item < end {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      let isPrefix = node.pointee.kind == .tuple && position < Int(node.pointee.childCount)
      fill(isPrefix ? plan.indexes.base[Int(node.pointee.children) + position] : node.pointee.item, item)
      item = tape.next(item)
      position += 1
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func fillMembers(_ node: UnsafePointer<CoercionNode>, _ input: Int) {
    bytes.append(UInt8(ascii: "{"))
    let start = bytes.count
    let count = node.pointee.kind == .model ? Int(node.pointee.childCount) : 0
    withUnsafeTemporaryAllocation(of: Bool.self, capacity: max(count, 1)) { sent in
      sent.initialize(repeating: false)
      let end = tape.next(input)
      var key = input &+ 1
      while key < end {
        let word = tape.nodes[key]
        if !word.isShadowed {
          if bytes.count > start { bytes.append(UInt8(ascii: ",")) }
          copy(key)
          bytes.append(UInt8(ascii: ":"))
          let found =
            count > 0 ? tables.find(word, key, in: node.pointee.names, hash: word.keyHash, tape) : SchemaNode.none
          if found >= 0 {
            let position = Int(found - node.pointee.names.entries)
            sent[position] = true
            fill(plan.fields.base[Int(node.pointee.children) + position].node, key &+ 1)
          } else {
            fill(otherMember(node, key), key &+ 1)
          }
        }
        key = tape.next(key &+ 1)
      }
      for position in 0..<count where !sent[position] {
        let field = plan.fields.base[Int(node.pointee.children) + position]
        guard field.hasFallback else { continue }
        if bytes.count > start { bytes.append(UInt8(ascii: ",")) }
        append(field.name)
        append(field.fallback)
      }
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func otherMember(_ node: UnsafePointer<CoercionNode>, _ key: Int) -> Int32 {
    for position in node.pointee.patterns..<node.pointee.patterns + node.pointee.patternCount {
      let rule = plan.patterns.base[Int(position)]
      if evaluator.matches(rule.pattern, key) { return rule.node }
    }
    return node.pointee.extras == .typed ? node.pointee.item : CoercionNode.none
  }

  private mutating func append(_ span: ByteSpan) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: plan.bytes.base + Int(span.start), count: Int(span.count)))
  }

  private mutating func copy(_ input: Int) {
    if !tape[input].kind.isContainer, tape[input].kind != .string || !tape[input].isEscaped {
      return bytes.append(contentsOf: tape.rawText(input))
    }
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    var writer = JSONWriter(appendingTo: taken)
    taken = []
    writer.value(tape, input)
    bytes = writer.bytes
  }
}
