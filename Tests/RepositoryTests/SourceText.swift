/// A source file as lines, and once more with comments and the contents of string literals blanked out, so that a rule
/// about code is not set off by a sentence.
struct SourceText {
  let path: String
  let lines: [String]
  let code: [String]

  init(path: String, text: String) {
    self.path = path
    lines = Self.lines(text)
    code = Self.lines(String(decoding: Self.blank(Array(text.utf8)), as: UTF8.self))
  }

  /// First folder below the root: Sources, Plugins or Tests.
  var area: String { String(path.prefix { $0 != "/" }) }

  /// Second folder: the target.
  var target: String { String(path.dropFirst(area.count + 1).prefix { $0 != "/" }) }

  var isSwift: Bool { path.hasSuffix(".swift") }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private static func blank(_ bytes: [UInt8]) -> [UInt8] {
    var out = bytes
    var at = 0
    func has(_ text: String) -> Bool { bytes[at...].starts(with: text.utf8) }
    func skip(_ count: Int) {
      for i in at..<min(at + count, bytes.count) where bytes[i] != UInt8(ascii: "\n") { out[i] = UInt8(ascii: " ") }
      at = min(at + count, bytes.count)
    }
    while at < bytes.count {
      if has("//") {
        skip((bytes[at...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count) - at)
      } else if has("/*") {
        var depth = 0
        repeat {
          depth += has("/*") ? 1 : has("*/") ? -1 : 0
          skip(has("/*") || has("*/") ? 2 : 1)
        } while depth > 0 && at < bytes.count
      } else if let end = literalEnd(bytes, at) {
        skip(end - at)
      } else {
        at += 1
      }
    }
    return out
  }

  /// The end of the string literal that starts at `start`; nil where none does.
  private static func literalEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    var at = start
    while at < bytes.count, bytes[at] == UInt8(ascii: "#") { at += 1 }
    let hashes = Array(repeating: UInt8(ascii: "#"), count: at - start)
    guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { return nil }
    let isLong = bytes[at...].starts(with: "\"\"\"".utf8)
    let quote = Array((isLong ? "\"\"\"" : "\"").utf8)
    let escape = [UInt8(ascii: "\\")] + hashes
    at += quote.count
    while at < bytes.count {
      if bytes[at...].starts(with: escape) {
        at += escape.count + 1
      } else if bytes[at...].starts(with: quote + hashes) {
        return at + quote.count + hashes.count
      } else if !isLong && bytes[at] == UInt8(ascii: "\n") {
        return at
      } else {
        at += 1
      }
    }
    return bytes.count
  }
}
