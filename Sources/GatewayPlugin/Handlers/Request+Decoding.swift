import CGatewayPlugin

extension Request {
  /// A parameter as a Swift value; nil where it is absent. Throws a 422 where it does not fit the type.
  public func parameter<Value: SchemaType>(
    _ name: StaticString, in place: ParameterPlace, as type: Value.Type = Value.self
  ) throws -> Value? {
    try decode(name, place, type)
  }

  /// The body as a Swift value, from what the gateway has parsed and validated; no text is parsed here. Throws a 422
  /// where it does not fit the type or is missing, and a 500 where the route declares no schema for it.
  public func body<Value: SchemaType>(as type: Value.Type = Value.self) throws -> Value {
    let value = try withBodyValue { (body) throws(DecodingFailure) -> Value? in try Value(from: body) }
    if let value { return value }
    guard hasBody else { throw HTTPError.refused(DecodingFailure("Field required", type: "missing"), in: "body") }
    throw MissingInput("body", "the route declares no schema for its body")
  }

  var hasBody: Bool { request.pointee.body.count > 0 }

  /// Nil where there is none. A failure is the client's: 422.
  func withBodyValue<Result>(
    _ read: (borrowing JSONView) throws(DecodingFailure) -> Result?
  ) throws(HTTPError) -> Result? {
    guard isTyped, let body = JSONView(request.pointee.body_value) else { return nil }
    do {
      return try read(body)
    } catch { throw HTTPError.refused(error, in: "body") }
  }

  var files: UploadedFiles {
    guard isTyped, let files = request.pointee.files else {
      return UploadedFiles(files: UnsafeBufferPointer(start: nil, count: 0))
    }
    return UploadedFiles(files: UnsafeBufferPointer(start: files, count: request.pointee.file_count))
  }

  /// Whether the gateway lends parsed values at all (contract 1.1).
  private var isTyped: Bool { request.pointee.struct_size >= UInt32(MemoryLayout<gw_request>.size) }

  func decode<Value: SchemaType>(_ name: StaticString, _ place: ParameterPlace, _ type: Value.Type) throws -> Value? {
    let all = UnsafeBufferPointer(start: request.pointee.parameters, count: request.pointee.parameter_count)
    for (index, parameter) in all.enumerated()
    where parameter.location == place.code && parameter.name.equals(name) {
      do {
        return try decode(parameter, index, type)
      } catch { throw HTTPError.refused(error.within(.name("\(name)")), in: place.rawValue) }
    }
    return nil
  }

  /// One value however it was lent: scalars become a tape of one word.
  private func decode<Value: SchemaType>(
    _ parameter: gw_parameter_borrowed, _ index: Int, _ type: Value.Type
  ) throws(DecodingFailure) -> Value? {
    switch gw_parameter_kind(parameter.kind) {
    case GW_PARAMETER_TEXT:
      return try decode(.string(parameter.text.count), parameter.text.bytes, type)
    case GW_PARAMETER_INTEGER:
      return try decode(.integer(parameter.integer), nil, type)
    case GW_PARAMETER_BOOLEAN:
      return try decode(gw_json_node(head: parameter.integer == 0 ? 1 : 2, offset: 0, payload: 0), nil, type)
    case GW_PARAMETER_NUMBER:
      return try decodeNumber(parameter, type)
    case GW_PARAMETER_JSON:
      guard isTyped, let values = request.pointee.parameter_values, let value = JSONView(values[index]) else {
        return nil
      }
      return value.isNull ? nil : try Value(from: value)
    default: return nil
    }
  }

  /// As sent where that is a JSON number, so that no digit of it is lost; else from the double that the gateway read.
  private func decodeNumber<Value: SchemaType>(
    _ parameter: gw_parameter_borrowed, _ type: Value.Type
  ) throws(DecodingFailure) -> Value? {
    var text = String(parameter.text)
    if ExactDecimal(text) == nil { text = parameter.number.description }
    let bytes = Array(text.utf8)
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    defer { buffer.deallocate() }
    _ = buffer.initialize(from: bytes)
    return try decode(gw_json_node(head: 3, offset: 0, payload: UInt64(bytes.count)), buffer.baseAddress, type)
  }

  private func decode<Value: SchemaType>(
    _ node: gw_json_node, _ bytes: UnsafePointer<UInt8>?, _ type: Value.Type
  ) throws(DecodingFailure) -> Value {
    // On the stack: the view lives inside this call. Text of no bytes still needs an address.
    let result = withUnsafePointer(to: node) { node in
      withUnsafePointer(to: 0 as UInt8) { empty in
        Result { () throws(DecodingFailure) in
          try Value(from: JSONView(nodes: node, bytes: bytes ?? empty, index: 0, depth: 0))
        }
      }
    }
    return try result.get()
  }
}

extension gw_json_node {
  static func string(_ count: Int) -> gw_json_node { gw_json_node(head: 4, offset: 0, payload: UInt64(count)) }
  /// Small, of scale 0. Its text is not there: who wants it gets it from the value.
  static func integer(_ value: Int64) -> gw_json_node {
    gw_json_node(head: 3 | 8 | 16, offset: 0, payload: UInt64(bitPattern: value))
  }
}

extension ParameterPlace {
  var code: UInt32 {
    switch self {
    case .path: GW_IN_PATH.rawValue
    case .query: GW_IN_QUERY.rawValue
    case .header: GW_IN_HEADER.rawValue
    case .cookie: GW_IN_COOKIE.rawValue
    }
  }
}

extension gw_bytes_borrowed {
  func equals(_ name: StaticString) -> Bool {
    count == name.utf8CodeUnitCount
      && raw.elementsEqual(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
  }
}
