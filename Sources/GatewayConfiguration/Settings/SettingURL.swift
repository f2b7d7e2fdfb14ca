/// URLs with an authority, as settings have them: `postgres://user:password@host:5432/name` (RFC 3986 §3).
enum SettingURL {
  /// Nil where the text is none.
  static func scheme(of text: String) -> String? {
    guard let end = text.range(of: "://") else { return nil }
    let scheme = text[..<end.lowerBound]
    guard let first = scheme.utf8.first, isLetter(first),
      scheme.utf8.allSatisfy({ isLetter($0) || $0 >= 0x30 && $0 <= 0x39 || "+-.".utf8.contains($0) })
    else { return nil }
    let rest = text[end.upperBound...]
    // §2: blanks, controls, quotes and what lies beyond ASCII are written as percent escapes.
    guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }) else { return nil }
    // `file:///path` and `sqlite:///path` have no host; nothing at all behind the slashes is a slip.
    return rest.isEmpty ? nil : scheme.lowercased()
  }

  /// Empty where it has none.
  static func password(of text: String) -> String {
    parts(text).map { String(text[text.index(after: $0.colon)..<$0.at]) } ?? ""
  }

  /// The password is nobody's business, and often no setting of its own (§3.2.1).
  static func withoutPassword(_ text: String) -> String {
    guard let (colon, at) = parts(text) else { return text }
    return text[...colon] + "***" + text[at...]
  }

  private static func parts(_ text: String) -> (colon: String.Index, at: String.Index)? {
    guard let end = text.range(of: "://") else { return nil }
    let authority = text[end.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return nil }
    return (colon, at)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }
}

extension String {
  /// Without Foundation.
  fileprivate func range(of part: String) -> Range<String.Index>? {
    let pattern = Array(part.utf8)
    var start = utf8.startIndex
    while start < utf8.endIndex {
      if utf8[start...].starts(with: pattern) { return start..<utf8.index(start, offsetBy: pattern.count) }
      start = utf8.index(after: start)
    }
    return nil
  }
}
