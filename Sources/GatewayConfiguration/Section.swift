import GatewayJSON
import GatewayYAML

/// A mapping of the file whose keys are declared once: from these declarations come the decoder, the option reference
/// and the JSON Schema, so that none of them can know a key that the others do not.
///
///     static let section = Section<ServerTimeouts>("server.timeouts", "How long …") {
///       Option("head", \.head, .duration(.milliseconds(1)...), "A request head must be complete …")
///     }
///
/// Defaults are what a fresh `Root` holds; they are written nowhere else.
struct Section<Root: Sendable>: Sendable {
  let name: String
  let doc: String
  let options: [Option<Root>]
  let make: @Sendable () -> Root
  /// Places in `options` by name.
  private let places: [String: Int]
  let keys: Set<String>

  init(
    _ name: String, _ doc: String, make: @autoclosure @escaping @Sendable () -> Root,
    @OptionsBuilder<Root> options: () -> [Option<Root>]
  ) {
    self.name = name
    self.doc = doc
    self.make = make
    self.options = options()
    keys = Set(self.options.map(\.name))
    places = Dictionary(self.options.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Reads a mapping. Nil where it is none, or a required option is missing or wrong; mistakes in other options leave
  /// their defaults.
  func read(_ cursor: Cursor, _ decoder: FileDecoder) -> Root? {
    guard let (root, isComplete) = readParts(cursor, decoder), isComplete else { return nil }
    return root
  }

  /// The same, with what could be read although a required option could not.
  func readParts(_ cursor: Cursor, _ decoder: FileDecoder) -> (root: Root, isComplete: Bool)? {
    guard let entries = cursor.entries else {
      decoder.mismatch(cursor, "a mapping")
      return nil
    }
    // A file holds thousands of sections, most with a few of many keys, and an option is too large to be copied for
    // nothing: so options are looked up by name and used in place.
    var written: [Cursor?] = Array(repeating: nil, count: options.count)
    for entry in entries {
      guard let place = places[entry.text] else {
        reportUnknown(entry, decoder)
        continue
      }
      if written[place] == nil { written[place] = entry }
    }
    var root = make()
    var isComplete = true
    for place in options.indices {
      if let entry = written[place] {
        let isRead = options[place].read(entry, decoder, &root)
        if !isRead && options[place].isRequired { isComplete = false }
      } else if options[place].isRequired {
        isComplete = false
        let option = options[place]
        let what = cursor.keyPath.isEmpty ? "the file" : "`\(cursor.keyPath)`"
        decoder.error(
          .missingKey, "\(what) needs the key `\(option.name)`", at: cursor,
          place: cursor.key == nil ? nil : cursor.keyLocation, expected: "`\(option.name)`: \(option.type)")
      }
    }
    return (root, isComplete)
  }

  private func reportUnknown(_ entry: Cursor, _ decoder: FileDecoder) {
    let names = options.filter { !$0.isReserved }.map(\.name)
    decoder.error(
      .unknownKey, "unknown key `\(entry.text)`", at: entry, place: entry.keyLocation,
      expected: NearestWord.list(names), suggestion: NearestWord.of(entry.text, among: names))
  }
}

/// One key of a section.
struct Option<Root: Sendable>: Sendable {
  let name: String
  /// One sentence.
  let doc: String
  /// The version of the gateway that first had it.
  let since: String
  /// What the value is, in the words of `expected:`.
  let type: String
  /// What holds where the key is absent, as the file would write it, or in words.
  let defaultText: @Sendable (Root) -> String?
  let isRequired: Bool
  /// A word kept for a later version: using it is a mistake with an explanation.
  let isReserved: Bool
  let schema: @Sendable () -> JSONValue
  let sections: @Sendable () -> [any SectionDescription]
  /// False where the value was not usable; then a diagnostic was given.
  let read: @Sendable (Cursor, FileDecoder, inout Root) -> Bool

  static var first: String { "0.1" }

  /// An option that may be left out: it keeps the value of a fresh `Root`, which `make` of the section builds.
  init<Value: Sendable>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ kind: Kind<Value>, default: String? = nil,
    _ doc: String, since: String = Option.first
  ) {
    self.init(
      name, doc, since, kind.type, default: { root in `default` ?? kind.show(root[keyPath: path]) }, isRequired: false,
      schema: { kind.schema },
      sections: { kind.sections }
    ) { cursor, decoder, root in
      guard let value = kind.read(cursor, decoder) else { return false }
      root[keyPath: path] = value
      return true
    }
  }

  /// An option that a fresh `Root` may hold no value for; `default` says in words what that means.
  init<Value: Sendable>(
    _ name: String, optional path: any WritableKeyPath<Root, Value?> & Sendable, _ kind: Kind<Value>,
    default: String? = nil, _ doc: String, since: String = Option.first
  ) {
    self.init(
      name, doc, since, kind.type, default: { root in `default` ?? root[keyPath: path].flatMap(kind.show) },
      isRequired: false, schema: { kind.schema },
      sections: { kind.sections }
    ) { cursor, decoder, root in
      guard let value = kind.read(cursor, decoder) else { return false }
      root[keyPath: path] = value
      return true
    }
  }

  /// An option without which the section makes no sense.
  init<Value: Sendable>(
    required name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ kind: Kind<Value>, _ doc: String,
    since: String = Option.first
  ) {
    self.init(
      name, doc, since, kind.type, default: { _ in nil }, isRequired: true, schema: { kind.schema },
      sections: { kind.sections }
    ) { cursor, decoder, root in
      guard let value = kind.read(cursor, decoder) else { return false }
      root[keyPath: path] = value
      return true
    }
  }

  /// A word that a later version will understand.
  init(reserved name: String, _ doc: String) {
    self.init(
      name, doc, "later", "not available yet", default: { _ in nil }, isRequired: false, isReserved: true,
      schema: { .bool(false) }, sections: { [] }
    ) { cursor, decoder, _ in
      decoder.error(
        .notAvailable, "`\(name)` is not available yet", at: cursor, place: cursor.keyLocation, help: doc)
      return false
    }
  }

  private init(
    _ name: String, _ doc: String, _ since: String, _ type: String,
    default: @escaping @Sendable (Root) -> String?, isRequired: Bool,
    isReserved: Bool = false, schema: @escaping @Sendable () -> JSONValue,
    sections: @escaping @Sendable () -> [any SectionDescription],
    read: @escaping @Sendable (Cursor, FileDecoder, inout Root) -> Bool
  ) {
    self.name = name
    self.doc = doc
    self.since = since
    self.type = type
    defaultText = `default`
    self.isRequired = isRequired
    self.isReserved = isReserved
    self.schema = schema
    self.sections = sections
    self.read = read
  }
}

@resultBuilder
enum OptionsBuilder<Root: Sendable> {
  static func buildExpression(_ option: Option<Root>) -> [Option<Root>] { [option] }
  static func buildBlock(_ parts: [Option<Root>]...) -> [Option<Root>] { parts.flatMap(\.self) }
}
