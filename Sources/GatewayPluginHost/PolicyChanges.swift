import CGatewayPlugin
import GatewayHTTP
import NIOCore

/// What a policy changes in a request or an answer. Owned, and checked: nothing in it can frame a message anew.
public struct PolicyChanges: Sendable {
  /// Of an answer; 0: as it is.
  public var status: UInt16 = 0
  /// Fields of these names go; in lower case.
  public var removed: [[UInt8]] = []
  /// Appended after that.
  public var added = FieldLines(capacity: 0)
  /// Replaces the body.
  public var body: ByteBuffer?

  init() {}

  /// Reads what a plugin lends; throws the reason why it cannot be.
  init(_ borrowed: UnsafePointer<gw_changes_borrowed>, for answer: PluginFunction.Answer) throws(Refusal) {
    guard borrowed.pointee.struct_size >= Self.size else { throw Refusal("a size of \(borrowed.pointee.struct_size) bytes") }
    let changes = borrowed.pointee
    let isRequest = answer.isRequest
    if changes.status != 0 {
      guard !isRequest, (200...599).contains(changes.status) else {
        throw Refusal(isRequest ? "a status for a request" : "status \(changes.status)")
      }
      status = changes.status
    }
    if changes.removed_count > 0 {
      guard let names = changes.removed_names, changes.removed_count <= Self.mostFields else {
        throw Refusal("\(changes.removed_count) removed names")
      }
      removed.reserveCapacity(changes.removed_count)
      for name in UnsafeBufferPointer(start: names, count: changes.removed_count) {
        guard FieldSyntax.isName(name.raw), !Self.isFraming(name.raw, inRequest: isRequest) else {
          throw Refusal("a removed field that is not its own (\(Self.shown(name.raw)))")
        }
        removed.append(name.raw.map { FieldSyntax.lowercased($0) })
      }
    }
    if changes.field_count > 0 {
      guard let fields = changes.fields_borrowed, changes.field_count <= Self.mostFields else {
        throw Refusal("\(changes.field_count) fields")
      }
      for field in UnsafeBufferPointer(start: fields, count: changes.field_count) {
        guard !Self.isFraming(field.name.raw, inRequest: isRequest), added.append(name: field.name.raw, value: field.value.raw)
        else { throw Refusal("a field that cannot be sent (\(Self.shown(field.name.raw)))") }
      }
      guard added.bytes.readableBytes <= Self.mostFieldBytes else {
        throw Refusal("more than \(Self.mostFieldBytes) bytes of fields")
      }
    }
    if UInt32(changes.flags) & GW_CHANGES_BODY != 0 {
      guard answer.givesBody else { throw Refusal("another body without asking for the whole one (GW_BODY_BUFFERED)") }
      body = ByteBuffer(bytes: changes.body_borrowed.raw)
    }
  }

  /// The structure as contract 1.2 has it, whatever comes behind later.
  private static let size = UInt32(
    (MemoryLayout<gw_changes_borrowed>.offset(of: \.body_borrowed) ?? MemoryLayout<gw_changes_borrowed>.size)
      + MemoryLayout<gw_bytes_borrowed>.size)

  struct Refusal: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// More than any honest message; what a head may become behind all policies of a route is bounded by it.
  static let mostFields = 256
  static let mostFieldBytes = 64 * 1024

  private static func shown(_ name: UnsafeRawBufferPointer) -> String {
    Printable.quoted(String(decoding: name.prefix(64), as: UTF8.self))
  }

  /// Fields that decide where a message ends or whom it is for: a policy that could write them could smuggle a second
  /// request past everything in front (RFC 9112 §11.2), or have a request answered for another host than it was routed by.
  private static func isFraming(_ name: UnsafeRawBufferPointer, inRequest: Bool) -> Bool {
    if FieldLines.isHostOwned(name) { return true }
    guard inRequest else { return false }
    switch KnownField(name) {
    case .host, .expect, .te, .proxyAuthorization, .proxyAuthenticate: return true
    default: return false
    }
  }
}
