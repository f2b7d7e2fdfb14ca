import GatewayJSON
import GatewayPluginHost
import Glibc

/// Tells the process that started this one what the plugin under test does: one JSON object a line, written at once, so that
/// nothing is lost where the plugin ends the process.
struct ConformanceChannel: Sendable {
  enum Message {
    /// What the plugin is.
    case opened(PluginSummary)
    /// What is done from here on; `group` is the function that it is about.
    case step(String, group: String)
    case function(String)
    case finding(ConformanceFinding)
    case untried(function: String, reason: String)
    case done
  }

  func send(_ message: Message) {
    var writer = JSONWriter()
    writer.beginObject()
    switch message {
    case .opened(let summary):
      writer.name("opened")
      summary.write(to: &writer)
    case .step(let step, let group):
      writer.name("step")
      writer.string(step)
      writer.name("group")
      writer.string(group)
    case .function(let function):
      writer.name("function")
      writer.string(function)
    case .finding(let finding):
      writer.name("finding")
      finding.write(to: &writer)
    case .untried(let function, let reason):
      writer.name("untried")
      writer.string(function)
      writer.name("reason")
      writer.string(reason)
    case .done:
      writer.name("done")
      writer.bool(true)
    }
    writer.endObject()
    writer.bytes.append(UInt8(ascii: "\n"))
    writer.bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = write(
          ChildProcess.reportDescriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        guard count > 0 || errno == EINTR else { return }
        rest = rest.dropFirst(max(0, count))
      }
    }
  }

  /// A line that came from another process, which runs code of the plugin: anything may be in it.
  static func message(_ line: String) -> Message? {
    guard let json = try? JSONValue(parsing: line) else { return nil }
    if let opened = json["opened"] { return PluginSummary(opened).map { .opened($0) } }
    if let step = json["step"]?.string { return .step(step, group: json["group"]?.string ?? step) }
    if let function = json["function"]?.string { return .function(function) }
    if let finding = json["finding"] { return ConformanceFinding(finding).map { .finding($0) } }
    if let function = json["untried"]?.string {
      return .untried(function: function, reason: json["reason"]?.string ?? "")
    }
    return json["done"] != nil ? .done : nil
  }
}

/// What a plugin says that it is, once it is open.
public struct PluginSummary: Sendable, Equatable {
  public var name: String
  public var version: String
  public var handlers: [String]
  public var providers: [String]
  public var policies: [String]
  public var errorHandlers: [String]

  init(_ plugin: LoadedPlugin) {
    name = plugin.declaredName
    version = plugin.version
    handlers = plugin.handlers.map(\.name)
    providers = plugin.providers.map(\.name)
    policies = plugin.policies.map(\.name)
    errorHandlers = plugin.errorHandlers.map(\.name)
  }

  init?(_ json: JSONValue) {
    func names(_ key: String) -> [String] { json[key]?.array?.compactMap(\.string) ?? [] }
    guard let name = json["name"]?.string, let version = json["version"]?.string else { return nil }
    self.name = name
    self.version = version
    handlers = names("handlers")
    providers = names("providers")
    policies = names("policies")
    errorHandlers = names("error_handlers")
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("name")
    writer.string(name)
    writer.name("version")
    writer.string(version)
    for (key, names) in [
      ("handlers", handlers), ("providers", providers), ("policies", policies), ("error_handlers", errorHandlers),
    ] {
      writer.name(key)
      writer.strings(names)
    }
    writer.endObject()
  }

  /// Such as `echo 1.0.0: 4 handlers, 1 provider`.
  public var text: String {
    func count(_ names: [String], _ one: String, _ many: String) -> String? {
      names.isEmpty ? nil : "\(names.count) \(names.count == 1 ? one : many)"
    }
    let counts = [
      count(handlers, "handler", "handlers"), count(providers, "provider", "providers"),
      count(policies, "policy", "policies"), count(errorHandlers, "error handler", "error handlers"),
    ].compactMap { $0 }
    return Printable.text("\(name) \(version)") + ": " + (counts.isEmpty ? "nothing" : counts.joined(separator: ", "))
  }
}
