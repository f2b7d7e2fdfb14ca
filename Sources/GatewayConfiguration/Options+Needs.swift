import GatewayJSON
import GatewayYAML

/// A need before its input is known: the long form of a reference to a dependency.
struct NeedDraft: Sendable {
  var dependency: Located<String> = ""
  var cache: Located<Bool>?
  var scopes: [Located<String>] = []

  static let section = Section<NeedDraft>(
    "needs", "A dependency that an input gets, in the long form.", make: NeedDraft()
  ) {
    Option(required: "dependency", \.dependency, Kind.string("the name of a dependency").located, "Its name under `dependencies`.")
    Option(
      "cache", optional: \.cache, Kind.boolean.located, default: "true",
      "`false`: the input gets a value of its own, made and ended for it alone.")
    Option(
      "scopes", \.scopes, .list(of: Kind<String>.scope.located, isSingleAllowed: true), default: "[]",
      "What security providers behind it are told to ask for.")
  }
}

extension Kind where Value == String {
  /// RFC 6749 §3.3: visible ASCII without quote and backslash, because scopes are joined by spaces.
  static var scope: Kind {
    .string("a scope such as `books:read`") { text in
      let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      return isPlain && !text.isEmpty ? nil : "must be visible ASCII without spaces, quotes and backslashes"
    }
  }
}

extension Kind where Value == [Need] {
  static var needs: Kind {
    let type = "a mapping from inputs to dependencies"
    let long = Kind<NeedDraft>.section(NeedDraft.section)
    let entry = JSONValue.object(["anyOf": .array([.object(["type": .string("string")]), long.schema])])
    let schema = JSONValue.object(["type": .string("object"), "additionalProperties": entry])
    return Kind(type, schema: schema, sections: long.sections) { cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, type)
        return nil
      }
      return entries.compactMap { entry in
        if entry.entries != nil {
          return long.read(entry, decoder).map {
            Need(input: entry.name, dependency: $0.dependency, cache: $0.cache, scopes: $0.scopes)
          }
        }
        return decoder.string(entry, "the name of a dependency").map {
          Need(input: entry.name, dependency: Located($0, at: entry.location))
        }
      }
    }
  }
}
