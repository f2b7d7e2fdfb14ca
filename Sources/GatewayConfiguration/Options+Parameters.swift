import GatewayJSON
import GatewayYAML

/// A parameter before its place is known: that takes the route's path.
struct ParameterDraft: Sendable {
  var parameter = RouteParameter()

  /// The keys that are not the schema's.
  static let section = Section<ParameterDraft>(
    "routes.parameters",
    "A parameter: a JSON Schema with these keys beside its own. `name: integer` is short for `name: { type: integer }`.",
    make: ParameterDraft()
  ) {
    Option(
      "in", optional: \.parameter.writtenPlace, Kind.parameterPlace.located,
      default: "`path` if the path names it, else `query`", "Where it comes from.")
    Option(
      "required", optional: \.parameter.isRequired, Kind.required.located, default: "`true` in a path, else `false`",
      "Without it the request is 422. A list is the schema's own `required`.")
    Option(
      "alias", optional: \.parameter.alias, Kind.string("the name in the request").located, default: "the same name",
      "Its exact name in the request, where that is another.")
    Option(
      "style", optional: \.parameter.style, Kind.word.located,
      default: "`simple` in a path and in a header, `form` in a query and in a cookie",
      "How a list or an object is written, in OpenAPI's words. Without it a list is a repeated name, as in FastAPI.")
    Option(
      "explode", optional: \.parameter.explode, Kind.boolean.located,
      default: "`true` for `form` and `deepObject`, else `false`",
      "Each item or member is written on its own: `a=1&a=2` and not `a=1,2`.")
    Option(
      "gather", optional: \.parameter.gather, Kind.boolean.located, default: "false",
      "The members of this object are read from all names of the place; once for each place.")
    Option(
      "convert_underscores", optional: \.parameter.convertsUnderscores, Kind.boolean.located, default: "true",
      "In a header: `x_token` is read from `x-token` unless an alias says otherwise.")
    Option("hidden", optional: \.parameter.isHidden, .boolean, default: "false", "The document does not have it.")
  }
}

extension Kind where Value == ParameterPlace {
  /// Bodies are no parameters here, as they are in FastAPI and in older OpenAPI.
  fileprivate static var parameterPlace: Kind {
    let word = Kind.word
    let forms = ["form", "formData", "file", "files"]
    return Kind(word.type, schema: word.schema, show: word.show) { cursor, decoder in
      guard let text = decoder.scalar(cursor)?.text, text == "body" || forms.contains(text) else {
        return word.read(cursor, decoder)
      }
      decoder.invalid(
        cursor, "`\(cursor.keyPath)` must be \(word.type)", expected: word.type,
        help: text == "body"
          ? "bodies are declared by the route's key `body`"
          : "forms are bodies: `body: { content: { multipart/form-data: … } }`")
      return nil
    }
  }
}

extension Kind where Value == Bool {
  /// A list never gets here: it is the schema's.
  fileprivate static var required: Kind {
    Kind(boolean.type, schema: .object(["type": .array([.string("boolean"), .string("array")])])) { boolean.read($0, $1) }
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

    let own = ParameterDraft.section.keys
    func part(_ isOwn: Bool) -> Cursor {
      var part = cursor
      part.node = YAMLNode(
        .mapping(pairs.filter { Self.isOwn($0, own) == isOwn }), mark: cursor.node.mark)
      return part
    }
    guard var draft = ParameterDraft.section.read(part(true), self), let schema = schema(part(false)) else {
      return nil
    }
    draft.parameter.name = cursor.name
    draft.parameter.schema = schema
    return draft
  }
}

extension FileDecoder {
  /// A list under `required` names members of an object: then the word is the schema's.
  private static func isOwn(_ pair: YAMLPair, _ own: Set<String>) -> Bool {
    let word = pair.key.scalar?.text ?? ""
    return own.contains(word) && !(word == "required" && pair.value.sequence != nil)
  }
}

// MARK: What depends on the route

extension FileDecoder {
  /// `path`: names of the route's pattern; nil where it is not known. Nil with a diagnostic.
  func parameter(_ draft: ParameterDraft, path: [String]?) -> RouteParameter? {
    var parameter = draft.parameter
    let name = parameter.name
    let wire = parameter.alias?.value ?? name.value
    let isInPath = path?.contains(wire) ?? false
    if let path, parameter.writtenPlace?.value == .path, !isInPath {
      diagnostics.error(
        .unknownReference, "the path has no parameter `\(wire)`", at: name,
        expected: path.isEmpty ? "a pattern with `{\(wire)}`" : NearestWord.list(path),
        suggestion: NearestWord.of(wire, among: path))
      return nil
    }
    parameter.place = parameter.writtenPlace?.value ?? (isInPath ? .path : .query)
    if parameter.place == .header, !HTTPText.isToken(wire) {
      diagnostics.error(.invalidValue, "`\(wire)` is no field name", at: parameter.alias ?? name)
      return nil
    }
    if parameter.place == .path { checkPathParameter(parameter) }
    if let convert = parameter.convertsUnderscores, parameter.place != .header {
      diagnostics.error(
        .conflict, "`convert_underscores` is for header parameters, this one is in the \(parameter.place.rawValue)",
        at: convert, help: parameter.writtenPlace == nil ? "say `in: header`, or remove it" : "remove it")
    }
    checkStyle(parameter)
    checkGather(parameter)
    return parameter
  }

  private func checkPathParameter(_ parameter: RouteParameter) {
    if let required = parameter.isRequired, !required.value {
      diagnostics.error(.conflict, "a path parameter is always required", at: required, help: "remove `required`")
    }
    if parameter.schema.value["default"] != nil {
      diagnostics.error(
        .conflict, "a path parameter is always there, so it has no default",
        at: parameter.schema.location(ofKeyAt: "/default"), help: "remove `default`")
    }
  }

  private func checkStyle(_ parameter: RouteParameter) {
    let place = parameter.place
    if let style = parameter.style, !place.styles.contains(style.value) {
      let words = place.styles.map(\.rawValue)
      diagnostics.error(
        .invalidValue, "a parameter in the \(place.rawValue) cannot have the style `\(style.value.rawValue)`",
        at: style, expected: NearestWord.list(words),
        help: parameter.writtenPlace == nil ? "or say where it comes from with `in`" : nil)
      return
    }
    let style = parameter.effectiveStyle
    if style == .deepObject, let type = Self.type(of: parameter.schema), type != "object" {
      diagnostics.error(
        .conflict, "the style `deepObject` is for objects, the schema's type is `\(type)`",
        at: parameter.style?.location ?? parameter.name.location,
        notes: [.init("the type is here", at: parameter.schema.location(forPointer: "/type"))])
    }
    // OpenAPI 3.1 §4.8.12.1 leaves both undefined.
    guard let explode = parameter.explode else { return }
    if style == .deepObject, !explode.value {
      diagnostics.error(
        .conflict, "the style `deepObject` is always exploded", at: explode, help: "remove `explode`")
    } else if style == .spaceDelimited || style == .pipeDelimited, explode.value {
      diagnostics.error(
        .conflict, "the style `\(style.rawValue)` cannot be exploded", at: explode,
        help: "remove `explode`, or say `style: form` for a name with each item")
    }
  }

  private func checkGather(_ parameter: RouteParameter) {
    guard let gather = parameter.gather, gather.value else { return }
    if parameter.place == .path {
      diagnostics.error(
        .conflict, "parameters of a path cannot be gathered", at: gather, help: "declare each of them")
    }
    let others: [(String, Location?)] = [
      ("alias", parameter.alias?.location), ("style", parameter.style?.location),
      ("explode", parameter.explode?.location),
    ]
    for (key, location) in others {
      guard let location else { continue }
      diagnostics.error(
        .conflict, "`\(key)` says nothing beside `gather: true`", at: location, help: "remove it",
        notes: [.init("the parameter is gathered here", at: gather)])
    }
    // What `$ref` leads to is known when schemas are compiled.
    guard parameter.schema.value["$ref"] == nil else { return }
    let type = Self.type(of: parameter.schema)
    guard type != "object" else { return }
    diagnostics.error(
      .conflict, "only an object can be gathered\(type.map { ", the schema's type is `\($0)`" } ?? "")", at: gather,
      expected: "`type: object`")
  }

  /// Each name of a place can go into one object.
  func checkGathering(_ parameters: [RouteParameter]) {
    var first: [ParameterPlace: RouteParameter] = [:]
    for parameter in parameters where parameter.gathers {
      guard let other = first[parameter.place] else {
        first[parameter.place] = parameter
        continue
      }
      diagnostics.error(
        .conflict, "two parameters gather all names of the \(parameter.place.rawValue)", at: parameter.name,
        help: "put their members into one object", notes: [.init("the first is here", at: other.name)])
    }
  }

  private static func type(of schema: LocatedJSON) -> String? {
    guard case .string(let type) = schema.value["type"] else { return nil }
    return type
  }
}
