import GatewayJSON

/// Where two schemas for the same value cannot both be meant: the plugin's, which its code was written for, and the
/// file's, which may only tighten it.
struct SchemaContradiction: Sendable, Equatable {
  /// JSON Pointer into the file's schema.
  var pointer: String
  var message: String

  /// All contradictions that can be told for certain; schemas that merely look odd together are left alone.
  static func find(code: JSONValue, file: JSONValue, names: [String: JSONValue]) -> [SchemaContradiction] {
    var finder = Finder(names: names)
    finder.compare(code, file, pointer: "", depth: 0)
    return finder.found
  }

  private struct Finder {
    let names: [String: JSONValue]
    var found: [SchemaContradiction] = []

    /// Schemas that refer to each other nest without end.
    static let maximumDepth = 16

    mutating func compare(_ code: JSONValue, _ file: JSONValue, pointer: String, depth: Int) {
      guard depth < Self.maximumDepth, let code = resolve(code).object, let file = resolve(file).object else { return }
      compareTypes(code, file, pointer)
      compareValues(code, file, pointer)
      compareBounds(code, file, pointer)
      compareMembers(code, file, pointer, depth)
      if let ours = code["items"], let theirs = file["items"] {
        compare(ours, theirs, pointer: pointer + "/items", depth: depth + 1)
      }
    }

    private func resolve(_ schema: JSONValue) -> JSONValue {
      var schema = schema
      for _ in 0..<Self.maximumDepth {
        guard var object = schema.object, let target = object["$ref"]?.string else { return schema }
        let prefix = "#/schemas/"
        let name = target.hasPrefix(prefix) ? JSONPointerText.unescape(String(target.dropFirst(prefix.count))) : target
        guard let next = names[name] else { return schema }
        guard object.count > 1, case .object(var whole) = next else {
          schema = next
          continue
        }
        // What stands beside the reference counts too.
        object["$ref"] = nil
        for member in object.members { whole[member.name] = member.value }
        schema = .object(whole)
      }
      return schema
    }

    private mutating func compareTypes(_ code: JSONObject, _ file: JSONObject, _ pointer: String) {
      guard let ours = types(code), let theirs = types(file), kinds(ours).isDisjoint(with: kinds(theirs)) else { return }
      found.append(
        SchemaContradiction(
          pointer: pointer + "/type", message: "is \(list(theirs)) here and \(list(ours)) in the plugin"))
    }

    private func types(_ schema: JSONObject) -> Set<String>? {
      guard let words = schema["type"]?.string.map({ [$0] }) ?? schema["type"]?.array?.compactMap(\.string) else {
        return nil
      }
      return Set(words)
    }

    /// An integer is a number: a file that says `integer` tightens code that takes numbers, and the reverse.
    private func kinds(_ types: Set<String>) -> Set<String> { Set(types.map { $0 == "integer" ? "number" : $0 }) }

    private func list(_ words: Set<String>) -> String { words.sorted().joined(separator: " or ") }

    private mutating func compareValues(_ code: JSONObject, _ file: JSONObject, _ pointer: String) {
      guard let ours = values(code), let theirs = values(file), !theirs.contains(where: { ours.contains($0) }) else {
        return
      }
      found.append(
        SchemaContradiction(
          pointer: pointer + (file["enum"] == nil ? "/const" : "/enum"),
          message: "allows none of the values that the plugin takes"))
    }

    private func values(_ schema: JSONObject) -> [JSONValue]? { schema["const"].map { [$0] } ?? schema["enum"]?.array }

    private mutating func compareBounds(_ code: JSONObject, _ file: JSONObject, _ pointer: String) {
      for (low, high) in [
        ("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
      ] {
        check(low, file, above: high, code, pointer, "more than the plugin's")
        check(low, code, above: high, file, pointer, "less than the plugin's")
      }
    }

    private mutating func check(
      _ low: String, _ lower: JSONObject, above high: String, _ upper: JSONObject, _ pointer: String, _ relation: String
    ) {
      guard let least = lower[low]?.number?.double, let most = upper[high]?.number?.double, least > most else { return }
      let isFileLower = relation.hasPrefix("more")
      found.append(
        SchemaContradiction(
          pointer: pointer + "/" + (isFileLower ? low : high),
          message: "is \(relation) `\(isFileLower ? high : low)`: no value fits both"))
    }

    private mutating func compareMembers(_ code: JSONObject, _ file: JSONObject, _ pointer: String, _ depth: Int) {
      let ours = code["properties"]?.object ?? JSONObject()
      let theirs = file["properties"]?.object ?? JSONObject()
      let isOpen = { (schema: JSONObject) in schema["additionalProperties"] != .bool(false) }
      for name in (file["required"]?.array ?? []).compactMap(\.string) where !isOpen(code) && ours[name] == nil {
        found.append(
          SchemaContradiction(
            pointer: pointer + "/required", message: "asks for `\(name)`, which the plugin does not take"))
      }
      for name in (code["required"]?.array ?? []).compactMap(\.string) where !isOpen(file) && theirs[name] == nil {
        found.append(
          SchemaContradiction(
            pointer: pointer + "/additionalProperties", message: "shuts out `\(name)`, which the plugin requires"))
      }
      for member in theirs.members {
        guard let other = ours[member.name] else { continue }
        compare(
          other, member.value, pointer: "\(pointer)/properties/\(JSONPointerText.escape(member.name))",
          depth: depth + 1)
      }
    }
  }
}
