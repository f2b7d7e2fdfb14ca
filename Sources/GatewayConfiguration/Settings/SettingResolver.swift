import GatewayJSON
import GatewaySchema
import GatewayYAML

/// Works out the values of settings: what the sources give, read as what the file declares, everything wrong told.
struct SettingResolver {
  let decoder: FileDecoder
  var sources: SettingSources
  /// Of the setting in hand.
  private var name: Located<String> = ""
  private var top = SettingShape()
  private var names = SettingSources.Names(variables: [], files: [])
  private var leaves: [SettingLeaf] = []
  private var schemas: [String: Schema] = [:]

  init(_ decoder: FileDecoder, _ sources: SettingSources) {
    self.decoder = decoder
    self.sources = sources
  }

  mutating func resolve(_ name: Located<String>, _ shape: SettingShape) -> Setting {
    self.name = name
    top = shape
    names = sources.names(of: name.value, shape)
    leaves = []
    var setting = Setting()
    setting.name = name
    setting.shape = shape
    let raw = gather(shape, names)
    setting.value = value(raw, shape, names, path: [])
    setting.leaves = leaves
    return setting
  }

  // MARK: Reading

  /// Nil with a diagnostic, never without.
  private mutating func value(
    _ raw: RawSetting?, _ shape: SettingShape, _ names: SettingSources.Names, path: [String]
  ) -> JSONValue? {
    if shape.isBroken { return nil }
    var raw = raw
    // An overlay stands where the default does, and of an object fills in what it says.
    for overlaid in path.isEmpty ? decoder.overlaySettings[name.value] ?? [] : [] {
      if raw == nil {
        raw = written(overlaid, shape)
      } else if shape.kind == .object, case .members? = raw {
        raw = RawSetting.merged(raw, written(overlaid, shape))
      }
    }
    if let fallback = shape.fallback {
      // The default of an object fills in what the sources leave out; that of anything else is all or nothing.
      if raw == nil {
        raw = written(fallback, shape)
      } else if shape.kind == .object, case .members? = raw {
        raw = RawSetting.merged(raw, written(fallback, shape))
      }
    }
    // An object of which nothing is said may still be made of defaults.
    if raw == nil, shape.kind == .object {
      raw = .members([], .fallback(shape.location))
    }
    guard let raw else {
      missing(shape, names, path)
      return nil
    }
    let value = read(raw, shape, names, path)
    // Parts of objects and entries of maps have leaves of their own.
    guard let value else { return nil }
    if case .object(let object) = value, shape.kind == .object || !object.isEmpty { return value }
    let leaf = SettingLeaf(
      path: ([name.value] + path).joined(separator: "."), kind: shape.kind, isSecret: shape.holdsSecret, value: value,
      source: raw.source ?? .fallback(shape.location), summary: shape.summary)
    leaves.append(leaf)
    return value
  }

  private mutating func read(
    _ raw: RawSetting, _ shape: SettingShape, _ names: SettingSources.Names, _ path: [String]
  ) -> JSONValue? {
    switch raw {
    case .broken: return nil
    case .json(.null, _) where shape.isNullable: return .null
    case .text(let text, let source):
      keepSecret(text, shape)
      if shape.isNullable, text == sources.origin.nullText { return .null }
      return parsed(text, shape, source, path)
    case .json(let value, let source):
      for text in SecretText.texts(in: value) { keepSecret(text, shape) }
      return typed(value, shape, source, path)
    case .members(let members, let source):
      return shape.kind == .map
        ? map(members, shape, names, source, path) : object(members, shape, names, path)
    }
  }

  private mutating func object(
    _ members: [(name: String, value: RawSetting)], _ shape: SettingShape, _ names: SettingSources.Names,
    _ path: [String]
  ) -> JSONValue? {
    var object = JSONObject()
    var isWhole = true
    for property in shape.properties {
      let raw = members.first { $0.name == property.name.value }?.value
      let part = value(
        raw, property.shape, sources.names(of: property, in: names), path: path + [property.name.value])
      if let part { object[property.name.value] = part } else { isWhole = false }
    }
    let known = shape.properties.map(\.name.value)
    for (name, raw) in members where !known.contains(name) {
      isWhole = false
      guard let source = raw.source else { continue }
      let (place, notes) = place(source, shape)
      decoder.diagnostics.error(
        .unknownKey, "\(source.words): `\(([self.name.value] + path).joined(separator: "."))` has no part `\(name)`",
        at: place, expected: NearestWord.list(known), suggestion: NearestWord.of(name, among: known), notes: notes)
    }
    return isWhole ? .object(object) : nil
  }

  private mutating func map(
    _ members: [(name: String, value: RawSetting)], _ shape: SettingShape, _ names: SettingSources.Names,
    _ source: SettingSource, _ path: [String]
  ) -> JSONValue? {
    var object = JSONObject()
    var isWhole = true
    for (key, raw) in members {
      let part = value(raw, shape.items, names.nested(key, sources.origin.delimiter), path: path + [key])
      if let part { object[key] = part } else { isWhole = false }
    }
    guard isWhole else { return nil }
    return checked(.object(object), shape, source, path)
  }

  /// A text of the environment or of a file.
  private mutating func parsed(_ text: String, _ shape: SettingShape, _ source: SettingSource, _ path: [String]) -> JSONValue? {
    var value: JSONValue?
    switch shape.kind {
    case .string, .secret, .duration, .size, .url: value = .string(text)
    case .boolean: value = Self.boolean(text)
    case .integer, .number: value = Self.number(text)
    case .enum:
      // The words may be numbers.
      let words = shape.keywords["enum"]?.array ?? []
      value = words.first { $0.string == text } ?? words.first { $0.string == nil && JSONText.compact($0) == text }
    case .object, .map: value = nil
    case .list:
      if let separator = shape.separator, text.first(where: { !$0.isWhitespace }) != "[" {
        return separated(text, separator, shape, source, path)
      }
      do { value = try JSONValue(parsing: text) } catch {
        report(shape, source, text: text, because: "\(error)", "a list as JSON, such as `[\"a\", \"b\"]`", path: path)
        return nil
      }
    }
    guard let value else {
      report(shape, source, text: text, path: path)
      return nil
    }
    return typed(value, shape, source, path)
  }

  private mutating func separated(
    _ text: String, _ separator: String, _ shape: SettingShape, _ source: SettingSource, _ path: [String]
  ) -> JSONValue? {
    var items: [JSONValue] = []
    var isWhole = true
    if !text.allSatisfy(\.isWhitespace) {
      for (index, part) in Split.parts(text, separator).enumerated() {
        if let item = parsed(part, shape.items, source, path + ["\(index)"]) { items.append(item) } else { isWhole = false }
      }
    }
    return isWhole ? checked(.array(items), shape, source, path) : nil
  }

  /// A value that knows its type: of JSON, or of the file.
  private mutating func typed(_ value: JSONValue, _ shape: SettingShape, _ source: SettingSource, _ path: [String]) -> JSONValue? {
    var fits = false
    switch (shape.kind, value) {
    case (.string, .string), (.secret, .string), (.boolean, .bool), (.number, .number), (.enum, _): fits = true
    case (.integer, .number(let number)):
      // `5.0` is an integer to JSON Schema; here it becomes one.
      guard let plain = number.int else { break }
      return checked(.number(JSONNumber(plain)), shape, source, path)
    case (.duration, .string), (.size, .string): fits = shape.kind.amount(value) != nil
    case (.url, .string(let text)):
      let scheme = SettingURL.scheme(of: text)
      fits = scheme.map { shape.schemes.isEmpty || shape.schemes.contains($0) } ?? false
    case (.list, .array(let items)):
      var isWhole = true
      var read: [JSONValue] = []
      for (index, item) in items.enumerated() {
        let raw = members(item, shape.items, source)
        let kept = leaves
        // An item is part of the list's one leaf.
        let part = self.value(raw, shape.items, .init(variables: [], files: []), path: path + ["\(index)"])
        leaves = kept
        if let part { read.append(part) } else { isWhole = false }
      }
      return isWhole ? checked(.array(read), shape, source, path) : nil
    case (.object, .object), (.map, .object):
      return read(members(value, shape, source), shape, .init(variables: [], files: []), path)
    default: break
    }
    guard fits else {
      report(shape, source, found: value, part: path.joined(separator: "."))
      return nil
    }
    return checked(value, shape, source, path)
  }

  /// The value against its keywords.
  private mutating func checked(_ value: JSONValue, _ shape: SettingShape, _ source: SettingSource, _ path: [String]) -> JSONValue? {
    guard !shape.keywords.isEmpty else { return value }
    let fits: Bool
    if let amount = shape.kind.amount(value) {
      fits =
        amount >= shape.keywords["minimum"].flatMap(shape.kind.amount) ?? .min
        && amount <= shape.keywords["maximum"].flatMap(shape.kind.amount) ?? .max
    } else {
      // Its own problems were told where the setting is declared.
      guard let schema = schema(shape.keywords),
        let document = try? JSONDocument(Array(JSONText.compact(value).utf8))
      else { return nil }
      fits = schema.isValid(document)
    }
    guard fits else {
      report(shape, source, found: value, part: path.joined(separator: "."))
      return nil
    }
    return value
  }

  /// Compiled once: a list may have many items.
  private mutating func schema(_ keywords: JSONObject) -> Schema? {
    let text = JSONText.compact(.object(keywords))
    if let known = schemas[text] { return known }
    let schema = SchemaCompiler.compile(.object(keywords)).schema
    schemas[text] = schema
    return schema
  }

  // MARK: Texts

  /// Words that the environment has for booleans.
  private static func boolean(_ text: String) -> JSONValue? {
    switch text.lowercased() {
    case "true", "1", "yes", "on": .bool(true)
    case "false", "0", "no", "off": .bool(false)
    default: nil
    }
  }

  /// As the file would write it, blanks around it aside.
  private static func number(_ text: String) -> JSONValue? {
    let plain = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    let node = YAMLNode(.scalar(YAMLScalar(plain, style: .plain)), mark: .start(ofFile: 0))
    guard case .number(let number)? = node.resolved else { return nil }
    return JSONNumber(number.text).map { .number($0) }
  }

  /// A default as the file, or what stands for it as an overlay, writes it. What stands for `${…}` is text, so it is read like text.
  private func written(
    _ cursor: Cursor, _ shape: SettingShape, _ from: (Location) -> SettingSource = SettingSource.fallback
  ) -> RawSetting {
    let source = from(cursor.location)
    if let entries = cursor.entries, shape.kind == .object || shape.kind == .map {
      return .members(
        entries.map { entry in
          let part = shape.kind == .map ? shape.items : shape.properties.named(entry.text)?.shape
          return (entry.text, part.map { written(entry, $0, from) } ?? .json(decoder.json(entry) ?? .null, from(entry.location)))
        }, source)
    }
    guard let scalar = cursor.node.scalar, InterpolationText.hasReference(scalar.text) else {
      return decoder.json(cursor).map { .json($0, source) } ?? .broken
    }
    guard let read = decoder.scalar(cursor), !read.isBroken else { return .broken }
    return read.isInterpolated ? .text(read.text, source) : .json(.string(read.text), source)
  }

  /// Paths in an overlay start at its own directory.
  private func written(_ setting: OverlaySetting, _ shape: SettingShape) -> RawSetting? {
    guard let cursor = setting.written else { return nil }
    let directory = decoder.interpolation.directory
    decoder.interpolation.directory = setting.directory
    defer { decoder.interpolation.directory = directory }
    return written(cursor, shape, SettingSource.overlay)
  }

  private func keepSecret(_ text: String, _ shape: SettingShape) {
    if shape.holdsSecret {
      decoder.diagnostics.sources.secrets.add(text)
    } else {
      // The password inside a URL is as secret as one of its own.
      decoder.diagnostics.sources.secrets.add(SettingURL.password(of: text))
    }
  }
}

// MARK: Diagnostics

extension SettingResolver {
  /// Where a setting or a part of it is declared.
  func place(of shape: SettingShape) -> Location {
    shape.variables.first?.location ?? (shape.location == .none ? name.location : shape.location)
  }

  private func place(_ source: SettingSource, _ shape: SettingShape) -> (Location, [Diagnostics.Note]) {
    switch source {
    case .environment, .secretFile: return (place(of: shape), [])
    case .fallback(let location): return (location, [])
    case .overlay(let location): return (location, [.init("the setting is declared here", at: place(of: shape))])
    case .envFile(_, _, var location):
      location.keyPath = place(of: shape).keyPath
      return (location, [.init("the setting is declared here", at: place(of: shape))])
    }
  }

  /// A text that cannot be read as what the setting is.
  func report(
    _ shape: SettingShape, _ source: SettingSource, text: String, because reason: String? = nil,
    _ expected: String? = nil, path: [String] = []
  ) {
    report(
      shape, source, text.isEmpty ? "an empty text" : "`\(Self.cut(text))`", bytes: text.utf8.count, expected ?? shape.words, path.joined(separator: "."),
      reason)
  }

  /// A value of another type, or one that does not fit the keywords.
  func report(_ shape: SettingShape, _ source: SettingSource, found value: JSONValue, part: String) {
    let what =
      switch value {
      case .null: "null"
      case .array: "a list"
      case .object: "a mapping"
      case .bool: "the boolean `\(JSONText.compact(value))`"
      case .number: "the number `\(Self.cut(JSONText.compact(value)))`"
      // A URL that is none may hold a password in a place where none is looked for.
      case .string(let text) where shape.kind == .url && text.contains("@") && SettingURL.scheme(of: text) == nil:
        "a text of \(text.utf8.count) bytes"
      case .string(let text): "the string `\(Self.cut(text))`"
      }
    report(shape, source, what, bytes: SecretText.count(value), shape.words, part, nil)
  }

  private static func cut(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }

  private func report(
    _ shape: SettingShape, _ source: SettingSource, _ found: String, bytes: Int, _ expected: String, _ part: String,
    _ reason: String?
  ) {
    let whole = ([name.value] + (part.isEmpty ? [] : [part])).joined(separator: ".")
    let (place, notes) = place(source, shape)
    // A reason quotes what it complains about.
    let because = top.isSecret || shape.holdsSecret ? nil : reason
    decoder.diagnostics.error(
      .invalidValue, "\(source.words) does not fit the setting `\(whole)`" + (because.map { ": \($0)" } ?? ""),
      at: place, found: top.isSecret || shape.holdsSecret ? SecretRedactor.words(bytes) : found, expected: expected,
      notes: notes)
  }

  private func missing(_ shape: SettingShape, _ names: SettingSources.Names, _ path: [String]) {
    // An overlay that could not be read, which was told, may give it.
    guard !decoder.hasPartialOverlays else { return }
    let whole = ([name.value] + path).joined(separator: ".")
    let folders = sources.layers.compactMap { if case .secrets(let directory) = $0.kind { directory } else { nil } }
    var ways = names.variables.prefix(3).map { "set the environment variable `\($0)`" }
    if let folder = folders.first, let file = names.files.first {
      ways.append("write the secret file `\(folder)/\(file.lowercased())`")
    }
    ways.append("give the setting a `default`")
    if names.variables.isEmpty { ways.append("name an environment variable as `env`") }
    decoder.diagnostics.error(
      .missingKey, "the setting `\(whole)` has no value", at: shape.location == .none ? name.location : shape.location,
      expected: shape.words, help: ways.dropLast().joined(separator: ", ") + (ways.count > 1 ? ", or " : "") + (ways.last ?? ""),
      notes: shape.summary.map { [.init("it is described as: \($0)")] } ?? [])
  }
}

enum Split {
  /// Parts between separators, without the blanks around them.
  static func parts(_ text: String, _ separator: String) -> [String] {
    var parts: [String] = []
    var part = ""
    var rest = text[...]
    while !rest.isEmpty {
      if rest.hasPrefix(separator) {
        parts.append(part)
        part = ""
        rest = rest.dropFirst(separator.count)
      } else {
        part.append(rest.removeFirst())
      }
    }
    parts.append(part)
    return parts.map { part in
      String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
  }
}
