import GatewayJSON
import GatewayYAML

/// Finds the documents that schemas refer to by path (`$ref: "common.yaml#/Money"`) and reads them. Local files only:
/// nothing is ever fetched.
struct SchemaDocuments {
  private let decoder: FileDecoder
  private let names: Set<String>
  /// By path as references give it, seen from the directory of the configuration.
  private(set) var found: [String: LocatedJSON] = [:]
  private var missing: Set<String> = []

  /// Of all schemas together; more is a mistake or an attack.
  static let maximumCount = 256

  init(_ decoder: FileDecoder, names: Set<String>) {
    self.decoder = decoder
    self.names = names
  }

  /// - Parameter address: the document that the schema stands in; empty for the configuration.
  mutating func load(from schema: LocatedJSON, in address: String = "") {
    var references: [(pointer: String, target: String)] = []
    Self.collect(schema.value, "", into: &references)
    for (pointer, reference) in references {
      let path = reference.prefix { $0 != "#" }
      // A bare name, an address, or a place in the document itself.
      guard !path.isEmpty, !names.contains(String(path)), !path.prefix(while: { $0 != "/" }).contains(":") else {
        continue
      }
      let target = SchemaPath.resolve(String(path), from: address)
      guard found[target] == nil, !missing.contains(target) else { continue }
      guard found.count < Self.maximumCount else {
        decoder.diagnostics.error(
          .limit, "schemas refer to more than \(Self.maximumCount) documents",
          at: schema.location(forPointer: pointer))
        return
      }
      // What is not there is told by whoever compiles the schema: it knows whether the place is a reference at all.
      guard decoder.environment.check(Paths.joined(target, to: decoder.directory)) == nil,
        let document = decoder.schemaDocument(target, at: schema.location(forPointer: pointer))
      else {
        missing.insert(target)
        continue
      }
      found[target] = document
      load(from: document, in: target)
    }
  }

  private static func collect(
    _ value: JSONValue, _ pointer: String, into references: inout [(pointer: String, target: String)]
  ) {
    switch value {
    case .object(let object):
      for member in object.members {
        switch (member.name, member.value) {
        case ("$ref", .string(let target)), ("$dynamicRef", .string(let target)):
          references.append((pointer + "/" + member.name, target))
        case ("const", _), ("enum", _), ("default", _), ("examples", _): continue
        default:
          let token = member.name.contains { $0 == "~" || $0 == "/" } ? "" : "/" + member.name
          collect(member.value, pointer + token, into: &references)
        }
      }
    case .array(let items):
      for (index, item) in items.enumerated() { collect(item, "\(pointer)/\(index)", into: &references) }
    default: return
    }
  }
}

/// Paths of schema files, seen from the directory of the configuration.
public enum SchemaPath {
  /// What `path` means in the document at `address` (RFC 3986 §5.2.4, for relative paths): without `.` and, where
  /// something stands before them, `..`.
  public static func resolve(_ path: String, from address: String) -> String {
    var parts: [Substring] = []
    for part in (Paths.directory(of: address) + path).split(separator: "/", omittingEmptySubsequences: false) {
      switch part {
      case ".": continue
      case ".." where parts.last.map { $0 != ".." && !$0.isEmpty } ?? false: parts.removeLast()
      default: parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }
}

extension GatewayFile {
  /// Reads what the schemas of the file refer to by path.
  mutating func loadSchemaDocuments(_ decoder: FileDecoder) {
    var documents = SchemaDocuments(decoder, names: Set(schemas.map(\.name.value)))
    for index in schemas.indices {
      guard let path = schemas[index].path else {
        documents.load(from: schemas[index].schema)
        continue
      }
      let before = documents.found.count
      documents.load(from: schemas[index].schema, in: path)
      if documents.found.count > before, !Paths.directory(of: path).isEmpty {
        // Its references are seen from where it lies, so it is referred to there.
        documents.load(from: LocatedJSON(.object(JSONObject([("$ref", .string(path))])), at: schemas[index].name.location))
        schemas[index].schema.value = .object(JSONObject([("$ref", .string(path))]))
      }
    }
    for route in routes {
      for parameter in route.parameters { documents.load(from: parameter.schema) }
      for case .inline(let schema) in route.schemaReferences { documents.load(from: schema) }
    }
    schemaDocuments = documents.found
  }
}
