import GatewayJSON

/// What is different between two OpenAPI documents of one gateway: what its clients would notice.
struct DescriptionDiff: Equatable {
  enum Kind: String {
    case added = "+"
    case removed = "-"
    case changed = "~"
  }

  struct Entry: Equatable {
    var kind: Kind
    /// "POST /books", or "schema bookshop.Book".
    var what: String
    /// What of it: "parameters", "body", "responses". Of a schema its members: "price", "required".
    var parts: [String] = []

    var line: String { "\(kind.rawValue) \(what)\(parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")" }
  }

  private(set) var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  init(from old: JSONValue, to new: JSONValue) {
    compare(Self.operations(old), Self.operations(new), "", Self.parts)
    compare(Self.schemas(old), Self.schemas(new), "schema ", Self.members)
  }

  private mutating func compare(
    _ old: [String: JSONValue], _ new: [String: JSONValue], _ prefix: String,
    _ parts: (JSONValue, JSONValue) -> [String]
  ) {
    for name in Set(old.keys).union(new.keys).sorted() {
      switch (old[name], new[name]) {
      case (nil, _?): entries.append(Entry(kind: .added, what: prefix + name))
      case (_?, nil): entries.append(Entry(kind: .removed, what: prefix + name))
      case (let before?, let after?) where before != after:
        entries.append(Entry(kind: .changed, what: prefix + name, parts: parts(before, after)))
      default: break
      }
    }
  }

  private static func operations(_ document: JSONValue) -> [String: JSONValue] {
    var operations: [String: JSONValue] = [:]
    for path in document["paths"]?.object?.members ?? [] {
      for method in path.value.object?.members ?? [] where method.value.object != nil {
        operations["\(method.name.uppercased()) \(path.name)"] = method.value
      }
    }
    return operations
  }

  private static func schemas(_ document: JSONValue) -> [String: JSONValue] {
    var schemas: [String: JSONValue] = [:]
    for member in document["components"]?["schemas"]?.object?.members ?? [] { schemas[member.name] = member.value }
    return schemas
  }

  private static func parts(_ old: JSONValue, _ new: JSONValue) -> [String] {
    let names = [
      ("parameters", "parameters"), ("requestBody", "body"), ("responses", "responses"), ("security", "security"),
    ]
    let changed = names.filter { old[$0.0] != new[$0.0] }.map(\.1)
    return changed.isEmpty ? ["description"] : changed
  }

  private static func members(_ old: JSONValue, _ new: JSONValue) -> [String] {
    let before = old["properties"]?.object
    let after = new["properties"]?.object
    let names = Set((before?.members ?? []).map(\.name)).union((after?.members ?? []).map(\.name))
    var parts = names.filter { before?[$0] != after?[$0] }.sorted()
    let others = Set((old.object?.members ?? []).map(\.name)).union((new.object?.members ?? []).map(\.name))
      .subtracting(["properties"])
    parts += others.filter { old[$0] != new[$0] }.sorted()
    return parts
  }
}
