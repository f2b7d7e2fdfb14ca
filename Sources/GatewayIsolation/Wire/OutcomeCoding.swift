import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import NIOCore

/// How a worker says that an invocation failed.
struct FailureMessage {
  enum Kind: UInt8 { case status = 0, unmapped, contract, overloaded }

  static let limits = (detail: 1 << 20, type: 1024, description: 64 << 10)

  var kind: Kind
  var status: UInt16
  var detail: UnsafeRawBufferPointer
  var type: UnsafeRawBufferPointer
  var description: UnsafeRawBufferPointer
  /// The worker keeps the plugin's own object.
  var hasCause: Bool

  static func write(_ failure: PluginFailure, hasCause: Bool, to buffer: inout ByteBuffer) {
    let (kind, status): (Kind, UInt16) =
      switch failure.kind {
      case .status(let status): (.status, status)
      case .unmapped: (.unmapped, 0)
      case .contract: (.contract, 0)
      case .overloaded: (.overloaded, 503)
      }
    buffer.put(kind.rawValue)
    buffer.put(status)
    failure.detailJSON.withUnsafeBytes { buffer.put(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(limits.detail))) }
    put(failure.type, limits.type, to: &buffer)
    put(failure.description, limits.description, to: &buffer)
    buffer.put(hasCause)
    buffer.put(fields: failure.fields)
  }

  private static func put(_ text: String, _ limit: Int, to buffer: inout ByteBuffer) {
    var text = text
    text.withUTF8 { buffer.put(bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0).prefix(limit))) }
  }

  init(_ reader: inout FrameReader, _ fields: FieldTable) throws(FrameError) {
    guard let kind = Kind(rawValue: try reader.integer()) else { throw FrameError("a failure of no known kind") }
    self.kind = kind
    status = try reader.integer()
    detail = try reader.data(limit: Self.limits.detail)
    type = try reader.data(limit: Self.limits.type)
    description = try reader.data(limit: Self.limits.description)
    hasCause = try reader.boolean()
    try fields.read(&reader)
    if kind == .status, !(400...599).contains(status) { throw FrameError("a failure with status \(status)") }
  }

  /// As the contract shapes it; valid as long as the payload and the table are.
  func error(_ fields: FieldTable) -> gw_error_borrowed {
    var error = gw_error_borrowed()
    error.struct_size = UInt32(MemoryLayout<gw_error_borrowed>.size)
    error.type = lent(type)
    error.description = lent(description)
    switch kind {
    case .status:
      error.status = status
      error.detail_json = lent(detail)
      error.fields_borrowed = fields.pointer
      error.field_count = fields.count
    case .unmapped, .contract: break
    case .overloaded: error.status = 503
    }
    return error
  }

  var text: String {
    let type = String(decoding: self.type, as: UTF8.self)
    let text = String(decoding: detail.isEmpty ? description : detail, as: UTF8.self)
    return type.isEmpty ? text : "\(type): \(text)"
  }
}

/// What a policy of a worker changes.
enum ChangesMessage {
  static func write(_ changes: PolicyChanges, to buffer: inout ByteBuffer) {
    buffer.put(changes.status)
    buffer.put(changes.body != nil)
    buffer.put(UInt32(changes.removed.count))
    for name in changes.removed { buffer.put(bytes: name) }
    buffer.put(fields: changes.added)
    changes.body?.withUnsafeReadableBytes { buffer.put(bytes: $0) }
  }

  /// Lends the changes as the contract shapes them.
  static func read(
    _ reader: inout FrameReader, _ fields: FieldTable, _ use: (UnsafePointer<gw_changes_borrowed>) -> Void
  ) throws(FrameError) {
    var changes = gw_changes_borrowed()
    changes.struct_size = UInt32(MemoryLayout<gw_changes_borrowed>.size)
    changes.status = try reader.integer()
    let hasBody = try reader.boolean()
    let count = try reader.count(limit: 1024, elementSize: 4)
    var names: [gw_bytes_borrowed] = []
    for _ in 0..<count { names.append(lent(try reader.data(limit: 1024))) }
    try fields.read(&reader)
    if hasBody {
      changes.flags = UInt16(GW_CHANGES_BODY)
      changes.body_borrowed = lent(try reader.data())
    }
    try reader.end()
    changes.fields_borrowed = fields.pointer
    changes.field_count = fields.count
    names.withUnsafeBufferPointer { names in
      changes.removed_names = names.baseAddress
      changes.removed_count = names.count
      use(&changes)
    }
  }
}
