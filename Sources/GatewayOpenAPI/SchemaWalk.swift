import GatewayJSON

/// Where the schemas within a schema are. Everything else (`default`, `enum`, `examples`, …) is data, in which `$ref`
/// is
/// a name like any other.
enum SchemaWalk {
  private static let single: Set<String> = [
    "not", "if", "then", "else", "items", "contains", "propertyNames", "additionalProperties", "unevaluatedItems",
    "unevaluatedProperties", "contentSchema", "additionalItems",
  ]
  private static let lists: Set<String> = ["allOf", "anyOf", "oneOf", "prefixItems", "items"]
  private static let maps: Set<String> = [
    "properties", "patternProperties", "dependentSchemas", "$defs", "definitions",
  ]

  /// Replaces each direct subschema by what `body` returns for it and its pointer; nil takes it out.
  static func mapChildren(
    _ object: JSONObject, at pointer: String, _ body: (JSONValue, String) -> JSONValue
  ) -> JSONObject {
    var result = JSONObject()
    for member in object.members {
      let place = Pointer.appending(member.name, to: pointer)
      switch member.value {
      case .object(let children) where maps.contains(member.name):
        result[member.name] = .object(
          JSONObject(children.members.map { ($0.name, body($0.value, Pointer.appending($0.name, to: place))) }))
      case .array(let items) where lists.contains(member.name):
        result[member.name] = .array(items.enumerated().map { body($0.element, "\(place)/\($0.offset)") })
      case .object where single.contains(member.name), .bool where single.contains(member.name):
        result[member.name] = body(member.value, place)
      default: result[member.name] = member.value
      }
    }
    return result
  }

  /// Calls `body` for the schema and all within it, parents first. False from `body` skips what is below.
  static func forEach(_ schema: JSONValue, at pointer: String = "", _ body: (JSONObject, String) -> Bool) {
    guard case .object(let object) = schema, body(object, pointer) else { return }
    _ = mapChildren(object, at: pointer) { child, place in
      forEach(child, at: place, body)
      return child
    }
  }
}
