/// The reference of all options, made from the declarations that decode them.
public enum OptionReference {
  /// Markdown: one section of the file after the other, one table each.
  public static func markdown() -> String {
    var text = "# Options of gateway.yaml\n"
    for section in GatewayFile.section.flattened {
      text += "\n## `\(section.name)`\n\n\(section.doc)\n\n"
      text += "| key | value | default | since | |\n|---|---|---|---|---|\n"
      for option in section.optionDescriptions where !option.isReserved {
        let fallback = option.isRequired ? "required" : option.defaultText.map(cell) ?? ""
        text += "| `\(option.name)` | \(cell(option.type)) | \(fallback) | \(option.since) | \(cell(option.doc)) |\n"
      }
    }
    return text
  }

  /// Every section with its keys, reserved words left out.
  public static func keys() -> [(section: String, keys: [String])] {
    GatewayFile.section.flattened.map { section in
      (section.name, section.optionDescriptions.filter { !$0.isReserved }.map(\.name))
    }
  }

  private static func cell(_ text: String) -> String {
    text.map { $0 == "|" ? "\\|" : String($0) }.joined()
  }
}
