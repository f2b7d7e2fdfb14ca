import CGatewayPlugin
import Testing

@testable import GatewayPluginHost

/// Descriptors made here, as a statically linked plugin would; each test spoils one thing.
@Suite struct DescriptorReaderTests {
  @Test func descriptorOfALinkedPluginIsRead() throws {
    let plugin = try Descriptor().load()
    #expect(plugin.path == nil)
    #expect(plugin.note == nil)
    #expect(plugin.handlers.map(\.name) == ["zero", "one"])
    #expect(plugin.providers.map(\.name) == ["value"])
    #expect(plugin.providers.first?.scope == .handler)
    #expect(plugin.handlers.first?.needs == [PluginNeed(name: "value", type: "Value")])
    #expect(plugin.configSchema == Array("{}".utf8))
    #expect(plugin.start?.label == "linked.start")
  }

  @Test func sizesAreThoseOfTheFirstVersion() {
    // A later minor appends members; the sizes that the reader asks for stay.
    #expect(MemoryLayout<gw_plugin>.offset(of: \.schemas) == DescriptorReader.Size.plugin)
    #expect(MemoryLayout<gw_handler>.offset(of: \.declaration) == DescriptorReader.Size.handler)
    #expect(MemoryLayout<gw_provider>.offset(of: \.declaration) == DescriptorReader.Size.provider)
  }

  @Test func enumerationsAreThoseOfTheContract() {
    #expect(PluginExecution.allCases.map(\.rawValue) == [GW_INLINE, GW_ASYNC, GW_BLOCKING].map(\.rawValue))
    #expect(
      PluginScope.allCases.map(\.rawValue)
        == [GW_SCOPE_APP, GW_SCOPE_REQUEST, GW_SCOPE_HANDLER].map(\.rawValue))
  }

  @Test func nullDescriptorIsRefused() {
    let error = #expect(throws: PluginProblems.self) { try LoadedPlugin(descriptor: nil, name: "linked") }
    #expect(error?.problems.map(\.code) == [.nullDescriptor])
    #expect(error?.path == nil)
  }

  @Test func misalignedDescriptorIsRefused() {
    let descriptor = Descriptor()
    let odd = UnsafeRawPointer(descriptor.plugin) + 1
    let error = #expect(throws: PluginProblems.self) {
      try LoadedPlugin(descriptor: odd.assumingMemoryBound(to: gw_plugin.self), name: "linked")
    }
    #expect(error?.problems.map(\.found) == ["a misaligned pointer"])
  }

  @Test(arguments: [0, 111, 65537, UInt32.max])
  func structureOfImpossibleSizeIsRefused(size: UInt32) {
    #expect(Descriptor { $0.plugin.pointee.struct_size = size }.fields == ["descriptor.struct_size"])
    if size != 111 {
      #expect(Descriptor { $0.handlers[1].struct_size = size }.fields == ["handlers[1].struct_size"])
      #expect(Descriptor { $0.provider.pointee.struct_size = size }.fields == ["providers[0].struct_size"])
    }
  }

  @Test func largerStructureOfALaterMinorIsRead() {
    #expect(Descriptor { $0.plugin.pointee.struct_size = 4096 }.fields.isEmpty)
  }

  @Test func otherContractIsRefused() {
    #expect(Descriptor { $0.plugin.pointee.abi_major = 2 }.fields == ["abi"])
    #expect(Descriptor { $0.plugin.pointee.abi_minor = 999 }.fields == ["abi"])
  }

  @Test func namesThatAreNoneAreRefused() {
    #expect(Descriptor { $0.erase($0.plugin, \.name) }.fields == ["name"])
    #expect(Descriptor { $0.erase($0.plugin, \.version) }.fields == ["version"])
    #expect(Descriptor { $0.erase($0.handlers, \.name) }.fields == ["handlers[0].name"])
    #expect(Descriptor { $0.handlers[0].name = $0.text("") }.fields == ["handlers[0].name"])
    #expect(Descriptor { $0.handlers[0].name = $0.text("a\nb") }.fields == ["handlers[0].name"])
    #expect(
      Descriptor { $0.handlers[0].name = $0.text(String(repeating: "x", count: 257)) }.fields == ["handlers[0].name"])
    #expect(Descriptor { $0.handlers[0].name = $0.text([0x61, 0xC3]) }.fields == ["handlers[0].name"])
    #expect(Descriptor { $0.provider.pointee.type = $0.text("") }.fields == ["providers[0] (value).type"])
  }

  @Test func handlersOfOneNameAreRefusedHoweverMany() {
    let descriptor = Descriptor { descriptor in
      descriptor.setHandlers(5)
      for index in 0..<5 { descriptor.handlers[index].name = descriptor.text("same") }
    }
    #expect(descriptor.fields == (1..<5).map { "handlers[\($0)].name" })
  }

  @Test func handlerAndProviderMayShareAName() {
    #expect(Descriptor { $0.provider.pointee.name = $0.text("zero") }.fields.isEmpty)
  }

  @Test func valuesOutsideTheEnumerationsAreRefused() {
    #expect(Descriptor { $0.handlers[0].execution = 3 }.fields == ["handlers[0] (zero).execution"])
    #expect(Descriptor { $0.provider.pointee.scope = 7 }.fields == ["providers[0] (value).scope"])
    #expect(Descriptor { $0.provider.pointee.execution = .max }.fields == ["providers[0] (value).execution"])
  }

  @Test func absentFunctionsAreRefused() {
    #expect(Descriptor { $0.erase($0.handlers, \.invoke) }.fields == ["handlers[0] (zero).invoke"])
    #expect(Descriptor { $0.erase($0.provider, \.invoke) }.fields == ["providers[0] (value).invoke"])
    #expect(Descriptor { $0.erase($0.provider, \.release_value) }.fields == ["providers[0] (value).release_value"])
    #expect(Descriptor { $0.erase($0.provider, \.teardown) }.fields.isEmpty)
  }

  @Test func arraysThatAreAbsentOrHoldNullAreRefused() {
    #expect(Descriptor { $0.plugin.pointee.handlers = nil }.fields == ["handlers"])
    #expect(Descriptor { $0.list[1] = nil }.fields == ["handlers[1]"])
    #expect(Descriptor { $0.handlers[1].need_count = 2 }.fields == ["handlers[1] (one).needs"])
    #expect(
      Descriptor {
        $0.plugin.pointee.handlers = nil
        $0.plugin.pointee.handler_count = 0
      }.fields.isEmpty)
  }

  @Test(arguments: [4097, Int.max, Int.min, -1])
  func absurdCountsAreRefusedUnread(count: Int) {
    #expect(Descriptor { $0.plugin.pointee.handler_count = count }.fields == ["handlers count"])
    #expect(Descriptor { $0.plugin.pointee.provider_count = count }.fields == ["providers count"])
    #expect(Descriptor { $0.handlers[0].need_count = count }.fields == ["handlers[0] (zero).needs count"])
    if count != 4097 {
      #expect(Descriptor { $0.plugin.pointee.config_schema.count = count }.fields == ["config_schema count"])
    }
  }

  @Test func schemaWithoutBytesIsRefused() {
    #expect(Descriptor { $0.plugin.pointee.config_schema.bytes = nil }.fields == ["config_schema"])
    #expect(
      Descriptor { $0.provider.pointee.config_schema = gw_bytes_borrowed(bytes: nil, count: 3) }.fields
        == ["providers[0] (value).config_schema"])
  }

  @Test func needsWithoutNameOrTwiceAreRefused() {
    #expect(Descriptor { $0.erase($0.needs, \.name) }.fields == ["handlers[0] (zero).needs[0].name"])
    #expect(Descriptor { $0.erase($0.needs, \.type) }.fields == ["handlers[0] (zero).needs[0].type"])
    #expect(Descriptor { $0.handlers[0].need_count = 2 }.fields == ["handlers[0] (zero).needs[1].name"])
  }

  // MARK: policies

  @Test func policiesAreReadWhereTheStructureReachesThem() throws {
    let descriptor = Descriptor { $0.setPolicies(2) }
    let plugin = try descriptor.load()
    #expect(plugin.policies.map(\.name) == ["p0", "p1"])
    #expect(plugin.policies.map(\.requestBody) == [.none, .none])
    #expect(plugin.policy(named: "p1")?.request?.label == "linked.p1")
    // Of a plugin that was made before there were policies.
    descriptor.plugin.pointee.struct_size = UInt32(try #require(MemoryLayout<gw_plugin>.offset(of: \.policies)))
    #expect(try descriptor.load().policies.isEmpty)
  }

  @Test func policiesThatAreAbsentOrAbsurdlyManyAreRefused() {
    #expect(Descriptor { $0.setPolicies(1); $0.plugin.pointee.policies = nil }.fields == ["policies"])
    #expect(Descriptor { $0.setPolicies(2); $0.policyList[0] = nil }.fields == ["policies[0]"])
    for count in [4097, Int.max, -1] {
      #expect(Descriptor { $0.setPolicies(1); $0.plugin.pointee.policy_count = count }.fields == ["policies count"])
    }
  }

  @Test func policiesOfImpossibleSizeAreRefused() throws {
    let least = UInt32(try #require(MemoryLayout<gw_policy>.offset(of: \.release_value))) + 8
    for size in [0, 8, least - 1, 65537, .max] {
      #expect(Descriptor { $0.setPolicies(2); $0.policies[1].struct_size = size }.fields == ["policies[1].struct_size"])
    }
    #expect(Descriptor { $0.setPolicies(2); $0.policies[1].struct_size = 4096 }.fields.isEmpty)
  }

  @Test func policiesWithoutANameOfTheirOwnAreRefused() {
    #expect(Descriptor { $0.setPolicies(1); $0.erase($0.policies, \.name) }.fields == ["policies[0].name"])
    #expect(Descriptor { $0.setPolicies(1); $0.policies[0].name = $0.text("") }.fields == ["policies[0].name"])
    #expect(Descriptor { $0.setPolicies(1); $0.policies[0].name = $0.text("a\u{1B}b") }.fields == ["policies[0].name"])
    let same = Descriptor { descriptor in
      descriptor.setPolicies(3)
      for index in 0..<3 { descriptor.policies[index].name = descriptor.text("same") }
    }
    #expect(same.fields == ["policies[1].name", "policies[2].name"])
    // Handlers have names of their own.
    #expect(Descriptor { $0.setPolicies(1); $0.policies[0].name = $0.text("zero") }.fields.isEmpty)
  }

  @Test func policiesOutsideTheEnumerationsAreRefused() {
    #expect(Descriptor { $0.setPolicies(1); $0.policies[0].execution = 3 }.fields == ["policies[0] (p0).execution"])
    #expect(Descriptor { $0.setPolicies(1); $0.policies[0].request_body = 3 }.fields == ["policies[0] (p0).request_body"])
    #expect(
      Descriptor { $0.setPolicies(1); $0.policies[0].response_body = .max }.fields == ["policies[0] (p0).response_body"])
  }

  @Test func aPolicyHasAFunctionForWhatItWants() {
    let invoke: gw_function = { _, _ in nil }
    #expect(Descriptor { $0.setPolicies(1); $0.policies[0].request = nil }.fields == ["policies[0] (p0)"])
    for mode in [GW_BODY_PARTS, GW_BODY_BUFFERED] {
      // It has `request` alone: that gets a whole body, and no parts.
      let request = Descriptor { $0.setPolicies(1); $0.policies[0].request_body = mode.rawValue }.fields
      #expect(request == (mode == GW_BODY_PARTS ? ["policies[0] (p0).request_body"] : []))
      let response = Descriptor { $0.setPolicies(1); $0.policies[0].response_body = mode.rawValue }.fields
      #expect(response == ["policies[0] (p0).response_body"])
    }
    #expect(
      Descriptor { $0.setPolicies(1); $0.policies[0].request_part = invoke }.fields == ["policies[0] (p0).request_body"])
    #expect(
      Descriptor { $0.setPolicies(1); $0.policies[0].response_part = invoke }.fields == ["policies[0] (p0).response_body"])
  }

  @Test func aPolicySeesABodyWholeOrInParts() {
    let both = Descriptor {
      $0.setPolicies(1)
      $0.policies[0].request_part = { _, _ in nil }
      $0.policies[0].request_body = GW_BODY_BUFFERED.rawValue
      $0.policies[0].response = { _, _ in nil }
      $0.policies[0].response_part = { _, _ in nil }
      $0.policies[0].response_body = GW_BODY_BUFFERED.rawValue
    }
    #expect(both.fields == ["policies[0] (p0).request_body", "policies[0] (p0).response_body"])
  }

  @Test func whatAPolicyMakesIsReleased() {
    #expect(
      Descriptor { $0.setPolicies(1); $0.policies[0].make = { _, _ in nil } }.fields == ["policies[0] (p0).release_value"])
    #expect(
      Descriptor { $0.setPolicies(1); $0.policies[0].config_schema = gw_bytes_borrowed(bytes: nil, count: 3) }.fields
        == ["policies[0] (p0).config_schema"])
  }

  @Test func allProblemsAreListed() {
    let descriptor = Descriptor {
      $0.plugin.pointee.abi_major = 9
      $0.handlers[0].execution = 9
      $0.handlers[1].name = $0.text("")
      $0.erase($0.provider, \.release_value)
      $0.plugin.pointee.config_schema.bytes = nil
    }
    #expect(
      descriptor.fields == [
        "abi", "handlers[0] (zero).execution", "handlers[1].name", "providers[0] (value).release_value",
        "config_schema",
      ])
  }

  @Test func listOfProblemsIsBounded() {
    let descriptor = Descriptor { descriptor in
      descriptor.setHandlers(4096)
      for index in 0..<4096 { descriptor.handlers[index].execution = 9 }
    }
    #expect(descriptor.fields.count == 257)
    #expect(descriptor.fields.last == "descriptor")
  }
}

/// A valid descriptor in memory that lives as long as the process, as the contract wants it: two handlers, of which the
/// first needs a value, and one provider.
private final class Descriptor {
  let plugin = UnsafeMutablePointer<gw_plugin>.allocate(capacity: 1)
  private(set) var handlers = UnsafeMutablePointer<gw_handler>.allocate(capacity: 2)
  private(set) var list = UnsafeMutablePointer<UnsafePointer<gw_handler>?>.allocate(capacity: 2)
  let provider = UnsafeMutablePointer<gw_provider>.allocate(capacity: 1)
  private(set) var policies = UnsafeMutablePointer<gw_policy>.allocate(capacity: 1)
  private(set) var policyList = UnsafeMutablePointer<UnsafePointer<gw_policy>?>.allocate(capacity: 1)
  let needs = UnsafeMutablePointer<gw_need>.allocate(capacity: 2)

  init(_ change: (Descriptor) -> Void = { _ in }) {
    let invoke: gw_function = { _, _ in nil }
    (needs + 0).initialize(to: gw_need(name: text("value"), type: text("Value")))
    // Beyond the count, until a test raises it.
    (needs + 1).initialize(to: gw_need(name: text("value"), type: text("Other")))
    plugin.initialize(
      to: gw_plugin(
        struct_size: UInt32(MemoryLayout<gw_plugin>.size), abi_major: UInt16(GW_ABI_MAJOR),
        abi_minor: UInt16(GW_ABI_MINOR), name: text("fixture"), version: text("0.0.1"), handlers: nil,
        handler_count: 0, providers: nil, provider_count: 1,
        config_schema: gw_bytes_borrowed(
          bytes: UnsafeRawPointer(text("{}")).assumingMemoryBound(to: UInt8.self), count: 2),
        start: invoke, stop: nil, context: nil, cancel: nil, release_token: nil, schemas: gw_bytes_borrowed(), policies: nil,
        policy_count: 0, error_handlers: nil, error_handler_count: 0, health: nil))
    setHandlers(2)
    handlers[0].name = text("zero")
    handlers[0].needs = UnsafePointer(needs)
    handlers[0].need_count = 1
    handlers[1].name = text("one")
    provider.initialize(
      to: gw_provider(
        struct_size: UInt32(MemoryLayout<gw_provider>.size), execution: GW_INLINE.rawValue,
        scope: GW_SCOPE_HANDLER.rawValue, reserved: 0, name: text("value"), type: text("Value"), invoke: invoke,
        teardown: invoke, release_value: { _ in }, context: nil, needs: nil, need_count: 0,
        config_schema: gw_bytes_borrowed(), declaration: gw_bytes_borrowed(), flags: 0, reserved_2: 0, value_json: nil,
        value_service: nil))
    let providers = UnsafeMutablePointer<UnsafePointer<gw_provider>?>.allocate(capacity: 1)
    providers.initialize(to: UnsafePointer(provider))
    plugin.pointee.providers = UnsafePointer(providers)
    change(self)
  }

  func setHandlers(_ count: Int) {
    handlers = .allocate(capacity: count)
    list = .allocate(capacity: count)
    for index in 0..<count {
      (handlers + index).initialize(
        to: gw_handler(
          struct_size: UInt32(MemoryLayout<gw_handler>.size), execution: GW_INLINE.rawValue,
          name: text("h\(index)"), invoke: { _, _ in nil }, context: nil, needs: nil, need_count: 0,
          declaration: gw_bytes_borrowed()))
      (list + index).initialize(to: UnsafePointer(handlers + index))
    }
    plugin.pointee.handlers = UnsafePointer(list)
    plugin.pointee.handler_count = count
  }

  /// Policies that see requests and no bodies.
  func setPolicies(_ count: Int) {
    policies = .allocate(capacity: count)
    policyList = .allocate(capacity: count)
    for index in 0..<count {
      (policies + index).initialize(
        to: gw_policy(
          struct_size: UInt32(MemoryLayout<gw_policy>.size), execution: GW_ASYNC.rawValue, name: text("p\(index)"),
          context: nil, config_schema: gw_bytes_borrowed(), request_body: GW_BODY_NONE.rawValue,
          response_body: GW_BODY_NONE.rawValue, request: { _, _ in nil }, response: nil, request_part: nil,
          response_part: nil, release_state: nil, make: nil, release_value: nil))
      (policyList + index).initialize(to: UnsafePointer(policies + index))
    }
    plugin.pointee.policies = UnsafePointer(policyList)
    plugin.pointee.policy_count = count
  }

  func text(_ text: String) -> UnsafePointer<CChar> { self.text(Array(text.utf8)) }

  func text(_ bytes: [UInt8]) -> UnsafePointer<CChar> {
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
    for (index, byte) in (bytes + [0]).enumerated() { (memory + index).initialize(to: CChar(bitPattern: byte)) }
    return UnsafePointer(memory)
  }

  /// Makes NULL of a member that Swift takes for never null.
  func erase<Structure, Member>(_ structure: UnsafeMutablePointer<Structure>, _ member: KeyPath<Structure, Member>) {
    guard let offset = MemoryLayout<Structure>.offset(of: member) else { return }
    UnsafeMutableRawPointer(structure).storeBytes(of: 0, toByteOffset: offset, as: UInt.self)
  }

  func load() throws(PluginProblems) -> LoadedPlugin {
    try LoadedPlugin(descriptor: UnsafePointer(plugin), name: "linked")
  }

  /// Fields of the problems.
  var fields: [String] {
    do throws(PluginProblems) {
      _ = try load()
      return []
    } catch {
      return error.problems.map(\.field)
    }
  }
}
