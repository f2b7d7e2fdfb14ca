import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost

/// What came of a reload.
public struct ReloadReport: Sendable {
  public enum Outcome: String, Sendable, CaseIterable {
    /// The new state serves.
    case swapped
    /// There was nothing to change; requests did not notice.
    case unchanged
    /// Something is wrong; everything is as before.
    case refused
  }

  /// A plugin's content with one `config`, as the gateway counts them.
  public struct Generation: Sendable, Equatable {
    /// From 1, for each name.
    public var number: Int
    /// As it calls itself.
    public var version: String
    /// Nil where it is linked into the process.
    public var digest: FileDigest?
    public var path: String?
  }

  public struct PluginChange: Sendable, Equatable {
    public var name: String
    /// Nil: it was not there before.
    public var old: Generation?
    /// Nil: it is not there any more.
    public var new: Generation?

    public init(name: String, old: Generation?, new: Generation?) {
      self.name = name
      self.old = old
      self.new = new
    }
  }

  public var request: ReloadRequest
  public var outcome = Outcome.refused
  /// What is wrong with the configuration and the plugins' files, and warnings.
  public var diagnostics = Diagnostics()
  /// Why it was refused, where no diagnostic says so: such as a plugin that did not start.
  public var failure: String?
  /// What deserves attention: such as settings that count after a restart only.
  public var warnings: [String] = []
  public var addedRoutes: [RouteRow] = []
  public var removedRoutes: [RouteRow] = []
  /// Plugins whose generation is another one now.
  public var plugins: [PluginChange] = []
  /// Plugins that run on, untouched.
  public var keptPlugins: [String] = []
  /// App-scope dependencies that were made anew, and those that live on.
  public var remadeDependencies: [String] = []
  public var keptDependencies: [String] = []
  public var duration = Duration.zero

  public init(request: ReloadRequest) { self.request = request }

  /// For a person, with the diagnostics; ends with a line end.
  public func text(isColored: Bool = false) -> String {
    DiagnosticRenderer(sources: diagnostics.sources, isColored: isColored).text(diagnostics) + summary
  }

  /// The same without the diagnostics.
  public var summary: String {
    var lines: [String] = []
    for change in plugins { lines.append("plugin \(change.name): \(Self.text(change))") }
    for row in addedRoutes { lines.append("+ \(Self.text(row))") }
    for row in removedRoutes { lines.append("- \(Self.text(row))") }
    for warning in warnings { lines.append("warning: \(warning)") }
    if let failure { lines.append("error: \(failure)") }
    lines.append("\(request): \(outcomeText) (\(milliseconds) ms)")
    return diagnostics.sources.secrets.redacted(lines.joined(separator: "\n") + "\n")
  }

  private var outcomeText: String {
    switch outcome {
    case .swapped: "done, no request was lost"
    case .unchanged: "nothing has changed"
    case .refused: "refused, everything serves as before"
    }
  }

  var milliseconds: Int64 {
    let (seconds, attoseconds) = duration.components
    return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
  }

  private static func text(_ change: PluginChange) -> String {
    func text(_ generation: Generation?) -> String {
      guard let generation else { return "none" }
      let digest = generation.digest.map { ", \($0.hex.prefix(12))" } ?? ""
      return "generation \(generation.number) (\(generation.version)\(digest))"
    }
    return "\(text(change.old)) → \(text(change.new))"
  }

  private static func text(_ row: RouteRow) -> String {
    "\(row.methods) \(row.host == "*" ? "" : row.host)\(row.path) (\(row.action))"
  }

  /// For a program: an object.
  public var json: String {
    var writer = JSONWriter()
    write(to: &writer)
    return diagnostics.sources.secrets.redacted(String(decoding: writer.bytes, as: UTF8.self))
  }

  /// With the text for people, for one that cannot make it: the sources are on this side.
  var jsonWithText: String {
    var writer = JSONWriter()
    write(to: &writer, text: text())
    return diagnostics.sources.secrets.redacted(String(decoding: writer.bytes, as: UTF8.self))
  }

  func write(to json: inout JSONWriter, text: String? = nil) {
    json.beginObject()
    json.name("request" as StaticString)
    json.string("\(request)")
    json.name("outcome" as StaticString)
    json.string(outcome.rawValue)
    json.name("milliseconds" as StaticString)
    json.number(milliseconds)
    if let failure {
      json.name("failure" as StaticString)
      json.string(failure)
    }
    strings("warnings", warnings, &json)
    json.name("plugins" as StaticString)
    json.beginArray()
    for change in plugins {
      json.beginObject()
      json.name("name" as StaticString)
      json.string(change.name)
      json.name("old" as StaticString)
      change.old.map { $0.write(to: &json) } ?? json.null()
      json.name("new" as StaticString)
      change.new.map { $0.write(to: &json) } ?? json.null()
      json.endObject()
    }
    json.endArray()
    strings("kept_plugins", keptPlugins, &json)
    strings("remade_dependencies", remadeDependencies, &json)
    strings("kept_dependencies", keptDependencies, &json)
    rows("added_routes", addedRoutes, &json)
    rows("removed_routes", removedRoutes, &json)
    json.name("diagnostics" as StaticString)
    json.value(diagnostics.json)
    if let text {
      json.name("text" as StaticString)
      json.string(text)
    }
    json.endObject()
  }

  private func strings(_ name: StaticString, _ list: [String], _ json: inout JSONWriter) {
    json.name(name)
    json.beginArray()
    for text in list { json.string(text) }
    json.endArray()
  }

  private func rows(_ name: StaticString, _ rows: [RouteRow], _ json: inout JSONWriter) {
    json.name(name)
    json.beginArray()
    for row in rows {
      json.beginObject()
      for (name, value) in [("methods", row.methods), ("host", row.host), ("path", row.path), ("action", row.action), ("name", row.name)] {
        json.name(name)
        json.string(value)
      }
      json.endObject()
    }
    json.endArray()
  }
}

extension ReloadReport.Generation {
  func write(to json: inout JSONWriter) {
    json.beginObject()
    json.name("generation" as StaticString)
    json.number(number)
    json.name("version" as StaticString)
    json.string(version)
    json.name("digest" as StaticString)
    digest.map { json.string($0.description) } ?? json.null()
    json.name("path" as StaticString)
    path.map { json.string($0) } ?? json.null()
    json.endObject()
  }
}
