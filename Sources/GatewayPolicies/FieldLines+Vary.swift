import GatewayHTTP
import NIOCore

extension FieldLines {
  /// Adds names to `vary` (RFC 9110 §12.5.5): to the field that is there, without repeating a name; nothing where it
  /// says `*`. Several `vary` lines become one, because some caches look only at the first.
  mutating func addVary(_ names: [StaticString]) {
    guard hasLine({ FieldSyntax.isSameName($0, "vary") }) else {
      appendVary([], names)
      return
    }
    let existing = varyNames()
    if existing.contains("*") { return }
    let missing = names.filter { name in
      !existing.contains { $0.lowercased() == name.description.lowercased() }
    }
    guard !missing.isEmpty else { return }
    removeLines { FieldSyntax.isSameName($0, "vary") }
    appendVary(existing, missing)
  }

  private mutating func appendVary(_ existing: [String], _ added: [StaticString]) {
    if existing.isEmpty, added.count == 1, let only = added.first {
      append("vary", only)
    } else {
      append("vary", (existing + added.map(\.description)).joined(separator: ", "))
    }
  }

  private func varyNames() -> [String] {
    bytes.withUnsafeReadableBytes { section in
      var names: [String] = []
      var lines = FieldLineScanner(section)
      while let line = lines.next() {
        guard FieldSyntax.isSameName(line.name, "vary") else { continue }
        names += String(decoding: line.value, as: UTF8.self).split(separator: ",")
          .map { String($0.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }) }
          .filter { !$0.isEmpty }
      }
      return names
    }
  }
}
