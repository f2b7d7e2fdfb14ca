import GatewayJSON

/// One run of a schema over a tape, answering yes or no.
///
/// Holds bare addresses into the program's tables and the tape: whoever makes one keeps both alive while it runs. All
/// indexes come from the compiler or the parser.
struct Evaluator {
  let tables: SchemaTables
  // For what is read seldom. Unowned, because a copy of a strong reference would count on every use.
  unowned(unsafe) let program: SchemaProgram
  let tape: UnsafeJSONTape
  var steps: Int
  /// Work or depth ran out: the answer so far means nothing and counts as no.
  var isExhausted = false
  /// The tape holds what lax coercion made: its dates, times and durations are written as Pydantic writes them, which
  /// is not always as RFC 3339 has it.
  var isConverted = false

  /// Stack: about 200 bytes a level.
  static let maximumDepth = 8192

  init(_ program: SchemaProgram, _ tape: UnsafeJSONTape) {
    self.program = program
    self.tape = tape
    tables = program.tables
    // Far above what sane schemas need (a handful of steps a value), far below what a hostile body could ask for.
    steps = Pattern.stepsWithoutWarning + 1 + tape.count * 256
  }

  /// `isValid` for children: most values are settled by their type, and the call would be most of their cost (it saves
  /// and restores every register). Steps are counted here and checked at the next container.
  @inline(__always)
  mutating func isValidChild(_ schema: Int32, _ index: Int, depth: Int) -> Bool {
    let settled = (tables.nodes.base + Int(schema)).pointee.settled
    let kind = tape.nodes[index].rawKind
    if settled.rawValue & (1 << kind) != 0 {
      steps &-= 1
      return true
    }
    return isValid(schema, index, depth: depth)
  }

  mutating func isValid(_ schema: Int32, _ index: Int, depth: Int) -> Bool {
    steps &-= 1
    guard steps > 0, depth < Evaluator.maximumDepth else {
      isExhausted = true
      return false
    }
    let node = tables.nodes.base + Int(schema)
    let word = tape.nodes[index]
    let kind = word.rawKind
    if node.pointee.types.rawValue & (1 << kind) == 0 {
      guard kind == JSONKind.number.rawValue, node.pointee.types.contains(.integer), isInteger(word, index) else {
        return false
      }
    }
    // Calls at the very end need no registers saved: the usual node costs no more than the rules it has.
    return node.pointee.flags.contains(.simple)
      ? satisfiesKindRules(node, word, kind, index, depth) : isValidFully(node, word, index, depth)
  }

  /// The rules that depend on the kind of value.
  @inline(__always)
  private mutating func satisfiesKindRules(
    _ node: UnsafePointer<SchemaNode>, _ word: JSONNode, _ kind: UInt8, _ index: Int, _ depth: Int
  ) -> Bool {
    switch kind {
    case JSONKind.string.rawValue:
      return node.pointee.string < 0 || isValidString(tables.strings.base + Int(node.pointee.string), word, index)
    case JSONKind.number.rawValue:
      return node.pointee.numeric < 0 || isValidNumber(tables.numeric.base + Int(node.pointee.numeric), word, index)
    case JSONKind.object.rawValue:
      return node.pointee.object < 0 || isValidObject(tables.objects.base + Int(node.pointee.object), index, depth)
    case JSONKind.array.rawValue:
      return node.pointee.array < 0 || isValidArray(tables.arrays.base + Int(node.pointee.array), index, depth)
    default: return true
    }
  }

  /// All rules but the types and the applicators.
  @inline(__always)
  mutating func satisfiesOwnRules(
    _ node: UnsafePointer<SchemaNode>, _ word: JSONNode, _ kind: UInt8, _ index: Int, _ depth: Int
  ) -> Bool {
    guard satisfiesKindRules(node, word, kind, index, depth) else { return false }
    if node.pointee.enumeration >= 0, !isListed(tables.enumerations[node.pointee.enumeration], word, index) {
      return false
    }
    return node.pointee.constant < 0 || tape.equals(index, program.constants[Int(node.pointee.constant)])
  }

  @inline(never)
  private mutating func isValidFully(
    _ node: UnsafePointer<SchemaNode>, _ word: JSONNode, _ index: Int, _ depth: Int
  ) -> Bool {
    guard satisfiesOwnRules(node, word, word.rawKind, index, depth) else { return false }
    return node.pointee.applicatorCount == 0 || satisfiesApplicators(node, index, depth)
  }

  @inline(never)
  private mutating func satisfiesApplicators(_ node: UnsafePointer<SchemaNode>, _ index: Int, _ depth: Int) -> Bool {
    let first = node.pointee.applicators
    for position in first..<first + node.pointee.applicatorCount {
      let applicator = tables.applicators[position]
      let holds: Bool
      switch applicator.operation {
      case .reference: holds = isValid(applicator.first, index, depth: depth + 1)
      case .not: holds = !isValid(applicator.first, index, depth: depth + 1)
      case .conditional:
        let branch = isValid(applicator.first, index, depth: depth + 1) ? applicator.second : applicator.third
        holds = branch < 0 || isValid(branch, index, depth: depth + 1)
      case .allOf:
        var all = true
        for branch in 0..<applicator.count where all {
          all = isValid(tables.schemaIndexes[applicator.first + branch], index, depth: depth + 1)
        }
        holds = all
      case .anyOf:
        var any = false
        for branch in 0..<applicator.count where !any {
          any = isValid(tables.schemaIndexes[applicator.first + branch], index, depth: depth + 1)
        }
        holds = any
      case .oneOf:
        var matches = 0
        for branch in 0..<applicator.count where matches < 2 {
          if isValid(tables.schemaIndexes[applicator.first + branch], index, depth: depth + 1) { matches += 1 }
        }
        holds = matches == 1
      case .dependent, .unevaluated, .tagged, .content: holds = satisfiesRareApplicator(applicator, index, depth)
      }
      if !holds || isExhausted { return false }
    }
    return true
  }

  func isListed(_ rules: EnumerationRules, _ word: JSONNode, _ index: Int) -> Bool {
    if rules.isNames {
      return word.rawKind == JSONKind.string.rawValue && tables.find(index, in: rules.names, tape) >= 0
    }
    for position in rules.values..<rules.values + rules.count
    where tape.equals(index, program.constants[Int(position)]) {
      return true
    }
    return false
  }
}
