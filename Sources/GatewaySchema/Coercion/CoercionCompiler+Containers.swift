import GatewayJSON

extension CoercionCompiler {
  private func bound(_ facets: Facets, _ keyword: String, _ pick: (Int, Int) -> Int) -> Int? {
    let found = facets.all(keyword).compactMap { $0.value.number?.int }
    guard let first = found.first else { return nil }
    return found.dropFirst().reduce(first, pick)
  }

  mutating func array(_ facets: Facets, _ builder: inout SchemaBuilder) -> CoercionNode {
    var node = CoercionNode(.list)
    node.minimum = bound(facets, "minItems", max) ?? 0
    node.maximum = bound(facets, "maxItems", min) ?? .max
    let items = facets.all("items").filter { $0.value != .bool(false) }
    if !items.isEmpty { node.item = self.node(items.map { Facets.child($0.facet, ["items"], builder) }, &builder) }
    let prefixCount = facets.all("prefixItems").map { $0.value.array?.count ?? 0 }.max() ?? 0
    if prefixCount > 0 {
      let prefix = (0..<prefixCount).map { self.node(item(at: $0, facets, builder), &builder) }
      node.kind = .tuple
      node.children = append(prefix)
      node.childCount = Int32(truncatingIfNeeded: prefixCount)
      // No more than these, however that is said.
      for facet in facets.list where facet.object["items"] == .bool(false) {
        node.maximum = min(node.maximum, facet.object["prefixItems"]?.array?.count ?? 0)
      }
      if facets["unevaluatedItems"] == .bool(false) { node.maximum = min(node.maximum, prefixCount) }
      if node.item < 0, node.maximum > prefixCount { node.item = 0 }
      return node
    }
    if facets.all("items").contains(where: { $0.value == .bool(false) }) { node.maximum = 0 }
    if facets.all("uniqueItems").contains(where: { $0.value == .bool(true) }) { node.kind = .set }
    if node.item < 0 { node.item = 0 }
    return node
  }

  /// What each part says of the item at `position`: its own prefix, and beyond that its `items`.
  private func item(at position: Int, _ facets: Facets, _ builder: SchemaBuilder) -> [Int32] {
    facets.list.compactMap { facet in
      if position < facet.object["prefixItems"]?.array?.count ?? 0 {
        return Facets.child(facet, ["prefixItems", "\(position)"], builder)
      }
      return facet.object["items"] == nil ? nil : Facets.child(facet, ["items"], builder)
    }
  }

  mutating func object(_ facets: Facets, _ builder: inout SchemaBuilder) -> CoercionNode {
    let isModel = facets["properties"] != nil
    var node = CoercionNode(isModel || facets["required"] != nil ? .model : .map)
    node.minimum = bound(facets, "minProperties", max) ?? 0
    node.maximum = bound(facets, "maxProperties", min) ?? .max
    node.extras = isModel ? .ignored : .kept
    var names: [String] = []
    var positions: [ExactText: Int] = [:]
    var schemas: [[Int32]] = []
    for (facet, value) in facets.all("properties") {
      for member in value.object?.members ?? [] {
        let schema = Facets.child(facet, ["properties", member.name], builder)
        if let known = positions[ExactText(member.name)] {
          schemas[known].append(schema)
        } else {
          positions[ExactText(member.name)] = names.count
          names.append(member.name)
          schemas.append([schema])
        }
      }
    }
    var required: Set<ExactText> = []
    for (_, value) in facets.all("required") {
      for name in (value.array ?? []).compactMap(\.string) {
        required.insert(ExactText(name))
        guard positions[ExactText(name)] == nil else { continue }
        positions[ExactText(name)] = names.count
        names.append(name)
        schemas.append([0])
      }
    }
    // Fields of inner objects are compiled first, so that these stand together.
    var own: [CoercionField] = []
    for (position, name) in names.enumerated() {
      own.append(field(name, schemas[position], isRequired: required.contains(ExactText(name)), &builder))
    }
    node.children = Int32(truncatingIfNeeded: fields.count)
    node.childCount = Int32(truncatingIfNeeded: own.count)
    fields += own
    node.names = builder.nameTable(names.map { SchemaBuilder.NamedEntry(name: $0) })
    setPatterns(facets, &node, &builder)
    setExtras(facets, &node, &builder)
    if node.kind == .map, let (facet, _) = facets.first("propertyNames") {
      node.keys = self.node(Facets.child(facet, ["propertyNames"], builder), &builder, types: .string)
    }
    return node
  }

  private mutating func field(
    _ name: String, _ schemas: [Int32], isRequired: Bool, _ builder: inout SchemaBuilder
  ) -> CoercionField {
    // The same member in several parts of an `allOf`: they are facets of one schema.
    let index = node(schemas, &builder)
    let isNullable = nodes[Int(index)].kind == .nullable || nodes[Int(index)].kind == .null
    var fallback: JSONValue?
    for schema in schemas {
      if fallback == nil { fallback = builder.written[Int(schema)]["default"] }
      if fallback == nil { fallback = builder.written[Int(builder.resolved(schema))]["default"] }
    }
    var key = JSONWriter()
    key.name(name)
    return CoercionField(
      node: index, isRequired: isRequired,
      isNullByDefault: !isRequired && fallback == nil && isNullable,
      name: span(key.bytes), fallback: fallback.map { span($0) } ?? ByteSpan(),
      hasFallback: fallback != nil && !isRequired,
      label: label(name))
  }

  private mutating func setPatterns(_ facets: Facets, _ node: inout CoercionNode, _ builder: inout SchemaBuilder) {
    var own: [CoercionPattern] = []
    for (facet, value) in facets.all("patternProperties") {
      for member in value.object?.members ?? [] {
        guard let pattern = builder.patternIndexes[ExactText(member.name)] else { continue }
        let schema = Facets.child(facet, ["patternProperties", member.name], builder)
        own.append(CoercionPattern(pattern: pattern, node: self.node(schema, &builder)))
      }
    }
    node.patterns = Int32(truncatingIfNeeded: patterns.count)
    node.patternCount = Int32(truncatingIfNeeded: own.count)
    patterns += own
  }

  private mutating func setExtras(_ facets: Facets, _ node: inout CoercionNode, _ builder: inout SchemaBuilder) {
    for word in ["additionalProperties", "unevaluatedProperties"] {
      guard let (facet, value) = facets.first(word) else { continue }
      switch value {
      case .bool(false): node.extras = .forbidden
      case .bool(true): node.extras = .kept
      default:
        guard word == "additionalProperties" else { continue }
        node.extras = .typed
        node.item = self.node(Facets.child(facet, [word], builder), &builder)
      }
      return
    }
  }
}
