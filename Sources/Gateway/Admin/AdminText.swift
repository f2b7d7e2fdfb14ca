import GatewayJSON

/// What `gateway plugin list` and `gateway status` print of the gateway's JSON.
public enum AdminText {
  /// A table of the plugins, and a line for each generation beside the one that serves.
  public static func plugins(_ json: [UInt8]) -> String {
    guard case .object(let root)? = try? JSONValue(parsing: json) else { return "" }
    var rows = [["PLUGIN", "VERSION", "GENERATION", "DIGEST", "HEALTH", "CALLS", "FAILED", "IN FLIGHT", "OFFERS"]]
    for plugin in objects(root["plugins"]) {
      let held = plugin["rolled_back_from"].flatMap { text($0) }.map { " (rolled back from \($0))" } ?? ""
      rows.append([
        text(plugin["name"]) ?? "?", text(plugin["version"]) ?? "?", (text(plugin["generation"]) ?? "?") + held,
        digest(plugin["digest"]), health(plugin["healthy"]), text(plugin["invocations"]) ?? "",
        text(plugin["failures"]) ?? "", text(plugin["in_flight"]) ?? "", offers(plugin),
      ])
      for generation in objects(plugin["generations"]) where text(generation["state"]) != "serving" {
        rows.append([
          "", text(generation["version"]) ?? "?", text(generation["generation"]) ?? "?", digest(generation["digest"]),
          text(generation["state"]) ?? "?", text(generation["invocations"]) ?? "", text(generation["failures"]) ?? "",
          text(generation["in_flight"]) ?? "", "",
        ])
      }
    }
    var output = table(rows)
    if case .object(let retained)? = root["retained"] {
      let bytes = text(retained["bytes"]).flatMap(Int.init) ?? 0
      output +=
        "\(text(retained["libraries"]) ?? "0") of at most \(text(retained["limit"]) ?? "?") replaced libraries in memory, "
        + "\(bytes >> 10) KiB\n"
    }
    if case .object(let draining)? = root["draining"], let count = text(draining["snapshots"]), count != "0" {
      output += "\(count) replaced snapshots still have requests, \(text(draining["overdue"]) ?? "0") of them overdue\n"
    }
    return output
  }

  public static func status(_ json: [UInt8]) -> String {
    guard case .object(let root)? = try? JSONValue(parsing: json) else { return "" }
    var lines: [String] = []
    func line(_ label: String, _ value: String) {
      lines.append(label + String(repeating: " ", count: max(1, 16 - label.count)) + value)
    }
    line("status", text(root["status"]) ?? "?")
    line("process", text(root["process"]) ?? "?")
    line("configuration", text(root["configuration"]) ?? "?")
    line("up", "\(text(root["uptime_seconds"]) ?? "?") s")
    line("routes", text(root["routes"]) ?? "?")
    line("plugins", text(root["plugins"]) ?? "?")
    if case .object(let reloads)? = root["reloads"] {
      line(
        "reloads",
        "\(text(reloads["swapped"]) ?? "0") done, \(text(reloads["unchanged"]) ?? "0") without a change, "
          + "\(text(reloads["refused"]) ?? "0") refused")
    }
    if case .object(let last)? = root["last_reload"] {
      line("last reload", "\(text(last["request"]) ?? "?"): \(text(last["outcome"]) ?? "?")")
      if let failure = text(last["failure"]) { line("", failure) }
    }
    for (label, value) in crashes(root) { line(label, value) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func objects(_ value: JSONValue?) -> [JSONObject] {
    guard case .array(let list)? = value else { return [] }
    return list.compactMap(\.object)
  }

  private static func text(_ value: JSONValue?) -> String? {
    switch value {
    case .string(let text): text
    case .number(let number): number.text
    case .bool(let flag): flag ? "true" : "false"
    default: nil
    }
  }

  private static func digest(_ value: JSONValue?) -> String {
    text(value).map { String($0.dropFirst(7).prefix(12)) } ?? "linked"
  }

  private static func health(_ value: JSONValue?) -> String {
    guard case .bool(let isHealthy)? = value else { return "-" }
    return isHealthy ? "good" : "bad"
  }

  private static func offers(_ plugin: JSONObject) -> String {
    [("handlers", "handler"), ("providers", "provider"), ("policies", "policy"), ("error_handlers", "error handler")]
      .compactMap { name, word -> String? in
        guard case .array(let list)? = plugin[name], !list.isEmpty else { return nil }
        return "\(word) \(list.compactMap { text($0) }.joined(separator: ", "))"
      }.joined(separator: "; ")
  }

  private static func table(_ rows: [[String]]) -> String {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
