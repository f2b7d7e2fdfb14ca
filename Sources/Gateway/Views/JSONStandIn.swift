import CGatewayPlugin
import GatewayConfiguration
import GatewayJSON
import GatewayPluginHost

/// A provider of the gateway's own whose value is JSON that the configuration gives. Only consumers that take views can
/// use it.
final class JSONStandIn: Sendable {
  private let bytes: [UInt8]

  private init(_ json: JSONValue) {
    var writer = JSONWriter()
    writer.value(json)
    bytes = writer.bytes
  }

  /// - Parameter views: those that the original offers, and that this one offers in its place.
  static func provider(name: String, json: JSONValue, views: [ProvidedView]) -> PluginProvider? {
    // Kept for the life of the process, as the contract has it of descriptors: some hundred bytes for each override.
    let context = Unmanaged.passRetained(JSONStandIn(json)).toOpaque()
    let declaration = permanent(Self.declaration(views))
    let provider = UnsafeMutablePointer<gw_provider>.allocate(capacity: 1)
    provider.initialize(
      to: gw_provider(
        struct_size: UInt32(MemoryLayout<gw_provider>.size), execution: GW_INLINE.rawValue, scope: GW_SCOPE_APP.rawValue,
        reserved: 0, name: permanent(name), type: permanent("JSON"), invoke: Self.provide, teardown: nil,
        release_value: { _ in }, context: context, needs: nil, need_count: 0, config_schema: gw_bytes_borrowed(),
        declaration: declaration, flags: 0, reserved_2: 0, value_json: Self.write, value_service: nil))
    let list = UnsafeMutablePointer<UnsafePointer<gw_provider>?>.allocate(capacity: 1)
    list.initialize(to: UnsafePointer(provider))
    let plugin = UnsafeMutablePointer<gw_plugin>.allocate(capacity: 1)
    plugin.initialize(
      to: gw_plugin(
        struct_size: UInt32(MemoryLayout<gw_plugin>.size), abi_major: UInt16(GW_ABI_MAJOR), abi_minor: UInt16(GW_ABI_MINOR),
        name: permanent("json"), version: permanent("1.0.0"), handlers: nil, handler_count: 0,
        providers: UnsafePointer(list), provider_count: 1, config_schema: gw_bytes_borrowed(), start: nil, stop: nil,
        context: nil, cancel: nil, release_token: nil, schemas: gw_bytes_borrowed(), policies: nil, policy_count: 0,
        error_handlers: nil, error_handler_count: 0, health: nil))
    return try? LoadedPlugin(descriptor: UnsafePointer(plugin), name: "(json)").providers.first
  }

  private static let provide: gw_function = { context, invocation in
    if let context { _ = HostTable.shared.pointer.pointee.provide(invocation.pointee.call, context) }
    return nil
  }

  private static let write: @convention(c) (
    UnsafeMutableRawPointer, UnsafeMutableRawPointer, @convention(c) (UnsafeMutableRawPointer, gw_bytes_borrowed) -> Void
  ) -> Int32 = { value, sink, write in
    let own = Unmanaged<JSONStandIn>.fromOpaque(value).takeUnretainedValue()
    own.bytes.withUnsafeBytes { write(sink, gw_bytes_borrowed($0)) }
    return 0
  }

  private static func declaration(_ views: [ProvidedView]) -> [UInt8] {
    let provides = views.map { view -> JSONValue in
      var object = JSONObject([("json", .string(view.name.value)), ("version", .string(view.version.value))])
      object["schema"] = view.schema?.value
      return .object(object)
    }
    var writer = JSONWriter()
    writer.value(.object(JSONObject([("provides", .array(provides))])))
    return writer.bytes
  }

  private static func permanent(_ text: String) -> UnsafePointer<CChar> {
    let bytes = Array(text.utf8CString)
    let place = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    place.initialize(from: bytes, count: bytes.count)
    return UnsafePointer(place)
  }

  private static func permanent(_ bytes: [UInt8]) -> gw_bytes_borrowed {
    let place = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    place.initialize(from: bytes, count: bytes.count)
    return gw_bytes_borrowed(bytes: place, count: bytes.count)
  }
}
