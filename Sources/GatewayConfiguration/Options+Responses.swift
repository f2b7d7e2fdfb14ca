import GatewayJSON
import GatewayYAML

/// An entry of `responses:` in its long form.
struct ResponseDraft: Sendable {
  var response = RouteResponse(status: Located(200))

  static let section = Section<ResponseDraft>(
    "routes.responses", "A response in its long form.", make: ResponseDraft()
  ) {
    Option(
      "schema", optional: \.response.schema, .schemaReference, default: "none",
      "A schema or the name of one, for `application/json`; not beside `content`.")
    Option(
      "description", optional: \.response.description, .string("text"), default: "the status in words",
      "What it means; CommonMark.")
    Option("content", optional: \.response.content, .content, default: "none", "Media type → schema.")
    Option("headers", \.response.headers, .declaredHeaders, default: "{}", "Fields that it carries: name → schema.")
    Option(
      "exclude_none", optional: \.response.excludesNone, .boolean, default: "false",
      "Members that are null are left out.")
    Option(
      "exclude_defaults", optional: \.response.excludesDefaults, .boolean, default: "false",
      "Members that have their schema's default are left out.")
  }
}

extension DeclaredHeader {
  static let section = Section<DeclaredHeader>(
    "routes.responses.headers", "A field of a response in its long form.", make: DeclaredHeader()
  ) {
    Option("schema", optional: \.schema, .schemaReference, default: "any text", "A schema or the name of one.")
    Option("description", optional: \.description, .string("text"), default: "none", "What it means.")
  }
}

extension Kind where Value == [RouteResponse] {
  static var responses: Kind {
    let long = Kind<ResponseDraft>.section(ResponseDraft.section)
    let short = Kind<SchemaReference>.schemaReference
    return .mapping(
      "a mapping from statuses to schemas", key: "^[1-5][0-9][0-9]$",
      value: .object(["anyOf": .array([short.schema, long.schema])]), sections: long.sections
    ) { entry, decoder in
      guard entry.name.value.utf8.count == 3, let status = UnitText.number(entry.name.value[...]), (100...599).contains(status) else {
        decoder.error(
          .invalidValue, "`\(entry.name.value)` is no status", at: entry, place: entry.keyLocation,
          expected: "a number from 100 to 599")
        return nil
      }
      var response = RouteResponse(status: Located(status, at: entry.keyLocation))
      if entry.isLongForm(ResponseDraft.section.keys) {
        guard let draft = long.read(entry, decoder) else { return nil }
        response = draft.response
        response.status = Located(status, at: entry.keyLocation)
      } else {
        guard let schema = short.read(entry, decoder) else { return nil }
        response.schema = schema
      }
      return decoder.check(response, entry) ? response : nil
    }
  }
}

extension FileDecoder {
  fileprivate func check(_ response: RouteResponse, _ cursor: Cursor) -> Bool {
    if response.content != nil, let schema = cursor.child("schema"), let content = cursor.child("content") {
      error(
        .conflict, "a response has a `schema` or `content`, not both", at: content, place: content.keyLocation,
        notes: [.init("the schema is here", at: schema.keyLocation)])
      return false
    }
    let status = response.status.value
    guard !RouteResponse.hasBody(status), response.schema != nil || response.content != nil else { return true }
    let part = response.content == nil ? cursor.child("schema") : cursor.child("content")
    error(
      .conflict, "a response with status \(status) has no body, so it has no schema", at: part ?? cursor,
      place: part?.keyLocation ?? cursor.keyLocation,
      help: "to tell what it means write `\(status): { description: … }`")
    return false
  }
}

extension Kind where Value == [DeclaredHeader] {
  fileprivate static var declaredHeaders: Kind {
    let long = Kind<DeclaredHeader>.section(DeclaredHeader.section)
    let short = Kind<SchemaReference>.schemaReference
    return .mapping(
      "a mapping from field names to schemas", key: nil,
      value: .object(["anyOf": .array([short.schema, long.schema])]), sections: long.sections
    ) { entry, decoder in
      guard HTTPText.isToken(entry.name.value) else {
        decoder.error(
          .invalidValue, "`\(entry.name.value)` is no field name", at: entry, place: entry.keyLocation)
        return nil
      }
      var header = DeclaredHeader()
      if entry.isLongForm(DeclaredHeader.section.keys) {
        guard let read = long.read(entry, decoder) else { return nil }
        header = read
      } else {
        guard let schema = short.read(entry, decoder) else { return nil }
        header.schema = schema
      }
      header.name = entry.name.map { $0.lowercased() }
      return header
    }
  }
}
