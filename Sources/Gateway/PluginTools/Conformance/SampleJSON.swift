import GatewayJSON

/// Makes a value that a JSON Schema probably takes: a guess, which whoever uses it has checked.
struct SampleJSON {
  /// Where references lead.
  let root: JSONValue

  /// Nil where the schema takes nothing, or nothing that can be guessed.
  func value(for schema: JSONValue, depth: Int = 0) -> JSONValue? {
    guard depth < 16 else { return nil }
    if let bool = schema.bool { return bool ? .object(JSONObject()) : nil }
    if let fixed = schema["default"] ?? schema["const"] ?? schema["example"] { return fixed }
    if let first = schema["enum"]?.array?.first ?? schema["examples"]?.array?.first { return first }
    if let reference = schema["$ref"]?.string { return target(reference).flatMap { value(for: $0, depth: depth + 1) } }
    for key in ["anyOf", "oneOf"] {
      guard let choices = schema[key]?.array else { continue }
      for choice in choices {
        if let value = value(for: choice, depth: depth + 1) { return value }
      }
      return nil
    }
    if let parts = schema["allOf"]?.array { return parts.first.flatMap { value(for: $0, depth: depth + 1) } }
    let type = schema["type"]?.string ?? schema["type"]?.array?.first?.string
    switch type ?? (schema["properties"] != nil ? "object" : "string") {
    case "object": return object(schema, depth)
    case "array":
      let count = min(schema["minItems"]?.number?.int ?? 0, 16)
      guard count > 0 else { return .array([]) }
      return value(for: schema["items"] ?? .bool(true), depth: depth + 1).map {
        .array(Array(repeating: $0, count: count))
      }
    case "integer", "number": return .number(number(schema))
    case "boolean": return .bool(true)
    case "null": return .null
    default: return .string(text(schema))
    }
  }

  private func object(_ schema: JSONValue, _ depth: Int) -> JSONValue? {
    var members: [(String, JSONValue)] = []
    for name in schema["required"]?.array?.compactMap(\.string) ?? [] {
      guard let member = value(for: schema["properties"]?[name] ?? .bool(true), depth: depth + 1) else { return nil }
      members.append((name, member))
    }
    return .object(JSONObject(members))
  }

  private func number(_ schema: JSONValue) -> JSONNumber {
    if let least = schema["minimum"]?.number { return least }
    if let least = schema["exclusiveMinimum"]?.number?.double {
      return JSONNumber(least.rounded(.down) + 1) ?? JSONNumber(1)
    }
    if let most = schema["maximum"]?.number { return most }
    return schema["multipleOf"]?.number ?? JSONNumber(1)
  }

  private func text(_ schema: JSONValue) -> String {
    switch schema["format"]?.string {
    case "uuid": return "123e4567-e89b-42d3-a456-426614174000"
    case "date": return "2024-02-29"
    case "date-time": return "2024-02-29T12:00:00Z"
    case "time": return "12:00:00Z"
    case "duration": return "PT1H"
    case "email": return "ada@example.org"
    case "uri", "url": return "https://example.org/"
    case "ipv4": return "192.0.2.1"
    case "ipv6": return "2001:db8::1"
    default: break
    }
    let least = min(max(schema["minLength"]?.number?.int ?? 1, 0), 4096)
    let word = "sample"
    let most = schema["maxLength"]?.number?.int ?? word.count
    if least <= word.count, word.count <= most { return word }
    return String(repeating: "s", count: max(least, min(most, 1)))
  }

  /// What a reference like `#/components/schemas/Book` leads to.
  private func target(_ reference: String) -> JSONValue? {
    guard reference.hasPrefix("#/") else { return nil }
    var place = root
    for part in reference.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false) {
      var name = ""
      var rest = part[...]
      while let tilde = rest.firstIndex(of: "~") {
        name += rest[..<tilde] + (rest[tilde...].hasPrefix("~1") ? "/" : "~")
        rest = rest[tilde...].dropFirst(2)
      }
      guard let next = place[name + rest] else { return nil }
      place = next
    }
    return place
  }
}
