import GatewayJSON

/// References inside schemas, wherever they stand: `$ref`, and the targets of a discriminator's mapping.
enum SchemaReferences {
  /// The same schema with every reference that `replace` knows another for. Values that stand in schemas (`const`,
  /// `default`, …) stay what they are, however much they look like references.
  static func map(_ schema: JSONValue, _ replace: (String) -> String?) -> JSONValue {
    switch schema {
    case .array(let items): return .array(items.map { map($0, replace) })
    case .object(let object):
      var copy = JSONObject()
      for member in object.members {
        switch (member.name, member.value) {
        case ("$ref", .string(let target)): copy[member.name] = .string(replace(target) ?? target)
        case ("mapping", .object(let mapping)) where object["propertyName"] != nil:
          copy[member.name] = .object(
            JSONObject(
              mapping.members.map { entry in
                (entry.name, entry.value.string.map { .string(replace($0) ?? $0) } ?? entry.value)
              }))
        case (let name, let value) where values.contains(name): copy[name] = value
        default: copy[member.name] = map(member.value, replace)
        }
      }
      return .object(copy)
    default: return schema
    }
  }

  /// Calls `body` with every reference.
  static func forEach(_ schema: JSONValue, _ body: (String) -> Void) {
    switch schema {
    case .array(let items): for item in items { forEach(item, body) }
    case .object(let object):
      for member in object.members {
        switch (member.name, member.value) {
        case ("$ref", .string(let target)): body(target)
        case ("mapping", .object(let mapping)) where object["propertyName"] != nil:
          for entry in mapping.members { entry.value.string.map(body) }
        case (let name, _) where values.contains(name): continue
        default: forEach(member.value, body)
        }
      }
    default: return
    }
  }

  /// Keywords that hold values.
  private static let values: Set<String> = ["const", "default", "enum", "examples", "example"]
}
