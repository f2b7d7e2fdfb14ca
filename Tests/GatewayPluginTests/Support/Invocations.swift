import CGatewayPlugin
import GatewayJSON

@testable import GatewayPlugin

/// One parameter as the gateway lends it.
enum Lent {
  case text(String)
  case integer(Int64)
  case number(Double, String)
  case boolean(Bool)
  case json(String)
}

/// A request to be lent. What it allocates stays: tests are short.
struct LentRequest {
  var method = "GET"
  var body: String?
  var parameters: [(name: String, location: gw_parameter_location, value: Lent)] = []
  var files: [(name: String, filename: String, content: String, path: String)] = []

  func make() throws -> UnsafePointer<gw_request> {
    var request = gw_request()
    request.struct_size = UInt32(MemoryLayout<gw_request>.size)
    request.method = kept(method)
    request.path = kept("/")
    if let body {
      request.body = kept(body)
      request.body_value = try keptTape(body)
    }
    var values: [gw_json_borrowed] = []
    let lent = try parameters.map { parameter in
      var one = gw_parameter_borrowed()
      one.name = kept(parameter.name)
      one.location = parameter.location.rawValue
      var value = gw_json_borrowed()
      switch parameter.value {
      case .text(let text): (one.kind, one.text) = (GW_PARAMETER_TEXT.rawValue, kept(text))
      case .integer(let integer): (one.kind, one.integer, one.text) = (GW_PARAMETER_INTEGER.rawValue, integer, kept("\(integer)"))
      case .number(let number, let text): (one.kind, one.number, one.text) = (GW_PARAMETER_NUMBER.rawValue, number, kept(text))
      case .boolean(let boolean): (one.kind, one.integer, one.text) = (GW_PARAMETER_BOOLEAN.rawValue, boolean ? 1 : 0, kept("yes"))
      case .json(let json):
        (one.kind, one.text) = (GW_PARAMETER_JSON.rawValue, kept(json))
        value = try keptTape(json)
      }
      values.append(value)
      return one
    }
    request.parameters = UnsafePointer(keptList(lent))
    request.parameter_count = lent.count
    request.parameter_values = UnsafePointer(keptList(values))
    let lentFiles = files.map { file -> UnsafePointer<gw_file_borrowed>? in
      var one = gw_file_borrowed()
      one.struct_size = UInt32(MemoryLayout<gw_file_borrowed>.size)
      one.name = kept(file.name)
      one.filename = kept(file.filename)
      one.size = UInt64(file.content.utf8.count)
      if file.path.isEmpty { one.bytes = kept(file.content) } else { one.path = kept(file.path) }
      return UnsafePointer(keptList([one]))
    }
    request.files = UnsafePointer(keptList(lentFiles))
    request.file_count = lentFiles.count
    return UnsafePointer(keptList([request]))
  }
}

func kept(_ text: String) -> gw_bytes_borrowed {
  gw_bytes_borrowed(bytes: UnsafePointer(keptList(Array(text.utf8))), count: text.utf8.count)
}

func keptList<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
  let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(values.count, 1))
  memory.initialize(from: values, count: values.count)
  return memory
}

func keptTape(_ json: String) throws -> gw_json_borrowed {
  try withTape(json) { tape in
    gw_json_borrowed(
      nodes: UnsafePointer(keptList(Array(UnsafeBufferPointer(start: tape.nodes, count: tape.node_count)))),
      node_count: tape.node_count,
      bytes: UnsafePointer(keptList(Array(json.utf8))))
  }
}

/// A plugin opened by a test's host.
struct OpenPlugin: @unchecked Sendable {
  // Proof for @unchecked: the descriptor never changes once it is exported.
  let descriptor: UnsafePointer<gw_plugin>

  init(_ plugin: Plugin, isHostOld: Bool = false, isHostWhole: Bool = false) throws {
    guard let descriptor = plugin.export(to: TestHost.table(isOld: isHostOld, isWhole: isHostWhole)) else { throw DecodingFailure("refused") }
    self.descriptor = descriptor
  }

  func handler(_ name: String) throws -> UnsafePointer<gw_handler> {
    for index in 0..<descriptor.pointee.handler_count {
      if let handler = descriptor.pointee.handlers?[index], String(cString: handler.pointee.name) == name { return handler }
    }
    throw DecodingFailure("no handler \(name)")
  }

  func provider(_ name: String) throws -> UnsafePointer<gw_provider> {
    for index in 0..<descriptor.pointee.provider_count {
      if let provider = descriptor.pointee.providers?[index], String(cString: provider.pointee.name) == name { return provider }
    }
    throw DecodingFailure("no provider \(name)")
  }

  func declaration(_ handler: String) throws -> String { String(try self.handler(handler).pointee.declaration) }
  var schemas: String { String(descriptor.pointee.schemas) }

  func call(
    _ name: String, _ request: LentRequest = LentRequest(), needs: [AnyObject] = [], recorder: Recorder = Recorder()
  ) async throws -> Ending {
    let handler = try handler(name)
    try start(handler.pointee.invoke, handler.pointee.context, recorder, request: try request.make(), needs: needs)
    return await recorder.ending
  }

  /// Returns the token.
  @discardableResult
  func start(
    _ function: gw_function, _ context: UnsafeMutableRawPointer?, _ recorder: Recorder,
    request: UnsafePointer<gw_request>? = nil, needs: [AnyObject] = [], config: String? = nil,
    value: UnsafeMutableRawPointer? = nil, outcome: gw_outcome = GW_SUCCEEDED
  ) throws -> UnsafeMutableRawPointer? {
    var invocation = gw_invocation()
    invocation.struct_size = UInt32(MemoryLayout<gw_invocation>.size)
    invocation.call = gw_call(slot: Unmanaged.passRetained(recorder).toOpaque(), generation: 1)
    invocation.request = request
    invocation.dependencies_borrowed = UnsafePointer(
      keptList(needs.map { Optional(Unmanaged.passRetained($0).toOpaque()) }))
    invocation.dependency_count = needs.count
    if let config {
      invocation.config = kept(config)
      invocation.config_value = try keptTape(config)
    }
    invocation.value_borrowed = value
    invocation.outcome = outcome.rawValue
    return function(context, UnsafePointer(keptList([invocation])))
  }
}
