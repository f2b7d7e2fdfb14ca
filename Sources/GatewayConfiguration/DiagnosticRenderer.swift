/// Writes diagnostics for people: place, source line with carets, and what to write instead.
public struct DiagnosticRenderer: Sendable {
  public var sources: SourceMap
  /// ANSI colours; off unless somebody looked that the output is a terminal.
  public var isColored: Bool
  /// Source lines are cut to about this many columns around the caret.
  public var width = 110

  public init(sources: SourceMap, isColored: Bool = false) {
    self.sources = sources
    self.isColored = isColored
  }

  /// All diagnostics, an empty line between two, and a last line that counts them.
  public func text(_ diagnostics: Diagnostics) -> String {
    let list = diagnostics.sorted()
    guard !list.isEmpty else { return "" }
    var text = list.map { self.text($0) }.joined(separator: "\n") + "\n"
    if diagnostics.omitted > 0 { text += "and \(diagnostics.omitted) more\n" }
    return text + DiagnosticRenderer.summary(list) + "\n"
  }

  /// Such as `2 errors, 1 warning`.
  public static func summary(_ list: [Diagnostic]) -> String {
    let errors = list.count { $0.severity == .error }
    let warnings = list.count - errors
    func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
    switch (errors, warnings) {
    case (0, 0): return "no mistakes"
    case (_, 0): return count(errors, "error")
    case (0, _): return count(warnings, "warning")
    default: return count(errors, "error") + ", " + count(warnings, "warning")
    }
  }

  public func text(_ diagnostic: Diagnostic) -> String {
    let severity = paint(diagnostic.severity.rawValue + "[" + diagnostic.code.rawValue + "]", severityStyle(diagnostic))
    var lines = [severity + paint(": " + clean(diagnostic.message), .bold)]
    let lastLine = max(diagnostic.span?.line ?? 0, diagnostic.notes.compactMap { $0.span?.line }.max() ?? 0)
    let margin = String(repeating: " ", count: String(lastLine).count)
    lines += place(diagnostic.file, diagnostic.span, margin, severityStyle(diagnostic))
    func fact(_ label: String, _ text: String?) {
      if let text, !text.isEmpty {
        lines.append(margin + paint(" = ", .blue) + paint(label, .bold) + ": " + clean(text))
      }
    }
    fact("at", diagnostic.keyPath)
    fact("found", diagnostic.found)
    if let expected = diagnostic.expected, !diagnostic.message.hasSuffix(expected) { fact("expected", expected) }
    fact("help", diagnostic.suggestion.map { "did you mean `\($0)`?" })
    fact("help", diagnostic.help)
    for note in diagnostic.notes {
      fact("note", note.message)
      if let file = note.file, note.span != nil { lines += place(file, note.span, margin, .blue) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func place(_ file: String, _ span: Diagnostic.Span?, _ margin: String, _ style: Style) -> [String] {
    guard !file.isEmpty else { return [] }
    let arrow = margin + paint("--> ", .blue)
    guard let span else { return [arrow + clean(file)] }
    var lines = [arrow + clean(file) + ":\(span.line):\(span.column)"]
    guard let source = sources.excerpt(of: file, line: span.line) else { return lines }
    let number = String(span.line)
    let pad = String(repeating: " ", count: margin.count - number.count)
    let (shown, before, length) = excerpt(source, span)
    lines.append(margin + paint(" |", .blue))
    lines.append(paint(pad + number + " |", .blue) + (shown.isEmpty ? "" : " " + shown))
    let carets = String(repeating: " ", count: before) + paint(String(repeating: "^", count: length), style)
    lines.append(margin + paint(" |", .blue) + " " + carets)
    return lines
  }

  /// The part of the line to show, and in terminal columns how far in and how long the carets are.
  private func excerpt(_ line: String, _ span: Diagnostic.Span) -> (text: String, before: Int, length: Int) {
    let scalars = Array(line.unicodeScalars)
    let start = min(span.column - 1, scalars.count)
    let end = span.endLine > span.line ? scalars.count : min(max(span.endColumn - 1, start), scalars.count)
    var first = 0
    var last = scalars.count
    if scalars.count > width {
      first = max(0, min(start - width / 3, scalars.count - width))
      last = min(scalars.count, first + width)
    }
    let lead = first > 0 ? "…" : ""
    let shown = lead + scalars[first..<last].map(visible).joined() + (last < scalars.count ? "…" : "")
    let before = lead.count + scalars[first..<start].reduce(0) { $0 + TerminalWidth.of($1) }
    let marked = scalars[start..<max(start, min(end, last))].reduce(0) { $0 + TerminalWidth.of($1) }
    return (shown, before, max(1, marked))
  }

  /// Text of the file goes to a terminal: control characters in it must not move the cursor or set the title.
  private func visible(_ scalar: Unicode.Scalar) -> String {
    if scalar == "\t" { return " " }
    return TerminalWidth.isControl(scalar) ? "\u{FFFD}" : String(scalar)
  }

  private func clean(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: TerminalWidth.isControl) else { return text }
    return text.unicodeScalars.map { $0 == "\n" ? "\\n" : $0 == "\t" ? "\\t" : visible($0) }.joined()
  }

  private enum Style: String {
    case red = "1;31"
    case yellow = "1;33"
    case blue = "1;34"
    case bold = "1"
  }

  private func severityStyle(_ diagnostic: Diagnostic) -> Style {
    diagnostic.severity == .error ? .red : .yellow
  }

  private func paint(_ text: String, _ style: Style) -> String {
    isColored ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// Columns that characters take on a terminal, well enough to put carets under them.
enum TerminalWidth {
  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // C0, DEL, C1, line separators, and the marks that reorder text ("Trojan Source", CVE-2021-42574).
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x2029, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  static func of(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: 0
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
