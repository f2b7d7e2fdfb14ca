import GatewayJSON
import GatewayYAML

/// What an option's value may be: how it is read, what it is called, and its JSON Schema.
struct Kind<Value: Sendable>: Sendable {
  /// In the words of `expected:`, with its article: "a duration such as `5s`".
  let type: String
  var schema: JSONValue { makeSchema() }
  /// Sections that the value is made of, for the reference and the schema.
  var sections: [any SectionDescription] { makeSections() }
  /// The value as the file would write it; nil for what is too large to show.
  let show: @Sendable (Value) -> String?
  /// Nil with a diagnostic, never without.
  let read: @Sendable (Cursor, FileDecoder) -> Value?

  // Made when asked for: a load needs neither schemas nor the sections of keys that the file does not have, and making
  // them all takes 9 million instructions.
  private let makeSchema: @Sendable () -> JSONValue
  private let makeSections: @Sendable () -> [any SectionDescription]

  init(
    _ type: String, schema: @autoclosure @escaping @Sendable () -> JSONValue,
    sections: @autoclosure @escaping @Sendable () -> [any SectionDescription] = [],
    show: @escaping @Sendable (Value) -> String? = { _ in nil },
    read: @escaping @Sendable (Cursor, FileDecoder) -> Value?
  ) {
    self.type = type
    makeSchema = schema
    makeSections = sections
    self.show = show
    self.read = read
  }

  func map<Other: Sendable>(
    show: @escaping @Sendable (Other) -> String? = { _ in nil }, _ transform: @escaping @Sendable (Value) -> Other
  ) -> Kind<Other> {
    Kind<Other>(type, schema: schema, sections: sections, show: show) { read($0, $1).map(transform) }
  }

  /// The same value, with its place.
  var located: Kind<Located<Value>> {
    Kind<Located<Value>>(type, schema: schema, sections: sections, show: { show($0.value) }) { cursor, decoder in
      read(cursor, decoder).map { Located($0, at: cursor.location) }
    }
  }
}

// MARK: Scalars

extension Kind where Value == String {
  /// Text; `check` gives a sentence about what is wrong with it.
  static func string(
    _ type: String = "a string", pattern: String? = nil,
    check: @escaping @Sendable (String) -> String? = { $0.isEmpty ? "must not be empty" : nil }
  ) -> Kind {
    let text = JSONValue.object(["type": .string("string")])
    return Kind(type, schema: pattern.map { text.adding("pattern", .string($0)).orReference } ?? text, show: { $0 }) {
      cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      guard let wrong = check(text) else { return text }
      decoder.invalid(cursor, "`\(cursor.keyPath)` \(wrong)", expected: type)
      return nil
    }
  }
}

extension Kind where Value == Bool {
  static var boolean: Kind {
    Kind("`true` or `false`", schema: JSONValue.object(["type": .string("boolean")]).orReference, show: { "\($0)" }) {
      cursor, decoder in
      guard let scalar = decoder.scalar(cursor) else {
        decoder.mismatch(cursor, "`true` or `false`")
        return nil
      }
      if scalar.isBroken { return nil }
      if case .bool(let value) = scalar.value { return value }
      if scalar.isInterpolated, scalar.text == "true" || scalar.text == "false" { return scalar.text == "true" }
      let words = ["yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"]
      if cursor.node.scalar?.style == .plain, let meant = words[scalar.text.lowercased()] {
        decoder.error(
          .yaml11Boolean, "`\(scalar.text)` is a string in YAML 1.2, not a boolean", at: cursor,
          found: cursor.node.summary, expected: "`true` or `false`", suggestion: meant)
      } else {
        decoder.mismatch(cursor, "`true` or `false`")
      }
      return nil
    }
  }
}

extension Kind where Value == Int {
  /// `unit` follows the range in words: "an integer from 1 to 100".
  static func integer(_ range: ClosedRange<Int>) -> Kind {
    let type = "an integer" + RangeText.of(range, limit: Int.max) { "\($0)" }
    let from = JSONValue.object(["type": .string("integer"), "minimum": .integer(range.lowerBound)])
    let isOpen = range.upperBound == Int.max
    return Kind(
      type, schema: (isOpen ? from : from.adding("maximum", .integer(range.upperBound))).orReference, show: { "\($0)" }
    ) { cursor, decoder in
      guard let scalar = decoder.scalar(cursor) else {
        decoder.mismatch(cursor, type)
        return nil
      }
      if scalar.isBroken { return nil }
      var value: Int?
      var isWhole = false
      if case .number(let number) = scalar.value {
        value = number.integer
        isWhole = !number.text.contains { $0 == "." || $0 == "e" }
      } else if scalar.isInterpolated {
        value = Int(scalar.text)
      }
      guard let value else {
        if isWhole {
          decoder.outOfRange(cursor, type)
        } else {
          let isQuoted = Int(scalar.text) != nil
          decoder.mismatch(cursor, type, help: isQuoted ? "remove the quotes" : nil)
        }
        return nil
      }
      guard range.contains(value) else {
        decoder.outOfRange(cursor, type)
        return nil
      }
      return value
    }
  }

  /// Bytes, from text such as `64KiB`.
  static func size(_ range: ClosedRange<Int> = 0...Int.max) -> Kind {
    let bounds = range.lowerBound == 0 && range.upperBound == Int.max
    let type =
      "a size such as `64KiB` or `1MiB`" + (bounds ? "" : "," + RangeText.of(range, limit: Int.max, SizeText.format))
    return .measured(
      type, range, pattern: "^[0-9]+(B|KiB|MiB|GiB|KB|MB|GB)$", SizeText.parse, SizeText.format,
      bare: { "\($0)B" })
  }

  /// Bytes in a second, from text such as `240B/s`.
  static func byteRate(_ range: ClosedRange<Int>) -> Kind {
    let format: @Sendable (Int) -> String = { SizeText.format($0) + "/s" }
    return .measured(
      "bytes a second, such as `240B/s`," + RangeText.of(range, limit: Int.max, format), range,
      pattern: "^[0-9]+(B|KiB|MiB|GiB|KB|MB|GB)/s$",
      { $0.hasSuffix("/s") ? SizeText.parse(String($0.dropLast(2))) : nil }, format, bare: { "\($0)B/s" })
  }
}

extension Kind where Value == Duration {
  static func duration(_ range: ClosedRange<Duration>) -> Kind {
    .measured(
      "a duration such as `250ms`, `5s` or `2m`,"
        + RangeText.of(range, limit: .seconds(Int64.max), DurationText.format),
      range, pattern: "^[0-9]+(ms|s|m|h|d)$", DurationText.parse, DurationText.format, bare: { "\($0)s" })
  }
}

extension Kind where Value: Comparable {
  /// A number with its unit. `bare` is what a number without one most likely means.
  fileprivate static func measured(
    _ type: String, _ range: ClosedRange<Value>, pattern: String, _ parse: @escaping @Sendable (String) -> Value?,
    _ format: @escaping @Sendable (Value) -> String, bare: @escaping @Sendable (String) -> String
  ) -> Kind where Value: Sendable {
    let schema = JSONValue.object(["type": .string("string"), "pattern": .string(pattern)]).orReference
    return Kind(type, schema: schema, show: format) { cursor, decoder in
      guard let scalar = decoder.scalar(cursor) else {
        decoder.mismatch(cursor, type)
        return nil
      }
      if scalar.isBroken { return nil }
      guard let value = parse(scalar.text) else {
        if case .number(let number) = scalar.value, number.integer != nil {
          decoder.error(
            .wrongType, "`\(cursor.keyPath)` needs a unit", at: cursor, found: cursor.node.summary, expected: type,
            suggestion: bare(number.text))
        } else {
          decoder.mismatch(cursor, type)
        }
        return nil
      }
      guard range.contains(value) else {
        decoder.outOfRange(cursor, type)
        return nil
      }
      return value
    }
  }
}

extension Kind where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
  /// One of the words of an enumeration.
  static var word: Kind {
    let words = Value.allCases.map(\.rawValue)
    let type = (words.count > 1 ? "one of " : "") + NearestWord.list(words)
    let schema = JSONValue.object(["enum": .strings(words)]).orReference
    return Kind(type, schema: schema, show: \.rawValue) { cursor, decoder in
      guard let text = decoder.string(cursor, type) else { return nil }
      if let value = Value(rawValue: text) { return value }
      decoder.error(
        .invalidValue, "`\(cursor.keyPath)` must be \(type)", at: cursor, found: cursor.node.summary, expected: type,
        suggestion: NearestWord.of(text, among: words))
      return nil
    }
  }
}

extension FileDecoder {
  /// The text of a string; numbers, booleans and null are not taken for one.
  func string(_ cursor: Cursor, _ type: String) -> String? {
    guard let scalar = scalar(cursor) else {
      mismatch(cursor, type)
      return nil
    }
    if scalar.isBroken { return nil }
    if scalar.isInterpolated { return scalar.text }
    if case .string(let text) = scalar.value { return text }
    mismatch(cursor, type, help: cursor.node.isNull ? nil : "put it in quotes: \"\(scalar.text)\"")
    return nil
  }

  func outOfRange(_ cursor: Cursor, _ expected: String) {
    error(
      .outOfRange, "`\(cursor.keyPath)` is out of range", at: cursor, found: cursor.node.summary, expected: expected)
  }
}

enum RangeText {
  /// " from 1 to 100", or " of at least 1" where the upper bound is as good as none.
  static func of<Bound>(_ range: ClosedRange<Bound>, limit: Bound, _ format: (Bound) -> String) -> String {
    range.upperBound >= limit
      ? " of at least \(format(range.lowerBound))"
      : " from \(format(range.lowerBound)) to \(format(range.upperBound))"
  }
}

extension JSONValue {
  /// The schema, or text with a reference in it.
  var orReference: JSONValue {
    .object(["anyOf": .array([self, .object(["$ref": .string("#/$defs/reference")])])])
  }
}
