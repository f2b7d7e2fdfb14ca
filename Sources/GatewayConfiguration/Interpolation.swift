import GatewayJSON
import GatewayYAML

/// `${settings.name}`, `${env:NAME}` and `${file:path}` inside scalars; `$${` writes `${`. What is put in is not
/// looked at again, so a value cannot smuggle in a reference.
struct Interpolation {
  var environment: Environment
  var directory: String
  /// Nil until the section `settings` is read: settings cannot refer to settings.
  var settings: [String: Setting]?
  private(set) var usedSettings: Set<String> = []
  private(set) var usedVariables: Set<String> = []
  private var files: [String: Result<String, FileProblem>] = [:]
  private var budget = Interpolation.largestTotal

  /// Bytes of one `${file:…}`.
  static let largestFile = 1 << 20
  /// Bytes that all references together may put in: one large file, referred to a million times, is a bomb too.
  static let largestTotal = 32 << 20

  struct Expanded {
    var text: String
    /// The value of the one setting that the scalar consists of, with its type.
    var setting: YAMLValue?
    /// Nothing but `$${` was replaced.
    var isEscapeOnly: Bool
  }

  struct Problem: Error {
    var message: String
    /// UTF-8 offsets in the scalar's text.
    var range: Range<Int>
    var expected: String?
    var suggestion: String?
    var help: String?
    /// Told already, where the setting is declared.
    var isKnown = false
  }

  init(environment: Environment, directory: String) {
    self.environment = environment
    self.directory = directory
  }

  /// References elsewhere count too: a setting that only an overlay uses is used.
  mutating func use(_ names: Set<String>) { usedSettings.formUnion(names) }

  mutating func expand(_ text: String) -> Result<Expanded, Problem> {
    var result = ""
    var rest = text[...]
    var references = 0
    var setting: YAMLValue?
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        result += "${"
        rest = rest.dropFirst(3)
        continue
      }
      guard rest.hasPrefix("${") else {
        result += "$"
        rest = rest.dropFirst()
        continue
      }
      let start = text.utf8.distance(from: text.startIndex, to: dollar)
      guard let close = rest.firstIndex(of: "}") else {
        return .failure(
          Problem(
            message: "`${` is not closed", range: start..<text.utf8.count,
            help: "write `}` after the name, or `$${` for the two characters themselves"))
      }
      let name = rest[rest.index(dollar, offsetBy: 2)..<close]
      rest = rest[rest.index(after: close)...]
      let end = text.utf8.distance(from: text.startIndex, to: rest.startIndex)
      switch value(of: String(name), range: start..<end) {
      case .failure(let problem): return .failure(problem)
      case .success(let value):
        references += 1
        result += value.text
        budget -= value.text.utf8.count
        if start == 0, rest.isEmpty { setting = value.setting }
      }
      guard budget >= 0 else {
        return .failure(
          Problem(
            message: "all references together put in more than \(SizeText.format(Interpolation.largestTotal))",
            range: start..<end))
      }
    }
    return .success(Expanded(text: result + rest, setting: setting, isEscapeOnly: references == 0))
  }

  private mutating func value(
    of name: String, range: Range<Int>
  ) -> Result<(text: String, setting: YAMLValue?), Problem> {
    if name.hasPrefix("settings.") {
      return setting(String(name.dropFirst("settings.".count)), range).map { ($0.text, $0.value) }
    }
    if name.hasPrefix("env:") {
      let variable = String(name.dropFirst("env:".count))
      usedVariables.insert(variable)
      guard let value = environment.variables[variable] else {
        return .failure(
          Problem(
            message: "the environment variable `\(variable)` is not set", range: range,
            suggestion: NearestWord.of(variable, among: environment.variables.keys.sorted()).map { "${env:\($0)}" },
            help: "set it, or declare it under `settings` with a default"))
      }
      return .success((value, nil))
    }
    if name.hasPrefix("file:") {
      let path = String(name.dropFirst("file:".count))
      switch file(path) {
      case .success(let text): return .success((text, nil))
      case .failure(let problem):
        return .failure(Problem(message: "the file `\(path)` \(problem.sentence)", range: range))
      }
    }
    let prefixes = ["settings.", "env:", "file:"]
    let word = String(name.prefix { $0 != "." && $0 != ":" })
    let near = NearestWord.of(word, among: ["settings", "env", "file"])
    let known = settings?[name] != nil ? "settings.\(name)" : nil
    return .failure(
      Problem(
        message: "`${\(name)}` refers to nothing", range: range,
        expected: NearestWord.list(prefixes.map { "${\($0)…}" }),
        suggestion: known.map { "${\($0)}" }
          ?? near.flatMap { near in
            prefixes.first { $0.hasPrefix(near) }.map { "${" + $0 + name.dropFirst(word.count + 1) + "}" }
          },
        help: "for the two characters themselves write `$${`"))
  }

  private mutating func setting(_ name: String, _ range: Range<Int>) -> Result<
    (text: String, value: YAMLValue), Problem
  > {
    guard let settings else {
      return .failure(
        Problem(
          message: "a setting cannot refer to another setting", range: range, expected: "`${env:…}` or `${file:…}`"))
    }
    let head = String(name.prefix { $0 != "." })
    guard let setting = settings[head] else {
      let names = settings.keys.sorted()
      return .failure(
        Problem(
          message: "there is no setting `\(head)`", range: range,
          expected: names.isEmpty ? "an entry under `settings`" : NearestWord.list(names),
          suggestion: NearestWord.of(head, among: names).map { "${settings.\($0)\(name.dropFirst(head.count))}" }))
    }
    use(name)
    guard setting.value != nil else { return .failure(Problem(message: "", range: range, isKnown: true)) }
    switch value(atPath: name) {
    case .string(let text): return .success((text, .string(text)))
    case .bool(let value): return .success(("\(value)", .bool(value)))
    case .number(let number): return .success((number.text, CoreSchemaValue.number(number.text)))
    case .null: return .success(("", .null))
    case .array, .object:
      return .failure(
        Problem(
          message: "`\(name)` is more than one value, and cannot be part of a text", range: range,
          help: "write it alone: `${settings.\(name)}`"))
    case nil:
      let parts = setting.value?.object?.members.map(\.name) ?? []
      return .failure(
        Problem(
          message: "the setting `\(head)` has no part `\(name.dropFirst(head.count + 1))`", range: range,
          expected: parts.isEmpty ? "`${settings.\(head)}`" : NearestWord.list(parts.map { "\(head).\($0)" })))
    }
  }

  /// Such as `timeouts.connect` or `hosts.0`; keys of maps may hold dots.
  func value(atPath path: String) -> JSONValue? {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let head = parts.first, let value = settings?[head]?.value else { return nil }
    return Self.part(of: value, parts.dropFirst())
  }

  private static func part(of value: JSONValue, _ path: ArraySlice<String>) -> JSONValue? {
    guard let first = path.first else { return value }
    switch value {
    case .array(let items):
      guard let index = Int(first), items.indices.contains(index) else { return nil }
      return part(of: items[index], path.dropFirst())
    case .object(let object):
      if let member = object[first], let found = part(of: member, path.dropFirst()) { return found }
      guard path.count > 1 else { return nil }
      for count in 2...path.count {
        if let member = object[path.prefix(count).joined(separator: ".")],
          let found = part(of: member, path.dropFirst(count))
        {
          return found
        }
      }
      return nil
    default: return nil
    }
  }

  mutating func use(_ path: String) { usedSettings.insert(String(path.prefix { $0 != "." })) }

  private mutating func file(_ path: String) -> Result<String, FileProblem> {
    let path = Paths.joined(path, to: directory)
    if let known = files[path] { return known }
    let result = environment.read(path, Interpolation.largestFile).flatMap { bytes in
      guard var text = String(validating: bytes, as: UTF8.self) else {
        return Result<String, FileProblem>.failure(.other("it is not UTF-8 text"))
      }
      // Secrets are often written with `echo`: one line end at the end is not part of them.
      if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
      return .success(text)
    }
    files[path] = result
    return result
  }
}

private enum CoreSchemaValue {
  static func number(_ text: String) -> YAMLValue {
    YAMLNode(.scalar(YAMLScalar(text, style: .plain)), mark: .start(ofFile: 0)).resolved ?? .string(text)
  }
}

enum InterpolationText {
  /// Whether the text holds `${`. Asked for every scalar of the file: `contains` of the standard library makes of it 8 %
  /// of the load of 1,000 routes.
  static func hasReference(_ text: String) -> Bool {
    var last: UInt8 = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "{"), last == UInt8(ascii: "$") { return true }
      last = byte
    }
    return false
  }
}
