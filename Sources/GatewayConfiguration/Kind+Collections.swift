import GatewayJSON
import GatewayYAML

extension Kind {
  /// A list. `isSingleAllowed`: one item may stand for a list of one. `keepsGoodItems`: the list is made of the others
  /// where one is bad, so that later stages can tell what is wrong with them.
  static func list<Item: Sendable>(
    of item: Kind<Item>, atLeast least: Int = 0, isSingleAllowed: Bool = false, keepsGoodItems: Bool = false
  ) -> Kind where Value == [Item] {
    let plural = "a list, each item \(item.type)"
    let type = isSingleAllowed ? plural + ", or one such item" : plural
    return Kind(
      type, schema: listSchema(item.schema, least, isSingleAllowed), sections: item.sections,
      show: { items in
        let shown = items.map(item.show)
        return shown.contains(nil) ? nil : "[" + shown.compactMap(\.self).joined(separator: ", ") + "]"
      }
    ) { cursor, decoder in
      guard let items = cursor.items else {
        if isSingleAllowed, !cursor.node.isNull { return item.read(cursor, decoder).map { [$0] } }
        decoder.mismatch(cursor, plural)
        return nil
      }
      guard items.count >= least else {
        decoder.invalid(cursor, "`\(cursor.keyPath)` needs at least \(least == 1 ? "one item" : "\(least) items")")
        return nil
      }
      // All items are read, so that all mistakes are told; a list without some of its items would mean something else
      // (think of addresses to deny), so one bad item makes none.
      let values = items.map { item.read($0, decoder) }
      return values.contains { $0 == nil } && !keepsGoodItems ? nil : values.compactMap(\.self)
    }
  }

  private static func listSchema(_ item: JSONValue, _ least: Int, _ isSingleAllowed: Bool) -> JSONValue {
    var list = JSONValue.object(["type": .string("array"), "items": item])
    if least > 0 { list = list.adding("minItems", .integer(least)) }
    return isSingleAllowed ? .object(["anyOf": .array([list, item])]) : list
  }

  /// A mapping from names to values. Entries that are wrong are left out: whatever refers to them by name is still
  /// checked against the names that the file declares.
  static func named<Entry: NamedEntry>(_ what: String, _ entry: Kind<Entry>) -> Kind where Value == [Entry] {
    Kind(
      "a mapping from names to \(what)",
      schema: .object([
        "type": .string("object"), "propertyNames": .object(["pattern": .string(NameText.pattern)]),
        "additionalProperties": entry.schema,
      ]), sections: entry.sections
    ) { cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, "a mapping from names to \(what)")
        return nil
      }
      return entries.compactMap { cursor in
        guard var value = entry.read(cursor, decoder) else { return nil }
        guard NameText.isValid(cursor.name.value) else {
          decoder.error(
            .invalidValue, "`\(cursor.name.value)` cannot be a name", at: cursor, place: cursor.keyLocation,
            expected: NameText.words)
          return nil
        }
        value.name = cursor.name
        return value
      }
    }
  }

  /// A mapping whose keys are names of another world than the file's: statuses, media types, scopes. `key` is a pattern
  /// for them. Entries that are wrong are left out; `read` gives nil with a diagnostic.
  static func mapping<Entry: Sendable>(
    _ type: String, key: String?, value: @autoclosure @escaping @Sendable () -> JSONValue,
    sections: @autoclosure @escaping @Sendable () -> [any SectionDescription] = [], needs least: String? = nil,
    read: @escaping @Sendable (Cursor, FileDecoder) -> Entry?
  ) -> Kind where Value == [Entry] {
    Kind(type, schema: mappingSchema(key, value(), isEmptyAllowed: least == nil), sections: sections()) {
      cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, type)
        return nil
      }
      if let least, entries.isEmpty {
        decoder.invalid(cursor, "`\(cursor.keyPath)` needs at least one \(least)", expected: type)
        return nil
      }
      return entries.compactMap { read($0, decoder) }
    }
  }

  private static func mappingSchema(_ key: String?, _ value: JSONValue, isEmptyAllowed: Bool) -> JSONValue {
    var schema = JSONValue.object(["type": .string("object")])
    if let key { schema = schema.adding("propertyNames", .object(["pattern": .string(key)])) }
    if !isEmptyAllowed { schema = schema.adding("minProperties", .integer(1)) }
    return schema.adding("additionalProperties", value)
  }

  static func section(_ section: @autoclosure @escaping @Sendable () -> Section<Value>) -> Kind {
    .section(section()) { value, _, _ in value }
  }

  /// A section whose options are put together to something else. `then` gives nil with a diagnostic.
  static func section<Root: Sendable>(
    _ section: @autoclosure @escaping @Sendable () -> Section<Root>,
    then: @escaping @Sendable (Root, Cursor, FileDecoder) -> Value?
  ) -> Kind {
    Kind(
      "a mapping", schema: .object(["$ref": .string("#/$defs/" + section().name)]), sections: [section()]
    ) { cursor, decoder in
      section().read(cursor, decoder).flatMap { then($0, cursor, decoder) }
    }
  }

  /// A long form that is a mapping, and a short form for the common case.
  func orShort(_ short: Kind<Value>) -> Kind {
    Kind(
      short.type + ", or " + type, schema: .object(["anyOf": .array([short.schema, schema])]),
      sections: short.sections + sections, show: short.show
    ) { cursor, decoder in
      if cursor.node.mapping != nil { return read(cursor, decoder) }
      if cursor.node.isNull {
        decoder.mismatch(cursor, short.type + ", or " + type)
        return nil
      }
      return short.read(cursor, decoder)
    }
  }

  /// A value, or `false` for none.
  func orFalse() -> Kind<Value?> {
    Kind<Value?>(
      type + ", or `false`",
      schema: JSONValue.object(["anyOf": .array([schema, .object(["const": .bool(false)])])]).orReference,
      sections: sections, show: { $0.map(show) ?? "false" }
    ) { cursor, decoder in
      if let scalar = decoder.scalar(cursor), !scalar.isBroken {
        if scalar.value == .bool(false) || scalar.isInterpolated && scalar.text == "false" { return .some(nil) }
      }
      return read(cursor, decoder).map { .some($0) }
    }
  }
}

extension Kind where Value == LocatedJSON {
  /// Any YAML value that JSON can write.
  static var json: Kind {
    Kind("any value", schema: .bool(true)) { $1.locatedJSON($0) }
  }
}

/// Names that the file gives to its entries. No dots: `plugin.handler` must be readable in one way only.
enum NameText {
  static let pattern = "^[A-Za-z_][A-Za-z0-9_-]*$"
  static let words = "letters, digits, `_` and `-`, not beginning with a digit or `-`"

  static func isValid(_ name: String) -> Bool {
    guard let first = name.utf8.first, first == UInt8(ascii: "_") || isLetter(first) else { return false }
    return name.utf8.allSatisfy {
      isLetter($0) || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: "_")
        || $0 == UInt8(ascii: "-")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }
}
