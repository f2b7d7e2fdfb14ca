import GatewayJSON

/// Applicators that few schemas have.
extension ViolationCollector {
  /// First what the rest of the schema says. Where that fails, nothing is evaluated by the letter of the standard, and
  /// every member would be one too many: then only those are reported that no part of the schema declares.
  mutating func collectUnevaluated(_ applicator: Applicator, _ schema: Int32, _ index: Int, _ depth: Int) {
    let before = result.entries.count
    collect(applicator.first, index, depth: depth + 1)
    guard !isFull else { return }
    let isOtherwiseValid = result.entries.count == before
    let kind = tape[index].kind
    let rest = kind == .object ? applicator.second : (kind == .array ? applicator.third : SchemaNode.none)
    guard rest > 0, isOtherwiseValid || kind == .object && tables.nodes[rest].types.isEmpty else { return }
    // The children are listed before anything is collected: the set does not outlive its memory.
    let children = evaluator.withEvaluatedChildren(of: index) { evaluator, evaluated in
      if isOtherwiseValid {
        _ = evaluator.isValid(applicator.first, index, depth: depth, noting: evaluated)
      } else {
        evaluator.noteDeclared(applicator.first, index, depth: depth, evaluated)
      }
      return evaluator.others(of: index, than: evaluated)
    }
    let isClosed = tables.nodes[rest].types.isEmpty
    for (position, child) in children where !isFull {
      let value = kind == .object ? child + 1 : child
      within(kind == .object ? .member(tape.string(child)) : .item(position)) { collector in
        if isClosed {
          collector.add(.additional, schema, value)
        } else {
          collector.collect(rest, value, depth: depth + 1)
        }
      }
    }
  }

  mutating func collectTagged(_ applicator: Applicator, _ schema: Int32, _ index: Int, _ depth: Int) {
    let rules = tables.discriminators[applicator.second]
    let property = names(of: rules.property).first ?? ""
    switch evaluator.alternative(applicator, index) {
    case .noObject: add(.type(.object, format: .none, isModel: true), schema, index)
    case .noTag: add(.tagNotFound(discriminator: property), schema, index)
    case .unknownTag(let tag):
      add(.tagInvalid(discriminator: property, tag: tagText(tag), expected: names(of: rules.tags)), schema, index)
    case .schema(let alternative, let entry):
      within(.branch(name(of: tables.nameEntries[entry]))) { $0.collect(alternative, index, depth: depth + 1) }
    }
  }

  /// As Python writes it. Not the place to echo a large or secret value: `input` takes care of those.
  private func tagText(_ index: Int) -> String {
    if result.hidesAllInput || result.isSecret(index, tape) { return FastAPIViolationFormat.mask }
    return switch tape[index].kind {
    case .null: "None"
    case .true: "True"
    case .false: "False"
    case .number: String(decoding: tape.rawText(index).prefix(100), as: UTF8.self)
    case .string: String(tape.string(index).unicodeScalars.prefix(100).map(Character.init))
    case .array, .object: ""
    }
  }

  private func names(of table: NameTable) -> [String] {
    (table.entries..<table.entries + table.count).map { name(of: tables.nameEntries[$0]) }
  }
}

extension Evaluator {
  /// Children that `evaluated` lacks, each with its position.
  fileprivate func others(of index: Int, than evaluated: EvaluatedChildren) -> [(position: Int, child: Int)] {
    var children: [(position: Int, child: Int)] = []
    let isObject = tape.nodes[index].kind == .object
    let end = tape.next(index)
    var child = index + 1
    var position = 0
    while child < end {
      let isIgnored = isObject && tape.nodes[child].isShadowed
      if !isIgnored, !evaluated.contains(position) { children.append((position, child)) }
      child = tape.next(isObject ? child + 1 : child)
      position += 1
    }
    return children
  }

  /// Notes the members that any part of the schema declares for this object, whether or not that part is valid.
  fileprivate mutating func noteDeclared(_ schema: Int32, _ index: Int, depth: Int, _ declared: EvaluatedChildren) {
    steps -= 1
    guard schema >= 0 else { return }
    guard steps > 0, depth < Evaluator.maximumDepth else {
      isExhausted = true
      return
    }
    let node = tables.nodes[schema]
    if node.object >= 0 {
      let rules = tables.objects.base + Int(node.object)
      if rules.pointee.evaluatesOthers { return declared.insertAll() }
      let end = tape.next(index)
      var key = index + 1
      var position = 0
      while key < end {
        steps -= 1
        if isDeclared(key, by: rules) { declared.insert(position) }
        key = tape.next(key + 1)
        position += 1
      }
    }
    for position in node.applicators..<node.applicators + node.applicatorCount {
      let applicator = tables.applicators[position]
      var schemas: [Int32] = []
      switch applicator.operation {
      case .reference, .dependent: schemas = [applicator.first]
      case .conditional: schemas = [applicator.first, applicator.second, applicator.third]
      case .allOf, .anyOf, .oneOf, .tagged:
        schemas = (0..<applicator.count).map { tables.schemaIndexes[applicator.first + $0] }
      case .unevaluated:
        // Closed ones declare nothing of their own; others take everything.
        if applicator.second >= 0, !tables.nodes[applicator.second].types.isEmpty { return declared.insertAll() }
        schemas = [applicator.first]
      case .not, .content: break
      }
      for schema in schemas { noteDeclared(schema, index, depth: depth + 1, declared) }
    }
  }
}
