import GatewayJSON
import GatewayYAML

/// A value to be written as YAML, with comments.
struct YAMLTree {
  indirect enum Content {
    case scalar(JSONValue)
    case sequence([YAMLTree])
    case mapping([(key: String, value: YAMLTree)])
  }

  var content: Content
  /// Lines above the entry, without `#`.
  var comments: [String] = []
  /// Written with one entry a line, even where a line could hold all.
  var isBlock = false
  /// An empty line above each entry.
  var isSpaced = false

  init(_ content: Content, comments: [String] = []) {
    self.content = content
    self.comments = comments
  }

  init(_ value: JSONValue, comments: [String] = []) {
    switch value {
    case .array(let items): content = .sequence(items.map { YAMLTree($0) })
    case .object(let object): content = .mapping(object.members.map { ($0.name, YAMLTree($0.value)) })
    default: content = .scalar(value)
    }
    self.comments = comments
  }
}

/// Writes YAML 1.2 that reads back as the same value: block style, and flow style for what is short.
struct YAMLWriter {
  private static let width = 112
  private var lines: [String] = []

  static func text(_ tree: YAMLTree) -> String {
    var writer = YAMLWriter()
    writer.comments(tree.comments, indent: 0)
    writer.block(tree, indent: 0)
    return writer.lines.joined(separator: "\n") + "\n"
  }

  private mutating func comments(_ comments: [String], indent: Int) {
    for comment in comments {
      // Whatever an input holds, a comment stays one: every line break of YAML (§5.4) and more begin a new line of it.
      for line in comment.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
        let visible = String(
          String.UnicodeScalarView(line.unicodeScalars.filter { $0 == "\t" || YAMLText.isPrintable($0) }))
        lines.append(blanks(indent) + (visible.isEmpty ? "#" : "# " + visible))
      }
    }
  }

  private mutating func block(_ tree: YAMLTree, indent: Int) {
    switch tree.content {
    case .mapping(let entries) where !entries.isEmpty:
      for (index, entry) in entries.enumerated() {
        if tree.isSpaced, index > 0 { lines.append("") }
        comments(entry.value.comments, indent: indent)
        if YAMLText.isLongKey(entry.key) {
          lines.append(blanks(indent) + "? " + YAMLText.string(entry.key))
          value(entry.value, after: blanks(indent) + ":", indent: indent)
        } else {
          value(entry.value, after: blanks(indent) + YAMLText.key(entry.key) + ":", indent: indent)
        }
      }
    case .sequence(let items) where !items.isEmpty:
      for (index, item) in items.enumerated() {
        if tree.isSpaced, index > 0 { lines.append("") }
        comments(item.comments, indent: indent)
        self.item(item, indent: indent)
      }
    case .mapping: lines.append(blanks(indent) + "{}")
    case .sequence: lines.append(blanks(indent) + "[]")
    case .scalar(let value): lines.append(blanks(indent) + YAMLText.scalar(value, inFlow: false))
    }
  }

  private mutating func value(_ value: YAMLTree, after head: String, indent: Int) {
    switch value.content {
    case .scalar(.string(let text)):
      guard let body = YAMLText.literal(text) else {
        lines.append(head + " " + YAMLText.string(text, inFlow: false))
        return
      }
      lines.append(head + " " + body.header)
      for line in body.lines { lines.append(line.isEmpty ? "" : blanks(indent + 2) + line) }
    case .scalar(let scalar): lines.append(head + " " + YAMLText.scalar(scalar, inFlow: false))
    case .sequence(let items) where items.isEmpty: lines.append(head + " []")
    case .mapping(let entries) where entries.isEmpty: lines.append(head + " {}")
    default:
      if !value.isBlock, let flow = YAMLText.flow(value, width: Self.width - head.count - 1) {
        lines.append(head + " " + flow)
      } else {
        lines.append(head)
        block(value, indent: indent + 2)
      }
    }
  }

  private mutating func item(_ item: YAMLTree, indent: Int) {
    let head = blanks(indent) + "-"
    // The first entry of a mapping stands behind the dash, the others below it.
    if item.isBlock || YAMLText.flow(item, width: Self.width - head.count - 1) == nil,
      case .mapping(let entries) = item.content, let first = entries.first, first.value.comments.isEmpty,
      !YAMLText.isLongKey(first.key)
    {
      value(first.value, after: head + " " + YAMLText.key(first.key) + ":", indent: indent + 2)
      var rest = item
      rest.content = .mapping(Array(entries.dropFirst()))
      if entries.count > 1 { block(rest, indent: indent + 2) }
      return
    }
    value(item, after: head, indent: indent)
  }

  private func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}

/// Scalars and flow collections as text.
enum YAMLText {
  /// On one line of at most `width` characters; nil where that is too short or a comment is in it. It gives up as soon
  /// as the line is full, so that asking again at each level is not quadratic.
  static func flow(_ tree: YAMLTree, width: Int) -> String? {
    let open: String
    let close: String
    let count: Int
    switch tree.content {
    case .scalar(let value):
      let text = scalar(value, inFlow: true)
      return text.count <= width ? text : nil
    case .sequence(let items): (open, close, count) = ("[", "]", items.count)
    case .mapping(let entries):
      (open, close, count) = (entries.isEmpty ? "{" : "{ ", entries.isEmpty ? "}" : " }", entries.count)
    }
    var text = open
    for index in 0..<count {
      if index > 0 { text += ", " }
      let child: YAMLTree
      switch tree.content {
      case .sequence(let items): child = items[index]
      case .mapping(let entries):
        guard !isLongKey(entries[index].key) else { return nil }
        text += key(entries[index].key) + ": "
        child = entries[index].value
      case .scalar: return nil
      }
      let room = width - text.count - close.count
      guard room > 0, child.comments.isEmpty, !child.isBlock, let part = flow(child, width: room) else { return nil }
      text += part
    }
    text += close
    return text.count <= width ? text : nil
  }

  /// §7.4.2: a key of more than 1024 characters has to be said to be one.
  static func isLongKey(_ text: String) -> Bool { text.utf8.count > 256 && string(text).utf8.count > 1000 }

  static func scalar(_ value: JSONValue, inFlow: Bool) -> String {
    switch value {
    case .null, .array, .object: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let number): number.text
    case .string(let text): string(text, inFlow: inFlow)
    }
  }

  /// A key is its text, whatever that would mean as a value: a status needs no quotes.
  static func key(_ text: String) -> String {
    !text.isEmpty && text.utf8.count < 10 && text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } ? text : string(text)
  }

  /// Plain where it reads back as the same string, else in double quotes.
  static func string(_ text: String, inFlow: Bool = true) -> String {
    isPlain(text, inFlow: inFlow) ? text : quoted(text)
  }

  /// YAML 1.2 §7.3.3, tightened so that it holds for readers of YAML 1.1, too, for which `yes`, `on` and `12:30` are no
  /// strings. Flow collections and keys allow less than values in block collections.
  static func isPlain(_ text: String, inFlow: Bool) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last, last != UInt8(ascii: " "), text.utf8.count <= 1024
    else { return false }
    // Indicators (§5.3), and what begins numbers in one of the two versions.
    guard !"-?:,[]{}#&*!|>'\"%@` .+~=<0123456789".utf8.contains(first) else { return false }
    var previous: UInt8 = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        break
      case UInt8(ascii: " "): if previous == UInt8(ascii: ":") { return false }
      case UInt8(ascii: "#"): if previous == UInt8(ascii: " ") { return false }
      case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
        if inFlow { return false }
      default: if !"_-./()+*=:;~@$%^&<>!?|\\'\"`".utf8.contains(byte) { return false }
      }
      previous = byte
    }
    if last == UInt8(ascii: ":") { return false }
    if ["yes", "no", "on", "off", "y", "n"].contains(text.lowercased()) { return false }
    // The reader itself has the last word.
    return YAMLNode(.scalar(YAMLScalar(text, style: .plain)), mark: .start(ofFile: 0)).resolved == .string(text)
  }

  /// §5.7, in the escapes that JSON has, too, but for the eight-digit form.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if isPrintable(scalar) {
          out.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          let width = scalar.value > 0xFFFF ? 8 : 4
          out += (width == 8 ? "\\U" : "\\u") + String(repeating: "0", count: max(width - digits.count, 0)) + digits
        }
      }
    }
    return out + "\""
  }

  /// §5.1, without line breaks, the tab, and what is invisible or changes the direction of writing.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0x200A, 0x2010...0x2027, 0x202F...0x205F, 0x2070...0xD7FF, 0xE000...0xFDCF,
      0xFDF0...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x1FFFD:
      true
    default: false
    }
  }

  /// A literal block scalar (§8.1.2) for text of several lines; nil where it could not hold the text exactly.
  static func literal(_ text: String) -> (header: String, lines: [String])? {
    guard text.unicodeScalars.contains("\n"),
      text.unicodeScalars.allSatisfy({ $0 == "\n" || isPrintable($0) })
    else { return nil }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    // Blank lines at the start or end, and an indented first line, need indicators that few readers know.
    guard let first = lines.first, !first.isEmpty, first.first != " " else { return nil }
    var header = "|-"
    if lines.last == "" {
      lines.removeLast()
      header = "|"
    }
    guard let last = lines.last, !last.isEmpty, !lines.contains(where: { $0.allSatisfy { $0 == " " } && !$0.isEmpty })
    else { return nil }
    return (header, lines)
  }
}
