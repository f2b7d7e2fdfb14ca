import GatewayJSON
import GatewayPluginHost

/// A configuration that reaches everything a plugin offers, made from what it declares.
struct ConformanceSetup {
  /// The plugin's name in it.
  static let name = "tested"

  private(set) var text = ""
  /// What cannot be tried, and why.
  private(set) var untried: [(function: String, reason: String)] = []
  /// Paths of the routes, and the function that each leads to.
  private(set) var functions: [String: String] = [:]

  private let plugin: LoadedPlugin
  /// Of the contract's `schemas`: references lead to `#/schemas/Name`.
  private let samples: SampleJSON

  init(_ plugin: LoadedPlugin, path: String) {
    self.plugin = plugin
    let schemas = (try? JSONValue(parsing: plugin.schemas)) ?? .object(JSONObject())
    samples = SampleJSON(root: .object(JSONObject([("schemas", schemas)])))
    let dependencies = wire()
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("version")
    writer.number(1)
    writer.name("server")
    writer.beginObject()
    writer.name("listen")
    writer.strings(["127.0.0.1:0"])
    writer.name("timeouts")
    writer.beginObject()
    writer.name("exchange")
    writer.string("2s")
    writer.endObject()
    writer.endObject()
    writer.name("plugins")
    writer.beginObject()
    writer.name(Self.name)
    writer.beginObject()
    writer.name("path")
    writer.string(path)
    member("config", config(plugin.configSchema), &writer)
    writer.endObject()
    writer.endObject()
    write(dependencies, &writer)
    writePolicies(&writer)
    writeErrorHandlers(&writer)
    writeRoutes(dependencies, &writer)
    writer.endObject()
    text = String(decoding: writer.bytes, as: UTF8.self)
  }

  // MARK: dependencies

  private struct Wired {
    var provider: PluginProvider
    var name: String
    var needs: [(input: String, dependency: String)]
    var config: JSONValue?
  }

  /// Providers whose needs others of the plugin satisfy, in an order in which they can be made.
  private mutating func wire() -> [Wired] {
    var wired: [Wired] = []
    var left = Array(plugin.providers.enumerated())
    var isProgress = true
    while isProgress {
      isProgress = false
      for (place, (index, provider)) in left.enumerated().reversed() {
        guard let needs = Self.needs(provider.needs, from: wired, isApp: provider.scope == .app) else { continue }
        wired.append(Wired(provider: provider, name: "d\(index)", needs: needs, config: config(provider.configSchema)))
        left.remove(at: place)
        isProgress = true
      }
    }
    for (_, provider) in left {
      untried.append((provider.name, "it needs values that no other provider of the plugin makes for it"))
    }
    return wired
  }

  /// What each input gets; nil where one of them gets nothing.
  private static func needs(_ needs: [PluginNeed], from wired: [Wired], isApp: Bool) -> [(
    input: String, dependency: String
  )]? {
    var found: [(input: String, dependency: String)] = []
    for need in needs {
      guard let match = wired.first(where: { $0.provider.type == need.type && (!isApp || $0.provider.scope == .app) })
      else { return nil }
      found.append((need.name, match.name))
    }
    return found
  }

  private func config(_ schema: [UInt8]) -> JSONValue? {
    guard !schema.isEmpty, let parsed = try? JSONValue(parsing: schema) else { return nil }
    return samples.value(for: parsed)
  }

  private func write(_ dependencies: [Wired], _ writer: inout JSONWriter) {
    guard !dependencies.isEmpty else { return }
    writer.name("dependencies")
    writer.beginObject()
    for wired in dependencies {
      writer.name(wired.name)
      writer.beginObject()
      writer.name("provider")
      writer.string("\(Self.name).\(wired.provider.name)")
      Self.write(wired.needs, &writer)
      member("config", wired.config, &writer)
      writer.endObject()
    }
    writer.endObject()
  }

  private static func write(_ needs: [(input: String, dependency: String)], _ writer: inout JSONWriter) {
    guard !needs.isEmpty else { return }
    writer.name("needs")
    writer.beginObject()
    for (input, dependency) in needs {
      writer.name(input)
      writer.string(dependency)
    }
    writer.endObject()
  }

  private func member(_ name: String, _ value: JSONValue?, _ writer: inout JSONWriter) {
    guard let value else { return }
    writer.name(name)
    writer.value(value)
  }

  // MARK: routes

  private func writePolicies(_ writer: inout JSONWriter) {
    guard !plugin.policies.isEmpty else { return }
    writer.name("policies")
    writer.beginObject()
    for (index, policy) in plugin.policies.enumerated() {
      writer.name("p\(index)")
      writer.beginArray()
      writer.beginObject()
      writer.name("\(Self.name).\(policy.name)")
      writer.value(config(policy.configSchema) ?? .object(JSONObject()))
      writer.endObject()
      writer.endArray()
    }
    writer.endObject()
  }

  /// Each needs an error of the gateway's that nothing else makes.
  private static let errors: [(status: String, path: String)] = [("404", "/nothing"), ("405", "/errors")]

  private mutating func writeErrorHandlers(_ writer: inout JSONWriter) {
    guard !plugin.errorHandlers.isEmpty else { return }
    writer.name("errors")
    writer.beginObject()
    writer.name("responses")
    writer.beginObject()
    for (index, handler) in plugin.errorHandlers.enumerated() {
      guard Self.errors.indices.contains(index) else {
        untried.append((handler.name, "only the first \(Self.errors.count) error handlers are tried"))
        continue
      }
      writer.name(Self.errors[index].status)
      writer.beginObject()
      writer.name("handler")
      writer.string("\(Self.name).\(handler.name)")
      writer.endObject()
      functions[Self.errors[index].path] = handler.name
    }
    writer.endObject()
    writer.endObject()
  }

  private mutating func writeRoutes(_ dependencies: [Wired], _ writer: inout JSONWriter) {
    writer.name("routes")
    writer.beginArray()
    for (index, handler) in plugin.handlers.enumerated() {
      guard let needs = Self.needs(handler.needs, from: dependencies, isApp: false) else {
        untried.append((handler.name, "it needs values that no provider of the plugin makes for it"))
        continue
      }
      let path = (["/handlers/\(index)"] + Self.pathParameters(handler.declaration).map { "{\($0)}" }).joined(
        separator: "/")
      functions[path] = handler.name
      route("POST \(path)", &writer) { writer in
        writer.name("handler")
        writer.string("\(Self.name).\(handler.name)")
        Self.write(needs, &writer)
      }
    }
    for (index, policy) in plugin.policies.enumerated() {
      functions["/policies/\(index)"] = policy.name
      route("POST /policies/\(index)", &writer) { writer in
        Self.respond(&writer)
        writer.name("use")
        writer.strings(["p\(index)"])
      }
    }
    // Providers that no handler needs run for a route all the same.
    for wired in dependencies {
      functions["/providers/\(wired.name)"] = wired.provider.name
      route("POST /providers/\(wired.name)", &writer) { writer in
        Self.respond(&writer)
        if wired.provider.scope != .app {
          writer.name("depends")
          writer.strings([wired.name])
        }
      }
    }
    route("GET /errors", &writer, Self.respond)
    writer.endArray()
  }

  private func route(_ match: String, _ writer: inout JSONWriter, _ rest: (inout JSONWriter) -> Void) {
    writer.beginObject()
    writer.name("match")
    writer.string(match)
    rest(&writer)
    writer.endObject()
  }

  private static func respond(_ writer: inout JSONWriter) {
    writer.name("respond")
    writer.beginObject()
    writer.name("status")
    writer.number(200)
    writer.name("body")
    writer.string("a body that policies may change")
    writer.endObject()
  }

  /// Names of parameters that have to be in the path.
  private static func pathParameters(_ declaration: [UInt8]) -> [String] {
    guard let declared = try? JSONValue(parsing: declaration), let parameters = declared["parameters"]?.object else {
      return []
    }
    return parameters.members.filter { $0.value["in"]?.string == "path" }.map(\.name)
  }
}
