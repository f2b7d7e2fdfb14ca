import GatewayJSON

/// A section as the option reference and the schema see it: without the type it decodes to.
protocol SectionDescription: Sendable {
  var name: String { get }
  var doc: String { get }
  var optionDescriptions: [OptionDescription] { get }
  /// Sections that this one's options are made of.
  var parts: [any SectionDescription] { get }
}

struct OptionDescription: Sendable {
  var name: String
  var doc: String
  var since: String
  var type: String
  var defaultText: String?
  var isRequired: Bool
  var isReserved: Bool
  var schema: JSONValue
}

extension Section: SectionDescription {
  var optionDescriptions: [OptionDescription] {
    let fresh = make()
    return options.map { option in
      OptionDescription(
        name: option.name, doc: option.doc, since: option.since, type: option.type,
        defaultText: option.defaultText(fresh), isRequired: option.isRequired, isReserved: option.isReserved,
        schema: option.schema())
    }
  }

  var parts: [any SectionDescription] { options.flatMap { $0.sections() } }
}

extension SectionDescription {
  /// This section and all below it, each once, in the order of the file.
  var flattened: [any SectionDescription] {
    var seen: Set<String> = []
    var list: [any SectionDescription] = []
    func visit(_ section: any SectionDescription) {
      guard seen.insert(section.name).inserted else { return }
      list.append(section)
      section.parts.forEach(visit)
    }
    visit(self)
    return list
  }
}
