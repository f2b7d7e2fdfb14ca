import CGatewayPlugin
import GatewayHTTP
import NIOCore

/// The memory that an exchange lends to plugins: a request as the contract shapes it, and all it points to.
///
/// Bytes of head, path and body are lent where they are: a `ByteBuffer` keeps its storage in place while it is referenced
/// and never writes to storage that is shared, and the exchange holds on to all three, unchanged, until `end`.
/// Everything else is copied into the arena.
struct LentRequest: ~Copyable {
  private let request: UnsafeMutablePointer<gw_request>
  private var fields: UnsafeMutableBufferPointer<gw_field_borrowed>
  private var parameters: UnsafeMutableBufferPointer<gw_parameter_borrowed>
  private(set) var parameterCount = 0
  var arena = Arena()

  init() {
    request = .allocate(capacity: 1)
    request.initialize(to: gw_request())
    request.pointee.struct_size = UInt32(MemoryLayout<gw_request>.size)
    fields = .allocate(capacity: 32)
    parameters = .allocate(capacity: 8)
  }

  deinit {
    request.deallocate()
    fields.deallocate()
    parameters.deallocate()
  }

  /// The received head, the normalised path, the body; valid until `end`.
  private(set) var headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var pathBytes = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var bodyBytes = UnsafeRawBufferPointer(start: nil, count: 0)

  var pointer: UnsafePointer<gw_request> { UnsafePointer(request) }

  mutating func begin(_ context: borrowing RequestContext, body: borrowing ByteBuffer, clientText: inout ClientText) {
    parameterCount = 0
    request.pointee.flags = context.isTLS ? GW_REQUEST_TLS : 0
    headBytes = context.head.bytes.withUnsafeReadableBytes { $0 }
    pathBytes = context.path.withUnsafeReadableBytes { $0 }
    bodyBytes = body.withUnsafeReadableBytes { $0 }
    request.pointee.method = gw_bytes_borrowed(headBytes[context.head.methodRange])
    request.pointee.query = gw_bytes_borrowed(headBytes[context.query])
    request.pointee.path = gw_bytes_borrowed(pathBytes)
    request.pointee.body = gw_bytes_borrowed(bodyBytes)
    request.pointee.request_id =
      context.requestID.isEmpty ? gw_bytes_borrowed() : gw_bytes_borrowed(arena.copy(context.requestID))
    request.pointee.client = clientText.with(context.client) { gw_bytes_borrowed(arena.copy($0)) }
    lendFields(context.head, headBytes)
  }

  private mutating func lendFields(_ head: borrowing RequestHead, _ received: UnsafeRawBufferPointer) {
    let count = head.fields.count
    if fields.count < count {
      fields.deallocate()
      fields = .allocate(capacity: count)
    }
    for index in 0..<count {
      let entry = head.fields[index]
      fields.initializeElement(
        at: index,
        to: gw_field_borrowed(
          name: gw_bytes_borrowed(received[entry.name]), value: gw_bytes_borrowed(received[entry.value])))
    }
    request.pointee.fields = UnsafePointer(fields.baseAddress)
    request.pointee.field_count = count
    request.pointee.parameters = UnsafePointer(parameters.baseAddress)
    request.pointee.parameter_count = 0
  }

  mutating func append(_ parameter: gw_parameter_borrowed) {
    if parameterCount == parameters.count {
      let larger = UnsafeMutableBufferPointer<gw_parameter_borrowed>.allocate(capacity: parameterCount * 2)
      _ = larger.update(fromContentsOf: parameters)
      parameters.deallocate()
      parameters = larger
      request.pointee.parameters = UnsafePointer(larger.baseAddress)
    }
    parameters.initializeElement(at: parameterCount, to: parameter)
    parameterCount += 1
    request.pointee.parameter_count = parameterCount
  }

  /// Dependencies' values, in place until `end`.
  mutating func lend(_ values: [UnsafeMutableRawPointer?]) -> UnsafePointer<UnsafeMutableRawPointer?>? {
    guard !values.isEmpty else { return nil }
    let block = arena.allocate(values.count * MemoryLayout<UnsafeMutableRawPointer?>.stride)
    let list = block.bindMemory(to: UnsafeMutableRawPointer?.self)
    _ = list.initialize(from: values)
    return UnsafePointer(list.baseAddress)
  }

  /// Nothing lent is in use any more.
  mutating func end() {
    headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
    pathBytes = headBytes
    bodyBytes = headBytes
    arena.reset()
  }
}
