/// Turns libyaml's errors into issues: its own words, the place, and the remedy where one is likely.
struct SyntaxMessage {
  var source: SourceText
  var file: Int
  var offsets: ScalarOffsets

  func issue(for error: YAMLEventError) -> YAMLIssue {
    let base = SourceText.bytesOfMark(in: source.bytes)
    let start = error.position.map(offsets.byteOffset(of:)) ?? min(base + error.byteOffset, source.bytes.count)
    let mark = source.mark(file: file, from: start, to: characterEnd(start))
    if error.isOutOfMemory { return YAMLIssue(.limit, "the parser has no memory", mark: mark) }
    if error.position == nil {
      // The bytes are known to be UTF-8, so this is a character that YAML does not allow (§5.1).
      let character = source.text(of: mark).unicodeScalars.first.map { String($0.value, radix: 16, uppercase: true) }
      let padded = character.map { String(repeating: "0", count: max(0, 4 - $0.count)) + $0 } ?? "?"
      return YAMLIssue(
        .encoding, "the control character U+\(padded) is not allowed", mark: mark,
        help: "remove it, or write it as an escape inside double quotes")
    }
    var related: [YAMLIssue.Related] = []
    if let context = error.context {
      let place = offsets.byteOffset(of: error.contextPosition)
      if place != start || context.hasPrefix("while scanning a") {
        related.append(.init(context, mark: source.mark(file: file, from: place, to: characterEnd(place))))
      }
    }
    return YAMLIssue(.syntax, error.problem, mark: mark, help: help(for: error, at: start), related: related)
  }

  private func help(for error: YAMLEventError, at offset: Int) -> String? {
    let byte = source.bytes.indices.contains(offset) ? source.bytes[offset] : 0
    switch (error.problem, error.context ?? "") {
    case ("found character that cannot start any token", _):
      if byte == UInt8(ascii: "\t") { return "indent with spaces; YAML allows no tabs there" }
      return "put the value in quotes"
    case ("found a tab character that violates indentation", _),
      ("found a tab character where an indentation space is expected", _):
      return "indent with spaces; YAML allows no tabs there"
    case ("mapping values are not allowed in this context", _):
      return "put a value that holds `: ` in quotes, and begin each key on its own line at the same indentation"
    case ("found unexpected end of stream", let context) where context.contains("quoted scalar"):
      return "the closing quote is missing"
    case ("could not find expected ':'", _):
      return "a key is followed by `: `"
    case ("found unexpected ':'", _):
      return "put the value in quotes"
    case (_, let context) where context.contains("flow"):
      return "inside { } and [ ], put a value that holds any of { } [ ] , in quotes, such as \"${settings.name}\""
    case ("did not find expected key", _), ("did not find expected '-' indicator", _):
      return "check the indentation: entries of one list or mapping begin in the same column"
    default: return nil
    }
  }

  private func characterEnd(_ start: Int) -> Int {
    guard source.bytes.indices.contains(start) else { return start }
    var end = start + 1
    while end < source.bytes.count, source.bytes[end] & 0xC0 == 0x80 { end += 1 }
    return end
  }
}
