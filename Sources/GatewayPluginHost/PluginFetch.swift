import CGatewayPlugin
import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore

/// Carries out a plugin's requests to upstreams, on one loop.
public protocol PluginFetcher: AnyObject {
  /// Begins one. Nothing is called back before this has returned.
  func start(_ number: UInt64, _ request: PluginFetchRequest, _ plugin: PluginFetchCallbacks)
  func resume(_ number: UInt64)
  /// - Parameter announces: the sender was told to wait already; say `writable` as soon as it need not.
  func write(_ number: UInt64, _ part: ByteBuffer, isLast: Bool, announces: Bool) -> gw_completion
  func cancel(_ number: UInt64)
}

/// A request to an upstream, as the plugin wants it: a copy, checked for what a head may hold.
public struct PluginFetchRequest: Sendable {
  public var upstream: String
  public var method: String
  public var target: ByteBuffer
  /// Without framing, and without fields that concern one connection.
  public var fields: FieldLines
  /// What `host` says; nil: the target's own name.
  public var host: String?
  public var body: ByteBuffer
  public var isStreamed: Bool
  /// Nil: the upstream's own limits only.
  public var timeout: TimeAmount?

  /// Bytes of a target, bytes of all fields, and their number.
  static let limits = (target: 8 * 1024, fields: 32 * 1024, count: 100)

  /// The structure as contract 1.2 has it, whatever comes behind later.
  private static let size = UInt32(
    (MemoryLayout<gw_fetch_borrowed>.offset(of: \.writable) ?? MemoryLayout<gw_fetch_borrowed>.size)
      + MemoryLayout<UnsafeRawPointer>.size)

  /// Nil where it can never be sent.
  init?(_ fetch: UnsafePointer<gw_fetch_borrowed>) {
    guard fetch.pointee.struct_size >= Self.size else { return nil }
    let given = fetch.pointee
    upstream = String(decoding: given.upstream.raw.prefix(256), as: UTF8.self)
    method = String(decoding: given.method.raw.prefix(64), as: UTF8.self)
    guard given.target.raw.count <= Self.limits.target, given.field_count >= 0, given.field_count <= Self.limits.count,
      given.upstream.raw.count <= 256, given.method.raw.count <= 64
    else { return nil }
    target = ByteBuffer(bytes: given.target.raw)
    fields = FieldLines()
    for field in UnsafeBufferPointer(start: given.fields, count: given.fields == nil ? 0 : given.field_count) {
      let name = field.name.raw
      if FieldSyntax.isSameName(name, "host") {
        host = String(decoding: field.value.raw, as: UTF8.self)
        continue
      }
      guard !Self.refused.contains(where: { FieldSyntax.isSameName(name, $0) }),
        fields.append(name: name, value: field.value.raw), fields.bytes.readableBytes <= Self.limits.fields
      else { return nil }
    }
    isStreamed = given.flags & GW_FETCH_STREAMED != 0
    body = isStreamed ? ByteBuffer() : ByteBuffer(bytes: given.body.raw)
    timeout = given.timeout == 0 ? nil : .nanoseconds(Int64(clamping: given.timeout))
  }

  /// Framing and connections are the host's (RFC 9112 §6: two who frame one message smuggle another).
  private static let refused: [StaticString] = [
    "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade",
    "expect",
  ]
}

/// The plugin's end of a fetch.
public struct PluginFetchCallbacks: @unchecked Sendable {
  // Proof for @unchecked: the contract hands the context over; all functions are called on one loop.
  private let context: UnsafeMutableRawPointer
  private let headFunction: @convention(c) (UnsafeMutableRawPointer, UInt16, UnsafePointer<gw_field_borrowed>?, Int) -> Void
  private let partFunction: @convention(c) (UnsafeMutableRawPointer, gw_bytes_borrowed) -> Void
  private let endFunction: @convention(c) (UnsafeMutableRawPointer, UnsafePointer<gw_error_borrowed>?) -> Void
  private let writableFunction: (@convention(c) (UnsafeMutableRawPointer) -> Void)?

  private let number: UInt64
  private let services: LoopServices
  /// For the watchdog; whose it is, its stack tells.
  private static let name = ImmortalText("a plugin's fetch")

  init(_ fetch: UnsafePointer<gw_fetch_borrowed>, _ number: UInt64, _ services: LoopServices) {
    self.number = number
    self.services = services
    context = fetch.pointee.context
    headFunction = fetch.pointee.head
    partFunction = fetch.pointee.part
    endFunction = fetch.pointee.end
    writableFunction = fetch.pointee.writable
  }

  public func head(_ status: UInt16, _ fields: UnsafeBufferPointer<gw_field_borrowed>) {
    inside { headFunction(context, status, fields.baseAddress, fields.count) }
  }

  public func part(_ part: ByteBuffer) {
    inside { part.withUnsafeReadableBytes { partFunction(context, gw_bytes_borrowed($0)) } }
  }

  public func writable() { inside { writableFunction?(context) } }

  /// A part from another thread was refused after its sender was told to wait: the next one is told at once.
  public func refused(_ answer: gw_completion) { services.refusedWrites.withLockedValue { $0[number] = answer } }

  /// The response is whole.
  public func end() { end(nil) }

  /// There is no whole response.
  public func fail(status: UInt16, type: String, _ description: String) {
    var type = type
    var description = description
    type.withUTF8 { type in
      description.withUTF8 { description in
        var error = gw_error_borrowed()
        error.struct_size = UInt32(MemoryLayout<gw_error_borrowed>.size)
        error.status = status
        error.type = gw_bytes_borrowed(UnsafeRawBufferPointer(type))
        error.description = gw_bytes_borrowed(UnsafeRawBufferPointer(description))
        end(&error)
      }
    }
  }

  private func end(_ error: UnsafePointer<gw_error_borrowed>?) {
    services.refusedWrites.withLockedValue { $0[number] = nil }
    inside { endFunction(context, error) }
  }

  private func inside(_ body: () -> Void) { LoopRegistry.shared.inside(Self.name, on: services.index, body) }
}
