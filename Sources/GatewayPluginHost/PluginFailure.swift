import CGatewayPlugin
import GatewayHTTP

/// Why an invocation of a plugin gave no result. Owned: outlives the call that reported it.
public struct PluginFailure: Error, Sendable {
  public enum Kind: Sendable, Equatable {
    /// The plugin threw an error that carries a status for the client.
    case status(UInt16)
    /// The plugin threw an error of its own: 500 without internals.
    case unmapped
    /// The plugin broke the contract (no answer, wrong kind, a field that cannot be sent): 500 without internals.
    case contract
    /// The blocking pool's queue is full, or that of a dependency: 503.
    case overloaded
  }

  public var kind: Kind
  /// JSON for the client; empty for the standard phrase.
  public var detailJSON: [UInt8] = []
  /// Fields for the client, checked.
  public var fields = FieldLines(capacity: 0)
  /// Name of the plugin's error type; for the log.
  public var type: String = ""
  /// For the log.
  public var description: String = ""
  /// The plugin's own object for the error.
  public var cause: PluginErrorCause?

  /// The plugin could not do what it was asked, rather than would not.
  var isFault: Bool {
    switch kind {
    case .status(let status): status >= 500
    case .unmapped, .contract: true
    case .overloaded: false
    }
  }

  public static func contract(_ description: String) -> PluginFailure {
    PluginFailure(kind: .contract, type: "ContractViolation", description: description)
  }

  public static let overloaded = overloaded("the blocking thread pool's queue is full")

  public static func overloaded(_ description: String) -> PluginFailure {
    PluginFailure(kind: .overloaded, type: "Overloaded", description: description)
  }

  init(kind: Kind, type: String, description: String) {
    self.kind = kind
    self.type = type
    self.description = description
  }

  init(_ error: UnsafePointer<gw_error_borrowed>) {
    // Member by member: the structure of a plugin of 1.0 or 1.1 ends before that of today.
    let status = error.pointee.status
    kind = status == 0 ? .unmapped : (400...599).contains(status) ? .status(status) : .contract
    detailJSON = [UInt8](error.pointee.detail_json.raw)
    type = String(decoding: error.pointee.type.raw, as: UTF8.self)
    description = String(decoding: error.pointee.description.raw, as: UTF8.self)
    if case .contract = kind { description = "an error with status \(status); \(description)" }
    if let refused = fields.append(borrowed: error.pointee.fields_borrowed, count: error.pointee.field_count) {
      kind = .contract
      description = "an error with a field that cannot be sent (\(refused)); \(description)"
    }
  }
}

extension gw_bytes_borrowed {
  public var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: count == 0 ? nil : bytes, count: bytes == nil ? 0 : count) }

  public init(_ raw: UnsafeRawBufferPointer) {
    self.init(bytes: raw.baseAddress?.assumingMemoryBound(to: UInt8.self), count: raw.count)
  }
}

extension FieldLines {
  /// Adds a plugin's fields; the name of the first that is refused, with nothing of it added.
  ///
  /// Refused: what RFC 9110 does not allow on the wire, and the fields that frame the message, which are the host's.
  mutating func append(borrowed: UnsafePointer<gw_field_borrowed>?, count: Int) -> String? {
    guard let borrowed else { return count == 0 ? nil : "no fields behind a count of \(count)" }
    for field in UnsafeBufferPointer(start: borrowed, count: count) {
      let name = field.name.raw
      if Self.isHostOwned(name) || !append(name: name, value: field.value.raw) {
        return String(decoding: name.prefix(64), as: UTF8.self)
      }
    }
    return nil
  }

  static func isHostOwned(_ name: UnsafeRawBufferPointer) -> Bool {
    switch name.count {
    case 4: FieldSyntax.isSameName(name, "date")
    case 7: FieldSyntax.isSameName(name, "upgrade") || FieldSyntax.isSameName(name, "trailer")
    case 10: FieldSyntax.isSameName(name, "connection") || FieldSyntax.isSameName(name, "keep-alive")
    case 14: FieldSyntax.isSameName(name, "content-length")
    case 16: FieldSyntax.isSameName(name, "proxy-connection")
    case 17: FieldSyntax.isSameName(name, "transfer-encoding")
    default: false
    }
  }
}
