import GatewayJSON

/// A typed value that files refer to as `${settings.name}`.
public struct Setting: NamedEntry {
  public var name: Located<String> = ""
  public var shape = SettingShape()
  /// What the setting is, after all sources were looked at. Nil only with a diagnostic.
  public var value: JSONValue?
  /// The parts that have a value of their own, with what gave it: one for a scalar or a list, one for each property of
  /// an object and each entry of a map.
  public var leaves: [SettingLeaf] = []

  public init() {}

  /// Whether any part of it is one.
  public var isSecret: Bool { shape.holdsSecret }
}

/// What a setting, a property of one, or an item of a list is declared to be.
public struct SettingShape: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case string, integer, number, boolean, duration, size, `enum`, url, list, object, map, secret
  }

  public var kind = Kind.string
  /// True: the value never appears in diagnostics, dumps or logs.
  public var isSecret = false
  /// Variables that give the value, in this order; without the prefix, as they are.
  public var variables: [Located<String>] = []
  /// Keywords of JSON Schema that the value has to fit.
  public var keywords = JSONObject()
  /// Of a `url`; empty: any.
  public var schemes: [String] = []
  /// Of a list that may be written as text with this between its items.
  public var separator: String?
  /// One sentence, for people.
  public var summary: String?
  /// Of lists and maps; one at most, in an array because a shape cannot hold a shape.
  var element: [SettingShape] = []
  public var properties: [Property] = []
  /// Where the value is read from when no source has one.
  var fallback: Cursor?
  var location = Location.none
  /// The declaration has a mistake that has been told: what its value would be is not known.
  var isBroken = false

  public struct Property: NamedEntry {
    public var name: Located<String> = ""
    public var shape = SettingShape()

    public init() {}
  }

  public init() {}

  /// Of the items of a list and the values of a map.
  public var items: SettingShape { element.first ?? SettingShape() }

  var holdsSecret: Bool {
    isSecret || element.contains(where: \.holdsSecret) || properties.contains { $0.shape.holdsSecret }
  }

  /// `default: null`: the setting may be nothing.
  var isNullable: Bool { fallback?.node.isNull ?? false }

  /// In the words of `expected:`.
  var words: String {
    let base: String =
      switch kind {
      case .string, .secret: "a string"
      case .integer: "an integer"
      case .number: "a number"
      case .boolean: "`true` or `false`"
      case .duration: "a duration such as `250ms`, `5s` or `2m`"
      case .size: "a size such as `64KiB` or `1MiB`"
      case .enum: "one of " + NearestWord.list((keywords["enum"]?.array ?? []).map { $0.string ?? JSONText.compact($0) })
      case .url: schemes.isEmpty ? "a URL" : "a URL with the scheme " + NearestWord.list(schemes)
      case .list: "a list"
      case .object, .map: "a mapping"
      }
    let rest = keywords.members.filter { $0.name != "enum" || kind != .enum }.map {
      "`\($0.name)` \(JSONText.compact($0.value))"
    }
    return rest.isEmpty ? base : base + " (" + rest.joined(separator: ", ") + ")"
  }
}

/// One value that a setting is made of.
public struct SettingLeaf: Sendable {
  /// `timeouts.connect`.
  public var path: String
  public var kind: SettingShape.Kind
  public var isSecret: Bool
  public var value: JSONValue
  public var source: SettingSource
  /// The declaration's `description`.
  public var summary: String?

  /// The value for people: never a secret, and no password inside a URL.
  public var shown: String {
    guard let open else { return SecretRedactor.words(SecretText.count(value)) }
    return open.string ?? JSONText.compact(open)
  }

  /// The same with its type; nil for secrets.
  public var open: JSONValue? {
    // Not `? nil :`, which would be JSON's null.
    if isSecret { return nil }
    return SecretText.withoutPasswords(value)
  }
}

/// What gave a value.
public enum SettingSource: Sendable, Equatable {
  case environment(variable: String)
  /// `place` is the value's in the `.env` file.
  case envFile(path: String, variable: String, place: Location)
  case secretFile(path: String)
  /// The declaration's `default`.
  case fallback(Location)
  /// An overlay, or `--override` on the command line.
  case overlay(Location)

  /// The subject of a sentence.
  var words: String {
    switch self {
    case .environment(let variable), .envFile(_, let variable, _): "the environment variable `\(variable)`"
    case .secretFile(let path): "the secret file `\(path)`"
    case .fallback: "the default"
    case .overlay: "the overlay"
    }
  }
}

/// However a setting gets into a text, a secret does not.
extension Setting: CustomStringConvertible, CustomReflectable {
  public var description: String {
    "\(name.value): \(isSecret ? "(secret)" : value.map { JSONText.compact(SecretText.withoutPasswords($0)) } ?? "(no value)")"
  }

  public var customMirror: Mirror {
    let shown: Any = isSecret ? "(secret)" : value.map(SecretText.withoutPasswords) as Any
    return Mirror(
      self,
      children: [
        "name": name, "kind": shape.kind, "variables": shape.variables, "isSecret": isSecret, "value": shown,
        "leaves": leaves,
      ], displayStyle: .struct)
  }
}

extension SettingLeaf: CustomStringConvertible, CustomReflectable {
  public var description: String { "\(path): \(shown)" }

  public var customMirror: Mirror {
    Mirror(self, children: ["path": path, "shown": shown, "source": source.words], displayStyle: .struct)
  }
}

enum JSONText {
  static func compact(_ value: JSONValue) -> String {
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

enum SecretText {
  /// Bytes of the text, or of the JSON that a secret list or number is.
  static func count(_ value: JSONValue) -> Int { (value.string ?? JSONText.compact(value)).utf8.count }

  /// Whatever looks like a URL is taken for one: connection strings are often declared as plain strings.
  static func withoutPasswords(_ value: JSONValue) -> JSONValue {
    switch value {
    case .string(let text): .string(SettingURL.withoutPassword(text))
    case .array(let items): .array(items.map(withoutPasswords))
    case .object(let object): .object(JSONObject(object.members.map { ($0.name, withoutPasswords($0.value)) }))
    case .null, .bool, .number: value
    }
  }

  /// Every text in the value.
  static func texts(in value: JSONValue) -> [String] {
    switch value {
    case .string(let text): [text]
    case .number(let number): [number.text]
    case .array(let items): items.flatMap(texts)
    case .object(let object): object.members.flatMap { texts(in: $0.value) }
    case .null, .bool: []
    }
  }
}
