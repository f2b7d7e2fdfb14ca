import GatewayJSON

extension ViolationCollector {
  mutating func collectItems(_ rules: ArrayRules, _ schema: Int32, _ index: Int, _ depth: Int) {
    let count = tape.childCount(index)
    // Known before looking at any item, so nothing else is said about them.
    guard count <= rules.maximumItems else {
      add(.maxItems(rules.maximumItems, actual: count), schema, index)
      return
    }
    let before = result.entries.count
    let end = tape.next(index)
    var item = index + 1
    var position = 0
    var contained = 0
    while item < end && !isFull {
      let itemSchema =
        position < Int(rules.prefixCount)
        ? tables.schemaIndexes[rules.prefix + Int32(truncatingIfNeeded: position)] : rules.items
      within(.item(position)) { $0.collect(itemSchema, item, depth: depth + 1) }
      if rules.contains >= 0, evaluator.isValid(rules.contains, item, depth: depth + 1) { contained += 1 }
      position += 1
      item = tape.next(item)
    }
    guard result.entries.count == before, !isFull else { return }
    if count < rules.minimumItems {
      add(.minItems(rules.minimumItems, actual: count), schema, index)
    } else if rules.unique, let repetition = evaluator.firstRepetition(index, count) {
      add(.uniqueItems(first: repetition.first, second: repetition.second), schema, index)
    } else if rules.contains >= 0, contained < rules.minimumContains || contained > rules.maximumContains {
      let maximum = rules.maximumContains == .max ? nil : rules.maximumContains
      add(.contains(minimum: rules.minimumContains, maximum: maximum, actual: contained), schema, index)
    }
  }

  mutating func collectMembers(_ rules: ObjectRules, _ schema: Int32, _ index: Int, _ depth: Int) {
    let before = result.entries.count
    let members = memberKeys(of: index)
    // One pass over the members finds which of them the schema names; the report then follows the schema's order.
    var values = [Int](repeating: 0, count: Int(rules.names.count))
    for key in members {
      let found = tables.find(key, in: rules.names, tape)
      if found >= 0 { values[Int(found - rules.names.entries)] = key + 1 }
    }
    for position in 0..<rules.names.count where !isFull {
      let entry = tables.nameEntries[rules.names.entries + position]
      let value = values[Int(position)]
      guard value > 0 || entry.isRequired else { continue }
      within(.member(name(of: entry))) { collector in
        if value > 0 {
          collector.collect(entry.schema, value, depth: depth + 1)
        } else {
          collector.add(.missing, schema, index)
        }
      }
    }
    collectOthers(rules, schema, members, depth)
    if rules.propertyNames >= 0 {
      for key in members where !isFull {
        within(.name(tape.string(key))) { $0.collect(rules.propertyNames, key, depth: depth + 1) }
      }
    }
    collectDependencies(rules, schema, index)
    guard result.entries.count == before, !isFull else { return }
    if members.count < rules.minimumProperties {
      add(.minProperties(rules.minimumProperties, actual: members.count), schema, index)
    } else if members.count > rules.maximumProperties {
      add(.maxProperties(rules.maximumProperties, actual: members.count), schema, index)
    }
  }

  private func memberKeys(of index: Int) -> [Int] {
    var keys: [Int] = []
    let end = tape.next(index)
    var key = index + 1
    while key < end {
      if !tape[key].isShadowed { keys.append(key) }
      key = tape.next(key + 1)
    }
    return keys
  }

  func name(of entry: NameEntry) -> String {
    let bytes = UnsafeBufferPointer(start: tables.nameBytes.base + Int(entry.start), count: Int(entry.length))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Members that `properties` does not name.
  private mutating func collectOthers(_ rules: ObjectRules, _ schema: Int32, _ members: [Int], _ depth: Int) {
    guard rules.patternCount > 0 || rules.additional >= 0 else { return }
    for key in members where !isFull {
      let found = tables.find(key, in: rules.names, tape)
      var isEvaluated = found >= 0 && tables.nameEntries[found].isDeclared
      for position in rules.patterns..<rules.patterns + rules.patternCount {
        let rule = tables.patternProperties[position]
        guard evaluator.matches(rule.pattern, key) else { continue }
        isEvaluated = true
        within(.member(tape.string(key))) { $0.collect(rule.schema, key + 1, depth: depth + 1) }
      }
      guard !isEvaluated, rules.additional >= 0 else { continue }
      within(.member(tape.string(key))) { collector in
        if rules.isClosed {
          collector.add(.additional, schema, key + 1)
        } else {
          collector.collect(rules.additional, key + 1, depth: depth + 1)
        }
      }
    }
  }

  private mutating func collectDependencies(_ rules: ObjectRules, _ schema: Int32, _ index: Int) {
    for position in rules.dependencies..<rules.dependencies + rules.dependencyCount where !isFull {
      let rule = tables.dependencies[position]
      guard tape.member(program.texts[Int(rule.name)], of: index) != nil else { continue }
      for name in rule.required..<rule.required + rule.requiredCount {
        let name = program.texts[Int(name)]
        if tape.member(name, of: index) == nil { within(.member(name)) { $0.add(.missing, schema, index) } }
      }
    }
  }

  mutating func collectApplicators(_ node: SchemaNode, _ schema: Int32, _ index: Int, _ depth: Int) {
    for position in node.applicators..<node.applicators + node.applicatorCount where !isFull {
      let applicator = tables.applicators[position]
      let branches = (0..<applicator.count).map { applicator.first + $0 }
      switch applicator.operation {
      case .reference: collect(applicator.first, index, depth: depth + 1)
      case .not:
        if evaluator.isValid(applicator.first, index, depth: depth + 1) { add(.excluded, schema, index) }
      case .conditional:
        let holds = evaluator.isValid(applicator.first, index, depth: depth + 1)
        collect(holds ? applicator.second : applicator.third, index, depth: depth + 1)
      case .allOf:
        for branch in branches { collect(tables.schemaIndexes[branch], index, depth: depth + 1) }
      case .anyOf, .oneOf:
        let schemas = branches.map { tables.schemaIndexes[$0] }
        let matches = schemas.filter { evaluator.isValid($0, index, depth: depth + 1) }.count
        if matches == 0 {
          collectAlternatives(schemas, schema, index, depth)
        } else if matches > 1 && applicator.operation == .oneOf {
          add(.severalAlternatives, schema, index)
        }
      case .dependent:
        guard tape.member(program.texts[Int(applicator.second)], of: index) != nil else { continue }
        collect(applicator.first, index, depth: depth + 1)
      case .unevaluated: collectUnevaluated(applicator, schema, index, depth)
      case .tagged: collectTagged(applicator, schema, index, depth)
      case .content:
        if let failure = evaluator.contentFailure(tables.contents[applicator.first], index, depth) {
          add(.content(failure), schema, index)
        }
      }
    }
  }

  /// Every alternative's complaints, each under its label. One alternative beside null is no union, just optional.
  private mutating func collectAlternatives(_ schemas: [Int32], _ schema: Int32, _ index: Int, _ depth: Int) {
    let before = result.entries.count
    let others = schemas.filter { tables.nodes[$0].types != .null }
    let alternatives = others.isEmpty ? schemas : others
    if alternatives.count == 1 {
      collect(alternatives[0], index, depth: depth + 1)
    } else {
      for alternative in alternatives {
        within(.branch(program.information[Int(alternative)].label)) {
          $0.collect(alternative, index, depth: depth + 1)
        }
      }
    }
    if result.entries.count == before && !isFull { add(.noAlternative, schema, index) }
  }
}
