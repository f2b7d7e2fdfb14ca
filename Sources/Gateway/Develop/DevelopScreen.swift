import GatewayJSON

/// What `gateway dev` shows: on a terminal one screen that begins anew with each change, elsewhere plain lines.
struct DevelopScreen {
  let isTerminal: Bool
  let isColored: Bool

  enum Tone { case plain, good, bad, faint }

  /// A change begins.
  func round(_ title: String) -> String {
    let clear = isTerminal ? "\u{1B}[H\u{1B}[2J\u{1B}[3J" : ""
    return clear + line(title, .faint)
  }

  func line(_ text: String, _ tone: Tone = .plain) -> String {
    guard isColored else { return text + "\n" }
    let code =
      switch tone {
      case .plain: ""
      case .good: "\u{1B}[32m"
      case .bad: "\u{1B}[31m"
      case .faint: "\u{1B}[2m"
      }
    return code.isEmpty ? text + "\n" : "\(code)\(text)\u{1B}[0m\n"
  }

  /// A line of the gateway's log, short; nil for what is told in another way. Anything else comes as it is.
  func log(_ text: String) -> String? {
    guard text.hasPrefix("{"), let value = try? JSONValue(parsing: text), let message = value["message"]?.string,
      let level = value["level"]?.string
    else { return line(text) }
    if Self.told.contains(message) { return nil }
    let facts = (value.object?.members ?? []).compactMap { member -> String? in
      guard !["time", "level", "message", "frames"].contains(member.name) else { return nil }
      let text = member.value.string ?? member.value.number?.text ?? member.value.bool.map { "\($0)" } ?? ""
      return text.isEmpty ? nil : "\(member.name)=\(text)"
    }
    let time = (value["time"]?.string ?? "").dropFirst(11).prefix(8)
    let tone: Tone = level == "error" || level == "critical" ? .bad : level == "info" ? .faint : .plain
    return line("\(time) \(message)\(facts.isEmpty ? "" : "  " + facts.joined(separator: " "))", tone)
  }

  /// What reports tell better.
  private static let told: Set<String> = [
    "ready", "reloaded", "reload refused, everything serves as before", "stopping", "stopped",
    "the gateway crashed earlier",
  ]

  /// What a compiler said, without its progress; the last of it where it is long.
  func build(_ output: String) -> String {
    let lines = output.split(separator: "\n", omittingEmptySubsequences: true).filter { line in
      !(line.hasPrefix("[") && line.contains("/")) && !line.hasPrefix("Building for") && !line.hasPrefix("warning: '")
    }
    let shown = lines.suffix(80)
    let left = lines.count > shown.count ? line("… \(lines.count - shown.count) lines before", .faint) : ""
    return left + shown.map { line(String($0), $0.contains("error:") ? .bad : .plain) }.joined()
  }
}
