import CGatewayPlugin
import GatewayBodies
import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
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
  /// One for each of `parameters`, as soon as one of them is a list or an object.
  private var values: UnsafeMutableBufferPointer<gw_json_borrowed>
  private(set) var parameterCount = 0
  var arena = Arena()

  init() {
    request = .allocate(capacity: 1)
    request.initialize(to: gw_request())
    request.pointee.struct_size = UInt32(MemoryLayout<gw_request>.size)
    fields = .allocate(capacity: 32)
    parameters = .allocate(capacity: 8)
    values = .init(start: nil, count: 0)
  }

  deinit {
    request.deallocate()
    fields.deallocate()
    parameters.deallocate()
    values.deallocate()
  }

  /// The received head, the normalised path, the body; valid until `end`.
  private(set) var headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var pathBytes = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var bodyBytes = UnsafeRawBufferPointer(start: nil, count: 0)

  /// Something is lent.
  private(set) var isBegun = false

  var pointer: UnsafePointer<gw_request> { UnsafePointer(request) }

  mutating func begin(_ context: borrowing RequestContext, body: borrowing ByteBuffer, clientText: inout ClientText) {
    parameterCount = 0
    isBegun = true
    request.pointee.body_value = gw_json_borrowed()
    request.pointee.parameter_values = nil
    request.pointee.files = nil
    request.pointee.file_count = 0
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

  /// For those who need the request however early it fails.
  mutating func beginUnlessBegun(
    _ context: borrowing RequestContext, body: borrowing ByteBuffer, clientText: inout ClientText
  ) {
    if !isBegun { begin(context, body: body, clientText: &clientText) }
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
    if request.pointee.parameter_values != nil { lend(gw_json_borrowed(), at: parameterCount) }
    parameterCount += 1
    request.pointee.parameter_count = parameterCount
  }

  /// Appends a list or an object. Its tape stays in place until `end`.
  mutating func append(_ parameter: gw_parameter_borrowed, value: gw_json_borrowed) {
    append(parameter)
    if request.pointee.parameter_values == nil {
      for index in 0..<parameterCount - 1 { lend(gw_json_borrowed(), at: index) }
    }
    lend(value, at: parameterCount - 1)
  }

  private mutating func lend(_ value: gw_json_borrowed, at index: Int) {
    if index >= values.count {
      let larger = UnsafeMutableBufferPointer<gw_json_borrowed>.allocate(capacity: max(parameters.count, index + 1))
      _ = larger.update(fromContentsOf: values)
      values.deallocate()
      values = larger
    }
    values.initializeElement(at: index, to: value)
    request.pointee.parameter_values = UnsafePointer(values.baseAddress)
  }

  /// The body as a validated value, in place until `end`.
  mutating func lend(bodyValue: gw_json_borrowed) { request.pointee.body_value = bodyValue }

  /// Copies a parsed value into the arena, so that the document may be used for the next one.
  mutating func keep(_ tape: UnsafeJSONTape, byteCount: Int) -> gw_json_borrowed {
    let words = arena.copy(
      UnsafeRawBufferPointer(start: tape.nodes, count: tape.count * MemoryLayout<JSONNode>.stride))
    let bytes = arena.copy(UnsafeRawBufferPointer(start: tape.bytes, count: byteCount))
    guard let nodes = words.baseAddress, let text = bytes.baseAddress else { return gw_json_borrowed() }
    return gw_json_borrowed(
      nodes: nodes.assumingMemoryBound(to: gw_json_node.self), node_count: tape.count,
      bytes: text.assumingMemoryBound(to: UInt8.self))
  }

  /// The files of a form. Content that is in memory is lent where it is: the caller keeps it until `end`.
  mutating func lend(_ files: [MultipartForm.File]) {
    guard !files.isEmpty else { return }
    let block = arena.allocate(files.count * MemoryLayout<UnsafePointer<gw_file_borrowed>?>.stride)
    let list = block.bindMemory(to: UnsafePointer<gw_file_borrowed>?.self)
    for (index, file) in files.enumerated() {
      var lent = gw_file_borrowed()
      lent.struct_size = UInt32(MemoryLayout<gw_file_borrowed>.size)
      lent.name = gw_bytes_borrowed(arena.copy(file.part.name))
      lent.filename = gw_bytes_borrowed(arena.copy(file.part.filename ?? ""))
      lent.content_type =
        file.part.contentType.map { type in gw_bytes_borrowed(type.withUnsafeReadableBytes { arena.copy($0) }) }
        ?? gw_bytes_borrowed()
      lent.size = UInt64(file.content.size)
      if let content = file.content.inMemory {
        lent.bytes = gw_bytes_borrowed(content.withUnsafeReadableBytes { $0 })
      } else if let spooled = file.content.file {
        // NUL follows, for `open`.
        let path = arena.copy(spooled.path + "\0")
        lent.path = gw_bytes_borrowed(UnsafeRawBufferPointer(rebasing: path.dropLast()))
      }
      let place = arena.allocate(MemoryLayout<gw_file_borrowed>.stride).bindMemory(to: gw_file_borrowed.self)
      _ = place.initialize(from: CollectionOfOne(lent))
      list.initializeElement(at: index, to: UnsafePointer(place.baseAddress))
    }
    request.pointee.files = UnsafePointer(list.baseAddress)
    request.pointee.file_count = files.count
  }

  /// Places for dependencies' values, until `end`.
  mutating func inputs(_ count: Int) -> UnsafeMutableBufferPointer<UnsafeMutableRawPointer?> {
    arena.allocate(count * MemoryLayout<UnsafeMutableRawPointer?>.stride).bindMemory(to: UnsafeMutableRawPointer?.self)
  }

  /// Nothing lent is in use any more.
  mutating func end() {
    isBegun = false
    headBytes = UnsafeRawBufferPointer(start: nil, count: 0)
    pathBytes = headBytes
    bodyBytes = headBytes
    arena.reset()
  }
}
