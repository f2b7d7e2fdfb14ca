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
  func renamed(_ schema: JSONValue) -> JSONValue { SchemaReferences.map(bundle.bundled(schema)) { target($0) } }

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
