import GatewayJSON

/// What the document calls schemas: the file's by their names, a plugin's `shop.Book` as `Book` where nobody else has
/// that name.
final class ComponentAliases {
  private(set) var names: [String: String] = [:]

  private var bundle: SchemaBundle

  init(_ schemas: SchemaNames, documents: [String: JSONValue]) {
    bundle = SchemaBundle(documents: documents, names: [])
    var holders: [String: Int] = [:]
    for name in schemas.order { holders[Self.short(name), default: 0] += 1 }
    for name in schemas.order {
      let short = Self.short(name)
      names[name] = holders[short] == 1 ? short : name
    }
    bundle.names = Set(names.values)
  }

  private static func short(_ name: String) -> String {
    name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
  }

  /// Schemas of other files that were referred to so far.
  var bundled: [(name: String, schema: JSONValue)] { bundle.components }

  /// The same schema with references by the names of the document.
  func renamed(_ schema: JSONValue) -> JSONValue { aliased(bundle.bundled(schema)) }

  private func aliased(_ schema: JSONValue) -> JSONValue {
    switch schema {
    case .object(let object):
      var copy = JSONObject()
      for member in object.members {
        switch (member.name, member.value) {
        case ("$ref", .string(let target)): copy[member.name] = .string(self.target(target))
        case ("mapping", .object(let mapping)) where object["propertyName"] != nil:
          copy[member.name] = .object(
            JSONObject(
              mapping.members.map { entry in (entry.name, entry.value.string.map { .string(target($0)) } ?? entry.value) }))
        // Values, not schemas.
        case ("const", _), ("default", _), ("enum", _), ("examples", _), ("example", _):
          copy[member.name] = member.value
        default: copy[member.name] = aliased(member.value)
        }
      }
      return .object(copy)
    case .array(let items): return .array(items.map(aliased))
    default: return schema
    }
  }

  private func target(_ target: String) -> String {
    for prefix in ["#/schemas/", "#/components/schemas/"] where target.hasPrefix(prefix) {
      let rest = target.dropFirst(prefix.count)
      let token = rest.prefix { $0 != "/" }
      guard let alias = names[JSONPointerText.unescape(String(token))] else { return target }
      return "#/schemas/\(JSONPointerText.escape(alias))\(rest.dropFirst(token.count))"
    }
    return names[target].map { "#/schemas/\(JSONPointerText.escape($0))" } ?? target
  }
}
