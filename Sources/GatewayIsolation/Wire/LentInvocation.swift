import CGatewayPlugin
import GatewayPluginHost

/// An invocation as a worker lends it to the plugin: the payload in one piece of memory, and the contract's structures
/// that point into it. Used again and again, by one invocation at a time.
final class LentInvocation {
  /// What the payload says beside what is lent.
  struct Call {
    var function = FunctionReference(kind: .start)
    var keep: UInt64 = 0
    var outcome = GW_SUCCEEDED
    var config = gw_bytes_borrowed()
    var configValue = gw_json_borrowed()
    var value: UnsafeMutableRawPointer?
    var inputs: UnsafePointer<UnsafeMutableRawPointer?>?
    var inputCount = 0
    var request: UnsafePointer<gw_request>?
    var traceParent = gw_bytes_borrowed()
    var details = PluginCall.Details()
  }

  /// Finds what the gateway names.
  typealias Find = (ValueReference) throws(FrameError) -> UnsafeMutableRawPointer?
  typealias FindCause = (ValueReference) -> PluginErrorCause?

  private var payload: UnsafeMutableRawBufferPointer
  private var arena = Arena(capacity: 2048)
  private let request: UnsafeMutablePointer<gw_request>
  private let error: UnsafeMutablePointer<gw_error_borrowed>
  private let response: UnsafeMutablePointer<gw_response_borrowed>

  /// Memory that is kept for the next payload.
  private static let keptSize = 64 << 10

  init() {
    payload = .allocate(byteCount: 2048, alignment: 16)
    request = .allocate(capacity: 1)
    error = .allocate(capacity: 1)
    response = .allocate(capacity: 1)
  }

  deinit {
    payload.deallocate()
    request.deallocate()
    error.deallocate()
    response.deallocate()
  }

  /// Nothing of it is in use any more.
  func reset() {
    arena.reset()
    guard payload.count > Self.keptSize else { return }
    payload.deallocate()
    payload = .allocate(byteCount: 2048, alignment: 16)
  }

  /// - Parameter memory: where bodies may be.
  func read(_ bytes: UnsafeRawBufferPointer, _ memory: SharedMemory?, _ find: Find, _ findCause: FindCause) throws(FrameError) -> Call {
    if payload.count < bytes.count {
      payload.deallocate()
      payload = .allocate(byteCount: bytes.count, alignment: 16)
    }
    payload.copyMemory(from: bytes)
    var reader = FrameReader(UnsafeRawBufferPointer(rebasing: payload[..<bytes.count]))
    var call = Call()
    guard let kind = FunctionReference.Kind(rawValue: try reader.integer()) else { throw FrameError("an unknown function") }
    call.function = FunctionReference(kind: kind, index: try reader.integer())
    call.keep = try reader.integer()
    call.outcome = gw_outcome(UInt32(try reader.integer(UInt8.self)))
    let flags = try reader.integer(UInt8.self)
    call.traceParent = lent(try reader.data(limit: 256))
    let config = try reader.data()
    call.config = lent(config)
    call.configValue = try JSONTapeCoding.read(&reader, within: config)
    call.value = try find(try reference(&reader))
    try readInputs(&reader, &call, find)
    call.details.part = lent(try reader.data())
    call.details.isLastPart = flags & InvocationFlag.lastPart != 0
    let scopes = try reader.count(limit: 4096, elementSize: 4)
    if scopes > 0 {
      let list = arena.allocate(scopes * MemoryLayout<gw_bytes_borrowed>.stride).bindMemory(to: gw_bytes_borrowed.self)
      for index in 0..<scopes { list.initializeElement(at: index, to: lent(try reader.data())) }
      call.details.scopes = UnsafePointer(list.baseAddress)
      call.details.scopeCount = UInt32(scopes)
    }
    if flags & InvocationFlag.request != 0 { call.request = try readRequest(&reader, memory) }
    if flags & InvocationFlag.error != 0 { call.details.error = try readError(&reader, findCause) }
    if flags & InvocationFlag.response != 0 { call.details.response = try readResponse(&reader) }
    try reader.end()
    return call
  }

  private func reference(_ reader: inout FrameReader) throws(FrameError) -> ValueReference {
    switch InputForm(rawValue: try reader.integer()) {
    case .none?: .none
    case .local?: .local(try reader.integer())
    case .shared?: .shared(try reader.integer())
    case .json?, nil: throw FrameError("a value of no known form")
    }
  }

  private func readInputs(_ reader: inout FrameReader, _ call: inout Call, _ find: Find) throws(FrameError) {
    call.inputCount = try reader.count(limit: 4096, elementSize: 1)
    guard call.inputCount > 0 else { return }
    let inputs = arena.allocate(call.inputCount * MemoryLayout<UnsafeMutableRawPointer?>.stride)
      .bindMemory(to: UnsafeMutableRawPointer?.self)
    for index in 0..<call.inputCount {
      let value: UnsafeMutableRawPointer?
      switch InputForm(rawValue: try reader.integer()) {
      case .none?: value = nil
      case .local?: value = try find(.local(try reader.integer()))
      case .shared?: value = try find(.shared(try reader.integer()))
      case .json?:
        let json = try JSONTapeCoding.read(&reader, within: .init(start: nil, count: 0))
        let place = arena.allocate(MemoryLayout<gw_json_borrowed>.stride).bindMemory(to: gw_json_borrowed.self)
        place.initializeElement(at: 0, to: json)
        value = UnsafeMutableRawPointer(place.baseAddress)
      case nil: throw FrameError("an input of no known form")
      }
      inputs.initializeElement(at: index, to: value)
    }
    call.inputs = UnsafePointer(inputs.baseAddress)
  }

  private func fields(_ reader: inout FrameReader) throws(FrameError) -> (UnsafePointer<gw_field_borrowed>?, Int) {
    let count = try reader.count(limit: Frame.limit, elementSize: 8)
    guard count > 0 else { return (nil, 0) }
    let fields = arena.allocate(count * MemoryLayout<gw_field_borrowed>.stride).bindMemory(to: gw_field_borrowed.self)
    for index in 0..<count {
      let name = try reader.data()
      fields.initializeElement(at: index, to: gw_field_borrowed(name: lent(name), value: lent(try reader.data())))
    }
    return (UnsafePointer(fields.baseAddress), count)
  }

  private func readRequest(_ reader: inout FrameReader, _ memory: SharedMemory?) throws(FrameError) -> UnsafePointer<gw_request> {
    var read = gw_request()
    read.struct_size = UInt32(MemoryLayout<gw_request>.size)
    read.flags = try reader.integer()
    read.method = lent(try reader.data())
    read.path = lent(try reader.data())
    read.query = lent(try reader.data())
    read.request_id = lent(try reader.data())
    read.client = lent(try reader.data())
    let body = try reader.body(memory).bytes
    read.body = lent(body)
    (read.fields, read.field_count) = try fields(&reader)
    try readParameters(&reader, &read)
    read.body_value = try JSONTapeCoding.read(&reader, within: body)
    try readFiles(&reader, &read)
    request.initialize(to: read)
    return UnsafePointer(request)
  }

  private func readParameters(_ reader: inout FrameReader, _ request: inout gw_request) throws(FrameError) {
    let count = try reader.count(limit: Frame.limit, elementSize: 32)
    request.parameter_count = count
    if count > 0 {
      let list = arena.allocate(count * MemoryLayout<gw_parameter_borrowed>.stride)
        .bindMemory(to: gw_parameter_borrowed.self)
      for index in 0..<count {
        var parameter = gw_parameter_borrowed()
        parameter.name = lent(try reader.data())
        parameter.text = lent(try reader.data())
        parameter.integer = Int64(bitPattern: try reader.integer())
        parameter.number = Double(bitPattern: try reader.integer())
        parameter.kind = try reader.integer()
        parameter.location = try reader.integer()
        list.initializeElement(at: index, to: parameter)
      }
      request.parameters = UnsafePointer(list.baseAddress)
    }
    guard try reader.boolean(), count > 0 else { return }
    let values = arena.allocate(count * MemoryLayout<gw_json_borrowed>.stride).bindMemory(to: gw_json_borrowed.self)
    for index in 0..<count {
      values.initializeElement(
        at: index, to: try JSONTapeCoding.read(&reader, within: .init(start: nil, count: 0)))
    }
    request.parameter_values = UnsafePointer(values.baseAddress)
  }

  private func readFiles(_ reader: inout FrameReader, _ request: inout gw_request) throws(FrameError) {
    let count = try reader.count(limit: Frame.limit, elementSize: 29)
    guard count > 0 else { return }
    let list = arena.allocate(count * MemoryLayout<UnsafePointer<gw_file_borrowed>?>.stride)
      .bindMemory(to: UnsafePointer<gw_file_borrowed>?.self)
    for index in 0..<count {
      var file = gw_file_borrowed()
      file.struct_size = UInt32(MemoryLayout<gw_file_borrowed>.size)
      file.name = lent(try reader.data())
      file.filename = lent(try reader.data())
      file.content_type = lent(try reader.data())
      file.size = try reader.integer()
      file.bytes = lent(try reader.data())
      file.path = lent(try reader.data())
      guard try reader.integer(UInt8.self) == 0 else { throw FrameError("a path without its end") }
      let place = arena.allocate(MemoryLayout<gw_file_borrowed>.stride).bindMemory(to: gw_file_borrowed.self)
      place.initializeElement(at: 0, to: file)
      list.initializeElement(at: index, to: UnsafePointer(place.baseAddress))
    }
    request.files = UnsafePointer(list.baseAddress)
    request.file_count = count
  }

  private func readError(
    _ reader: inout FrameReader, _ findCause: FindCause
  ) throws(FrameError) -> UnsafePointer<gw_error_borrowed> {
    var read = gw_error_borrowed()
    read.struct_size = UInt32(MemoryLayout<gw_error_borrowed>.size)
    read.status = try reader.integer()
    read.detail_json = lent(try reader.data())
    read.type = lent(try reader.data())
    read.description = lent(try reader.data())
    (read.fields_borrowed, read.field_count) = try fields(&reader)
    if let cause = findCause(try reference(&reader)) {
      read.cause_owned = cause.object
      read.release_cause = cause.release
    }
    error.initialize(to: read)
    return UnsafePointer(error)
  }

  private func readResponse(_ reader: inout FrameReader) throws(FrameError) -> UnsafePointer<gw_response_borrowed> {
    var read = gw_response_borrowed()
    read.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    read.status = try reader.integer()
    (read.fields_borrowed, read.field_count) = try fields(&reader)
    read.body_borrowed = lent(try reader.data())
    response.initialize(to: read)
    return UnsafePointer(response)
  }
}
