import GatewayConfiguration
import GatewayJSON

/// What is known about the configuration file, made from the declarations that decode it.
public enum ConfigurationReference {
  /// JSON Schema of the file.
  public static var schema: String {
    var writer = JSONWriter()
    writer.value(FileSchema.json())
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// All options, as Markdown.
  public static var markdown: String { OptionReference.markdown() }
}

extension Snapshot {
  /// Such as "12 routes, 2 plugins, 1 upstream".
  public var summary: String {
    func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
    return [count(routes.count, "route"), count(plugins.count, "plugin"), count(upstreams.count, "upstream")]
      .joined(separator: ", ")
  }
}

extension RouteRow {
  /// Columns for a terminal.
  public static func table(_ rows: [RouteRow]) -> String {
    let cells = [["METHODS", "HOST", "PATH", "ANSWERED BY"]] + rows.map { [$0.methods, $0.host, $0.path, $0.action] }
    let widths = (0..<4).map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += column == 3 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
      }
      return line
    }.joined(separator: "\n")
  }

  /// A JSON array.
  public static func json(_ rows: [RouteRow]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for row in rows {
      writer.beginObject()
      for (name, value) in [
        ("methods", row.methods), ("host", row.host), ("path", row.path), ("action", row.action), ("name", row.name),
      ] {
        writer.name(name)
        writer.string(value)
      }
      writer.endObject()
    }
    writer.endArray()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
