import GatewayJSON

/// All schemas that have a name: those of the file as they are called there, those of a plugin as `plugin.Name`.
///
/// Two plugins may each have a `Book`. Inside a plugin `#/schemas/Book` is its own; the file's `Book` is the file's,
/// else that of the route's plugin.
struct SchemaNames: Sendable {
  private(set) var all: [String: JSONValue] = [:]
  /// In the order they were added; for the document.
  private(set) var order: [String] = []

  mutating func add(_ name: String, _ schema: JSONValue) {
    if all.updateValue(schema, forKey: name) == nil { order.append(name) }
  }

  /// Adds the schemas of a plugin. Their references to each other are renamed with them.
  mutating func add(plugin: String, _ schemas: JSONObject) {
    for member in schemas.members {
      add("\(plugin).\(member.name)", Self.renamed(member.value, plugin: plugin, names: schemas))
    }
  }

  /// The full name of what a route of `plugin` calls `name`.
  func resolve(_ name: String, plugin: String?) -> String? {
    if all[name] != nil { return name }
    guard let plugin else { return nil }
    let full = "\(plugin).\(name)"
    return all[full] != nil ? full : nil
  }

  static func reference(to name: String) -> JSONValue {
    .object(JSONObject([("$ref", .string("#/schemas/" + JSONPointerText.escape(name)))]))
  }

  /// The same schema with references to the plugin's own schemas by their full names.
  static func renamed(_ schema: JSONValue, plugin: String, names: JSONObject) -> JSONValue {
    SchemaReferences.map(schema) { fullTarget($0, plugin: plugin, names: names) }
  }

  private static func fullTarget(_ target: String, plugin: String, names: JSONObject) -> String {
    for prefix in ["#/schemas/", "#/components/schemas/"] where target.hasPrefix(prefix) {
      let rest = target.dropFirst(prefix.count)
      let name = rest.prefix { $0 != "/" }
      guard names[JSONPointerText.unescape(String(name))] != nil else { return target }
      return "#/schemas/\(plugin).\(rest)"
    }
    return names[target] != nil ? "#/schemas/\(plugin).\(target)" : target
  }
}

/// RFC 6901 §3.
enum JSONPointerText {
  static func escape(_ token: String) -> String {
    guard token.contains(where: { $0 == "~" || $0 == "/" }) else { return token }
    return token.reduce(into: "") { text, character in
      switch character {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.append(character)
      }
    }
  }

  static func unescape(_ token: String) -> String {
    guard token.contains("~") else { return token }
    var text = ""
    var rest = token[...]
    while let character = rest.popFirst() {
      if character == "~", let next = rest.first, next == "0" || next == "1" {
        rest.removeFirst()
        text.append(next == "1" ? "/" : "~")
      } else {
        text.append(character)
      }
    }
    return text
  }
}
