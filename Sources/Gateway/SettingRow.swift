import GatewayConfiguration
import GatewayJSON

/// One value of a setting and what gave it, as `gateway settings` prints it. Holds no secret.
public struct SettingRow: Sendable {
  public var name: String
  public var type: String
  /// For people: `a secret of 12 bytes` where it is one.
  public var shown: String
  /// Nil for secrets.
  public var value: JSONValue?
  public var isSecret: Bool
  public var summary: String?
  public var source: Source

  public struct Source: Sendable, Equatable {
    public enum Kind: String, Sendable { case environment, envFile = "env_file", secretFile = "secret_file", fallback = "default", overlay }
    public var kind: Kind
    public var variable: String?
    public var file: String?
    public var line: Int?
  }

  init(_ leaf: SettingLeaf, _ sources: SourceMap) {
    name = leaf.path
    type = leaf.kind.rawValue
    shown = leaf.shown
    isSecret = leaf.isSecret
    summary = leaf.summary
    value = leaf.open
    switch leaf.source {
    case .environment(let variable): source = Source(kind: .environment, variable: variable)
    case .envFile(let path, let variable, let place):
      source = Source(kind: .envFile, variable: variable, file: path, line: place.mark.line)
    case .secretFile(let path): source = Source(kind: .secretFile, file: path)
    case .overlay(let place):
      source = Source(kind: .overlay, file: sources[place.mark.file]?.name, line: place.mark.line)
    case .fallback(let place):
      source = Source(kind: .fallback, file: sources[place.mark.file]?.name, line: place.mark.line)
    }
  }
}

/// The settings of a configuration; nothing but the file and the sources of its settings is looked at.
public struct SettingReport: Sendable {
  public let rows: [SettingRow]
  public let diagnostics: Diagnostics

  /// - Parameter changes: overlays, whose settings stand where the defaults do.
  public static func read(path: String, _ changes: EnvironmentChanges = EnvironmentChanges()) -> SettingReport {
    let result = GatewayLoader.read(path: path, changes)
    let leaves = result.file?.settings.flatMap(\.leaves) ?? []
    return SettingReport(rows: leaves.map { SettingRow($0, result.sources) }, diagnostics: result.diagnostics)
  }

  /// What is wrong, for a person; empty where nothing is.
  public func complaints(isColored: Bool) -> String {
    DiagnosticRenderer(sources: diagnostics.sources, isColored: isColored).text(diagnostics)
  }

  public var hasErrors: Bool { diagnostics.hasErrors }

  /// Columns for a terminal.
  public var table: String {
    let cells = [["SETTING", "TYPE", "VALUE", "FROM"]] + rows.map { [$0.name, $0.type, $0.line, $0.source.words] }
    let widths = (0..<3).map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      let padded = widths.indices.map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count + 2) }
      return padded.joined() + row[3]
    }.joined(separator: "\n")
  }

  /// A JSON array.
  public var json: String {
    var writer = JSONWriter()
    writer.beginArray()
    for row in rows {
      writer.beginObject()
      writer.name("name")
      writer.string(row.name)
      writer.name("type")
      writer.string(row.type)
      writer.name("secret")
      writer.bool(row.isSecret)
      writer.name("value")
      writer.value(row.value ?? .null)
      if let summary = row.summary {
        writer.name("description")
        writer.string(summary)
      }
      writer.name("source")
      writer.beginObject()
      writer.name("kind")
      writer.string(row.source.kind.rawValue)
      for (name, text) in [("variable", row.source.variable), ("file", row.source.file)] {
        guard let text else { continue }
        writer.name(name)
        writer.string(text)
      }
      if let line = row.source.line {
        writer.name("line")
        writer.number(line)
      }
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension SettingRow {
  /// The value on one line, cut to what a terminal has room for; control characters move no cursor.
  fileprivate var line: String {
    let plain = String(String.UnicodeScalarView(shown.unicodeScalars.map { $0.value < 0x20 || 0x7F..<0xA0 ~= $0.value ? "\u{FFFD}" : $0 }))
    return plain.count > 60 ? plain.prefix(60) + "…" : plain
  }
}

extension SettingRow.Source {
  fileprivate var words: String {
    let place = (file ?? "") + (line.map { ":\($0)" } ?? "")
    switch kind {
    case .environment: return "environment \(variable ?? "")"
    case .envFile: return "\(place) \(variable ?? "")"
    case .secretFile: return place
    case .fallback: return "default, \(place)"
    case .overlay: return "overlay \(place)"
    }
  }
}
