import CGatewayPlugin
import Glibc

/// Reads a plugin's descriptor into values, and lists everything in it that breaks the contract.
///
/// Plugins are trusted with the process, so a pointer that is neither null nor misaligned is believed. Everything else
/// is checked, because a mistake found here names the member, and one found in a request is a crash.
struct DescriptorReader {
  /// Sizes of the structures in the contract that first had them. They stay as they are when a later minor appends members: those are
  /// optional, and a plugin built for 1.0 does not have them.
  enum Size { static let plugin = 112, handler = 48, provider = 96, policy = 104 }

  /// Bounds that no real plugin comes near; what is over them is garbage, not a plugin.
  enum Limit {
    static let structure = 64 * 1024
    static let handlers = 4096
    static let providers = 4096
    static let policies = 4096
    static let needs = 256
    /// Bytes of UTF-8. Names of generic types grow long.
    static let text = 256
    static let type = 1024
    static let schema = 1 << 20
    static let problems = 256
  }

  let name: String
  private var problems: [PluginProblem] = []

  private init(name: String) { self.name = name }

  static func read(
    _ descriptor: UnsafePointer<gw_plugin>?, name: String, origin: LoadedPlugin.Origin = .init(),
    requirements: PluginRequirements = .host
  ) throws(PluginProblemList) -> LoadedPlugin {
    var reader = DescriptorReader(name: name)
    let plugin = reader.plugin(descriptor, origin, requirements)
    guard reader.problems.isEmpty, let plugin else { throw PluginProblemList(reader.problems) }
    return plugin
  }

  mutating func invalid(
    _ field: String, found: String, expected: String, remedy: String = "correct the plugin's descriptor"
  ) {
    guard problems.count <= Limit.problems else { return }
    if problems.count == Limit.problems {
      problems.append(
        PluginProblem(
          .invalidDescriptor, field: "descriptor", found: "more problems than are listed",
          expected: "a descriptor that keeps the contract", remedy: "correct the ones above first"))
      return
    }
    problems.append(
      PluginProblem(.invalidDescriptor, field: field, found: found, expected: expected, remedy: remedy))
  }

  // MARK: the plugin

  private mutating func plugin(
    _ descriptor: UnsafePointer<gw_plugin>?, _ origin: LoadedPlugin.Origin, _ requirements: PluginRequirements
  ) -> LoadedPlugin? {
    guard let descriptor else {
      problems.append(
        PluginProblem(
          .nullDescriptor, field: "descriptor", found: "NULL", expected: "the plugin's descriptor",
          remedy: "\(GW_ENTRY_SYMBOL) refused to start: see what the plugin logged, and its documentation"))
      return nil
    }
    guard isStructure(descriptor, "descriptor", Size.plugin) else { return nil }
    // Member by member: a plugin built for an older minor ends before the newer ones.
    let plugin = descriptor

    checkVersion(PluginABI(major: plugin.pointee.abi_major, minor: plugin.pointee.abi_minor), origin.note, requirements)
    let declaredName = text(descriptor, \.name, "name")
    let version = text(descriptor, \.version, "version")
    let handlers = structures(
      plugin.pointee.handlers, plugin.pointee.handler_count, "handlers", limit: Limit.handlers
    ) { reader, pointer, field in reader.handler(pointer, field, descriptor) }
    let providers = structures(
      plugin.pointee.providers, plugin.pointee.provider_count, "providers", limit: Limit.providers
    ) { reader, pointer, field in reader.provider(pointer, field, descriptor) }
    let errorHandlers = errorHandlers(descriptor)
    checkUnique(errorHandlers.map { ($0.field, $0.value.name) })
    checkUnique(handlers.map { ($0.field, $0.value.name) })
    checkUnique(providers.map { ($0.field, $0.value.name) })
    let policies = has(descriptor, \.policy_count) ? policies(descriptor) : []
    let schema = bytes(plugin.pointee.config_schema, "config_schema")
    let schemas = has(descriptor, \.schemas) ? bytes(plugin.pointee.schemas, "schemas") : []

    guard problems.isEmpty, let declaredName, let version, let schema, let schemas else { return nil }
    var loaded = LoadedPlugin(
      name: name, declaredName: declaredName, version: version, origin: origin, handlers: handlers.map(\.value),
      providers: providers.map(\.value), errorHandlers: errorHandlers.map(\.value), configSchema: schema, schemas: schemas,
      descriptor: PermanentPointer(descriptor))
    loaded.policies = policies
    return loaded
  }

  private mutating func errorHandlers(
    _ plugin: UnsafePointer<gw_plugin>
  ) -> [(field: String, value: PluginHandler)] {
    guard has(plugin, \.error_handler_count) else { return [] }
    let read = structures(
      plugin.pointee.error_handlers, plugin.pointee.error_handler_count, "error_handlers", limit: Limit.handlers
    ) { reader, pointer, field in reader.handler(pointer, field, plugin) }
    for (field, handler) in read where !handler.needs.isEmpty {
      // The error may be that one of them could not be made.
      invalid("\(field).needs", found: "\(handler.needs.count) needs", expected: "none: an error handler gets no dependencies")
    }
    return read
  }

  private mutating func checkVersion(_ abi: PluginABI, _ note: PluginNote?, _ requirements: PluginRequirements) {
    if let note {
      guard abi != note.abi else { return }
      invalid(
        "abi", found: "contract \(abi) in the descriptor", expected: "contract \(note.abi), as its note says",
        remedy: "build all of the plugin with one version of gateway_plugin.h")
    } else if abi.major != requirements.abi.major || abi.minor > requirements.abi.minor {
      invalid(
        "abi", found: "contract \(abi)", expected: "contract \(requirements.abi)",
        remedy: "build it with the gateway's version of gateway_plugin.h")
    }
  }

  private mutating func handler(
    _ pointer: UnsafePointer<gw_handler>, _ field: String, _ plugin: UnsafePointer<gw_plugin>
  ) -> PluginHandler? {
    guard isStructure(pointer, field, Size.handler) else { return nil }
    let name = text(pointer, \.name, "\(field).name")
    let field = name.map { "\(field) (\($0))" } ?? field
    let execution = execution(pointer.pointee.execution, field)
    let invokes = isPresent(pointer, \.invoke, "\(field).invoke")
    let needs = needs(pointer.pointee.needs, pointer.pointee.need_count, field)
    let declaration = has(pointer, \.declaration) ? bytes(pointer.pointee.declaration, "\(field).declaration") : []
    guard let name, let execution, invokes, let needs, let declaration else { return nil }
    return PluginHandler(
      name: name, execution: execution, needs: needs, declaration: declaration,
      function: PluginFunction(
        invoke: pointer.pointee.invoke, context: pointer.pointee.context, execution: gw_execution(execution.rawValue),
        answer: .response, plugin: plugin, label: "\(self.name).\(name)"),
      pointer: PermanentPointer(pointer))
  }

  private mutating func provider(
    _ pointer: UnsafePointer<gw_provider>, _ field: String, _ plugin: UnsafePointer<gw_plugin>
  ) -> PluginProvider? {
    guard isStructure(pointer, field, Size.provider) else { return nil }
    let name = text(pointer, \.name, "\(field).name")
    let field = name.map { "\(field) (\($0))" } ?? field
    let type = text(pointer, \.type, "\(field).type", limit: Limit.type)
    let execution = execution(pointer.pointee.execution, field)
    let scope = PluginScope(rawValue: pointer.pointee.scope)
    if scope == nil {
      invalid("\(field).scope", found: "\(pointer.pointee.scope)", expected: "a gw_scope, 0 to 2")
    }
    let invokes = isPresent(pointer, \.invoke, "\(field).invoke")
    // Without it every value would stay for ever.
    let releases = isPresent(pointer, \.release_value, "\(field).release_value")
    let needs = needs(pointer.pointee.needs, pointer.pointee.need_count, field)
    let schema = bytes(pointer.pointee.config_schema, "\(field).config_schema")
    let declaration = has(pointer, \.declaration) ? bytes(pointer.pointee.declaration, "\(field).declaration") : []
    // Bits of a later minor mean nothing here.
    let flags = has(pointer, \.flags) ? pointer.pointee.flags : 0
    guard let name, let type, let execution, let scope, invokes, releases, let needs, let schema, let declaration
    else { return nil }

    func function(_ function: gw_function, _ answer: PluginFunction.Answer, _ label: String) -> PluginFunction {
      PluginFunction(
        invoke: function, context: pointer.pointee.context, execution: gw_execution(execution.rawValue),
        answer: answer, plugin: plugin, label: "\(self.name).\(label)")
    }
    return PluginProvider(
      name: name, type: type, execution: execution, scope: scope, needs: needs, configSchema: schema,
      declaration: declaration, function: function(pointer.pointee.invoke, .value, name),
      teardown: pointer.pointee.teardown.map { function($0, .nothing, "\(name).teardown") },
      isSecurity: flags & GW_PROVIDER_SECURITY != 0,
      writesJSON: has(pointer, \.value_json) && pointer.pointee.value_json != nil,
      hasService: has(pointer, \.value_service) && pointer.pointee.value_service != nil,
      pointer: PermanentPointer(pointer))
  }

  // MARK: parts

  /// The elements of an array of pointers, each with the name of its place.
  mutating func structures<Structure, Value>(
    _ array: UnsafePointer<UnsafePointer<Structure>?>?, _ count: Int, _ field: String, limit: Int,
    _ read: (inout DescriptorReader, UnsafePointer<Structure>, String) -> Value?
  ) -> [(field: String, value: Value)] {
    guard isCount(count, field, limit), count > 0 else { return [] }
    guard let array, isAligned(array) else {
      invalid(field, found: "no array behind a count of \(count)", expected: "an array of \(count) pointers")
      return []
    }
    var values: [(field: String, value: Value)] = []
    for index in 0..<count {
      let place = "\(field)[\(index)]"
      guard let pointer = array[index] else {
        invalid(place, found: "NULL", expected: "a pointer", remedy: "correct the array or its count")
        continue
      }
      if let value = read(&self, pointer, place) { values.append((place, value)) }
    }
    return values
  }

  private mutating func needs(_ array: UnsafePointer<gw_need>?, _ count: Int, _ field: String) -> [PluginNeed]? {
    let place = "\(field).needs"
    guard isCount(count, place, Limit.needs) else { return nil }
    guard count > 0 else { return [] }
    guard let array, isAligned(array) else {
      invalid(place, found: "no array behind a count of \(count)", expected: "an array of \(count) needs")
      return nil
    }
    var needs: [PluginNeed] = []
    var names: [(String, String)] = []
    for index in 0..<count {
      let name = text(array + index, \.name, "\(place)[\(index)].name")
      let type = text(array + index, \.type, "\(place)[\(index)].type", limit: Limit.type)
      guard let name, let type else { continue }
      needs.append(PluginNeed(name: name, type: type))
      names.append(("\(place)[\(index)]", name))
    }
    return checkUnique(names) && needs.count == count ? needs : nil
  }

  @discardableResult
  mutating func checkUnique(_ names: [(field: String, name: String)]) -> Bool {
    var places: [String: String] = [:]
    var isUnique = true
    for (field, name) in names {
      if let first = places[name] {
        isUnique = false
        invalid(
          "\(field).name", found: "\(Printable.quoted(name)), as \(first) has", expected: "a name of its own",
          remedy: "rename one of the two")
      } else {
        places[name] = field
      }
    }
    return isUnique
  }

  mutating func execution(_ value: UInt32, _ field: String) -> PluginExecution? {
    let execution = PluginExecution(rawValue: value)
    if execution == nil { invalid("\(field).execution", found: "\(value)", expected: "a gw_execution, 0 to 2") }
    return execution
  }

  mutating func isCount(_ count: Int, _ field: String, _ limit: Int) -> Bool {
    // `size_t` arrives as Int: what does not fit is negative.
    guard count >= 0, count <= limit else {
      invalid(
        "\(field) count", found: "\(UInt(bitPattern: count))", expected: "at most \(limit)",
        remedy: "set the count to the number of elements")
      return false
    }
    return true
  }

  mutating func bytes(_ borrowed: gw_bytes_borrowed, _ field: String) -> [UInt8]? {
    guard borrowed.count != 0 else { return [] }
    guard isCount(borrowed.count, field, Limit.schema) else { return nil }
    guard let bytes = borrowed.bytes else {
      invalid(field, found: "NULL with a count of \(borrowed.count)", expected: "\(borrowed.count) bytes")
      return nil
    }
    return Array(UnsafeBufferPointer(start: bytes, count: borrowed.count))
  }

  /// A name for people and logs: not empty, UTF-8, without control characters, of bounded length.
  mutating func text<Structure>(
    _ structure: UnsafePointer<Structure>, _ member: KeyPath<Structure, UnsafePointer<CChar>>, _ field: String,
    limit: Int = Limit.text
  ) -> String? {
    guard isPresent(structure, member, field) else { return nil }
    let start = structure.pointee[keyPath: member]
    let count = strnlen(start, limit + 1)
    guard count > 0, count <= limit else {
      invalid(
        field, found: count == 0 ? "an empty text" : "more than \(limit) bytes",
        expected: "1 to \(limit) bytes")
      return nil
    }
    let bytes = start.withMemoryRebound(to: UInt8.self, capacity: count) {
      Array(UnsafeBufferPointer(start: $0, count: count))
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      invalid(field, found: "bytes \(Printable.quoted(bytes))", expected: "UTF-8")
      return nil
    }
    guard Printable.text(text) == text else {
      invalid(field, found: Printable.quoted(text), expected: "text without control characters")
      return nil
    }
    return text
  }

  mutating func isStructure<Structure>(
    _ pointer: UnsafePointer<Structure>, _ field: String, _ minimum: Int
  ) -> Bool {
    guard isAligned(pointer) else {
      invalid(field, found: "a misaligned pointer", expected: "the address of a structure")
      return false
    }
    // Every structure that may grow begins with its size.
    let size = Int(UnsafeRawPointer(pointer).load(as: UInt32.self))
    guard size >= minimum, size <= Limit.structure else {
      invalid(
        "\(field).struct_size", found: "\(size)", expected: "at least \(minimum)",
        remedy: "set struct_size to sizeof of the structure")
      return false
    }
    return true
  }

  /// Whether the structure is new enough to have that member (`GW_HAS`).
  func has<Structure, Member>(
    _ structure: UnsafePointer<Structure>, _ member: KeyPath<Structure, Member>
  ) -> Bool {
    guard let offset = MemoryLayout<Structure>.offset(of: member) else { return false }
    return Int(UnsafeRawPointer(structure).load(as: UInt32.self)) >= offset + MemoryLayout<Member>.size
  }

  private func isAligned<Pointee>(_ pointer: UnsafePointer<Pointee>) -> Bool {
    Int(bitPattern: pointer) & (MemoryLayout<Pointee>.alignment - 1) == 0
  }

  /// Whether a member that the contract wants to be a pointer is not NULL. Swift takes such members for never null, so
  /// the bits are read instead of the member.
  mutating func isPresent<Structure, Member>(
    _ structure: UnsafePointer<Structure>, _ member: KeyPath<Structure, Member>, _ field: String
  ) -> Bool {
    if let place = structure.pointer(to: member), UnsafeRawPointer(place).load(as: UInt.self) != 0 { return true }
    invalid(field, found: "NULL", expected: "a pointer")
    return false
  }
}
