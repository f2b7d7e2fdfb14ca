/// The targets of `Package.swift`, read from its text.
struct Manifest {
  struct Target {
    var name: String
    var isTest: Bool
    /// Folder below the root.
    var path: String
    /// Quoted words of its declaration.
    var words: Set<String>
  }

  let targets: [Target]

  init(_ text: String) {
    let source = SourceText(path: "Package.swift", text: text)
    let lines = zip(source.lines, source.code).map { line, code in
      // Without comments, with string literals.
      code.drop { $0 == " " }.isEmpty ? "" : line
    }
    let whole = lines.joined(separator: "\n")
    let kinds = [
      ".target(": "Sources", ".executableTarget(": "Sources", ".systemLibrary(": "Sources", ".macro(": "Sources",
      ".plugin(": "Plugins", ".testTarget(": "Tests",
    ]
    targets = kinds.flatMap { kind, folder in
      whole.ranges(of: kind).compactMap { range in
        let declaration = Self.balanced(whole[range.upperBound...])
        guard let name = Self.argument("name:", in: declaration) else { return nil }
        return Target(
          name: name, isTest: kind == ".testTarget(",
          path: Self.argument("path:", in: declaration) ?? "\(folder)/\(name)",
          words: Set(
            declaration.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
              .filter { $0.offset % 2 == 1 }.map { String($0.element) }))
      }
    }
  }

  /// Up to the parenthesis that closes the one before `text`.
  private static func balanced(_ text: Substring) -> Substring {
    var depth = 1
    for index in text.indices {
      depth += text[index] == "(" ? 1 : text[index] == ")" ? -1 : 0
      if depth == 0 { return text[..<index] }
    }
    return text
  }

  private static func argument(_ label: String, in declaration: Substring) -> String? {
    guard let range = declaration.ranges(of: label).first else { return nil }
    let rest = declaration[range.upperBound...].drop { $0 == " " || $0 == "\n" }
    guard rest.first == "\"" else { return nil }
    return String(rest.dropFirst().prefix { $0 != "\"" })
  }
}
