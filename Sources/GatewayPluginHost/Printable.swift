/// Bytes from a file or a plugin, made fit for a terminal and a log line: control characters and invalid UTF-8 are
/// escaped (they could forge log lines or drive the terminal), and length is bounded.
public enum Printable {
  private static let longest = 200

  public static func text(_ value: some StringProtocol) -> String {
    var result = ""
    var count = 0
    for scalar in value.unicodeScalars {
      guard count < longest else { return result + "…" }
      count += 1
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default:
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func quoted(_ value: some StringProtocol) -> String { "\"\(text(value))\"" }

  static func quoted(_ bytes: [UInt8]) -> String {
    var end = bytes.count
    while end > 0, bytes[end - 1] == 0 { end -= 1 }
    let shown = bytes[..<min(end, longest)]
    guard let text = String(validating: shown, as: UTF8.self) else {
      return shown.prefix(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
    return quoted(text) + (end > longest ? "…" : "")
  }
}
