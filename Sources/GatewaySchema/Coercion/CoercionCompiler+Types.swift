import GatewayJSON

extension CoercionCompiler {
  private static let structure = [
    "type", "properties", "required", "additionalProperties", "patternProperties", "items", "prefixItems",
  ]

  mutating func make(
    _ facets: Facets, _ restriction: SchemaTypes, _ place: Int32, _ builder: inout SchemaBuilder
  ) -> CoercionNode {
    if facets.isNever { return CoercionNode(.never) }
    var types = facets.types
    if restriction != .all {
      types = types.intersection(restriction).isEmpty ? restriction : types.intersection(restriction)
    }
    var handled: Set<String> = []
    var node: CoercionNode
    if let values = listedValues(facets, builder) {
      node = enumeration(values.values, facets, isNamed: values.isNamed)
    } else if !facets.has(anyOf: CoercionCompiler.structure),
      let union = alternatives(facets, place, &handled, &builder)
    {
      node = union
    } else {
      node = plain(facets, types, place, &builder)
    }
    addResidual(facets, handled, &node, &builder)
    if node.residual >= 0
      || !facets.list.allSatisfy({ CoercionCompiler.isExact($0.object, handled, builder) })
    {
      isExact = false
    }
    return node
  }

  private func listedValues(_ facets: Facets, _ builder: SchemaBuilder) -> (values: [JSONValue], isNamed: Bool)? {
    let constants = facets.all("const").map { (facet: $0.facet, values: [$0.value]) }
    let lists = constants + facets.all("enum").map { (facet: $0.facet, values: $0.value.array ?? []) }
    guard let first = lists.first else { return nil }
    // In each of them.
    let values = first.values.filter { value in lists.dropFirst().allSatisfy { $0.values.contains(value) } }
    return (values, isNamed(first.facet, builder))
  }

  /// Pydantic writes an enumeration class as a definition, and a literal in place.
  private func isNamed(_ facet: Facets.Facet, _ builder: SchemaBuilder) -> Bool {
    let tokens = JSONPointer.tokens(facet.location.pointer)
    if tokens.isEmpty {
      return facet.location.resource > 0 || builder.documents[facet.location.document].name != nil
    }
    return tokens.count == 2 && tokens[0] == "$defs" || tokens.count == 3 && tokens[1] == "schemas"
  }

  private mutating func enumeration(_ list: [JSONValue], _ facets: Facets, isNamed: Bool) -> CoercionNode {
    var node = CoercionNode(isNamed ? .enumeration : .literal)
    node.children = Int32(truncatingIfNeeded: values.count)
    node.childCount = Int32(truncatingIfNeeded: list.count)
    values += list
    for value in list { valueTexts.append(span(value)) }
    let type = facets["type"]
    if type == "string" || list.allSatisfy({ $0.string != nil }) {
      node.base = .text
    } else if type == "integer" {
      node.base = .integer
    }
    return node
  }

  /// `anyOf` and `oneOf`, where the schema says nothing about the value's type itself.
  private mutating func alternatives(
    _ facets: Facets, _ place: Int32, _ handled: inout Set<String>, _ builder: inout SchemaBuilder
  ) -> CoercionNode? {
    let keyword = facets["anyOf"] != nil ? "anyOf" : "oneOf"
    guard let (facet, value) = facets.first(keyword), let branches = value.array, !branches.isEmpty else { return nil }
    handled.insert(keyword)
    let schemas = branches.indices.map { Facets.child(facet, [keyword, "\($0)"], builder) }
    var others: [Int] = []
    var isNullable = false
    for (position, schema) in schemas.enumerated() {
      if builder.written[Int(builder.resolved(schema))]["type"] == "null" {
        isNullable = true
      } else {
        others.append(position)
      }
    }
    guard !others.isEmpty else { return CoercionNode(.null) }
    var node: CoercionNode
    if let decimal = decimal(others.map { schemas[$0] }, builder) {
      node = decimal
    } else if let discriminator = facets["discriminator"]?.object, let name = discriminator["propertyName"]?.string {
      node = taggedUnion(name, discriminator["mapping"]?.object, others.map { (branches[$0], schemas[$0]) }, &builder)
    } else if others.count == 1 {
      let inner = self.node(schemas[others[0]], &builder)
      guard isNullable else {
        // An alternative without another: the same as its only one, and in place of it.
        var single = CoercionNode(.union)
        single.children = append([inner])
        single.childCount = 1
        return single
      }
      var node = CoercionNode(.nullable)
      node.item = inner
      return node
    } else {
      node = CoercionNode(.union)
      let choices = others.map { self.node(schemas[$0], &builder) }
      node.children = append(choices)
      node.childCount = Int32(truncatingIfNeeded: choices.count)
    }
    guard isNullable else { return node }
    var outer = CoercionNode(.nullable)
    outer.item = add(node, place)
    return outer
  }

  /// A number or a text, in this order and nothing said about the text, is how Pydantic writes `Decimal`.
  private mutating func decimal(_ schemas: [Int32], _ builder: SchemaBuilder) -> CoercionNode? {
    guard schemas.count == 2, case .object(let number) = builder.written[Int(schemas[0])],
      case .object(let text) = builder.written[Int(schemas[1])], number["type"] == "number", text["type"] == "string",
      text.members.allSatisfy({ $0.name == "type" || !SchemaKeywords.isAssertion($0.name) })
    else { return nil }
    var node = CoercionNode(.decimal)
    node.rules = append([schemas[0]])
    node.ruleCount = 1
    return node
  }

  private mutating func taggedUnion(
    _ name: String, _ mapping: JSONObject?, _ branches: [(value: JSONValue, schema: Int32)],
    _ builder: inout SchemaBuilder
  ) -> CoercionNode {
    var node = CoercionNode(.taggedUnion)
    let choices = branches.map { self.node($0.schema, &builder) }
    node.children = append(choices)
    node.childCount = Int32(truncatingIfNeeded: choices.count)
    node.discriminator = label(name)
    var tags: [String] = []
    var targets: [Int32] = []
    func add(_ tag: String, _ choice: Int) {
      guard !tags.contains(where: { ExactText.same($0, tag) }) else { return }
      tags.append(tag)
      targets.append(choices[choice])
    }
    for member in mapping?.members ?? [] {
      guard let target = member.value.string else { continue }
      let choice = branches.firstIndex { branch in
        guard let reference = branch.value["$ref"]?.string else { return false }
        return reference == target || CoercionCompiler.lastToken(reference) == CoercionCompiler.lastToken(target)
      }
      if let choice { add(member.name, choice) }
    }
    for (choice, branch) in branches.enumerated() {
      // Without a mapping the values of the discriminating member tell, else the schema's name (OpenAPI 3.1 §4.8.25).
      let property = Facets([builder.resolved(branch.schema)], builder)["properties"]?[name]
      if let tag = property?["const"]?.string {
        add(tag, choice)
      } else if let list = property?["enum"]?.array {
        for tag in list.compactMap(\.string) { add(tag, choice) }
      } else if let reference = branch.value["$ref"]?.string, mapping == nil {
        add(CoercionCompiler.lastToken(reference), choice)
      }
    }
    node.names = builder.nameTable(tags.map { SchemaBuilder.NamedEntry(name: $0) })
    node.tagChoices = append(targets)
    return node
  }

  private static func lastToken(_ reference: String) -> String {
    JSONPointer.unescape(reference.split(whereSeparator: { $0 == "/" || $0 == "#" }).last ?? "")
  }

  private mutating func plain(
    _ facets: Facets, _ types: SchemaTypes, _ place: Int32, _ builder: inout SchemaBuilder
  ) -> CoercionNode {
    if types.isEmpty { return CoercionNode(.never) }
    if types == .all { return untyped(facets, place, &builder) }
    let isNullable = types.contains(.null)
    var single = types.subtracting(.null).separate
    if single.contains(.number) { single.removeAll { $0 == .integer } }
    guard let first = single.first else { return CoercionNode(.null) }
    var node: CoercionNode
    if single.count == 1 {
      node = typed(first, facets, &builder)
    } else {
      node = CoercionNode(.union)
      let choices = single.map { type in add(typed(type, facets, &builder), place) }
      node.children = append(choices)
      node.childCount = Int32(truncatingIfNeeded: choices.count)
    }
    guard isNullable else { return node }
    var outer = CoercionNode(.nullable)
    outer.item = add(node, place)
    return outer
  }

  /// No type: rules hold for the kinds of value they are about, as the standard says.
  private mutating func untyped(_ facets: Facets, _ place: Int32, _ builder: inout SchemaBuilder) -> CoercionNode {
    var node = CoercionNode(.any)
    setRules(facets, &node, builder)
    node.format = format(facets, builder)
    let objectWords = [
      "properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties",
      "maxProperties", "unevaluatedProperties",
    ]
    if facets.has(anyOf: objectWords) { node.object = add(typed(.object, facets, &builder), place) }
    if facets.has(anyOf: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]) {
      node.array = add(typed(.array, facets, &builder), place)
    }
    return node
  }

  private func format(_ facets: Facets, _ builder: SchemaBuilder) -> StringFormat {
    guard builder.options.assertsFormats, let name = facets["format"]?.string else { return .none }
    return StringFormat(name: name) ?? .none
  }

  private mutating func setRules(_ facets: Facets, _ node: inout CoercionNode, _ builder: SchemaBuilder) {
    let rules = facets.list.map(\.schema).filter { schema in
      let node = builder.nodes[Int(schema)]
      return !node.flags.contains(.alias) && (node.numeric >= 0 || node.string >= 0)
    }
    node.rules = append(rules)
    node.ruleCount = Int32(truncatingIfNeeded: rules.count)
  }

  private mutating func typed(
    _ type: SchemaTypes, _ facets: Facets, _ builder: inout SchemaBuilder
  ) -> CoercionNode {
    var node: CoercionNode
    switch type {
    case .boolean: return CoercionNode(.boolean)
    case .null: return CoercionNode(.null)
    case .integer: node = CoercionNode(.integer)
    case .number: node = CoercionNode(facets["format"] == "decimal" ? .decimal : .number)
    case .array: return array(facets, &builder)
    case .object: return object(facets, &builder)
    default: node = text(facets, builder)
    }
    setRules(facets, &node, builder)
    return node
  }

  private func text(_ facets: Facets, _ builder: SchemaBuilder) -> CoercionNode {
    guard builder.options.assertsFormats, let name = facets["format"]?.string else { return CoercionNode(.string) }
    switch name {
    case "date": return CoercionNode(.date)
    case "date-time": return CoercionNode(.dateTime)
    case "time": return CoercionNode(.time)
    case "duration": return CoercionNode(.duration)
    case "decimal":
      var node = CoercionNode(.decimal)
      node.isText = true
      return node
    case "binary": return CoercionNode(.bytes)
    case "uuid": return CoercionNode(.uuid)
    case "uuid1", "uuid3", "uuid4", "uuid5", "uuid6", "uuid7", "uuid8":
      var node = CoercionNode(.uuid)
      node.version = (name.utf8.last ?? 0) &- UInt8(ascii: "0")
      return node
    default:
      var node = CoercionNode(.string)
      node.format = format(facets, builder)
      return node
    }
  }

  /// What the plan does not read itself, as a schema of its own.
  private mutating func addResidual(
    _ facets: Facets, _ handled: Set<String>, _ node: inout CoercionNode, _ builder: inout SchemaBuilder
  ) {
    var parts: [Int32] = []
    for facet in facets.list {
      var words = CoercionCompiler.residualWords.subtracting(handled)
      if node.kind == .model || node.object >= 0 { words.insert("propertyNames") }
      let isClosing = facet.object["unevaluatedProperties"] == .bool(false)
      if facet.object["unevaluatedProperties"] != nil, !isClosing || node.kind != .model {
        words.formUnion(facet.object.members.map(\.name))
      }
      if facet.object["unevaluatedItems"] != nil { words.formUnion(facet.object.members.map(\.name)) }
      let members = facet.object.members.filter { words.contains($0.name) && $0.name != "$defs" && $0.name != "$ref" }
      guard !members.isEmpty else { continue }
      let object = JSONObject(members.map { ($0.name, $0.value) })
      parts.append(builder.schema(.object(object), at: facet.location.appending("(checked as sent)")))
    }
    guard let first = parts.first else { return }
    guard parts.count > 1 else {
      node.residual = first
      return
    }
    // Several: one more node that applies them all.
    var all = SchemaNode()
    all.applicators = Int32(truncatingIfNeeded: builder.applicators.count)
    all.applicatorCount = 1
    builder.applicators.append(
      Applicator(
        operation: .allOf, first: builder.append(parts), count: Int32(truncatingIfNeeded: parts.count)))
    node.residual = Int32(truncatingIfNeeded: builder.nodes.count)
    builder.nodes.append(all)
    builder.information.append(builder.information[Int(first)])
    builder.written.append(.null)
    builder.locations.append(builder.locations[Int(first)])
  }

  private static let residualWords: Set<String> = [
    "not", "if", "then", "else", "contains", "minContains", "maxContains", "dependentRequired", "dependentSchemas",
    "anyOf", "oneOf", "$dynamicRef",
  ]
}
