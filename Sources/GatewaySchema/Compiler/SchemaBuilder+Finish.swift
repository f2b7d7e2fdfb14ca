import GatewayJSON

extension SchemaBuilder {
  /// Replaces aliases, looks for loops, drops what checks nothing, and freezes the tables.
  mutating func finish(root: Int32, coercion: CoercionPlan) -> SchemaCompilation {
    let root = check(root: root)
    guard problems.isEmpty else {
      return SchemaCompilation(schema: nil, problems: problems, warnings: warnings)
    }
    dropTrivialSchemas()
    dropLoneConditions()
    propagateSecrets()
    let schema = Schema(SchemaProgram(self, root: root), coercion: coercion)
    return SchemaCompilation(schema: schema, problems: [], warnings: warnings)
  }

  /// What can only be seen once everything is compiled. Gives the root that is no alias.
  @discardableResult
  mutating func check(root: Int32) -> Int32 {
    resolveAliases()
    findLoops()
    return resolved(root)
  }

  /// The node that `index` stands for. Loops of bare references end at node 0; `resolveAliases` has reported them.
  func resolved(_ index: Int32) -> Int32 {
    guard index >= 0 else { return index }
    var index = index
    for _ in 0...nodes.count {
      guard nodes[Int(index)].flags.contains(.alias) else { return index }
      index = nodes[Int(index)].applicators
    }
    return 0
  }

  private mutating func resolveAliases() {
    var targets: [Int32] = []
    for index in nodes.indices {
      let target = resolved(Int32(truncatingIfNeeded: index))
      if target == 0 && nodes[index].flags.contains(.alias) && isLoop(index) {
        report(index, "'$ref' leads back to itself: the schema says nothing")
      }
      targets.append(target)
    }
    func map(_ index: inout Int32) {
      if index >= 0 { index = targets[Int(index)] }
    }
    for position in arrays.indices {
      map(&arrays[position].items)
      map(&arrays[position].contains)
    }
    for position in objects.indices {
      map(&objects[position].additional)
      map(&objects[position].propertyNames)
    }
    for position in nameEntries.indices { map(&nameEntries[position].schema) }
    for position in patternProperties.indices { map(&patternProperties[position].schema) }
    for position in contents.indices { map(&contents[position].schema) }
    for position in schemaIndexes.indices { map(&schemaIndexes[position]) }
    for position in applicators.indices {
      switch applicators[position].operation {
      case .reference, .not, .dependent: map(&applicators[position].first)
      case .conditional, .unevaluated:
        map(&applicators[position].first)
        map(&applicators[position].second)
        map(&applicators[position].third)
      // By way of the list of indexes, the names and the contents.
      case .allOf, .anyOf, .oneOf, .tagged, .content: break
      }
    }
  }

  private func isLoop(_ index: Int) -> Bool {
    var index = index
    for _ in 0...nodes.count {
      guard nodes[index].flags.contains(.alias) else { return false }
      index = Int(nodes[index].applicators)
    }
    return true
  }

  private mutating func report(_ index: Int, _ message: String) {
    let place = information[index]
    problems.append(SchemaProblem(resource: place.resource, pointer: place.pointer, message: message))
  }

  /// Schemas that `node` applies to the same value.
  private func inPlace(_ node: SchemaNode) -> [Int32] {
    guard !node.flags.contains(.alias) else { return [] }
    var result: [Int32] = []
    for position in Int(node.applicators)..<Int(node.applicators + node.applicatorCount) {
      let applicator = applicators[position]
      switch applicator.operation {
      case .reference, .not, .dependent, .unevaluated: result.append(applicator.first)
      case .content: break
      case .conditional: result += [applicator.first, applicator.second, applicator.third].filter { $0 >= 0 }
      case .allOf, .anyOf, .oneOf, .tagged:
        result += schemaIndexes[Int(applicator.first)..<Int(applicator.first + applicator.count)]
      }
    }
    return result
  }

  /// Schemas that `node` applies to parts of the value.
  private func below(_ node: SchemaNode) -> [Int32] {
    var result: [Int32] = []
    if node.array >= 0 {
      let rules = arrays[Int(node.array)]
      result += [rules.items, rules.contains]
      result += schemaIndexes[Int(rules.prefix)..<Int(rules.prefix + rules.prefixCount)]
    }
    if node.object >= 0 {
      let rules = objects[Int(node.object)]
      result += [rules.additional, rules.propertyNames]
      result += nameEntries[Int(rules.names.entries)..<Int(rules.names.entries + rules.names.count)].map(\.schema)
      result += patternProperties[Int(rules.patterns)..<Int(rules.patterns + rules.patternCount)].map(\.schema)
    }
    for position in Int(node.applicators)..<Int(node.applicators + node.applicatorCount) {
      let applicator = applicators[position]
      if applicator.operation == .unevaluated { result += [applicator.second, applicator.third] }
    }
    return result.filter { $0 >= 0 }
  }

  /// A schema that applies itself to the same value would never end (Core §9.4.1).
  private mutating func findLoops() {
    // What holds no reference is a tree.
    guard hasReferences else { return }
    enum Mark { case new, open, done }
    var marks = [Mark](repeating: .new, count: nodes.count)
    for start in nodes.indices where marks[start] == .new {
      // Iterative: chains may be as long as the schema.
      var path: [(node: Int, rest: [Int32])] = [(start, inPlace(nodes[start]))]
      marks[start] = .open
      while let last = path.indices.last {
        guard let next = path[last].rest.popLast() else {
          marks[path[last].node] = .done
          path.removeLast()
          continue
        }
        switch marks[Int(next)] {
        case .new:
          marks[Int(next)] = .open
          path.append((Int(next), inPlace(nodes[Int(next)])))
        case .open: report(Int(next), "the schema applies itself to the same value, which never ends")
        case .done: break
        }
      }
    }
  }

  /// An `if` alone matters only to `unevaluatedProperties` and `unevaluatedItems`.
  private mutating func dropLoneConditions() {
    guard !applicators.contains(where: { $0.operation == .unevaluated }) else { return }
    for position in applicators.indices
    where applicators[position].operation == .conditional && applicators[position].second < 0
      && applicators[position].third < 0
    {
      applicators[position].first = 0
    }
  }

  private mutating func dropTrivialSchemas() {
    func drop(_ index: inout Int32) {
      if index >= 0 && nodes[Int(index)].isTrivial { index = SchemaNode.none }
    }
    for position in arrays.indices { drop(&arrays[position].items) }
    for position in objects.indices {
      drop(&objects[position].additional)
      drop(&objects[position].propertyNames)
    }
    for position in nameEntries.indices { drop(&nameEntries[position].schema) }
  }

  /// Marks every schema from which a secret can be reached, backwards along the edges.
  private mutating func propagateSecrets() {
    var pending = nodes.indices.filter { nodes[$0].flags.contains(.secret) }
    guard !pending.isEmpty else { return }
    var parents = [[Int]](repeating: [], count: nodes.count)
    for index in nodes.indices {
      for child in inPlace(nodes[index]) + below(nodes[index]) { parents[Int(child)].append(index) }
    }
    while let index = pending.popLast() {
      guard !nodes[index].flags.contains(.containsSecret) else { continue }
      nodes[index].flags.insert(.containsSecret)
      pending += parents[index]
    }
  }
}
