import GatewayJSON

/// Whether JSON that fits one schema, the provider's, always has what another one, the consumer's, asks for.
///
/// Told are the gaps that are certain: a member that is required and need not be there, a type or a value that may come
/// and is not taken. What only a value can show (lengths, bounds, patterns, formats) is left to the check of each value.
struct SchemaGuarantee: Sendable, Equatable {
  /// JSON Pointer into the value.
  var pointer: String
  var message: String

  static func gaps(provider: JSONValue, consumer: JSONValue, names: [String: JSONValue]) -> [SchemaGuarantee] {
    if canonical(provider, names) == canonical(consumer, names) { return [] }
    var finder = Finder(names: names)
    return finder.gaps(provider, consumer, "", 0)
  }

  /// The same text for schemas that say the same in the same words: without annotations, members in order, references
  /// replaced by what they lead to.
  static func canonical(_ schema: JSONValue, _ names: [String: JSONValue]) -> String {
    var budget = Finder.largestBudget
    var writer = JSONWriter()
    writer.value(plain(schema, names, 0, &budget))
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// A short name for a schema: equal where `canonical` is.
  static func fingerprint(_ schema: JSONValue, _ names: [String: JSONValue]) -> String {
    // FNV-1a: told in diagnostics, trusted by nobody.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in canonical(schema, names).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static let annotations: Set<String> = [
    "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
    "x-internal-name",
  ]

  private static func plain(
    _ schema: JSONValue, _ names: [String: JSONValue], _ depth: Int, _ budget: inout Int
  ) -> JSONValue {
    budget -= 1
    guard budget > 0, depth < Finder.maximumDepth * 4 else { return schema }
    switch schema {
    case .array(let items): return .array(items.map { plain($0, names, depth + 1, &budget) })
    case .object(let object):
      if object.count == 1, let target = object["$ref"]?.string, let next = Finder.named(target, names) {
        return plain(next, names, depth + 1, &budget)
      }
      var copy: [(String, JSONValue)] = []
      for member in object.members {
        switch (member.name, member.value) {
        case (let name, _) where annotations.contains(name): continue
        case ("required", .array(let list)):
          copy.append((member.name, .array(list.compactMap(\.string).sorted().map { .string($0) })))
        case ("properties", .object(let properties)):
          // Names of members here: one called `title` is no annotation.
          copy.append(
            (
              member.name,
              .object(
                JSONObject(
                  properties.members.map { ($0.name, plain($0.value, names, depth + 1, &budget)) }
                    .sorted { $0.0 < $1.0 }))
            ))
        case ("const", _), ("enum", _): copy.append((member.name, member.value))
        default: copy.append((member.name, plain(member.value, names, depth + 1, &budget)))
        }
      }
      return .object(JSONObject(copy.sorted { $0.0 < $1.0 }))
    default: return schema
    }
  }

  private struct Finder {
    let names: [String: JSONValue]
    /// Schemas that refer to each other nest without end, and alternatives multiply.
    var budget = Finder.largestBudget

    static let maximumDepth = 16
    static let largestBudget = 20_000

    mutating func gaps(_ provider: JSONValue, _ consumer: JSONValue, _ pointer: String, _ depth: Int) -> [SchemaGuarantee] {
      budget -= 1
      guard budget > 0, depth < Self.maximumDepth, let given = resolve(provider).object, let asked = resolve(consumer).object
      else { return [] }
      // Either of some: all that may come must be taken, and one that takes it is enough.
      if let alternatives = alternatives(given) {
        for alternative in alternatives {
          let found = gaps(alternative, .object(asked), pointer, depth + 1)
          if !found.isEmpty { return found }
        }
        return []
      }
      if let alternatives = alternatives(asked) {
        let found = alternatives.map { gaps(.object(given), $0, pointer, depth + 1) }
        if found.contains(where: \.isEmpty) { return [] }
        return found.count == 1
          ? found[0] : [SchemaGuarantee(pointer: pointer, message: "may be none of what is taken")]
      }
      var found = types(given, asked, pointer)
      guard found.isEmpty else { return found }
      found += values(given, asked, pointer)
      found += members(given, asked, pointer, depth)
      if let ours = given["items"], let theirs = asked["items"] { found += gaps(ours, theirs, pointer + "/0", depth + 1) }
      return found
    }

    static func named(_ target: String, _ names: [String: JSONValue]) -> JSONValue? {
      let prefix = "#/schemas/"
      return names[target.hasPrefix(prefix) ? JSONPointerText.unescape(String(target.dropFirst(prefix.count))) : target]
    }

    private func resolve(_ schema: JSONValue) -> JSONValue {
      var schema = schema
      for _ in 0..<Self.maximumDepth {
        guard let target = schema.object?["$ref"]?.string, let next = Self.named(target, names) else { return schema }
        schema = next
      }
      return schema
    }

    private func alternatives(_ schema: JSONObject) -> [JSONValue]? {
      schema["anyOf"]?.array ?? schema["oneOf"]?.array
    }

    private func types(_ given: JSONObject, _ asked: JSONObject, _ pointer: String) -> [SchemaGuarantee] {
      guard let wanted = typeWords(asked) else { return [] }
      // What is not said may be anything: only the value can show it.
      guard let offered = typeWords(given) else { return [] }
      let refused = offered.filter { type in !wanted.contains(type) && !(type == "integer" && wanted.contains("number")) }
      guard !refused.isEmpty else { return [] }
      return [
        SchemaGuarantee(
          pointer: pointer, message: "may be \(list(refused)), and \(list(wanted)) is taken")
      ]
    }

    private func typeWords(_ schema: JSONObject) -> [String]? {
      if let word = schema["type"]?.string { return [word] }
      if let words = schema["type"]?.array { return words.compactMap(\.string) }
      if schema["properties"] != nil, schema["required"] != nil { return ["object"] }
      return nil
    }

    private func list(_ words: [String]) -> String { words.sorted().joined(separator: " or ") }

    private func values(_ given: JSONObject, _ asked: JSONObject, _ pointer: String) -> [SchemaGuarantee] {
      guard let wanted = valueList(asked), let offered = valueList(given) else { return [] }
      guard let other = offered.first(where: { !wanted.contains($0) }) else { return [] }
      var writer = JSONWriter()
      writer.value(other)
      return [
        SchemaGuarantee(
          pointer: pointer, message: "may be \(String(decoding: writer.bytes.prefix(60), as: UTF8.self)), which is not taken")
      ]
    }

    private func valueList(_ schema: JSONObject) -> [JSONValue]? { schema["const"].map { [$0] } ?? schema["enum"]?.array }

    private mutating func members(
      _ given: JSONObject, _ asked: JSONObject, _ pointer: String, _ depth: Int
    ) -> [SchemaGuarantee] {
      let ours = given["properties"]?.object ?? JSONObject()
      let theirs = asked["properties"]?.object ?? JSONObject()
      let guaranteed = Set((given["required"]?.array ?? []).compactMap(\.string))
      // A schema put together of several may guarantee more than is seen here.
      let isWhole = given["allOf"] == nil && given["if"] == nil
      var found: [SchemaGuarantee] = []
      for name in (asked["required"]?.array ?? []).compactMap(\.string) where isWhole && !guaranteed.contains(name) {
        // A default of the consumer's own is filled in.
        let hasDefault = theirs[name].map { resolve($0)["default"] != nil || $0["default"] != nil } ?? false
        if hasDefault { continue }
        let what = ours[name] == nil ? "is not there" : "need not be there"
        found.append(
          SchemaGuarantee(pointer: "\(pointer)/\(JSONPointerText.escape(name))", message: "\(what), and is required"))
      }
      for member in theirs.members {
        guard let own = ours[member.name] else { continue }
        found += gaps(own, member.value, "\(pointer)/\(JSONPointerText.escape(member.name))", depth + 1)
      }
      if asked["additionalProperties"] == .bool(false), asked["patternProperties"] == nil {
        for member in ours.members where theirs[member.name] == nil {
          found.append(
            SchemaGuarantee(
              pointer: "\(pointer)/\(JSONPointerText.escape(member.name))", message: "may be there, and is not taken"))
        }
      }
      return found
    }
  }
}
