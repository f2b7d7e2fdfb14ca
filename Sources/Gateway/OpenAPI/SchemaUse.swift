import GatewayJSON

/// The named schemas that schemas refer to, and those that these refer to.
struct SchemaUse {
  private let schemas: [String: JSONValue]
  private(set) var names: Set<String> = []

  init(_ schemas: [String: JSONValue]) { self.schemas = schemas }

  mutating func add(_ schema: JSONValue) {
    var targets: [String] = []
    SchemaReferences.forEach(schema) { targets.append($0) }
    for target in targets { follow(target) }
  }

  private mutating func follow(_ target: String) {
    let prefix = "#/schemas/"
    guard target.hasPrefix(prefix) else { return }
    let name = JSONPointerText.unescape(String(target.dropFirst(prefix.count).prefix { $0 != "/" }))
    guard let schema = schemas[name], names.insert(name).inserted else { return }
    add(schema)
  }
}
