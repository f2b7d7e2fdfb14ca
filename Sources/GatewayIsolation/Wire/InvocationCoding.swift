import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// What may be there in an invocation.
enum InvocationFlag {
  static let request: UInt8 = 1
  static let error: UInt8 = 2
  static let response: UInt8 = 4
  static let lastPart: UInt8 = 8
}

/// An input, as its first byte says.
enum InputForm: UInt8 {
  case none = 0
  case local
  case shared
  case json
}

/// Writes an invocation for a worker. What the host lent is read here, and not kept.
struct InvocationWriter {
  let invocation: UnsafePointer<gw_invocation>
  let function: FunctionReference
  /// For each input whether it is JSON of another plugin; behind the end: no.
  let takesJSON: [Bool]
  /// The number that what it makes is kept under; 0: the invocation's own.
  var keep: UInt64 = 0
  /// Names what a pointer that was lent stands for.
  let reference: (UnsafeMutableRawPointer?) -> ValueReference
  /// The same for the cause of an error.
  let cause: (UnsafePointer<gw_error_borrowed>) -> ValueReference
  var traceParent = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Where the request's body lies in shared memory.
  var bodyPlace: Int?

  func write(to buffer: inout ByteBuffer) {
    let start = buffer.writerIndex
    let lent = invocation.pointee
    buffer.put(function.kind.rawValue)
    buffer.put(function.index)
    buffer.put(keep)
    buffer.put(UInt8(truncatingIfNeeded: lent.outcome))
    var flags: UInt8 = 0
    if lent.request != nil { flags |= InvocationFlag.request }
    if lent.error != nil { flags |= InvocationFlag.error }
    if lent.response != nil { flags |= InvocationFlag.response }
    if lent.part_flags & GW_PART_LAST != 0 { flags |= InvocationFlag.lastPart }
    buffer.put(flags)
    buffer.put(bytes: traceParent)
    buffer.put(bytes: lent.config)
    JSONTapeCoding.write(lent.config_value, within: lent.config.raw, to: &buffer, payload: start)
    put(reference(lent.value_borrowed), to: &buffer)
    putInputs(lent, to: &buffer, payload: start)
    buffer.put(bytes: lent.part)
    let scopes = UnsafeBufferPointer(start: lent.scopes, count: lent.scopes == nil ? 0 : Int(lent.scope_count))
    buffer.put(UInt32(scopes.count))
    for scope in scopes { buffer.put(bytes: scope) }
    if let request = lent.request { put(request, to: &buffer, payload: start) }
    if let error = lent.error { put(error, to: &buffer) }
    if let response = lent.response {
      buffer.put(response.pointee.status)
      buffer.put(fields: response.pointee.fields_borrowed, count: response.pointee.field_count)
      buffer.put(bytes: response.pointee.body_borrowed)
    }
  }

  private func put(_ reference: ValueReference, to buffer: inout ByteBuffer) {
    switch reference {
    case .none: buffer.put(InputForm.none.rawValue)
    case .local(let number):
      buffer.put(InputForm.local.rawValue)
      buffer.put(number)
    case .shared(let number):
      buffer.put(InputForm.shared.rawValue)
      buffer.put(number)
    }
  }

  private func putInputs(_ lent: gw_invocation, to buffer: inout ByteBuffer, payload start: Int) {
    let inputs = UnsafeBufferPointer(
      start: lent.dependencies_borrowed, count: lent.dependencies_borrowed == nil ? 0 : lent.dependency_count)
    buffer.put(UInt32(inputs.count))
    for (index, input) in inputs.enumerated() {
      guard index < takesJSON.count, takesJSON[index], let input else {
        put(reference(input), to: &buffer)
        continue
      }
      buffer.put(InputForm.json.rawValue)
      // By the contract: an input of a type `json:` is this.
      let value = UnsafeRawPointer(input).assumingMemoryBound(to: gw_json_borrowed.self)
      JSONTapeCoding.write(value.pointee, within: .init(start: nil, count: 0), to: &buffer, payload: start)
    }
  }

  private func put(_ request: UnsafePointer<gw_request>, to buffer: inout ByteBuffer, payload start: Int) {
    let lent = request.pointee
    buffer.put(lent.flags)
    buffer.put(bytes: lent.method)
    buffer.put(bytes: lent.path)
    buffer.put(bytes: lent.query)
    buffer.put(bytes: lent.request_id)
    buffer.put(bytes: lent.client)
    buffer.put(body: lent.body.raw, at: bodyPlace)
    buffer.put(fields: lent.fields, count: lent.field_count)
    let parameters = UnsafeBufferPointer(start: lent.parameters, count: lent.parameters == nil ? 0 : lent.parameter_count)
    buffer.put(UInt32(parameters.count))
    for parameter in parameters {
      buffer.put(bytes: parameter.name)
      buffer.put(bytes: parameter.text)
      buffer.put(UInt64(bitPattern: parameter.integer))
      buffer.put(parameter.number.bitPattern)
      buffer.put(parameter.kind)
      buffer.put(parameter.location)
    }
    buffer.put(lent.parameter_values != nil)
    if let values = lent.parameter_values {
      for index in parameters.indices {
        JSONTapeCoding.write(values[index], within: .init(start: nil, count: 0), to: &buffer, payload: start)
      }
    }
    JSONTapeCoding.write(lent.body_value, within: lent.body.raw, to: &buffer, payload: start)
    let files = UnsafeBufferPointer(start: lent.files, count: lent.files == nil ? 0 : lent.file_count)
    let given = files.compactMap { $0?.pointee }
    buffer.put(UInt32(given.count))
    for file in given {
      buffer.put(bytes: file.name)
      buffer.put(bytes: file.filename)
      buffer.put(bytes: file.content_type)
      buffer.put(file.size)
      buffer.put(bytes: file.bytes)
      buffer.put(bytes: file.path)
      // NUL follows a path.
      buffer.put(UInt8(0))
    }
  }

  private func put(_ error: UnsafePointer<gw_error_borrowed>, to buffer: inout ByteBuffer) {
    let lent = error.pointee
    buffer.put(lent.status)
    buffer.put(bytes: lent.detail_json)
    buffer.put(bytes: lent.type)
    buffer.put(bytes: lent.description)
    buffer.put(fields: lent.fields_borrowed, count: lent.field_count)
    put(cause(error), to: &buffer)
  }
}
