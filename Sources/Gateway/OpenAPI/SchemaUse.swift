import GatewayJSON

/// The named schemas that schemas refer to, and those that these refer to.
struct SchemaUse {
  private let schemas: [String: JSONValue]
  private(set) var names: Set<String> = []

  init(_ schemas: [String: JSONValue]) { self.schemas = schemas }

  mutating func add(_ schema: JSONValue) {
    switch schema {
    case .array(let items): for item in items { add(item) }
    case .object(let object):
      for member in object.members {
        switch (member.name, member.value) {
        case ("$ref", .string(let target)): follow(target)
        case ("mapping", .object(let mapping)) where object["propertyName"] != nil:
          for entry in mapping.members { entry.value.string.map { follow($0) } }
        case ("const", _), ("enum", _), ("default", _), ("examples", _), ("example", _): continue
        default: add(member.value)
        }
      }
    default: return
    }
  }

  private mutating func follow(_ target: String) {
    let prefix = "#/schemas/"
    guard target.hasPrefix(prefix) else { return }
    let name = JSONPointerText.unescape(String(target.dropFirst(prefix.count).prefix { $0 != "/" }))
    guard let schema = schemas[name], names.insert(name).inserted else { return }
    add(schema)
  }
}
