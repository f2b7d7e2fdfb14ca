import GatewayJSON

/// Finds the values that schemas call secret (`writeOnly`, `format: password`), before any of them could be echoed as
/// part of the object around it.
struct SecretMarker {
  private let program: SchemaProgram
  private let tables: SchemaTables
  private let tape: UnsafeJSONTape
  private var steps: Int
  private(set) var secrets: Set<JSONIndex> = []
  /// Work ran out: there may be more.
  private(set) var isExhausted = false

  init(_ program: SchemaProgram, _ tape: UnsafeJSONTape) {
    self.program = program
    self.tape = tape
    tables = program.tables
    steps = 100_000 + tape.count * 16
  }

  mutating func mark(_ schema: Int32, _ index: Int, depth: Int) {
    steps -= 1
    guard steps > 0, depth < Evaluator.maximumDepth else {
      isExhausted = true
      return
    }
    guard schema >= 0 else { return }
    let node = tables.nodes[schema]
    guard node.flags.contains(.containsSecret) else { return }
    guard !node.flags.contains(.secret) else {
      secrets.insert(JSONIndex(position: index))
      return
    }
    switch tape[index].kind {
    case .object where node.object >= 0: markMembers(tables.objects[node.object], index, depth)
    case .array where node.array >= 0:
      let rules = tables.arrays[node.array]
      let end = tape.next(index)
      var item = index + 1
      var position: Int32 = 0
      while item < end {
        mark(
          position < rules.prefixCount ? tables.schemaIndexes[rules.prefix + position] : rules.items, item,
          depth: depth + 1)
        if rules.contains >= 0 { mark(rules.contains, item, depth: depth + 1) }
        position += 1
        item = tape.next(item)
      }
    default: break
    }
    for position in node.applicators..<node.applicators + node.applicatorCount {
      let applicator = tables.applicators[position]
      switch applicator.operation {
      case .reference, .not, .dependent: mark(applicator.first, index, depth: depth + 1)
      case .content: break
      case .unevaluated:
        mark(applicator.first, index, depth: depth + 1)
        // What is left over is not known here: rather a value too many is hidden than one too few.
        markChildren(tape[index].kind == .object ? applicator.second : applicator.third, index, depth)
      case .conditional:
        mark(applicator.first, index, depth: depth + 1)
        mark(applicator.second, index, depth: depth + 1)
        mark(applicator.third, index, depth: depth + 1)
      case .allOf, .anyOf, .oneOf, .tagged:
        for branch in 0..<applicator.count {
          mark(tables.schemaIndexes[applicator.first + branch], index, depth: depth + 1)
        }
      }
    }
  }

  private mutating func markMembers(_ rules: ObjectRules, _ index: Int, _ depth: Int) {
    let end = tape.next(index)
    var key = index + 1
    while key < end {
      let found = tables.find(key, in: rules.names, tape)
      var isEvaluated = false
      if found >= 0 {
        let entry = tables.nameEntries[found]
        isEvaluated = entry.isDeclared
        mark(entry.schema, key + 1, depth: depth + 1)
      }
      for position in rules.patterns..<rules.patterns + rules.patternCount {
        let rule = tables.patternProperties[position]
        let pattern = program.patterns[Int(rule.pattern)]
        steps -= pattern.steps(for: tape[key].stringLength)
        guard steps > 0 else {
          isExhausted = true
          return
        }
        guard pattern.search(tape.scalars(key)) else { continue }
        isEvaluated = true
        mark(rule.schema, key + 1, depth: depth + 1)
      }
      if !isEvaluated { mark(rules.additional, key + 1, depth: depth + 1) }
      key = tape.next(key + 1)
    }
  }

  private mutating func markChildren(_ schema: Int32, _ index: Int, _ depth: Int) {
    guard schema >= 0, tape[index].kind.isContainer else { return }
    let isObject = tape[index].kind == .object
    let end = tape.next(index)
    var child = index + 1
    while child < end {
      let value = isObject ? child + 1 : child
      mark(schema, value, depth: depth + 1)
      child = tape.next(value)
    }
  }
}
