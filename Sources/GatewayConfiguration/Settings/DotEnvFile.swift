/// A `.env` file as written: `NAME=value` a line, `#` comments, `export` before, quotes around. A value of its own:
/// reading it needs nothing but its bytes, and `${…}` in it is put in later by `DotEnvExpansion`.
///
///     NAME = plain text ${OTHER}   # a comment needs a blank before it
///     export NAME='all of this is literal: ${OTHER} # \n'
///     NAME="escapes \n, ${OTHER:-default},
///       and more lines"
///     NAME                          # no value: as if the line were not there
///
/// In plain and double-quoted text `${NAME}` and `${NAME:-default}` stand for other variables; `\$` in double quotes is
/// a dollar. Names are letters, digits, `_`, `.` and `-`, beginning with a letter or `_`.
public struct DotEnvFile: Sendable {
  public struct Entry: Sendable, Equatable {
    public var name: String
    /// Nil for a name without `=`.
    public var parts: [Part]?
    /// UTF-8 offsets in the file.
    public var nameRange: Range<Int>
    public var valueRange: Range<Int>
  }

  public enum Part: Sendable, Equatable {
    case text(String)
    /// `range` covers the whole `${…}`.
    case reference(String, fallback: String?, range: Range<Int>)
  }

  public struct Problem: Error, Sendable, Equatable {
    public var message: String
    public var range: Range<Int>
    public var help: String?
  }

  public internal(set) var entries: [Entry] = []
  public internal(set) var problems: [Problem] = []

  /// Bytes of a file; more is refused before it is read.
  public static let largestFile = 1 << 20
  /// Mistakes that are told of one file.
  static let mostProblems = 100

  /// Reads what can be read; a line with a mistake is left out and told in `problems`.
  public init(_ bytes: [UInt8]) {
    if let offset = DotEnvScanner.firstInvalid(bytes) {
      problems = [Problem(message: "the file is not UTF-8 text", range: offset..<offset + 1)]
      return
    }
    var scanner = DotEnvScanner(bytes)
    while let line = scanner.nextEntry() {
      switch line {
      case .success(let entry): entries.append(entry)
      case .failure(let problem):
        problems.append(problem)
        if problems.count >= DotEnvFile.mostProblems { return }
      }
    }
  }
}

/// Walks over the bytes of a `.env` file.
struct DotEnvScanner {
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // A byte order mark is no part of the first name.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
  }

  /// The offset of the first byte that is no UTF-8, and of NUL, which no environment can carry.
  static func firstInvalid(_ bytes: [UInt8]) -> Int? {
    var parser = Unicode.UTF8.ForwardParser()
    var rest = bytes.makeIterator()
    var offset = 0
    while true {
      switch parser.parseScalar(from: &rest) {
      case .valid(let scalar):
        if scalar.first == 0 { return offset }
        offset += scalar.count
      case .error: return offset
      case .emptyInput: return nil
      }
    }
  }

  // MARK: Lines

  mutating func nextEntry() -> Result<DotEnvFile.Entry, DotEnvFile.Problem>? {
    while index < bytes.count {
      skipBlanks()
      guard let byte = peek else { return nil }
      if isEnd(byte) {
        index += 1
        continue
      }
      if byte == UInt8(ascii: "#") {
        skipLine()
        continue
      }
      do {
        return .success(try entry())
      } catch {
        skipLine()
        return .failure(error)
      }
    }
    return nil
  }

  private mutating func entry() throws(DotEnvFile.Problem) -> DotEnvFile.Entry {
    var range = try name()
    if text(range) == "export", let next = peek, isBlank(next) {
      let start = index
      skipBlanks()
      if let byte = peek, byte != UInt8(ascii: "="), byte != UInt8(ascii: "#"), !isEnd(byte) {
        range = try name()
      } else {
        index = start
      }
    }
    var entry = DotEnvFile.Entry(name: text(range), parts: nil, nameRange: range, valueRange: range)
    let afterName = index
    skipBlanks()
    guard let byte = peek, !isEnd(byte) else { return entry }
    if byte == UInt8(ascii: "#"), index > afterName {
      skipLine()
      return entry
    }
    guard byte == UInt8(ascii: "=") else {
      throw DotEnvFile.Problem(
        message: "`=` is missing after the name `\(entry.name)`", range: index..<index + width(at: index),
        help: "write `NAME=value`; names are letters, digits, `_`, `.` and `-`")
    }
    index += 1
    skipBlanks()
    let start = index
    switch peek {
    case UInt8(ascii: "'"): entry.parts = [.text(try singleQuoted())]
    case UInt8(ascii: "\""): entry.parts = try doubleQuoted()
    default:
      let (parts, end) = try plain()
      entry.parts = parts
      entry.valueRange = start..<end
      return entry
    }
    entry.valueRange = start..<index
    try nothingMore()
    return entry
  }

  private mutating func name() throws(DotEnvFile.Problem) -> Range<Int> {
    let start = index
    guard let first = peek, isLetter(first) || first == UInt8(ascii: "_") else {
      throw DotEnvFile.Problem(
        message: "the line does not begin with a name", range: index..<index + width(at: index),
        help: "write `NAME=value`; a comment begins with `#`")
    }
    while let byte = peek, isLetter(byte) || isDigit(byte) || "_.-".utf8.contains(byte) { index += 1 }
    return start..<index
  }

  /// Behind a closing quote only a comment may follow.
  private mutating func nothingMore() throws(DotEnvFile.Problem) {
    let start = index
    skipBlanks()
    guard let byte = peek, !isEnd(byte) else { return }
    if byte == UInt8(ascii: "#"), index > start { return skipLine() }
    throw DotEnvFile.Problem(
      message: "there is text after the closing quote", range: index..<index + width(at: index),
      help: "put all of the value inside the quotes; a comment needs a blank before `#`")
  }

  // MARK: Values

  private mutating func singleQuoted() throws(DotEnvFile.Problem) -> String {
    let open = index
    index += 1
    guard let close = bytes[index...].firstIndex(of: UInt8(ascii: "'")) else { throw unclosed(open) }
    defer { index = close + 1 }
    return text(index..<close)
  }

  private mutating func doubleQuoted() throws(DotEnvFile.Problem) -> [DotEnvFile.Part] {
    let open = index
    index += 1
    var parts = PartList()
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return parts.finished
      case UInt8(ascii: "\\"):
        index += 1
        parts.append(escape())
      case UInt8(ascii: "$") where peek(1) == UInt8(ascii: "{"): parts.append(try reference())
      default:
        parts.append(byte)
        index += 1
      }
    }
    index = open + 1
    throw unclosed(open)
  }

  /// What stands behind a backslash; characters without a meaning keep theirs.
  private mutating func escape() -> [UInt8] {
    guard let byte = peek else { return [UInt8(ascii: "\\")] }
    index += 1
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "'"): return [byte]
    // The line goes on, as in a shell.
    case UInt8(ascii: "\n"): return []
    default: return [UInt8(ascii: "\\"), byte]
    }
  }

  /// To the end of the line, or to a blank and `#`; blanks at the end do not count.
  private mutating func plain() throws(DotEnvFile.Problem) -> ([DotEnvFile.Part], end: Int) {
    var parts = PartList()
    var blanks: [UInt8] = []
    var isAfterBlank = true
    var end = index
    while let byte = peek, !isEnd(byte) {
      if byte == UInt8(ascii: "#"), isAfterBlank {
        skipLine()
        break
      }
      isAfterBlank = isBlank(byte)
      if isAfterBlank {
        blanks.append(byte)
        index += 1
        continue
      }
      parts.append(blanks)
      blanks.removeAll()
      if byte == UInt8(ascii: "$"), peek(1) == UInt8(ascii: "{") {
        parts.append(try reference())
      } else {
        parts.append(byte)
        index += 1
      }
      end = index
    }
    return (parts.finished, end)
  }

  /// `${NAME}` or `${NAME:-default}`.
  private mutating func reference() throws(DotEnvFile.Problem) -> DotEnvFile.Part {
    let start = index
    index += 2
    let inside = index
    while let byte = peek, byte != UInt8(ascii: "}"), !isEnd(byte), byte != UInt8(ascii: "\"") { index += 1 }
    guard peek == UInt8(ascii: "}") else {
      throw DotEnvFile.Problem(
        message: "`${` is not closed", range: start..<index,
        help: "write `}` after the name; for the two characters themselves use single quotes")
    }
    let content = text(inside..<index)
    index += 1
    let range = start..<index
    let name = content.prefix { $0 != ":" }
    guard let first = name.utf8.first, isLetter(first) || first == UInt8(ascii: "_"),
      name.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "_.-".utf8.contains($0) })
    else {
      throw DotEnvFile.Problem(
        message: "`${\(content)}` names no variable", range: range, help: "write `${NAME}` or `${NAME:-default}`")
    }
    let rest = content[name.endIndex...]
    if rest.isEmpty { return .reference(String(name), fallback: nil, range: range) }
    guard rest.hasPrefix(":-") else {
      throw DotEnvFile.Problem(
        message: "`${\(name)\(rest.prefix(2))…}` is not understood", range: range,
        help: "write `${NAME}` or `${NAME:-default}`")
    }
    let fallback = String(rest.dropFirst(2))
    guard !InterpolationText.hasReference(fallback) else {
      throw DotEnvFile.Problem(message: "a default cannot hold another `${…}`", range: range)
    }
    return .reference(String(name), fallback: fallback, range: range)
  }

  private func unclosed(_ open: Int) -> DotEnvFile.Problem {
    DotEnvFile.Problem(
      message: "the quote is not closed", range: open..<open + 1, help: "end the value with the same quote")
  }

  // MARK: Bytes

  private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }
  private func peek(_ ahead: Int) -> UInt8? { index + ahead < bytes.count ? bytes[index + ahead] : nil }

  private mutating func skipBlanks() {
    while let byte = peek, isBlank(byte) { index += 1 }
  }

  private mutating func skipLine() {
    while let byte = peek, !isEnd(byte) { index += 1 }
  }

  /// Bytes of the character that begins there; none at the end of the file.
  private func width(at start: Int) -> Int {
    guard start < bytes.count else { return 0 }
    return 1 + bytes[(start + 1)...].prefix { $0 & 0xC0 == 0x80 }.count
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
  private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
  private func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
  private func isLetter(_ byte: UInt8) -> Bool {
    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }
}

/// Parts of a value under construction: neighbouring bytes become one text.
private struct PartList {
  private var parts: [DotEnvFile.Part] = []
  private var pending: [UInt8] = []

  mutating func append(_ byte: UInt8) { pending.append(byte) }
  mutating func append(_ bytes: [UInt8]) { pending += bytes }

  mutating func append(_ part: DotEnvFile.Part) {
    flush()
    parts.append(part)
  }

  private mutating func flush() {
    guard !pending.isEmpty else { return }
    parts.append(.text(String(decoding: pending, as: UTF8.self)))
    pending.removeAll()
  }

  var finished: [DotEnvFile.Part] {
    var list = self
    list.flush()
    return list.parts
  }
}
