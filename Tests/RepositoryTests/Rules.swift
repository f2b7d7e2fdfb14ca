/// The rules of this repository that no compiler holds. Each looks at one file and returns its findings as sentences
/// that begin with the place and say what to do.
enum Rules {
  static let maximumLines = 500
  /// The contract is one header, because authors in other languages copy one file.
  static let longerFiles = ["Sources/CGatewayPlugin/include/gateway_plugin.h": 700]

  /// Imports of our own targets, against `ImportTable`.
  static func imports(_ file: SourceText, ours: Set<String>) -> [String] {
    guard file.area != "Tests" else { return [] }
    guard let allowed = ImportTable.allowed(area: file.area, target: file.target) else {
      return ["\(file.path): target \(file.target) is not in ImportTable; add it with what it may import"]
    }
    return file.imported.compactMap { line, module in
      guard ours.contains(module), module != file.target, !allowed.contains(module) else { return nil }
      let remedy = ImportTable.remedy(area: file.area, target: file.target, imported: module)
      return "\(file.path):\(line): remove 'import \(module)': \(remedy)"
    }
  }

  /// Foundation costs start-up time and memory, which are promises; test support may use it.
  static func foundation(_ file: SourceText) -> [String] {
    guard file.area == "Sources", file.target != "GatewayTesting" else { return [] }
    return file.imported.filter { ["Foundation", "FoundationNetworking"].contains($0.module) }.map {
      "\(file.path):\($0.line): remove 'import \($0.module)': use the standard library or Glibc"
    }
  }

  /// What ends the process instead of an error.
  static func crashes(_ file: SourceText) -> [String] {
    guard file.area != "Tests", file.isSwift else { return [] }
    let remedies = [
      "try!": "handle the error or throw it on", "as!": "use 'as?' and say what happens otherwise",
      "fatalError(": "return an error; outside input must never end the process",
    ]
    return file.code.enumerated().flatMap { index, line in
      remedies.filter { contains(line, word: $0.key) }.sorted { $0.key < $1.key }.map {
        "\(file.path):\(index + 1): remove '\($0.key)': \($0.value)"
      }
    }
  }

  /// Claims that the compiler takes on trust need a sentence of proof, on the line or directly above.
  static func unproven(_ file: SourceText) -> [String] {
    guard file.area != "Tests", file.isSwift else { return [] }
    return file.code.indices.compactMap { index in
      guard let claim = claim(file, index), !isCommented(file, index) else { return nil }
      return "\(file.path):\(index + 1): '\(claim)' needs a comment on the line or directly above that proves it"
    }
  }

  private static func claim(_ file: SourceText, _ index: Int) -> String? {
    let line = file.code[index]
    for claim in ["@unchecked Sendable", "nonisolated(unsafe)"] where line.contains(claim) { return claim }
    guard line.contains("@inlinable") else { return nil }
    // The declaration and its body: as far as lines are indented deeper, or still the head of it.
    let indentation = line.prefix { $0 == " " }.count
    let end = file.code[(index + 1)...].firstIndex {
      $0 == String(repeating: " ", count: indentation) + "}" || $0.isEmpty
    }
    let body = file.code[index..<(end ?? file.code.endIndex)].joined(separator: "\n")
    return body.contains("Unsafe") || contains(body, word: "unsafe") ? "@inlinable with unsafe code" : nil
  }

  private static func isCommented(_ file: SourceText, _ index: Int) -> Bool {
    if file.lines[index].contains("//") { return true }
    var above = index - 1
    while above >= 0 {
      let line = file.lines[above].drop { $0 == " " }
      if line.hasPrefix("//") || line.hasSuffix("*/") { return true }
      // One comment serves a group of lines with the same claim, and attributes stand between comment and line.
      let isSameGroup = claim(file, above) != nil && !file.lines[above].contains("@inlinable")
      guard isSameGroup || (line.hasPrefix("@") && !line.contains(" func ") && !line.contains("{")) else {
        return false
      }
      above -= 1
    }
    return false
  }

  /// Length of files, tabs, blanks at line ends, the newline at the end.
  static func layout(_ file: SourceText) -> [String] {
    var findings: [String] = []
    // The last line break leaves an empty string behind it.
    let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
    let limit = longerFiles[file.path] ?? maximumLines
    if count > limit {
      findings.append("\(file.path): \(count) lines, at most \(limit); split the file by subject")
    }
    for (index, line) in file.lines.enumerated() {
      if line.contains("\t") { findings.append("\(file.path):\(index + 1): replace the tab by blanks") }
      if line.hasSuffix(" ") || line.hasSuffix("\r") {
        findings.append("\(file.path):\(index + 1): remove the blanks at the end of the line")
      }
    }
    if file.lines.last != "" { findings.append("\(file.path): end the file with a line break") }
    return findings
  }

  /// Notes about unfinished work. (Put together here, so that this file does not contain them.)
  static let notes = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]

  static func unfinished(_ file: SourceText) -> [String] {
    file.lines.enumerated().flatMap { index, line in
      notes.filter { contains(line, word: $0) }.map {
        "\(file.path):\(index + 1): '\($0)' does not belong in the code; finish the work or open an issue"
      }
    }
  }

  /// Whether `word` stands in `line` with no letter, digit or underscore beside its own letters.
  static func contains(_ line: String, word: String) -> Bool {
    let line = Array(line.utf8)
    let word = Array(word.utf8)
    let isPart = { (byte: UInt8) in byte == 0x5F || byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 }
    guard line.count >= word.count, let last = word.last else { return false }
    for start in 0...(line.count - word.count) where line[start..<start + word.count].elementsEqual(word) {
      let end = start + word.count
      let startsInside = start > 0 && isPart(line[start - 1])
      let endsInside = end < line.count && isPart(last) && isPart(line[end])
      if !startsInside && !endsInside { return true }
    }
    return false
  }
}

extension SourceText {
  /// Modules that the file imports, with line numbers from 1.
  var imported: [(line: Int, module: String)] {
    guard isSwift else { return [] }
    let before: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "var", "let", "actor"]
    return code.enumerated().flatMap { index, line in
      line.split(separator: ";").compactMap { statement in
        var words = statement.split(whereSeparator: { $0 == " " || $0 == "." }).map(String.init)
        while let first = words.first, first.hasPrefix("@") || before.contains(first) { words.removeFirst() }
        guard words.first == "import" else { return nil }
        words.removeFirst()
        if let first = words.first, kinds.contains(first) { words.removeFirst() }
        return words.first.map { (index + 1, $0) }
      }
    }
  }
}
