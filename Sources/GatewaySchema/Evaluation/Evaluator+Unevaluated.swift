import GatewayJSON

/// Which children of one array or object some schema has looked at (Core §11): a byte each, in memory lent by the
/// caller.
struct EvaluatedChildren {
  private let marks: UnsafeMutableBufferPointer<UInt8>

  /// `marks` are zeros, one a child.
  init(_ marks: UnsafeMutableBufferPointer<UInt8>) { self.marks = marks }

  var count: Int { marks.count }

  /// Children are counted from 0 in document order, shadowed members included.
  func contains(_ child: Int) -> Bool { child < marks.count && marks[child] != 0 }
  func insert(_ child: Int) { if child < marks.count { marks[child] = 1 } }
  func insertAll() { marks.update(repeating: 1) }

  func formUnion(_ other: EvaluatedChildren) {
    for child in 0..<min(count, other.count) where other.marks[child] != 0 { marks[child] = 1 }
  }
}

extension Evaluator {
  /// `unevaluatedProperties` and `unevaluatedItems`: runs the rest of the schema once, noting what it evaluates, then
  /// the keyword's schema on what is left. Nothing is validated twice: doing so at each level of a recursive schema
  /// would cost 2^depth.
  mutating func satisfiesUnevaluated(_ applicator: Applicator, _ index: Int, _ depth: Int) -> Bool {
    withEvaluatedChildren(of: index) { evaluator, evaluated in
      evaluator.isValid(applicator, index, depth: depth + Evaluator.depthOfSet, noting: evaluated)
    }
  }

  /// Up to 1 KiB of stack for a set, counted as levels of ordinary evaluation.
  private static let depthOfSet = 6

  /// An empty set for the children of `index`. On the stack up to 1,000 children.
  mutating func withEvaluatedChildren<R>(
    of index: Int, _ body: (inout Evaluator, EvaluatedChildren) -> R
  ) -> R {
    let count = tape.nodes[index].kind.isContainer ? tape.childCount(index) : 0
    // Clearing and merging is work too.
    steps -= count / 16
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { memory in
      memory.initialize(repeating: 0)
      return body(&self, EvaluatedChildren(memory))
    }
  }

  private mutating func isValid(
    _ applicator: Applicator, _ index: Int, depth: Int, noting evaluated: EvaluatedChildren
  ) -> Bool {
    guard isValid(applicator.first, index, depth: depth, noting: evaluated) else { return false }
    let kind = tape.nodes[index].kind
    let rest = kind == .object ? applicator.second : (kind == .array ? applicator.third : SchemaNode.none)
    guard rest >= 0 else { return true }
    // 0 accepts everything.
    if rest > 0 {
      var child = index + 1
      let end = tape.next(index)
      var position = 0
      while child < end {
        let value = kind == .object ? child + 1 : child
        let isIgnored = kind == .object && tape.nodes[child].isShadowed
        if !isIgnored, !evaluated.contains(position), !isValid(rest, value, depth: depth + 1) { return false }
        child = tape.next(value)
        position += 1
      }
    }
    evaluated.insertAll()
    return true
  }

  /// `isValid`, noting the children that were evaluated. Where the answer is no, the set means nothing.
  mutating func isValid(_ schema: Int32, _ index: Int, depth: Int, noting evaluated: EvaluatedChildren) -> Bool {
    steps &-= 1
    // A level here takes more stack than an ordinary one.
    let depth = depth + 2
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
    if word.kind == .array, node.pointee.array >= 0, tables.arrays[node.pointee.array].contains >= 0 {
      // Noted while validating, or `contains` would have to run twice.
      guard isValidArray(tables.arrays.base + Int(node.pointee.array), index, depth, noting: evaluated) else {
        return false
      }
      var rest = node.pointee
      rest.array = SchemaNode.none
      guard withUnsafePointer(to: rest, { satisfiesOwnRules($0, word, kind, index, depth) }) else { return false }
    } else {
      guard satisfiesOwnRules(node, word, kind, index, depth) else { return false }
      if word.kind == .array, node.pointee.array >= 0 { note(tables.arrays[node.pointee.array], evaluated) }
      if word.kind == .object, node.pointee.object >= 0 {
        note(tables.objects.base + Int(node.pointee.object), index, evaluated)
      }
    }
    let first = node.pointee.applicators
    for position in first..<first + node.pointee.applicatorCount {
      guard satisfies(tables.applicators[position], index, depth, noting: evaluated), !isExhausted else { return false }
    }
    return !isExhausted
  }

  private mutating func satisfies(
    _ applicator: Applicator, _ index: Int, _ depth: Int, noting evaluated: EvaluatedChildren
  ) -> Bool {
    switch applicator.operation {
    case .reference: return isValid(applicator.first, index, depth: depth, noting: evaluated)
    // What is inside `not` has failed where this holds, so it evaluated nothing (Core §7.7.1.2).
    case .not: return !isValid(applicator.first, index, depth: depth + 1)
    case .conditional:
      let branch = holds(applicator.first, index, depth, noting: evaluated) ? applicator.second : applicator.third
      return branch < 0 || isValid(branch, index, depth: depth, noting: evaluated)
    case .allOf:
      for branch in applicator.first..<applicator.first + applicator.count {
        guard isValid(tables.schemaIndexes[branch], index, depth: depth, noting: evaluated) else { return false }
      }
      return true
    case .anyOf, .oneOf:
      // All of them, because each that holds evaluates something.
      var matches = 0
      for branch in applicator.first..<applicator.first + applicator.count
      where holds(tables.schemaIndexes[branch], index, depth, noting: evaluated) {
        matches += 1
      }
      return applicator.operation == .anyOf ? matches > 0 : matches == 1
    case .dependent:
      guard tape.member(program.texts[Int(applicator.second)], of: index) != nil else { return true }
      return isValid(applicator.first, index, depth: depth, noting: evaluated)
    case .unevaluated:
      // Sees what is below it, not what its neighbours evaluated.
      return withEvaluatedChildren(of: index) { evaluator, own in
        guard evaluator.isValid(applicator, index, depth: depth + Evaluator.depthOfSet, noting: own) else {
          return false
        }
        evaluated.formUnion(own)
        return true
      }
    case .tagged:
      guard case .schema(let branch, _) = alternative(applicator, index) else { return false }
      return branch < 0 || isValid(branch, index, depth: depth, noting: evaluated)
    case .content: return satisfiesContent(tables.contents[applicator.first], index, depth)
    }
  }

  /// A branch that may fail without consequences: what it noted counts only where it holds.
  private mutating func holds(
    _ schema: Int32, _ index: Int, _ depth: Int, noting evaluated: EvaluatedChildren
  ) -> Bool {
    withEvaluatedChildren(of: index) { evaluator, own in
      guard evaluator.isValid(schema, index, depth: depth + Evaluator.depthOfSet, noting: own) else { return false }
      evaluated.formUnion(own)
      return true
    }
  }

  /// What the keywords of one schema object evaluate, known to be valid.
  private mutating func note(
    _ rules: UnsafePointer<ObjectRules>, _ index: Int, _ evaluated: EvaluatedChildren
  ) {
    if rules.pointee.evaluatesOthers { return evaluated.insertAll() }
    guard rules.pointee.names.count > 0 || rules.pointee.patternCount > 0 else { return }
    let end = tape.next(index)
    var key = index + 1
    var position = 0
    while key < end {
      if isDeclared(key, by: rules) { evaluated.insert(position) }
      key = tape.next(key + 1)
      position += 1
    }
  }

  /// Named by `properties` or matched by `patternProperties`.
  mutating func isDeclared(_ key: Int, by rules: UnsafePointer<ObjectRules>) -> Bool {
    let found = tables.find(key, in: rules.pointee.names, tape)
    if found >= 0, tables.nameEntries[found].isDeclared { return true }
    for position in rules.pointee.patterns..<rules.pointee.patterns + rules.pointee.patternCount
    where matches(tables.patternProperties[position].pattern, key) {
      return true
    }
    return false
  }

  private func note(_ rules: ArrayRules, _ evaluated: EvaluatedChildren) {
    if rules.evaluatesItems { return evaluated.insertAll() }
    for position in 0..<min(Int(rules.prefixCount), evaluated.count) { evaluated.insert(position) }
  }

  /// `isValidArray` for rules with `contains`, whose matches are evaluated (Core §10.3.1.3).
  private mutating func isValidArray(
    _ rules: UnsafePointer<ArrayRules>, _ index: Int, _ depth: Int, noting evaluated: EvaluatedChildren
  ) -> Bool {
    let count = tape.childCount(index)
    if count < rules.pointee.minimumItems || count > rules.pointee.maximumItems { return false }
    let end = tape.next(index)
    var item = index + 1
    var position = 0
    var contained = 0
    while item < end {
      if position < Int(rules.pointee.prefixCount) {
        let schema = tables.schemaIndexes[rules.pointee.prefix + Int32(truncatingIfNeeded: position)]
        guard isValid(schema, item, depth: depth + 1) else { return false }
        evaluated.insert(position)
      } else if rules.pointee.evaluatesItems {
        if rules.pointee.items >= 0, !isValid(rules.pointee.items, item, depth: depth + 1) { return false }
        evaluated.insert(position)
      }
      if isValid(rules.pointee.contains, item, depth: depth + 1) {
        contained += 1
        evaluated.insert(position)
      }
      item = tape.next(item)
      position += 1
    }
    if contained < rules.pointee.minimumContains || contained > rules.pointee.maximumContains { return false }
    return !rules.pointee.unique || count < 2 || firstRepetition(index, count) == nil
  }
}
