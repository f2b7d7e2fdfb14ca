import GatewayJSON

extension Evaluator {
  mutating func isValidObject(_ rules: UnsafePointer<ObjectRules>, _ index: Int, _ depth: Int) -> Bool {
    let end = tape.next(index)
    var key = index &+ 1
    var members = 0
    var required = 0
    // Members usually come in the order the schema names them: the entry behind the last one is looked at first.
    let entries = tables.nameEntries.base + Int(rules.pointee.names.entries)
    let entryCount = Int(rules.pointee.names.count)
    var expected = 0
    while key < end {
      let word = tape.nodes[key]
      let value = key &+ 1
      if !word.isShadowed {
        members &+= 1
        var isEvaluated = false
        if expected >= entryCount || !tables.isName(entries + expected, word, tape) {
          let found = tables.find(word, key, in: rules.pointee.names, hash: word.keyHash, tape)
          expected = found >= 0 ? Int(found &- rules.pointee.names.entries) : entryCount
        }
        if expected < entryCount {
          let entry = entries + expected
          expected &+= 1
          if entry.pointee.isRequired { required &+= 1 }
          isEvaluated = entry.pointee.isDeclared
          if entry.pointee.schema >= 0, !isValidChild(entry.pointee.schema, value, depth: depth &+ 1) { return false }
        }
        if rules.pointee.patternCount > 0 {
          guard checkPatterns(rules, key, depth, &isEvaluated) else { return false }
        }
        if !isEvaluated {
          if rules.pointee.isClosed { return false }
          if rules.pointee.additional >= 0, !isValidChild(rules.pointee.additional, value, depth: depth &+ 1) {
            return false
          }
        }
        if rules.pointee.propertyNames >= 0, !isValid(rules.pointee.propertyNames, key, depth: depth &+ 1) {
          return false
        }
      }
      key = tape.next(value)
    }
    // Names are unique, so as many required ones as there are means all of them.
    if required != rules.pointee.requiredCount { return false }
    if members < rules.pointee.minimumProperties || members > rules.pointee.maximumProperties { return false }
    return rules.pointee.dependencyCount == 0 || satisfiesDependencies(rules, index)
  }

  // Seldom asked for, and apart so that the loop keeps its registers.
  @inline(never)
  private mutating func checkPatterns(
    _ rules: UnsafePointer<ObjectRules>, _ key: Int, _ depth: Int, _ isEvaluated: inout Bool
  ) -> Bool {
    for position in rules.pointee.patterns..<rules.pointee.patterns + rules.pointee.patternCount {
      let rule = tables.patternProperties[position]
      guard matches(rule.pattern, key) else { continue }
      isEvaluated = true
      if !isValid(rule.schema, key + 1, depth: depth + 1) { return false }
    }
    return true
  }

  @inline(never)
  private func satisfiesDependencies(_ rules: UnsafePointer<ObjectRules>, _ index: Int) -> Bool {
    for position in rules.pointee.dependencies..<rules.pointee.dependencies + rules.pointee.dependencyCount {
      let rule = tables.dependencies[position]
      guard tape.member(program.texts[Int(rule.name)], of: index) != nil else { continue }
      for name in rule.required..<rule.required + rule.requiredCount
      where tape.member(program.texts[Int(name)], of: index) == nil {
        return false
      }
    }
    return true
  }

  mutating func isValidArray(_ rules: UnsafePointer<ArrayRules>, _ index: Int, _ depth: Int) -> Bool {
    let count = tape.childCount(index)
    if count < rules.pointee.minimumItems || count > rules.pointee.maximumItems { return false }
    let end = tape.next(index)
    var item = index &+ 1
    var position: Int32 = 0
    var contained = 0
    while item < end {
      if position < rules.pointee.prefixCount {
        if !isValid(tables.schemaIndexes[rules.pointee.prefix &+ position], item, depth: depth &+ 1) { return false }
        position &+= 1
      } else if rules.pointee.items >= 0 {
        if !isValidChild(rules.pointee.items, item, depth: depth &+ 1) { return false }
      } else if rules.pointee.contains < 0 {
        break
      }
      if rules.pointee.contains >= 0, isValid(rules.pointee.contains, item, depth: depth &+ 1) { contained &+= 1 }
      item = tape.next(item)
    }
    if rules.pointee.contains >= 0,
      contained < rules.pointee.minimumContains || contained > rules.pointee.maximumContains
    {
      return false
    }
    return !rules.pointee.unique || count < 2 || !repeats(index, count)
  }

  @inline(never)
  private mutating func repeats(_ index: Int, _ count: Int) -> Bool { firstRepetition(index, count) != nil }

  /// The first two equal items, by position; nil where all differ. Few and small ones are compared pairwise, others
  /// hashed (with the seeded hash: a body must not be able to make this quadratic).
  func firstRepetition(_ index: Int, _ count: Int) -> (first: Int, second: Int)? {
    let end = tape.next(index)
    if count <= 8 && end - index <= 256 {
      var second = tape.next(index + 1)
      var secondPosition = 1
      while second < end {
        var first = index + 1
        for firstPosition in 0..<secondPosition {
          if tape.equals(first, second) { return (firstPosition, secondPosition) }
          first = tape.next(first)
        }
        second = tape.next(second)
        secondPosition += 1
      }
      return nil
    }
    var size = 16
    while size < count * 2 { size *= 2 }
    var slots = [(item: Int, position: Int)](repeating: (0, 0), count: size)
    var item = index + 1
    var position = 0
    while item < end {
      var hasher = Hasher()
      tape.hash(item, into: &hasher)
      var slot = hasher.finalize() & (size - 1)
      // Items are never at index 0.
      while slots[slot].item != 0 {
        if tape.equals(slots[slot].item, item) { return (slots[slot].position, position) }
        slot = (slot + 1) & (size - 1)
      }
      slots[slot] = (item, position)
      item = tape.next(item)
      position += 1
    }
    return nil
  }
}
