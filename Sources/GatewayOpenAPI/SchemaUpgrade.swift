import GatewayJSON

/// Schema objects of OpenAPI 3.0 as JSON Schema 2020-12. Only one object; its subschemas are done already.
enum SchemaUpgrade {
  static func upgraded(_ object: JSONObject, is30: Bool) -> JSONObject {
    var object = object
    formats(&object)
    guard is30 else { return object }
    limit("minimum", "exclusiveMinimum", &object)
    limit("maximum", "exclusiveMaximum", &object)
    if let example = object["example"] {
      object["example"] = nil
      if object["examples"] == nil { object["examples"] = [example] }
    }
    if let nullable = object["nullable"] {
      object["nullable"] = nil
      if nullable.bool == true { object = withNull(object) }
    }
    return object
  }

  /// `exclusiveMinimum: true` beside `minimum` → the number itself.
  private static func limit(_ word: String, _ exclusive: String, _ object: inout JSONObject) {
    guard let flag = object[exclusive]?.bool else { return }
    object[exclusive] = nil
    if flag, let number = object[word] {
      object[exclusive] = number
      object[word] = nil
    }
  }

  /// Files and base64 were formats before JSON Schema had words for them.
  private static func formats(_ object: inout JSONObject) {
    guard object["type"]?.string == "string" else { return }
    switch object["format"]?.string {
    case "binary":
      object["format"] = nil
      if object["contentMediaType"] == nil { object["contentMediaType"] = "application/octet-stream" }
    case "byte":
      object["format"] = nil
      if object["contentEncoding"] == nil { object["contentEncoding"] = "base64" }
    default: break
    }
  }

  private static let annotations = [
    "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "externalDocs",
  ]

  private static func withNull(_ source: JSONObject) -> JSONObject {
    var object = source
    if case .array(let values)? = object["enum"], !values.contains(.null) { object["enum"] = .array(values + [.null]) }
    if let constant = object["const"], constant != .null {
      object["const"] = nil
      object["enum"] = [constant, .null]
    }
    if let type = object["type"]?.string {
      object["type"] = type == "null" ? "null" : [.string(type), "null"]
      // A union beside the type would still refuse null.
      guard ["allOf", "anyOf", "oneOf"].contains(where: { object[$0] != nil }) else { return object }
      object["type"] = .string(type)
    } else if !["allOf", "anyOf", "oneOf", "$ref"].contains(where: { object[$0] != nil }) {
      return object
    }
    var outer = JSONObject()
    var inner = JSONObject()
    for member in object.members {
      if annotations.contains(member.name) || member.name.hasPrefix("x-") {
        outer[member.name] = member.value
      } else {
        inner[member.name] = member.value
      }
    }
    outer["anyOf"] = [.object(inner), ["type": "null"]]
    return outer
  }
}
