import GatewayJSON
import GatewayYAML

extension ErrorSettings {
  static let section = Section<ErrorSettings>(
    "errors", "How errors are answered that the gateway makes itself, or that plugins throw with a status.",
    make: ErrorSettings()
  ) {
    Option("shape", optional: \.shape, .word, default: "detail", "`problem` is RFC 9457.")
    Option(
      "responses", \.responses, .errorResponses, default: "{}",
      "Status, `4xx`, `5xx` or `default` → an answer of its own; the closest entry counts.")
    Option(
      "handler_timeout", optional: \.handlerTimeout, .duration(.milliseconds(1)...Duration.seconds(60)), default: "2s",
      "How long an error handler of a plugin may take; after that the error is answered as it was.")
  }
}

extension Kind where Value == ErrorSettings {
  static var errors: Kind {
    Kind.section(ErrorSettings.section).orShort(
      Kind<ErrorShape>.word.map(show: { ($0.shape ?? .detail).rawValue }) {
        var settings = ErrorSettings()
        settings.shape = $0
        return settings
      })
  }
}

/// An entry of `errors.responses` as the file has it.
struct ErrorResponseDraft: Sendable {
  var text: Located<String>?
  var json: LocatedJSON?
  var headers: [ResponseHeader] = []
  var handler: PluginReference?

  static let section = Section<ErrorResponseDraft>(
    "errors.responses",
    "An answer to an error. `{status}`, `{title}`, `{detail}`, `{errors}`, `{request_id}`, `{method}` and `{path}` stand for "
      + "what is known of it.", make: ErrorResponseDraft()
  ) {
    Option("json", optional: \.json, .json, default: "none", "The body as JSON; a placeholder is a whole string.")
    Option(
      "text", optional: \.text, Kind.string("text", check: { _ in nil }).located, default: "none",
      "The body as text; not beside `json`.")
    Option("headers", \.headers, .responseHeaders, default: "{}", "Further fields.")
    Option(
      "handler", optional: \.handler, .pluginReference, default: "none",
      "An error handler of a plugin, as `plugin.name`; alone.")
  }
}

extension Kind where Value == [ErrorResponse] {
  fileprivate static var errorResponses: Kind {
    let entry = Kind<ErrorResponseDraft>.section(ErrorResponseDraft.section)
    return .mapping(
      "a mapping from statuses to answers", key: "^([45][0-9][0-9]|[45]xx|default)$", value: entry.schema,
      sections: entry.sections
    ) { cursor, decoder in
      guard let draft = entry.read(cursor, decoder) else { return nil }
      guard let status = ErrorStatus(cursor.name.value) else {
        decoder.error(
          .invalidValue, "`\(cursor.name.value)` is no status of an error", at: cursor, place: cursor.keyLocation,
          expected: "a number from 400 to 599, `4xx`, `5xx` or `default`")
        return nil
      }
      return decoder.errorResponse(draft, status, cursor)
    }
  }
}

extension ErrorStatus {
  init?(_ text: String) {
    switch text {
    case "default": self = .any
    case "4xx": self = .range(4)
    case "5xx": self = .range(5)
    default:
      guard text.utf8.count == 3, let code = UnitText.number(text[...]), (400...599).contains(code) else { return nil }
      self = .code(UInt16(code))
    }
  }
}

extension FileDecoder {
  fileprivate func errorResponse(_ draft: ErrorResponseDraft, _ status: ErrorStatus, _ cursor: Cursor) -> ErrorResponse? {
    var response = ErrorResponse()
    response.location = cursor.keyLocation
    response.status = status
    response.headers = draft.headers
    response.handler = draft.handler
    let written = ["json", "text", "handler"].compactMap { cursor.child($0) }
    if let second = written.dropFirst().first, let first = written.first {
      error(
        .conflict, "an error has one answer, this one has `\(first.text)` and `\(second.text)`", at: second,
        place: second.keyLocation, notes: [.init("the other is here", at: first.keyLocation)])
      return nil
    }
    if draft.handler != nil, let headers = cursor.child("headers") {
      error(
        .conflict, "the fields are the error handler's to set", at: headers, place: headers.keyLocation,
        help: "remove `headers`")
      return nil
    }
    guard !written.isEmpty else {
      // An unknown key was told, and may be the one that is missed.
      guard (cursor.entries ?? []).allSatisfy({ ErrorResponseDraft.section.keys.contains($0.text) }) else { return nil }
      error(
        .missingKey, "`\(cursor.keyPath)` says nothing of the answer", at: cursor, place: cursor.keyLocation,
        expected: "`json`, `text` or `handler`")
      return nil
    }
    if let json = draft.json {
      guard checkPlaceholders(json) else { return nil }
      response.body = .json(json.value)
    }
    if let text = draft.text {
      guard checkText(text, draft.headers) else { return nil }
      response.body = .text(text.value)
    }
    return response
  }

  /// What fills a placeholder may come from the client. As a value of its own it cannot break out of the document.
  private func checkPlaceholders(_ json: LocatedJSON) -> Bool {
    var pending: [(JSONValue, String)] = [(json.value, "")]
    var isGood = true
    while let (value, pointer) = pending.popLast() {
      switch value {
      case .array(let items):
        for (index, item) in items.enumerated() { pending.append((item, "\(pointer)/\(index)")) }
      case .object(let object):
        for member in object.members {
          pending.append((member.value, pointer + "/" + JSONPointerText.escaped(member.name)))
        }
      case .string(let text):
        let parts = ErrorPlaceholder.split(text)
        let hasPlaceholder = parts.contains { if case .placeholder = $0 { true } else { false } }
        if hasPlaceholder, parts.count > 1 {
          isGood = false
          diagnostics.error(
            .invalidValue, "a placeholder is a value of its own in JSON, it cannot stand inside of a text",
            at: json.location(forPointer: pointer), found: text, expected: "a string that is the placeholder alone",
            help: "give it a member of its own, or use `text`")
        } else if !hasPlaceholder, let name = Self.misspelt(text) {
          isGood = false
          unknownPlaceholder(name, at: json.location(forPointer: pointer))
        }
      default: break
      }
    }
    return isGood
  }

  /// The name in a string that looks like a placeholder and is none.
  private static func misspelt(_ text: String) -> String? {
    guard text.hasPrefix("{"), text.hasSuffix("}"), text.count > 2 else { return nil }
    let name = text.dropFirst().dropLast()
    return name.allSatisfy { $0.isLetter || $0 == "_" } ? String(name) : nil
  }

  private func unknownPlaceholder(_ name: String, at place: Location) {
    let names = ErrorPlaceholder.allCases.map(\.rawValue)
    diagnostics.error(
      .unknownReference, "there is no placeholder `{\(name)}` for errors", at: place,
      expected: NearestWord.list(names.map { "{\($0)}" }), suggestion: NearestWord.of(name, among: names).map { "{\($0)}" })
  }

  private func checkText(_ text: Located<String>, _ headers: [ResponseHeader]) -> Bool {
    let type = headers.first { $0.name.value == "content-type" }
    let essence = type?.value.value.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    let hasPlaceholder = ErrorPlaceholder.split(text.value).contains { if case .placeholder = $0 { true } else { false } }
    guard hasPlaceholder, let type, let essence, essence != "text/plain", essence != "text/html" else { return true }
    diagnostics.error(
      .conflict, "placeholders cannot be written safely into a text of type `\(essence)`", at: text,
      expected: "`text/plain` or `text/html`", help: "use `json`, or a text without placeholders",
      notes: [.init("the type is given here", at: type.value)])
    return false
  }
}
