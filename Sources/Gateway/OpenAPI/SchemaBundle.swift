import GatewayConfiguration
import GatewayJSON

/// Takes what schemas refer to in other files into the document, which has to stand on its own.
struct SchemaBundle {
  let documents: [String: JSONValue]
  /// Names that are taken; grows.
  var names: Set<String>
  private(set) var components: [(name: String, schema: JSONValue)] = []
  private var known: [String: String] = [:]

  init(documents: [String: JSONValue], names: Set<String>) {
    self.documents = documents
    self.names = names
  }

  /// The schema with references into files as references to components. `address`: the file it stands in.
  mutating func bundled(_ schema: JSONValue, in address: String = "") -> JSONValue {
    guard !documents.isEmpty else { return schema }
    // Not in place: what a reference leads to is bundled while its own schema is.
    var bundle = self
    defer { self = bundle }
    return SchemaReferences.map(schema) { bundle.component($0, address) }
  }

  private mutating func component(_ target: String, _ address: String) -> String? {
    let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts.first.map(String.init) ?? ""
    let fragment = parts.count > 1 ? String(parts[1]) : ""
    let file = path.isEmpty ? address : SchemaPath.resolve(path, from: address)
    guard !file.isEmpty, let document = documents[file] else { return nil }
    let key = "\(file)#\(fragment)"
    if let name = known[key] { return reference(name) }
    var value: JSONValue? = document
    for token in fragment.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let word = JSONPointerText.unescape(String(token))
      value = value?[word] ?? Int(word).flatMap { index in
        value?.array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
      }
    }
    guard let value else { return nil }
    let name = freeName(file, fragment)
    // Before what it holds: schemas refer to themselves.
    known[key] = name
    var schema = bundled(value, in: file)
    if case .object(var object) = schema, fragment.isEmpty {
      // What referred to them now refers to components.
      object["$defs"] = nil
      schema = .object(object)
    }
    components.append((name, schema))
    return reference(name)
  }

  private func reference(_ name: String) -> String { "#/schemas/\(JSONPointerText.escape(name))" }

  private mutating func freeName(_ file: String, _ fragment: String) -> String {
    let stem = file.split(separator: "/").last?.split(separator: ".").first.map(String.init) ?? "schema"
    let token = fragment.split(separator: "/").last.map { JSONPointerText.unescape(String($0)) } ?? stem
    let base = String(token.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" })
    var name = base
    var number = 2
    while !names.insert(name).inserted {
      name = "\(base)_\(number)"
      number += 1
    }
    return name
  }
}
