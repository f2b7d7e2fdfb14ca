import GatewayJSON

extension SchemaBuilder {
  /// A name to go into a `NameTable`.
  struct NamedEntry {
    var name: String
    var schema = SchemaNode.none
    var isRequired = false
    var isDeclared = false
  }

  /// Entries keep their order; slots lead to them by hash.
  mutating func nameTable(_ names: [NamedEntry]) -> NameTable {
    var table = NameTable()
    table.entries = Int32(truncatingIfNeeded: nameEntries.count)
    table.count = Int32(truncatingIfNeeded: names.count)
    table.slots = Int32(truncatingIfNeeded: nameSlots.count)
    var size = 1
    while size < names.count * 2 { size *= 2 }
    table.mask = UInt32(size - 1)
    var slots = [Int32](repeating: SchemaNode.none, count: size)
    for entry in names {
      let bytes = Array(entry.name.utf8)
      let hash = bytes.withUnsafeBytes { raw in
        // An empty array may have no address; the hash of no bytes reads none.
        raw.baseAddress.map { JSONKeyHash.of($0, count: raw.count) } ?? JSONKeyHash.ofNothing
      }
      var slot = Int(hash & table.mask)
      while slots[slot] != SchemaNode.none { slot = (slot + 1) & (size - 1) }
      slots[slot] = Int32(truncatingIfNeeded: nameEntries.count)
      nameEntries.append(
        NameEntry(
          hash: hash, start: Int32(truncatingIfNeeded: nameBytes.count), length: Int32(truncatingIfNeeded: bytes.count),
          schema: entry.schema, isRequired: entry.isRequired, isDeclared: entry.isDeclared))
      nameBytes += bytes
    }
    nameSlots += slots
    return table
  }

  mutating func compileArray(_ object: JSONObject, at location: SchemaLocation, _ node: inout SchemaNode) {
    var rules = ArrayRules()
    var isNeeded = false
    if let count = count("minItems", of: object, at: location) {
      rules.minimumItems = count
      isNeeded = isNeeded || count > 0
    }
    if let count = count("maxItems", of: object, at: location) {
      rules.maximumItems = count
      isNeeded = true
    }
    warnIfEmpty(rules.minimumItems, rules.maximumItems, "Items", at: location)
    if let value = object["uniqueItems"] {
      if let flag = value.bool {
        rules.unique = flag
        isNeeded = isNeeded || flag
      } else {
        problem(location.appending("uniqueItems"), "'uniqueItems' must be a boolean, found \(value.typeName)")
      }
    }
    let prefix = schemaList("prefixItems", of: object, at: location)
    if !prefix.isEmpty {
      rules.prefix = append(prefix)
      rules.prefixCount = Int32(truncatingIfNeeded: prefix.count)
      isNeeded = true
    }
    if let value = object["items"] {
      if case .array = value {
        problem(location.appending("items"), "'items' as a list is called 'prefixItems' since 2020-12")
      } else {
        rules.items = schema(value, at: location.appending("items"))
        rules.evaluatesItems = true
        isNeeded = true
      }
    }
    let minimum = count("minContains", of: object, at: location)
    let maximum = count("maxContains", of: object, at: location)
    if let value = object["contains"] {
      rules.contains = schema(value, at: location.appending("contains"))
      rules.minimumContains = minimum ?? 1
      rules.maximumContains = maximum ?? .max
      warnIfEmpty(rules.minimumContains, rules.maximumContains, "Contains", at: location)
      isNeeded = true
    } else if minimum != nil || maximum != nil {
      warning(location, "'minContains' and 'maxContains' have no effect without 'contains'")
    }
    guard isNeeded else { return }
    node.array = Int32(truncatingIfNeeded: arrays.count)
    arrays.append(rules)
  }

  mutating func compileObject(
    _ object: JSONObject, at location: SchemaLocation, _ node: inout SchemaNode
  ) {
    var rules = ObjectRules()
    var isNeeded = false
    if let count = count("minProperties", of: object, at: location) {
      rules.minimumProperties = count
      isNeeded = isNeeded || count > 0
    }
    if let count = count("maxProperties", of: object, at: location) {
      rules.maximumProperties = count
      isNeeded = true
    }
    warnIfEmpty(rules.minimumProperties, rules.maximumProperties, "Properties", at: location)

    var names: [NamedEntry] = []
    var positions: [ExactText: Int] = [:]
    for (name, schema) in schemaMap("properties", of: object, at: location) {
      positions[ExactText(name)] = names.count
      names.append(NamedEntry(name: name, schema: schema, isDeclared: true))
    }
    for name in nameList(object["required"], "required", at: location.appending("required")) {
      if let position = positions[ExactText(name)] {
        names[position].isRequired = true
      } else {
        positions[ExactText(name)] = names.count
        names.append(NamedEntry(name: name, isRequired: true))
      }
    }
    if !names.isEmpty {
      rules.requiredCount = names.filter(\.isRequired).count
      rules.names = nameTable(names)
      isNeeded = true
    }

    let patterned = schemaMap("patternProperties", of: object, at: location)
    if !patterned.isEmpty {
      var pairs: [PatternProperty] = []
      for (text, schema) in patterned {
        let place = location.appending("patternProperties").appending(text)
        if let pattern = pattern(text, at: place) { pairs.append(PatternProperty(pattern: pattern, schema: schema)) }
      }
      rules.patterns = Int32(truncatingIfNeeded: patternProperties.count)
      rules.patternCount = Int32(truncatingIfNeeded: pairs.count)
      patternProperties += pairs
      isNeeded = true
    }
    if let value = object["additionalProperties"] {
      rules.additional = schema(value, at: location.appending("additionalProperties"))
      rules.isClosed = value == .bool(false)
      rules.evaluatesOthers = true
      isNeeded = true
    }
    if let value = object["propertyNames"] {
      rules.propertyNames = schema(value, at: location.appending("propertyNames"))
      isNeeded = true
    }
    compileDependencies(object, at: location, &rules)
    guard isNeeded || rules.dependencyCount > 0 else { return }
    node.object = Int32(truncatingIfNeeded: objects.count)
    objects.append(rules)
  }

  private mutating func compileDependencies(
    _ object: JSONObject, at location: SchemaLocation, _ rules: inout ObjectRules
  ) {
    var list: [DependencyRule] = []
    if let value = object["dependentRequired"] {
      let place = location.appending("dependentRequired")
      if case .object(let members) = value {
        for member in members.members {
          let required = nameList(member.value, member.name, at: place.appending(member.name))
          let name = text(member.name)
          let start = Int32(truncatingIfNeeded: texts.count)
          texts += required
          list.append(
            DependencyRule(name: name, required: start, requiredCount: Int32(truncatingIfNeeded: required.count)))
        }
      } else {
        problem(place, "'dependentRequired' must be an object of name lists, found \(value.typeName)")
      }
    }
    rules.dependencies = Int32(truncatingIfNeeded: dependencies.count)
    rules.dependencyCount = Int32(truncatingIfNeeded: list.count)
    dependencies += list
  }

  mutating func text(_ text: String) -> Int32 {
    texts.append(text)
    return Int32(truncatingIfNeeded: texts.count - 1)
  }

  mutating func append(_ indexes: [Int32]) -> Int32 {
    schemaIndexes += indexes
    return Int32(truncatingIfNeeded: schemaIndexes.count - indexes.count)
  }

  mutating func schemaMap(
    _ keyword: String, of object: JSONObject, at location: SchemaLocation
  ) -> [(name: String, schema: Int32)] {
    guard let value = object[keyword] else { return [] }
    let place = location.appending(keyword)
    guard case .object(let members) = value else {
      problem(place, "'\(keyword)' must be an object of schemas, found \(value.typeName)")
      return []
    }
    return members.members.map { ($0.name, schema($0.value, at: place.appending($0.name))) }
  }

  mutating func schemaList(_ keyword: String, of object: JSONObject, at location: SchemaLocation) -> [Int32] {
    guard let value = object[keyword] else { return [] }
    let place = location.appending(keyword)
    guard case .array(let items) = value, !items.isEmpty else {
      let found = value.array == nil ? value.typeName : "an empty one"
      problem(place, "'\(keyword)' must be a list of at least one schema, found \(found)")
      return []
    }
    return items.enumerated().map { schema($1, at: place.appending($0)) }
  }

  private mutating func nameList(_ value: JSONValue?, _ keyword: String, at place: SchemaLocation) -> [String] {
    guard let value else { return [] }
    guard case .array(let items) = value else {
      let hint = keyword == "required" && value.bool != nil ? ": list the names in the object that holds them" : ""
      problem(place, "'\(keyword)' must be a list of names, found \(value.typeName)\(hint)")
      return []
    }
    var names: [String] = []
    var seen: Set<ExactText> = []
    for (position, item) in items.enumerated() {
      guard case .string(let name) = item else {
        problem(place.appending(position), "a name must be a string, found \(item.typeName)")
        continue
      }
      if seen.insert(ExactText(name)).inserted {
        names.append(name)
      } else {
        problem(place.appending(position), "'\(name)' is listed twice")
      }
    }
    return names
  }

  mutating func compileApplicators(_ object: JSONObject, at location: SchemaLocation, _ applied: inout [Applicator]) {
    for (keyword, operation) in [
      ("allOf", Applicator.Operation.allOf), ("anyOf", .anyOf), ("oneOf", .oneOf),
    ] {
      let schemas = schemaList(keyword, of: object, at: location)
      guard !schemas.isEmpty else { continue }
      var applicator = Applicator(
        operation: operation, first: append(schemas), count: Int32(truncatingIfNeeded: schemas.count))
      if operation != .allOf, let value = object["discriminator"],
        let rules = discriminator(value, over: object[keyword]?.array ?? [], schemas, keyword, at: location)
      {
        applicator.operation = .tagged
        applicator.second = rules
      }
      applied.append(applicator)
    }
    if let value = object["not"] {
      applied.append(Applicator(operation: .not, first: schema(value, at: location.appending("not"))))
    }
    let then = object["then"].map { schema($0, at: location.appending("then")) }
    let otherwise = object["else"].map { schema($0, at: location.appending("else")) }
    if let value = object["if"] {
      let condition = schema(value, at: location.appending("if"))
      // Alone it checks nothing, yet evaluates children.
      applied.append(
        Applicator(
          operation: .conditional, first: condition, second: then ?? SchemaNode.none,
          third: otherwise ?? SchemaNode.none))
    } else if then != nil || otherwise != nil {
      warning(location, "'then' and 'else' have no effect without 'if'")
    }
    for (name, schema) in schemaMap("dependentSchemas", of: object, at: location) where schema != 0 {
      applied.append(Applicator(operation: .dependent, first: schema, second: text(name)))
    }
  }
}
