import GatewayJSON

/// What code calls members that clients know by an alias (`x-gateway-name` beside a property's schema), for hints.
enum InternalNames {
  /// Of all members in the schema and what it refers to; code's name → the public one. A name that means two members
  /// is left out.
  static func collect(_ schema: JSONValue, names: SchemaNames) -> [String: String] {
    var collector = Collector(names: names)
    collector.walk(schema)
    return collector.found.compactMapValues(\.self)
  }

  private struct Collector {
    let names: SchemaNames
    var found: [String: String?] = [:]
    var visited: Set<String> = []

    mutating func walk(_ schema: JSONValue) {
      switch schema {
      case .array(let items): for item in items { walk(item) }
      case .object(let object):
        for member in (object["properties"]?.object ?? JSONObject()).members {
          guard let internalName = member.value["x-gateway-name"]?.string, internalName != member.name else { continue }
          if let other = found[internalName], other != member.name {
            found[internalName] = .some(nil)
          } else {
            found[internalName] = member.name
          }
        }
        for member in object.members {
          switch (member.name, member.value) {
          case ("$ref", .string(let target)):
            let prefix = "#/schemas/"
            guard target.hasPrefix(prefix), visited.insert(target).inserted else { continue }
            if let named = names.all[JSONPointerText.unescape(String(target.dropFirst(prefix.count)))] { walk(named) }
          case ("const", _), ("enum", _), ("default", _), ("examples", _): continue
          default: walk(member.value)
          }
        }
      default: return
      }
    }
  }
}
