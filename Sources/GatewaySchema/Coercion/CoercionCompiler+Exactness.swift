import GatewayJSON

/// Whether a plan says all that a schema says.
extension CoercionCompiler {
  /// Whether reading a value by its node looks at every word of the object `facet`. Several objects that say something
  /// of one value are never taken to be (`node`), and what is checked by the evaluator (`residual`) neither: contents
  /// of an object or array may have been converted since.
  ///
  /// False costs a second look at each value, true without reason lets invalid ones pass: in doubt false.
  static func isExact(_ facet: JSONObject, _ handled: Set<String>, _ builder: SchemaBuilder) -> Bool {
    func has(_ word: String) -> Bool { facet[word] != nil }
    func has(anyOf words: [String]) -> Bool { words.contains { has($0) } }
    if builder.options.assertsContent, has(anyOf: ["contentEncoding", "contentMediaType", "contentSchema"]) {
      return false
    }
    if has(anyOf: ["const", "enum"]) { return isExactList(facet) }
    if !handled.isEmpty {
      return facet.members.allSatisfy { member in
        handled.contains(member.name) || member.name == "$ref" || member.name == "allOf"
          || !SchemaKeywords.isAssertion(member.name)
      }
    }
    // Members of objects and lists are read by one schema each.
    if has("prefixItems"), has("uniqueItems") { return false }
    if let patterns = facet["patternProperties"]?.object,
      patterns.members.count > 1 || has(anyOf: ["properties", "required"])
    {
      return false
    }
    if has("propertyNames"), has(anyOf: ["properties", "required"]) { return false }
    return readsTextRules(facet)
  }

  private static func isExactList(_ facet: JSONObject) -> Bool {
    let rules = facet.members.map(\.name).filter { SchemaKeywords.isAssertion($0) && $0 != "$ref" && $0 != "allOf" }
    guard rules.count(where: { $0 != "type" }) == 1 else { return false }
    let values = facet["const"].map { [$0] } ?? facet["enum"]?.array ?? []
    let names = facet["type"]?.string.map { [$0] } ?? facet["type"]?.array?.compactMap(\.string)
    guard let names else { return true }
    return values.allSatisfy { value in
      let type: [String] =
        switch value {
        case .null: ["null"]
        case .bool: ["boolean"]
        case .number(let number): number.isInteger ? ["integer", "number"] : ["number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
      return type.contains { names.contains($0) }
    }
  }

  /// Lengths and patterns of a text that is read as something else are not looked at while it is.
  private static func readsTextRules(_ facet: JSONObject) -> Bool {
    switch facet["format"]?.string {
    case "date", "date-time", "time", "duration", "decimal", "uuid", "uuid1", "uuid3", "uuid4", "uuid5", "uuid6",
      "uuid7", "uuid8":
      return facet["minLength"] == nil && facet["maxLength"] == nil && facet["pattern"] == nil
    case "binary": return facet["pattern"] == nil
    // Pydantic writes one character at least, which every URI has.
    case "uri": return (facet["minLength"]?.number?.int ?? 0) <= 1
    default: return true
    }
  }
}
