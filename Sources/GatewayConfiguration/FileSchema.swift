import GatewayJSON

/// The JSON Schema of gateway.yaml, for editors, made from the declarations that decode it.
///
/// It is wider than the decoder where JSON Schema cannot say more: references between parts, addresses, templates.
public enum FileSchema {
  public static func json() -> JSONValue {
    let root = GatewayFile.section
    var definitions = JSONObject([
      (
        "reference",
        .object([
          "type": .string("string"), "pattern": .string(#"\$\{"#),
          "description": .string("A value from `${settings.name}`, `${env:NAME}` or `${file:path}`."),
        ])
      )
    ])
    for section in root.flattened where section.name != root.name {
      definitions[section.name] = schema(of: section)
    }
    var object = JSONObject([
      ("$schema", .string("https://json-schema.org/draft/2020-12/schema")), ("title", .string(root.name)),
    ])
    for member in schema(of: root).object?.members ?? [] { object[member.name] = member.value }
    object["$defs"] = .object(definitions)
    return .object(object)
  }

  private static func schema(of section: any SectionDescription) -> JSONValue {
    let options = section.optionDescriptions.filter { !$0.isReserved }
    var properties = JSONObject()
    for option in options {
      properties[option.name] = describe(option)
    }
    var schema = JSONObject([
      ("type", .string("object")), ("description", .string(section.doc)), ("properties", .object(properties)),
    ])
    let required = options.filter(\.isRequired).map(\.name)
    if !required.isEmpty { schema["required"] = .strings(required) }
    // A parameter's other keys are its schema's.
    if section.name != ParameterDraft.section.name { schema["additionalProperties"] = .bool(false) }
    return .object(schema)
  }

  private static func describe(_ option: OptionDescription) -> JSONValue {
    let text = option.defaultText.map { option.doc + " Default: " + $0 + "." } ?? option.doc
    guard case .object = option.schema else { return .object(["description": .string(text)]) }
    return option.schema.adding("description", .string(text))
  }
}
