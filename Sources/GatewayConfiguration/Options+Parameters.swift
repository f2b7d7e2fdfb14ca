import GatewayJSON
import GatewayYAML

/// A parameter before its place is known: that takes the route's path.
struct ParameterDraft: Sendable {
  var parameter = RouteParameter()
  var place: Located<ParameterPlace>?
  var required: Located<Bool>?

  /// The keys that are not the schema's.
  static let section = Section<ParameterDraft>(
    "routes.parameters",
    "A parameter: a JSON Schema with these keys beside its own. `name: integer` is short for `name: { type: integer }`.",
    make: ParameterDraft()
  ) {
    Option(
      "in", optional: \.place, Kind.word.located, default: "`path` if the path names it, else `query`",
      "Where it comes from.")
    Option(
      "required", optional: \.required, Kind.boolean.located, default: "`true` in a path, else `false`",
      "Without it the request is 422.")
    Option(
      "alias", optional: \.parameter.alias, Kind.string("the name in the request").located, default: "the same name",
      "Its name in the request, where that is another.")
  }
}

extension Kind where Value == [ParameterDraft] {
  static var parameters: Kind {
    let type = "a mapping from names to schemas"
    let names = JSONValue.object(["enum": .strings(JSONSchemaWords.types)])
    return Kind(
      type,
      schema: .object([
        "type": .string("object"),
        "additionalProperties": .object([
          "anyOf": .array([names, .object(["$ref": .string("#/$defs/" + ParameterDraft.section.name)])])
        ]),
      ]), sections: [ParameterDraft.section]
    ) { cursor, decoder in
      guard let entries = cursor.entries else {
        decoder.mismatch(cursor, type)
        return nil
      }
      return entries.compactMap { decoder.parameter($0) }
    }
  }
}

extension FileDecoder {
  fileprivate func parameter(_ cursor: Cursor) -> ParameterDraft? {
    if cursor.name.value.isEmpty {
      error(.invalidValue, "a parameter needs a name", at: cursor, place: cursor.keyLocation)
      return nil
    }
    guard let pairs = cursor.node.mapping else {
      let type = "a schema, or one of \(NearestWord.list(JSONSchemaWords.types))"
      guard let text = string(cursor, type) else { return nil }
      guard JSONSchemaWords.types.contains(text) else {
        error(
          .invalidValue, "`\(text)` is no type", at: cursor, found: cursor.node.summary, expected: type,
          suggestion: NearestWord.of(text, among: JSONSchemaWords.types))
        return nil
      }
      var draft = ParameterDraft()
      draft.parameter.name = cursor.name
      draft.parameter.schema = LocatedJSON(.object(["type": .string(text)]), node: cursor.node, at: cursor.location)
      return draft
    }

    let own = ParameterDraft.section.options.map(\.name)
    func part(_ isOwn: Bool) -> Cursor {
      var part = cursor
      part.node = YAMLNode(
        .mapping(pairs.filter { own.contains($0.key.scalar?.text ?? "") == isOwn }), mark: cursor.node.mark)
      return part
    }
    guard var draft = ParameterDraft.section.read(part(true), self), let schema = schema(part(false)) else {
      return nil
    }
    draft.parameter.name = cursor.name
    draft.parameter.schema = schema
    draft.parameter.isRequired = draft.required
    return draft
  }
}
