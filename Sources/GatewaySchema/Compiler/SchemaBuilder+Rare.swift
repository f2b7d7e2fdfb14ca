import GatewayJSON

/// Keywords that few schemas have.
extension SchemaBuilder {
  /// Splits a node that has `unevaluatedProperties` or `unevaluatedItems`: everything else goes into an inner one,
  /// which `Evaluator+Unevaluated` runs while it keeps account of the children.
  mutating func withUnevaluated(
    _ inner: SchemaNode, _ object: JSONObject, at location: SchemaLocation, _ index: Int32
  ) -> SchemaNode {
    func rest(_ keyword: String, _ builder: inout SchemaBuilder) -> Int32 {
      object[keyword].map { builder.schema($0, at: location.appending(keyword)) } ?? SchemaNode.none
    }
    let properties = rest("unevaluatedProperties", &self)
    let items = rest("unevaluatedItems", &self)
    let innerIndex = Int32(truncatingIfNeeded: nodes.count)
    nodes.append(inner)
    information.append(information[Int(index)])
    written.append(written[Int(index)])
    locations.append(location)
    var outer = SchemaNode()
    outer.flags = inner.flags
    outer.applicators = Int32(truncatingIfNeeded: applicators.count)
    outer.applicatorCount = 1
    applicators.append(Applicator(operation: .unevaluated, first: innerIndex, second: properties, third: items))
    return outer
  }

  /// `discriminator` beside a union: which alternative each tag selects. Nil where it is broken.
  ///
  /// An alternative's tags are those that `mapping` gives it; else the constants that its own schema demands of the
  /// member, as Pydantic writes them; else the name of the schema it refers to (OpenAPI 3.1 §4.8.25.4).
  mutating func discriminator(
    _ value: JSONValue, over alternatives: [JSONValue], _ schemas: [Int32], _ keyword: String,
    at location: SchemaLocation
  ) -> Int32? {
    let place = location.appending("discriminator")
    guard let property = value["propertyName"]?.string else {
      problem(place, "'discriminator' must be an object with a 'propertyName' that is a string")
      return nil
    }
    var tags: [NamedEntry] = []
    var isSound = true
    func add(_ tag: String, _ schema: Int32, _ builder: inout SchemaBuilder) {
      if tags.contains(where: { ExactText.same($0.name, tag) }) {
        builder.problem(place, "tag '\(tag)' stands for two alternatives")
        isSound = false
      } else {
        tags.append(NamedEntry(name: tag, schema: schema))
      }
    }

    var mapped: Set<Int32> = []
    let mapping = place.appending("mapping")
    switch value["mapping"] {
    case .object(let members):
      for member in members.members {
        let text = member.value.string ?? ""
        guard let position = alternative(text, from: mapping, among: schemas) else {
          problem(mapping.appending(member.name), "'\(text)' is none of the alternatives in '\(keyword)'")
          isSound = false
          continue
        }
        mapped.insert(schemas[position])
        add(member.name, schemas[position], &self)
      }
    case nil: break
    case let other?:
      problem(mapping, "'mapping' must be an object of references, found \(other.typeName)")
      isSound = false
    }
    for (position, alternative) in alternatives.enumerated()
    where position < schemas.count && !mapped.contains(schemas[position]) {
      let implied = impliedTags(alternative, property, from: location)
      for tag in implied { add(tag, schemas[position], &self) }
      if implied.isEmpty {
        problem(
          location.appending(keyword).appending(position),
          "no value of '\(property)' selects this alternative: list it in the discriminator's 'mapping'")
        isSound = false
      }
    }
    guard isSound else { return nil }
    // Messages list them in the order of the alternatives.
    let ordered = schemas.indices.flatMap { position in
      tags.filter { $0.schema == schemas[position] && schemas.firstIndex(of: $0.schema) == position }
    }
    discriminators.append(
      DiscriminatorRules(property: nameTable([NamedEntry(name: property)]), tags: nameTable(ordered)))
    return Int32(truncatingIfNeeded: discriminators.count - 1)
  }

  private mutating func alternative(_ text: String, from place: SchemaLocation, among schemas: [Int32]) -> Int? {
    // A schema's bare name may be given where a reference would need the whole path.
    for form in [text, "#/components/schemas/\(text)", "#/$defs/\(text)"] {
      guard let target = referenced(form, from: place)?.index else { continue }
      if let position = schemas.firstIndex(where: { resolved($0) == resolved(target) }) { return position }
    }
    return nil
  }

  private mutating func impliedTags(_ alternative: JSONValue, _ property: String, from place: SchemaLocation)
    -> [String]
  {
    var schema = alternative
    let reference = alternative["$ref"]?.string
    if let reference, let target = referenced(reference, from: place) { schema = target.value }
    if let demanded = schema["properties"]?[property] {
      if let constant = demanded["const"]?.string { return [constant] }
      if let constants = demanded["enum"]?.array { return constants.compactMap(\.string) }
    }
    return reference.flatMap(SchemaBuilder.lastPart).map { [$0] } ?? []
  }

  mutating func compileContent(_ object: JSONObject, at location: SchemaLocation, _ applied: inout [Applicator]) {
    var rules = ContentRules()
    let schema = object["contentSchema"].map { self.schema($0, at: location.appending("contentSchema")) }
    func text(_ keyword: String, _ builder: inout SchemaBuilder) -> String? {
      guard let value = object[keyword] else { return nil }
      if let text = value.string { return text.lowercased() }
      builder.problem(location.appending(keyword), "'\(keyword)' must be a string, found \(value.typeName)")
      return nil
    }
    let encoding = text("contentEncoding", &self)
    let type = text("contentMediaType", &self)
    guard options.assertsContent else { return }
    rules.isBase64 = encoding == "base64"
    // Other encodings are not undone, so nothing can be said about what is inside.
    guard encoding == nil || rules.isBase64 else { return }
    let essence = type.map { $0.split(separator: ";").first ?? "" } ?? ""
    rules.isJSON = essence == "application/json" || essence.hasSuffix("+json")
    // Without a media type the schema is to be ignored (Validation §8.5).
    if rules.isJSON, let schema { rules.schema = schema }
    guard rules.isBase64 || rules.isJSON else { return }
    applied.append(Applicator(operation: .content, first: Int32(truncatingIfNeeded: contents.count)))
    contents.append(rules)
  }
}
