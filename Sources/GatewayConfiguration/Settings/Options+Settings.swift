import GatewayJSON
import GatewaySchema
import GatewayYAML

/// A setting as the file declares it.
struct SettingDraft: Sendable {
  var kind: SettingShape.Kind?
  var variables: [Located<String>] = []
  var fallback: Cursor?
  var isSecret = false
  var words: LocatedJSON?
  var items: SettingShape?
  var values: SettingShape?
  var properties: [SettingShape.Property] = []
  var schemes: [Located<String>] = []
  var separator: Located<String>?
  var summary: String?
  var keywords = JSONObject()

  static let section = Section<SettingDraft>(
    "settings", "A value that the rest of the file refers to as `${settings.name}`.", make: SettingDraft()
  ) {
    Option(
      "type", optional: \.kind, Kind<SettingShape.Kind>.word.map { $0 }, default: "string",
      "What the value is read as. `secret` is a string that is never shown.")
    Option(
      "env", \.variables,
      .list(of: Kind.string("the name of an environment variable").located, atLeast: 1, isSingleAllowed: true),
      default: "the prefix and the name, where `settings_from` has an `env_prefix`",
      "The variable that gives the value, or several that are tried in this order; the prefix is not put before them.")
    Option(
      "default", optional: \.fallback, .written, default: "none: some source has to give the value",
      "The value where no source has one; `null` for a setting that may be nothing.")
    Option("secret", \.isSecret, .boolean, "The value is never shown in diagnostics, dumps or logs.")
    Option("enum", optional: \.words, .json, default: "none", "The only values there are.")
    Option("items", optional: \.items, .settingShape, default: "string", "Of a list: what each item is.")
    Option("values", optional: \.values, .settingShape, default: "string", "Of a map: what each value is.")
    Option(
      "properties", \.properties, .named("settings", .settingProperty), default: "{}",
      "Of an object: its parts, declared like settings.")
    Option(
      "separator", optional: \.separator, Kind.string("a text such as `,`").located, default: "none: JSON",
      "Of a list of scalars: stands between the items where a variable or a file gives them; JSON is understood too.")
    Option(
      "schemes", \.schemes, .list(of: Kind.string("a scheme such as `https`").located, isSingleAllowed: true),
      default: "any", "Of a URL: what it may begin with.")
    Option("description", optional: \.summary, .string("a sentence"), default: "none", "For people.")
    SettingDraft.keyword("minimum", "Of integers, numbers, durations and sizes: the smallest value.")
    SettingDraft.keyword("maximum", "Of integers, numbers, durations and sizes: the largest value.")
    SettingDraft.keyword("exclusiveMinimum", "Of integers and numbers: values have to be above it.")
    SettingDraft.keyword("exclusiveMaximum", "Of integers and numbers: values have to be below it.")
    SettingDraft.keyword("multipleOf", "Of integers and numbers: what divides them.")
    SettingDraft.keyword("minLength", "Of strings, in code points.")
    SettingDraft.keyword("maxLength", "Of strings, in code points.")
    SettingDraft.keyword("pattern", "Of strings: an ECMA-262 regular expression that must match somewhere.")
    SettingDraft.keyword("format", "Of strings: a format of JSON Schema such as `email` or `ipv4`.")
    SettingDraft.keyword("minItems", "Of lists.")
    SettingDraft.keyword("maxItems", "Of lists.")
    SettingDraft.keyword("uniqueItems", "Of lists: no two items are equal.")
    SettingDraft.keyword("minProperties", "Of maps.")
    SettingDraft.keyword("maxProperties", "Of maps.")
  }

  /// A keyword of JSON Schema, kept as it is and checked when the type is known.
  private static func keyword(_ name: String, _ doc: String) -> Option<SettingDraft> {
    Option(name, \.keywords[keyword: name], .json, default: "none", doc)
  }
}

extension JSONObject {
  fileprivate subscript(keyword name: String) -> LocatedJSON {
    get { LocatedJSON(self[name] ?? .null) }
    set { self[name] = newValue.value }
  }
}

extension Kind where Value == Cursor {
  /// A value that is read when it is known as what.
  static var written: Kind { Kind("any value", schema: .bool(true)) { cursor, _ in cursor } }
}

extension Kind where Value == SettingShape {
  /// `type`, or a mapping with more about it.
  static var settingShape: Kind {
    .section(SettingDraft.section) { $2.shape($0, $1) }.orShort(
      Kind<SettingShape.Kind>.word.map { kind in
        var shape = SettingShape()
        shape.kind = kind
        shape.isSecret = kind == .secret
        return shape
      })
  }
}

extension Kind where Value == SettingShape.Property {
  static var settingProperty: Kind {
    Kind("a setting", schema: Kind<SettingShape>.settingShape.schema, sections: [SettingDraft.section]) {
      cursor, decoder in
      // Before anything is said: mistakes in the declaration are told with its lines.
      if let fallback = cursor.child("default"), cursor.mayDeclareSecret {
        for text in fallback.node.scalarTexts { decoder.diagnostics.sources.secrets.add(text) }
      }
      return Kind<SettingShape>.settingShape.read(cursor, decoder).map { shape in
        var property = SettingShape.Property()
        property.shape = shape
        property.shape.location = cursor.keyLocation
        return property
      }
    }
  }
}

extension Cursor {
  /// Whether a setting is secret, or was most likely meant to be.
  fileprivate var mayDeclareSecret: Bool {
    if let flag = child("secret"), flag.node.scalar?.text.lowercased() != "false" { return true }
    guard let type = child("type")?.node.scalar?.text.lowercased() else { return false }
    return type == "secret" || NearestWord.of(type, among: ["string", "secret"]) == "secret"
  }
}

extension YAMLNode {
  fileprivate var scalarTexts: [String] {
    switch content {
    case .scalar(let scalar): InterpolationText.hasReference(scalar.text) ? [] : [scalar.text]
    case .sequence(let items): items.flatMap(\.scalarTexts)
    case .mapping(let pairs): pairs.flatMap(\.value.scalarTexts)
    }
  }
}

extension Kind where Value == [Setting] {
  /// Settings are read before anything else, because all that follows may refer to them; here they are handed over.
  static var settings: Kind {
    let list = Kind<[SettingShape.Property]>.named("settings", .settingProperty)
    return Kind(list.type, schema: list.schema, sections: list.sections, show: { _ in "{}" }) { _, decoder in
      decoder.settings
    }
  }
}

extension FileDecoder {
  /// Makes the shape of a draft, or tells what in it does not go together.
  fileprivate func shape(_ draft: SettingDraft, _ cursor: Cursor) -> SettingShape {
    var shape = SettingShape()
    shape.kind = draft.kind ?? draft.impliedKind
    shape.isSecret = draft.isSecret || shape.kind == .secret
    shape.variables = draft.variables
    shape.fallback = draft.fallback
    shape.keywords = draft.keywords
    shape.properties = draft.properties
    shape.separator = draft.separator?.value
    shape.schemes = draft.schemes.map { $0.value.lowercased() }
    shape.summary = draft.summary
    shape.location = cursor.keyLocation
    shape.element = [draft.items ?? draft.values].compactMap(\.self)
    if let words = draft.words { shape.keywords["enum"] = words.value }
    // Without its type nothing else can be judged.
    let isKnown = draft.kind != nil || cursor.child("type") == nil
    shape.isBroken = !isKnown || !fits(shape, cursor)
    return shape
  }

  /// Keys that another type has are told with the type that this one is.
  private func fits(_ shape: SettingShape, _ cursor: Cursor) -> Bool {
    var isFine = true
    let always: Set = ["type", "env", "default", "secret", "description"]
    let own = always.union(shape.kind.keys)
    for entry in cursor.entries ?? [] where !own.contains(entry.text) && SettingDraft.section.keys.contains(entry.text) {
      error(
        .conflict, "a setting of type `\(shape.kind.rawValue)` has no `\(entry.text)`", at: entry,
        place: entry.keyLocation,
        expected: shape.kind.keys.isEmpty ? "no further key" : NearestWord.list(shape.kind.keys))
      isFine = false
    }
    if shape.kind == .enum, shape.keywords["enum"] == nil {
      error(
        .missingKey, "`\(cursor.keyPath)` needs the key `enum`", at: cursor, place: cursor.keyLocation,
        expected: "`enum`: a list of the values there are")
      isFine = false
    }
    if shape.separator != nil, [.list, .object, .map].contains(shape.items.kind), let entry = cursor.child("separator") {
      error(
        .conflict, "items that are \(shape.items.words) cannot stand between separators", at: entry,
        place: entry.keyLocation, help: "such a list is written as JSON")
      isFine = false
    }
    // Bounds of durations and sizes have units, so JSON Schema does not know them.
    if shape.kind == .duration || shape.kind == .size {
      for name in ["minimum", "maximum"] {
        guard let bound = shape.keywords[name], shape.kind.amount(bound) == nil, let entry = cursor.child(name) else {
          continue
        }
        mismatch(entry, shape.kind == .size ? "a size such as `1MiB`" : "a duration such as `5s`")
        isFine = false
      }
      return isFine
    }
    for problem in SchemaCompiler.check(.object(shape.keywords)).problems {
      let name = problem.pointer.dropFirst().prefix { $0 != "/" }
      error(
        .invalidValue, "`\(cursor.keyPath).\(name)`: \(problem.message)", at: cursor.child(String(name)) ?? cursor)
      isFine = false
    }
    return isFine
  }
}

extension SettingDraft {
  /// What the other keys say, where there is no `type`.
  fileprivate var impliedKind: SettingShape.Kind {
    if words != nil { return .enum }
    if !properties.isEmpty { return .object }
    if items != nil { return .list }
    return values != nil ? .map : .string
  }
}

extension SettingShape.Kind {
  /// Keys that settings of this type have beside those that all have.
  fileprivate var keys: [String] {
    switch self {
    case .string, .secret: ["minLength", "maxLength", "pattern", "format", "enum"]
    case .integer, .number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum"]
    case .duration, .size: ["minimum", "maximum"]
    case .enum: ["enum"]
    case .url: ["schemes", "maxLength", "pattern"]
    case .list: ["items", "separator", "minItems", "maxItems", "uniqueItems"]
    case .object: ["properties"]
    case .map: ["values", "minProperties", "maxProperties"]
    case .boolean: []
    }
  }

  /// A duration in milliseconds, a size in bytes; nil where the text is neither.
  func amount(_ value: JSONValue) -> Int64? {
    guard let text = value.string else { return nil }
    switch self {
    case .size: return SizeText.parse(text).map(Int64.init)
    case .duration:
      guard let parts = DurationText.parse(text)?.components else { return nil }
      // Durations are whole milliseconds, and fit: they were parsed from them.
      return parts.seconds &* 1000 &+ parts.attoseconds / 1_000_000_000_000_000
    default: return nil
    }
  }
}
