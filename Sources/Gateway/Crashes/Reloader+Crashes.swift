import GatewayConfiguration
import GatewayJSON

extension Reloader {
  /// What was taken out of service, and what the gateway died of before.
  func writeCrashes(_ json: inout JSONWriter) {
    json.name("quarantined" as StaticString)
    json.beginArray()
    for function in Quarantine.shared.functions() {
      json.beginObject()
      json.name("function" as StaticString)
      json.string(function.name)
      json.name("crashes" as StaticString)
      json.number(function.crashes)
      json.name("seconds" as StaticString)
      json.number(function.remaining.components.seconds)
      json.endObject()
    }
    json.endArray()
    let reports = CrashReports.kept(file.server.crashReports)
    json.name("crash_reports" as StaticString)
    json.number(reports.count)
    json.name("last_crash" as StaticString)
    if let last = reports.first { last.write(to: &json) } else { json.null() }
  }
}

extension CrashReports {
  /// Newest first; none where none are kept, or the directory cannot be read: the log has said why.
  static func kept(_ options: ServerCrashReports?) -> [CrashReport] {
    guard let options, let directory = try? CrashDirectory(options, makes: false) else { return [] }
    defer { directory.close() }
    return directory.entries().compactMap(\.report)
  }
}

extension AdminText {
  /// Lines for `gateway status`.
  static func crashes(_ root: JSONObject) -> [(label: String, value: String)] {
    var lines: [(label: String, value: String)] = []
    for entry in root["quarantined"]?.array ?? [] {
      lines.append(
        (
          "quarantined",
          "\(entry["function"]?.string ?? "?"): \(entry["crashes"]?.number?.text ?? "?") crashes, "
            + "let in again in \(entry["seconds"]?.number?.text ?? "?") s"
        ))
    }
    if let last = root["last_crash"], let signal = last["signal"]?.string {
      let place = last["function"]?.string ?? last["plugin"]?.string ?? "no plugin's code"
      lines.append(
        ("last crash", "\(last["time"]?.string ?? "?") \(signal) in \(place); `gateway crashes` tells all"))
    }
    return lines
  }
}
