import CGatewayPlugin

/// A plugin that keeps the contract, as values: what it is, what it offers, and the functions to invoke.
///
/// Valid for the life of the process, as its library is never closed.
public struct LoadedPlugin: Sendable {
  /// As the configuration calls it.
  public let name: String
  /// As it calls itself.
  public let declaredName: String
  public let version: String
  /// The library, or nil where it is linked into this process.
  public let path: String?
  /// Nil where it is linked into this process.
  public let note: PluginNote?
  /// Nil where it is linked into this process.
  public internal(set) var image: PluginImage?
  public let handlers: [PluginHandler]
  public let providers: [PluginProvider]
  public internal(set) var policies: [PluginPolicy] = []
  /// Handlers that answer for errors of the gateway itself.
  public let errorHandlers: [PluginHandler]
  /// JSON Schema of the plugin's `config`; empty: it takes none. Not yet checked to be JSON.
  public let configSchema: [UInt8]
  /// JSON object of named schemas that declarations refer to; empty: none. Not yet checked to be JSON.
  public let schemas: [UInt8]
  /// To be invoked before the first request.
  public let start: PluginFunction?
  /// To be invoked after the last exchange.
  public let stop: PluginFunction?
  /// To be asked now and then whether the plugin can serve; never twice at once.
  public let health: PluginFunction?
  public let descriptor: PermanentPointer<gw_plugin>
  /// What deserves attention but does not keep it from being used.
  public let warnings: [PluginProblem]

  /// A plugin that is linked into this process, such as a test's. Checked like a loaded one.
  public init(descriptor: UnsafePointer<gw_plugin>?, name: String) throws(PluginProblems) {
    do throws(PluginProblemList) {
      self = try DescriptorReader.read(descriptor, name: name)
    } catch {
      throw PluginProblems(name: name, path: nil, problems: error.problems)
    }
  }

  /// For `DescriptorReader`, which has checked all of it.
  init(
    name: String, declaredName: String, version: String, origin: Origin, handlers: [PluginHandler],
    providers: [PluginProvider], errorHandlers: [PluginHandler], configSchema: [UInt8], schemas: [UInt8], descriptor: PermanentPointer<gw_plugin>
  ) {
    self.name = name
    self.declaredName = declaredName
    self.version = version
    path = origin.path
    note = origin.note
    warnings = origin.warnings
    self.handlers = handlers
    self.providers = providers
    self.errorHandlers = errorHandlers
    self.configSchema = configSchema
    self.schemas = schemas
    self.descriptor = descriptor
    func function(_ function: gw_function?, _ label: String) -> PluginFunction? {
      guard let function else { return nil }
      return PluginFunction(
        invoke: function, context: descriptor.pointer.pointee.context, execution: GW_ASYNC, answer: .nothing,
        plugin: descriptor.pointer, label: "\(name).\(label)")
    }
    start = function(descriptor.pointer.pointee.start, "start")
    stop = function(descriptor.pointer.pointee.stop, "stop")
    // Behind the end of an older plugin's structure.
    let hasHealth = descriptor.pointer.pointee.struct_size >= Self.sizeWithHealth
    health = hasHealth ? function(descriptor.pointer.pointee.health, "health") : nil
  }

  private static let sizeWithHealth = UInt32(
    (MemoryLayout<gw_plugin>.offset(of: \.health) ?? MemoryLayout<gw_plugin>.size) + MemoryLayout<gw_function?>.size)

  /// Where a descriptor came from.
  struct Origin {
    var path: String?
    var note: PluginNote?
    var warnings: [PluginProblem] = []
  }

  public func handler(named name: String) -> PluginHandler? { handlers.first { $0.name == name } }
  public func errorHandler(named name: String) -> PluginHandler? { errorHandlers.first { $0.name == name } }
  public func provider(named name: String) -> PluginProvider? { providers.first { $0.name == name } }
  public func policy(named name: String) -> PluginPolicy? { policies.first { $0.name == name } }
}

/// A handler that a plugin offers.
public struct PluginHandler: Sendable {
  public let name: String
  public let execution: PluginExecution
  /// Inputs, in the order in which the handler expects their values.
  public let needs: [PluginNeed]
  /// What it takes and gives, as JSON; empty: nothing is known. Not yet checked to be JSON.
  public let declaration: [UInt8]
  public let function: PluginFunction
  public let pointer: PermanentPointer<gw_handler>
}

/// A maker of dependencies that a plugin offers.
///
/// A class, so that exchanges look at it without copying it.
public final class PluginProvider: Sendable {
  public let name: String
  /// Names the type of its values; consumers must name the same.
  public let type: String
  public let execution: PluginExecution
  /// Unless configuration says otherwise.
  public let scope: PluginScope
  public let needs: [PluginNeed]
  /// JSON Schema of a dependency's `config`; empty: it takes none. Not yet checked to be JSON.
  public let configSchema: [UInt8]
  /// Parameters of its own, as JSON; empty: none are known. Not yet checked to be JSON.
  public let declaration: [UInt8]
  public let function: PluginFunction
  public let teardown: PluginFunction?
  /// Runs before the request's body is read, and is told the scopes that are asked for.
  public let isSecurity: Bool
  /// Whether its values can be written as JSON for other plugins.
  public let writesJSON: Bool
  /// Whether its values may be services for other plugins.
  public let hasService: Bool
  public let pointer: PermanentPointer<gw_provider>

  init(
    name: String, type: String, execution: PluginExecution, scope: PluginScope, needs: [PluginNeed], configSchema: [UInt8],
    declaration: [UInt8], function: PluginFunction, teardown: PluginFunction?, isSecurity: Bool, writesJSON: Bool,
    hasService: Bool, pointer: PermanentPointer<gw_provider>
  ) {
    self.name = name
    self.type = type
    self.execution = execution
    self.scope = scope
    self.needs = needs
    self.configSchema = configSchema
    self.declaration = declaration
    self.function = function
    self.teardown = teardown
    self.isSecurity = isSecurity
    self.writesJSON = writesJSON
    self.hasService = hasService
    self.pointer = pointer
  }

  /// Gives a value back. To be called once for each value, after its teardown.
  public func release(_ value: UnsafeMutableRawPointer) { pointer.pointer.pointee.release_value(value) }
}

/// An input by name, of a type that its provider must have.
public struct PluginNeed: Sendable, Equatable {
  public let name: String
  public let type: String
}

/// Where a plugin's function runs: `gw_execution`.
public enum PluginExecution: UInt32, Sendable, CaseIterable {
  case inline = 0
  case async = 1
  case blocking = 2
}

/// How long a dependency lives: `gw_scope`.
public enum PluginScope: UInt32, Sendable, CaseIterable {
  case app = 0
  case request = 1
  case handler = 2
}

/// Address of a part of a plugin's descriptor.
public struct PermanentPointer<Pointee>: @unchecked Sendable {
  // Proof for @unchecked: the contract says that what `gateway_plugin_v1` returned stays valid for ever and unchanged;
  // the library is never closed (RTLD_NODELETE, no dlclose). Memory that nobody writes may be read from any thread.
  public let pointer: UnsafePointer<Pointee>

  init(_ pointer: UnsafePointer<Pointee>) { self.pointer = pointer }
}
