import GatewayJSON
import GatewayYAML

/// `body:` in its long form.
struct BodyDraft: Sendable {
  var body = RouteBody()

  static let section = Section<BodyDraft>(
    "routes.body",
    "A request body in its long form. It has `schema`, `content` or `embed`; with none of them any body is taken.",
    make: BodyDraft()
  ) {
    Option(
      "schema", optional: \.body.schema, .schemaReference, default: "any body",
      "A schema or the name of one, for `application/json` and types that end in `+json`.")
    Option(
      "content", optional: \.body.content, .content, default: "none",
      "Media type → schema; `image/*` and `*/*` stand for many.")
    Option(
      "embed", optional: \.body.embed, .embedded, default: "none",
      "Several values in one JSON object: name → schema.")
    Option(
      "max_size", optional: \.body.maxSize, Kind.size().located, default: "`server.limits.body`", "Over it 413.")
    Option(
      "required", optional: \.body.isRequired, Kind.boolean.located, default: "true",
      "Without a body the request is 422.")
    Option(
      "coercion", optional: \.body.coercion, Kind.word.located, default: "`validation.coercion`",
      "Whether JSON values may be read as other types than they have.")
    Option(
      "content_encodings", optional: \.body.contentEncodings, .list(of: .word), default: "[gzip, deflate]",
      "Values of `content-encoding` that are undone; others are 415.")
    Option("form", optional: \.body.form, .section(FormLimits.section), default: "{}", "What a form may hold.")
    Option(
      "duplicate_keys", optional: \.body.duplicateKeys, .word,
      default: "`refuse`, with `profile: fastapi` `last`",
      "JSON that names a member twice is 422, or its last one counts.")
  }
}

extension FormLimits {
  static let section = Section<FormLimits>(
    "routes.body.form", "What a form may hold, urlencoded or multipart. Over `max_file_size` 413, over the others 400.", make: FormLimits()
  ) {
    Option("max_fields", \.maxFields, .integer(0...1_000_000), "Fields.")
    Option("max_files", \.maxFiles, .integer(0...1_000_000), "Files.")
    Option("max_field_size", \.maxFieldSize, .size(), "One field.")
    Option("max_file_size", optional: \.maxFileSize, .size(), default: "the body's limit", "One file.")
    Option("memory", \.memory, .size(), "What all files of a request may take in memory; the rest goes to `server.temporary_directory`.")
  }
}

extension Kind where Value == RouteBody {
  static var body: Kind {
    let long = Kind<BodyDraft>.section(BodyDraft.section)
    let short = Kind<SchemaReference>.schemaReference
    return Kind(
      "a schema, its name, or a mapping with `schema`, `content` or `embed`",
      schema: .object(["anyOf": .array([short.schema, long.schema])]),
      sections: long.sections
    ) { cursor, decoder in
      guard cursor.isLongForm(BodyDraft.section.keys) else {
        guard let schema = decoder.schemaReference(cursor) else { return nil }
        var body = RouteBody()
        body.location = cursor.location
        body.schema = schema
        return body
      }
      guard var body = long.read(cursor, decoder)?.body, decoder.check(body, cursor) else { return nil }
      body.location = cursor.location
      return body
    }
  }
}

extension FileDecoder {
  fileprivate func check(_ body: RouteBody, _ cursor: Cursor) -> Bool {
    let kinds = ["schema", "content", "embed"].compactMap { cursor.child($0) }
    if let first = kinds.first, let second = kinds.dropFirst().first {
      error(
        .conflict, "a body has one of `schema`, `content` and `embed`, this one has `\(first.name.value)` and "
          + "`\(second.name.value)`", at: second, place: second.keyLocation,
        notes: [.init("the first is here", at: first.keyLocation)])
      return false
    }
    guard let form = cursor.child("form") else { return true }
    if let json = cursor.child("schema") ?? cursor.child("embed") {
      error(
        .conflict, "`form` is for forms, this body is JSON", at: form, place: form.keyLocation, help: "remove it",
        notes: [.init("the body is declared here", at: json.keyLocation)])
      return false
    }
    if let content = body.content, !content.contains(where: { MediaTypeText.takesForms($0.mediaType.value) }) {
      error(
        .conflict, "`form` is for forms, and `content` has none", at: form, place: form.keyLocation,
        expected: NearestWord.list(MediaTypeText.forms), help: "remove it, or add a form to `content`")
      return false
    }
    if let file = body.form?.maxFileSize, let size = body.maxSize, file > size.value,
      let entry = form.child("max_file_size")
    {
      error(
        .conflict, "a file can never be larger than the body", at: entry,
        notes: [.init("the body's limit is here", at: size)])
      return false
    }
    return true
  }
}

// MARK: content

extension Kind where Value == [BodyContent] {
  static var content: Kind {
    let item = Kind<ContentDraft>.section(ContentDraft.section)
    let short = Kind<SchemaReference>.schemaReference
    let entries = Kind.mapping(
      "a mapping from media types to schemas", key: "^[^/]+/[^/]+$",
      value: .object(["anyOf": .array([short.schema, item.schema])]), sections: item.sections, needs: "media type"
    ) { entry, decoder -> BodyContent? in
      let mediaType = decoder.mediaType(entry)
      let isLong = entry.isLongForm(ContentDraft.section.keys)
      let schema = isLong ? item.read(entry, decoder)?.schema : short.read(entry, decoder)
      guard let mediaType, let schema else { return nil }
      return BodyContent(mediaType: mediaType, schema: schema)
    }
    return Kind(entries.type, schema: entries.schema, sections: entries.sections) { cursor, decoder in
      guard let content = entries.read(cursor, decoder), !content.isEmpty else { return nil }
      var seen: [String: Location] = [:]
      for mediaType in content.map(\.mediaType) {
        if let first = seen.updateValue(mediaType.location, forKey: mediaType.value) {
          decoder.diagnostics.error(
            .conflict, "the media type `\(mediaType.value)` is named twice", at: mediaType,
            notes: [.init("the first is here", at: first)])
        }
      }
      return content
    }
  }
}

struct ContentDraft: Sendable {
  var schema = SchemaReference.inline(LocatedJSON(.bool(true)))

  static let section = Section<ContentDraft>(
    "routes.body.content", "The body as one media type, in its long form.", make: ContentDraft()
  ) {
    Option(required: "schema", \.schema, .schemaReference, "A schema or the name of one.")
  }
}

enum MediaTypeText {
  static let forms = ["application/x-www-form-urlencoded", "multipart/form-data"]

  /// The top-level types of IANA's registry.
  static let families = [
    "application", "audio", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video",
  ]

  private static let short = [
    "json": "application/json", "text": "text/plain", "plain": "text/plain", "html": "text/html",
    "xml": "application/xml", "bytes": "application/octet-stream", "binary": "application/octet-stream",
    "form": "application/x-www-form-urlencoded", "urlencoded": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data", "form-data": "multipart/form-data", "any": "*/*", "*": "*/*",
  ]

  static func takesForms(_ range: String) -> Bool {
    forms.contains(range) || ["*/*", "application/*", "multipart/*"].contains(range)
  }

  /// What is wrong with a media type or a range of them (in lower case), and what was meant.
  static func problem(_ text: String) -> (message: String, suggestion: String?)? {
    if let semicolon = text.firstIndex(of: ";") {
      let bare = text[..<semicolon].filter { $0 != " " }
      return ("must be without parameters", bare)
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let family = parts.first, let type = parts.last else {
      return ("is no media type", short[text])
    }
    if text == "*/*" { return nil }
    guard HTTPText.isToken(family), HTTPText.isToken(type), !family.contains("*"), type == "*" || !type.contains("*")
    else { return ("is no media type", nil) }
    if families.contains(String(family)) || family.hasPrefix("x-") { return nil }
    return (
      "is no media type: there is no `\(family)`",
      NearestWord.of(String(family), among: families).map { $0 + "/" + type }
    )
  }
}

extension FileDecoder {
  /// The key of an entry of `content`, in lower case.
  fileprivate func mediaType(_ entry: Cursor) -> Located<String>? {
    let text = entry.name.value.lowercased()
    guard let problem = MediaTypeText.problem(text) else { return Located(text, at: entry.keyLocation) }
    error(
      .invalidValue, "`\(entry.name.value)` \(problem.message)", at: entry, place: entry.keyLocation,
      expected: "a media type such as `application/json`, `image/*` or `*/*`", suggestion: problem.suggestion)
    return nil
  }
}

// MARK: embed

struct EmbeddedDraft: Sendable {
  var value = EmbeddedBody(schema: .inline(LocatedJSON(.bool(true))))

  static let section = Section<EmbeddedDraft>(
    "routes.body.embed", "One of several values in a body, in its long form.", make: EmbeddedDraft()
  ) {
    Option(required: "schema", \.value.schema, .schemaReference, "A schema or the name of one.")
    Option(
      "required", optional: \.value.isRequired, Kind.boolean.located, default: "true",
      "Without it the request is 422.")
  }
}

extension Kind where Value == [EmbeddedBody] {
  fileprivate static var embedded: Kind {
    let item = Kind<EmbeddedDraft>.section(EmbeddedDraft.section)
    let short = Kind<SchemaReference>.schemaReference
    let entries = Kind.mapping(
      "a mapping from names to schemas", key: nil,
      value: .object(["anyOf": .array([short.schema, item.schema])]), sections: item.sections, needs: "value"
    ) { entry, decoder -> EmbeddedBody? in
      if entry.name.value.isEmpty {
        decoder.error(.invalidValue, "a value needs a name", at: entry, place: entry.keyLocation)
        return nil
      }
      var value: EmbeddedBody?
      if entry.isLongForm(EmbeddedDraft.section.keys) {
        value = item.read(entry, decoder)?.value
      } else {
        value = short.read(entry, decoder).map { EmbeddedBody(schema: $0) }
      }
      value?.name = entry.name
      return value
    }
    return Kind(entries.type, schema: entries.schema, sections: entries.sections) { cursor, decoder in
      guard let values = entries.read(cursor, decoder), !values.isEmpty else { return nil }
      return values
    }
  }
}
