import CGatewayPlugin
import GatewayPluginHost
import Logging

extension Logger {
  /// Writes what a plugin says. Facts that the gateway knows are its own: a plugin's of the same name is set beside them.
  func log(_ event: PluginLogEvent) {
    let level = Level(event.level)
    guard level >= logLevel else { return }
    var metadata: Metadata = [:]
    for fact in event.facts {
      let isTaken = Self.ownNames.contains(fact.name) || fact.name.isEmpty
      metadata[isTaken ? "plugin.\(fact.name)" : fact.name] = "\(fact.value)"
    }
    if let call = event.call {
      let known = [
        ("request_id", call.requestID), ("route", call.route), ("handler", call.handler), ("function", call.function),
        ("plugin", String(call.function.prefix { $0 != "." })),
        // Of `00-TRACE-SPAN-FLAGS`.
        ("trace_id", String(call.traceParent.dropFirst(3).prefix(32))),
      ]
      for (name, value) in known where !value.isEmpty { metadata[name] = "\(value)" }
    }
    if event.isCut { metadata["cut"] = "true" }
    log(level: level, "\(event.message)", metadata: metadata)
  }

  /// Of the log's lines, and of what the gateway says about a call.
  private static let ownNames: Set<String> = [
    "time", "level", "message", "request_id", "route", "handler", "function", "plugin", "trace_id", "cut",
  ]
}
