import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// What a library offers, as its worker says it: everything of a descriptor but the functions.
struct PluginDescription: Equatable, Sendable {
  struct Need: Equatable, Sendable {
    var name: String
    var type: String
  }

  struct Handler: Equatable, Sendable {
    var name: String
    var needs: [Need]
    var declaration: [UInt8]
  }

  struct Provider: Equatable, Sendable {
    var name: String
    var type: String
    var scope: UInt32
    var needs: [Need]
    var configSchema: [UInt8]
    var declaration: [UInt8]
    var isSecurity: Bool
    var hasTeardown: Bool
    var writesJSON: Bool
    var hasService: Bool
  }

  struct Policy: Equatable, Sendable {
    var name: String
    var configSchema: [UInt8]
    var requestBody: UInt32
    var responseBody: UInt32
    var hasRequest: Bool
    var hasResponse: Bool
    var hasRequestPart: Bool
    var hasResponsePart: Bool
    var hasMake: Bool
  }

  var name: String
  var version: String
  var configSchema: [UInt8]
  var schemas: [UInt8]
  var hasStart: Bool
  var hasStop: Bool
  var hasHealth: Bool
  var handlers: [Handler]
  var errorHandlers: [Handler]
  var providers: [Provider]
  var policies: [Policy]

  /// As many as a descriptor may have; of a schema or declaration as many bytes.
  private static let limits = (count: 4096, needs: 256, name: 256, type: 1024, schema: 1 << 20)

  /// In a worker: of a plugin that was opened and checked there.
  init(_ plugin: LoadedPlugin) {
    func needs(_ needs: [PluginNeed]) -> [Need] { needs.map { Need(name: $0.name, type: $0.type) } }
    name = plugin.declaredName
    version = plugin.version
    configSchema = plugin.configSchema
    schemas = plugin.schemas
    hasStart = plugin.start != nil
    hasStop = plugin.stop != nil
    hasHealth = plugin.health != nil
    handlers = plugin.handlers.map { Handler(name: $0.name, needs: needs($0.needs), declaration: $0.declaration) }
    errorHandlers = plugin.errorHandlers.map {
      Handler(name: $0.name, needs: needs($0.needs), declaration: $0.declaration)
    }
    providers = plugin.providers.map {
      Provider(
        name: $0.name, type: $0.type, scope: $0.scope.rawValue, needs: needs($0.needs), configSchema: $0.configSchema,
        declaration: $0.declaration, isSecurity: $0.isSecurity, hasTeardown: $0.teardown != nil, writesJSON: $0.writesJSON,
        hasService: $0.hasService)
    }
    policies = plugin.policies.map {
      Policy(
        name: $0.name, configSchema: $0.configSchema, requestBody: $0.requestBody.rawValue,
        responseBody: $0.responseBody.rawValue, hasRequest: $0.request != nil, hasResponse: $0.response != nil,
        hasRequestPart: $0.requestPart != nil, hasResponsePart: $0.responsePart != nil, hasMake: $0.make != nil)
    }
  }

  // MARK: wire

  func write(to buffer: inout ByteBuffer) {
    buffer.put(text: name)
    buffer.put(text: version)
    buffer.put(bytes: configSchema)
    buffer.put(bytes: schemas)
    for flag in [hasStart, hasStop, hasHealth] { buffer.put(flag) }
    for list in [handlers, errorHandlers] {
      buffer.put(UInt32(list.count))
      for handler in list {
        buffer.put(text: handler.name)
        Self.write(handler.needs, to: &buffer)
        buffer.put(bytes: handler.declaration)
      }
    }
    buffer.put(UInt32(providers.count))
    for provider in providers {
      buffer.put(text: provider.name)
      buffer.put(text: provider.type)
      buffer.put(provider.scope)
      Self.write(provider.needs, to: &buffer)
      buffer.put(bytes: provider.configSchema)
      buffer.put(bytes: provider.declaration)
      for flag in [provider.isSecurity, provider.hasTeardown, provider.writesJSON, provider.hasService] { buffer.put(flag) }
    }
    buffer.put(UInt32(policies.count))
    for policy in policies {
      buffer.put(text: policy.name)
      buffer.put(bytes: policy.configSchema)
      buffer.put(policy.requestBody)
      buffer.put(policy.responseBody)
      for flag in [policy.hasRequest, policy.hasResponse, policy.hasRequestPart, policy.hasResponsePart, policy.hasMake] {
        buffer.put(flag)
      }
    }
  }

  private static func write(_ needs: [Need], to buffer: inout ByteBuffer) {
    buffer.put(UInt32(needs.count))
    for need in needs {
      buffer.put(text: need.name)
      buffer.put(text: need.type)
    }
  }

  /// In the gateway: what a worker claims. Whether it keeps the contract is for whoever reads descriptors.
  init(_ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    name = try reader.text(limit: Self.limits.name)
    version = try reader.text(limit: Self.limits.name)
    configSchema = [UInt8](try reader.data(limit: Self.limits.schema))
    schemas = [UInt8](try reader.data(limit: Self.limits.schema))
    hasStart = try reader.boolean()
    hasStop = try reader.boolean()
    hasHealth = try reader.boolean()
    handlers = try Self.handlers(&reader)
    errorHandlers = try Self.handlers(&reader)
    providers = []
    for _ in 0..<(try reader.count(limit: Self.limits.count, elementSize: 28)) {
      providers.append(
        Provider(
          name: try reader.text(limit: Self.limits.name), type: try reader.text(limit: Self.limits.type),
          scope: try reader.integer(), needs: try Self.needs(&reader),
          configSchema: [UInt8](try reader.data(limit: Self.limits.schema)),
          declaration: [UInt8](try reader.data(limit: Self.limits.schema)), isSecurity: try reader.boolean(),
          hasTeardown: try reader.boolean(), writesJSON: try reader.boolean(), hasService: try reader.boolean()))
    }
    policies = []
    for _ in 0..<(try reader.count(limit: Self.limits.count, elementSize: 21)) {
      policies.append(
        Policy(
          name: try reader.text(limit: Self.limits.name),
          configSchema: [UInt8](try reader.data(limit: Self.limits.schema)), requestBody: try reader.integer(),
          responseBody: try reader.integer(), hasRequest: try reader.boolean(), hasResponse: try reader.boolean(),
          hasRequestPart: try reader.boolean(), hasResponsePart: try reader.boolean(), hasMake: try reader.boolean()))
    }
    try reader.end()
  }

  private static func handlers(_ reader: inout FrameReader) throws(FrameError) -> [Handler] {
    var handlers: [Handler] = []
    for _ in 0..<(try reader.count(limit: limits.count, elementSize: 12)) {
      handlers.append(
        Handler(
          name: try reader.text(limit: limits.name), needs: try needs(&reader),
          declaration: [UInt8](try reader.data(limit: limits.schema))))
    }
    return handlers
  }

  private static func needs(_ reader: inout FrameReader) throws(FrameError) -> [Need] {
    var needs: [Need] = []
    for _ in 0..<(try reader.count(limit: limits.needs, elementSize: 8)) {
      needs.append(Need(name: try reader.text(limit: limits.name), type: try reader.text(limit: limits.type)))
    }
    return needs
  }
}

/// Why a worker could not open the library: what the gateway would have found itself.
enum ProblemCoding {
  static func write(_ problems: [PluginProblem], to buffer: inout ByteBuffer) {
    let problems = problems.prefix(300)
    buffer.put(UInt32(problems.count))
    for problem in problems {
      for text in [problem.code.rawValue, problem.severity.rawValue, problem.field, problem.found, problem.expected, problem.remedy]
      { buffer.put(text: text) }
    }
  }

  static func read(_ payload: UnsafeRawBufferPointer) throws(FrameError) -> [PluginProblem] {
    var reader = FrameReader(payload)
    var problems: [PluginProblem] = []
    for _ in 0..<(try reader.count(limit: 300, elementSize: 24)) {
      let texts = [
        try reader.text(limit: 64), try reader.text(limit: 64), try reader.text(limit: 8192), try reader.text(limit: 8192),
        try reader.text(limit: 8192), try reader.text(limit: 8192),
      ]
      guard let code = PluginProblem.Code(rawValue: texts[0]), let severity = PluginProblem.Severity(rawValue: texts[1])
      else { throw FrameError("a problem of no known kind") }
      problems.append(
        PluginProblem(code, severity: severity, field: texts[2], found: texts[3], expected: texts[4], remedy: texts[5]))
    }
    try reader.end()
    return problems
  }
}
