import GatewayJSON

/// `provides` of a provider's declaration.
struct ProvidedViewDraft: Sendable {
  var json: Located<String>?
  var service: Located<String>?
  var version: Located<String> = ""
  var schema: LocatedJSON?
  var decoder: Located<String>?

  static let section = Section<ProvidedViewDraft>(
    "declaration.provides", "How other plugins may take a provider's values.", make: ProvidedViewDraft()
  ) {
    Option("json", optional: \.json, Kind.string("a name").located, "As JSON, under this name.")
    Option("service", optional: \.service, Kind.string("a name").located, "As a table of C functions, under this name.")
    Option(
      required: "version", \.version,
      Kind.string("`MAJOR.MINOR`") { ViewVersionText.isValid($0) ? nil : "must be `MAJOR.MINOR`" }.located,
      "Consumers need the same major number and at most this minor number.")
    Option("schema", optional: \.schema, .json, "What the JSON always fits.")
    Option("decoder", optional: \.decoder, Kind.string("a provider's name").located, "What makes the value from such JSON.")
  }
}

/// One entry of `requires` in a declaration.
struct RequiredViewDraft: Sendable {
  var schema: LocatedJSON?

  static let section = Section<RequiredViewDraft>(
    "declaration.requires", "What an input that comes from another plugin has to look like.", make: RequiredViewDraft()
  ) {
    Option("schema", optional: \.schema, .json, "What the JSON is held against.")
  }
}

enum ViewVersionText {
  static func isValid(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2 && text.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
      && parts.allSatisfy { UInt16($0) != nil }
  }
}

extension Kind where Value == [ProvidedView] {
  static var providedViews: Kind {
    .list(
      of: Kind<ProvidedView>.section(ProvidedViewDraft.section) { draft, cursor, decoder in
        var view = ProvidedView()
        switch (draft.json, draft.service) {
        case (let json?, nil): view.name = json
        case (nil, let service?):
          view.kind = .service
          view.name = service
        default:
          decoder.error(.conflict, "a view is either `json` or `service`", at: cursor)
          return nil
        }
        view.version = draft.version
        view.schema = draft.schema
        view.decoder = draft.decoder
        view.location = cursor.location
        return view
      })
  }
}

extension Kind where Value == [RequiredView] {
  static var requiredViews: Kind {
    let entry = Kind<RequiredViewDraft>.section(RequiredViewDraft.section)
    return .mapping("a mapping from inputs to what they need", key: nil, value: entry.schema, sections: entry.sections) {
      cursor, decoder in
      guard let draft = entry.read(cursor, decoder) else { return nil }
      var view = RequiredView()
      view.name = cursor.name
      if let schema = draft.schema { view.schema = schema }
      return view
    }
  }
}
